//! Reading requests: what cannot be read is answered with a problem of the usual shape.

use super::{Problem, ProblemKind};
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header::{ACCEPT, IF_MATCH};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use std::convert::Infallible;

/// A JSON body. An empty one is read as `{}`.
#[derive(Debug)]
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = Bytes::from_request(request, state).await.map_err(|error| {
            let kind = if error.status().as_u16() == 413 { ProblemKind::TooLarge } else { ProblemKind::BadRequest };
            Problem::of(kind, error.body_text())
        })?;
        let text: &[u8] = if bytes.trim_ascii().is_empty() { b"{}" } else { &bytes };
        let read = serde_json::from_slice(text);
        read.map(Self).map_err(|error| Problem::of(ProblemKind::BadRequest, format!("the body cannot be read: {error}")))
    }
}

/// The parameters behind `?`.
#[derive(Debug)]
pub(super) struct Params<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(params)) => Ok(Self(params)),
            Err(error) => {
                // The extractor names the parameter behind words of its own.
                let text = error.body_text();
                let detail = text.rsplit_once("query string: ").map_or(text.as_str(), |(_, detail)| detail);
                Err(Problem::of(ProblemKind::BadRequest, format!("the parameters cannot be read: {detail}")))
            }
        }
    }
}

/// The variable parts of the path, decoded.
#[derive(Debug)]
pub(super) struct At<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for At<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(path)) => Ok(Self(path)),
            Err(error) => Err(Problem::of(ProblemKind::BadRequest, error.body_text())),
        }
    }
}

/// The revision that an edit expects: `If-Match: "7"`. Without the header, or with `*`, any.
#[derive(Debug)]
pub(super) struct IfMatch(pub(super) Option<i64>);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(header) = parts.headers.get(IF_MATCH) else { return Ok(Self(None)) };
        let text = header.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(Self(None));
        }
        let revision = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).and_then(|inner| inner.parse().ok());
        let unreadable = || Problem::of(ProblemKind::BadRequest, "If-Match is not an ETag of ours: send the one that was read");
        revision.map(|revision| Self(Some(revision))).ok_or_else(unreadable)
    }
}

/// Whether the caller asks for a CSV file instead of JSON.
#[derive(Debug)]
pub(super) struct AsCsv(pub(super) bool);

impl<S: Send + Sync> FromRequestParts<S> for AsCsv {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let accept = parts.headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Ok(Self(accept.contains("text/csv")))
    }
}
