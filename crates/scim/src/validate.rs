//! Whether a resource that came in may be kept, and in which form (RFC 7644 sections 3.3 and 3.5.1).
//!
//! What comes out has the spelling of the schemas, no unassigned attributes, no read-only ones of the client's, and no
//! password: write-only values are checked and left out, because this crate's resources are what may be stored and shown.

use crate::error::ScimError;
use crate::leniency::{Leniency, deviations};
use crate::patch::carry_fixed_parts;
use crate::schema::{Attribute, AttributeType, Mutability, Schema, Schemas};
use crate::value::{Name, Reader, forget_write_only, refuse_duplicates};
use crate::{Resource, names, path};
use serde_json::Value;

pub use crate::value::{BINARY_BYTES_MAX, PLAIN_VALUES_MAX, STRING_BYTES_MAX, VALUES_MAX};

/// One extension with more attributes than this is refused; it matters to open ones.
pub const ATTRIBUTES_MAX: usize = 1000;

/// Checks the body of a create and brings it into form.
pub fn normalize(incoming: &Resource, schemas: &Schemas, leniency: &Leniency) -> Result<Resource, ScimError> {
    refuse_duplicates(None, incoming)?;
    check_schemas(incoming, schemas, leniency)?;
    let reader = Reader { leniency };
    let mut resource = Resource::new();
    resource.insert("schemas".to_owned(), Value::Null);
    let mut extensions = Vec::new();
    // What `schemas` says was checked, and it follows from the rest.
    for (key, value) in incoming.iter().filter(|(key, _)| !names::same(key, "schemas")) {
        if let Some(extension) = schemas.extension(key) {
            let members = read_extension(extension, value, schemas, &reader)?;
            if !members.is_empty() {
                extensions.push((extension.id.clone(), Value::Object(members)));
            }
        } else if let Some(attribute) = schemas.attribute(key) {
            if let Some(value) = read_attribute(Name::of(&attribute.name), attribute, value, &reader)? {
                resource.insert(attribute.name.clone(), value);
            }
        } else {
            deviations::unknown_passed_over(leniency, || unknown(schemas, key))?;
        }
    }
    resource.extend(extensions);
    require_all(&resource, schemas, Asked::OfTheBody)?;
    forget_write_only(&mut resource, &schemas.base.attributes);
    for extension in &schemas.extensions {
        if let Some(Value::Object(members)) = names::get_mut(&mut resource, &extension.id) {
            forget_write_only(members, &extension.attributes);
            if members.is_empty() {
                names::remove(&mut resource, &extension.id);
            }
        }
    }
    set_schemas(&mut resource, schemas);
    Ok(resource)
}

/// Checks the body of a PUT and brings it into form: what `existing` becomes.
///
/// RFC 7644 section 3.5.1: read-only attributes of the client are ignored and those of the provider stay; an immutable
/// attribute that has a value keeps it, and the client's must be the same. So it is with the parts of complex attributes.
pub fn replace(existing: &Resource, incoming: &Resource, schemas: &Schemas, leniency: &Leniency) -> Result<Resource, ScimError> {
    let mut next = normalize(incoming, schemas, leniency)?;
    keep_fixed(None, existing, &mut next, schemas.base.attributes.iter().chain(&schemas.common))?;
    for extension in &schemas.extensions {
        let Some(before) = names::get(existing, &extension.id).and_then(Value::as_object) else { continue };
        let mut after = match names::remove(&mut next, &extension.id) {
            Some(Value::Object(members)) => members,
            Some(_) | None => Resource::new(),
        };
        keep_fixed(Some(Name::of(&extension.id)), before, &mut after, extension.attributes.iter())?;
        if !after.is_empty() {
            next.insert(extension.id.clone(), Value::Object(after));
        }
    }
    set_schemas(&mut next, schemas);
    Ok(next)
}

