//! The users that are stored before the measuring: the same for every server.

use serde_json::{Value, json};

const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// The userName of a stored user.
pub(crate) fn user_name(number: u32) -> String {
    format!("user{number:07}@example.com")
}

/// A user in the size that directories send: about 500 bytes.
pub(crate) fn user(user_name: &str, number: u32) -> Value {
    json!({
        "schemas": [CORE, ENTERPRISE],
        "externalId": format!("ext-{number:07}"),
        "userName": user_name,
        "name": { "familyName": format!("Family{number}"), "givenName": format!("Given{number}") },
        "displayName": format!("Given{number} Family{number}"),
        "title": "Engineer",
        "active": true,
        "emails": [{ "value": user_name, "type": "work", "primary": true }],
        "phoneNumbers": [{ "value": format!("+1-555-{number:07}"), "type": "work" }],
        ENTERPRISE: { "employeeNumber": number.to_string(), "department": format!("Department {}", number % 50) }
    })
}
