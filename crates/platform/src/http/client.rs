//! The client itself: one connection pool, one guard.

use super::address::address_allowed;
use super::endpoint::{literal_addresses, scheme_allowed};
use super::resolver::{GuardedResolver, NoAllowedAddress, refusal};
use super::words::{causes, no_answer, no_connection, sources};
use super::{HttpError, HttpOptions, HttpRequest, HttpResponse, Method};
use ipnet::IpNet;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// The most that is read of an answer's body, after decompression.
pub const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Shorter than the idle time after which common servers close, so that a request seldom meets a closing connection.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);
const USER_AGENT: &str = concat!("Provost/", env!("CARGO_PKG_VERSION"));

/// The outbound client. Cheap to clone; all clones share connections.
#[derive(Clone, Debug)]
pub struct HttpClient {
    way: Way,
}

/// Where requests go.
#[derive(Clone, Debug)]
enum Way {
    Network(Network),
    #[cfg(feature = "simulation")]
    Simulation(crate::simulation::Target),
}

#[derive(Clone, Debug)]
struct Network {
    client: reqwest::Client,
    allowed_private: Arc<[IpNet]>,
    timeout_max: Option<Duration>,
}

/// Makes ring the process's TLS provider. Every TLS client needs it; calling it again does nothing.
pub fn install_tls_provider() {
    // An error means that a provider is installed already: it is the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

impl HttpClient {
    /// A client that may also speak to these private networks.
    pub fn new(allowed_private: Vec<IpNet>) -> HttpClient {
        Self::with(HttpOptions { allowed_private, ..HttpOptions::default() })
    }

    /// A client with these options.
    pub fn with(options: HttpOptions) -> HttpClient {
        install_tls_provider();
        let client = builder(&options).build().unwrap_or_else(|error| {
            tracing::warn!(
                error = causes(&error),
                "the system's certificate authorities cannot be loaded: https will fail until they are installed (package ca-certificates) and the server is restarted"
            );
            let none = HttpOptions { authorities: Some(Vec::new()), ..options.clone() };
            builder(&none).build().expect("a client without certificates needs nothing of the system")
        });
        over(client, options)
    }

    /// A client whose requests stay within the process.
    #[cfg(feature = "simulation")]
    pub fn simulated(target: crate::simulation::Target) -> HttpClient {
        HttpClient { way: Way::Simulation(target) }
    }

    /// Sends one request and reads the whole answer. Redirects are answers.
    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        match &self.way {
            Way::Network(network) => network.send(request).await,
            #[cfg(feature = "simulation")]
            Way::Simulation(target) => target.send(request).await,
        }
    }
}

impl Network {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let url = self.checked_url(&request.url)?;
        let timeout = self.timeout_max.map_or(request.timeout, |longest| request.timeout.min(longest));
        let mut sending = self.client.request(method(request.method), url).headers(headers(&request.headers)?).timeout(timeout);
        if let Some(body) = request.body {
            sending = sending.body(body);
        }
        let answer = sending.send().await.map_err(|error| classify(&error))?;
        let status = answer.status().as_u16();
        let headers = answer
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        let headers = headers.collect();
        Ok(HttpResponse { status, headers, body: read_body(answer, status).await? })
    }

    /// The resolver guards names; the connector does not ask it about literal addresses, so they are checked here.
    fn checked_url(&self, url: &str) -> Result<Url, HttpError> {
        let invalid = |message: String| HttpError::InvalidUrl { message };
        let url = Url::parse(url).map_err(|error| invalid(format!("{url:?} is not a URL: {error}")))?;
        let host = url.host().ok_or_else(|| invalid(format!("{url} has no host")))?;
        let literals = literal_addresses(&host);
        if let Some(first) = literals.first()
            && !literals.iter().any(|address| address_allowed(*address, &self.allowed_private))
        {
            return Err(HttpError::AddressNotAllowed { message: refusal(&host.to_string(), Some(*first)) });
        }
        if scheme_allowed(&url, &self.allowed_private) {
            Ok(url)
        } else {
            Err(invalid(format!("{}://{host} is not https, and plain http is only for allowed loopback addresses", url.scheme())))
        }
    }
}

fn over(client: reqwest::Client, options: HttpOptions) -> HttpClient {
    let HttpOptions { allowed_private, timeout_max, .. } = options;
    HttpClient { way: Way::Network(Network { client, allowed_private: allowed_private.into(), timeout_max }) }
}

fn builder(options: &HttpOptions) -> reqwest::ClientBuilder {
    let builder = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .gzip(true)
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .dns_resolver(GuardedResolver::new(options.allowed_private.clone().into(), options.names.clone()));
    match &options.authorities {
        None => builder,
        // A certificate that cannot be read vouches for nobody.
        Some(only) => builder.tls_certs_only(only.iter().filter_map(|der| reqwest::Certificate::from_der(der).ok())),
    }
}

/// A client that speaks HTTP/2 without TLS, and is otherwise as every other.
#[cfg(test)]
pub(super) fn h2_client(allowed_private: Vec<IpNet>) -> HttpClient {
    install_tls_provider();
    let options = HttpOptions { allowed_private, ..HttpOptions::default() };
    let client = builder(&options).http2_prior_knowledge().build().expect("a client for a test");
    over(client, options)
}

fn method(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Patch => reqwest::Method::PATCH,
        Method::Delete => reqwest::Method::DELETE,
    }
}

fn headers(headers: &[(String, String)]) -> Result<HeaderMap, HttpError> {
    let mut map = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        // The value is not named in the error: it may be a credential.
        let invalid =
            || HttpError::InvalidUrl { message: format!("the header {name:?} holds characters that HTTP does not allow") };
        let value = HeaderValue::from_str(value).map_err(|_| invalid())?;
        map.append(HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid())?, value);
    }
    Ok(map)
}

async fn read_body(mut answer: reqwest::Response, status: u16) -> Result<Vec<u8>, HttpError> {
    let too_large = HttpError::TooLarge { status, limit_bytes: ANSWER_BYTES_MAX, packed: was_packed(&answer) };
    if answer.content_length().is_some_and(|length| length > ANSWER_BYTES_MAX as u64) {
        return Err(too_large);
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| classify(&error))? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(too_large);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Whether the body came compressed: unpacking takes away the headers that say how long it is, and one of the two, or the
/// end of the connection, must say so.
fn was_packed(answer: &reqwest::Response) -> bool {
    let has = |name: &str| answer.headers().contains_key(name);
    let until_close = answer.headers().get("connection").is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"close"));
    answer.version() == reqwest::Version::HTTP_11 && !has("content-length") && !has("transfer-encoding") && !until_close
}

/// Nothing was sent only if there was no connection; whatever is in doubt counts as sent.
fn classify(error: &reqwest::Error) -> HttpError {
    if let Some(refused) = sources(error).find_map(|source| source.downcast_ref::<NoAllowedAddress>()) {
        return HttpError::AddressNotAllowed { message: refused.to_string() };
    }
    if error.is_builder() {
        HttpError::InvalidUrl { message: causes(error) }
    } else if error.is_connect() {
        HttpError::Refused { message: no_connection(error) }
    } else {
        HttpError::NoAnswer { message: no_answer(error) }
    }
}
