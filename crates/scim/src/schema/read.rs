//! Reading a schema from its JSON (RFC 7643 section 7), so that a provider can be taught attributes while it runs.

use super::builtin::USER;
use super::{Attribute, AttributeType, Comparison, Mutability, Returned, Schema, Uniqueness};
use crate::error::ScimError;
use crate::path::{is_name, is_uri, shortened};
use crate::{Resource, names};
use serde_json::Value;

/// Schemas with more attributes than this, sub-attributes included, are refused.
const ATTRIBUTES_MAX: usize = 1000;
/// URNs and names longer than this many bytes are refused: paths must have room for them.
const NAME_BYTES_MAX: usize = 256;
/// Attributes, their parts, and the parts of these. RFC 7643 section 2.3.8 has no third level, but the schema of schemas in its
/// section 8.7.2 has one.
const LEVELS_MAX: usize = 3;

impl Schema {
    /// Reads a schema as [`super::schema_resource`] writes it, and as the `Schemas` endpoint of any provider gives it. What is
    /// not said has the value that RFC 7643 section 2.2 gives it. Errors are 400 `invalidValue` and name the attribute.
    ///
    /// ```
    /// use provost_scim::{Leniency, Resource, Schema, Schemas, validate};
    /// use serde_json::json;
    ///
    /// let object = |value| -> Resource { serde_json::from_value(value).unwrap() };
    /// let badge = Schema::parse(&object(json!({
    ///     "id": "urn:example:params:2.0:Badge",
    ///     "attributes": [{ "name": "number", "type": "integer", "required": true }]
    /// }))).unwrap();
    /// let schemas = Schemas::user().with_extension(badge);
    ///
    /// let user = object(json!({
    ///     "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:example:params:2.0:Badge"],
    ///     "userName": "ada", "urn:example:params:2.0:Badge": { "number": "seven" }
    /// }));
    /// let error = validate::normalize(&user, &schemas, &Leniency::NONE).unwrap_err();
    /// assert_eq!(error.detail, "urn:example:params:2.0:Badge:number is a whole number, not this string.");
    /// ```
    pub fn parse(resource: &Resource) -> Result<Self, ScimError> {
        let Some(id) = text(resource, "id", "The schema")? else {
            return Err(ScimError::invalid_value("The schema has no id; it is a URI, such as a URN."));
        };
        if !is_uri(id) || id.len() > NAME_BYTES_MAX {
            let id = shortened(id);
            return Err(ScimError::invalid_value(format!(
                "The schema's id \"{id}\" is not a URI of at most {NAME_BYTES_MAX} bytes, without commas, quotes and brackets."
            )));
        }
        let last = id.rsplit([':', '/']).next().unwrap_or_default();
        let attributes = attributes(resource, "attributes", id, 1)?;
        let count: usize = attributes.iter().map(|attribute| 1 + attribute.sub_attributes.len()).sum();
        if count > ATTRIBUTES_MAX {
            return Err(ScimError::invalid_value(format!("{id} has {count} attributes; at most {ATTRIBUTES_MAX} are taken.")));
        }
        let name = text(resource, "name", id)?.unwrap_or(last).to_owned();
        let description = text(resource, "description", id)?.unwrap_or_default().to_owned();
        let mut schema = Self { id: id.to_owned(), name, description, attributes, open: false };
        let is_user = names::same(id, USER);
        for attribute in schema.attributes.iter_mut().filter(|attribute| is_user && names::same(&attribute.name, "userName")) {
            attribute.comparison = Comparison::UserName;
        }
        Ok(schema)
    }
}

