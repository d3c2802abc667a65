//! What handlers answer, and how things look as JSON where several resources share it: ids are decimal strings, instants
//! RFC 3339.

use super::Problem;
use axum::Json;
use axum::http::StatusCode;
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use provost_core::time::{Rfc3339, Timestamp};
use provost_store::directory::Page;
use schemars::JsonSchema;
use serde::Serialize;

/// What a handler answers.
pub(super) type Answer<T> = Result<T, Problem>;

/// 200 with JSON.
#[derive(Debug)]
pub(super) struct Shown<T>(T);

/// 200 with JSON and its `ETag`.
#[derive(Debug)]
pub(super) struct Tagged<T>(i64, T);

/// 201 with JSON and its `ETag`.
#[derive(Debug)]
pub(super) struct Created<T>(i64, T);

/// 201 with JSON of a thing without revisions.
#[derive(Debug)]
pub(super) struct CreatedPlain<T>(pub(super) T);

/// 204.
#[derive(Debug)]
pub(super) struct Done;

/// 200 with a page of a list as JSON, or with all of it as a CSV file.
#[derive(Debug)]
pub(super) enum PageOrFile<T> {
    Page(Listed<T>),
    File(Response),
}

impl<T: Serialize> IntoResponse for Shown<T> {
    fn into_response(self) -> Response {
        Json(self.0).into_response()
    }
}

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        ([(ETAG, etag(self.0))], Json(self.1)).into_response()
    }
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, [(ETAG, etag(self.0))], Json(self.1)).into_response()
    }
}

impl<T: Serialize> IntoResponse for CreatedPlain<T> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, Json(self.0)).into_response()
    }
}

impl<T: Serialize> IntoResponse for PageOrFile<T> {
    fn into_response(self) -> Response {
        match self {
            Self::Page(page) => Json(page).into_response(),
            Self::File(file) => file,
        }
    }
}

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

fn etag(revision: i64) -> String {
    format!("\"{revision}\"")
}

/// Items on a page when the request does not say how many.
const PAGE_ITEMS: usize = 100;

/// How many items a page holds.
pub(super) fn page_limit(asked: Option<usize>) -> usize {
    asked.unwrap_or(PAGE_ITEMS).clamp(1, provost_store::directory::PAGE_LIMIT_MAX)
}

/// 200 with JSON.
#[expect(clippy::unnecessary_wraps, reason = "what handlers end with, whose other ends are problems")]
pub(super) fn ok<T>(body: T) -> Answer<Shown<T>> {
    Ok(Shown(body))
}

/// 201 with JSON.
#[expect(clippy::unnecessary_wraps, reason = "what handlers end with, whose other ends are problems")]
pub(super) fn created<T>(revision: i64, body: T) -> Answer<Created<T>> {
    Ok(Created(revision, body))
}

/// 200 with JSON and its `ETag`.
#[expect(clippy::unnecessary_wraps, reason = "what handlers end with, whose other ends are problems")]
pub(super) fn tagged<T>(revision: i64, body: T) -> Answer<Tagged<T>> {
    Ok(Tagged(revision, body))
}

/// 204.
#[expect(clippy::unnecessary_wraps, reason = "what handlers end with, whose other ends are problems")]
pub(super) fn done() -> Answer<Done> {
    Ok(Done)
}

/// One page of a list.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "{T}Page")]
pub(super) struct Listed<T> {
    /// In the list's order.
    items: Vec<T>,
    /// What to send as `after` for the next page; null behind the last one.
    next: Option<String>,
}

/// A page as it is shown.
pub(super) fn page<F, T>(page: Page<F>, item: impl FnMut(F) -> T) -> Listed<T> {
    Listed { items: page.items.into_iter().map(item).collect(), next: page.next }
}

/// A list that has no second page.
pub(super) fn whole<T>(items: Vec<T>) -> Listed<T> {
    Listed { items, next: None }
}

/// RFC 3339, or null.
pub(super) fn instant(at: Option<Timestamp>) -> Option<Rfc3339> {
    at.map(Rfc3339)
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
