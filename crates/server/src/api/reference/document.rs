//! The reference as an `OpenAPI` 3.1 document.

use super::shape::{Content, Parameter, Said};
use super::{Operation, RULES, Reference};
use crate::access::Permission;
use crate::api::ProblemKind;
use serde_json::{Map, Value, json};

const ABOUT: &str = "The management API of Provost: the directory, the apps with their autoprovisioning, and the log. The `provost` command uses it.";

/// The name of the only way to sign in.
const KEY: &str = "key";

/// The whole document.
pub(super) fn of(reference: &Reference) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    let mut tags = Vec::new();
    for chapter in &reference.chapters {
        tags.push(json!({ "name": chapter.name, "description": chapter.about }));
        for operation in &chapter.operations {
            let item = paths.entry(operation.path.clone()).or_insert_with(|| json!({}));
            item[operation.method.as_str().to_lowercase()] = operation_object(operation, chapter.name, &reference.problem);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Provost management API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": format!("{ABOUT}\n\n{}", RULES.join("\n\n")),
            "license": { "name": "Apache-2.0 OR MIT", "identifier": "Apache-2.0 OR MIT" },
        },
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "servers": [{ "url": "/" }],
        "security": [{ KEY: [] }],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": reference.schemas,
            "securitySchemes": {
                KEY: {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key: made in the console under Account > API keys, or by `provost api-keys create`. One of role \
                                    `auditor` only reads; one of role `super-admin` also changes.",
                },
            },
        },
    })
}

fn operation_object(operation: &Operation, tag: &str, problem: &Value) -> Value {
    let mut object = json!({
        "operationId": operation.id,
        "tags": [tag],
        "summary": operation.summary,
        "description": description(operation),
        "x-permission": permission_word(operation.permission),
    });
    if !operation.parameters.is_empty() {
        object["parameters"] = operation.parameters.iter().map(parameter_object).collect();
    }
    if let Some((content, required)) = &operation.body {
        let mut content = contents(std::slice::from_ref(content));
        let example = operation.example.and_then(|text| serde_json::from_str::<Value>(text).ok());
        if let (Some(example), Some(media)) = (example, content.get_mut("application/json")) {
            media["example"] = example;
        }
        object["requestBody"] = json!({ "required": required, "content": content });
    }
    object["responses"] = responses(operation, problem);
    object
}

fn description(operation: &Operation) -> String {
    let asked = match operation.permission {
        Permission::Read => "A key of any role may do this.",
        Permission::Change => "Only a key of role `super-admin` may do this.",
    };
    format!("{}{}{asked}", operation.description, if operation.description.is_empty() { "" } else { "\n\n" })
}

/// As the document spells it.
pub(super) const fn permission_word(permission: Permission) -> &'static str {
    match permission {
        Permission::Read => "read",
        Permission::Change => "change",
    }
}

fn parameter_object(parameter: &Parameter) -> Value {
    let Parameter { name, place, required, description, schema, example } = parameter;
    let mut object =
        json!({ "name": name, "in": place.word(), "required": required, "description": description, "schema": schema });
    if let Some(example) = example {
        object["example"] = json!(example);
    }
    object
}

fn contents(contents: &[Content]) -> Map<String, Value> {
    contents.iter().map(|content| (content.media_type.to_owned(), json!({ "schema": content.schema }))).collect()
}

fn responses(operation: &Operation, problem: &Value) -> Value {
    let mut responses: Map<String, Value> = Map::new();
    for Said { status, description, tagged, contents: bodies } in &operation.said {
        let mut response = json!({ "description": description });
        if *tagged {
            let description = "The revision, for `If-Match`.";
            response["headers"] = json!({ "ETag": { "description": description, "schema": { "type": "string" } } });
        }
        if !bodies.is_empty() {
            response["content"] = Value::Object(contents(bodies));
        }
        responses.insert(status.to_string(), response);
    }
    let content = json!({ "application/problem+json": { "schema": problem } });
    for (status, description) in problems_by_status(&operation.problems) {
        responses.insert(status.to_string(), json!({ "description": description, "content": content }));
    }
    let description =
        "The database cannot work: it is busy (503), has no room (507) or is damaged (500). Or the server has failed (500).";
    responses.insert("default".to_owned(), json!({ "description": description, "content": content }));
    Value::Object(responses)
}

/// The statuses of these problems, each with what it can mean.
pub(super) fn problems_by_status(problems: &[ProblemKind]) -> Vec<(u16, String)> {
    let mut found: Vec<(u16, String)> = Vec::new();
    for problem in problems {
        let (status, _, title, _) = problem.facts();
        match found.last_mut() {
            Some((last, words)) if *last == status.as_u16() => *words = format!("{words} Or: {title}."),
            Some(_) | None => found.push((status.as_u16(), format!("{title}."))),
        }
    }
    found
}
