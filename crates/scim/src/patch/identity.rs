//! Which values of a multi-valued attribute are the same one (RFC 7643 section 2.4), found without comparing each with each.

use crate::schema::{Attribute, Mutability};
use crate::{names, order};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What tells a value from the others: its `value`, and its `type` where it has one. An immutable `value`, such as a
/// member's id, is enough alone. A value without `value` is told by all that it says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Identity {
    value: String,
    kind: Option<String>,
}

impl Identity {
    pub(super) fn of(item: &Value, attribute: &Attribute) -> Self {
        Self { value: value_key(item, attribute).into_owned(), kind: kind_of(item, attribute) }
    }
}

/// What the `value` is compared by.
fn value_key<'i>(item: &'i Value, attribute: &Attribute) -> Cow<'i, str> {
    let Value::Object(members) = item else { return text(item, attribute) };
    if let Some(value) = names::get(members, "value") {
        return text(value, value_rules(attribute));
    }
    let parts: BTreeMap<String, String> =
        members.iter().map(|(name, value)| (names::text_key(name), value.to_string())).collect();
    Cow::Owned(format!("{parts:?}"))
}

fn text<'v>(value: &'v Value, attribute: &Attribute) -> Cow<'v, str> {
    match value {
        Value::String(text) => attribute.comparison_key(text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => Cow::Owned(value.to_string()),
    }
}

/// The `type` of a value that is told by it.
fn kind_of(item: &Value, attribute: &Attribute) -> Option<String> {
    let members = item.as_object().filter(|members| is_told_by_type(attribute) && names::key(members, "value").is_some())?;
    names::get(members, "type").map(|kind| names::text_key(kind.as_str().unwrap_or_default()))
}

fn is_told_by_type(attribute: &Attribute) -> bool {
    value_rules(attribute).mutability != Mutability::Immutable
}

fn value_rules(attribute: &Attribute) -> &Attribute {
    attribute.sub_attribute("value").unwrap_or(attribute)
}

/// Where each value of a list stands.
pub(super) struct Index<'a> {
    attribute: &'a Attribute,
    by_value: BTreeMap<String, Places>,
}

/// Where the values with one and the same `value` stand.
struct Places {
    /// The one that was met first.
    first: usize,
    /// Each by its `type`, where that tells them apart.
    by_type: BTreeMap<Option<String>, usize>,
}

impl<'a> Index<'a> {
    pub(super) fn of(items: &[Value], attribute: &'a Attribute) -> Self {
        if is_told_by_type(attribute) {
            let mut index = Self { attribute, by_value: BTreeMap::new() };
            for (position, item) in items.iter().enumerate() {
                index.insert(item, position);
            }
            return index;
        }
        // Such lists are long. All at once is quicker, and of several with one key the last one stays: the first of the list.
        let places = |first| Places { first, by_type: BTreeMap::new() };
        let from_last = items.iter().enumerate().rev();
        let by_value = from_last.map(|(position, item)| (value_key(item, attribute).into_owned(), places(position))).collect();
        Self { attribute, by_value }
    }

    /// Whether bringing a value up to date can make it one that is told apart otherwise.
    pub(super) fn depends_on_type(&self) -> bool {
        is_told_by_type(self.attribute)
    }

    /// Of several same values the first one counts.
    pub(super) fn insert(&mut self, item: &Value, position: usize) {
        let value = value_key(item, self.attribute).into_owned();
        let places = self.by_value.entry(value).or_insert(Places { first: position, by_type: BTreeMap::new() });
        if is_told_by_type(self.attribute) {
            places.by_type.entry(kind_of(item, self.attribute)).or_insert(position);
        }
    }

    /// Forgets a value that is about to change.
    pub(super) fn remove(&mut self, item: &Value, position: usize) {
        let Some(places) = self.by_value.get_mut(value_key(item, self.attribute).as_ref()) else { return };
        let kind = kind_of(item, self.attribute);
        if places.by_type.get(&kind) == Some(&position) {
            places.by_type.remove(&kind);
        }
    }

    /// Where the same value stands: the same `value`, and the same `type` unless one of the two has none.
    pub(super) fn find(&self, item: &Value) -> Option<usize> {
        let places = self.by_value.get(value_key(item, self.attribute).as_ref())?;
        match kind_of(item, self.attribute) {
            None => Some(places.first),
            kind => places.by_type.get(&kind).or_else(|| places.by_type.get(&None)).copied(),
        }
    }
}

/// [`Index::find`] for a single value, without an index: one operation with one value is the usual case.
pub(super) fn find(items: &[Value], item: &Value, attribute: &Attribute) -> Option<usize> {
    let Some(value) = value_of(item) else { return Index::of(items, attribute).find(item) };
    let rules = value_rules(attribute);
    let kind = kind_of(item, attribute);
    let mut without_type = None;
    for (position, other) in items.iter().enumerate() {
        if value_of(other).is_none_or(|other| order::of_texts(other, value, rules).is_ne()) {
            continue;
        }
        match (&kind, kind_of(other, attribute)) {
            (None, _) => return Some(position),
            (Some(kind), Some(other)) if *kind == other => return Some(position),
            (Some(_), None) => without_type = without_type.or(Some(position)),
            (Some(_), Some(_)) => {}
        }
    }
    without_type
}

/// Whether two values are the same one: the same `value` and the same `type`.
pub(super) fn same(a: &Value, b: &Value, attribute: &Attribute) -> bool {
    let is_same_value = match (value_of(a), value_of(b)) {
        (Some(a), Some(b)) => order::of_texts(a, b, value_rules(attribute)).is_eq(),
        _ => value_key(a, attribute) == value_key(b, attribute),
    };
    is_same_value && kind_of(a, attribute) == kind_of(b, attribute)
}

fn value_of(item: &Value) -> Option<&str> {
    names::get(item.as_object()?, "value")?.as_str()
}
