//! Tables of input that is refused, in the standard profile: each row a SCIM error with its keyword and with a detail that names the
//! attribute or the limit.

use crate::support::{Answer, GROUPS, USERS, World, world_at};
use axum::body::Body;
use axum::http::Request;
use provost_db::Location;
use provost_tenant::ProfileName;
use serde_json::{Value, json};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const BULK: &str = "/api/v2/scim/Bulk";
const BULK_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// Sends a body as it is, and checks that the answer is a SCIM error with this keyword that says this.
pub(crate) async fn refused(world: &World, method: &str, path: &str, body: Vec<u8>, status: u16, scim_type: &str, says: &str) {
    let start: String = String::from_utf8_lossy(&body).chars().take(80).collect();
    let answer = world.send(asked(world, method, path, "application/scim+json", body)).await;
    let case = format!("{method} {} {start}: {}", path.chars().take(80).collect::<String>(), answer.text);
    is_error(&answer, &case, status, scim_type, says);
}

fn asked(world: &World, method: &str, path: &str, content_type: &str, body: Vec<u8>) -> Request<Body> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {}", world.token))
        .header("content-type", content_type);
    request.body(Body::from(body)).unwrap()
}

fn is_error(answer: &Answer, case: &str, status: u16, scim_type: &str, says: &str) {
    assert_eq!(answer.status, status, "{case}");
    assert_eq!(answer.header("content-type"), "application/scim+json", "{case}");
    let error = answer.json();
    assert_eq!(error["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]), "{case}");
    assert_eq!(error["status"], json!(status.to_string()), "{case}");
    assert_eq!(error["scimType"], scim_type, "{case}");
    assert!(error["detail"].as_str().unwrap().contains(says), "{case}: {says}");
    assert!(answer.text.len() < 1_000, "an error does not repeat what it refuses: {} bytes", answer.text.len());
}

/// Over the limit of a body; its content does not count.
fn oversized() -> Vec<u8> {
    vec![b' '; (1 << 20) + 1]
}

const TOO_LARGE: &str = "maxPayloadSize, which is 1048576 bytes";

#[tokio::test]
async fn every_refused_body_is_a_scim_error_that_names_the_attribute() {
    let world = world_at(Location::Memory, ProfileName::Standard).await;
    let with = |name: &str, value: Value| {
        let mut body = json!({ "schemas": [USER], "userName": "a" });
        body[name] = value;
        body.to_string().into_bytes()
    };
    let text = |body: &str| body.as_bytes().to_vec();
    let deep = format!("{{\"schemas\":[\"{USER}\"],\"userName\":\"a\",\"name\":{}1{}}}", "[".repeat(5_000), "]".repeat(5_000));
    let (syntax, value) = ("invalidSyntax", "invalidValue");
    let kept = format!("{USERS}/{}", world.make_user("kept@example.com").await);
    let before = world.call("GET", &kept, None).await.text;
    for (body, status, scim_type, says) in [
        (oversized(), 413, syntax, TOO_LARGE),
        (deep.into_bytes(), 400, syntax, "name: it is nested deeper"),
        (text("[{}]"), 400, syntax, "not a JSON object"),
        (text("{\"userName\":\"a\",\"userName\":\"b\"}"), 400, syntax, "\"userName\" occurs twice"),
        (with("USERNAME", json!("b")), 400, syntax, "\"USERNAME\" occurs twice"),
        (with("name", json!({ "givenName": "a", "givenname": "b" })), 400, syntax, "in name"),
        (b"{\"userName\":\"\xff\xfe\"}".to_vec(), 400, syntax, "userName: invalid unicode"),
        (text("{\"userName\":\"\\ud800\"}"), 400, syntax, "userName: "),
        (with("userName", json!("a\u{0}b")), 400, syntax, "userName: a text holds the character U+0000"),
        (text("{\"userName\":1e400}"), 400, syntax, "userName: number out of range"),
        (text("{\"name\":{\"givenName\":\"a\\u0000\"}}"), 400, syntax, "name.givenName: a text"),
        (with("userName", json!(u64::MAX)), 400, value, "userName"),
        (with("userName", json!("x".repeat(100_000))), 400, value, "userName"),
        (with("userName", Value::Null), 400, value, "userName"),
        (with("active", json!("yes")), 400, value, "active"),
        (with("name", json!("Ada")), 400, value, "name"),
        (with("name", json!({ "givenName": null, "familyName": 7 })), 400, value, "name.familyName"),
        (with("emails", json!({ "value": "a@b" })), 400, value, "emails"),
        (with("emails", json!([{ "value": 7 }])), 400, value, "emails.value"),
        (with("emails", json!([{ "value": "a", "primary": true }, { "value": "b", "primary": true }])), 400, value, "emails"),
        (with("x509Certificates", json!([{ "value": "***" }])), 400, value, "x509Certificates.value"),
        (with("shoeSize", json!(7)), 400, value, "shoeSize"),
        (with("schemas", json!(["urn:none"])), 400, syntax, "urn:none"),
        (with("schemas", json!("urn:none")), 400, syntax, "schemas"),
        (with("schemas", json!([])), 400, syntax, "schemas"),
        (with("urn:none", json!({})), 400, value, "urn:none"),
    ] {
        refused(&world, "PUT", &kept, body.clone(), status, scim_type, says).await;
        refused(&world, "POST", USERS, body, status, scim_type, says).await;
    }
    assert_eq!(world.call("GET", USERS, None).await.json()["totalResults"], 1);
    assert_eq!(world.call("GET", &kept, None).await.text, before);
}

#[tokio::test]
async fn every_refused_group_is_a_scim_error_that_names_the_attribute() {
    let world = world_at(Location::Memory, ProfileName::Standard).await;
    let with = |name: &str, value: Value| {
        let mut body = json!({ "schemas": [GROUP], "displayName": "G" });
        body[name] = value;
        body.to_string().into_bytes()
    };
    let made = world.send(asked(&world, "POST", GROUPS, "application/scim+json", with("externalId", json!("g")))).await;
    let kept = format!("{GROUPS}/{}", made.json()["id"].as_str().unwrap());
    let before = world.call("GET", &kept, None).await.text;
    let (syntax, value) = ("invalidSyntax", "invalidValue");
    let of_members =
        |members: &str| format!("{{\"schemas\":[\"{GROUP}\"],\"displayName\":\"G\",\"members\":{members}}}").into_bytes();
    for (body, status, scim_type, says) in [
        (oversized(), 413, syntax, TOO_LARGE),
        (of_members(&format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000))), 400, syntax, "members: it is nested deeper"),
        (of_members(&format!("[{}0]", "0,".repeat(100_000))), 400, syntax, "members: it has more than 100000 values"),
        (of_members("[{\"value\":\"a\",\"value\":\"b\"}]"), 400, syntax, "members: \"value\" occurs twice"),
        (of_members("[{\"value\":\"a\\u0000\"}]"), 400, syntax, "members.value: a text holds the character U+0000"),
        (of_members("[{\"value\":1e400}]"), 400, syntax, "members.value: number out of range"),
        (of_members("[{\"value\":7}]"), 400, value, "members.value"),
        (of_members("[7]"), 400, value, "members"),
        (of_members("\"a\""), 400, value, "members"),
        (of_members("[{\"value\":\"nobody\"}]"), 400, value, "members"),
        (of_members("[{\"value\":\"a\",\"type\":\"Printer\"}]"), 400, value, "members"),
        (b"{\"displayName\":\"\xff\xfe\"}".to_vec(), 400, syntax, "displayName: invalid unicode"),
        (with("displayName", Value::Null), 400, value, "displayName"),
        (with("displayName", json!(7)), 400, value, "displayName"),
        (with("displayName", json!("x".repeat(100_000))), 400, value, "displayName"),
        (with("DISPLAYNAME", json!("b")), 400, syntax, "\"DISPLAYNAME\" occurs twice"),
        (with("shoeSize", json!(7)), 400, value, "shoeSize"),
        (with("schemas", json!(["urn:none"])), 400, syntax, "urn:none"),
    ] {
        refused(&world, "PUT", &kept, body.clone(), status, scim_type, says).await;
        refused(&world, "POST", GROUPS, body, status, scim_type, says).await;
    }
    let patch = |operations: Value| json!({ "schemas": [PATCH], "Operations": operations }).to_string().into_bytes();
    let many: Vec<Value> = (0..10_000).map(|_| json!({ "op": "add", "path": "members", "value": [{ "value": "a" }] })).collect();
    let one = |op: &str, path: &str, value: Value| patch(json!([{ "op": op, "path": path, "value": value }]));
    for (body, status, scim_type, says) in [
        (oversized(), 413, syntax, TOO_LARGE),
        (patch(json!(many)), 400, syntax, "Operations has 10000 entries"),
        (one("add", "members", json!([{ "value": "nobody" }])), 400, value, "members"),
        (one("add", "members", json!([{ "value": 7 }])), 400, value, "members.value"),
        (one("remove", &format!("members[value eq \"{}", "x".repeat(500_000)), Value::Null), 400, "invalidPath", "path"),
        (one("replace", "displayName", json!(["G"])), 400, value, "displayName"),
        (one("remove", "displayName", Value::Null), 400, "mutability", "displayName"),
    ] {
        refused(&world, "PATCH", &kept, body, status, scim_type, says).await;
    }
    assert_eq!(world.call("GET", GROUPS, None).await.json()["totalResults"], 1);
    assert_eq!(world.call("GET", &kept, None).await.text, before);
}

