//! Bodies of requests: bounded, and JSON.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, header};
use provost_scim::{Resource, ScimError};

/// The most that a body may hold: a bulk request and every other one.
const BODY_BYTES_MAX: usize = provost_scim::provider::PAYLOAD_BYTES_MAX;

/// Reads a body as bytes. Its type may be any kind of JSON, or not said at all.
pub(super) async fn bytes(headers: &HeaderMap, body: Body) -> Result<Bytes, ScimError> {
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > BODY_BYTES_MAX as u64) {
        return Err(too_large());
    }
    if !is_json(headers) {
        // RFC 7644 section 3.1: clients send application/scim+json, or application/json.
        return Err(ScimError::unsupported_media_type(
            "Content-Type: send the body as application/scim+json or application/json.",
        ));
    }
    axum::body::to_bytes(body, BODY_BYTES_MAX).await.map_err(|error| body_error(&error))
}

/// Reads a body as a JSON object.
pub(super) async fn json_object(headers: &HeaderMap, body: Body) -> Result<Resource, ScimError> {
    provost_scim::json::parse_object(&bytes(headers, body).await?)
}

/// Whether the client takes `application/json`, and did not ask for SCIM's own type or for anything.
pub(super) fn wants_plain_json(headers: &HeaderMap) -> bool {
    let accepted =
        headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).flat_map(|list| list.split(','));
    let types: Vec<String> = accepted.filter_map(accepted_type).collect();
    let has = |name: &str| types.iter().any(|one| one == name);
    has("application/json") && !has("application/scim+json") && !has("*/*") && !has("application/*")
}

/// A media type of an `Accept`; `None` for one that the client does not take (RFC 9110 section 12.4.2).
fn accepted_type(entry: &str) -> Option<String> {
    let mut parts = entry.split(';').map(|part| part.trim().to_ascii_lowercase());
    let media_type = parts.next()?;
    let is_refused = |part: String| part.strip_prefix("q=").is_some_and(|weight| weight.parse() == Ok(0.0));
    (!parts.any(is_refused)).then_some(media_type)
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return true };
    let media_type = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media_type.is_empty() || media_type.ends_with("/json") || media_type.ends_with("+json")
}

/// RFC 7644 section 3.7.4: the limit that was exceeded is specified in the body of the error. `scimType` is optional (section 3.12)
/// and missing in the example there.
fn too_large() -> ScimError {
    ScimError::too_large(format!("The body is larger than maxPayloadSize, which is {BODY_BYTES_MAX} bytes."))
}

/// A body that ends early is the client's fault; one over the limit has its own status.
fn body_error(error: &axum::Error) -> ScimError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.to_string().contains("length limit exceeded") {
            return too_large();
        }
        cause = error.source();
    }
    ScimError::invalid_syntax("The body could not be read to its end.")
}
