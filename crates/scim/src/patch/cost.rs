//! What a PATCH costs to carry out, before it is: each operation looks at the values of its attribute, so many operations on
//! many values with long filters would multiply.

use super::removal::removes_by;
use super::resolve::{ResolvedOperation, Target};
use crate::Resource;
use crate::error::ScimError;
use crate::filter::Filter;
use serde_json::Value;

/// The operations of one request look at no more values than this, all together; a value that is compared with several terms
/// counts for each, and one with much text for several. Additions to one list that follow each other look at it once, and so do removals of single values by what they are.
/// The first operation may look once at a list of any length.
pub const COMPARISONS_MAX: usize = 200_000;
/// So many bytes of text count as one value more.
const ASCII_BYTES: usize = 64;
/// Where case does not count, letters outside ASCII are looked up one by one.
const OTHER_BYTES: usize = 2;
/// Terms other than the equality of texts count so much.
const OTHER_TERM: usize = 3;
/// A text of any length with such letters counts as so many values more.
const OTHER_ALONE: usize = 3;

/// What is left of it.
pub(super) struct Budget(usize);

impl Budget {
    pub(super) const fn new() -> Self {
        Self(COMPARISONS_MAX)
    }

    /// Takes what this operation needs, or refuses it.
    pub(super) fn spend(&mut self, resource: &Resource, operation: &ResolvedOperation<'_>) -> Result<(), ScimError> {
        let ResolvedOperation::Attribute { op, target, .. } = operation else { return Ok(()) };
        let filter = target.filter.as_ref().filter(|_| removes_by(*op, target).is_none());
        let looks = filter.map_or(1, terms);
        let needed = weight(resource, target).saturating_mul(looks);
        let is_first_look = looks <= OTHER_TERM && self.0 == COMPARISONS_MAX;
        match if is_first_look { Some(self.0.saturating_sub(needed)) } else { self.0.checked_sub(needed) } {
            Some(left) => {
                self.0 = left;
                Ok(())
            }
            None => Err(ScimError::invalid_syntax(format!(
                "{}: the operations would look at more than {COMPARISONS_MAX} values; send fewer in one request.",
                target.name
            ))),
        }
    }
}

/// How much there is to look at in the target's attribute.
fn weight(resource: &Resource, target: &Target<'_>) -> usize {
    target.present(resource).and_then(Value::as_array).map_or(0, |items| items.iter().map(|item| 1 + text_weight(item)).sum())
}

fn text_weight(value: &Value) -> usize {
    match value {
        Value::String(text) if text.is_ascii() => text.len() / ASCII_BYTES,
        Value::String(text) => OTHER_ALONE + text.len() / OTHER_BYTES,
        Value::Array(items) => items.iter().map(text_weight).sum(),
        Value::Object(members) => members.values().map(text_weight).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

fn terms(filter: &Filter) -> usize {
    match filter {
        Filter::And(parts) | Filter::Or(parts) => parts.iter().map(terms).sum(),
        Filter::Not(inner) | Filter::Values { filter: inner, .. } => terms(inner),
        Filter::Compare { .. } | Filter::Present(_) => {
            if filter.equality().is_some() {
                1
            } else {
                OTHER_TERM
            }
        }
    }
}
