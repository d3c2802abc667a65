//! Holds real requests and real answers against the document of the API.

use axum::http::{request, response};
use jsonschema::Validator;
use provost_server::api::openapi;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock, Mutex};

/// The schemas, as they hold for answers: nothing is in an answer that is not documented.
static STRICT: LazyLock<Value> = LazyLock::new(|| {
    let mut schemas = openapi()["components"]["schemas"].clone();
    close(&mut schemas);
    schemas
});

static KNOWN: LazyLock<Mutex<BTreeMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

/// Forbids fields that are not listed.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if object.contains_key("properties") && !object.contains_key("additionalProperties") {
                object.insert("additionalProperties".to_owned(), json!(false));
            }
            object.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What is wrong with a value by a schema of the document.
pub(crate) fn errors(schema: &Value, schemas: &Value, value: &Value) -> Vec<String> {
    let key = format!("{schema}{}", std::ptr::from_ref(schemas).addr());
    let known = KNOWN.lock().unwrap().get(&key).cloned();
    let validator = known.unwrap_or_else(|| {
        let mut whole = schema.clone();
        whole["components"] = json!({ "schemas": schemas });
        let draft = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).should_validate_formats(true);
        let made = Arc::new(draft.build(&whole).unwrap());
        KNOWN.lock().unwrap().insert(key, made.clone());
        made
    });
    validator.iter_errors(value).map(|error| format!("{} at {}", error, error.instance_path())).collect()
}

/// The operation that a request asks for.
fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let parts: Vec<&str> = path.split('/').collect();
    let is_at = |template: &str| {
        let names: Vec<&str> = template.split('/').collect();
        names.len() == parts.len() && names.iter().zip(&parts).all(|(name, part)| name.starts_with('{') || name == part)
    };
    let paths = openapi()["paths"].as_object().unwrap();
    let (_, item) = paths.iter().find(|(template, _)| is_at(template))?;
    item.get(method.to_lowercase())
}

/// Fails when the document does not say this answer, or says that the request that was carried out cannot be sent.
pub(crate) fn check(request: &request::Parts, sent: &[u8], reply: &response::Parts, text: &str) {
    let (method, path) = (request.method.as_str(), request.uri.path());
    if !path.starts_with("/api/v1") {
        return;
    }
    let asked = format!("{method} {}", request.uri);
    let Some(operation) = operation(method, path) else {
        assert!([404, 405].contains(&reply.status.as_u16()), "{asked} is not in the document: {}", reply.status);
        return;
    };
    let responses = &operation["responses"];
    let fallback = if reply.status.is_server_error() { &responses["default"] } else { &Value::Null };
    let response = responses.get(reply.status.as_str()).unwrap_or(fallback);
    assert!(response.is_object(), "{asked} answers {}, which is not in the document: {}", reply.status, text);
    assert_eq!(response["headers"]["ETag"].is_object(), reply.headers.contains_key("etag"), "{asked}: the ETag");
    check_body(&asked, response, reply, text);
    if reply.status.is_success() {
        check_parameters(&asked, operation, request);
        let errors = sent_errors(operation, sent);
        assert_eq!(errors, Vec::<String>::new(), "{asked} takes {}, which the document forbids", sent.escape_ascii());
    }
    if text.contains("the body cannot be read") {
        assert_ne!(
            sent_errors(operation, sent),
            Vec::<String>::new(),
            "{asked} refuses {}, which the document allows",
            sent.escape_ascii()
        );
    }
}

fn check_body(asked: &str, response: &Value, reply: &response::Parts, text: &str) {
    let Some(contents) = response["content"].as_object() else {
        assert_eq!(text, "", "{asked} answers a body that is not in the document");
        return;
    };
    let media_type = reply.headers["content-type"].to_str().unwrap().split(';').next().unwrap();
    let content =
        contents.get(media_type).unwrap_or_else(|| panic!("{asked} answers {media_type}, which is not in the document"));
    let values: Vec<Value> = match media_type {
        "application/json" | "application/problem+json" => vec![serde_json::from_str(text).unwrap()],
        "application/x-ndjson" => text.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
        _ => vec![json!(text)],
    };
    assert!(!values.is_empty(), "{asked}");
    for value in values {
        let errors = errors(&content["schema"], &STRICT, &value);
        assert_eq!(errors, Vec::<String>::new(), "{asked} answers {} {value:#}", reply.status);
    }
}

fn sent_errors(operation: &Value, sent: &[u8]) -> Vec<String> {
    let Some(content) = operation["requestBody"]["content"].get("application/json") else { return Vec::new() };
    if sent.trim_ascii().is_empty() {
        let required = operation["requestBody"]["required"] == true;
        return if required { vec!["the body is missing".to_owned()] } else { Vec::new() };
    }
    match serde_json::from_slice(sent) {
        Ok(value) => errors(&content["schema"], &openapi()["components"]["schemas"], &value),
        Err(error) => vec![error.to_string()],
    }
}

fn check_parameters(asked: &str, operation: &Value, request: &request::Parts) {
    let known = operation["parameters"].as_array().into_iter().flatten();
    let known: BTreeSet<&str> =
        known.filter(|parameter| parameter["in"] == "query").filter_map(|it| it["name"].as_str()).collect();
    for pair in request.uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let name = pair.split('=').next().unwrap();
        assert!(known.contains(name), "{asked} takes {name}, which is not in the document");
    }
}
