//! The outbound HTTP client, hardened: no redirects, no proxy from the environment, no private addresses unless allowed, a
//! limit on every answer.
//!
//! It tells apart what was surely not sent from what may have been. It neither retries nor paces: that is the engine's work.

mod address;
mod client;
mod endpoint;
#[cfg(test)]
mod goaway;
mod options;
mod reasons;
mod resolver;
mod words;

pub use address::address_allowed;
pub use client::{ANSWER_BYTES_MAX, HttpClient, install_tls_provider};
pub use endpoint::{EndpointError, check_endpoint};
pub use options::{HttpOptions, Names};

use std::fmt;
use std::time::Duration;

/// What to do with a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// Read.
    Get,
    /// Add, or act.
    Post,
    /// Replace.
    Put,
    /// Change in part (RFC 5789).
    Patch,
    /// Remove.
    Delete,
}

impl Method {
    /// As it stands on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// One request. Its `Debug` shows neither header values nor the body: both may hold secrets and personal data.
#[derive(Clone)]
pub struct HttpRequest {
    /// What to do.
    pub method: Method,
    /// An absolute URL, query included.
    pub url: String,
    /// Names in any case. `User-Agent` is set by the client.
    pub headers: Vec<(String, String)>,
    /// Sent as it is.
    pub body: Option<Vec<u8>>,
    /// For the whole exchange, from the first connection attempt to the last byte of the answer.
    pub timeout: Duration,
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        formatter
            .debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("url", &self.url)
            .field("header_names", &names)
            .field("body_bytes", &self.body.as_ref().map(Vec::len))
            .field("timeout", &self.timeout)
            .finish()
    }
}

/// One answer, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpResponse {
    /// 200, 404, …; redirects (3xx) are not followed.
    pub status: u16,
    /// Names in lower case, in the order received.
    pub headers: Vec<(String, String)>,
    /// Decompressed, at most [`ANSWER_BYTES_MAX`].
    pub body: Vec<u8>,
}

impl HttpResponse {
    /// The first value of the header `name`, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// No connection: nothing was sent. The connection was refused, the name is unknown, TLS failed.
    #[error("no connection: {message}")]
    Refused {
        /// The reason, with its causes.
        message: String,
    },
    /// The request may have been sent, and acted upon.
    #[error("no answer: {message}")]
    NoAnswer {
        /// The reason, with its causes.
        message: String,
    },
    /// An answer came, larger than we read.
    #[error("the app's answer ({status}) {} more than {} MiB and was not read to its end", if *packed { "is compressed and unpacks to" } else { "has" }, limit_bytes / 1_048_576)]
    TooLarge {
        /// The status of the answer.
        status: u16,
        /// [`ANSWER_BYTES_MAX`].
        limit_bytes: usize,
        /// Whether it came compressed, as far as that can be told.
        packed: bool,
    },
    /// Not a URL or a header that can be sent; nothing was sent.
    #[error("the request cannot be sent: {message}")]
    InvalidUrl {
        /// What is wrong.
        message: String,
    },
    /// The host is, or resolves to, an address that we do not speak to; nothing was sent.
    #[error("{message}")]
    AddressNotAllowed {
        /// Which address, and how to allow it.
        message: String,
    },
}

impl HttpError {
    /// Whether the other side has surely not seen the request, so that it can be sent again without looking first.
    pub fn nothing_sent(&self) -> bool {
        match self {
            Self::Refused { .. } | Self::InvalidUrl { .. } | Self::AddressNotAllowed { .. } => true,
            Self::NoAnswer { .. } | Self::TooLarge { .. } => false,
        }
    }
}
