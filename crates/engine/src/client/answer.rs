//! How answers are read: leniently, since apps differ, and into few words that the engine can act on.

use crate::pace::Heard;
use provost_core::app::Profile;
use provost_core::provisioning::Remote;
use provost_core::time::{Span, Timestamp};
use provost_platform::HttpResponse;
use provost_scim::client::deviations::any_success;
use provost_scim::client::{error_of, error_text, id_of, read_list};
use serde_json::{Map, Value};
use std::time::Duration;

/// The most of an app's words that is kept.
const MESSAGE_CHARS_MAX: usize = 2_048;

/// What an app says is left of its rate holds no longer than this.
const ALLOWANCE_MAX: Span = Span::hours(1);

/// An answer, read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    /// The HTTP status; where the app sent an error with a success, the error's own, or 400.
    pub(crate) status: u16,
    /// The HTTP status that an error came with, where that was a success.
    pub(crate) inside: Option<u16>,
    /// A body that came and is not a JSON object.
    pub(crate) garbled: bool,
    /// Whether [`Self::message`] is the app's own.
    pub(crate) has_words: bool,
    /// Where a redirect leads.
    pub(crate) location: Option<String>,
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
        let value = match serde_json::from_slice(&response.body) {
            Ok(Value::Object(object)) => Value::Object(with_version(object, response)),
            Ok(_) | Err(_) => Value::Null,
        };
        let error = if any_success(response.status) { error_of(&value) } else { None };
        let inside = error.as_ref().map(|_| response.status);
        let status = error.map_or(response.status, |error| error.status.filter(|status| *status >= 400).unwrap_or(400));
        let garbled = value.is_null() && !response.body.trim_ascii().is_empty();
        let words = error_text(&value);
        let date = response.header("date");
        let retry_at = response.header("retry-after").and_then(|value| retry_after(value, date, now));
        let scim_type = value.get("scimType").and_then(Value::as_str).map(str::to_owned);
        let has_words = words.is_some();
        let location = response.header("location").map(|place| place.chars().take(200).collect());
        let message = words.unwrap_or_else(|| format!("the app answered {}", response.status));
        let message = message.chars().take(MESSAGE_CHARS_MAX).collect();
        let body = if let Value::Object(object) = value { Some(object) } else { None };
        Self { status, inside, garbled, has_words, location, body, message, retry_at, scim_type }
    }

    /// Whether the app did what was asked.
    pub(crate) fn succeeded(&self) -> bool {
        any_success(self.status)
    }

    /// The resource of the answer, where it carries one with an id.
    pub(crate) fn remote(self) -> Option<Remote> {
        self.body.and_then(remote)
    }

    /// The accounts of a list page, and how many there are on all pages. An answer that is no list is an error in words,
    /// never an empty list. They are taken out of the answer.
    pub(crate) fn accounts(&mut self) -> Result<(Vec<Remote>, Option<u64>), String> {
        self.list().map(|page| (page.remotes, page.total))
    }

    /// The whole list page, with its cursor; taken out of the answer.
    pub(crate) fn list(&mut self) -> Result<Page, String> {
        let page = read_list(self.body.take().map_or(Value::Null, Value::Object)).map_err(|error| error.to_string())?;
        let remotes = page.resources.into_iter().filter_map(remote).collect();
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

fn remote(resource: Map<String, Value>) -> Option<Remote> {
    id_of(&resource).map(|id| Remote { id, resource: Some(resource) })
}

/// Some apps tell an account's version in the header only; it belongs in `meta.version` (RFC 7644 section 3.14).
fn with_version(mut resource: Map<String, Value>, response: &HttpResponse) -> Map<String, Value> {
    if let Some(etag) = response.header("etag").filter(|_| resource.contains_key("id")) {
        let meta = resource.entry("meta").or_insert_with(|| Value::Object(Map::new()));
        if let Some(meta) = meta.as_object_mut().filter(|meta| !meta.contains_key("version")) {
            meta.insert("version".to_owned(), etag.into());
        }
    }
    resource
}

/// RFC 9110 section 10.2.3: seconds, or an HTTP date. Negative numbers and dates in the past mean now, and whatever is
/// longer than a day means a day. A date is read against the app's own clock where it sends one.
fn retry_after(value: &str, date: Option<&str>, now: Timestamp) -> Option<Timestamp> {
    let wait = match seconds(value) {
        Some(seconds) => seconds,
        None => http_date(value)? - date.and_then(http_date).unwrap_or(now),
    };
    Some(now + wait.clamp(Span(0), Span::days(1)))
}

/// A number of seconds, however large or broken into parts; at most some thousand years.
fn seconds(value: &str) -> Option<Span> {
    let seconds: f64 = value.trim().parse().ok()?;
    #[expect(clippy::cast_possible_truncation, reason = "clamped to what a span can hold")]
    let micros = (!seconds.is_nan()).then_some((seconds.clamp(-1e11, 1e11) * 1e6) as i64)?;
    Some(Span(micros))
}

/// RFC 9110 section 5.6.7.
pub(super) fn http_date(value: &str) -> Option<Timestamp> {
    let date = jiff::fmt::rfc2822::parse(value.trim()).ok()?;
    Some(Timestamp(date.timestamp().as_microsecond()))
}

/// What an answer says of the pace.
pub(super) fn heard(response: &HttpResponse, answer: &Answer, profile: &Profile, now: Timestamp) -> Heard {
    let left = profile.rate_headers.as_ref().and_then(|headers| {
        let remaining = seconds_of(response, &headers.remaining)?;
        let reset = seconds_of(response, &headers.reset)?;
        // Seconds since 1970 rather than from now.
        let wait = if reset > Span::days(3_650) { Timestamp(reset.0) - now } else { reset };
        let wait = wait.clamp(Span(0), ALLOWANCE_MAX);
        Some((u64::try_from(remaining.as_seconds()).unwrap_or(0), Duration::from_micros(u64::try_from(wait.0).unwrap_or(0))))
    });
    Heard { status: answer.status, retry_at: answer.retry_at, left }
}

fn seconds_of(response: &HttpResponse, header: &str) -> Option<Span> {
    response.header(header).and_then(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use provost_core::app::profile;

    fn answer(status: u16, body: &str) -> Answer {
        Answer::read(&HttpResponse { status, headers: Vec::new(), body: body.as_bytes().to_vec() }, Timestamp(0))
    }

    #[test]
    fn an_error_inside_a_success_is_an_error_and_no_list() {
        let mut error = answer(200, r#"{"status":"error","message":"No such publisher"}"#);
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
    fn retry_after_is_read_leniently_and_clamped() {
        let now = Timestamp(1_800_000_000_000_000);
        let table = [
            ("30", Some(Span::seconds(30))),
            (" 1.5 ", Some(Span(1_500_000))),
            ("0", Some(Span(0))),
            ("-5", Some(Span(0))),
            ("1000000000", Some(Span::days(1))),
            ("99999999999999999999999", Some(Span::days(1))),
            ("Wed, 21 Oct 2015 07:28:00 GMT", Some(Span(0))),
            ("Fri, 15 Jan 2027 08:01:00 GMT", Some(Span::seconds(60))),
            ("Fri, 15 Jan 2038 08:01:00 GMT", Some(Span::days(1))),
            ("soon", None),
            ("NaN", None),
            ("", None),
        ];
        for (value, wait) in table {
            assert_eq!(retry_after(value, None, now), wait.map(|wait| now + wait), "{value}");
        }
        let (date, theirs) = ("Wed, 21 Oct 2015 07:28:20 GMT", "Wed, 21 Oct 2015 07:28:00 GMT");
        assert_eq!(retry_after(date, Some(theirs), now), Some(now + Span::seconds(20)), "their clock is eleven years behind");
    }

    #[test]
    fn what_is_left_of_the_rate_is_read_from_the_headers_that_the_profile_names() {
        let now = Timestamp(1_800_000_000_000_000);
        let netskope = profile("netskope").unwrap();
        let left = |remaining: &str, reset: &str, profile: &Profile| {
            let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            let headers = vec![header("ratelimit-remaining", remaining), header("ratelimit-reset", reset)];
            let response = HttpResponse { status: 200, headers, body: Vec::new() };
            heard(&response, &Answer::read(&response, now), profile, now).left
        };
        let seconds = Duration::from_secs;
        assert_eq!(left("7", "2", netskope), Some((7, seconds(2))));
        assert_eq!(left("0", "1800000005", netskope), Some((0, seconds(5))), "seconds since 1970");
        assert_eq!(left("-3", "-1", netskope), Some((0, seconds(0))));
        assert_eq!(left("5", "999999", netskope), Some((5, seconds(3_600))));
        assert_eq!(left("many", "2", netskope), None);
        assert_eq!(left("7", "2", profile("generic").unwrap()), None);
    }
}
