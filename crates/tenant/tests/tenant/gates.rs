//! What stands before every SCIM request, and its order.

use crate::support::{ADMIN, GROUPS, PASSWORD, USERS, World, token, user, world, world_at};
use axum::body::Body;
use axum::http::Request;
use provost_db::Location;
use provost_tenant::options::Options;
use provost_tenant::tokens::{self, Lifetime, LifetimeUnit, NewToken};
use provost_tenant::{ProfileName, Tenant, admins};

const SECOND: i64 = 1_000_000;

async fn status(world: &World, token: &str, method: &str, path: &str) -> u16 {
    let body = user("gate@example.com");
    let body = (method != "GET" && method != "DELETE").then_some(&body);
    world.call_as(token, method, path, body).await.status.as_u16()
}

#[tokio::test]
async fn both_headers_carry_a_token_and_nothing_else_does() {
    let world = world().await;
    for (name, value, expected) in [
        ("authorization", format!("Bearer {}", world.token), 200),
        ("authorization", format!("bEaReR {}", world.token), 200),
        ("netskope-api-token", world.token.clone(), 200),
        ("authorization", format!("Basic {}", world.token), 401),
        ("authorization", world.token.clone(), 401),
        ("authorization", "Bearer".to_owned(), 401),
        ("authorization", "Bearer nsk_000000000000000000000000000000000000".to_owned(), 401),
        ("cookie", format!("token={}", world.token), 401),
    ] {
        let answer = world.send(Request::get(USERS).header(name, value.clone()).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, expected, "{name}: {value}");
        if expected == 401 {
            assert_eq!(answer.header("content-type"), "application/json");
            assert!(answer.json()["message"].as_str().unwrap().starts_with("Unauthorized"));
        }
    }
    let answer = world.send(Request::get(format!("{USERS}?token={}", world.token)).body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn a_grant_covers_its_endpoint_and_its_privilege() {
    let world = world().await;
    let id = world.make_user("one@example.com").await;
    let one = format!("{USERS}/{id}");
    let reader = token(&world.tenant, "reader", &["/api/v2/scim/Users:r"]).await;
    let writer = token(&world.tenant, "writer", &["/api/v2/scim/Users:rw"]).await;
    let grouper = token(&world.tenant, "grouper", &["/api/v2/scim/Groups:rw"]).await;
    for (token, method, path, expected) in [
        (&reader, "GET", USERS, 200),
        (&reader, "GET", one.as_str(), 200),
        (&reader, "POST", USERS, 403),
        (&reader, "PUT", one.as_str(), 403),
        (&reader, "PATCH", one.as_str(), 403),
        (&reader, "DELETE", one.as_str(), 403),
        // The write probe: a random id, 403 for who may not write and 404 for who may.
        (&reader, "PATCH", "/api/v2/scim/Users/00000000-0000-4000-8000-000000000000", 403),
        (&reader, "GET", GROUPS, 403),
        (&writer, "GET", GROUPS, 403),
        (&writer, "POST", GROUPS, 403),
        (&writer, "GET", "/api/v2/scim/Nothing", 403),
        (&writer, "GET", "/api/v2/scim/UsersX", 403),
        (&writer, "GET", "/api/v2/scim/%55sers", 403),
        (&grouper, "GET", GROUPS, 200),
        (&grouper, "GET", USERS, 403),
        (&grouper, "DELETE", one.as_str(), 403),
        (&grouper, "GET", "/api/v2/scim/ServiceProviderConfig", 200),
        (&reader, "POST", "/api/v2/scim/ServiceProviderConfig", 403),
    ] {
        assert_eq!(status(&world, token, method, path).await, expected, "{method} {path}");
    }
    assert_eq!(status(&world, &writer, "DELETE", &one).await, 204);
}

#[tokio::test]
async fn the_standard_profile_guards_resources_and_says_what_there_is_not() {
    let world = world_at(Location::Memory, ProfileName::Standard).await;
    let id = world.make_user("one@example.com").await;
    let one = format!("{USERS}/{id}");
    let grouper = token(&world.tenant, "grouper", &["/api/v2/scim/Groups:r"]).await;
    for (method, path, expected) in [
        ("GET", USERS, 403),
        ("GET", "/api/v2/scim//Users", 403),
        ("GET", "/api/v2/scim/Users/", 403),
        ("GET", "/api/v2/scim/Users/.search", 403),
        ("POST", "/api/v2/scim//Users//", 403),
        ("DELETE", one.as_str(), 403),
        ("DELETE", "/api/v2/scim/Users/nobody", 403),
        ("GET", "/api/v2/scim/%55sers", 404),
        ("GET", "/api/v2/scim/Nothing/../Users", 404),
        ("GET", "/api/v2/scim/Nothing", 404),
        ("POST", "/api/v2/scim/Nothing", 404),
        ("POST", "/api/v2/scim/ServiceProviderConfig", 405),
        ("DELETE", "/api/v2/scim/Schemas", 405),
        ("PUT", "/api/v2/scim/ResourceTypes", 405),
        ("GET", GROUPS, 200),
        ("POST", GROUPS, 403),
    ] {
        assert_eq!(status(&world, &grouper, method, path).await, expected, "{method} {path}");
    }
    let nobody = world.send(Request::get("/api/v2/scim/Nothing").body(Body::empty()).unwrap()).await;
    assert_eq!(nobody.status, 401, "without a token nothing is said");
    assert_eq!(status(&world, &world.token.clone(), "GET", &one).await, 200);
}

#[tokio::test]
async fn the_write_probe_finds_who_may_write() {
    let world = world().await;
    let body = serde_json::json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "replace", "path": "active", "value": true }] });
    let answer = world.call("PATCH", &format!("{USERS}/00000000-0000-4000-8000-000000000000"), Some(&body)).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (404, "application/json"));
}

