//! The values of multi-valued attributes under PATCH: what is added, removed and merged, and which is primary.

use super::PatchOp;
use super::fixed::{is_match, keep_immutable_parts};
use super::identity::{self, Identity, Index};
use super::resolve::{Target, target_name};
use crate::error::ScimError;
use crate::filter::{CompareOperator, Filter, Literal};
use crate::schema::{Attribute, Mutability};
use crate::value::{Name, is_primary};
use crate::{Resource, names};
use serde_json::Value;
use std::collections::BTreeSet;

/// RFC 7644 section 3.5.2.1: new values are added, values that are there already change nothing. A value with the `value` and
/// `type` of one that is there is the same one (RFC 7643 section 2.4), and its other sub-attributes are brought up to date.
pub(super) fn add_values(
    name: &str,
    mut present: Vec<Value>,
    given: Vec<Value>,
    attribute: &Attribute,
) -> Result<Vec<Value>, ScimError> {
    if let [new] = given.as_slice() {
        match identity::find(&present, new, attribute) {
            Some(position) => update(name, &mut present[position], given.into_iter().next(), attribute)?,
            None => present.extend(given),
        }
        return Ok(present);
    }
    let mut list = Growing { name, index: Index::of(&present, attribute), items: present, attribute };
    for new in given {
        list.add(new)?;
    }
    Ok(list.items)
}

/// A list that values are added to, and where each of them stands.
struct Growing<'a> {
    name: &'a str,
    items: Vec<Value>,
    index: Index<'a>,
    attribute: &'a Attribute,
}

impl Growing<'_> {
    /// Adds a value, or brings the same one up to date; where it stands.
    fn add(&mut self, new: Value) -> Result<usize, ScimError> {
        let Some(position) = self.index.find(&new) else {
            self.index.insert(&new, self.items.len());
            self.items.push(new);
            return Ok(self.items.len() - 1);
        };
        if self.index.depends_on_type() {
            self.index.remove(&self.items[position], position);
        }
        update(self.name, &mut self.items[position], Some(new), self.attribute)?;
        if self.index.depends_on_type() {
            self.index.insert(&self.items[position], position);
        }
        Ok(position)
    }

    fn is_primary(&self, position: usize) -> bool {
        is_primary(&self.items[position])
    }

    fn identity(&self, position: usize) -> Identity {
        Identity::of(&self.items[position], self.attribute)
    }
}

/// Additions that follow each other, each of which may say anew which value is primary: what [`add_values`] and
/// [`settle_primaries`] come to for one after the other, without looking through the whole list for each.
pub(super) fn add_in_turn(
    name: &str,
    present: Vec<Value>,
    additions: impl IntoIterator<Item = Vec<Value>>,
    attribute: &Attribute,
) -> Result<Vec<Value>, ScimError> {
    let mut list = Growing { name, index: Index::of(&present, attribute), items: present, attribute };
    let mut primary: BTreeSet<usize> = (0..list.items.len()).filter(|&position| list.is_primary(position)).collect();
    for given in additions {
        let before: BTreeSet<Identity> = primary.iter().map(|&position| list.identity(position)).collect();
        let touched = given.into_iter().map(|new| list.add(new)).collect::<Result<BTreeSet<usize>, ScimError>>()?;
        primary.extend(touched);
        primary.retain(|&position| list.is_primary(position));
        let (was, newly): (BTreeSet<usize>, BTreeSet<usize>) =
            primary.iter().partition(|&&position| before.contains(&list.identity(position)));
        match newly.len() {
            0 => {}
            1 => {
                for position in was {
                    list.index.remove(&list.items[position], position);
                    lose_primary(&mut list.items[position]);
                    list.index.insert(&list.items[position], position);
                }
                primary = newly;
            }
            _ => return Err(several_primaries(attribute)),
        }
    }
    Ok(list.items)
}

/// The value is known already.
fn update(name: &str, present: &mut Value, given: Option<Value>, attribute: &Attribute) -> Result<(), ScimError> {
    let (Value::Object(members), Some(Value::Object(given))) = (present, given) else { return Ok(()) };
    // Clients repeat members that are there.
    if given.iter().all(|(key, value)| names::get(members, key) == Some(value)) {
        return Ok(());
    }
    merge(name, members, given, attribute)
}

/// Takes out of `present` whatever is the same as one of `given`.
pub(super) fn remove_values(mut present: Vec<Value>, given: &[Value], attribute: &Attribute) -> Vec<Value> {
    let index = Index::of(given, attribute);
    present.retain(|item| index.find(item).is_none());
    present
}

