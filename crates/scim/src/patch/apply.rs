//! Carrying out a PATCH (RFC 7644 sections 3.5.2.1 to 3.5.2.3).

use super::chosen::parts_of_several;
use super::cost::Budget;
use super::fixed::carry_fixed_parts;
use super::removal::remove_alike;
use super::resolve::{ResolvedOperation, Target, is_schemas, resolve, target_name};
use super::values::{add_in_turn, add_values, merge, primaries, remove_values, set_part, settle_primaries};
use super::{PatchOp, PatchRequest};
use crate::error::ScimError;
use crate::filter::Filter;
use crate::leniency::{Leniency, deviations};
use crate::schema::{AttributeType, Mutability, Schema, Schemas};
use crate::value::{Name, values_max};
use crate::{Resource, names, validate};
use serde_json::Value;

/// Carries out all operations in order, or none: on an error `resource` is as it was. Says whether anything changed.
///
/// Write-only values (passwords) are checked and not kept. `schemas` follows the content.
pub fn apply(resource: &mut Resource, request: &PatchRequest, schemas: &Schemas, leniency: &Leniency) -> Result<bool, ScimError> {
    match applied(resource, request, schemas, leniency)? {
        Some(after) => {
            *resource = after;
            Ok(true)
        }
        None => Ok(false),
    }
}

/// What [`apply`] makes of a resource; `None` when that is what it is already.
pub(crate) fn applied(
    resource: &Resource,
    request: &PatchRequest,
    schemas: &Schemas,
    leniency: &Leniency,
) -> Result<Option<Resource>, ScimError> {
    let operations = joined(resolve(request, schemas, leniency)?);
    let mut draft = resource.clone();
    let mut budget = Budget::new();
    for Joined { operation, following } in operations {
        budget.spend(&draft, &operation)?;
        step(&mut draft, operation, following, leniency)?;
    }
    if draft == *resource {
        return Ok(None);
    }
    validate::check_required(&draft, schemas)?;
    validate::set_schemas(&mut draft, schemas);
    Ok(Some(draft))
}

/// An operation and those that follow it on the same list.
struct Joined<'a> {
    operation: ResolvedOperation<'a>,
    following: Following,
}

#[derive(Default)]
struct Following {
    /// What is added after that, where each addition has a say about which value is primary.
    additions: Vec<Value>,
    /// Which values are removed after that.
    removals: Vec<Filter>,
}

/// Additions to one and the same list that follow each other are one step, and so are removals: clients add and remove members one
/// by one, and each operation would look through the whole list.
fn joined(operations: Vec<ResolvedOperation<'_>>) -> Vec<Joined<'_>> {
    let mut joined: Vec<Joined<'_>> = Vec::with_capacity(operations.len());
    for mut operation in operations {
        if let (Some(last), Some(same)) = (joined.last_mut(), addition(&mut operation))
            && let Some(list) = addition(&mut last.operation)
            && (list.schema, list.name) == (same.schema, same.name)
        {
            if list.has_primary {
                last.following.additions.push(Value::Array(std::mem::take(same.items)));
            } else {
                list.items.append(same.items);
            }
            continue;
        }
        if let Some(last) = joined.last_mut().filter(|last| remove_alike(&last.operation, &operation))
            && let ResolvedOperation::Attribute { target: Target { filter: Some(filter), .. }, .. } = operation
        {
            last.following.removals.push(filter);
            continue;
        }
        joined.push(Joined { operation, following: Following::default() });
    }
    joined
}

/// What an operation adds to which list.
struct Addition<'o> {
    schema: Option<&'o str>,
    name: &'o str,
    has_primary: bool,
    items: &'o mut Vec<Value>,
}

fn addition<'o>(operation: &'o mut ResolvedOperation<'_>) -> Option<Addition<'o>> {
    match operation {
        ResolvedOperation::Attribute { op: PatchOp::Add, target, value: Some(Value::Array(items)) }
            if target.attribute.multi_valued && target.filter.is_none() && target.sub_attribute.is_none() =>
        {
            let schema = target.extension.map(|extension| extension.id.as_str());
            Some(Addition { schema, name: &target.name, has_primary: target.attribute.sub_attribute("primary").is_some(), items })
        }
        ResolvedOperation::Attribute { .. } | ResolvedOperation::RemoveExtension(_) => None,
    }
}