#[tokio::test]
async fn every_refused_bulk_request_says_why_and_carries_nothing_out() {
    let world = world_at(Location::Memory, ProfileName::Standard).await;
    let post = |bulk_id: &str, data: Value| json!({ "method": "POST", "path": "/Users", "bulkId": bulk_id, "data": data });
    let named = |bulk_id: &str| post(bulk_id, json!({ "schemas": [USER], "userName": bulk_id }));
    let bulk = |operations: Value| json!({ "schemas": [BULK_REQUEST], "Operations": operations });
    let bytes = |operations: Value| bulk(operations).to_string().into_bytes();
    let deep = format!("[{{\"data\":{}1{}}}]", "[".repeat(5_000), "]".repeat(5_000));
    let raw = |operations: &str| format!("{{\"schemas\":[\"{BULK_REQUEST}\"],\"Operations\":{operations}}}").into_bytes();
    let many: Vec<Value> = (0..10_000).map(|_| json!({ "method": "DELETE", "path": "/Users/1" })).collect();
    for (body, status, says) in [
        (oversized(), 413, TOO_LARGE),
        (bytes(json!(many)), 413, "Operations has 10000 entries; maxOperations is 1000"),
        (raw(&deep), 400, "Operations.data: it is nested deeper"),
        (raw("[{\"data\":{\"userName\":\"a\",\"userName\":\"b\"}}]"), 400, "Operations.data: \"userName\" occurs twice"),
        (raw("[{\"data\":{\"userName\":\"a\\u0000\"}}]"), 400, "Operations.data.userName: a text holds the character U+0000"),
        (raw("[{\"data\":{\"userName\":1e400}}]"), 400, "Operations.data.userName: number out of range"),
        (raw("[], \"Operations\": []"), 400, "\"Operations\" occurs twice"),
        (bytes(json!([named("a"), named("b"), named("a")])), 400, "Operations[2]: bulkId \"a\""),
        (
            bytes(json!([named("a"), { "method": "POST", "path": "/Users", "bulkId": "b", "data": [] }])),
            400,
            "Operations[1]: data",
        ),
        (bytes(json!([named("a"), { "method": "GET", "path": "/Users" }])), 400, "Operations[1]: method"),
        (bytes(json!([named("a"), 7])), 400, "Operations[1]"),
        (bytes(json!("all")), 400, "Operations"),
        (b"{}".to_vec(), 400, "schemas"),
        (b"{\"schemas\":[\"\xff\"]}".to_vec(), 400, "schemas: invalid unicode"),
    ] {
        refused(&world, "POST", BULK, body, status, "invalidSyntax", says).await;
    }
    assert_eq!(world.call("GET", USERS, None).await.json()["totalResults"], 0);
    // What has the form of a bulk request is answered operation by operation.
    let results = world
        .call(
            "POST",
            BULK,
            Some(&bulk(json!([
                post("a", json!({ "schemas": [USER], "userName": null })),
                post("b", json!({ "schemas": [USER], "userName": "b", "emails": [{ "value": 7 }] })),
                post("c", json!({ "schemas": ["urn:none"], "userName": "c" })),
                named("d"),
            ]))),
        )
        .await
        .json();
    let expected = [("userName", "invalidValue"), ("emails.value", "invalidValue"), ("urn:none", "invalidSyntax")];
    for (index, (says, scim_type)) in expected.into_iter().enumerate() {
        let result = &results["Operations"][index];
        assert_eq!((&result["status"], &result["response"]["scimType"]), (&json!("400"), &json!(scim_type)), "{result}");
        assert!(result["response"]["detail"].as_str().unwrap().contains(says), "{result}");
    }
    assert_eq!(results["Operations"][3]["status"], "201");
}