/// Brings sub-attributes up to date; an immutable one may be given again but not changed.
pub(super) fn merge(name: &str, members: &mut Resource, mut given: Resource, attribute: &Attribute) -> Result<(), ScimError> {
    keep_immutable_parts(Name::of(name), members, &mut given, attribute)?;
    for (key, value) in given {
        names::set(members, &key, value);
    }
    Ok(())
}

/// Sets or removes the target's sub-attribute in one value.
pub(super) fn set_part(op: PatchOp, target: &Target<'_>, members: &mut Resource, value: Option<Value>) -> Result<(), ScimError> {
    let Some((name, part)) = &target.sub_attribute else { return Ok(()) };
    let before = names::get(members, name);
    let refused = |why: &str| Err(ScimError::mutability(format!("{} {why}.", target_name(target))));
    let value = match op {
        PatchOp::Remove => None,
        PatchOp::Add | PatchOp::Replace => value,
    };
    if let Some(before) = before.filter(|_| part.mutability == Mutability::Immutable) {
        return match value {
            Some(value) if is_match(before, &value, part) => Ok(()),
            Some(_) | None => refused("cannot be changed once it has a value"),
        };
    }
    match value {
        None if part.required => refused("is required and cannot be removed"),
        // It was checked, and it is not kept.
        Some(_) if part.mutability == Mutability::WriteOnly => Ok(()),
        None => {
            names::remove(members, name);
            Ok(())
        }
        Some(value) if part.multi_valued && op == PatchOp::Add => {
            let present = before.and_then(Value::as_array).cloned().unwrap_or_default();
            let given = value.as_array().cloned().unwrap_or_default();
            let values = add_values(&target_name(target), present, given, part)?;
            names::set(members, name, Value::Array(values));
            Ok(())
        }
        Some(value) => {
            names::set(members, name, value);
            Ok(())
        }
    }
}

/// The values that are primary, to be compared with those afterwards.
pub(super) fn primaries(value: Option<&Value>, attribute: &Attribute) -> BTreeSet<Identity> {
    let items = value.and_then(Value::as_array).filter(|_| attribute.sub_attribute("primary").is_some());
    items.into_iter().flatten().filter(|item| is_primary(item)).map(|item| Identity::of(item, attribute)).collect()
}

/// RFC 7644 section 3.5.2: "a PATCH operation that sets a value's "primary" sub-attribute to "true" SHALL cause the server to
/// automatically set "primary" to "false" for any other values in the array."
pub(super) fn settle_primaries(before: &BTreeSet<Identity>, after: &mut Value, attribute: &Attribute) -> Result<(), ScimError> {
    let Some(items) = after.as_array_mut().filter(|_| attribute.sub_attribute("primary").is_some()) else {
        return Ok(());
    };
    let was = |item: &Value| before.contains(&Identity::of(item, attribute));
    let newly = items.iter().filter(|item| is_primary(item) && !was(item)).count();
    if newly > 1 {
        return Err(several_primaries(attribute));
    }
    // A value that was primary before gives way to the one that became primary now.
    for item in items.iter_mut().filter(|item| newly == 1 && is_primary(item) && was(item)) {
        lose_primary(item);
    }
    Ok(())
}

fn lose_primary(item: &mut Value) {
    if let Some(members) = item.as_object_mut() {
        names::set(members, "primary", Value::Bool(false));
    }
}

pub(super) fn several_primaries(attribute: &Attribute) -> ScimError {
    ScimError::invalid_value(format!("{}: only one value can be primary.", attribute.name))
}

/// The value that a filter of equalities describes: what an add to `emails[type eq "work"].value` makes when there is none.
pub(super) fn value_from_filter(filter: &Filter, attribute: &Attribute) -> Option<Resource> {
    match filter {
        Filter::Compare { path, operator: CompareOperator::Equal, value } => {
            let name = attribute.sub_attribute(&path.attribute).map_or(path.attribute.as_str(), |part| part.name.as_str());
            let value = match value {
                Literal::String(text) => Value::from(text.as_str()),
                Literal::Number(number) => Value::Number(number.clone()),
                Literal::Boolean(value) => Value::Bool(*value),
                Literal::Null => return None,
            };
            Some(Resource::from_iter([(name.to_owned(), value)]))
        }
        Filter::And(parts) => {
            let mut made = Resource::new();
            for part in parts {
                made.extend(value_from_filter(part, attribute)?);
            }
            Some(made)
        }
        Filter::Or(_) | Filter::Not(_) | Filter::Compare { .. } | Filter::Present(_) | Filter::Values { .. } => None,
    }
}