fn step(
    draft: &mut Resource,
    operation: ResolvedOperation<'_>,
    following: Following,
    leniency: &Leniency,
) -> Result<(), ScimError> {
    let (op, target, value) = match operation {
        ResolvedOperation::Attribute { op, target, value } => (op, target, value),
        ResolvedOperation::RemoveExtension(extension) => return remove_extension(draft, extension),
    };
    if is_schemas(&target) {
        return match op {
            PatchOp::Add | PatchOp::Replace => Ok(()),
            PatchOp::Remove => {
                Err(ScimError::mutability("schemas follows from the resource's attributes and cannot be removed."))
            }
        };
    }
    match target.attribute.mutability {
        Mutability::WriteOnly => return Ok(()),
        Mutability::ReadOnly => return read_only(draft, &target, value.as_ref(), leniency),
        Mutability::ReadWrite | Mutability::Immutable => {}
    }
    let Some(extension) = target.extension else {
        return in_holder(draft, op, &target, (value, following), leniency);
    };
    let mut holder = match names::remove(draft, &extension.id) {
        Some(Value::Object(members)) => members,
        Some(_) | None => Resource::new(),
    };
    in_holder(&mut holder, op, &target, (value, following), leniency)?;
    validate::check_count(extension, &holder)?;
    if !holder.is_empty() {
        draft.insert(extension.id.clone(), Value::Object(holder));
    }
    Ok(())
}

/// All its attributes at once, as if each had been named.
fn remove_extension(draft: &mut Resource, extension: &Schema) -> Result<(), ScimError> {
    let present = names::get(draft, &extension.id).and_then(Value::as_object);
    let fixed = extension.attributes.iter().find(|attribute| {
        let rigid = attribute.required || matches!(attribute.mutability, Mutability::ReadOnly | Mutability::Immutable);
        rigid && present.is_some_and(|members| names::key(members, &attribute.name).is_some())
    });
    if let Some(attribute) = fixed {
        return Err(ScimError::mutability(format!("{}:{} cannot be removed.", extension.id, attribute.name)));
    }
    names::remove(draft, &extension.id);
    Ok(())
}

/// Inside the value of a pathless operation. RFC 7644 section 3.5.2: "a client MUST NOT modify an attribute that has mutability
/// "readOnly" or "immutable""; to repeat what is there, or a part of that, modifies nothing.
fn read_only(draft: &Resource, target: &Target<'_>, value: Option<&Value>, leniency: &Leniency) -> Result<(), ScimError> {
    let present = target.present(draft);
    if value.map_or(present.is_none(), |value| repeats(value, present)) {
        return Ok(());
    }
    deviations::read_only_passed_over(leniency, || ScimError::mutability(format!("{} is read-only.", target_name(target))))
}

fn repeats(given: &Value, present: Option<&Value>) -> bool {
    match (given, present) {
        (given, None) => names::is_unassigned(given),
        (Value::Object(given), Some(Value::Object(present))) => {
            given.iter().all(|(name, value)| repeats(value, names::get(present, name)))
        }
        (Value::Array(given), Some(Value::Array(present))) => {
            given.len() == present.len() && given.iter().zip(present).all(|(given, present)| repeats(given, Some(present)))
        }
        (given, Some(present)) => given == present,
    }
}

fn in_holder(
    holder: &mut Resource,
    op: PatchOp,
    target: &Target<'_>,
    (value, following): (Option<Value>, Following),
    leniency: &Leniency,
) -> Result<(), ScimError> {
    // Taken out, not copied: a group may have many members. Its place is kept by a null.
    let before = names::get_mut(holder, &target.name).map(Value::take).filter(|before| !before.is_null());
    let attribute = target.attribute;
    let fixed = if attribute.mutability == Mutability::Immutable { before.clone() } else { None };
    let primaries_before = if following.additions.is_empty() { Some(primaries(before.as_ref(), attribute)) } else { None };
    let had_value = before.is_some();
    let several =
        attribute.multi_valued || (attribute.kind == AttributeType::Any && before.as_ref().is_some_and(Value::is_array));
    let after = match (several, target.filter.is_some() || target.sub_attribute.is_some()) {
        (true, true) => parts_of_several(op, target, before, (value, &following.removals), leniency)?,
        (true, false) => several_values(op, target, before, (value, following.additions), leniency)?,
        (false, true) => part_of_one(op, target, before, value)?,
        (false, false) => one_value(op, target, before, value)?,
    };
    let after = after.filter(|after| !names::is_unassigned(after));
    // RFC 7644 section 3.5.2.2: removing a required attribute fails with `mutability`; so does changing an immutable one.
    let refused = |why: &str| Err(ScimError::mutability(format!("{} {why}.", target_name(target))));
    if fixed.is_some() && fixed != after {
        return refused("cannot be changed once it has a value");
    }
    match after {
        Some(after) if after.as_array().is_some_and(|items| items.len() > values_max(attribute)) => {
            let most = values_max(attribute);
            Err(ScimError::invalid_value(format!("{} would have more than {most} values.", target_name(target))))
        }
        Some(mut after) => {
            // Additions in turn have settled it among themselves.
            if let Some(before) = &primaries_before {
                settle_primaries(before, &mut after, attribute)?;
            }
            names::set(holder, &target.name, after);
            Ok(())
        }
        None if had_value && attribute.required => refused("is required and cannot be removed"),
        None => {
            names::remove(holder, &target.name);
            Ok(())
        }
    }
}