#[tokio::test]
async fn a_token_works_until_the_instant_it_expires() {
    let world = world().await;
    let lifetime = Lifetime::new(1, LifetimeUnit::Hours).unwrap();
    let secret = tokens::create(&world.tenant, "short", vec!["/api/v2/scim/Users:r".parse().unwrap()], lifetime).await.unwrap();
    let expires_at = tokens::list(&world.tenant).await.unwrap().iter().find(|token| token.name == "short").unwrap().expires_at;
    world.clock.advance_micros(expires_at - world.clock.now_micros() - SECOND);
    assert_eq!(status(&world, secret.expose(), "GET", USERS).await, 200);
    world.clock.advance_micros(SECOND);
    assert_eq!(status(&world, secret.expose(), "GET", USERS).await, 401);
}

#[tokio::test]
async fn the_switch_stops_every_token_and_loses_none() {
    let world = world().await;
    let options = world.tenant.options().await.unwrap();
    world.tenant.set_options(&Options { rest_api_enabled: false, ..options.clone() }).await.unwrap();
    let answer = world.call("GET", USERS, None).await;
    assert_eq!(answer.status, 403);
    assert!(answer.json()["message"].as_str().unwrap().contains("disabled"));
    assert_eq!(status(&world, "nonsense", "GET", USERS).await, 403, "the switch comes before the token");
    world.tenant.set_options(&options).await.unwrap();
    assert_eq!(status(&world, &world.token, "GET", USERS).await, 200);
}

#[tokio::test]
async fn over_the_limit_waits_and_refused_requests_cost_nothing() {
    let world = world().await;
    let options = Options { requests_per_second: 2, ..world.tenant.options().await.unwrap() };
    world.tenant.set_options(&options).await.unwrap();
    for _ in 0..20 {
        assert_eq!(status(&world, "nonsense", "GET", USERS).await, 401);
    }
    let mut answers = Vec::new();
    for _ in 0..6 {
        answers.push(world.call("GET", USERS, None).await);
    }
    assert_eq!((answers[0].status.as_u16(), answers[0].header("ratelimit-remaining")), (200, "1"));
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status == 429).collect();
    assert!(!refused.is_empty(), "six requests at once are more than two a second");
    for answer in refused {
        assert_eq!(answer.header("retry-after"), "1");
        assert_eq!((answer.header("ratelimit-remaining"), answer.header("ratelimit-reset")), ("0", "1"));
        assert!(answer.json()["message"].as_str().unwrap().contains("rate limit"));
    }
}

