//! References between the operations of a bulk request (RFC 7644 sections 3.7.1 and 3.7.2): `"bulkId:ada"` stands for the id that
//! the POST with the bulkId `ada` will have given its resource.

use super::bulk::BulkOperation;
use super::{Method, rules};
use crate::error::ScimError;
use crate::path::shortened;
use crate::{Resource, names};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const PREFIX: &str = "bulkId:";

/// One step of carrying out a bulk request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// The operation itself.
    Run {
        /// Which.
        index: usize,
        /// References to resources that can only be made afterwards: they are left out for now.
        without: Vec<String>,
    },
    /// What was left out.
    Complete {
        /// Of which operation.
        index: usize,
    },
}

impl Step {
    pub(super) const fn index(&self) -> usize {
        match self {
            Self::Run { index, .. } | Self::Complete { index } => *index,
        }
    }
}

/// The steps in an order in which every reference finds its resource: the order of the request, but what is referred to comes
/// first, and where operations refer to each other in a circle one of them is completed at the end.
pub(super) fn steps(operations: &[BulkOperation]) -> Vec<Step> {
    let made: BTreeMap<&str, usize> = operations
        .iter()
        .enumerate()
        .filter(|(_, operation)| operation.method == Method::Post)
        .filter_map(|(index, operation)| Some((operation.bulk_id.as_deref()?, index)))
        .collect();
    let mut walk = Walk { operations, made, places: vec![Place::New; operations.len()], steps: Vec::new(), open: Vec::new() };
    for index in 0..operations.len() {
        walk.visit(index);
        let open = std::mem::take(&mut walk.open);
        walk.steps.extend(open.into_iter().map(|index| Step::Complete { index }));
    }
    walk.steps
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    New,
    OnTheWay,
    Done,
}

struct Walk<'a> {
    operations: &'a [BulkOperation],
    /// bulkId → operation that makes it.
    made: BTreeMap<&'a str, usize>,
    places: Vec<Place>,
    steps: Vec<Step>,
    /// Operations that want completing.
    open: Vec<usize>,
}

impl Walk<'_> {
    /// As deep as the longest chain of references: no deeper than a request has operations.
    fn visit(&mut self, index: usize) {
        if self.places[index] != Place::New {
            return;
        }
        self.places[index] = Place::OnTheWay;
        let mut without = Vec::new();
        for name in references(&self.operations[index]) {
            let Some(&target) = self.made.get(name.as_str()) else { continue };
            self.visit(target);
            if self.places[target] == Place::OnTheWay {
                without.push(name);
            }
        }
        if !without.is_empty() {
            self.open.push(index);
        }
        self.steps.push(Step::Run { index, without });
        self.places[index] = Place::Done;
    }
}

fn references(operation: &BulkOperation) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let path = operation.path.split('?').next().unwrap_or_default();
    found.extend(path.split('/').filter_map(|segment| segment.strip_prefix(PREFIX)).map(str::to_owned));
    for value in operation.data.iter().flat_map(Resource::values) {
        collect(value, &mut found);
    }
    found
}

fn collect(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => found.extend(text.strip_prefix(PREFIX).map(str::to_owned)),
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(members) => members.values().for_each(|member| collect(member, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn holds_any(value: &Value, wanted: &[String]) -> bool {
    let mut found = BTreeSet::new();
    collect(value, &mut found);
    wanted.iter().any(|name| found.contains(name))
}

/// Takes what holds one of these references out of a new resource: single values of attributes with several, otherwise whole
/// attributes. The answer is the operations of the PATCH that puts it back.
pub(super) fn take_out(data: &mut Resource, wanted: &[String]) -> Vec<Value> {
    let mut operations = Vec::new();
    if wanted.is_empty() {
        return operations;
    }
    for name in data.keys().cloned().collect::<Vec<_>>() {
        match data.get_mut(&name) {
            // RFC 7643 section 3.3: an extension's attributes stand below its URN.
            Some(Value::Object(members)) if is_urn(&name) => {
                for part in members.keys().cloned().collect::<Vec<_>>() {
                    operations.extend(take_from(members, &part, &format!("{name}:{part}"), wanted));
                }
            }
            Some(_) => operations.extend(take_from(data, &name, &name, wanted)),
            None => {}
        }
    }
    operations
}

fn is_urn(name: &str) -> bool {
    name.get(..4).is_some_and(|start| names::same(start, "urn:"))
}

fn take_from(members: &mut Resource, name: &str, path: &str, wanted: &[String]) -> Option<Value> {
    let value = members.get_mut(name).filter(|value| holds_any(value, wanted))?;
    let taken = match value {
        Value::Array(items) => {
            let (taken, kept) = std::mem::take(items).into_iter().partition(|item| holds_any(item, wanted));
            *items = kept;
            Value::Array(taken)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => members.shift_remove(name)?,
    };
    Some(json!({ "op": "add", "path": path, "value": taken }))
}

/// Puts ids in the place of references.
pub(super) fn resolve_object(data: &mut Resource, ids: &BTreeMap<String, String>) -> Result<(), ScimError> {
    data.values_mut().try_for_each(|value| resolve(value, ids))
}

/// The same in any value.
pub(super) fn resolve(value: &mut Value, ids: &BTreeMap<String, String>) -> Result<(), ScimError> {
    match value {
        Value::String(text) => {
            if let Some(name) = text.strip_prefix(PREFIX) {
                *text = id_of(name, ids)?.to_owned();
            }
            Ok(())
        }
        Value::Array(items) => items.iter_mut().try_for_each(|item| resolve(item, ids)),
        Value::Object(members) => resolve_object(members, ids),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

/// The path with ids in the place of references.
pub(super) fn resolved_path(path: &str, ids: &BTreeMap<String, String>) -> Result<String, ScimError> {
    let segments = path.split('/').map(|segment| match segment.strip_prefix(PREFIX) {
        Some(name) => id_of(name, ids).map(rules::encoded),
        None => Ok(segment.to_owned()),
    });
    Ok(segments.collect::<Result<Vec<_>, _>>()?.join("/"))
}

/// RFC 7644 section 3.7.2: a reference that cannot be resolved fails its operation with 409.
fn id_of<'a>(name: &str, ids: &'a BTreeMap<String, String>) -> Result<&'a str, ScimError> {
    ids.get(name).map(String::as_str).ok_or_else(|| ScimError {
        status: 409,
        ..ScimError::invalid_value(format!("\"bulkId:{}\" names no resource that this request has made.", shortened(name)))
    })
}
