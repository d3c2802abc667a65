//! Places in a user's attributes that one column of a file fills, in the shape of Google's Directory API.

use serde_json::{Map, Value, json};

/// One place in a user's attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttributeSlot {
    /// A field of the attributes themselves: `recoveryEmail`.
    Field(&'static str),
    /// A field of the list's primary element: `organizations`, `title`.
    Primary {
        /// The list.
        list: &'static str,
        /// The field of its primary element.
        field: &'static str,
    },
    /// The value of the list's element of one type: `phones`, `work`, `value`.
    Typed {
        /// The list.
        list: &'static str,
        /// The element's `type`.
        kind: &'static str,
        /// The field that holds the value.
        field: &'static str,
    },
}

impl AttributeSlot {
    /// Puts `text` into the slot; an empty text empties it. Everything else in `attributes` stays.
    pub fn set(self, attributes: &mut Map<String, Value>, text: &str) {
        match self {
            Self::Field(name) if text.is_empty() => {
                attributes.shift_remove(name);
            }
            Self::Field(name) => {
                attributes.insert(name.to_owned(), text.into());
            }
            Self::Primary { list, field } => {
                let primary = |elements: &[Value]| {
                    let marked = elements.iter().position(|element| element.get("primary") == Some(&Value::Bool(true)));
                    marked.or_else(|| elements.first().map(|_| 0))
                };
                let new = if list == "organizations" { json!({ "primary": true }) } else { json!({ "type": "desk" }) };
                set_in_list(attributes, list, field, text, primary, new);
            }
            Self::Typed { list, kind, field } => {
                let of_kind = |elements: &[Value]| {
                    elements.iter().position(|element| element.get("type").and_then(Value::as_str) == Some(kind))
                };
                set_in_list(attributes, list, field, text, of_kind, json!({ "type": kind }));
            }
        }
    }
}

/// Sets `field` of the element that `find` finds, or else of the `new` one; an empty text takes it away, and with the
/// last field the element, and with the last element the list.
fn set_in_list(
    attributes: &mut Map<String, Value>,
    list: &str,
    field: &str,
    text: &str,
    find: impl Fn(&[Value]) -> Option<usize>,
    new: Value,
) {
    let mut elements = match attributes.get_mut(list) {
        Some(Value::Array(elements)) => std::mem::take(elements),
        _ if text.is_empty() => return,
        _ => Vec::new(),
    };
    let found = find(&elements);
    match (found, text.is_empty()) {
        (None, true) => {}
        (Some(at), true) => {
            if let Some(element) = elements[at].as_object_mut() {
                element.shift_remove(field);
                if element.keys().all(|key| key == "primary" || key == "type") {
                    elements.remove(at);
                }
            }
        }
        (found, false) => {
            let at = found.unwrap_or_else(|| {
                elements.push(new);
                elements.len() - 1
            });
            if let Some(element) = elements[at].as_object_mut() {
                element.insert(field.to_owned(), text.into());
            }
        }
    }
    if elements.is_empty() {
        attributes.shift_remove(list);
    } else {
        attributes.insert(list.to_owned(), Value::Array(elements));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TITLE: AttributeSlot = AttributeSlot::Primary { list: "organizations", field: "title" };
    const WORK_PHONE: AttributeSlot = AttributeSlot::Typed { list: "phones", kind: "work", field: "value" };

    fn attributes(value: &Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn sets_and_empties_without_touching_the_rest() {
        let before = json!({ "organizations": [{ "name": "Other" }, { "primary": true, "name": "Main" }], "custom": 1 });
        let mut user = attributes(&before);
        TITLE.set(&mut user, "Engineer");
        WORK_PHONE.set(&mut user, "+49 1");
        let expected = json!({ "organizations": [{ "name": "Other" }, { "primary": true, "name": "Main", "title": "Engineer" }],
            "custom": 1, "phones": [{ "type": "work", "value": "+49 1" }] });
        assert_eq!(Value::Object(user.clone()), expected);
        TITLE.set(&mut user, "");
        WORK_PHONE.set(&mut user, "");
        assert_eq!(Value::Object(user), before);
    }

    #[test]
    fn an_empty_text_makes_nothing() {
        let mut user = Map::new();
        for slot in [TITLE, WORK_PHONE, AttributeSlot::Field("recoveryEmail")] {
            slot.set(&mut user, "");
        }
        assert!(user.is_empty());
    }
}
