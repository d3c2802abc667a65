//! Lists of values: only what changed of them, where each value can be told from the others.

use super::{Differ, Place, owned, part_of, same};
use crate::filter::{CompareOperator, Filter, Literal, TERMS_MAX};
use crate::order::equal;
use crate::patch::{OPERATIONS_MAX, PatchOp, carry_fixed_parts};
use crate::path::{AttributePath, LENGTH_BYTES_MAX, PatchPath};
use crate::schema::{Attribute, AttributeType, Mutability};
use crate::value::Name;
use crate::{Resource, names};
use serde_json::Value;
use std::collections::BTreeMap;

/// More removals than this share operations: a provider answers many short paths more surely than few long ones.
const REMOVALS_ALONE_MAX: usize = 100;

/// What happens to the values of a list.
struct Changes<'a> {
    removed: Vec<&'a str>,
    /// `value` before, the value before, the value after.
    changed: Vec<(&'a str, &'a Resource, &'a Resource)>,
    added: Vec<Value>,
}

impl Differ<'_> {
    /// A list that has values before and after, and not the same ones.
    pub(super) fn values(&mut self, place: Place<'_>, before: &Value, after: &Value) {
        let operations = self.operations.len();
        let Some(changes) = changes(before, after, place.attribute) else { return self.whole(place, before, after) };
        let path = place.path();
        let done = self.removals(place, &changes.removed).is_some() && self.changes(place, &changes.changed).is_some();
        // The whole list is the smaller request when little of it stays.
        let made = self.operations.len() - operations;
        if !done || made > OPERATIONS_MAX / 2 || made > after.as_array().map_or(1, Vec::len) {
            self.operations.truncate(operations);
            return self.whole(place, before, after);
        }
        if !changes.added.is_empty() {
            self.push(PatchOp::Add, path, Some(Value::Array(changes.added)));
        }
    }

    /// RFC 7644 section 3.5.2.3: replacing without a filter replaces all values. The parts of values that stay, and which are
    /// fixed, come with them from before; where `after` wants others, the list is removed first.
    fn whole(&mut self, place: Place<'_>, before: &Value, after: &Value) {
        let (before, after) = (owned(before, place.attribute), owned(after, place.attribute));
        let mut carried = after.clone();
        let is_refused = carry_fixed_parts(Name::of(place.name), &before, &mut carried, place.attribute).is_err();
        if (is_refused || carried != after) && !place.attribute.required {
            self.push(PatchOp::Remove, place.path(), None);
        }
        self.push(PatchOp::Replace, place.path(), Some(after));
    }

    /// `None` when a path cannot say which values are meant.
    fn removals(&mut self, place: Place<'_>, removed: &[&str]) -> Option<()> {
        let terms_max = if removed.len() > REMOVALS_ALONE_MAX { TERMS_MAX } else { 1 };
        let mut left = removed;
        while !left.is_empty() {
            let mut count = terms_max.min(left.len());
            let path = loop {
                match path_to(place, &left[..count]) {
                    Some(path) => break path,
                    None if count == 1 => return None,
                    None => count = count.div_ceil(2),
                }
            };
            self.push(PatchOp::Remove, path, None);
            left = &left[count..];
        }
        Some(())
    }

    /// RFC 7644 section 3.5.2: a value that becomes primary takes that from another one, so those that stop being primary come
    /// first.
    fn changes(&mut self, place: Place<'_>, changed: &[(&str, &Resource, &Resource)]) -> Option<()> {
        let becomes_primary = |members: &Resource| names::get(members, "primary") == Some(&Value::Bool(true));
        let (last, first): (Vec<_>, Vec<_>) = changed.iter().partition(|(_, _, after)| becomes_primary(after));
        for (value, before, after) in first.into_iter().chain(last) {
            let path = path_to(place, &[value])?;
            self.parts(&path, before, after, place.attribute);
        }
        Some(())
    }
}

