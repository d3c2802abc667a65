//! Removals of single values by what they are, `members[value eq "…"]`: many that follow each other look at the list once.
//!
//! RFC 7644 section 3.5.2.2: of a multi-valued attribute "the values matched by the filter are removed"; where none is left the
//! attribute is unassigned, which the caller sees to. Table 9: `noTarget` where the path "contains a filter that yields no match".

use super::PatchOp;
use super::resolve::{ResolvedOperation, Target, target_name};
use crate::error::ScimError;
use crate::filter::Filter;
use crate::leniency::{Leniency, deviations};
use crate::names;
use crate::schema::{Attribute, AttributeType};
use serde_json::Value;
use std::collections::BTreeMap;

/// The part of the values that a filter asks for, and the texts that it takes: one, or any of several.
fn known<'f, 'a>(filter: &'f Filter, attribute: &'a Attribute) -> Option<(&'a Attribute, Vec<&'f str>)> {
    let terms = match filter {
        Filter::Or(parts) => parts.as_slice(),
        Filter::And(_) | Filter::Not(_) | Filter::Compare { .. } | Filter::Present(_) | Filter::Values { .. } => {
            std::slice::from_ref(filter)
        }
    };
    let mut texts = Vec::with_capacity(terms.len());
    let mut asked: Option<&Attribute> = None;
    for term in terms {
        let (path, text) = term.equality()?;
        let part = attribute.sub_attribute(&path.attribute)?;
        let is_plain = part.kind == AttributeType::String && !part.multi_valued && path.sub_attribute.is_none();
        if !is_plain || asked.is_some_and(|asked| asked.name != part.name) {
            return None;
        }
        asked = Some(part);
        texts.push(text);
    }
    Some((asked?, texts))
}

/// By which part of theirs this removes whole values, if it does.
pub(super) fn removes_by<'a>(op: PatchOp, target: &Target<'a>) -> Option<&'a Attribute> {
    let is_removal = op == PatchOp::Remove && target.sub_attribute.is_none();
    let filter = target.filter.as_ref().filter(|_| is_removal && target.attribute.kind == AttributeType::Complex)?;
    known(filter, target.attribute).map(|(part, _)| part)
}

/// Two operations that remove values of one list by the same part.
pub(super) fn remove_alike(first: &ResolvedOperation<'_>, second: &ResolvedOperation<'_>) -> bool {
    let what = |operation: &ResolvedOperation<'_>| match operation {
        ResolvedOperation::Attribute { op, target, .. } => {
            let extension = target.extension.map(|extension| extension.id.clone());
            removes_by(*op, target).map(|part| (extension, target.name.clone(), part.name.clone()))
        }
        ResolvedOperation::RemoveExtension(_) => None,
    };
    what(first).is_some_and(|first| what(second) == Some(first))
}

/// Takes out what each of the filters chooses, one after the other; a filter that chooses nothing of what is left then is an error.
/// RFC 7644 section 3.5.2: operations are "applied sequentially", so what an earlier one took is not there for a later one.
pub(super) fn remove_known(
    mut items: Vec<Value>,
    target: &Target<'_>,
    more: &[Filter],
    leniency: &Leniency,
) -> Result<Vec<Value>, ScimError> {
    // The first filter that asks for a text takes its values.
    let mut takers = BTreeMap::new();
    let mut asked = None;
    let filters: Vec<&Filter> = target.filter.iter().chain(more).collect();
    for (taker, filter) in filters.iter().enumerate() {
        let Some((part, texts)) = known(filter, target.attribute) else { continue };
        asked = Some(part);
        for text in texts {
            takers.entry(part.comparison_key(text)).or_insert(taker);
        }
    }
    let Some(part) = asked else { return Ok(items) };
    let mut has_taken = vec![false; filters.len()];
    items.retain(|item| {
        let text = item.as_object().and_then(|members| names::get(members, &part.name)).and_then(Value::as_str);
        match text.and_then(|text| takers.get(&part.comparison_key(text))) {
            Some(&taker) => {
                has_taken[taker] = true;
                false
            }
            None => true,
        }
    });
    if has_taken.contains(&false) {
        deviations::removal_without_match(leniency, || {
            ScimError::no_target(format!("{}: no value matches the path's filter.", target_name(target)))
        })?;
    }
    Ok(items)
}
