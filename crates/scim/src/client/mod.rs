//! Reading what foreign providers answer, leniently: each deviation is a function of [`deviations`]. Nothing here sends anything.
//!
//! ```
//! use provost_scim::client::{error_of, read_list};
//! use serde_json::json;
//!
//! let page = read_list(json!({ "totalResults": "1", "resources": [{ "id": 7, "userName": "ada" }] })).unwrap();
//! assert_eq!((page.total_results, page.resources[0]["userName"].as_str()), (Some(1), Some("ada")));
//!
//! // It came with 200 and is an error all the same.
//! let error = error_of(&json!({ "ok": 0, "result": "This is a licensed feature", "status": 401 })).unwrap();
//! assert_eq!((error.status, error.text.as_str()), (Some(401), "This is a licensed feature"));
//! ```

pub mod deviations;

use crate::{Resource, names};
use serde_json::Value;

/// A list as far as it could be read.
#[derive(Debug, Clone, PartialEq)]
pub struct ListPage {
    /// The resources on this page.
    pub resources: Vec<Resource>,
    /// How many there are on all pages, when the answer says.
    pub total_results: Option<u64>,
    /// RFC 9865: what to ask the next page with.
    pub next_cursor: Option<String>,
}

/// What an error body says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignError {
    /// The status inside the body, when there is one.
    pub status: Option<u16>,
    /// `scimType`.
    pub scim_type: Option<String>,
    /// The app's own words.
    pub text: String,
}

/// Why an answer is no list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// It is an error, whatever the HTTP status was.
    #[error("the app answered with an error: {}", .0.text)]
    Failed(ForeignError),
    /// It is neither a list nor an error.
    #[error("the answer is not a SCIM list: {what}")]
    NotAList {
        /// What is wrong with it.
        what: &'static str,
    },
}

/// Where a provider puts its words, in the order in which they are looked for.
const WORDS: [fn(&Resource) -> Option<&Value>; 8] = [
    deviations::error_in_detail,
    deviations::error_in_message,
    deviations::error_in_status_message,
    deviations::error_in_error_description,
    deviations::error_in_error,
    deviations::error_in_description,
    deviations::error_in_errors,
    deviations::error_in_result,
];

/// What says of a success that it is none.
const MARKS: [fn(&Resource) -> bool; 7] = [
    deviations::success_with_error_schema,
    deviations::success_with_error_word,
    deviations::success_with_status_message,
    deviations::success_with_error_status,
    deviations::success_with_ok_false,
    deviations::success_with_error,
    deviations::success_with_errors,
];

/// Words that stand in an object in a list in an object are looked for, and nothing deeper.
const DEPTH_MAX: usize = 3;

/// A resource's id, also where it is a number; `None` where there is none.
pub fn id_of(resource: &Resource) -> Option<String> {
    let id = names::get(resource, "id")?;
    id.as_str().map(str::to_owned).or_else(|| deviations::id_as_number(id)).filter(|id| !id.is_empty())
}

/// Reads a list answer. `Resources` may be absent when there are none (RFC 7644 section 3.4.2); it may not be absent when
/// `totalResults` says that there are some and this is the first page, because that would make people look gone.
pub fn read_list(body: Value) -> Result<ListPage, ReadError> {
    let Value::Object(mut members) = body else {
        return Err(ReadError::NotAList { what: "it is not a JSON object" });
    };
    let total_results = names::get(&members, "totalResults").and_then(whole_number);
    let items = match names::remove(&mut members, "Resources") {
        Some(Value::Array(items)) => items,
        Some(Value::Null) | None => match (error_in(&members), total_results) {
            (Some(error), _) => return Err(ReadError::Failed(error)),
            (None, None) => return Err(ReadError::NotAList { what: "it has neither Resources nor totalResults" }),
            (None, Some(_)) if deviations::resources_absent(&members) => Vec::new(),
            (None, Some(_)) => return Err(ReadError::NotAList { what: "totalResults is above 0, but there are no Resources" }),
        },
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            return Err(ReadError::NotAList { what: "Resources is not an array" });
        }
    };
    let resource = |item| if let Value::Object(resource) = item { Some(resource) } else { None };
    let resources: Option<Vec<Resource>> = items.into_iter().map(resource).collect();
    let cursor = names::get(&members, "nextCursor").filter(|cursor| !deviations::cursor_empty(cursor));
    Ok(ListPage {
        resources: resources.ok_or(ReadError::NotAList { what: "an entry of Resources is not an object" })?,
        total_results,
        next_cursor: cursor.and_then(Value::as_str).map(str::to_owned),
    })
}

/// What the body of a failed request says, whatever its shape; `None` when it says nothing readable.
pub fn error_text(body: &Value) -> Option<String> {
    words(body, 0)
}

/// The error in a body that came with a success such as 200, if it is one: several providers answer so.
///
/// A resource or a list is never taken for an error, whatever attributes it has.
pub fn error_of(body: &Value) -> Option<ForeignError> {
    error_in(body.as_object()?)
}

fn error_in(members: &Resource) -> Option<ForeignError> {
    let looks_like_data = ["id", "Resources", "totalResults", "userName"].iter().any(|name| names::key(members, name).is_some());
    if !MARKS.iter().any(|mark| mark(members)) || (looks_like_data && !deviations::success_with_error_schema(members)) {
        return None;
    }
    let status = names::get(members, "status").and_then(status_number);
    let status = status.or_else(|| deviations::status_in_errors_code(members).and_then(status_number));
    let scim_type = names::get(members, "scimType").and_then(Value::as_str).map(str::to_owned);
    Some(ForeignError { status, scim_type, text: words_in(members, 0).unwrap_or_else(|| "no reason given".to_owned()) })
}

/// A text is its own words; a list has those of its first value that has any; an object has them in one of [`WORDS`].
fn words(body: &Value, depth: usize) -> Option<String> {
    match body {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Array(items) if depth < DEPTH_MAX => items.iter().find_map(|item| words(item, depth + 1)),
        Value::Object(members) if depth < DEPTH_MAX => words_in(members, depth),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn words_in(members: &Resource, depth: usize) -> Option<String> {
    WORDS.iter().find_map(|place| place(members).and_then(|found| words(found, depth + 1)))
}

fn whole_number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| deviations::total_as_text(value))
}

/// RFC 7644 section 3.12: the status is a text.
fn status_number(value: &Value) -> Option<u16> {
    let number = value.as_str().and_then(|text| text.trim().parse().ok()).or_else(|| deviations::status_as_number(value))?;
    u16::try_from(number).ok().filter(|status| (100..600).contains(status))
}
