//! Reading the body of a PATCH (RFC 7644 section 3.5.2).

use super::{OPERATIONS_MAX, PATCH_SCHEMA, PatchOp, PatchOperation, PatchRequest};
use crate::error::ScimError;
use crate::leniency::{Leniency, deviations};
use crate::{Resource, names, path};
use serde_json::{Value, json};

/// Takes the body of a PATCH apart: its form is checked, and what the operations mean by the schemas is for [`super::resolve`] and
/// [`super::apply`] to say.
pub fn read(body: &Value, leniency: &Leniency) -> Result<PatchRequest, ScimError> {
    let Some(body) = body.as_object() else {
        return Err(ScimError::invalid_syntax("The body of a PATCH is a JSON object with schemas and Operations."));
    };
    check_schemas(body, leniency)?;
    match names::get(body, "Operations") {
        Some(Value::Array(operations)) => read_operations(operations, leniency),
        Some(_) => Err(ScimError::invalid_syntax("Operations is an array.")),
        None => Err(ScimError::invalid_syntax("Operations is missing.")),
    }
}

/// The body of a PATCH with these operations.
pub(crate) fn body_of(operations: Value) -> Resource {
    Resource::from_iter([("schemas".to_owned(), json!([PATCH_SCHEMA])), ("Operations".to_owned(), operations)])
}

fn read_operations(operations: &[Value], leniency: &Leniency) -> Result<PatchRequest, ScimError> {
    if operations.is_empty() {
        return Err(ScimError::invalid_syntax("Operations is empty; give at least one operation."));
    }
    if operations.len() > OPERATIONS_MAX {
        return Err(ScimError::invalid_syntax(format!(
            "Operations has {} entries; at most {OPERATIONS_MAX} are taken in one request.",
            operations.len()
        )));
    }
    let operations = operations.iter().enumerate().map(|(index, operation)| read_operation(operation, index + 1, leniency));
    Ok(PatchRequest { operations: operations.collect::<Result<_, _>>()? })
}

/// RFC 7644 section 3.5.2: the body MUST contain `schemas` with the URN of PATCH bodies.
fn check_schemas(body: &Resource, leniency: &Leniency) -> Result<(), ScimError> {
    let given = names::get(body, "schemas");
    let urns = match given {
        Some(Value::Array(urns)) => Some(urns.as_slice()),
        Some(given) => deviations::schemas_as_string(leniency, given),
        None => None,
    };
    let is_named = urns.into_iter().flatten().filter_map(Value::as_str).any(|urn| names::same(urn, PATCH_SCHEMA));
    if is_named || deviations::schemas_absent(leniency, given) {
        Ok(())
    } else {
        Err(ScimError::invalid_syntax(format!("schemas of a PATCH is [\"{PATCH_SCHEMA}\"].")))
    }
}

fn read_operation(operation: &Value, number: usize, leniency: &Leniency) -> Result<PatchOperation, ScimError> {
    let Some(operation) = operation.as_object() else {
        return Err(ScimError::invalid_syntax(format!("Operation {number} is not an object.")));
    };
    let op = match names::get(operation, "op") {
        Some(Value::String(word)) => read_op(word, leniency).ok_or_else(|| {
            ScimError::invalid_syntax(format!(
                "Operation {number}: op \"{}\" is not add, remove or replace.",
                path::shortened(word)
            ))
        })?,
        Some(_) | None => {
            return Err(ScimError::invalid_syntax(format!("Operation {number}: op is missing; it is add, remove or replace.")));
        }
    };
    let path = match names::get(operation, "path") {
        None | Some(Value::Null) => None,
        Some(Value::String(path)) => deviations::empty_path(leniency, path).map(str::to_owned),
        Some(_) => return Err(ScimError::invalid_path(format!("Operation {number}: path is a string."))),
    };
    let value = names::get(operation, "value").cloned();
    // RFC 7644 sections 3.5.2.1 and 3.5.2.3: add and replace have a value.
    if value.is_none() && op != PatchOp::Remove {
        return Err(ScimError::invalid_value(format!("Operation {number}: {} needs a value.", op.word())));
    }
    Ok(PatchOperation { op, path, value })
}

fn read_op(word: &str, leniency: &Leniency) -> Option<PatchOp> {
    let all = [PatchOp::Add, PatchOp::Remove, PatchOp::Replace];
    all.into_iter().find(|op| op.word() == word || deviations::any_case_operations(leniency, word, *op))
}
