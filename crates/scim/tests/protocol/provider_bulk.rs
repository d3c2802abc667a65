//! Bulk requests (RFC 7644 section 3.7) against a provider whose store is a map.

use crate::store::Store;
use provost_scim::provider::{self, Method, Provider, ProviderProfile, ProviderRequest, Request};
use provost_scim::{ScimError, ScimType};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const BASE: &str = "https://tenant.example/scim";
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn world() -> Store {
    Store::new(Provider::new(ProviderProfile::standard()), BASE)
}

fn read(world: &Store, body: &Value) -> Result<provider::BulkRequest, ScimError> {
    let bytes = body.to_string().into_bytes();
    let request = Request { method: Method::Post, path: "/Bulk", query: None, body: &bytes };
    match provider::plan(&world.provider, &request)? {
        ProviderRequest::Bulk(request) => Ok(request),
        other => panic!("{other:?} is no bulk request"),
    }
}

/// The results of a bulk request.
fn send(world: &mut Store, fail_on_errors: Option<u64>, operations: &Value) -> Vec<Value> {
    let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "failOnErrors": fail_on_errors, "Operations": operations });
    let request = read(world, &body).expect("a bulk request");
    let body = world.run(request).body.expect("an answer");
    assert_eq!(body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:BulkResponse"]));
    body["Operations"].as_array().expect("a list").clone()
}

fn user(bulk_id: &str, manager: Option<&str>) -> Value {
    let mut data = json!({ "schemas": [USER, ENTERPRISE], "userName": bulk_id });
    if let Some(manager) = manager {
        data[ENTERPRISE] = json!({ "department": "D", "manager": { "value": format!("bulkId:{manager}") } });
    }
    json!({ "method": "POST", "path": "/Users", "bulkId": bulk_id, "data": data })
}

fn statuses(results: &[Value]) -> Vec<&str> {
    results.iter().map(|result| result["status"].as_str().expect("a text")).collect()
}

#[test]
fn what_is_referred_to_comes_first_and_results_keep_the_order_of_the_request() {
    let mut world = world();
    let results = send(
        &mut world,
        None,
        &json!([
            { "method": "POST", "path": "/Groups", "bulkId": "g", "data": { "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
                "displayName": "G", "members": [{ "value": "bulkId:ada" }] } },
            user("ada", Some("bob")),
            user("bob", None),
            { "method": "patch", "path": "Users/bulkId:bob?attributes=title", "data": {
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [{ "op": "add", "path": "title", "value": "T" }] } },
            { "method": "DELETE", "path": "/Users/nobody" },
        ]),
    );
    assert_eq!(world.calls, ["POST /Users", "POST /Users", "POST /Groups", "PATCH /Users/id1", "DELETE /Users/nobody"]);
    assert_eq!(statuses(&results), ["201", "201", "201", "200", "404"]);
    assert_eq!(
        results[1],
        json!({ "method": "POST", "bulkId": "ada", "version": "W/\"1\"", "location": format!("{BASE}/Users/id2"), "status": "201" })
    );
    assert_eq!(results[3]["response"], json!({ "schemas": [USER], "id": "id1", "title": "T" }), "asked for");
    assert_eq!(results[3]["location"], json!(format!("{BASE}/Users/id1")));
    assert_eq!(results[4]["response"]["status"], json!("404"));
    assert_eq!(results[4]["location"], json!(format!("{BASE}/Users/nobody")));
    assert_eq!(world.stored("id3")["members"][0]["value"], json!("id2"));
    assert_eq!(world.stored("id2")[ENTERPRISE]["manager"]["value"], json!("id1"));
}

#[test]
fn circles_are_closed_afterwards() {
    for (length, calls) in [(1, 2), (2, 3), (3, 4), (500, 501)] {
        let mut world = world();
        let operations: Vec<Value> =
            (0..length).map(|number| user(&format!("u{number}"), Some(&format!("u{}", (number + 1) % length)))).collect();
        let results = send(&mut world, Some(1), &json!(operations));
        assert!(
            results.iter().all(|result| result["status"] == json!("201") && result["method"] == json!("POST")),
            "{results:?}"
        );
        assert_eq!(world.calls.len(), calls, "one user is made without a manager, and patched");
        let text = |user: &provost_scim::Resource, name: &str| user[name].as_str().unwrap().to_owned();
        let id_of: BTreeMap<String, String> = world.all().map(|user| (text(user, "userName"), text(user, "id"))).collect();
        for (number, result) in results.iter().enumerate() {
            let own = &id_of[&format!("u{number}")];
            assert_eq!(result["location"], json!(format!("{BASE}/Users/{own}")));
            let stored = world.stored(own);
            assert_eq!(result["version"], stored["meta"]["version"], "the version after completion");
            let manager = &id_of[&format!("u{}", (number + 1) % length)];
            assert_eq!(stored[ENTERPRISE], json!({ "department": "D", "manager": { "value": manager } }));
        }
    }
}

