//! Bodies: what an account should be, which part of a remote resource is ours, and the smallest PATCH between them.

use super::UserView;
use crate::app::{Connection, Expression, MappingFailure, Profile, desired_body, is_list, split_target};
use crate::directory::User;
use provost_scim::{PatchOp, PatchOperation, PatchRequest};
use serde_json::{Map, Value};
use std::io::{self, Write};

/// The body an entitled, active user's account should have, with `active: true`; `None` when the directory has forgotten
/// the user.
pub fn body_of(view: &UserView<'_>, connection: &Connection) -> Option<Result<Map<String, Value>, MappingFailure>> {
    Some(body_for(view.user?, connection))
}

/// The same for a user of the directory.
pub fn body_for(user: &User, connection: &Connection) -> Result<Map<String, Value>, MappingFailure> {
    let mut body = desired_body(user, &connection.config.mapping, connection.profile)?;
    body.insert("active".to_owned(), Value::Bool(true));
    Ok(body)
}

/// Whether `text` is the body's JSON, letter for letter. A text that says the same in another order is not, and has to be read
/// and compared.
pub fn is_text_of(text: &str, body: &Map<String, Value>) -> bool {
    let mut rest = Rest(text.as_bytes());
    serde_json::to_writer(&mut rest, body).is_ok() && rest.0.is_empty()
}

/// What is left of a text after what was written to it, which must be how it goes on.
struct Rest<'a>(&'a [u8]);

impl Write for Rest<'_> {
    fn write(&mut self, written: &[u8]) -> io::Result<usize> {
        self.0 = self.0.strip_prefix(written).ok_or(io::ErrorKind::InvalidData)?;
        Ok(written.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The matching attribute's value in a body.
pub fn matching_value(body: &Map<String, Value>, profile: &Profile) -> Option<String> {
    let (parent, leaf) = split_target(&profile.matching);
    let holder = match parent {
        None => Some(body),
        Some(parent) => match body.get(parent) {
            Some(Value::Object(object)) => Some(object),
            Some(Value::Array(elements)) => elements.first().and_then(Value::as_object),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | None => None,
        },
    };
    holder?.get(leaf)?.as_str().map(str::to_owned)
}

/// The body with another value of the matching attribute; `None` when it has none.
pub(super) fn with_matching(body: &Map<String, Value>, profile: &Profile, value: &str) -> Option<Map<String, Value>> {
    let (parent, leaf) = split_target(&profile.matching);
    let mut body = body.clone();
    let holder = match parent {
        None => Some(&mut body),
        Some(parent) => match body.get_mut(parent) {
            Some(Value::Object(object)) => Some(object),
            Some(Value::Array(elements)) => elements.first_mut().and_then(Value::as_object_mut),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | None => None,
        },
    };
    *holder?.get_mut(leaf)? = Value::String(value.to_owned());
    Some(body)
}

/// The part of a remote resource that the mapping and the engine manage, in the shape of a body, so that the two can be
/// compared. Attribute names compare without regard to case; truth values sent as text are read as such.
pub fn managed_part(resource: &Map<String, Value>, connection: &Connection) -> Map<String, Value> {
    let mapping = &connection.config.mapping;
    let mut part = Map::new();
    for row in mapping {
        let (parent, leaf) = split_target(&row.target);
        let Some(parent) = parent else {
            if let Some(value) = attribute(resource, leaf).filter(|value| !value.is_null()) {
                part.insert(leaf.to_owned(), truth(value));
            }
            continue;
        };
        let wanted_type = mapping.iter().find_map(|other| match (&other.source, split_target(&other.target)) {
            (Expression::Text(kind), (Some(list), "type")) if list == parent => Some(kind.as_str()),
            (Expression::Text(_) | Expression::Attribute(_) | Expression::Boolean(_), _) => None,
        });
        let holder = match attribute(resource, parent) {
            Some(Value::Object(object)) => Some(object),
            Some(Value::Array(elements)) => our_element(elements, wanted_type),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | None => None,
        };
        let Some(value) = holder.and_then(|object| attribute(object, leaf)).filter(|value| !value.is_null()) else { continue };
        let slot = part.entry(parent.to_owned()).or_insert_with(|| {
            if is_list(parent) { Value::Array(vec![Value::Object(Map::new())]) } else { Value::Object(Map::new()) }
        });
        let object = match slot {
            Value::Array(elements) => elements.first_mut().and_then(Value::as_object_mut),
            Value::Object(object) => Some(object),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        };
        if let Some(object) = object {
            object.insert(leaf.to_owned(), truth(value));
        }
    }
    // RFC 7643 section 4.1.1: an account without `active` is taken to be active.
    part.insert("active".to_owned(), attribute(resource, "active").map_or(Value::Bool(true), truth));
    part
}

fn attribute<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

fn our_element<'a>(elements: &'a [Value], wanted_type: Option<&str>) -> Option<&'a Map<String, Value>> {
    let mut objects = elements.iter().filter_map(Value::as_object);
    let of_type =
        |object: &&Map<String, Value>| wanted_type.is_some() && attribute(object, "type").and_then(Value::as_str) == wanted_type;
    let primary = |object: &&Map<String, Value>| attribute(object, "primary").map(truth) == Some(Value::Bool(true));
    objects.clone().find(of_type).or_else(|| objects.clone().find(primary)).or_else(|| objects.next())
}

