//! Setting single directory attributes by name, in the shape of Google's Directory API.

use crate::api::{Problem, ProblemKind};
use provost_core::directory::DIRECTORY_ATTRIBUTES;
use serde_json::{Map, Value, json};

/// Where the value of an attribute stands.
enum Place<'a> {
    /// A field of the attributes object itself.
    Field(&'static str),
    /// A field of the primary, or else the first, element of a list.
    Listed(&'a str, &'static str),
    /// The value of the element of this type in a list, under this name.
    Typed(&'static str, &'a str, &'static str),
}

/// Sets each named attribute; null or an empty text removes it.
pub(crate) fn set_all(attributes: &mut Map<String, Value>, values: &Map<String, Value>) -> Result<(), Problem> {
    for (name, value) in values {
        let text = match value {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
            Value::Array(_) | Value::Object(_) => {
                return Err(invalid(format!("{name} takes a text: to set whole lists, send them as attributes")));
            }
        };
        set(attributes, find(name)?, text.filter(|text| !text.is_empty()))?;
    }
    Ok(())
}

fn invalid(detail: String) -> Problem {
    Problem::of(ProblemKind::Invalid, detail)
}

/// The full key of an attribute named by the key or by the end of it.
fn find(name: &str) -> Result<&'static str, Problem> {
    let ends_with = |key: &str| key == name || key.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'));
    let found: Vec<&str> = DIRECTORY_ATTRIBUTES.iter().map(|attribute| attribute.key).filter(|key| ends_with(key)).collect();
    match found.as_slice() {
        [key] => Ok(key),
        [] => {
            let known: Vec<&str> =
                DIRECTORY_ATTRIBUTES.iter().map(|attribute| attribute.key).filter(|key| place(key).is_some()).collect();
            Err(invalid(format!("there is no directory attribute \"{name}\": choose one of {}", known.join(", "))))
        }
        several => Err(invalid(format!("\"{name}\" can be {}: write it out", several.join(" or ")))),
    }
}

fn place(key: &str) -> Option<Place<'_>> {
    let rest = key.strip_prefix("user.")?;
    Some(match rest.split_once('.') {
        None if rest == "recovery_email" => Place::Field("recoveryEmail"),
        None if rest == "recovery_phone" => Place::Field("recoveryPhone"),
        Some(("organizations", "title")) => Place::Listed("organizations", "title"),
        Some(("organizations", "type")) => Place::Listed("organizations", "description"),
        Some(("organizations", "department")) => Place::Listed("organizations", "department"),
        Some(("organizations", "cost_center")) => Place::Listed("organizations", "costCenter"),
        Some(("locations", "building_id")) => Place::Listed("locations", "buildingId"),
        Some(("locations", "floor_name")) => Place::Listed("locations", "floorName"),
        Some(("locations", "floor_section")) => Place::Listed("locations", "floorSection"),
        Some(("emails", kind)) => Place::Typed("emails", kind, "address"),
        Some(("phones", kind)) => Place::Typed("phones", kind, "value"),
        Some(("addresses", kind)) => Place::Typed("addresses", kind, "formatted"),
        Some(("external_ids", kind)) => Place::Typed("externalIds", kind, "value"),
        Some(("relations", kind)) => Place::Typed("relations", kind, "value"),
        None | Some(_) => return None,
    })
}

