//! What providers do otherwise than the RFCs say: one function a deviation, with who is known to do so. [`super::read_list`],
//! [`super::error_of`] and [`super::error_text`] are made of these, and each can be asked alone.
//!
//! Names of attributes in any case are no deviation (RFC 7643 section 2.1), so all of these take them so.

use crate::{Resource, names};
use serde_json::Value;

/// Any status from 200 to 299 for a success, with or without a body: RFC 7644 says 201 for a create, 204 for a removal, and 200
/// or 204 for a PATCH, as the provider likes (section 3.5.2). Netskope answers a PATCH with 204, most others with 200; who queues
/// what was asked answers 202.
pub const fn any_success(status: u16) -> bool {
    matches!(status, 200..=299)
}

/// `"id": 42` for `"id": "42"`: servers whose keys are numbers, such as Snipe-IT until 2023.
pub fn id_as_number(id: &Value) -> Option<String> {
    match id {
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// `"totalResults": "42"` for `"totalResults": 42`, and other numbers of lists. No server is known for it; it has one reading.
pub fn total_as_text(total: &Value) -> Option<u64> {
    total.as_str()?.trim().parse().ok()
}

/// A page without `Resources`, or with null for it, that is an empty one: there are none at all, it is not the first page, or
/// none were asked for. RFC 7644 section 3.4.2 allows it for the first of these only, and WSO2 Identity Server does it then.
///
/// On any other page it is not taken for an empty one: people would look gone.
pub fn resources_absent(list: &Resource) -> bool {
    let number = |name: &str| names::get(list, name).and_then(super::whole_number);
    let absent = names::get(list, "Resources").is_none_or(Value::is_null);
    let empty = number("totalResults") == Some(0)
        || number("startIndex").is_some_and(|start| start > 1)
        || number("itemsPerPage") == Some(0);
    absent && empty
}

/// `"nextCursor": ""` on the last page, which has none by RFC 9865 section 2.1. No server is known for it; it has one reading.
pub fn cursor_empty(cursor: &Value) -> bool {
    cursor.as_str().is_some_and(str::is_empty)
}

/// The RFC's own place, `detail` (RFC 7644 section 3.12); also the `detail` of JSON:API and of problem details (RFC 9457).
pub fn error_in_detail(body: &Resource) -> Option<&Value> {
    names::get(body, "detail")
}

/// `{"message": "…"}`: gateways in front of a server, such as Kong and Amazon's; GitHub beside `detail`, Wire instead of it.
pub fn error_in_message(body: &Resource) -> Option<&Value> {
    names::get(body, "message")
}

/// `{"status": {"message": "…"}}`: Netskope's REST API.
pub fn error_in_status_message(body: &Resource) -> Option<&Value> {
    names::get(names::get(body, "status")?.as_object()?, "message")
}

/// `{"error": "invalid_token", "error_description": "…"}`: whoever answers for OAuth (RFC 6749 section 5.2).
pub fn error_in_error_description(body: &Resource) -> Option<&Value> {
    names::get(body, "error_description")
}

/// `{"error": "…"}` and `{"error": {"message": "…"}}`: OAuth without a description, Netskope's REST API, Google's APIs, and
/// Spring's error page.
pub fn error_in_error(body: &Resource) -> Option<&Value> {
    names::get(body, "error")
}

/// `{"description": "…"}`: an entry in the `Errors` of SCIM 1.1 (section 3.9), which Slack still serves.
pub fn error_in_description(body: &Resource) -> Option<&Value> {
    names::get(body, "description")
}

/// `{"Errors": [{"description": "…"}]}`: SCIM 1.1 (section 3.9), and Slack, also with one object instead of the array;
/// `{"errors": [{"detail": "…"}]}`: JSON:API.
pub fn error_in_errors(body: &Resource) -> Option<&Value> {
    names::get(body, "errors")
}

/// `{"ok": 0, "result": "…"}`: Netskope's Cloud Exchange.
pub fn error_in_result(body: &Resource) -> Option<&Value> {
    names::get(body, "result")
}

/// `"status": 404` for `"status": "404"` (RFC 7644 section 3.12): GitHub.
pub fn status_as_number(status: &Value) -> Option<u64> {
    status.as_u64()
}

/// `{"Errors": [{"code": "404"}]}` for a `status`: SCIM 1.1 (section 3.9), and Slack, also with a number.
pub fn status_in_errors_code(body: &Resource) -> Option<&Value> {
    let errors = names::get(body, "errors")?;
    let first = errors.as_array().map_or(Some(errors), |list| list.first());
    names::get(first?.as_object()?, "code")
}

/// The error body of RFC 7644 section 3.12, which came with a success. `schemas` may be one text instead of an array: WSO2
/// Identity Server writes it so.
pub fn success_with_error_schema(body: &Resource) -> bool {
    let is_error = |urn: &Value| urn.as_str().is_some_and(|urn| urn.to_ascii_lowercase().contains(":messages:2.0:error"));
    match names::get(body, "schemas") {
        Some(Value::Array(urns)) => urns.iter().any(is_error),
        Some(urn) => is_error(urn),
        None => false,
    }
}

/// `{"status": "error"}`: Netskope's REST API; `failure` has the same reading.
pub fn success_with_error_word(body: &Resource) -> bool {
    let status = names::get(body, "status").and_then(Value::as_str);
    status.is_some_and(|status| names::same(status, "error") || names::same(status, "failure"))
}

/// `{"status": {"message": "…"}}`: Netskope's REST API.
pub fn success_with_status_message(body: &Resource) -> bool {
    error_in_status_message(body).is_some()
}

/// `{"status": 401}` and `{"status": "401"}`, without the RFC's schema: Netskope's Cloud Exchange.
pub fn success_with_error_status(body: &Resource) -> bool {
    names::get(body, "status").and_then(super::status_number).is_some_and(|status| status >= 400)
}

/// `{"ok": false}`: Slack's Web API; with 0, Netskope's Cloud Exchange.
pub fn success_with_ok_false(body: &Resource) -> bool {
    names::get(body, "ok").is_some_and(|ok| *ok == Value::Bool(false) || ok.as_i64() == Some(0))
}

/// `{"error": "…"}`: Slack's Web API beside `ok`. Null, `false` and what is empty say that there is none.
pub fn success_with_error(body: &Resource) -> bool {
    names::get(body, "error").is_some_and(says_something)
}

/// `{"errors": [ … ]}`: SCIM 1.1 and JSON:API. Null, `false` and what is empty say that there is none.
pub fn success_with_errors(body: &Resource) -> bool {
    names::get(body, "errors").is_some_and(says_something)
}

fn says_something(error: &Value) -> bool {
    !names::is_unassigned(error) && *error != Value::Bool(false)
}
