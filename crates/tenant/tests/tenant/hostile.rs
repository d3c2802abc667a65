//! Input that means no good: every one gets a 4xx, and the tenant answers the next request.

use crate::support::{GROUPS, USERS, World, user, world, world_at};
use axum::body::Body;
use axum::http::Request;
use provost_db::Location;
use provost_tenant::ProfileName;
use serde_json::{Value, json};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

#[tokio::test]
async fn a_megabyte_of_brackets_from_nobody_is_a_401() {
    let world = world().await;
    let brackets = "(".repeat(1 << 20);
    for method in ["POST", "PUT", "PATCH", "GET"] {
        let answer = world.send(Request::builder().method(method).uri(USERS).body(Body::from(brackets.clone())).unwrap()).await;
        assert_eq!(answer.status, 401, "{method}");
    }
    let query = format!("{USERS}?filter={}", "(".repeat(60_000));
    assert_eq!(world.send(Request::get(&query).body(Body::empty()).unwrap()).await.status, 401);
    assert_eq!(world.call("GET", &query, None).await.status, 400);
    assert_eq!(world.call("GET", USERS, None).await.status, 200, "alive");
}

#[tokio::test]
async fn bodies_that_are_not_users() {
    let world = world().await;
    let send = async |content_type: &str, body: Vec<u8>| {
        let request = Request::post(USERS)
            .header("authorization", format!("Bearer {}", world.token))
            .header("content-type", content_type)
            .body(Body::from(body));
        world.send(request.unwrap()).await.status.as_u16()
    };
    let good = user("good@example.com").to_string();
    for (content_type, body, expected) in [
        ("application/json", Vec::new(), 400),
        ("application/json", b"{".to_vec(), 400),
        ("application/json", b"[]".to_vec(), 400),
        ("application/json", b"null".to_vec(), 400),
        ("application/json", vec![0xff, 0xfe, 0x00], 400),
        ("application/json", b"[".repeat(200_000), 400),
        ("application/json", format!("{{\"userName\":{}1{}}}", "[".repeat(500), "]".repeat(500)).into_bytes(), 400),
        ("application/json", b"{\"userName\":\"a\",\"userName\":\"b\"}".to_vec(), 400),
        ("application/json", good.replace("good@example.com", "a\\u0000b").into_bytes(), 400),
        ("application/json", vec![b' '; (1 << 20) + 1], 413),
        ("text/xml", good.clone().into_bytes(), 415),
        ("application/x-www-form-urlencoded", good.clone().into_bytes(), 415),
        ("application/json; charset=utf-8", good.into_bytes(), 201),
    ] {
        let start: String = String::from_utf8_lossy(&body).chars().take(40).collect();
        assert_eq!(send(content_type, body).await, expected, "{content_type}: {start}");
    }
    assert_eq!(world.listed("").await.0, 1);
}

#[tokio::test]
async fn a_body_whose_length_nobody_said_is_bounded_too() {
    let world = world().await;
    let request = Request::post(USERS).header("authorization", format!("Bearer {}", world.token));
    let chunks = futures_chunks();
    assert_eq!(world.send(request.body(chunks).unwrap()).await.status, 413);
}

/// A body without a known length: 3 MiB in pieces.
fn futures_chunks() -> Body {
    struct Pieces(u32);
    impl tokio::io::AsyncRead for Pieces {
        fn poll_read(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
            buffer: &mut tokio::io::ReadBuf<'_>,
        ) -> std::task::Poll<std::io::Result<()>> {
            if self.0 > 0 {
                self.0 -= 1;
                let room = buffer.remaining().min(4_096);
                buffer.put_slice(&vec![b' '; room]);
            }
            std::task::Poll::Ready(Ok(()))
        }
    }
    Body::from_stream(tokio_util::io::ReaderStream::new(Pieces(768)))
}