#[tokio::test]
async fn the_use_of_a_token_is_noted_and_every_request_is_logged() {
    let world = world().await;
    assert_eq!(tokens::list(&world.tenant).await.unwrap()[0].last_used_at, None);
    status(&world, "nonsense", "GET", USERS).await;
    world.call("GET", &format!("{USERS}?count=1"), None).await;
    let used = tokens::list(&world.tenant).await.unwrap()[0].last_used_at.unwrap();
    assert!((world.clock.now_micros() - used).abs() < 60 * SECOND);
    let seen: Vec<_> =
        world.tenant.requests().into_iter().map(|entry| (entry.token, entry.method, entry.query, entry.status)).collect();
    let expected =
        [(None, "GET".to_owned(), None, 401), (Some("ci".to_owned()), "GET".to_owned(), Some("count=1".to_owned()), 200)];
    assert_eq!(seen, expected);
    assert_eq!(world.tenant.requests_total(), 2);
}

async fn owned_token(tenant: &Tenant, now: i64) -> String {
    let new = NewToken {
        name: "owned".to_owned(),
        grants: vec!["/api/v2/scim/Users:r".parse().unwrap()],
        expires_at: Lifetime::default().after(now),
        created_by: Some(ADMIN.to_owned()),
    };
    tokens::create_as(tenant, new).await.unwrap().1.expose().to_owned()
}

#[tokio::test]
async fn a_token_can_end_with_its_administrators_password_or_idleness() {
    let world = world().await;
    let secret = owned_token(&world.tenant, world.clock.now_micros()).await;
    admins::set_password(&world.tenant, ADMIN, "another long password").await.unwrap();
    assert_eq!(status(&world, &secret, "GET", USERS).await, 200, "off by default");
    let options = world.tenant.options().await.unwrap();
    world
        .tenant
        .set_options(&Options { tokens_end_after_idle_days: 10, tokens_end_with_password: true, ..options })
        .await
        .unwrap();
    world.clock.advance_micros(10 * 86_400 * SECOND - 60 * SECOND);
    assert_eq!(status(&world, &secret, "GET", USERS).await, 200);
    world.clock.advance_micros(120 * SECOND);
    assert_eq!(status(&world, &secret, "GET", USERS).await, 401);
    assert_eq!(status(&world, &world.token, "GET", USERS).await, 200, "nobody's token has nobody to be idle");
    world.tenant.set_options(&Options { tokens_end_with_password: true, ..Options::default() }).await.unwrap();
    assert_eq!(status(&world, &secret, "GET", USERS).await, 200);
    admins::set_password(&world.tenant, ADMIN, PASSWORD).await.unwrap();
    assert_eq!(status(&world, &secret, "GET", USERS).await, 401);
    assert_eq!(status(&world, &world.token, "GET", USERS).await, 200);
}

#[tokio::test]
async fn the_standard_profile_shows_discovery_to_anybody() {
    let netskope = world().await;
    let standard = world_at(Location::Memory, ProfileName::Standard).await;
    for path in ["/api/v2/scim/ServiceProviderConfig", "/api/v2/scim/Schemas", "/api/v2/scim/ResourceTypes/User"] {
        let request = || Request::get(path).body(Body::empty()).unwrap();
        assert_eq!(netskope.send(request()).await.status, 401, "{path}");
        assert_eq!(standard.send(request()).await.status, 200, "{path}");
    }
    assert_eq!(standard.send(Request::get(USERS).body(Body::empty()).unwrap()).await.status, 401);
    let config = netskope.call("GET", "/api/v2/scim/ServiceProviderConfig", None).await.json();
    assert_eq!(config["filter"]["maxResults"], 200);
}
