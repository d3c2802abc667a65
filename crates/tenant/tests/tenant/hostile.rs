//! Input that means no good: every one gets a 4xx, and the tenant answers the next request.

use crate::refusals::refused;
use crate::support::{GROUPS, USERS, user, world, world_at};
use axum::body::Body;
use axum::http::Request;
use provost_db::Location;
use provost_tenant::ProfileName;
use serde_json::{Value, json};

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

/// Many requests make no user that one request could not make.
/// As many names as a body may hold, in one operation: what it costs follows from how many there are and not from their square.
#[tokio::test]
async fn a_patch_of_very_many_names_is_answered_soon() {
    for profile in [ProfileName::Netskope, ProfileName::Standard] {
        let world = world_at(Location::Memory, profile).await;
        let group = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "G" });
        let id = world.call("POST", GROUPS, Some(&group)).await.json()["id"].as_str().unwrap().to_owned();
        let operation = |prefix: &str, value: Value| {
            let names = (0..9_000).map(|number| (format!("{prefix}{number:05}"), value.clone()));
            json!({ "op": "add", "value": names.collect::<serde_json::Map<_, _>>() })
        };
        for operations in [
            (0..7).map(|number| operation(&format!("a{number}"), Value::Null)).collect::<Vec<_>>(),
            vec![operation("members", Value::Null)],
            vec![operation("members.", json!([{ "value": "x" }]))],
        ] {
            let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations });
            let started = std::time::Instant::now();
            let answer = world.call("PATCH", &format!("{GROUPS}/{id}"), Some(&body)).await;
            assert!(answer.status.is_success() || answer.status == 400, "{}", answer.text);
            assert!(started.elapsed() < std::time::Duration::from_secs(5), "{profile:?}: {:?}", started.elapsed());
        }
    }
}

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
    refused(&world, "PATCH", &user, body, 400, "invalidValue", "emails has").await;
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
        (Some("application/scim+json;q=0, application/json"), "application/json"),
        (Some("application/json; q=0.0"), "application/scim+json"),
    ] {
        let request = Request::get("/api/v2/scim/Schemas");
        let request = accept.map_or(Request::get("/api/v2/scim/Schemas"), |accept| request.header("accept", accept));
        let answer = world.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.header("content-type"), expected, "{accept:?}");
    }
}