/// `emails[value eq "…"]`, if that can be read back.
fn path_to(place: Place<'_>, values: &[&str]) -> Option<String> {
    let is = |value: &&str| Filter::Compare {
        path: AttributePath::of("value"),
        operator: CompareOperator::Equal,
        value: Literal::String((*value).to_owned()),
    };
    let filter = match values {
        [value] => is(value),
        values => Filter::Or(values.iter().map(is).collect()),
    };
    let path = format!("{}[{filter}]", place.path());
    let longest = place.attribute.sub_attributes.iter().map(|part| part.name.len() + 1).max().unwrap_or(0);
    (path.len() + longest <= LENGTH_BYTES_MAX && PatchPath::parse(&path).is_ok()).then_some(path)
}

/// The values of a list by what tells them apart. `None` when that is not given for all of them.
pub(super) fn identities<'a>(list: &'a Value, attribute: &Attribute) -> Option<BTreeMap<String, &'a Value>> {
    let items = list.as_array()?;
    let rules = match attribute.kind {
        AttributeType::Complex => attribute.sub_attribute("value").filter(|part| !part.multi_valued)?,
        AttributeType::String
        | AttributeType::Boolean
        | AttributeType::Decimal
        | AttributeType::Integer
        | AttributeType::DateTime
        | AttributeType::Binary
        | AttributeType::Reference
        | AttributeType::Any => attribute,
    };
    if !matches!(rules.kind, AttributeType::String | AttributeType::Reference | AttributeType::Binary) {
        return None;
    }
    let mut found = BTreeMap::new();
    for item in items {
        let key = rules.comparison_key(value_of(item)?).into_owned();
        if found.insert(key, item).is_some() {
            return None;
        }
    }
    Some(found)
}

fn value_of(item: &Value) -> Option<&str> {
    match item {
        Value::Object(members) => names::get(members, "value")?.as_str(),
        Value::String(text) => Some(text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    }
}

/// What becomes of each value. `None` when the list is better replaced as a whole: values cannot be told apart, none stays,
/// or those that stay would end in another order.
fn changes<'a>(before: &'a Value, after: &'a Value, attribute: &Attribute) -> Option<Changes<'a>> {
    let (known, wanted) = (identities(before, attribute)?, identities(after, attribute)?);
    let rules = attribute.sub_attribute("value").unwrap_or(attribute);
    let is_set = rules.mutability == Mutability::Immutable;
    let mut changes = Changes { removed: Vec::new(), changed: Vec::new(), added: Vec::new() };
    let mut staying = Vec::new();
    for item in before.as_array()? {
        let value = value_of(item)?;
        match wanted.get(rules.comparison_key(value).as_ref()) {
            Some(next) if !is_another(item, next, attribute) => {
                staying.push(value_of(next)?);
                if let (Value::Object(before), Value::Object(after)) = (item, next)
                    && !same(item, next, attribute)
                {
                    changes.changed.push((value, before, after));
                } else if item.is_string() && item != *next {
                    return None;
                }
            }
            Some(_) | None => changes.removed.push(value),
        }
    }
    for item in after.as_array()? {
        let known = known.get(rules.comparison_key(value_of(item)?).as_ref());
        if known.is_none_or(|previous| is_another(previous, item, attribute)) {
            changes.added.push(owned(item, attribute));
        }
    }
    // What is added comes last.
    let keeps_order = || after.as_array().into_iter().flatten().map(value_of).zip(&staying).all(|(a, b)| a == Some(*b));
    // A path that selects among plain values is rarely understood.
    let selects_plain = attribute.kind != AttributeType::Complex && !changes.removed.is_empty();
    (!staying.is_empty() && !selects_plain && (is_set || keeps_order())).then_some(changes)
}

/// Whether a value with the same `value` cannot be made into `after`, because an immutable part of it differs.
fn is_another(before: &Value, after: &Value, attribute: &Attribute) -> bool {
    let (Value::Object(before), Value::Object(after)) = (before, after) else { return before.is_object() != after.is_object() };
    attribute.sub_attributes.iter().filter(|part| part.mutability == Mutability::Immutable).any(|part| {
        match (part_of(before, part), part_of(after, part)) {
            (Some(before), Some(after)) => !equal(before, after, part),
            (Some(_), None) => true,
            (None, Some(_) | None) => false,
        }
    })
}