fn set(attributes: &mut Map<String, Value>, key: &'static str, text: Option<String>) -> Result<(), Problem> {
    let own = || invalid(format!("{key} is not set this way: use primary_email, given_name, family_name or org_unit"));
    let (list, kind, field) = match place(key).ok_or_else(own)? {
        Place::Field(field) => {
            attributes.remove(field);
            attributes.extend(text.map(|text| (field.to_owned(), Value::String(text))));
            return Ok(());
        }
        Place::Listed(list, field) => (list, None, field),
        Place::Typed(list, kind, field) => (list, Some(kind), field),
    };
    let entry = attributes.entry(list.to_owned()).or_insert_with(|| json!([]));
    let elements = entry.as_array_mut().ok_or_else(|| invalid(format!("the attribute {list} is not a list: send it whole")))?;
    let of_kind = |element: &Value| kind.is_none_or(|kind| element.get("type").and_then(Value::as_str) == Some(kind));
    let primary = elements.iter().position(|element| of_kind(element) && element.get("primary") == Some(&Value::Bool(true)));
    let found = if kind.is_some() { None } else { primary };
    let at = found.or_else(|| elements.iter().position(of_kind));
    match (at, text) {
        (None, None) => {}
        (None, Some(text)) => elements.push(match kind {
            Some(kind) => json!({ "type": kind, field: text }),
            None => json!({ field: text, "primary": true }),
        }),
        (Some(at), text) => replace(elements, at, kind.is_some(), field, text),
    }
    if elements.is_empty() {
        attributes.remove(list);
    }
    Ok(())
}

/// Sets or removes the field of one element. A typed element that loses its value goes as a whole.
fn replace(elements: &mut Vec<Value>, at: usize, typed: bool, field: &str, text: Option<String>) {
    let Some(element) = elements[at].as_object_mut() else { return };
    // What readers look at first, whichever of the names a source has used.
    if typed {
        for name in ["value", "address", "formatted"] {
            element.remove(name);
        }
    } else {
        element.remove(field);
    }
    match text {
        Some(text) => drop(element.insert(field.to_owned(), Value::String(text))),
        None if typed || element.keys().all(|name| name == "primary" || name == "type") => drop(elements.remove(at)),
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use provost_core::directory::{DirectoryAttribute, User, UserStatus};
    use provost_core::ids::{OrgUnitId, UserId};
    use provost_core::time::Timestamp;

    fn user(attributes: Map<String, Value>) -> User {
        User {
            id: UserId::new(1),
            primary_email: "a@x.example".to_owned(),
            given_name: "A".to_owned(),
            family_name: "B".to_owned(),
            org_unit: OrgUnitId::new(1),
            status: UserStatus::default(),
            attributes,
            created_at: Timestamp(0),
            revision: 1,
        }
    }

    #[test]
    fn what_is_set_is_what_a_mapping_reads_and_can_be_removed_again() {
        for attribute in DIRECTORY_ATTRIBUTES.iter().filter(|attribute| place(attribute.key).is_some()) {
            let key = attribute.key;
            let mut attributes = Map::new();
            for value in ["one", "two"] {
                set_all(&mut attributes, json!({ key: value }).as_object().unwrap()).unwrap();
                assert_eq!(attribute.read(&user(attributes.clone())).as_deref(), Some(value), "{key}");
            }
            set_all(&mut attributes, json!({ key: null }).as_object().unwrap()).unwrap();
            assert_eq!(attributes, Map::new(), "{key}");
        }
    }

    #[test]
    fn others_in_the_same_list_stay() {
        let mut attributes =
            json!({ "organizations": [{ "title": "Dr" }, { "title": "CTO", "primary": true, "department": "IT" }] });
        let attributes = attributes.as_object_mut().unwrap();
        set_all(attributes, json!({ "title": "CEO" }).as_object().unwrap()).unwrap();
        let expected = json!([{ "title": "Dr" }, { "primary": true, "department": "IT", "title": "CEO" }]);
        assert_eq!(attributes["organizations"], expected);
        let title = DirectoryAttribute::find("user.organizations.title").unwrap();
        assert_eq!(title.read(&user(attributes.clone())).as_deref(), Some("CEO"));
    }

    #[test]
    fn names_are_unknown_ambiguous_or_not_set_this_way() {
        for name in ["titel", "work", "user.id", "itle"] {
            let mut attributes = Map::new();
            assert!(set_all(&mut attributes, json!({ name: "x" }).as_object().unwrap()).is_err(), "{name}");
            assert_eq!(attributes, Map::new(), "{name}");
        }
        assert_eq!(find("phones.work").unwrap(), "user.phones.work");
    }
}
