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

/// Removals that follow each other are one step, which must not show: it is as if each were a request of its own.
#[test]
fn removals_that_follow_each_other_are_as_if_each_came_alone() {
    let emails: Vec<Value> = ["a", "A", "b", "c", "d", "e"].iter().map(|text| json!({ "value": text, "type": "work" })).collect();
    let user = object(json!({ "userName": "a", "emails": emails, "roles": [{ "value": "a" }, { "value": "b" }] }));
    let paths = [
        "emails[value eq \"a\"]",
        "emails[value eq \"b\" or value eq \"c\"]",
        "emails[value eq \"c\" or value eq \"d\"]",
        "emails[type eq \"work\"]",
        "emails[value eq \"nobody\"]",
        "emails[value co \"e\"]",
        "roles[value eq \"a\"]",
    ];
    let operation = |path: &str| json!({ "op": "remove", "path": path });
    let patched = |user: &mut provost_scim::Resource, operations: Vec<Value>, leniency: &Leniency| {
        let request = patch::read(&json!({ "schemas": [patch::PATCH_SCHEMA], "Operations": operations }), leniency).unwrap();
        apply(user, &request, &Schemas::user(), leniency).map_err(|error| (error.scim_type, error.detail))
    };
    let mut refused = 0;
    for leniency in [Leniency::NONE, Leniency::ALL] {
        for chosen in (0..343).map(|number| [number % 7, number / 7 % 7, number / 49].map(|index| paths[index])) {
            let (mut at_once, mut one_by_one) = (user.clone(), user.clone());
            let all = patched(&mut at_once, chosen.map(operation).to_vec(), &leniency);
            let each = chosen.iter().try_for_each(|path| patched(&mut one_by_one, vec![operation(path)], &leniency).map(drop));
            assert_eq!(all.clone().map(drop), each, "{chosen:?}");
            refused += usize::from(all.is_err());
            assert_eq!(at_once, if all.is_ok() { one_by_one } else { user.clone() }, "{chosen:?}");
        }
    }
    assert!((100..686).contains(&refused), "{refused} were refused");
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
