//! References between the operations of a bulk request (RFC 7644 sections 3.7.1 and 3.7.2): `"bulkId:ada"` stands for the id that
//! the POST with the bulkId `ada` will have given its resource.

use super::bulk::BulkOperation;
use super::{Method, rules};
use crate::error::ScimError;
use crate::filter::{Filter, FilterNode, Literal};
use crate::path::{PatchPath, shortened};
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
    collect_segments(operation.path.split('?').next().unwrap_or_default(), &mut found);
    let Some(data) = &operation.data else { return found };
    data.values().for_each(|value| collect(value, &mut found));
    if operation.method == Method::Patch {
        for filter in patch_operations(data).filter_map(|operation| referring_path(operation)?.filter) {
            filter.walk(&mut |node| {
                if let Filter::Compare { value: Literal::String(text), .. } = node {
                    found.extend(text.strip_prefix(PREFIX).map(str::to_owned));
                }
            });
        }
    }
    found
}

fn collect(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => found.extend(text.strip_prefix(PREFIX).map(str::to_owned)),
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(members) => members.iter().for_each(|(name, member)| match member {
            Value::String(text) if is_uri(name) => collect_segments(text, found),
            member => collect(member, found),
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn collect_segments(path: &str, found: &mut BTreeSet<String>) {
    found.extend(path.split('/').filter_map(|segment| segment.strip_prefix(PREFIX)).map(str::to_owned));
}

/// RFC 7643 section 2.4: `$ref` is the URI of a resource, whose last part is the id.
fn is_uri(name: &str) -> bool {
    names::same(name, "$ref")
}

fn patch_operations(data: &Resource) -> impl Iterator<Item = &Resource> {
    names::get(data, "Operations").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

/// The path of an operation of a PATCH, where it may hold references. One that cannot be read is not ours to refuse.
fn referring_path(operation: &Resource) -> Option<PatchPath> {
    let text = names::get(operation, "path")?.as_str().filter(|text| text.contains(PREFIX))?;
    PatchPath::parse(text.trim()).ok()
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
            Some(Value::Object(members)) if is_extension(&name) => {
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

/// No attribute's name has a colon.
fn is_extension(name: &str) -> bool {
    name.contains(':')
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

/// Puts ids in the place of references in the data of an operation.
pub(super) fn resolve_data(method: Method, data: &mut Resource, ids: &BTreeMap<String, String>) -> Result<(), ScimError> {
    if method == Method::Patch {
        let operations = names::get_mut(data, "Operations").and_then(Value::as_array_mut).into_iter().flatten();
        for operation in operations.filter_map(Value::as_object_mut) {
            if let Some(PatchPath { attribute, filter: Some(filter) }) = referring_path(operation) {
                let path = PatchPath { attribute, filter: Some(resolved_filter(&filter, ids)?) };
                names::set(operation, "path", Value::String(path.to_string()));
            }
        }
    }
    resolve_object(data, ids)
}

fn resolved_filter(filter: &Filter, ids: &BTreeMap<String, String>) -> Result<Filter, ScimError> {
    filter.fold(&mut |node| {
        Ok(match node {
            FilterNode::And(parts) => Filter::And(parts),
            FilterNode::Or(parts) => Filter::Or(parts),
            FilterNode::Not(inner) => Filter::Not(Box::new(inner)),
            FilterNode::Compare { path, operator, value, .. } => {
                let value = match value {
                    Literal::String(text) => match text.strip_prefix(PREFIX) {
                        Some(name) => Literal::String(id_of(name, ids)?.to_owned()),
                        None => value.clone(),
                    },
                    Literal::Number(_) | Literal::Boolean(_) | Literal::Null => value.clone(),
                };
                Filter::Compare { path: path.clone(), operator, value }
            }
            FilterNode::Present { path, .. } => Filter::Present(path.clone()),
            FilterNode::Values { path, filter } => Filter::Values { path: path.clone(), filter: Box::new(filter) },
        })
    })
}

fn resolve_object(data: &mut Resource, ids: &BTreeMap<String, String>) -> Result<(), ScimError> {
    data.iter_mut().try_for_each(|(name, value)| match value {
        Value::String(text) if is_uri(name) => {
            *text = resolved_path(text, ids)?;
            Ok(())
        }
        value => resolve(value, ids),
    })
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
