//! The fields of a form or a query, in their order, names repeated as they come.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use provost_web::{Markup, error_page, hidden, html};
use std::convert::Infallible;
use url::form_urlencoded::{Serializer, parse};

/// More fields than any form of ours has.
const FIELDS_MAX: usize = 20_000;

/// What a form sent, or a query.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields(Vec<(String, String)>);

/// The fields of the query.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked(pub(super) Fields);

impl Fields {
    fn parse(text: &[u8]) -> Self {
        Self(parse(text).take(FIELDS_MAX).map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    /// Fields of our own making.
    pub(super) fn of(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// The value of a field without space around it; empty when it was not sent.
    pub(super) fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim())
    }

    /// The value of a field that was sent and is not empty.
    pub(super) fn given(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// All values of a repeated field.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Fields whose name begins with `prefix`, without it.
    pub(super) fn below<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().filter_map(move |(key, value)| Some((key.strip_prefix(prefix)?, value.as_str())))
    }

    /// Whether a box was ticked.
    pub(super) fn ticked(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// The fields as hidden ones, without those named, to be sent again.
    pub(super) fn again(&self, without: &[&str]) -> Markup {
        html! {
            @for (name, value) in self.0.iter().filter(|(name, _)| !without.contains(&name.as_str())) { (hidden(name, value)) }
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let body = Bytes::from_request(request, state).await.map_err(|error| {
            let _ = error.into_response();
            error_page(
                StatusCode::PAYLOAD_TOO_LARGE,
                "The form could not be read",
                "It is too large, or was cut off. Go back and send it again.",
            )
        })?;
        Ok(Self::parse(&body))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self(Fields::parse(parts.uri.query().unwrap_or_default().as_bytes())))
    }
}

/// `path?name=value…` without empty values.
pub(super) fn link(path: &str, query: &[(&str, &str)]) -> String {
    let mut text = Serializer::new(String::new());
    text.extend_pairs(query.iter().filter(|(_, value)| !value.is_empty()));
    let text = text.finish();
    if text.is_empty() { path.to_owned() } else { format!("{path}?{text}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_trimmed_repeated_and_prefixed() {
        let fields = Fields::parse(b"a=+x+&b=1&b=2&map.title=y&empty=");
        assert_eq!(fields.text("a"), "x");
        assert_eq!(fields.all("b").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(fields.below("map.").collect::<Vec<_>>(), [("title", "y")]);
        assert!(fields.ticked("empty") && fields.given("empty").is_none() && !fields.ticked("c"));
        assert_eq!(link("/p", &[("q", "a b"), ("r", "")]), "/p?q=a+b");
        assert!(!fields.again(&["a"]).into_string().contains("\"a\""));
    }
}
