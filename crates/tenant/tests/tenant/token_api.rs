//! `/api/v2/auth/tokens`.

use crate::support::{ADMIN, Answer, PASSWORD, USERS, World, world};
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

const TOKENS: &str = "/api/v2/auth/tokens";

/// `Authorization: Basic`; the alphabet of RFC 4648 by hand, as this crate needs it nowhere else.
fn basic(email: &str, password: &str) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text = format!("{email}:{password}");
    let encoded: String = text
        .as_bytes()
        .chunks(3)
        .flat_map(|chunk| {
            let number =
                chunk.iter().chain([0, 0].iter()).take(3).fold(0_usize, |number, byte| (number << 8) | usize::from(*byte));
            (0..4)
                .map(move |digit| if digit <= chunk.len() { char::from(DIGITS[(number >> (18 - 6 * digit)) & 63]) } else { '=' })
        })
        .collect();
    format!("Basic {encoded}")
}

async fn call(world: &World, method: &str, path: &str, body: Option<Value>) -> Answer {
    let request = Request::builder().method(method).uri(path).header("authorization", basic(ADMIN, PASSWORD));
    world.send(request.body(body.map_or_else(Body::empty, |body| Body::from(body.to_string()))).unwrap()).await
}

fn new_token(world: &World, name: &str) -> Value {
    let expires = world.clock.now_micros() / 1_000_000 + 3_600;
    json!({ "name": name, "expires": expires, "endpoints": [{ "endpoint": "/api/v2/scim/Users", "permissions": "rw" }] })
}

async fn works(world: &World, token: &str) -> bool {
    world.call_as(token, "GET", USERS, None).await.status == 200
}

#[tokio::test]
async fn a_token_is_made_changed_reissued_revoked_and_deleted() {
    let world = world().await;
    let wanted = new_token(&world, "google");
    let made = call(&world, "POST", TOKENS, Some(wanted.clone())).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let record = made.json();
    let secret = record["token"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("nsk_") && secret.len() == 40, "{secret}");
    assert_eq!(
        (&record["name"], &record["expires"], &record["endpoints"]),
        (&wanted["name"], &wanted["expires"], &wanted["endpoints"])
    );
    assert!(works(&world, &secret).await);

    let id = record["id"].as_str().unwrap();
    let one = format!("{TOKENS}/{id}");
    for path in [TOKENS, one.as_str()] {
        let answer = call(&world, "GET", path, None).await;
        assert_eq!(answer.status, 200);
        assert!(!answer.text.contains(&secret) && !answer.text.contains("\"token\""), "{}", answer.text);
    }
    assert_eq!(call(&world, "GET", &format!("{one}?fields=id,name"), None).await.json(), json!({ "id": id, "name": "google" }));

    let mut changed = wanted.clone();
    changed["name"] = json!("google 2");
    changed["endpoints"] = json!([{ "endpoint": "/api/v2/scim/Groups", "permissions": "r" }]);
    let answer = call(&world, "PATCH", &one, Some(changed)).await;
    assert_eq!((answer.status.as_u16(), answer.json().get("token")), (200, None));
    assert!(!works(&world, &secret).await, "Users is no longer granted");
    call(&world, "PATCH", &one, Some(wanted)).await;
    assert!(works(&world, &secret).await);

    let reissued =
        call(&world, "PATCH", &one, Some(json!({ "operation": "reissue" }))).await.json()["token"].as_str().unwrap().to_owned();
    assert!(!works(&world, &secret).await, "the old secret is dead at once");
    assert!(works(&world, &reissued).await);

    assert_eq!(call(&world, "PATCH", &one, Some(json!({ "operation": "revoke" }))).await.json()["state"], "revoked");
    assert!(!works(&world, &reissued).await);
    assert_eq!(call(&world, "GET", &one, None).await.json()["state"], "revoked", "the record stays");
    assert_eq!(call(&world, "PATCH", &one, Some(json!({ "operation": "reissue" }))).await.status, 409);
    assert_eq!(call(&world, "DELETE", &one, None).await.status, 204);
    assert_eq!(call(&world, "GET", &one, None).await.status, 404);
    assert_eq!(call(&world, "DELETE", &one, None).await.status, 404);
}

