//! How answers are read: leniently, since apps differ, and into few words that the engine can act on.

use provost_core::provisioning::Remote;
use provost_core::time::{Span, Timestamp};
use provost_platform::HttpResponse;
use provost_scim::client::{error_of, error_text, id_of, read_list};
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
        let value = body.clone().map_or(Value::Null, Value::Object);
        let carries_error = (200..300).contains(&response.status) && error_of(&value).is_some();
        let status = if carries_error { 400 } else { response.status };
        let words = error_text(&value);
        let retry_at = response.header("retry-after").and_then(|value| retry_after(value, now));
        let scim_type = value.get("scimType").and_then(Value::as_str).map(str::to_owned);
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

    /// The accounts of a list page, and how many there are on all pages. An answer that is no list is an error in words,
    /// never an empty list.
    pub(crate) fn accounts(&self) -> Result<(Vec<Remote>, Option<u64>), String> {
        self.list().map(|page| (page.remotes, page.total))
    }

    /// The whole list page, with its cursor.
    pub(crate) fn list(&self) -> Result<Page, String> {
        let page = read_list(&self.body.clone().map_or(Value::Null, Value::Object)).map_err(|error| error.to_string())?;
        let remotes = page.resources.iter().filter_map(remote).collect();
        Ok(Page { remotes, total: page.total_results, next_cursor: page.next_cursor })
    }
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Page {
    /// Its accounts; entries without an id are left out.
    pub(crate) remotes: Vec<Remote>,
    /// How many there are on all pages, when the app says so.
    pub(crate) total: Option<u64>,
    /// RFC 9865: what the next page is asked with.
    pub(crate) next_cursor: Option<String>,
}

fn remote(resource: &Map<String, Value>) -> Option<Remote> {
    id_of(resource).map(|id| Remote { id, resource: Some(resource.clone()) })
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
    fn an_error_inside_a_success_is_an_error_and_no_list() {
        let error = answer(200, r#"{"status":"error","message":"No such publisher"}"#);
        assert_eq!((error.status, error.message.as_str()), (400, "No such publisher"));
        assert!(error.accounts().is_err());
        assert_eq!(answer(502, "<html>").message, "the app answered 502");
    }

    #[test]
    fn a_list_without_resources_is_empty_and_ids_may_be_numbers() {
        assert_eq!(answer(200, r#"{"totalResults":0}"#).accounts(), Ok((Vec::new(), Some(0))));
        let (accounts, _) = answer(200, r#"{"totalResults":1,"Resources":[{"id":7}]}"#).accounts().unwrap();
        assert_eq!(accounts[0].id, "7");
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
