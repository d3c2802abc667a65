//! Bulk requests (RFC 7644 section 3.7) over HTTP.

use crate::support::{GROUPS, USERS, World, token, world_at};
use provost_db::Location;
use provost_db::testing::sqlite_file;
use provost_tenant::{ProfileName, users};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const BULK: &str = "/api/v2/scim/Bulk";
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

async fn standard() -> World {
    world_at(Location::Memory, ProfileName::Standard).await
}

fn request(operations: &Value) -> Value {
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations })
}

async fn bulk_as(world: &World, token: &str, operations: &Value) -> Vec<Value> {
    let answer = world.call_as(token, "POST", BULK, Some(&request(operations))).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["Operations"].as_array().unwrap().clone()
}

async fn bulk(world: &World, operations: &Value) -> Vec<Value> {
    bulk_as(world, &world.token, operations).await
}

fn statuses(results: &[Value]) -> Vec<&str> {
    results.iter().map(|result| result["status"].as_str().unwrap()).collect()
}

fn create(bulk_id: &str) -> Value {
    json!({ "method": "POST", "path": "/Users", "bulkId": bulk_id, "data": { "schemas": [USER], "userName": bulk_id } })
}

/// The client goes away when the first user is there. On a disk, each of them takes its time.
#[tokio::test]
async fn a_client_that_goes_away_does_not_leave_it_half_done() {
    const USERS_MADE: u64 = 200;
    let (location, _guard) = sqlite_file();
    let world = world_at(location, ProfileName::Standard).await;
    let operations: Vec<Value> = (0..USERS_MADE).map(|user| create(&format!("u{user}"))).collect();
    let body = request(&json!(operations));
    let count = async || users::count(&world.tenant).await.unwrap().0;
    let one_is_there = async {
        while count().await == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        answer = world.call("POST", BULK, Some(&body)) => panic!("answered before the client went away: {}", answer.text),
        () = one_is_there => {}
    }
    assert!(count().await < USERS_MADE, "all of it was done before the client went away");
    let all_are_there = async {
        while count().await < USERS_MADE {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), all_are_there).await.expect("it is carried out to its end");
}

#[tokio::test]
async fn a_thousand_operations_in_circles_of_references() {
    let world = standard().await;
    // 900 users, each with the next one of its hundred as manager; 100 groups of ten users each, which come first.
    let groups = (0..100).map(|group| {
        let members: Vec<Value> = (0..9).map(|place| json!({ "value": format!("bulkId:u{}", group * 9 + place) })).collect();
        json!({ "method": "POST", "path": "/Groups", "bulkId": format!("g{group}"),
            "data": { "schemas": [GROUP], "displayName": format!("G{group}"), "members": members } })
    });
    let people = (0..900).map(|user| {
        let manager = user / 100 * 100 + (user + 1) % 100;
        let mut operation = create(&format!("u{user}"));
        operation["data"]["schemas"] = json!([USER, ENTERPRISE]);
        operation["data"][ENTERPRISE] = json!({ "manager": { "value": format!("bulkId:u{manager}") } });
        operation
    });
    let operations: Vec<Value> = groups.chain(people).collect();
    let results = bulk(&world, &json!(operations)).await;
    assert_eq!(results.len(), 1_000);
    let mut ids = BTreeMap::new();
    for (operation, result) in operations.iter().zip(&results) {
        assert_eq!((&result["status"], &result["bulkId"]), (&json!("201"), &operation["bulkId"]), "{result}");
        let location = result["location"].as_str().unwrap();
        ids.insert(result["bulkId"].as_str().unwrap().to_owned(), location.rsplit('/').next().unwrap().to_owned());
        assert!(location.starts_with("http://tenant.test/api/v2/scim/"), "{location}");
        assert_eq!(result.get("response"), None, "nobody asked");
    }
    assert_eq!(users::count(&world.tenant).await.unwrap(), (900, 900));
    for user in [0, 99, 100, 555, 899] {
        let manager = user / 100 * 100 + (user + 1) % 100;
        let stored = world.call("GET", &format!("{USERS}/{}", ids[&format!("u{user}")]), None).await.json();
        assert_eq!(stored[ENTERPRISE]["manager"]["value"], json!(ids[&format!("u{manager}")]), "u{user}");
        assert_eq!(stored["groups"][0]["value"], json!(ids[&format!("g{}", user / 9)]));
    }
    let group = world.call("GET", &format!("{GROUPS}/{}", ids["g99"]), None).await.json();
    assert_eq!(group["members"].as_array().unwrap().len(), 9);
}

