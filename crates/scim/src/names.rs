//! Attribute names compare without regard to case (RFC 7643 section 2.1); JSON objects do not. These functions stand between.

use crate::Resource;
use serde_json::Value;

/// Objects with at most this many keys are looked through.
const SMALL_KEYS_MAX: usize = 8;

/// Whether two attribute names or schema URNs are the same.
pub(crate) fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

/// What texts are compared by where case does not count ([`crate::Attribute::comparison_key`]): two are the same exactly when their
/// keys are, and one begins, holds or ends with another exactly when its key does. For indexes that no attribute is at hand for.
///
/// Lower case, letter by letter, with one exception: σ and ς count as one. The lower case of Σ depends on what stands around it, and a
/// part of a text (`sw`, `co`) has its letters elsewhere than the whole.
///
/// ```
/// use provost_scim::text_key;
///
/// assert_eq!(text_key("Ada ÉCLAIR"), "ada éclair");
/// assert_eq!(text_key("ΟΔΟΣ"), text_key("οδος"));
/// assert!(text_key("ΟΔΟΣΑ").starts_with(&text_key("ΟΔΟΣ")));
/// ```
pub fn text_key(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { folded(text).collect() }
}

/// The letters of such a key.
pub(crate) fn folded(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(char::to_lowercase).map(|c| if c == 'ς' { 'σ' } else { c })
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