#[tokio::test]
async fn what_a_token_cannot_be_is_refused_with_the_reason() {
    let world = world().await;
    let with = |name: &str, value: Value| {
        let mut body = new_token(&world, "t");
        body[name] = value;
        body
    };
    for (body, status, part) in [
        (with("name", json!("CI")), 409, "already"),
        (with("name", json!(" ")), 400, "name"),
        (with("name", json!(1)), 400, "name"),
        (with("expires", json!(1)), 400, "future"),
        (with("expires", json!(1e300)), 400, "instant"),
        (with("expires", json!("tomorrow")), 400, "number"),
        (with("endpoints", json!([])), 400, "endpoint"),
        (with("endpoints", json!(["/api/v2/scim/Users"])), 400, "permissions"),
        (with("endpoints", json!([{ "endpoint": "/api/v2/nothing", "permissions": "r" }])), 400, "the endpoints are"),
        (with("endpoints", json!([{ "endpoint": "/api/v2/scim/Users", "permissions": "w" }])), 400, "privilege"),
        (with("admin", json!(true)), 400, "not a field"),
        (json!({ "name": "t" }), 400, "needs"),
    ] {
        let answer = call(&world, "POST", TOKENS, Some(body.clone())).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text);
        assert!(answer.json()["message"].as_str().unwrap().contains(part), "{part}: {}", answer.text);
    }
    let operation = call(&world, "PATCH", &format!("{TOKENS}/1"), Some(json!({ "operation": "revoke", "name": "x" }))).await;
    assert_eq!(operation.status, 400);
    assert_eq!(call(&world, "PATCH", &format!("{TOKENS}/nonsense"), Some(json!({ "operation": "revoke" }))).await.status, 404);
}

#[tokio::test]
async fn only_administrators_may_and_guessing_is_slowed_down() {
    let world = world().await;
    let send = async |header: String| {
        world.send(Request::get(TOKENS).header("authorization", header).body(Body::empty()).unwrap()).await.status.as_u16()
    };
    assert_eq!(world.send(Request::get(TOKENS).body(Body::empty()).unwrap()).await.status, 401);
    assert_eq!(send(format!("Bearer {}", world.token)).await, 401, "a SCIM token is no administrator");
    assert_eq!(send(basic("nobody@tenant.example", PASSWORD)).await, 401);
    assert_eq!(send("Basic %%%".to_owned()).await, 401);
    assert_eq!(send(basic(&ADMIN.to_uppercase(), PASSWORD)).await, 200);
    let mut statuses = Vec::new();
    for _ in 0..8 {
        statuses.push(send(basic(ADMIN, "wrong")).await);
    }
    assert_eq!((statuses[0], statuses[7]), (401, 429));
    assert_eq!(send(basic(ADMIN, PASSWORD)).await, 429, "also with the right password, while waiting");
}

#[tokio::test]
async fn another_sites_form_cannot_use_the_session() {
    let world = world().await;
    let cookie = crate::console::sign_in(&world).await;
    let send = async |site: &str| {
        let body = json!({ "name": site, "expires": world.clock.now_micros() / 1_000_000 + 60, "endpoints": [{ "endpoint": "/api/v2/scim/Users", "permissions": "r" }] });
        let request = Request::post(TOKENS)
            .header("host", "tenant.test")
            .header("cookie", cookie.clone())
            .header("sec-fetch-site", site)
            .body(Body::from(body.to_string()));
        world.send(request.unwrap()).await.status.as_u16()
    };
    assert_eq!(send("same-origin").await, 201);
    assert_eq!(send("cross-site").await, 403);
}