fn truth(value: &Value) -> Value {
    match value.as_str() {
        Some(text) if text.eq_ignore_ascii_case("true") => Value::Bool(true),
        Some(text) if text.eq_ignore_ascii_case("false") => Value::Bool(false),
        Some(_) | None => value.clone(),
    }
}

/// The smallest PATCH that turns `applied` into `desired`; `None` when they are equal. A cleared attribute is removed; a
/// list is replaced as a whole.
pub fn diff(applied: &Map<String, Value>, desired: &Map<String, Value>, profile: &Profile) -> Option<PatchRequest> {
    let mut operations = Vec::new();
    for (name, value) in desired {
        match (applied.get(name), value) {
            (Some(before), value) if before == value => {}
            (Some(Value::Object(before)), Value::Object(after)) => sub_attributes(name, before, after, profile, &mut operations),
            (None, Value::Object(after)) => sub_attributes(name, &Map::new(), after, profile, &mut operations),
            (Some(_) | None, value) => operations.push(replace(name.clone(), value, profile)),
        }
    }
    for (name, before) in applied {
        if desired.contains_key(name) {
            continue;
        }
        match before {
            Value::Object(before) => sub_attributes(name, before, &Map::new(), profile, &mut operations),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                operations.push(remove(name.clone()));
            }
        }
    }
    (!operations.is_empty()).then_some(PatchRequest { operations })
}

fn sub_attributes(
    parent: &str,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    profile: &Profile,
    operations: &mut Vec<PatchOperation>,
) {
    // RFC 7644 section 3.10: the attributes of an extension follow its URN after a colon.
    let separator = if parent.starts_with("urn:") { ':' } else { '.' };
    let path = |leaf: &str| format!("{parent}{separator}{leaf}");
    for (leaf, value) in after {
        if before.get(leaf) != Some(value) {
            operations.push(replace(path(leaf), value, profile));
        }
    }
    operations.extend(before.keys().filter(|leaf| !after.contains_key(*leaf)).map(|leaf| remove(path(leaf))));
}

fn replace(path: String, value: &Value, profile: &Profile) -> PatchOperation {
    PatchOperation { op: PatchOp::Replace, path: Some(path), value: Some(on_the_wire(value, profile)) }
}

fn remove(path: String) -> PatchOperation {
    PatchOperation { op: PatchOp::Remove, path: Some(path), value: None }
}

/// Truth values as text for apps that ask for it.
pub fn on_the_wire(value: &Value, profile: &Profile) -> Value {
    match value {
        Value::Bool(flag) if profile.boolean_strings => Value::String(flag.to_string()),
        Value::Array(elements) => elements.iter().map(|element| on_the_wire(element, profile)).collect(),
        Value::Object(object) => object.iter().map(|(name, value)| (name.clone(), on_the_wire(value, profile))).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_text_is_that_of_a_body_letter_for_letter() {
        let body = json!({ "userName": "ada@x.example", "emails": [{ "value": "a\"b" }], "active": true });
        let body = body.as_object().expect("an object");
        let text = serde_json::to_string(body).expect("a text");
        assert!(is_text_of(&text, body));
        assert!(!is_text_of(&format!("{text} "), body), "it goes on");
        assert!(!is_text_of(&text[..text.len() - 1], body), "it ends before");
        assert!(!is_text_of(&text.replace("ada", "eve"), body));
        assert!(
            !is_text_of(r#"{"active":true,"userName":"ada@x.example","emails":[{"value":"a\"b"}]}"#, body),
            "in another order"
        );
    }
}
