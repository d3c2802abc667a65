//! What is fixed about complex values (RFC 7643 section 7, `mutability`): a read-only part is the provider's, and an immutable one
//! stays as it was set. Whatever takes the place of a value, by PUT or by PATCH, keeps both.

use super::identity::{self, Index};
use crate::error::ScimError;
use crate::order::equal;
use crate::schema::{Attribute, Mutability};
use crate::value::Name;
use crate::{Resource, names};
use serde_json::Value;

/// What is fixed about an attribute's values comes from `before` into `after`, which takes its place. In a list it stays with the
/// values that stay, such as the `display` and `$ref` of a member.
pub(crate) fn carry_fixed_parts(
    name: Name<'_>,
    before: &Value,
    after: &mut Value,
    attribute: &Attribute,
) -> Result<(), ScimError> {
    let is_fixed = |part: &Attribute| matches!(part.mutability, Mutability::ReadOnly | Mutability::Immutable);
    if !attribute.sub_attributes.iter().any(is_fixed) {
        return Ok(());
    }
    match (before, after) {
        (Value::Array(before), Value::Array(after)) => carry_in_list(name, before, after, attribute),
        (Value::Object(before), Value::Object(after)) => keep_fixed_parts(name, before, after, attribute),
        _ => Ok(()),
    }
}

fn carry_in_list(name: Name<'_>, before: &[Value], after: &mut [Value], attribute: &Attribute) -> Result<(), ScimError> {
    let mut index = None;
    for (position, item) in after.iter_mut().enumerate() {
        // A list that comes back as it was shown keeps everything, also where values cannot be told apart.
        let same = match before.get(position).filter(|known| identity::same(known, item, attribute)) {
            Some(known) => Some(known),
            None => index.get_or_insert_with(|| Index::of(before, attribute)).find(item).map(|position| &before[position]),
        };
        if let (Some(Value::Object(known)), Value::Object(members)) = (same, item) {
            keep_fixed_parts(name, known, members, attribute)?;
        }
    }
    Ok(())
}

/// The same for one value and the one in its place. What the provider said about a thing that `value` names, such as the name of a
/// manager, it does not say about another.
pub(super) fn keep_fixed_parts(
    name: Name<'_>,
    before: &Resource,
    after: &mut Resource,
    attribute: &Attribute,
) -> Result<(), ScimError> {
    keep_immutable_parts(name, before, after, attribute)?;
    let is_about_the_same = match (names::get(before, "value"), names::get(after, "value")) {
        (Some(before), Some(after)) => equal(before, after, attribute.sub_attribute("value").unwrap_or(attribute)),
        (before, after) => before.is_none() && after.is_none(),
    };
    for part in attribute.sub_attributes.iter().filter(|part| is_about_the_same && part.mutability == Mutability::ReadOnly) {
        if let Some(value) = names::get(before, &part.name).filter(|value| names::get(after, &part.name) != Some(*value)) {
            names::set(after, &part.name, value.clone());
        }
    }
    Ok(())
}

/// RFC 7644 section 3.5.1, `immutable`: "If one or more values are already set for the attribute, the input value(s) MUST match, or
/// HTTP status code 400 SHOULD be returned with a "scimType" error code of "mutability"." What is not given stays.
pub(super) fn keep_immutable_parts(
    name: Name<'_>,
    before: &Resource,
    after: &mut Resource,
    attribute: &Attribute,
) -> Result<(), ScimError> {
    for part in attribute.sub_attributes.iter().filter(|part| part.mutability == Mutability::Immutable) {
        let Some(fixed) = names::get(before, &part.name) else { continue };
        match names::get(after, &part.name) {
            // Mostly it is the same: clients repeat what they were told.
            Some(given) if given == fixed => {}
            Some(given) if !is_match(fixed, given, part) => {
                return Err(ScimError::mutability(format!("{} cannot be changed once it has a value.", name.part(&part.name))));
            }
            Some(_) | None => names::set(after, &part.name, fixed.clone()),
        }
    }
    Ok(())
}

/// Whether an immutable part is given again. RFC 7643 section 2.4, of `$ref`: "URIs for SCIM resources with an API version SHALL be
/// considered comparable to URIs without a version or with a different version". Clients write them relative too, and what they
/// refer to is told by `value`.
pub(super) fn is_match(fixed: &Value, given: &Value, part: &Attribute) -> bool {
    names::same(&part.name, "$ref") || equal(fixed, given, part)
}
