//! PATCH: the RFC's examples, our own, and that a failure changes nothing.

use crate::{cases, object, schemas_of};
use provost_scim::patch::{self, OPERATIONS_MAX};
use provost_scim::{Leniency, PatchOp, PatchOperation, PatchRequest, Schemas, ScimType, apply};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn leniency_of(case: &Value) -> Leniency {
    if case["lenient"] == json!(true) { Leniency::ALL } else { Leniency::NONE }
}

#[test]
fn every_case_ends_as_it_says() {
    let cases = cases(include_str!("../data/rfc/patches.json"), include_str!("../data/patches.json"));
    for case in &cases {
        let (origin, leniency) = (case["origin"].as_str().unwrap(), leniency_of(case));
        let schemas = schemas_of(case["kind"].as_str().unwrap());
        let before = object(case["resource"].clone());
        let body = json!({ "schemas": [patch::PATCH_SCHEMA], "Operations": case["operations"] });
        let mut after = before.clone();
        let result = patch::read(&body, &leniency).and_then(|request| apply(&mut after, &request, &schemas, &leniency));
        match (result, case.get("error")) {
            (Ok(changed), None) => {
                assert_eq!(Value::Object(after.clone()), case["expected"], "{origin}");
                assert_eq!(changed, after != before, "{origin}");
            }
            (Err(error), Some(scim_type)) => {
                assert_eq!(
                    (error.status, error.scim_type.map(ScimType::word)),
                    (400, scim_type.as_str()),
                    "{origin}: {}",
                    error.detail
                );
                assert!(error.detail.contains(case["says"].as_str().unwrap()), "{origin}: {}", error.detail);
                assert_eq!(after, before, "{origin}: a failure changed something");
            }
            (result, expected) => panic!("{origin}: {result:?} instead of {expected:?}"),
        }
    }
    assert!(cases.len() > 80);
}

#[test]
fn every_case_that_succeeds_strictly_succeeds_the_same_leniently() {
    let cases = cases(include_str!("../data/rfc/patches.json"), include_str!("../data/patches.json"));
    for case in cases.iter().filter(|case| case.get("expected").is_some()) {
        let schemas = schemas_of(case["kind"].as_str().unwrap());
        let mut after = object(case["resource"].clone());
        let body = json!({ "Operations": case["operations"] });
        let request = patch::read(&body, &Leniency::ALL).unwrap();
        apply(&mut after, &request, &schemas, &Leniency::ALL).unwrap();
        assert_eq!(Value::Object(after), case["expected"], "{}", case["origin"]);
    }
}

#[test]
fn requests_are_written_as_the_rfc_says_and_read_back() {
    let request = PatchRequest {
        operations: vec![
            PatchOperation { op: PatchOp::Replace, path: Some("active".into()), value: Some(json!(false)) },
            PatchOperation { op: PatchOp::Remove, path: Some("title".into()), value: None },
            PatchOperation { op: PatchOp::Add, path: None, value: Some(json!({ "nickName": "Babs" })) },
        ],
    };
    let body = serde_json::to_value(&request).unwrap();
    let expected = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [
            { "op": "replace", "path": "active", "value": false },
            { "op": "remove", "path": "title" },
            { "op": "add", "value": { "nickName": "Babs" } }
        ]
    });
    assert_eq!(body, expected);
    assert_eq!(patch::read(&body, &Leniency::NONE), Ok(request));
}

#[test]
fn bodies_that_are_no_patch_are_refused() {
    let schemas = json!([patch::PATCH_SCHEMA]);
    let many: Vec<Value> = vec![json!({ "op": "remove", "path": "title" }); OPERATIONS_MAX + 1];
    let cases = [
        (json!([]), "invalidSyntax", "JSON object"),
        (json!({ "Operations": [] }), "invalidSyntax", "schemas"),
        (json!({ "schemas": ["x"], "Operations": [] }), "invalidSyntax", "schemas"),
        (json!({ "schemas": schemas }), "invalidSyntax", "Operations is missing"),
        (json!({ "schemas": schemas, "Operations": {} }), "invalidSyntax", "array"),
        (json!({ "schemas": schemas, "Operations": [] }), "invalidSyntax", "empty"),
        (json!({ "schemas": schemas, "Operations": many }), "invalidSyntax", "at most 1000"),
        (json!({ "schemas": schemas, "Operations": [1] }), "invalidSyntax", "Operation 1"),
        (json!({ "schemas": schemas, "Operations": [{ "path": "title" }] }), "invalidSyntax", "op is missing"),
        (json!({ "schemas": schemas, "Operations": [{ "op": "Remove", "path": "title" }] }), "invalidSyntax", "\"Remove\""),
        (json!({ "schemas": schemas, "Operations": [{ "op": "move", "path": "title" }] }), "invalidSyntax", "\"move\""),
        (json!({ "schemas": schemas, "Operations": [{ "op": "add", "path": 1, "value": 1 }] }), "invalidPath", "string"),
        (json!({ "schemas": schemas, "Operations": [{ "op": "add", "path": "title" }] }), "invalidValue", "needs a value"),
    ];
    for (body, scim_type, says) in cases {
        let error = patch::read(&body, &Leniency::NONE).unwrap_err();
        assert_eq!((error.status, error.scim_type.map(ScimType::word)), (400, Some(scim_type)), "{}", error.detail);
        assert!(error.detail.contains(says), "{}", error.detail);
    }
}

#[test]
fn foreign_spellings_of_a_request_are_read() {
    let body = json!({ "operations": [{ "OP": "Remove", "Path": " members ", "Value": [{ "value": "1" }] }, { "op": "ADD", "path": "", "value": {} }] });
    let request = patch::read(&body, &Leniency::ALL).unwrap();
    let ops: Vec<_> = request.operations.iter().map(|operation| (operation.op, operation.path.as_deref())).collect();
    assert_eq!(ops, [(PatchOp::Remove, Some("members")), (PatchOp::Add, None)]);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test measures how long it takes")]
fn a_large_group_is_patched_without_comparing_everybody_with_everybody() {
    let members: Vec<Value> = (0..50_000).map(|id| json!({ "value": id.to_string() })).collect();
    let mut group = object(json!({ "displayName": "All", "members": members }));
    let added: Vec<Value> = (49_000..54_000).map(|id| json!({ "value": id.to_string() })).collect();
    let removed: Vec<Value> = (0..5_000).map(|id| json!({ "value": id.to_string() })).collect();
    let operation = |op, value| PatchOperation { op, path: Some("members".into()), value: Some(Value::Array(value)) };
    let request = PatchRequest { operations: vec![operation(PatchOp::Add, added), operation(PatchOp::Remove, removed)] };
    let started = Instant::now();
    assert_eq!(apply(&mut group, &request, &Schemas::group(), &Leniency::NONE), Ok(true));
    assert!(started.elapsed() < Duration::from_mins(1), "{:?}", started.elapsed());
    assert_eq!(group["members"].as_array().unwrap().len(), 49_000);
}
