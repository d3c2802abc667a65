//! The smallest sensible PATCH from one resource to another (RFC 7644 section 3.5.2).
//!
//! Flow: attribute by attribute of the schemas; complex ones by sub-attribute, values of lists one by one where they have a
//! `value` that tells them apart (module `values`), everything else as a whole.
//!
//! Guarantees: for two resources in the form that [`crate::validate::normalize`] gives, carrying the result out on `before`
//! makes it `after`; equal resources give no operations. Members of groups (lists whose `value` is immutable) are a set: they
//! are the same in another order. Every other list keeps its order, because a list may be sorted by its first value (RFC 7644
//! section 3.4.2.3).
//!
//! Caveats: what is the provider's (read-only attributes, `schemas`) and what no schema knows is passed over. A change that
//! the schemas forbid, such as one of an immutable attribute, is written down all the same, for the provider to refuse. An
//! empty result is no valid body: send nothing then. Both resources are the caller's own, not a stranger's, so there are no limits
//! here; what they can hold was limited when they came in.

mod values;

use crate::patch::{PatchOp, PatchOperation, PatchRequest};
use crate::path::PatchPath;
use crate::schema::{Attribute, AttributeType, Found, Mutability, Schema, Schemas};
use crate::{Resource, names};
use serde_json::Value;
use std::collections::BTreeSet;

/// The operations that make `before` into `after`. See the [module](self) for what it promises.
///
/// ```
/// use provost_scim::{Leniency, Resource, Schemas, apply, diff};
/// use serde_json::{Value, json};
///
/// let group = |members: Value| -> Resource {
///     serde_json::from_value(json!({ "displayName": "Guides", "members": members })).unwrap()
/// };
/// let before = group(json!([{ "value": "1" }, { "value": "2" }, { "value": "3" }]));
/// let after = group(json!([{ "value": "1" }, { "value": "3" }, { "value": "4" }]));
///
/// let patch = diff(&before, &after, &Schemas::group());
/// assert_eq!(serde_json::to_value(&patch).unwrap()["Operations"], json!([
///     { "op": "remove", "path": "members[value eq \"2\"]" },
///     { "op": "add", "path": "members", "value": [{ "value": "4" }] },
/// ]));
///
/// let mut patched = before.clone();
/// apply(&mut patched, &patch, &Schemas::group(), &Leniency::NONE).unwrap();
/// assert_eq!(patched["members"], after["members"]);
/// assert!(diff(&after, &after, &Schemas::group()).operations.is_empty());
/// ```
pub fn diff(before: &Resource, after: &Resource, schemas: &Schemas) -> PatchRequest {
    let mut differ = Differ { schemas, operations: Vec::new() };
    for attribute in schemas.base.attributes.iter().chain(&schemas.common) {
        let place = Place { extension: None, name: &attribute.name, attribute };
        differ.attribute(place, names::get(before, &attribute.name), names::get(after, &attribute.name));
    }
    let none = Resource::new();
    for extension in &schemas.extensions {
        let (before, after) = (members_of(before, extension), members_of(after, extension));
        differ.extension(extension, before.unwrap_or(&none), after.unwrap_or(&none));
    }
    PatchRequest { operations: differ.operations }
}

fn members_of<'r>(resource: &'r Resource, extension: &Schema) -> Option<&'r Resource> {
    names::get(resource, &extension.id)?.as_object()
}

/// An attribute and where it is.
#[derive(Clone, Copy)]
struct Place<'a> {
    extension: Option<&'a Schema>,
    /// As the resource spells it: of an open schema's attribute only that tells.
    name: &'a str,
    attribute: &'a Attribute,
}

impl Place<'_> {
    fn path(&self) -> String {
        match self.extension {
            Some(extension) => format!("{}:{}", extension.id, self.name),
            None => self.name.to_owned(),
        }
    }

    /// Names that nobody declared may be anything, and what looks like a path may be another one.
    fn is_reached_by_path(&self, schemas: &Schemas) -> bool {
        let Ok(PatchPath { attribute: path, filter: None }) = PatchPath::parse(&self.path()) else { return false };
        path.sub_attribute.is_none()
            && path.attribute == self.name
            && matches!(schemas.find(&path), Some(Found::Attribute { extension, .. })
                if extension.map(|found| &found.id) == self.extension.map(|own| &own.id))
    }
}

struct Differ<'a> {
    schemas: &'a Schemas,
    operations: Vec<PatchOperation>,
}

