//! What the apps have in common that take everything: how a marked change is told, and how a create is answered.

use axum::body::Bytes;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use provost_platform::Clock;
use std::str::FromStr;

/// Microseconds since 1970, comparable between processes of one machine.
pub(crate) fn now_micros() -> i64 {
    Clock::system().now_micros()
}

/// The number after the first `mark` of a body: some attributes hold the same name.
pub(crate) fn marked<T: FromStr>(body: &[u8], mark: &str) -> Option<T> {
    let at = body.windows(mark.len()).position(|window| window == mark.as_bytes())? + mark.len();
    let digits: Vec<u8> = body[at..].iter().copied().take_while(u8::is_ascii_digit).collect();
    std::str::from_utf8(&digits).ok()?.parse().ok()
}

/// A create was done: what was sent, with this id.
pub(crate) fn created(body: &Bytes, id: &str) -> Response {
    let mut resource = format!("{{\"id\":\"{id}\",").into_bytes();
    resource.extend_from_slice(body.get(1..).unwrap_or_default());
    (StatusCode::CREATED, [(header::CONTENT_TYPE, "application/scim+json")], resource).into_response()
}

#[cfg(test)]
mod tests {
    use super::marked;

    #[test]
    fn a_mark_is_found_in_a_body() {
        assert_eq!(marked(br#"{"value":"change-17"}"#, "change-"), Some(17_u64));
        assert_eq!(marked(br#"{"value":"made-1700000000000000z"}"#, "made-"), Some(1_700_000_000_000_000_i64));
        assert_eq!(marked::<u64>(br#"{"value":"other"}"#, "change-"), None);
        assert_eq!(marked::<i64>(br#"{"value":"self-made"}"#, "made-"), None);
    }
}
