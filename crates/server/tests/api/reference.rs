//! The document of the API, and its page.

use crate::contract::errors;
use crate::support::{Reply, World, send, world};
use axum::body::Body;
use axum::http::Request;
use provost_server::access::Permission;
use provost_server::api::{openapi, routes};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

fn schemas() -> &'static Value {
    &openapi()["components"]["schemas"]
}

/// Every operation, with its method and path.
fn operations() -> impl Iterator<Item = (String, &'static str, &'static Value)> {
    let paths = openapi()["paths"].as_object().unwrap();
    let of_item = |(path, item): (&'static String, &'static Value)| {
        item.as_object().unwrap().iter().map(move |(method, operation)| (method.to_uppercase(), path.as_str(), operation))
    };
    paths.iter().flat_map(of_item)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} of {value}"))
}

#[test]
fn the_document_holds_every_route_of_the_table_and_no_other() {
    let table: BTreeMap<(String, String), &str> = routes()
        .into_iter()
        .map(|(method, path, permission)| {
            let word = match permission {
                Permission::Read => "read",
                Permission::Change => "change",
            };
            ((method.to_string(), path), word)
        })
        .collect();
    let documented: BTreeMap<(String, String), &str> =
        operations().map(|(method, path, operation)| ((method, path.to_owned()), text(operation, "x-permission"))).collect();
    assert_eq!(documented, table);
    assert!(table.len() > 60, "{}", table.len());
}

#[test]
fn the_document_is_one_of_openapi_3_1() {
    let document = openapi();
    assert_eq!(document["openapi"], "3.1.0");
    assert!(document["info"]["title"].is_string() && document["info"]["version"].is_string());
    let root: Vec<&String> = document.as_object().unwrap().keys().collect();
    assert_eq!(root, ["openapi", "info", "jsonSchemaDialect", "servers", "security", "tags", "paths", "components"]);
    let known: BTreeSet<&str> = document["tags"].as_array().unwrap().iter().map(|tag| text(tag, "name")).collect();
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations() {
        let at = format!("{method} {path}");
        let allowed = ["operationId", "tags", "summary", "description", "x-permission", "parameters", "requestBody", "responses"];
        let keys = operation.as_object().unwrap().keys();
        assert!(keys.clone().all(|key| allowed.contains(&key.as_str())), "{at}: {keys:?}");
        assert!(ids.insert(text(operation, "operationId")), "{at}: its id is another's too");
        assert!(!text(operation, "summary").is_empty() && !text(operation, "summary").ends_with('.'), "{at}");
        assert!(known.contains(operation["tags"][0].as_str().unwrap()), "{at}");
        let responses = operation["responses"].as_object().unwrap();
        for (status, response) in responses {
            assert!(
                status == "default" || status.parse().is_ok_and(|status: u16| (200..600).contains(&status)),
                "{at}: {status}"
            );
            assert!(!text(response, "description").is_empty(), "{at}: {status}");
        }
        assert_eq!(responses.keys().filter(|status| status.starts_with('2')).count(), 1, "{at}");
        assert!(responses.contains_key("401") && responses.contains_key("default"), "{at}");
        assert_eq!(responses.contains_key("403"), operation["x-permission"] == "change", "{at}");
        check_parameters(&at, path, operation);
    }
    let scheme = &document["components"]["securitySchemes"]["key"];
    assert_eq!((text(scheme, "type"), text(scheme, "scheme")), ("http", "bearer"));
}

fn check_parameters(at: &str, path: &str, operation: &Value) {
    let mut seen = BTreeSet::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let (name, place) = (text(parameter, "name"), text(parameter, "in"));
        assert!(seen.insert((place, name)), "{at}: {name} twice");
        assert!(["path", "query", "header"].contains(&place), "{at}: {place}");
        assert!(!["Accept", "Content-Type", "Authorization"].contains(&name), "{at}: readers ignore a parameter {name}");
        assert!(!text(parameter, "description").is_empty(), "{at}: {name} is not described");
        assert!(parameter["schema"].is_object(), "{at}: {name}");
    }
    let in_path: BTreeSet<(&str, &str)> =
        path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).map(|name| ("path", name)).collect();
    let said: BTreeSet<(&str, &str)> = seen.into_iter().filter(|(place, _)| *place == "path").collect();
    assert_eq!(said, in_path, "{at}");
}

