//! How requests are written.

use super::Client;
use provost_core::app::Profile;
use provost_core::provisioning::on_the_wire;
use provost_platform::{HttpRequest, Method};
use provost_scim::PatchRequest;
use serde_json::{Map, Value, json};
use std::fmt::Write;
use std::time::Duration;

/// RFC 7643 section 4.1.
const USER_SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

/// A user's body with its `schemas`: the core one and those of the extensions it has attributes of (RFC 7643 section 3).
pub(super) fn user(body: &Map<String, Value>, profile: &Profile) -> Value {
    let extensions = body.keys().filter(|name| name.starts_with("urn:")).cloned();
    let schemas: Vec<String> = std::iter::once(USER_SCHEMA.to_owned()).chain(extensions).collect();
    let mut resource = Map::new();
    resource.insert("schemas".to_owned(), json!(schemas));
    resource.extend(body.iter().map(|(name, value)| (name.clone(), on_the_wire(value, profile))));
    Value::Object(resource)
}

pub(super) fn patch(patch: &PatchRequest) -> Value {
    // RFC 7644 section 3.5.2.
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": patch.operations })
}

pub(super) fn user_path(remote_id: &str) -> String {
    format!("/Users/{}", percent_encoded(remote_id))
}

pub(super) fn search_path(attribute: &str, value: &str) -> String {
    // RFC 7644 section 3.4.2.2: a filter's text is a JSON string.
    let filter = format!("{attribute} eq {}", Value::String(value.to_owned()));
    format!("/Users?filter={}&startIndex=1&count=10", percent_encoded(&filter))
}

pub(super) fn cursor_path(cursor: &str, count: u32) -> String {
    format!("/Users?cursor={}&count={count}", percent_encoded(cursor))
}

/// RFC 3986 section 2: everything but unreserved characters.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

pub(super) fn http(client: &Client, method: Method, path: &str, body: Option<&Value>, timeout: Duration) -> HttpRequest {
    let mut headers = vec![
        ("authorization".to_owned(), format!("Bearer {}", client.token.expose())),
        ("accept".to_owned(), "application/scim+json, application/json".to_owned()),
    ];
    if body.is_some() {
        headers.push(("content-type".to_owned(), client.profile.content_type.clone()));
    }
    if let Some(version) = client.version.as_ref().filter(|_| matches!(method, Method::Patch | Method::Put | Method::Delete)) {
        headers.push(("if-match".to_owned(), version.clone()));
    }
    HttpRequest {
        method,
        url: format!("{}{path}", client.endpoint),
        headers,
        body: body.map(|body| body.to_string().into_bytes()),
        timeout,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_quotes_and_encodes_what_it_searches_for() {
        assert_eq!(
            search_path("userName", r#"a"b\c@x.example"#),
            "/Users?filter=userName%20eq%20%22a%5C%22b%5C%5Cc%40x.example%22&startIndex=1&count=10"
        );
    }

    #[test]
    fn an_id_cannot_leave_its_place_in_the_path() {
        assert_eq!(user_path("../Groups/1?x#y"), "/Users/..%2FGroups%2F1%3Fx%23y");
    }
}
