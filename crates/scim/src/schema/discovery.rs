//! Schemas and resource types as resources (RFC 7643 sections 6 and 7).

use super::{Attribute, AttributeType, Schema, Schemas};
use crate::Resource;
use serde_json::{Map, Value, json};

/// The URN of schema resources.
pub(super) const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";
/// The URN of resource type resources.
const RESOURCE_TYPE: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";

/// RFC 7643 section 7. `base_url` has no slash at its end.
pub fn schema_resource(schema: &Schema, base_url: &str) -> Resource {
    let attributes: Vec<Value> = schema.attributes.iter().map(attribute_value).collect();
    object(json!({
        "schemas": [SCHEMA],
        "id": schema.id,
        "name": schema.name,
        "description": schema.description,
        "attributes": attributes,
        "meta": { "resourceType": "Schema", "location": format!("{base_url}/Schemas/{}", in_path(&schema.id)) },
    }))
}

/// RFC 7643 section 6. `base_url` has no slash at its end.
pub fn resource_type_resource(schemas: &Schemas, base_url: &str) -> Resource {
    let extensions: Vec<Value> =
        schemas.extensions.iter().map(|schema| json!({ "schema": schema.id, "required": schemas.requires(schema) })).collect();
    object(json!({
        "schemas": [RESOURCE_TYPE],
        "id": schemas.resource_type,
        "name": schemas.resource_type,
        "endpoint": schemas.endpoint,
        "description": schemas.description,
        "schema": schemas.base.id,
        "schemaExtensions": extensions,
        "meta": { "resourceType": "ResourceType", "location": format!("{base_url}/ResourceTypes/{}", schemas.resource_type) },
    }))
}

/// A URI as one part of a path (RFC 3986 section 3.3), where colons may stand as they are.
fn in_path(uri: &str) -> String {
    uri.replace('%', "%25").replace('/', "%2F").replace('?', "%3F").replace('#', "%23")
}

fn attribute_value(attribute: &Attribute) -> Value {
    let mut value = json!({
        "name": attribute.name,
        "type": attribute.kind.word(),
        "multiValued": attribute.multi_valued,
        "description": attribute.description,
        "required": attribute.required,
    });
    if attribute.kind != AttributeType::Complex {
        value["caseExact"] = json!(attribute.case_exact);
    }
    if !attribute.canonical_values.is_empty() {
        value["canonicalValues"] = json!(attribute.canonical_values);
    }
    value["mutability"] = json!(attribute.mutability.word());
    value["returned"] = json!(attribute.returned.word());
    value["uniqueness"] = json!(attribute.uniqueness.word());
    if !attribute.reference_types.is_empty() {
        value["referenceTypes"] = json!(attribute.reference_types);
    }
    if !attribute.sub_attributes.is_empty() {
        value["subAttributes"] = attribute.sub_attributes.iter().map(attribute_value).collect();
    }
    value
}

fn object(value: Value) -> Resource {
    match value {
        Value::Object(members) => members,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    }
}