/// A list of definitions, no name twice (RFC 7643 section 2.1: in any case).
fn attributes(holder: &Resource, key: &str, of: &str, level: usize) -> Result<Vec<Attribute>, ScimError> {
    let definitions = match names::get(holder, key) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(definitions)) => definitions,
        Some(_) => return Err(ScimError::invalid_value(format!("{of}: {key} is an array."))),
    };
    let mut found: Vec<Attribute> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for definition in definitions {
        let Some(definition) = definition.as_object() else {
            return Err(ScimError::invalid_value(format!("{of}: {key} holds objects.")));
        };
        let attribute = attribute(definition, of, level)?;
        if !seen.insert(attribute.name.to_ascii_lowercase()) {
            return Err(ScimError::invalid_value(format!("{of}: \"{}\" occurs twice.", attribute.name)));
        }
        found.push(attribute);
    }
    Ok(found)
}

fn attribute(definition: &Resource, of: &str, level: usize) -> Result<Attribute, ScimError> {
    let name = text(definition, "name", of)?.unwrap_or_default();
    if !is_name(name) || name.len() > NAME_BYTES_MAX {
        let name = shortened(name);
        return Err(ScimError::invalid_value(format!("{of}: \"{name}\" is not an attribute's name: letters, digits, - and _.")));
    }
    let of = format!("{of}:{name}");
    let kind = word(definition, "type", &of, AttributeType::parse)?.unwrap_or(AttributeType::String);
    if level > LEVELS_MAX {
        return Err(ScimError::invalid_value(format!("{of}: attributes have at most {LEVELS_MAX} levels.")));
    }
    let sub_attributes = attributes(definition, "subAttributes", &of, level + 1)?;
    if (kind == AttributeType::Complex) == sub_attributes.is_empty() {
        return Err(ScimError::invalid_value(format!("{of}: a complex attribute has subAttributes, and no other has.")));
    }
    let mutability = word(definition, "mutability", &of, Mutability::parse)?.unwrap_or(Mutability::ReadWrite);
    // RFC 7643 section 7: "writeOnly [...] Attribute values SHALL NOT be returned".
    let unsaid = if mutability == Mutability::WriteOnly { Returned::Never } else { Returned::Default };
    let attribute = Attribute {
        multi_valued: truth(definition, "multiValued", &of)?,
        required: truth(definition, "required", &of)?,
        case_exact: truth(definition, "caseExact", &of)?,
        mutability,
        returned: word(definition, "returned", &of, Returned::parse)?.unwrap_or(unsaid),
        uniqueness: word(definition, "uniqueness", &of, Uniqueness::parse)?.unwrap_or(Uniqueness::None),
        canonical_values: texts(definition, "canonicalValues", &of)?,
        reference_types: texts(definition, "referenceTypes", &of)?,
        sub_attributes,
        ..Attribute::new(name, kind, text(definition, "description", &of)?.unwrap_or_default())
    };
    if attribute.mutability == Mutability::WriteOnly && attribute.returned != Returned::Never {
        return Err(ScimError::invalid_value(format!("{of}: what is writeOnly is returned never.")));
    }
    Ok(attribute)
}

fn text<'r>(holder: &'r Resource, key: &str, of: &str) -> Result<Option<&'r str>, ScimError> {
    match names::get(holder, key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(ScimError::invalid_value(format!("{of}: {key} is a string."))),
    }
}

fn truth(holder: &Resource, key: &str, of: &str) -> Result<bool, ScimError> {
    match names::get(holder, key) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(value)) => Ok(*value),
        Some(_) => Err(ScimError::invalid_value(format!("{of}: {key} is true or false."))),
    }
}

fn word<T>(holder: &Resource, key: &str, of: &str, parse: fn(&str) -> Option<T>) -> Result<Option<T>, ScimError> {
    let Some(text) = text(holder, key, of)? else { return Ok(None) };
    match parse(text) {
        Some(value) => Ok(Some(value)),
        None => Err(ScimError::invalid_value(format!("{of}: {key} cannot be \"{}\".", shortened(text)))),
    }
}

fn texts(holder: &Resource, key: &str, of: &str) -> Result<Vec<String>, ScimError> {
    let wrong = || ScimError::invalid_value(format!("{of}: {key} is an array of strings."));
    match names::get(holder, key) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) => {
            items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<_>>().ok_or_else(wrong)
        }
        Some(_) => Err(wrong()),
    }
}
