//! The values of multi-valued attributes under PATCH: which are the same, and which is primary.

use super::PatchOp;
use super::resolve::{Target, target_name};
use crate::error::ScimError;
use crate::filter::{CompareOperator, Filter, Literal, equal};
use crate::schema::{Attribute, Mutability};
use crate::value::is_primary;
use crate::{Resource, names};
use serde_json::Value;
use std::collections::BTreeMap;

/// RFC 7644 section 3.5.2.1: new values are added, values that are there already change nothing. A value with the `value` and
/// `type` of one that is there is the same one (RFC 7643 section 2.4), and its other sub-attributes are brought up to date.
pub(super) fn add_values(
    name: &str,
    mut present: Vec<Value>,
    given: Vec<Value>,
    attribute: &Attribute,
) -> Result<Vec<Value>, ScimError> {
    let mut by_value: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, item) in present.iter().enumerate() {
        by_value.entry(key(item)).or_default().push(index);
    }
    for new in given {
        let candidates = by_value.entry(key(&new)).or_default();
        let Some(index) = candidates.iter().copied().find(|index| same_value(&present[*index], &new, attribute)) else {
            candidates.push(present.len());
            present.push(new);
            continue;
        };
        if let (Value::Object(members), Value::Object(given)) = (&mut present[index], new) {
            merge(name, members, given, attribute)?;
        }
    }
    Ok(present)
}

/// Takes out of `present` whatever is the same as one of `given`.
pub(super) fn remove_values(mut present: Vec<Value>, given: &[Value], attribute: &Attribute) -> Vec<Value> {
    let mut by_value: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for value in given {
        by_value.entry(key(value)).or_default().push(value);
    }
    present.retain(|item| {
        !by_value.get(&key(item)).is_some_and(|values| values.iter().any(|value| same_value(item, value, attribute)))
    });
    present
}

/// Brings sub-attributes up to date; an immutable one may be given again but not changed.
pub(super) fn merge(name: &str, members: &mut Resource, given: Resource, attribute: &Attribute) -> Result<(), ScimError> {
    for (key, value) in given {
        let part = attribute.sub_attribute(&key);
        if let (Some(part), Some(before)) = (part, names::get(members, &key))
            && part.mutability == Mutability::Immutable
            && !equal(before, &value, part)
        {
            return Err(ScimError::mutability(format!("{name}.{key} cannot be changed once it has a value.")));
        }
        names::set(members, &key, value);
    }
    Ok(())
}

/// Sets or removes the target's sub-attribute in one value.
pub(super) fn set_part(op: PatchOp, target: &Target<'_>, members: &mut Resource, value: Option<Value>) -> Result<(), ScimError> {
    let Some((name, part)) = &target.sub_attribute else { return Ok(()) };
    let before = names::get(members, name);
    let refused = |why: &str| Err(ScimError::mutability(format!("{} {why}.", target_name(target))));
    let value = match op {
        PatchOp::Remove => None,
        PatchOp::Add | PatchOp::Replace => value,
    };
    if part.mutability == Mutability::Immutable
        && before.is_some_and(|before| value.as_ref().is_none_or(|value| !equal(before, value, part)))
    {
        return refused("cannot be changed once it has a value");
    }
    match value {
        None if part.required => refused("is required and cannot be removed"),
        None => {
            names::remove(members, name);
            Ok(())
        }
        Some(value) if part.multi_valued && op == PatchOp::Add => {
            let present = before.and_then(Value::as_array).cloned().unwrap_or_default();
            let given = value.as_array().cloned().unwrap_or_default();
            let values = add_values(&target_name(target), present, given, part)?;
            names::set(members, name, Value::Array(values));
            Ok(())
        }
        Some(value) => {
            names::set(members, name, value);
            Ok(())
        }
    }
}

/// RFC 7644 section 3.5.2: "a PATCH operation that sets a value's "primary" sub-attribute to "true" SHALL cause the server to
/// automatically set "primary" to "false" for any other values in the array."
pub(super) fn primaries_settled(target: &Target<'_>, before: Option<&Value>, after: Value) -> Result<Value, ScimError> {
    let Value::Array(mut items) = after else { return Ok(after) };
    let primaries: Vec<usize> = items.iter().enumerate().filter(|(_, item)| is_primary(item)).map(|(index, _)| index).collect();
    if primaries.len() < 2 {
        return Ok(Value::Array(items));
    }
    let empty = Vec::new();
    let before = before.and_then(Value::as_array).unwrap_or(&empty);
    // A value that was primary before, by its identity, gives way to one that became primary now.
    let was = |item: &Value| before.iter().any(|old| is_primary(old) && same_value(old, item, target.attribute));
    let newly: Vec<usize> = primaries.iter().copied().filter(|index| !was(&items[*index])).collect();
    let [winner] = newly.as_slice() else {
        return Err(ScimError::invalid_value(format!("{}: only one value can be primary.", target.attribute.name)));
    };
    for index in primaries.iter().filter(|index| *index != winner) {
        if let Some(members) = items[*index].as_object_mut() {
            names::set(members, "primary", Value::Bool(false));
        }
    }
    Ok(Value::Array(items))
}

/// The value that a filter of equalities describes: what an add to `emails[type eq "work"].value` makes when there is none.
pub(super) fn value_from_filter(filter: &Filter, attribute: &Attribute) -> Option<Resource> {
    match filter {
        Filter::Compare { path, operator: CompareOperator::Equal, value } => {
            let name = attribute.sub_attribute(&path.attribute).map_or(path.attribute.as_str(), |part| part.name.as_str());
            let value = match value {
                Literal::String(text) => Value::from(text.as_str()),
                Literal::Number(number) => Value::Number(number.clone()),
                Literal::Boolean(value) => Value::Bool(*value),
                Literal::Null => return None,
            };
            Some(Resource::from_iter([(name.to_owned(), value)]))
        }
        Filter::And(parts) => {
            let mut made = Resource::new();
            for part in parts {
                made.extend(value_from_filter(part, attribute)?);
            }
            Some(made)
        }
        Filter::Or(_) | Filter::Not(_) | Filter::Compare { .. } | Filter::Present(_) | Filter::Values { .. } => None,
    }
}

/// Values that are the same have the same key; it is for finding candidates quickly in a group of many members.
fn key(value: &Value) -> String {
    match value {
        Value::Object(members) => names::get(members, "value").map(key).unwrap_or_default(),
        Value::String(text) => names::fold(text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => value.to_string(),
    }
}

/// RFC 7643 section 2.4: (`value`, `type`) tells values apart. Without a `value`, whatever the second one says must be in the first.
fn same_value(present: &Value, given: &Value, attribute: &Attribute) -> bool {
    let (Value::Object(present), Value::Object(given)) = (present, given) else {
        return equal(present, given, attribute);
    };
    let same_part = |name: &str| match (names::get(present, name), names::get(given, name), attribute.sub_attribute(name)) {
        (Some(a), Some(b), Some(part)) => Some(equal(a, b, part)),
        (Some(a), Some(b), None) => Some(a == b),
        (None, _, _) | (_, None, _) => None,
    };
    match same_part("value") {
        Some(same) => same && same_part("type").unwrap_or(true),
        None if names::key(present, "value").is_some() || names::key(given, "value").is_some() => false,
        None => given.keys().all(|name| same_part(name) == Some(true)),
    }
}
