//! Reading what foreign providers answer, leniently. Nothing here sends anything.

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

/// A resource's id. Some providers give numbers.
pub fn id_of(resource: &Resource) -> Option<String> {
    text_or_number(names::get(resource, "id")?).filter(|id| !id.is_empty())
}

/// Reads a list answer. `Resources` may be absent when there are none (RFC 7644 section 3.4.2); it may not be absent when
/// `totalResults` says that there are some and this is the first page, because that would make people look gone.
pub fn read_list(body: &Value) -> Result<ListPage, ReadError> {
    let Some(members) = body.as_object() else {
        return Err(ReadError::NotAList { what: "it is not a JSON object" });
    };
    let total_results = names::get(members, "totalResults").and_then(whole_number);
    let resources = match names::get(members, "Resources") {
        Some(Value::Array(items)) => items,
        Some(Value::Null) | None => match (error_of(body), total_results) {
            (Some(error), _) => return Err(ReadError::Failed(error)),
            (None, None) => return Err(ReadError::NotAList { what: "it has neither Resources nor totalResults" }),
            (None, Some(0)) => &Vec::new(),
            (None, Some(_)) if is_past_first_page(members) => &Vec::new(),
            (None, Some(_)) => return Err(ReadError::NotAList { what: "totalResults is above 0, but there are no Resources" }),
        },
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            return Err(ReadError::NotAList { what: "Resources is not an array" });
        }
    };
    let resources: Option<Vec<Resource>> = resources.iter().map(|item| item.as_object().cloned()).collect();
    Ok(ListPage {
        resources: resources.ok_or(ReadError::NotAList { what: "an entry of Resources is not an object" })?,
        total_results,
        next_cursor: names::get(members, "nextCursor")
            .and_then(Value::as_str)
            .filter(|cursor| !cursor.is_empty())
            .map(str::to_owned),
    })
}

/// A page after the first, or one that was asked for with a count of 0, may be empty.
fn is_past_first_page(members: &Resource) -> bool {
    let number = |name: &str| names::get(members, name).and_then(whole_number);
    number("startIndex").is_some_and(|start| start > 1) || number("itemsPerPage") == Some(0)
}

/// What the body of a failed request says; `None` when it says nothing readable.
pub fn error_text(body: &Value) -> Option<String> {
    words(body, 0)
}

/// The error in a body that came with HTTP 200, if it is one: several providers answer so.
///
/// A resource or a list is never taken for an error, whatever attributes it has.
pub fn error_of(body: &Value) -> Option<ForeignError> {
    let members = body.as_object()?;
    let urns: Vec<&str> =
        names::get(members, "schemas").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let says_error = urns.iter().any(|urn| urn.to_ascii_lowercase().contains(":messages:2.0:error"));
    let looks_like_data = ["id", "Resources", "totalResults", "userName"].iter().any(|name| names::key(members, name).is_some());
    let marked = says_error
        || names::get(members, "status")
            .and_then(Value::as_str)
            .is_some_and(|status| names::same(status, "error") || names::same(status, "failure"))
        || names::get(members, "status").and_then(|status| status.get("message")).is_some()
        || names::get(members, "status").and_then(status_number).is_some_and(|status| status >= 400)
        || names::get(members, "ok").is_some_and(|ok| *ok == Value::Bool(false) || ok.as_i64() == Some(0))
        || ["error", "errors"].iter().any(|name| {
            names::get(members, name).is_some_and(|error| !names::is_unassigned(error) && *error != Value::Bool(false))
        });
    if !marked || (looks_like_data && !says_error) {
        return None;
    }
    let nested = names::get(members, "errors").map(|errors| errors.as_array().and_then(|list| list.first()).unwrap_or(errors));
    let status = names::get(members, "status")
        .and_then(status_number)
        .or_else(|| nested.and_then(|error| error.get("code")).and_then(status_number));
    let scim_type = names::get(members, "scimType").and_then(Value::as_str).map(str::to_owned);
    Some(ForeignError { status, scim_type, text: error_text(body).unwrap_or_else(|| "no reason given".to_owned()) })
}

/// In this order: `detail` (RFC 7644), `message`, `status.message`, `error`, `error_description`, SCIM 1's `Errors[].description`, `result`.
fn words(body: &Value, depth: usize) -> Option<String> {
    let members = match body {
        Value::String(text) => return Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Array(items) if depth < 3 => return items.iter().find_map(|item| words(item, depth + 1)),
        Value::Object(members) if depth < 3 => members,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let of = |name: &str| names::get(members, name).and_then(|value| words(value, depth + 1));
    let status_message =
        || names::get(members, "status").filter(|status| status.is_object()).and_then(|status| words(status, depth + 1));
    of("detail")
        .or_else(|| of("message"))
        .or_else(status_message)
        .or_else(|| of("error_description"))
        .or_else(|| of("error"))
        .or_else(|| of("description"))
        .or_else(|| of("errors"))
        .or_else(|| of("result"))
}

fn text_or_number(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn whole_number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

fn status_number(value: &Value) -> Option<u16> {
    let status = u16::try_from(whole_number(value)?).ok()?;
    (100..600).contains(&status).then_some(status)
}