#[tokio::test]
async fn paths_and_parameters_that_mean_no_good() {
    let world = world().await;
    world.make_user("a@example.com").await;
    for (method, path, expected) in [
        ("GET", "/api/v2/scim/Users/..%2f..%2fetc%2fpasswd", 404),
        ("GET", "/api/v2/scim/Users/%00", 404),
        ("GET", "/api/v2/scim/Users/%ff%fe", 404),
        ("GET", "/api/v2/scim/Users/'%20OR%20'1'='1", 404),
        ("DELETE", "/api/v2/scim/Users/%25", 404),
        ("DELETE", USERS, 405),
        ("POST", "/api/v2/scim/Users/1", 405),
        ("OPTIONS", USERS, 405),
        ("TRACE", USERS, 405),
        ("GET", "/api/v2/scim/Users?startIndex=x", 400),
        ("GET", "/api/v2/scim/Users?count=99999999999999999999", 400),
        ("GET", "/api/v2/scim/Users?filter=%00", 400),
        ("GET", "/api/v2/scim/Users?filter=%ff", 400),
        ("GET", "/api/v2/scim/Users?filter=userName%20eq%20%22'%20OR%201=1--%22", 200),
        ("GET", "/api/v2/scim/Users?attributes=userName&excludedAttributes=name", 400),
    ] {
        let body = json!({});
        let answer = world.call(method, path, (method == "POST").then_some(&body)).await;
        assert_eq!(answer.status, expected, "{method} {path}: {}", answer.text);
        if expected >= 400 {
            assert_eq!(answer.header("content-type"), "application/json", "{path}");
            assert_eq!(answer.json()["status"], expected.to_string());
            let allowed = match (expected, path) {
                (405, USERS) => "GET, HEAD, POST",
                (405, _) => "GET, HEAD, PUT, PATCH, DELETE",
                _ => "",
            };
            assert_eq!(answer.header("allow"), allowed, "{method} {path}");
        } else {
            assert_eq!(answer.json()["totalResults"], 0);
        }
    }
}

#[tokio::test]
async fn what_a_client_may_not_set_is_not_set() {
    let world = world().await;
    let mut body = user("a@example.com");
    body["id"] = json!("mine");
    body["meta"] = json!({ "location": "http://evil.example", "created": "1999-01-01T00:00:00Z" });
    body["groups"] = json!([{ "value": "admins" }]);
    body["password"] = json!("secret-of-the-user");
    let made = world.call("POST", USERS, Some(&body)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let text = made.text.clone();
    assert!(
        !text.contains("mine") && !text.contains("evil") && !text.contains("admins") && !text.contains("secret-of-the-user"),
        "{text}"
    );
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let stored = provost_tenant::users::get(&world.tenant, &id).await.unwrap().unwrap();
    assert!(!Value::Object(stored.body).to_string().contains("secret-of-the-user"), "passwords are not kept");
}

/// Sends a body as it is, and checks that the answer is a SCIM error with this keyword that says this.
async fn refused(world: &World, method: &str, path: &str, body: Vec<u8>, status: u16, scim_type: Option<&str>, says: &str) {
    let start: String = String::from_utf8_lossy(&body).chars().take(80).collect();
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {}", world.token))
        .header("content-type", "application/scim+json")
        .body(Body::from(body));
    let answer = world.send(request.unwrap()).await;
    let case = format!("{method} {} {start}: {}", path.chars().take(80).collect::<String>(), answer.text);
    assert_eq!(answer.status, status, "{case}");
    assert_eq!(answer.header("content-type"), "application/scim+json", "{case}");
    let error = answer.json();
    assert_eq!(error["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]), "{case}");
    assert_eq!(error["status"], json!(status.to_string()), "{case}");
    assert_eq!(error["scimType"].as_str(), scim_type, "{case}");
    assert!(error["detail"].as_str().unwrap().contains(says), "{case}: {says}");
    assert!(answer.text.len() < 1_000, "an error does not repeat what it refuses: {} bytes", answer.text.len());
}

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
    let syntax = Some("invalidSyntax");
    let value = Some("invalidValue");
    for (body, status, scim_type, says) in [
        (vec![b' '; (1 << 20) + 1], 413, None, "1048576 bytes"),
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
        refused(&world, "POST", USERS, body, status, scim_type, says).await;
    }
    assert_eq!(world.call("GET", USERS, None).await.json()["totalResults"], 0);
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
        refused(&world, "PATCH", &path, body, 400, Some(scim_type), says).await;
    }
    let brackets = "(".repeat(60_000);
    for (query, scim_type, says) in [
        (format!("filter={brackets}"), "invalidFilter", "60000 bytes"),
        (format!("filter={}userName+pr", "(".repeat(100)), "invalidFilter", "deeper"),
        (format!("filter={}", ["userName+pr"; 100].join("+or+")), "invalidFilter", "comparisons"),
        ("filter=shoe+eq+1".to_owned(), "invalidFilter", "shoe"),
        ("filter=active+gt+true".to_owned(), "invalidFilter", "active"),
        ("filter=userName+eq+%22%00%22".to_owned(), "invalidValue", "percent-encoded"),
        ("count=1e9".to_owned(), "invalidValue", "count"),
        ("startIndex=99999999999999999999".to_owned(), "invalidValue", "startIndex"),
        (format!("attributes={}", ["title"; 200].join(",")), "invalidValue", "attributes"),
        (format!("attributes={brackets}"), "invalidPath", "path"),
    ] {
        refused(&world, "GET", &format!("{USERS}?{query}"), Vec::new(), 400, Some(scim_type), says).await;
    }
    let group =
        json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "G", "members": [{ "value": "x" }] });
    refused(&world, "POST", GROUPS, group.to_string().into_bytes(), 400, Some("invalidValue"), "members").await;
    refused(&world, "POST", "/api/v2/scim/.search", b"{}".to_vec(), 400, Some("invalidSyntax"), "schemas").await;
    refused(&world, "POST", "/api/v2/scim/Bulk", b"{}".to_vec(), 400, Some("invalidSyntax"), "schemas").await;
    assert_eq!(world.call("GET", &path, None).await.text, before);
}

