//! What is done about each deviation: one function for each field of [`Leniency`], of the same name. They answer for requests that
//! have the deviation while the field is on, and leave all others to the RFCs.

use super::Leniency;
use crate::error::ScimError;
use crate::patch::PatchOp;
use crate::schema::{Attribute, AttributeType, Schema};
use crate::value::boolean_text;
use crate::{Resource, names};
use serde_json::Value;

/// Whether a word means an operation.
pub(crate) fn any_case_operations(leniency: &Leniency, word: &str, op: PatchOp) -> bool {
    leniency.any_case_operations && op.word().eq_ignore_ascii_case(word)
}

/// The boolean that a text means.
pub(crate) fn string_booleans(leniency: &Leniency, attribute: &Attribute, value: &Value) -> Option<Value> {
    let text = value.as_str().filter(|_| leniency.string_booleans && attribute.kind == AttributeType::Boolean)?;
    boolean_text(text).map(Value::Bool)
}

/// The text that a number means.
pub(crate) fn numbers_as_strings(leniency: &Leniency, attribute: &Attribute, value: &Value) -> Option<Value> {
    let is_number = leniency.numbers_as_strings && attribute.kind == AttributeType::String && value.is_number();
    is_number.then(|| Value::String(value.to_string()))
}

/// The scalar in an object that has nothing else.
pub(crate) fn scalar_in_value_object<'v>(leniency: &Leniency, value: &'v Value) -> Option<&'v Value> {
    let members = value.as_object().filter(|members| leniency.scalar_in_value_object && members.len() == 1)?;
    names::get(members, "value")
}

/// The complex value that a text stands for.
pub(crate) fn scalar_for_complex_value(leniency: &Leniency, attribute: &Attribute, value: &Value) -> Option<Resource> {
    let is_meant = leniency.scalar_for_complex_value && !attribute.multi_valued && attribute.sub_attribute("value").is_some();
    (is_meant && value.is_string()).then(|| of_value(value))
}

/// The list that a single value stands for.
pub(crate) fn any_shape_of_members<'v>(leniency: &Leniency, value: &'v Value) -> Option<&'v [Value]> {
    leniency.any_shape_of_members.then(|| std::slice::from_ref(value))
}

/// The same for one value of a list: the complex value that a plain id stands for.
pub(crate) fn any_shape_of_member(leniency: &Leniency, attribute: &Attribute, value: &Value) -> Option<Resource> {
    let is_meant = leniency.any_shape_of_members && attribute.multi_valued && attribute.sub_attribute("value").is_some();
    (is_meant && value.is_string()).then(|| of_value(value))
}

fn of_value(value: &Value) -> Resource {
    Resource::from_iter([("value".to_owned(), value.clone())])
}

/// Whether a URN of `schemas` is one of SCIM 1: `urn:scim:schemas:core:1.0` and its relatives.
pub(crate) fn scim_1_schemas(leniency: &Leniency, urn: &str) -> bool {
    let urn = urn.to_ascii_lowercase();
    let is_old = urn.starts_with("urn:scim:schemas:") || urn.contains(":core:1.0") || urn.contains(":enterprise:1.0");
    leniency.scim_1_schemas && is_old
}

/// Whether a body may go without what it has not got for `schemas`.
pub(crate) fn schemas_absent(leniency: &Leniency, schemas: Option<&Value>) -> bool {
    leniency.schemas_absent && schemas.is_none_or(names::is_unassigned)
}

/// The list that a single URN stands for.
pub(crate) fn schemas_as_string<'v>(leniency: &Leniency, schemas: &'v Value) -> Option<&'v [Value]> {
    (leniency.schemas_as_string && schemas.is_string()).then(|| std::slice::from_ref(schemas))
}

/// Whether this member of an extension's object is only its `schemas` once more.
pub(crate) fn schemas_in_extensions(leniency: &Leniency, extension: &Schema, key: &str, value: &Value) -> bool {
    let named = |value: &Value| value.as_str().is_some_and(|urn| names::same(urn, &extension.id));
    leniency.schemas_in_extensions && names::same(key, "schemas") && value.as_array().is_some_and(|urns| urns.iter().all(named))
}

/// The path that is meant, without the spaces around it; `None` for an empty one.
pub(crate) fn empty_path<'p>(leniency: &Leniency, path: &'p str) -> Option<&'p str> {
    if leniency.empty_path { Some(path.trim()).filter(|path| !path.is_empty()) } else { Some(path) }
}

/// Whether a key of a pathless operation is a path.
pub(crate) fn dotted_keys(leniency: &Leniency, key: &str) -> bool {
    leniency.dotted_keys && key.contains(['.', ':', '['])
}

/// What comes of a removal that found nothing to remove.
pub(crate) fn removal_without_match(leniency: &Leniency, error: impl FnOnce() -> ScimError) -> Result<(), ScimError> {
    if leniency.removal_without_match { Ok(()) } else { Err(error()) }
}

/// What comes of a value for a read-only attribute that would change it.
pub(crate) fn read_only_passed_over(leniency: &Leniency, error: impl FnOnce() -> ScimError) -> Result<(), ScimError> {
    if leniency.read_only_passed_over { Ok(()) } else { Err(error()) }
}

/// What comes of an attribute, or of a schema, that nobody knows.
pub(crate) fn unknown_passed_over(leniency: &Leniency, error: impl FnOnce() -> ScimError) -> Result<(), ScimError> {
    if leniency.unknown_passed_over { Ok(()) } else { Err(error()) }
}
