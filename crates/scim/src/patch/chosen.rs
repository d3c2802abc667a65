//! The values of a multi-valued attribute that an operation chooses by a filter in brackets, or whose part it names (RFC 7644
//! section 3.5.2, value paths).

use super::PatchOp;
use super::apply::into_items;
use super::fixed::carry_fixed_parts;
use super::removal::{remove_known, removes_by};
use super::resolve::{Target, target_name};
use super::values::{merge, set_part, several_primaries, value_from_filter};
use crate::error::ScimError;
use crate::filter::{Filter, matches_value};
use crate::leniency::{Leniency, deviations};
use crate::value::{Name, Reader, is_primary};
use crate::{Resource, names};
use serde_json::Value;

/// Some values of a multi-valued attribute, or one part of them.
pub(super) fn parts_of_several(
    op: PatchOp,
    target: &Target<'_>,
    before: Option<Value>,
    (value, removals): (Option<Value>, &[Filter]),
    leniency: &Leniency,
) -> Result<Option<Value>, ScimError> {
    let mut items = into_items(before);
    if removes_by(op, target).is_some() {
        return remove_known(items, target, removals, leniency).map(|left| Some(Value::Array(left)));
    }
    let chosen: Vec<bool> = items
        .iter()
        .map(|item| target.filter.as_ref().is_none_or(|filter| matches_value(filter, item, target.attribute)))
        .collect();
    if !chosen.contains(&true) {
        return nothing_chosen(op, target, items, value, leniency);
    }
    if op == PatchOp::Remove && target.sub_attribute.is_none() {
        let mut keep = chosen.into_iter().map(|chosen| !chosen);
        items.retain(|_| keep.next().unwrap_or(true));
        return Ok(Some(Value::Array(items)));
    }
    // RFC 7643 section 2.4: "The primary attribute value "true" MUST appear no more than once."
    let makes_primary = op != PatchOp::Remove && value.as_ref().is_some_and(|value| sets_primary(target, value));
    if makes_primary && chosen.iter().filter(|chosen| **chosen).count() > 1 {
        return Err(several_primaries(target.attribute));
    }
    let name = target_name(target);
    for (item, _) in items.iter_mut().zip(chosen).filter(|(_, chosen)| *chosen) {
        match (item, &target.sub_attribute, &value, op) {
            (Value::Object(members), Some(_), value, op) => set_part(op, target, members, value.clone())?,
            (Value::Object(members), None, Some(Value::Object(given)), PatchOp::Add) => {
                merge(&name, members, given.clone(), target.attribute)?;
            }
            // RFC 7644 section 3.5.2.3: "all matching record values SHALL be replaced". What is fixed about them stays, such as the
            // `value` of a member.
            (item, None, Some(value), PatchOp::Add | PatchOp::Replace | PatchOp::Remove) => {
                let before = std::mem::replace(item, value.clone());
                carry_fixed_parts(Name::of(&name), &before, item, target.attribute)?;
            }
            (_, None, None, _) | (_, Some(_), _, _) => {}
        }
    }
    items.retain(|item| !names::is_unassigned(item));
    Ok(Some(Value::Array(items)))
}

/// Whether a value that takes this one is primary afterwards.
fn sets_primary(target: &Target<'_>, value: &Value) -> bool {
    let is_made = match &target.sub_attribute {
        Some((name, _)) => names::same(name, "primary") && *value == Value::Bool(true),
        None => is_primary(value),
    };
    is_made && target.attribute.sub_attribute("primary").is_some()
}

/// RFC 7644 section 3.5.2.3: a filter without a match fails with `noTarget`. For an add, section 3.5.2.1 holds instead: "If the
/// target location does not exist, the attribute and value are added", as far as the filter says what to add.
fn nothing_chosen(
    op: PatchOp,
    target: &Target<'_>,
    mut items: Vec<Value>,
    value: Option<Value>,
    leniency: &Leniency,
) -> Result<Option<Value>, ScimError> {
    let no_target = || ScimError::no_target(format!("{}: no value matches the path's filter.", target_name(target)));
    match op {
        PatchOp::Remove => {
            if target.filter.is_some() {
                deviations::removal_without_match(leniency, no_target)?;
            }
            return Ok(Some(Value::Array(items)));
        }
        PatchOp::Replace if target.filter.is_some() => return Err(no_target()),
        PatchOp::Add | PatchOp::Replace => {}
    }
    let mut made = match &target.filter {
        Some(filter) => described(filter, target, leniency)?.ok_or_else(no_target)?,
        None => Resource::new(),
    };
    match (&target.sub_attribute, value) {
        (Some(_), value) => set_part(op, target, &mut made, value)?,
        (None, Some(Value::Object(given))) => made.extend(given),
        (None, Some(_) | None) => return Err(no_target()),
    }
    items.extend((!made.is_empty()).then_some(Value::Object(made)));
    Ok(Some(Value::Array(items)))
}

/// The value that a filter describes, brought into the attribute's form.
fn described(filter: &Filter, target: &Target<'_>, leniency: &Leniency) -> Result<Option<Resource>, ScimError> {
    let Some(made) = value_from_filter(filter, target.attribute) else { return Ok(None) };
    let leniency = Leniency { string_booleans: true, ..*leniency };
    let read = Reader { leniency: &leniency }.read_one(Name::of(&target_name(target)), target.attribute, &Value::Object(made))?;
    match read {
        Some(Value::Object(members)) => Ok(Some(members)),
        Some(_) | None => Ok(None),
    }
}