#[tokio::test]
async fn every_refused_search_says_why() {
    let world = world_at(Location::Memory, ProfileName::Standard).await;
    world.make_user("a@example.com").await;
    let with = |name: &str, value: Value| {
        let mut body = json!({ "schemas": [SEARCH] });
        body[name] = value;
        body.to_string().into_bytes()
    };
    let (syntax, value, filter) = ("invalidSyntax", "invalidValue", "invalidFilter");
    let raw = |rest: &str| format!("{{\"schemas\":[\"{SEARCH}\"],{rest}}}").into_bytes();
    for path in ["/api/v2/scim/.search", "/api/v2/scim/Users/.search", "/api/v2/scim/Groups/.search"] {
        for (body, status, scim_type, says) in [
            (oversized(), 413, syntax, TOO_LARGE),
            (raw(&format!("\"filter\":{}1{}", "[".repeat(5_000), "]".repeat(5_000))), 400, syntax, "filter: it is nested deeper"),
            (raw("\"count\":1,\"count\":2"), 400, syntax, "\"count\" occurs twice"),
            (raw("\"filter\":\"id eq \\u0000\""), 400, syntax, "filter: a text holds the character U+0000"),
            (raw("\"startIndex\":1e400"), 400, syntax, "startIndex: number out of range"),
            (b"{}".to_vec(), 400, syntax, "schemas"),
            (with("schemas", json!([USER])), 400, syntax, "schemas"),
            (with("filter", json!(7)), 400, value, "filter"),
            (with("filter", json!("(".repeat(60_000))), 400, filter, "60000 bytes"),
            (with("filter", json!(vec!["id pr"; 100].join(" or "))), 400, filter, "comparisons"),
            (with("filter", json!("shoe eq 1")), 400, filter, "shoe"),
            (with("count", json!(u64::MAX)), 400, value, "count"),
            (with("count", json!("many")), 400, value, "count"),
            (with("attributes", json!(vec!["id"; 10_000])), 400, value, "attributes"),
            (with("attributes", json!([{}])), 400, value, "attributes"),
            (with("excludedAttributes", json!("id")), 400, value, "excludedAttributes"),
            (with("sortBy", json!(["id"])), 400, value, "sortBy"),
        ] {
            refused(&world, "POST", path, body, status, scim_type, says).await;
        }
    }
    refused(&world, "POST", "/api/v2/scim/Users/.search", with("sortBy", json!("shoe")), 400, "invalidPath", "sortBy").await;
    assert_eq!(world.call("GET", USERS, None).await.json()["totalResults"], 1, "alive");
}