/// Many requests make no user that one request could not make.
#[tokio::test]
async fn a_user_does_not_grow_without_bound() {
    let world = world_at(Location::Memory, ProfileName::Standard).await;
    let user = format!("{USERS}/{}", world.make_user("a@example.com").await);
    let address = |number: usize| json!({ "value": format!("{number}{}", "x".repeat(60_000)) });
    let adding = |numbers: std::ops::Range<usize>| {
        let emails: Vec<Value> = numbers.map(address).collect();
        json!({ "schemas": [PATCH], "Operations": [{ "op": "add", "path": "emails", "value": emails }] })
    };
    assert_eq!(world.call("PATCH", &user, Some(&adding(0..16))).await.status, 200);
    let body = adding(16..18).to_string().into_bytes();
    refused(&world, "PATCH", &user, body, 400, Some("invalidValue"), "emails has").await;
    assert_eq!(world.call("PATCH", &user, Some(&adding(16..17))).await.status, 200, "what fits is taken");
}

#[tokio::test]
async fn refusals_of_the_gate_are_scim_errors_in_the_standard_profile() {
    let world = world_at(Location::Memory, ProfileName::Standard).await;
    let brackets = "(".repeat(1 << 20);
    for path in [USERS, GROUPS, "/api/v2/scim", "/api/v2/scim/Bulk", "/api/v2/scim/.search", "/api/v2/scim/Me"] {
        let request = Request::post(path).header("content-type", "application/scim+json").body(Body::from(brackets.clone()));
        let answer = world.send(request.unwrap()).await;
        assert_eq!((answer.status.as_u16(), answer.header("www-authenticate")), (401, "Bearer"), "{path}");
        assert_eq!(answer.header("content-type"), "application/scim+json");
        assert_eq!(answer.json()["status"], json!("401"));
    }
    let config = world.send(Request::get("/api/v2/scim/ServiceProviderConfig").body(Body::empty()).unwrap()).await;
    assert_eq!(config.status, 200, "alive, and open to anybody");
    for (accept, expected) in [
        (None, "application/scim+json"),
        (Some("*/*"), "application/scim+json"),
        (Some("text/html"), "application/scim+json"),
        (Some("application/json, application/scim+json"), "application/scim+json"),
        (Some("application/json; q=0.9"), "application/json"),
    ] {
        let request = Request::get("/api/v2/scim/Schemas");
        let request = accept.map_or(Request::get("/api/v2/scim/Schemas"), |accept| request.header("accept", accept));
        let answer = world.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.header("content-type"), expected, "{accept:?}");
    }
}
