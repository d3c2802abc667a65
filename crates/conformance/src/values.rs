//! Names and small JSON values that many checks use.

use serde_json::{Map, Value, json};

/// The schema of users.
pub(crate) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The schema of groups.
pub(crate) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// The enterprise extension of users.
pub(crate) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// The schema of lists.
pub(crate) const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/// The schema of searches.
pub(crate) const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
/// The schema of PATCH requests.
pub(crate) const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/// The schema of errors.
pub(crate) const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
/// The schema of bulk requests.
pub(crate) const BULK_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
/// The schema of bulk answers.
pub(crate) const BULK_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

/// A whole user, as most checks create it.
pub(crate) fn user(user_name: &str) -> Value {
    json!({
        "schemas": [USER],
        "userName": user_name,
        "displayName": "Ada Lovelace",
        "name": { "givenName": "Ada", "familyName": "Lovelace" },
        "title": "Countess",
        "active": true,
        "emails": [
            { "value": "ada@work.example", "type": "work", "primary": true },
            { "value": "ada@home.example", "type": "home" },
        ],
    })
}

/// The same with more attributes, or others.
pub(crate) fn user_with(user_name: &str, members: Value) -> Value {
    with(user(user_name), members)
}

/// `value` with these members.
pub(crate) fn with(mut value: Value, members: Value) -> Value {
    if let (Some(object), Value::Object(members)) = (value.as_object_mut(), members) {
        object.extend(members);
    }
    value
}

/// A group with these members.
pub(crate) fn group(display_name: &str, members: &[&str]) -> Value {
    let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
    json!({ "schemas": [GROUP], "displayName": display_name, "members": members })
}

/// One operation of a PATCH.
pub(crate) fn operation(op: &str, path: &str, value: Value) -> Value {
    object([("op", op.into()), ("path", path.into()), ("value", value)])
}

/// One `remove`.
pub(crate) fn removal(path: &str) -> Value {
    json!({ "op": "remove", "path": path })
}

/// The body of a PATCH.
pub(crate) fn patch(operations: Vec<Value>) -> Value {
    object([("schemas", json!([PATCH])), ("Operations", operations.into())])
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// A member of an object, its name in any case.
pub(crate) fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.as_object().and_then(|object| member_of(object, name))
}

fn member_of<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| object.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

/// What stands at a path of members (`name.givenName`) or indexes (`emails.0.value`).
///
/// A colon is part of a name: the path of an extension begins with its URN, ended by `/`.
pub(crate) fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    let (extension, path) = path.split_once('/').map_or((None, path), |(urn, rest)| (Some(urn), rest));
    let start = extension.map_or(Some(value), |urn| member(value, urn))?;
    path.split('.').try_fold(start, |value, step| match value {
        Value::Array(items) => step.parse::<usize>().ok().and_then(|index| items.get(index)),
        Value::Object(object) => member_of(object, step),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    })
}

/// Whether there is nothing: absent, null, an empty list (RFC 7643 section 2.5).
pub(crate) fn unassigned(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::Object(members)) => members.is_empty(),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_)) => false,
    }
}

/// The items of a list; none when it is none.
pub(crate) fn items(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The texts under a name in each item.
pub(crate) fn texts<'a>(list: &'a [Value], name: &str) -> Vec<&'a str> {
    list.iter().filter_map(|item| member(item, name).and_then(Value::as_str)).collect()
}

/// A text for a report: one line, and not long.
pub(crate) fn short(text: &str) -> String {
    const LENGTH_MAX: usize = 160;
    let line: String = text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
    match line.char_indices().nth(LENGTH_MAX) {
        None => line,
        Some((end, _)) => format!("{}…", &line[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_through_objects_lists_and_extensions() {
        let value = json!({ "Name": { "givenName": "Ada" }, "emails": [{ "value": "a" }], (ENTERPRISE): { "department": "D" } });
        assert_eq!(at(&value, "name.givenname"), Some(&json!("Ada")));
        assert_eq!(at(&value, "emails.0.value"), Some(&json!("a")));
        assert_eq!(at(&value, &format!("{ENTERPRISE}/department")), Some(&json!("D")));
        assert_eq!(at(&value, "emails.1.value"), None);
    }

    #[test]
    fn texts_of_a_report_are_one_short_line() {
        assert_eq!(short("a\nb"), "a b");
        assert_eq!(short(&"ä".repeat(500)).chars().count(), 161);
    }
}
