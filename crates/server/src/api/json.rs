//! How things look as JSON, where several resources share it: ids are decimal strings, instants RFC 3339.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use provost_core::time::Timestamp;
use provost_store::directory::Page;
use serde::Serialize;
use serde_json::{Value, json};

use super::Problem;

/// What a handler answers.
pub(super) type Answer = Result<Response, Problem>;

/// Items on a page when the request does not say how many.
const PAGE_ITEMS: usize = 100;

/// How many items a page holds.
pub(super) fn page_limit(asked: Option<usize>) -> usize {
    asked.unwrap_or(PAGE_ITEMS).clamp(1, provost_store::directory::PAGE_LIMIT_MAX)
}

/// 200 with JSON.
#[expect(clippy::unnecessary_wraps, reason = "what handlers end with, whose other ends are problems")]
pub(super) fn ok(body: impl Serialize) -> Answer {
    Ok(Json(body).into_response())
}

/// 201 with JSON.
#[expect(clippy::unnecessary_wraps, reason = "what handlers end with, whose other ends are problems")]
pub(super) fn created(revision: i64, body: &Value) -> Answer {
    Ok((StatusCode::CREATED, [(ETAG, etag(revision))], Json(body)).into_response())
}

/// 200 with JSON and its `ETag`.
#[expect(clippy::unnecessary_wraps, reason = "what handlers end with, whose other ends are problems")]
pub(super) fn tagged(revision: i64, body: &Value) -> Answer {
    Ok(([(ETAG, etag(revision))], Json(body)).into_response())
}

/// 204.
#[expect(clippy::unnecessary_wraps, reason = "what handlers end with, whose other ends are problems")]
pub(super) fn done() -> Answer {
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn etag(revision: i64) -> String {
    format!("\"{revision}\"")
}

/// `{"items": […], "next": cursor or null}`.
pub(super) fn page<T>(page: Page<T>, item: impl FnMut(T) -> Value) -> Value {
    json!({ "items": page.items.into_iter().map(item).collect::<Vec<_>>(), "next": page.next })
}

/// RFC 3339, or null.
pub(super) fn instant(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, |at| Value::String(at.to_string()))
}

/// Reads RFC 3339, or a date.
pub(super) fn parse_instant(text: &str) -> Result<Timestamp, Problem> {
    let date = || format!("{text}T00:00:00Z").parse::<jiff::Timestamp>().ok();
    let instant = text.parse::<jiff::Timestamp>().ok().or_else(date);
    let unreadable = || {
        let detail = format!("\"{text}\" is not an instant: write it like 2026-11-23T16:02:55Z, or 2026-11-23");
        Problem::of(super::ProblemKind::BadRequest, detail)
    };
    instant.map(|instant| Timestamp(instant.as_microsecond())).ok_or_else(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_as_they_are_written() {
        for (text, written) in [("2026-11-23T16:02:55Z", "2026-11-23T16:02:55Z"), ("2026-11-23", "2026-11-23T00:00:00Z")] {
            assert_eq!(parse_instant(text).unwrap().to_string(), written);
        }
        assert!(parse_instant("yesterday").is_err());
    }
}
