//! How answers are read: leniently, since apps differ, and into few words that the engine can act on.

use provost_core::provisioning::Remote;
use provost_core::time::{Span, Timestamp};
use provost_platform::HttpResponse;
use serde_json::{Map, Value};

/// The most of an app's words that is kept.
const MESSAGE_CHARS_MAX: usize = 2_048;

/// An answer, read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    /// The HTTP status; 400 where the app sent an error with a 200.
    pub(crate) status: u16,
    /// The body, when it is a JSON object.
    pub(crate) body: Option<Map<String, Value>>,
    /// The app's words, or the status when it had none.
    pub(crate) message: String,
    /// From `Retry-After`.
    pub(crate) retry_at: Option<Timestamp>,
    /// RFC 7644 section 3.12.
    pub(crate) scim_type: Option<String>,
}

impl Answer {
    /// Reads an answer that came at `now`.
    pub(crate) fn read(response: &HttpResponse, now: Timestamp) -> Self {
        let body = match serde_json::from_slice(&response.body) {
            Ok(Value::Object(object)) => Some(object),
            Ok(_) | Err(_) => None,
        };
        let carries_error = (200..300).contains(&response.status) && body.as_ref().is_some_and(error_in_success);
        let status = if carries_error { 400 } else { response.status };
        let words = body.as_ref().and_then(error_text);
        let retry_at = response.header("retry-after").and_then(|value| retry_after(value, now));
        let scim_type = body.as_ref().and_then(|body| body.get("scimType")).and_then(Value::as_str).map(str::to_owned);
        let message = words.unwrap_or_else(|| format!("the app answered {}", response.status));
        Self { status, body, message: message.chars().take(MESSAGE_CHARS_MAX).collect(), retry_at, scim_type }
    }

    /// Whether the app did what was asked.
    pub(crate) fn succeeded(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The resource of the answer, where it carries one with an id.
    pub(crate) fn remote(&self) -> Option<Remote> {
        self.body.as_ref().and_then(remote)
    }

    /// The resources of a list. RFC 7644 section 3.4.2 lets `Resources` be absent when there are none.
    pub(crate) fn resources(&self) -> Vec<Remote> {
        let list = self.body.as_ref().and_then(|body| body.get("Resources")).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_object).filter_map(remote).collect()
    }

    /// `totalResults` of a list.
    pub(crate) fn total_results(&self) -> Option<u64> {
        self.body.as_ref()?.get("totalResults")?.as_u64()
    }
}

/// Ids come as text, and from some apps as numbers.
fn remote(resource: &Map<String, Value>) -> Option<Remote> {
    let id = match resource.get("id")? {
        Value::String(id) if !id.is_empty() => id.clone(),
        Value::Number(id) => id.to_string(),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    Some(Remote { id, resource: Some(resource.clone()) })
}

/// Some gateways answer 200 with `{"status":"error",…}` or `{"ok":0,…}`.
fn error_in_success(body: &Map<String, Value>) -> bool {
    body.get("status").and_then(Value::as_str) == Some("error")
        || body.get("ok").is_some_and(|ok| *ok == Value::from(0) || *ok == Value::Bool(false))
}

/// The app's words, wherever it puts them.
fn error_text(body: &Map<String, Value>) -> Option<String> {
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    body.get("detail")
        .and_then(text)
        .or_else(|| body.get("message").and_then(text))
        .or_else(|| body.get("status").and_then(|status| status.get("message")).and_then(text))
        .or_else(|| body.get("error").and_then(|error| text(error).or_else(|| error.get("message").and_then(text))))
        .or_else(|| body.get("result").and_then(text))
}

/// RFC 9110 section 10.2.3: seconds, or an HTTP date. Negative numbers and dates in the past mean now.
fn retry_after(value: &str, now: Timestamp) -> Option<Timestamp> {
    if let Ok(seconds) = value.trim().parse::<i64>() {
        return Some(now + Span(seconds.clamp(0, 86_400) * 1_000_000));
    }
    let date = jiff::fmt::rfc2822::parse(value.trim()).ok()?;
    let at = Timestamp(date.timestamp().as_microsecond());
    Some(at.max(now).min(now + Span::days(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer::read(&HttpResponse { status, headers: Vec::new(), body: body.as_bytes().to_vec() }, Timestamp(0))
    }

    #[test]
    fn the_apps_words_are_found_wherever_they_stand() {
        for (body, words) in [
            (r#"{"detail":"a"}"#, "a"),
            (r#"{"message":"b"}"#, "b"),
            (r#"{"status":{"message":"c"}}"#, "c"),
            (r#"{"error":"d"}"#, "d"),
            (r#"{"error":{"message":"e"}}"#, "e"),
            ("<html>", "the app answered 500"),
        ] {
            assert_eq!(answer(500, body).message, words);
        }
    }

    #[test]
    fn an_error_inside_a_success_is_an_error() {
        assert_eq!(answer(200, r#"{"status":"error","message":"No such publisher"}"#).status, 400);
        assert_eq!(answer(200, r#"{"ok":0,"result":"licensed feature"}"#).status, 400);
        assert_eq!(answer(200, r#"{"id":"1","status":"active"}"#).status, 200);
    }

    #[test]
    fn a_list_without_resources_is_empty_and_ids_may_be_numbers() {
        assert_eq!(answer(200, r#"{"totalResults":0}"#).resources(), Vec::new());
        assert_eq!(answer(200, r#"{"Resources":[{"id":7}]}"#).resources()[0].id, "7");
    }

    #[test]
    fn retry_after_is_clamped() {
        let now = Timestamp(1_800_000_000_000_000);
        assert_eq!(retry_after("30", now), Some(now + Span::seconds(30)));
        assert_eq!(retry_after("-5", now), Some(now));
        assert_eq!(retry_after("1000000000", now), Some(now + Span::days(1)));
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:28:00 GMT", now), Some(now));
        assert_eq!(retry_after("soon", now), None);
    }
}