#[test]
fn several_values_lose_only_the_one_that_is_missing() {
    let mut world = world();
    let group = |bulk_id: &str, members: Value| {
        json!({ "method": "POST", "path": "/Groups", "bulkId": bulk_id, "data": {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": bulk_id, "members": members } })
    };
    // RFC 7644 section 3.7.1, figure 5: two groups that are members of each other.
    let results = send(
        &mut world,
        None,
        &json!([
            group("a", json!([{ "value": "bulkId:b", "type": "Group" }, { "value": "x" }])),
            group("b", json!([{ "value": "y" }, { "value": "bulkId:a", "type": "Group" }])),
        ]),
    );
    assert_eq!(statuses(&results), ["201", "201"]);
    assert_eq!(world.calls, ["POST /Groups", "POST /Groups", "PATCH /Groups/id1"]);
    let members = |id: &str| {
        let items = world.stored(id)["members"].as_array().unwrap().iter();
        items.map(|member| member["value"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        (members("id1"), members("id2")),
        (vec!["y".to_owned(), "id2".to_owned()], vec!["id1".to_owned(), "x".to_owned()])
    );
}

#[test]
fn what_cannot_be_resolved_is_a_409_and_nothing_of_it_is_carried_out() {
    let mut world = world();
    let results = send(
        &mut world,
        None,
        &json!([
            user("ada", Some("nobody")),
            user("bob", Some("ada")),
            { "method": "DELETE", "path": "/Users/bulkId:ada" },
            user("eve", None),
        ]),
    );
    assert_eq!(statuses(&results), ["409", "409", "409", "201"]);
    assert_eq!(results[0]["response"]["scimType"], json!("invalidValue"));
    assert!(results[0]["response"]["detail"].as_str().unwrap().contains("bulkId:nobody"));
    assert_eq!(results[0].get("location"), None);
    assert_eq!(world.calls, ["POST /Users"]);

    // Of a circle whose other half fails, the first half stays, and its result says so.
    let mut broken = user("b", Some("a"));
    broken["data"]["active"] = json!("nonsense");
    let results = send(&mut world, None, &json!([broken, user("a", Some("b"))]));
    assert_eq!(statuses(&results), ["400", "409"]);
    assert_eq!(results[1]["location"], json!(format!("{BASE}/Users/id2")));
}

/// RFC 7644 section 3.7.2: a reference may stand wherever the id would stand.
#[test]
fn references_stand_in_the_filters_of_paths_and_in_uris_too() {
    let mut world = world();
    let mut boss = user("eve", None);
    boss["data"][ENTERPRISE] = json!({ "manager": { "value": "bulkId:u1", "$ref": "../Users/bulkId:u1" } });
    let patch = |path: &str| {
        json!({ "method": "PATCH", "path": "/Groups/bulkId:g", "data": {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "operations": [{ "op": "remove", "PATH": path }] } })
    };
    let results = send(
        &mut world,
        None,
        &json!([
            patch("members[value eq \"bulkId:u1\" and not (value eq \"bulkId:u2\")]"),
            { "method": "POST", "path": "/Groups", "bulkId": "g", "data": { "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
                "displayName": "G", "members": [{ "value": "bulkId:u1" }, { "value": "bulkId:u2" }] } },
            user("u1", None),
            user("u2", None),
            boss,
            patch("members[value eq \"bulkId:nobody\"]"),
            patch("members[value eq \"bulkId:u2\""),
        ]),
    );
    assert_eq!(statuses(&results), ["200", "201", "201", "201", "201", "409", "400"]);
    assert!(results[5]["response"]["detail"].as_str().unwrap().contains("bulkId:nobody"));
    let id = |index: usize| results[index]["location"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    assert_eq!(world.stored(&id(1))["members"], json!([{ "value": id(3) }]));
    let manager = json!({ "value": id(2), "$ref": format!("../Users/{}", id(2)) });
    assert_eq!(world.stored(&id(4))[ENTERPRISE]["manager"], manager);
}

#[test]
fn fail_on_errors_ends_the_request() {
    let operations = json!([
        user("a", None),
        { "method": "DELETE", "path": "/Users/x" },
        user("b", None),
        { "method": "DELETE", "path": "/Users/y" },
        user("c", None),
    ]);
    for (limit, expected) in [
        (None, vec!["201", "404", "201", "404", "201"]),
        (Some(0), vec!["201", "404"]),
        (Some(1), vec!["201", "404"]),
        (Some(2), vec!["201", "404", "201", "404"]),
        (Some(3), vec!["201", "404", "201", "404", "201"]),
    ] {
        assert_eq!(statuses(&send(&mut world(), limit, &operations)), expected, "{limit:?}");
    }
}

#[test]
fn operations_go_to_resources_only() {
    let body = json!({ "schemas": [USER], "userName": "a" });
    let call = |method: &str, path: &str| json!({ "method": method, "path": path, "bulkId": "b", "data": body });
    for (operation, status) in [
        (call("POST", "/Bulk"), "400"),
        (call("POST", "/Users/.search"), "400"),
        (call("POST", "/.search"), "400"),
        (call("PUT", "/ServiceProviderConfig"), "400"),
        (call("POST", "/Me"), "400"),
        (call("PUT", "/Users"), "405"),
        (call("POST", "/Users/1"), "405"),
        (call("DELETE", "/Users/1/2"), "404"),
    ] {
        let results = send(&mut world(), None, &json!([operation.clone()]));
        assert_eq!(statuses(&results), [status], "{operation}");
        assert_eq!(results[0]["response"]["status"], json!(status));
    }
}

#[test]
fn what_is_no_bulk_request_is_refused_as_a_whole() {
    let world = world();
    let schemas = json!(["urn:ietf:params:scim:api:messages:2.0:BulkRequest"]);
    let post = user("a", None);
    let many: Vec<Value> = (0..10_000).map(|_| json!({ "method": "DELETE", "path": "/Users/1" })).collect();
    let changed = |name: &str, value: Value| {
        let mut operation = post.clone();
        operation[name] = value;
        json!([operation])
    };
    let cases = [
        (json!({ "Operations": [post] }), 400, "schemas"),
        (json!({ "schemas": [USER], "Operations": [post] }), 400, "schemas"),
        (json!({ "schemas": schemas }), 400, "Operations is missing"),
        (json!({ "schemas": schemas, "Operations": {} }), 400, "Operations is missing"),
        (json!({ "schemas": schemas, "Operations": many }), 413, "maxOperations is 1000"),
        (json!({ "schemas": schemas, "failOnErrors": -1, "Operations": [] }), 400, "failOnErrors"),
        (json!({ "schemas": schemas, "failOnErrors": "1", "Operations": [] }), 400, "failOnErrors"),
        (json!({ "schemas": schemas, "Operations": [1] }), 400, "Operations[0]: it is not an object"),
        (json!({ "schemas": schemas, "Operations": [post, post] }), 400, "Operations[1]: bulkId \"a\""),
        (json!({ "schemas": schemas, "Operations": changed("method", json!("GET")) }), 400, "method \"GET\""),
        (json!({ "schemas": schemas, "Operations": changed("method", json!(null)) }), 400, "method is missing"),
        (json!({ "schemas": schemas, "Operations": changed("path", json!(7)) }), 400, "path is a string"),
        (json!({ "schemas": schemas, "Operations": changed("path", json!(null)) }), 400, "path is missing"),
        (json!({ "schemas": schemas, "Operations": changed("bulkId", json!("")) }), 400, "bulkId is missing"),
        (json!({ "schemas": schemas, "Operations": changed("data", json!([])) }), 400, "data is missing"),
        (json!({ "schemas": schemas, "Operations": changed("version", json!(1)) }), 400, "version is a string"),
    ];
    for (body, status, says) in cases {
        let error = read(&world, &body).unwrap_err();
        assert_eq!(error.status, status, "{}", error.detail);
        assert_eq!(error.scim_type, Some(ScimType::InvalidSyntax), "{}", error.detail);
        assert!(error.detail.contains(says), "{}: {says}", error.detail);
    }
    assert_eq!(
        provider::service_provider_config(&world.provider, BASE).body.unwrap()["bulk"],
        json!({ "supported": true, "maxOperations": 1_000, "maxPayloadSize": 1_048_576 })
    );
}
