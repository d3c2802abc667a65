//! Attribute names compare without regard to case (RFC 7643 section 2.1); JSON objects do not. These functions stand between.

use crate::Resource;
use serde_json::Value;

/// Objects with at most this many keys are looked through.
const SMALL_KEYS_MAX: usize = 8;

/// Whether two attribute names or schema URNs are the same.
pub(crate) fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

/// A text folded for comparison where case does not count.
pub(crate) fn fold(text: &str) -> String {
    text.to_lowercase()
}

/// The key under which `object` holds `name`, however it is spelled there.
pub(crate) fn key<'a>(object: &'a Resource, name: &str) -> Option<&'a str> {
    if let Some((key, _)) = object.get_key_value(name) {
        return Some(key);
    }
    object.keys().find(|key| same(key, name)).map(String::as_str)
}

/// The value of `name`, however it is spelled in `object`.
pub(crate) fn get<'a>(object: &'a Resource, name: &str) -> Option<&'a Value> {
    let find = || object.iter().find(|(key, _)| same(key, name)).map(|(_, value)| value);
    // The values of lists are small objects, and there are many: looking at a few keys is quicker than hashing the name.
    if object.len() <= SMALL_KEYS_MAX { find() } else { object.get(name).or_else(find) }
}

/// The same, to change it.
pub(crate) fn get_mut<'a>(object: &'a mut Resource, name: &str) -> Option<&'a mut Value> {
    if object.len() > SMALL_KEYS_MAX && object.contains_key(name) {
        return object.get_mut(name);
    }
    object.iter_mut().find(|(key, _)| same(key, name)).map(|(_, value)| value)
}

/// Takes `name` out of `object`; the order of the others stays.
pub(crate) fn remove(object: &mut Resource, name: &str) -> Option<Value> {
    let key = key(object, name)?.to_owned();
    object.shift_remove(&key)
}

/// Sets `name` in `object`, replacing any other spelling of it.
pub(crate) fn set(object: &mut Resource, name: &str, value: Value) {
    match get_mut(object, name) {
        Some(present) => *present = value,
        None => drop(object.insert(name.to_owned(), value)),
    }
}

/// RFC 7643 section 2.5: null and an empty array both mean "unassigned". An object without members carries nothing either.
pub(crate) fn is_unassigned(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