/// RFC 7643 section 7: a required attribute has a value; an empty string is none. The required attributes of an extension are
/// asked for when the resource has any of it, or when the extension itself is required (section 6); required parts of a
/// complex attribute in each of its values. Read-only ones are the provider's to give, write-only ones are not kept.
pub fn check_required(resource: &Resource, schemas: &Schemas) -> Result<(), ScimError> {
    require_all(resource, schemas, Asked::OfWhatIsKept)
}

/// Of what something required is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// Of the body of a create or a PUT: also a password, where there must be one.
    OfTheBody,
    /// Of a resource as it is kept.
    OfWhatIsKept,
}

impl Asked {
    fn about(self, attribute: &Attribute) -> bool {
        match attribute.mutability {
            Mutability::ReadWrite | Mutability::Immutable => true,
            Mutability::ReadOnly => false,
            Mutability::WriteOnly => self == Self::OfTheBody,
        }
    }
}

fn require_all(resource: &Resource, schemas: &Schemas, asked: Asked) -> Result<(), ScimError> {
    require(resource, "", &schemas.base.attributes, asked)?;
    for extension in &schemas.extensions {
        match names::get(resource, &extension.id).and_then(Value::as_object) {
            Some(members) => require(members, &format!("{}:", extension.id), &extension.attributes, asked)?,
            None if schemas.requires(extension) => {
                return Err(ScimError::invalid_value(format!("{} is required: give its attributes.", extension.id)));
            }
            None => {}
        }
    }
    Ok(())
}

fn require(members: &Resource, prefix: &str, attributes: &[Attribute], asked: Asked) -> Result<(), ScimError> {
    for attribute in attributes.iter().filter(|attribute| asked.about(attribute)) {
        let value = names::get(members, &attribute.name).filter(|value| has_value(value));
        if attribute.required && value.is_none() {
            return Err(ScimError::invalid_value(format!("{prefix}{} is required.", attribute.name)));
        }
        if let Some(value) = value
            && attribute.sub_attributes.iter().any(|part| part.required)
        {
            let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            let prefix = format!("{prefix}{}.", attribute.name);
            values
                .iter()
                .filter_map(Value::as_object)
                .try_for_each(|value| require(value, &prefix, &attribute.sub_attributes, asked))?;
        }
    }
    Ok(())
}

fn has_value(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.trim().is_empty(),
        value => !names::is_unassigned(value),
    }
}

/// RFC 7643 section 3: `schemas` names the base schema and the extensions that have values.
pub fn set_schemas(resource: &mut Resource, schemas: &Schemas) {
    let mut urns = vec![Value::from(schemas.base.id.as_str())];
    let present = schemas.extensions.iter().filter(|extension| names::key(resource, &extension.id).is_some());
    urns.extend(present.map(|extension| Value::from(extension.id.as_str())));
    names::set(resource, "schemas", Value::Array(urns));
}

/// RFC 7643 section 3: `schemas` MUST be there, MUST name the base schema, and MUST NOT name what the provider does not know. A
/// body with other schemas has not the form of the request: `invalidSyntax`, as in the example of RFC 7644 section 3.7.3.
fn check_schemas(incoming: &Resource, schemas: &Schemas, leniency: &Leniency) -> Result<(), ScimError> {
    let given = names::get(incoming, "schemas");
    if deviations::schemas_absent(leniency, given) {
        return Ok(());
    }
    let urns = match given {
        Some(Value::Array(urns)) if !urns.is_empty() => Some(urns.as_slice()),
        Some(given) => deviations::schemas_as_string(leniency, given),
        None => None,
    };
    let needed = || ScimError::invalid_syntax(format!("schemas is an array of URNs with \"{}\".", schemas.base.id));
    let urns = urns.ok_or_else(needed)?;
    let mut has_base = false;
    for urn in urns {
        has_base |= names::same(check_schema(urn, schemas, leniency)?, &schemas.base.id);
    }
    if has_base { Ok(()) } else { Err(ScimError::invalid_syntax(format!("schemas does not name \"{}\".", schemas.base.id))) }
}