/// The whole of a single-valued attribute.
fn one_value(op: PatchOp, target: &Target<'_>, before: Option<Value>, value: Option<Value>) -> Result<Option<Value>, ScimError> {
    match (op, before, value) {
        (PatchOp::Remove, _, _) => Ok(None),
        // RFC 7644 sections 3.5.2.1 and 3.5.2.3: sub-attributes that are not given stay as they are.
        (PatchOp::Add | PatchOp::Replace, Some(Value::Object(mut members)), Some(Value::Object(given)))
            if target.attribute.kind != AttributeType::Any =>
        {
            merge(&target_name(target), &mut members, given, target.attribute)?;
            Ok(Some(Value::Object(members)))
        }
        (PatchOp::Add | PatchOp::Replace, _, Some(value)) => Ok(Some(value)),
        (PatchOp::Add | PatchOp::Replace, before, None) => Ok(before),
    }
}

/// A sub-attribute of a single-valued attribute.
fn part_of_one(
    op: PatchOp,
    target: &Target<'_>,
    before: Option<Value>,
    value: Option<Value>,
) -> Result<Option<Value>, ScimError> {
    let mut members = match before {
        Some(Value::Object(members)) => members,
        Some(other) if target.attribute.kind == AttributeType::Any => {
            return Err(ScimError::no_target(format!(
                "{} cannot be reached: the attribute's value is {other}.",
                target_name(target)
            )));
        }
        Some(_) | None => Resource::new(),
    };
    set_part(op, target, &mut members, value)?;
    Ok(Some(Value::Object(members)))
}

/// All values of a multi-valued attribute.
fn several_values(
    op: PatchOp,
    target: &Target<'_>,
    before: Option<Value>,
    (value, then): (Option<Value>, Vec<Value>),
    leniency: &Leniency,
) -> Result<Option<Value>, ScimError> {
    let present = into_items(before);
    match (op, value) {
        (PatchOp::Remove, None) => Ok(None),
        (PatchOp::Remove, Some(values)) => {
            let count = present.len();
            let left = remove_values(present, &into_items(Some(values)), target.attribute);
            if left.len() == count {
                deviations::removal_without_match(leniency, || {
                    ScimError::no_target(format!("{} has none of these values.", target_name(target)))
                })?;
            }
            Ok(Some(Value::Array(left)))
        }
        (PatchOp::Add, Some(values)) if !then.is_empty() => {
            let additions = [values].into_iter().chain(then).map(|values| into_items(Some(values)));
            Ok(Some(Value::Array(add_in_turn(&target_name(target), present, additions, target.attribute)?)))
        }
        (PatchOp::Add, Some(values)) => {
            Ok(Some(Value::Array(add_values(&target_name(target), present, into_items(Some(values)), target.attribute)?)))
        }
        // RFC 7644 section 3.5.2.3: replacing without a filter replaces all values.
        (PatchOp::Replace, Some(values)) => {
            let mut values = Value::Array(into_items(Some(values)));
            carry_fixed_parts(Name::of(&target_name(target)), &Value::Array(present), &mut values, target.attribute)?;
            Ok(Some(values))
        }
        (PatchOp::Add | PatchOp::Replace, None) => Ok(Some(Value::Array(present))),
    }
}

pub(super) fn into_items(value: Option<Value>) -> Vec<Value> {
    match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) => items,
        Some(single) => vec![single],
    }
}