impl Differ<'_> {
    fn push(&mut self, op: PatchOp, path: String, value: Option<Value>) {
        self.operations.push(PatchOperation { op, path: Some(path), value });
    }

    fn extension(&mut self, extension: &Schema, before: &Resource, after: &Resource) {
        let mut seen = BTreeSet::new();
        for name in before.keys().chain(after.keys()) {
            if seen.insert(name.to_ascii_lowercase())
                && let Some(attribute) = self.schemas.extension_attribute(extension, name)
            {
                let name = if attribute.kind == AttributeType::Any { name } else { &attribute.name };
                let place = Place { extension: Some(extension), name, attribute };
                self.attribute(place, names::get(before, name), names::get(after, name));
            }
        }
    }

    fn attribute(&mut self, place: Place<'_>, before: Option<&Value>, after: Option<&Value>) {
        let attribute = place.attribute;
        if attribute.mutability == Mutability::ReadOnly || (place.extension.is_none() && names::same(place.name, "schemas")) {
            return;
        }
        let before = before.filter(|value| is_assigned(value, attribute));
        let after = after.filter(|value| is_assigned(value, attribute));
        if before.is_none() && after.is_none() || before.zip(after).is_some_and(|(before, after)| same(before, after, attribute))
        {
            return;
        }
        if !place.is_reached_by_path(self.schemas) {
            return self.without_path(place, before, after);
        }
        let path = place.path();
        match (before, after) {
            (None, Some(after)) => self.push(op_for_new(after, attribute), path, Some(owned(after, attribute))),
            (Some(_), None) => self.push(PatchOp::Remove, path, None),
            (Some(before), Some(after)) if attribute.multi_valued => self.values(place, before, after),
            (Some(Value::Object(before)), Some(Value::Object(after))) if attribute.kind == AttributeType::Complex => {
                self.parts(&path, before, after, attribute);
            }
            // The values of an attribute that nobody declared: one in the place of several would become a list of one.
            (Some(Value::Array(_)), Some(after)) if !after.is_array() => {
                self.push(PatchOp::Remove, path.clone(), None);
                self.push(PatchOp::Add, path, Some(after.clone()));
            }
            (Some(_), Some(after)) => self.push(PatchOp::Replace, path, Some(owned(after, attribute))),
            (None, None) => {}
        }
    }

    /// Each part of a complex value that differs; `path` is the value's.
    fn parts(&mut self, path: &str, before: &Resource, after: &Resource, attribute: &Attribute) {
        for part in attribute.sub_attributes.iter().filter(|part| part.mutability != Mutability::ReadOnly) {
            let of = |members| part_of(members, part);
            let path = format!("{path}.{}", part.name);
            match (of(before), of(after)) {
                (Some(before), Some(after)) if before == after => {}
                (Some(_), Some(after)) => self.push(PatchOp::Replace, path, Some(after.clone())),
                (None, Some(after)) => self.push(op_for_new(after, part), path, Some(after.clone())),
                (Some(_), None) => self.push(PatchOp::Remove, path, None),
                (None, None) => {}
            }
        }
    }

    /// RFC 7644 section 3.5.2.1: without a path the value says which attributes are meant; null unassigns (RFC 7643 section 2.5).
    fn without_path(&mut self, place: Place<'_>, before: Option<&Value>, after: Option<&Value>) {
        let mut push = |value: Value| {
            let mut value = Value::Object(Resource::from_iter([(place.name.to_owned(), value)]));
            if let Some(extension) = place.extension {
                value = Value::Object(Resource::from_iter([(extension.id.clone(), value)]));
            }
            self.operations.push(PatchOperation { op: PatchOp::Replace, path: None, value: Some(value) });
        };
        // A value that would be merged with what is there makes room for itself first.
        let merges = before.is_some_and(|before| before.is_array() || before.is_object());
        if after.is_none() || merges {
            push(Value::Null);
        }
        if let Some(after) = after {
            push(owned(after, place.attribute));
        }
    }
}

/// What gives an attribute or a part a value that had none. RFC 7644 section 3.5.2.1, of an add: "If the target location specifies a
/// multi-valued attribute, a new value is added to the attribute". One with the `value` of another is not new, so a list in which
/// values cannot be told apart comes as a replacement.
fn op_for_new(value: &Value, attribute: &Attribute) -> PatchOp {
    let is_alike = attribute.multi_valued && values::identities(value, attribute).is_none();
    if is_alike { PatchOp::Replace } else { PatchOp::Add }
}

/// Whether there is anything of the client's in it.
fn is_assigned(value: &Value, attribute: &Attribute) -> bool {
    match (attribute.kind, value) {
        (AttributeType::Complex, Value::Object(members)) => attribute
            .sub_attributes
            .iter()
            .any(|part| part.mutability != Mutability::ReadOnly && part_of(members, part).is_some()),
        (_, value) => !names::is_unassigned(value),
    }
}

fn part_of<'v>(members: &'v Resource, part: &Attribute) -> Option<&'v Value> {
    names::get(members, &part.name).filter(|value| !names::is_unassigned(value))
}

/// Whether two values are the same to the client.
fn same(before: &Value, after: &Value, attribute: &Attribute) -> bool {
    match (before, after) {
        (Value::Array(before), Value::Array(after)) => {
            before.len() == after.len() && before.iter().zip(after).all(|(before, after)| same(before, after, attribute))
        }
        (Value::Object(before), Value::Object(after)) if attribute.kind == AttributeType::Complex => attribute
            .sub_attributes
            .iter()
            .filter(|part| part.mutability != Mutability::ReadOnly)
            .all(|part| part_of(before, part) == part_of(after, part)),
        (before, after) => before == after,
    }
}

/// What of a value is the client's to send.
fn owned(value: &Value, attribute: &Attribute) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.iter().map(|item| owned(item, attribute)).collect()),
        Value::Object(members) if attribute.kind == AttributeType::Complex => {
            let parts = attribute.sub_attributes.iter().filter(|part| part.mutability != Mutability::ReadOnly);
            let sent = parts.filter_map(|part| Some((part.name.clone(), part_of(members, part)?.clone())));
            Value::Object(sent.collect())
        }
        other => other.clone(),
    }
}