/// One of them.
pub(crate) fn check_schema<'v>(urn: &'v Value, schemas: &Schemas, leniency: &Leniency) -> Result<&'v str, ScimError> {
    let urn = urn.as_str().ok_or_else(|| ScimError::invalid_syntax("schemas holds URIs, which are strings."))?;
    let is_known = names::same(urn, &schemas.base.id) || schemas.extension(urn).is_some();
    if !is_known && !deviations::scim_1_schemas(leniency, urn) {
        let (urn, kind) = (path::shortened(urn), &schemas.resource_type);
        let error = || ScimError::invalid_syntax(format!("schemas: \"{urn}\" is not a schema of {kind}."));
        deviations::unknown_passed_over(leniency, error)?;
    }
    Ok(urn)
}

fn read_extension(extension: &Schema, value: &Value, schemas: &Schemas, reader: &Reader<'_>) -> Result<Resource, ScimError> {
    let members = match value {
        Value::Object(members) => members,
        Value::Null => return Ok(Resource::new()),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            return Err(ScimError::invalid_value(format!("{} is an object of attributes.", extension.id)));
        }
    };
    check_count(extension, members)?;
    let urn = Name::of(&extension.id);
    refuse_duplicates(Some(urn), members)?;
    let mut kept = Resource::new();
    for (key, value) in members {
        let Some(attribute) = schemas.extension_attribute(extension, key) else {
            if !deviations::schemas_in_extensions(reader.leniency, extension, key, value) {
                deviations::unknown_passed_over(reader.leniency, || unknown(schemas, &format!("{}:{key}", extension.id)))?;
            }
            continue;
        };
        let name = if attribute.kind == AttributeType::Any { key } else { &attribute.name };
        if let Some(value) = read_attribute(urn.attribute(name), attribute, value, reader)? {
            kept.insert(name.clone(), value);
        }
    }
    Ok(kept)
}

/// An open schema has no end of its own.
pub(crate) fn check_count(extension: &Schema, members: &Resource) -> Result<(), ScimError> {
    if members.len() <= ATTRIBUTES_MAX {
        return Ok(());
    }
    Err(ScimError::invalid_value(format!(
        "{} has {} attributes; at most {ATTRIBUTES_MAX} are taken.",
        extension.id,
        members.len()
    )))
}

fn read_attribute(name: Name<'_>, attribute: &Attribute, value: &Value, reader: &Reader<'_>) -> Result<Option<Value>, ScimError> {
    match attribute.mutability {
        // RFC 7644 section 3.3: attributes whose mutability is readOnly SHALL be ignored.
        Mutability::ReadOnly => Ok(None),
        Mutability::ReadWrite | Mutability::Immutable | Mutability::WriteOnly => reader.read(name, attribute, value),
    }
}

fn keep_fixed<'a>(
    extension: Option<Name<'_>>,
    before: &Resource,
    after: &mut Resource,
    attributes: impl Iterator<Item = &'a Attribute>,
) -> Result<(), ScimError> {
    for attribute in attributes {
        let Some(fixed) = names::get(before, &attribute.name) else { continue };
        let name = match &extension {
            Some(extension) => extension.attribute(&attribute.name),
            None => Name::of(&attribute.name),
        };
        if let Some(given) = names::get_mut(after, &attribute.name) {
            carry_fixed_parts(name, fixed, given, attribute)?;
        }
        match (attribute.mutability, names::get(after, &attribute.name)) {
            (Mutability::Immutable, Some(given)) if !crate::order::equal(fixed, given, attribute) => {
                return Err(ScimError::mutability(format!("{name} cannot be changed once it has a value.")));
            }
            (Mutability::ReadOnly, _) | (Mutability::Immutable, None) => names::set(after, &attribute.name, fixed.clone()),
            (Mutability::ReadWrite | Mutability::WriteOnly, _) | (Mutability::Immutable, Some(_)) => {}
        }
    }
    Ok(())
}

fn unknown(schemas: &Schemas, key: &str) -> ScimError {
    ScimError::invalid_value(format!("{} has no attribute \"{}\".", schemas.resource_type, path::shortened(key)))
}
