//! Each leniency is needed for its deviation and enough for it: no other takes it.

use crate::object;
use provost_scim::patch;
use provost_scim::validate::normalize;
use provost_scim::{Leniency, Resource, Schemas, apply};
use serde_json::{Value, json};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// A deviation by its field's name: how it is switched, a body or operations with it, and what comes of them.
struct Case {
    name: &'static str,
    set: fn(&mut Leniency, bool),
    request: Request,
    expected: Value,
}

enum Request {
    Create(Value),
    Patch(Value),
}

fn user(extra: Value) -> Value {
    let mut user = object(json!({ "schemas": [USER], "userName": "a" }));
    user.extend(object(extra));
    Value::Object(user)
}

fn enterprise(extra: Value) -> Value {
    let mut user = user(json!({ "schemas": [USER, ENTERPRISE] }));
    user[ENTERPRISE] = extra;
    user
}

fn with_id(mut user: Value) -> Value {
    user["id"] = "1".into();
    user["title"] = "T".into();
    user
}

fn operations(operations: Value) -> Request {
    let mut body = json!({ "schemas": [patch::PATCH_SCHEMA] });
    body["Operations"] = operations;
    Request::Patch(body)
}

fn outcome(request: &Request, leniency: &Leniency) -> Option<Value> {
    let schemas = Schemas::user();
    let body = |value: &Value| -> Resource { object(value.clone()) };
    let resource = match request {
        Request::Create(incoming) => normalize(&body(incoming), &schemas, leniency).ok()?,
        Request::Patch(request) => {
            let mut resource = body(&user(json!({ "id": "1", "title": "T" })));
            apply(&mut resource, &patch::read(request, leniency).ok()?, &schemas, leniency).ok()?;
            resource
        }
    };
    Some(Value::Object(resource))
}

fn bodies() -> Vec<Case> {
    let create = |name, set, body, expected| Case { name, set, request: Request::Create(body), expected };
    vec![
        create(
            "string_booleans",
            |l, on| l.string_booleans = on,
            user(json!({ "active": "False" })),
            user(json!({ "active": false })),
        ),
        create(
            "numbers_as_strings",
            |l, on| l.numbers_as_strings = on,
            user(json!({ "externalId": 701_984 })),
            user(json!({ "externalId": "701984" })),
        ),
        create(
            "scalar_in_value_object",
            |l, on| l.scalar_in_value_object = on,
            user(json!({ "title": { "value": "x" } })),
            user(json!({ "title": "x" })),
        ),
        create(
            "scalar_in_value_object",
            |l, on| l.scalar_in_value_object = on,
            user(json!({ "emails": [{ "value": { "value": "x" }, "type": "work" }] })),
            user(json!({ "emails": [{ "value": "x", "type": "work" }] })),
        ),
        create(
            "scalar_for_complex_value",
            |l, on| l.scalar_for_complex_value = on,
            enterprise(json!({ "manager": "7" })),
            enterprise(json!({ "manager": { "value": "7" } })),
        ),
        create(
            "any_shape_of_members",
            |l, on| l.any_shape_of_members = on,
            user(json!({ "emails": { "value": "x", "type": "work" } })),
            user(json!({ "emails": [{ "value": "x", "type": "work" }] })),
        ),
        create(
            "any_shape_of_members",
            |l, on| l.any_shape_of_members = on,
            user(json!({ "emails": ["x", { "value": "y" }] })),
            user(json!({ "emails": [{ "value": "x" }, { "value": "y" }] })),
        ),
        create(
            "scim_1_schemas",
            |l, on| l.scim_1_schemas = on,
            user(json!({ "schemas": [USER, "urn:scim:schemas:core:1.0"] })),
            user(json!({})),
        ),
        create("schemas_absent", |l, on| l.schemas_absent = on, json!({ "userName": "a" }), user(json!({}))),
        create("schemas_as_string", |l, on| l.schemas_as_string = on, user(json!({ "schemas": USER })), user(json!({}))),
        create(
            "schemas_in_extensions",
            |l, on| l.schemas_in_extensions = on,
            enterprise(json!({ "schemas": [ENTERPRISE], "department": "R&D" })),
            enterprise(json!({ "department": "R&D" })),
        ),
        create("unknown_passed_over", |l, on| l.unknown_passed_over = on, user(json!({ "shoe": 1 })), user(json!({}))),
    ]
}

fn patches() -> Vec<Case> {
    let patch = |name, set, request, expected| Case { name, set, request, expected };
    let after = |extra: Value| user(json!({ "id": "1", "title": extra }));
    vec![
        patch(
            "any_case_operations",
            |l, on| l.any_case_operations = on,
            operations(json!([{ "op": "Replace", "path": "title", "value": "U" }])),
            after(json!("U")),
        ),
        patch(
            "empty_path",
            |l, on| l.empty_path = on,
            operations(json!([{ "op": "replace", "path": "", "value": { "title": "U" } }])),
            after(json!("U")),
        ),
        patch(
            "dotted_keys",
            |l, on| l.dotted_keys = on,
            operations(json!([{ "op": "replace", "value": { "name.givenName": "Ada" } }])),
            user(json!({ "id": "1", "title": "T", "name": { "givenName": "Ada" } })),
        ),
        patch(
            "removal_without_match",
            |l, on| l.removal_without_match = on,
            operations(json!([{ "op": "remove", "path": "emails[type eq \"work\"]" }])),
            after(json!("T")),
        ),
        patch(
            "read_only_passed_over",
            |l, on| l.read_only_passed_over = on,
            operations(json!([{ "op": "replace", "value": { "id": "2", "title": "U" } }])),
            after(json!("U")),
        ),
        patch(
            "schemas_in_extensions",
            |l, on| l.schemas_in_extensions = on,
            operations(json!([{ "op": "add", "path": ENTERPRISE, "value": { "schemas": [ENTERPRISE], "department": "R&D" } }])),
            with_id(enterprise(json!({ "department": "R&D" }))),
        ),
        patch(
            "schemas_absent",
            |l, on| l.schemas_absent = on,
            Request::Patch(json!({ "Operations": [{ "op": "replace", "path": "title", "value": "U" }] })),
            after(json!("U")),
        ),
        patch(
            "schemas_as_string",
            |l, on| l.schemas_as_string = on,
            Request::Patch(
                json!({ "schemas": patch::PATCH_SCHEMA, "Operations": [{ "op": "replace", "path": "title", "value": "U" }] }),
            ),
            after(json!("U")),
        ),
    ]
}

#[test]
fn each_leniency_is_enough_for_its_deviation_and_no_other_is() {
    let mut named = std::collections::BTreeSet::new();
    for case in bodies().into_iter().chain(patches()) {
        assert_eq!(outcome(&case.request, &Leniency::NONE), None, "{}: the RFCs allow it", case.name);
        let mut only = Leniency::NONE;
        (case.set)(&mut only, true);
        assert_eq!(outcome(&case.request, &only).as_ref(), Some(&case.expected), "{} alone", case.name);
        assert_eq!(outcome(&case.request, &Leniency::ALL).as_ref(), Some(&case.expected), "{} with all", case.name);
        // What nobody knows may also be an old schema, or `schemas` in the wrong place.
        let mut others = Leniency { unknown_passed_over: false, ..Leniency::ALL };
        (case.set)(&mut others, false);
        assert_ne!(outcome(&case.request, &others).as_ref(), Some(&case.expected), "{} without it", case.name);
        named.insert(case.name);
    }
    let fields = format!("{:?}", Leniency::ALL).matches(": true").count();
    assert_eq!(named.len(), fields, "a field has no case: {named:?}");
}