#[tokio::test]
async fn another_kind_of_body_is_refused_wherever_one_is_read() {
    let world = world_at(Location::Memory, ProfileName::Standard).await;
    let kept = format!("{USERS}/{}", world.make_user("a@example.com").await);
    for (method, path) in
        [("POST", USERS), ("PUT", &kept), ("PATCH", &kept), ("POST", GROUPS), ("POST", BULK), ("POST", "/api/v2/scim/.search")]
    {
        for content_type in ["text/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
            let answer = world.send(asked(&world, method, path, content_type, b"{}".to_vec())).await;
            is_error(&answer, &format!("{method} {path} {content_type}"), 415, "invalidSyntax", "Content-Type");
        }
    }
}

#[tokio::test]
async fn every_refused_patch_and_query_says_why() {
    let world = world_at(Location::Memory, ProfileName::Standard).await;
    let path = format!("{USERS}/{}", world.make_user("a@example.com").await);
    let before = world.call("GET", &path, None).await.text;
    let patch = |operations: Value| json!({ "schemas": [PATCH], "Operations": operations }).to_string().into_bytes();
    let many: Vec<Value> = (0..10_000).map(|_| json!({ "op": "add", "path": "title", "value": "T" })).collect();
    let one = |op: &str, path: &str, value: Value| patch(json!([{ "op": op, "path": path, "value": value }]));
    for (body, scim_type, says) in [
        (patch(json!(many)), "invalidSyntax", "Operations has 10000 entries"),
        (patch(json!({})), "invalidSyntax", "Operations"),
        (patch(json!([])), "invalidSyntax", "Operations"),
        (patch(json!([7])), "invalidSyntax", "Operation 1"),
        (one("destroy", "title", json!(1)), "invalidSyntax", "destroy"),
        (one("replace", &"(".repeat(500_000), json!(1)), "invalidPath", "path"),
        (one("replace", &format!("emails[{}", "(".repeat(1_000)), json!(1)), "invalidPath", "path"),
        (one("replace", "shoe.size", json!(1)), "invalidPath", "shoe"),
        (one("replace", "id", json!("x")), "mutability", "id"),
        (one("replace", "meta.created", json!("x")), "mutability", "meta"),
        (one("replace", "emails[type eq \"none\"].value", json!("x")), "noTarget", "emails"),
        (one("replace", "active", json!({})), "invalidValue", "active"),
        (one("remove", "userName", Value::Null), "mutability", "userName"),
    ] {
        refused(&world, "PATCH", &path, body, 400, scim_type, says).await;
    }
    let brackets = "(".repeat(60_000);
    for (query, scim_type, says) in [
        (format!("filter={brackets}"), "invalidFilter", "60000 bytes"),
        (format!("filter={}userName+pr", "(".repeat(100)), "invalidFilter", "deeper"),
        (format!("filter={}", ["userName+pr"; 100].join("+or+")), "invalidFilter", "comparisons"),
        ("filter=shoe+eq+1".to_owned(), "invalidFilter", "shoe"),
        ("filter=active+gt+true".to_owned(), "invalidFilter", "active"),
        ("filter=userName+eq+%22%00%22".to_owned(), "invalidFilter", "percent-encoded"),
        ("count=1e9".to_owned(), "invalidValue", "count"),
        ("startIndex=99999999999999999999".to_owned(), "invalidValue", "startIndex"),
        (format!("attributes={}", ["title"; 200].join(",")), "invalidValue", "attributes"),
        (format!("attributes={brackets}"), "invalidPath", "path"),
    ] {
        refused(&world, "GET", &format!("{USERS}?{query}"), Vec::new(), 400, scim_type, says).await;
    }
    refused(&world, "PATCH", &path, oversized(), 413, "invalidSyntax", TOO_LARGE).await;
    assert_eq!(world.call("GET", &path, None).await.text, before);
}
