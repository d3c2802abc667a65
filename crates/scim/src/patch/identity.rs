//! Which values of a multi-valued attribute are the same one (RFC 7643 section 2.4), found without comparing each with each.

use crate::schema::{Attribute, Mutability};
use crate::{names, order};
use serde_json::Value;
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
        let Value::Object(members) = item else {
            return Self { value: text(item, attribute), kind: None };
        };
        let Some(value) = names::get(members, "value") else {
            let parts: BTreeMap<String, String> =
                members.iter().map(|(name, value)| (names::fold(name), value.to_string())).collect();
            return Self { value: format!("{parts:?}"), kind: None };
        };
        let rules = attribute.sub_attribute("value").unwrap_or(attribute);
        let kind = names::get(members, "type").filter(|_| rules.mutability != Mutability::Immutable);
        Self { value: text(value, rules), kind: kind.map(plain) }
    }
}

fn text(value: &Value, attribute: &Attribute) -> String {
    match value {
        Value::String(text) => attribute.comparison_key(text).into_owned(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

fn plain(value: &Value) -> String {
    names::fold(value.as_str().unwrap_or_default())
}

/// Where each value of a list stands.
pub(super) struct Index<'a> {
    attribute: &'a Attribute,
    exact: BTreeMap<Identity, usize>,
    of_any_type: BTreeMap<String, usize>,
}

impl<'a> Index<'a> {
    pub(super) fn of(items: &[Value], attribute: &'a Attribute) -> Self {
        let mut index = Self { attribute, exact: BTreeMap::new(), of_any_type: BTreeMap::new() };
        for (position, item) in items.iter().enumerate() {
            index.insert(item, position);
        }
        index
    }

    /// Of several same values the first one counts.
    pub(super) fn insert(&mut self, item: &Value, position: usize) {
        let identity = Identity::of(item, self.attribute);
        self.of_any_type.entry(identity.value.clone()).or_insert(position);
        self.exact.entry(identity).or_insert(position);
    }

    /// Forgets a value that is about to change.
    pub(super) fn remove(&mut self, item: &Value, position: usize) {
        let identity = Identity::of(item, self.attribute);
        if self.exact.get(&identity) == Some(&position) {
            self.exact.remove(&identity);
        }
    }

    /// Where the same value stands: the same `value`, and the same `type` unless one of the two has none.
    pub(super) fn find(&self, item: &Value) -> Option<usize> {
        let identity = Identity::of(item, self.attribute);
        if identity.kind.is_none() {
            return self.of_any_type.get(&identity.value).copied();
        }
        let without_type = || self.exact.get(&Identity { value: identity.value.clone(), kind: None });
        self.exact.get(&identity).or_else(without_type).copied()
    }
}

/// [`Index::find`] for a single value, without an index: one operation with one value is the usual case.
pub(super) fn find(items: &[Value], item: &Value, attribute: &Attribute) -> Option<usize> {
    let Some(value) = value_of(item) else { return Index::of(items, attribute).find(item) };
    let rules = attribute.sub_attribute("value").unwrap_or(attribute);
    let kind_of = |item: &Value| {
        let kind = item.as_object().and_then(|members| names::get(members, "type"));
        kind.filter(|_| rules.mutability != Mutability::Immutable).map(plain)
    };
    let kind = kind_of(item);
    let mut without_type = None;
    for (position, other) in items.iter().enumerate() {
        if value_of(other).is_none_or(|other| order::of_texts(other, value, rules).is_ne()) {
            continue;
        }
        match (&kind, kind_of(other)) {
            (None, _) => return Some(position),
            (Some(kind), Some(other)) if *kind == other => return Some(position),
            (Some(_), None) => without_type = without_type.or(Some(position)),
            (Some(_), Some(_)) => {}
        }
    }
    without_type
}

fn value_of(item: &Value) -> Option<&str> {
    names::get(item.as_object()?, "value")?.as_str()
}
