//! Answers: what the SCIM provider decided, and plain JSON for the gateway and the token API.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use provost_db::{CommitError, DbError};
use provost_scim::{ScimError, provider};
use serde_json::{Value, json};

/// A request that is not carried out, in SCIM's terms. Failures of the storage become a 503 here, after their chain has gone
/// to the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused(pub(super) ScimError);

impl From<ScimError> for Refused {
    fn from(error: ScimError) -> Self {
        Self(error)
    }
}

impl From<DbError> for Refused {
    fn from(error: DbError) -> Self {
        tracing::error!(%error, "a SCIM request failed: the database failed");
        Self(ScimError::new(503, "The tenant cannot reach its storage; try again later."))
    }
}

impl From<CommitError> for Refused {
    fn from(error: CommitError) -> Self {
        tracing::error!(%error, "a SCIM request failed: the change was not kept");
        Self(ScimError::new(503, "The tenant could not keep the change; try again later."))
    }
}

/// What the provider decided, over HTTP.
pub(super) fn scim(decided: provider::Response) -> Response {
    let mut response = Response::new(decided.body.map_or_else(Body::empty, |body| Body::from(text(&body))));
    *response.status_mut() = StatusCode::from_u16(decided.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers =
        [(header::CONTENT_TYPE, decided.content_type), (header::LOCATION, decided.location), (header::ETAG, decided.etag)];
    for (name, text) in headers {
        if let Some(value) = text.and_then(|text| HeaderValue::from_str(&text).ok()) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn text(body: &Value) -> Vec<u8> {
    serde_json::to_vec(body).expect("the keys of a JSON value are texts")
}

/// A SCIM error before any provider was asked.
pub(super) fn scim_error(error: &ScimError) -> Response {
    let mut response = plain(StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), &error.body());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/scim+json"));
    response
}

/// 204.
pub(super) fn empty() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// `{"message": …}`, the gateway's way of refusing. Assumed: the real texts are not public.
pub(super) fn message(status: StatusCode, text: &str) -> Response {
    plain(status, &json!({ "message": text }))
}

/// Plain JSON.
pub(super) fn plain(status: StatusCode, body: &Value) -> Response {
    let mut response = Response::new(Body::from(text(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