/// Every schema in the document, and where it is.
fn each_schema(value: &Value, at: &str, found: &mut dyn FnMut(&str, &Value)) {
    match value {
        Value::Object(object) => {
            found(at, value);
            for (key, value) in object.iter().filter(|(key, _)| *key != "example" && *key != "examples") {
                each_schema(value, &format!("{at}/{key}"), found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| each_schema(item, at, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_schema_is_one_and_every_reference_leads_to_one() {
    for (name, schema) in schemas().as_object().unwrap() {
        assert!(jsonschema::meta::is_valid(schema), "{name}: {schema}");
        assert!(!text(schema, "description").is_empty(), "{name} is not described");
        assert!(name.chars().all(|character| character.is_ascii_alphabetic()), "{name}: two types bear one name");
    }
    let mut referred: BTreeSet<String> = BTreeSet::new();
    each_schema(openapi(), "", &mut |at, object| {
        if let Some(reference) = object.get("$ref") {
            let name = reference.as_str().and_then(|reference| reference.strip_prefix("#/components/schemas/"));
            let name = name.unwrap_or_else(|| panic!("{at}: {reference}"));
            assert!(schemas().get(name).is_some(), "{at}: {reference}");
            referred.insert(name.to_owned());
        }
        if let Some(Value::String(description)) = object.get("description") {
            assert!(
                !["[`", "::", "`None`", "`Some", "Self"].iter().any(|rust| description.contains(rust)),
                "{at}: {description}"
            );
        }
    });
    let listed: BTreeSet<String> = schemas().as_object().unwrap().keys().cloned().collect();
    assert_eq!(referred, listed, "schemas that nothing refers to");
}

#[test]
fn what_must_be_sent_has_an_example_that_can_be_sent() {
    for (method, path, operation) in operations() {
        let Some(content) = operation["requestBody"]["content"].get("application/json") else { continue };
        let example = content.get("example");
        assert!(example.is_some() || operation["requestBody"]["required"] == false, "{method} {path} has no example");
        let Some(example) = example else { continue };
        assert_eq!(errors(&content["schema"], schemas(), example), Vec::<String>::new(), "{method} {path}: {example}");
    }
}

#[test]
fn requests_say_what_may_be_left_out_and_answers_what_is_always_there() {
    let required = |name: &str| schemas()[name]["required"].as_array().cloned().unwrap_or_default();
    assert_eq!(required("NewUser"), ["primary_email", "given_name", "family_name"]);
    assert_eq!(required("UserEdit"), Vec::<Value>::new());
    assert_eq!(required("User").len(), schemas()["User"]["properties"].as_object().unwrap().len());
    assert_eq!(schemas()["NewUser"]["additionalProperties"], false);
    assert_eq!(schemas()["User"]["properties"]["suspended_since"], json!({ "type": ["string", "null"], "format": "date-time" }));
    let connection = schemas()["Connection"]["properties"].as_object().unwrap();
    assert!(connection.contains_key("mapping") && !connection.contains_key("token_file"), "{connection:?}");
}

/// The path of an operation with the document's examples in it.
fn with_examples(path: &str, operation: &Value) -> String {
    let mut path = path.to_owned();
    for parameter in operation["parameters"].as_array().into_iter().flatten().filter(|parameter| parameter["required"] == true) {
        let (name, example) = (text(parameter, "name"), text(parameter, "example"));
        match text(parameter, "in") {
            "path" => path = path.replace(&format!("{{{name}}}"), example),
            _ => path = format!("{path}?{name}={example}"),
        }
    }
    path
}

/// What each is answered is held against the document where it is sent.
#[tokio::test]
async fn every_example_can_be_read_and_what_comes_of_it_is_in_the_document() {
    let world = world().await;
    let (mut done, mut refused) = (BTreeSet::new(), BTreeSet::new());
    for last in [false, false, true] {
        for (method, path, operation) in operations() {
            // Only the engine answers a test; what is deleted or renamed is not there for the others.
            let takes_away = method == "DELETE" || (method == "PATCH" && path == "/api/v1/apps/{key}");
            if path.ends_with("/test") || (takes_away && !last) {
                continue;
            }
            let content = &operation["requestBody"]["content"];
            let body = content["application/json"].get("example").cloned();
            let reply = world.as_key(Some(&world.super_admin), &method, &with_examples(path, operation), body).await;
            let status = reply.status.as_u16();
            let is_file = content.get("text/csv").is_some();
            assert!(status < 500 && ![401, 403, 405].contains(&status), "{method} {path}: {}", reply.text);
            assert!(
                status != 400 && (status != 422 || !is_file || reply.detail().contains("header")),
                "{method} {path}: {}",
                reply.text
            );
            if reply.status.is_success() {
                done.insert((method, path))
            } else {
                refused.insert((method, path))
            };
        }
    }
    assert!(done.len() > 50, "{}: {done:?}", done.len());
    assert!(refused.len() > 20, "{}: {refused:?}", refused.len());
}

async fn without_key(world: &World, path: &str) -> Reply {
    send(&world.router, Request::builder().uri(path).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn the_document_and_its_page_need_no_key_and_hold_everything() {
    let world = world().await;
    let document = without_key(&world, "/api/openapi.json").await.expect(200);
    assert_eq!(document.headers["content-type"], "application/json");
    assert_eq!(document.json(), *openapi());
    let page = without_key(&world, "/api/docs").await.expect(200);
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    assert!(page.headers["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
    for (method, path, operation) in operations() {
        assert!(page.text.contains(&format!("<code>{method} {path}</code>")), "{method} {path}");
        assert!(page.text.contains(&format!("id=\"{}\"", text(operation, "operationId"))), "{method} {path}");
    }
    for name in schemas().as_object().unwrap().keys() {
        assert!(page.text.contains(&format!("id=\"type-{name}\"")), "{name}");
    }
    let outside = page.text.split("href=\"").skip(1).chain(page.text.split("src=\"").skip(1));
    assert!(outside.clone().all(|target| target.starts_with(['/', '#'])), "the page loads or links to something outside");
    assert!(!page.text.contains("style=\"") && !page.text.contains("<script>"), "the policy forbids both");
}