#[tokio::test]
async fn failures_have_their_reason_and_end_the_request_where_that_is_wanted() {
    let world = standard().await;
    let operations = json!([
        create("ada"),
        create("ADA"),
        { "method": "PATCH", "path": "/Users/bulkId:ada", "data": { "schemas": [PATCH], "Operations": [{ "op": "add", "path": "shoe", "value": 1 }] } },
        { "method": "PUT", "path": "/Users/bulkId:nobody", "data": { "schemas": [USER], "userName": "x" } },
        create("bob"),
    ]);
    let results = bulk(&world, &operations).await;
    assert_eq!(statuses(&results), ["201", "409", "400", "409", "201"]);
    let kinds: Vec<&Value> = results.iter().map(|result| &result["response"]["scimType"]).collect();
    assert_eq!(kinds, [&Value::Null, &json!("uniqueness"), &json!("invalidPath"), &json!("invalidValue"), &Value::Null]);
    assert_eq!((results[1].get("location"), results[2]["location"] == results[0]["location"]), (None, true));

    let mut stopping = request(&json!([create("eve"), create("Ada"), create("Bob"), create("kim")]));
    stopping["failOnErrors"] = json!(2);
    let results = world.call("POST", BULK, Some(&stopping)).await.json()["Operations"].as_array().unwrap().clone();
    assert_eq!(statuses(&results), ["201", "409", "409"]);
    assert_eq!(users::count(&world.tenant).await.unwrap().0, 3, "ada, bob and eve: kim was not begun");
}

#[tokio::test]
async fn every_operation_has_the_rights_that_it_has_alone() {
    let world = standard().await;
    let ada = world.make_user("ada").await;
    let group = json!({ "method": "POST", "path": "/Groups", "bulkId": "g", "data": { "schemas": [GROUP], "displayName": "G" } });
    let operations = json!([
        create("bob"),
        group,
        { "method": "DELETE", "path": format!("/Users/{ada}") },
        { "method": "DELETE", "path": "//Groups/1" },
        { "method": "DELETE", "path": "/Users/../Groups/1" },
    ]);
    let writer = token(&world.tenant, "writer", &["/api/v2/scim/Users:rw"]).await;
    let reader = token(&world.tenant, "reader", &["/api/v2/scim/Users:r", "/api/v2/scim/Groups:r"]).await;
    let grouper = token(&world.tenant, "grouper", &["/api/v2/scim/Groups:rw"]).await;
    let nobody = token(&world.tenant, "nobody", &["/api/v2/scim/ServiceProviderConfig:r"]).await;

    let results = bulk_as(&world, &reader, &operations).await;
    assert_eq!(statuses(&results), ["403"; 5]);
    let results = bulk_as(&world, &grouper, &operations).await;
    assert_eq!(statuses(&results), ["403", "201", "403", "403", "403"]);
    let results = bulk_as(&world, &writer, &operations).await;
    assert_eq!(statuses(&results), ["201", "403", "204", "403", "404"]);
    assert!(results[1]["response"]["detail"].as_str().unwrap().contains("no grant"));
    let body = request(&operations);
    assert_eq!(world.call_as(&nobody, "POST", BULK, Some(&body)).await.status, 403);
    assert_eq!(world.call_as("nsk_wrong", "POST", BULK, Some(&body)).await.status, 401);
    assert_eq!(users::count(&world.tenant).await.unwrap().0, 1, "bob, made by the writer");
}

#[tokio::test]
async fn limits_and_profiles() {
    let world = standard().await;
    let many: Vec<Value> = (0..1_001).map(|_| json!({ "method": "DELETE", "path": "/Users/1" })).collect();
    let answer = world.call("POST", BULK, Some(&request(&json!(many)))).await;
    assert_eq!((answer.status.as_u16(), answer.json()["status"].as_str()), (413, Some("413")));
    assert!(answer.json()["detail"].as_str().unwrap().contains("maxOperations is 1000"));
    assert_eq!(world.call("GET", BULK, None).await.status, 405);
    assert!(bulk(&world, &json!([])).await.is_empty());

    let netskope = world_at(Location::Memory, ProfileName::Netskope).await;
    let answer = netskope.call("POST", BULK, Some(&request(&json!([create("ada")])))).await;
    assert_eq!((answer.status.as_u16(), answer.json()["status"].as_str()), (501, Some("501")));
}

#[tokio::test]
async fn a_patch_that_fails_in_its_last_operation_changes_nothing() {
    let world = standard().await;
    let id = world.make_user("ada@example.com").await;
    let path = format!("{USERS}/{id}");
    let before = world.call("GET", &path, None).await;
    let operations = json!([
        { "op": "replace", "path": "title", "value": "Countess" },
        { "op": "add", "path": "emails", "value": [{ "value": "b@example.com" }] },
        { "op": "remove", "path": "name.givenName" },
        { "op": "replace", "path": "active", "value": "perhaps" },
    ]);
    let patch = json!({ "schemas": [PATCH], "Operations": operations });
    let answer = world.call("PATCH", &path, Some(&patch)).await;
    assert_eq!((answer.status.as_u16(), answer.json()["scimType"].as_str()), (400, Some("invalidValue")), "{}", answer.text);
    assert!(answer.json()["detail"].as_str().unwrap().contains("active"));
    let results = bulk(&world, &json!([{ "method": "PATCH", "path": format!("/Users/{id}"), "data": patch }])).await;
    assert_eq!(statuses(&results), ["400"]);
    assert_eq!(world.call("GET", &path, None).await.text, before.text);
    let stored = users::get(&world.tenant, &id).await.unwrap().unwrap();
    assert_eq!(stored.revision, 1);
}
