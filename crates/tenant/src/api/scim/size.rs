//! How large a user may become (a group without its members has nothing that grows). One request brings a megabyte at most, but many could make one of many times that,
//! which every look at it would read, every list show, and every filter go through.

use provost_scim::provider::PAYLOAD_BYTES_MAX;
use provost_scim::{Resource, ScimError};
use serde_json::Value;

/// What a resource may have, as JSON: as much as the largest body.
const RESOURCE_BYTES_MAX: usize = PAYLOAD_BYTES_MAX;

/// Refuses a resource that has become too large, by the attribute that is the largest.
pub(super) fn refuse_large(resource: &Resource) -> Result<(), ScimError> {
    let mut bytes = 0;
    let mut largest = (0, "");
    for (name, value) in resource {
        let size = bytes_of(value);
        bytes += name.len() + size;
        largest = largest.max((size, name.as_str()));
    }
    if bytes <= RESOURCE_BYTES_MAX {
        return Ok(());
    }
    let (size, name) = largest;
    Err(ScimError::invalid_value(format!(
        "{name} has {size} bytes of {bytes}; a resource has at most {RESOURCE_BYTES_MAX} in all."
    )))
}

/// Without escapes and punctuation: it is a bound, not a size on the wire.
fn bytes_of(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 4,
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(bytes_of).sum(),
        Value::Object(members) => members.iter().map(|(name, value)| name.len() + bytes_of(value)).sum(),
    }
}
