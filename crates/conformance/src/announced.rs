//! What the server says about itself, as far as it decides which requirements apply. That it says so in the right form is
//! checked elsewhere; here whatever cannot be read is not announced.

use crate::requirement::Need;
use crate::values::{ENTERPRISE, GROUP, USER, at, items, member, texts};
use serde_json::Value;

/// What the server announces.
#[derive(Debug, Clone)]
pub(crate) struct Announced {
    /// The path of users, beginning with a slash.
    pub users: String,
    /// The path of groups.
    pub groups: Option<String>,
    pub config: Value,
    extensions: Vec<String>,
    user_attributes: Option<Vec<String>>,
}

impl Announced {
    /// From the bodies of the three discovery endpoints.
    pub(crate) fn read(config: &Value, resource_types: &Value, schemas: &Value) -> Self {
        let types = items(member(resource_types, "Resources"));
        let with_schema = |urn: &str| types.iter().find(|kind| same(member(kind, "schema"), urn));
        let endpoint = |kind: &Value| member(kind, "endpoint").and_then(Value::as_str).map(path_of);
        let user_type = with_schema(USER);
        let user_schema = items(member(schemas, "Resources")).iter().find(|schema| same(member(schema, "id"), USER));
        let names = |schema: &Value| texts(items(member(schema, "attributes")), "name").into_iter().map(str::to_owned).collect();
        let extensions = user_type.map(|kind| texts(items(member(kind, "schemaExtensions")), "schema")).unwrap_or_default();
        Self {
            users: user_type.and_then(endpoint).unwrap_or_else(|| "/Users".to_owned()),
            groups: with_schema(GROUP).and_then(endpoint),
            config: config.clone(),
            extensions: extensions.into_iter().map(str::to_owned).collect(),
            user_attributes: user_schema.map(names),
        }
    }

    /// Whether the server announces this.
    pub(crate) fn has(&self, need: Need) -> bool {
        let supported = |feature: &str| self.is_true(&format!("{feature}.supported"));
        match need {
            Need::Patch => supported("patch"),
            Need::Bulk => supported("bulk"),
            Need::Filter => supported("filter"),
            Need::Sort => supported("sort"),
            Need::Etag => supported("etag"),
            Need::Cursor => self.is_true("pagination.cursor"),
            Need::Authentication => !items(at(&self.config, "authenticationSchemes")).is_empty(),
            Need::Groups => self.groups.is_some(),
            Need::Enterprise => self.extensions.iter().any(|urn| urn.eq_ignore_ascii_case(ENTERPRISE)),
            Need::UserAttribute(name) => {
                self.user_attributes.as_ref().is_none_or(|names| names.iter().any(|found| found.eq_ignore_ascii_case(name)))
            }
        }
    }

    /// A number of the configuration.
    pub(crate) fn number(&self, path: &str) -> Option<u64> {
        at(&self.config, path).and_then(Value::as_u64)
    }

    fn is_true(&self, path: &str) -> bool {
        at(&self.config, path) == Some(&Value::Bool(true))
    }
}

fn same(value: Option<&Value>, text: &str) -> bool {
    value.and_then(Value::as_str).is_some_and(|found| found.eq_ignore_ascii_case(text))
}

/// RFC 7643 section 6: an endpoint is relative to the base URL; some servers leave the slash out.
fn path_of(endpoint: &str) -> String {
    format!("/{}", endpoint.trim_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_not_said_is_not_announced() {
        let nothing = Announced::read(&Value::Null, &Value::Null, &Value::Null);
        assert_eq!(nothing.users, "/Users");
        for need in [Need::Patch, Need::Filter, Need::Cursor, Need::Groups, Need::Enterprise, Need::Authentication] {
            assert!(!nothing.has(need), "{need:?}");
        }
        assert!(nothing.has(Need::UserAttribute("title")), "a server without schemas is taken to have the core ones");
    }

    #[test]
    fn features_and_endpoints_are_read() {
        let config = json!({ "patch": { "supported": true }, "sort": { "supported": false }, "pagination": { "cursor": true } });
        let types = json!({ "Resources": [
            { "schema": USER, "endpoint": "People", "schemaExtensions": [{ "schema": ENTERPRISE }] },
            { "schema": GROUP, "endpoint": "/Groups" },
        ] });
        let schemas = json!({ "Resources": [{ "id": USER, "attributes": [{ "name": "userName" }] }] });
        let found = Announced::read(&config, &types, &schemas);
        assert_eq!((found.users.as_str(), found.groups.as_deref()), ("/People", Some("/Groups")));
        assert!(found.has(Need::Patch) && found.has(Need::Cursor) && found.has(Need::Enterprise) && !found.has(Need::Sort));
        assert!(found.has(Need::UserAttribute("username")) && !found.has(Need::UserAttribute("title")));
    }
}
