//! Who may do what, and what errors look like.

use crate::support::{send, world};
use axum::body::Body;
use axum::http::Request;
use provost_server::Server;
use provost_server::access::{Permission, Principal};
use provost_server::api::routes;
use serde_json::json;
use std::collections::BTreeSet;

/// A path of the table with something in its variable parts.
fn concrete(path: &str) -> String {
    path.split('/').map(|part| if part.starts_with('{') { "1" } else { part }).collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn every_route_asks_for_a_key_and_an_auditor_only_reads() {
    let world = world().await;
    let mut reads = 0;
    for (method, path, permission) in routes() {
        let (method, path) = (method.as_str(), concrete(&path));
        let call = async |key| world.as_key(key, method, &path, None).await;
        let none = call(None).await;
        assert_eq!(none.status, 401, "{method} {path}");
        assert_eq!(none.headers["www-authenticate"], "Bearer realm=\"provost\"");
        assert_eq!(call(Some("pvk_mistyped")).await.status, 401, "{method} {path}");
        let auditor = call(Some(&world.auditor)).await;
        let expected = match permission {
            Permission::Read => {
                reads += 1;
                auditor.status != 401 && auditor.status != 403
            }
            Permission::Change => auditor.status == 403,
        };
        assert!(expected, "{method} {path}: {}", auditor.text);
        assert!(permission == Permission::Read || method != "GET", "{method} {path} is a GET that changes");
        let super_admin = call(Some(&world.super_admin)).await;
        assert!(![401, 403, 405, 500].contains(&super_admin.status.as_u16()), "{method} {path}: {}", super_admin.text);
    }
    assert!(reads > 15, "{reads}");
    let asked: Vec<String> = routes()
        .into_iter()
        .filter(|(method, _, permission)| method != "GET" && *permission == Permission::Read)
        .map(|(method, path, _)| format!("{method} {path}"))
        .collect();
    assert_eq!(asked, ["POST /api/v1/apps/{key}/autoprovisioning/plan", "POST /api/v1/config/plan"]);
}

#[tokio::test]
async fn a_revoked_key_is_out_at_once_and_a_key_says_who_did_it() {
    let world = world().await;
    world.user("ada").await;
    let log = world.get("/log?name=CREATE_USER").await.expect(200).json();
    assert_eq!(log["items"][0]["actor"], "API key all");
    let keys = provost_store::admins::list_keys(&world.store).await.unwrap();
    let key = keys.iter().find(|entry| entry.key.name == "all").unwrap();
    provost_store::admins::revoke_key(&world.store, &provost_store::Actor::CommandLine, key.key.id).await.unwrap();
    world.get("/users").await.expect(401);
}

#[tokio::test]
async fn errors_have_one_shape() {
    let world = world().await;
    let replies = [
        (world.as_key(None, "GET", "/api/v1/users", None).await, 401),
        (world.get("/nothing/here").await, 404),
        (world.get("/users/nobody@example.com").await, 404),
        (world.call("PUT", "/users", json!({})).await, 405),
        (world.call("POST", "/users", json!({ "primary_mail": "x" })).await, 400),
        (world.get("/users?colour=red").await, 400),
        (world.with_header("PATCH", "/users/1", ("if-match", "7"), json!({})).await, 400),
        (world.call("POST", "/apps", json!({ "name": "A", "catalogue": "none" })).await, 422),
        (world.call("POST", "/config/plan", json!({ "file": "x".repeat(3 * 1024 * 1024) })).await, 413),
    ];
    for (reply, status) in replies {
        let reply = reply.expect(status);
        assert_eq!(reply.headers["content-type"], "application/problem+json", "{}", reply.text);
        let body = reply.json();
        let keys: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["type", "title", "status", "detail", "help"], "{}", reply.text);
        assert_eq!(body["status"], status);
        for key in ["type", "title", "detail", "help"] {
            assert!(!body[key].as_str().unwrap().is_empty(), "{}", reply.text);
        }
    }
}

#[tokio::test]
async fn the_key_is_asked_for_before_the_body_is_read() {
    let world = world().await;
    let broken = Request::builder().method("POST").uri("/api/v1/users").body(Body::from("{not json")).unwrap();
    assert_eq!(send(&world.router, broken).await.status, 401);
}

#[tokio::test]
async fn the_command_lines_own_router_needs_no_key_and_the_listeners_has_no_such_door() {
    let world = world().await;
    let server = Server::new(world.store.clone(), Vec::new());
    let own = provost_server::api_router(server.clone(), Some(Principal::command_line()));
    let get = || Request::builder().uri("/api/v1/users").body(Body::empty()).unwrap();
    assert_eq!(send(&own, get()).await.status, 200);
    assert_eq!(send(&provost_server::api_router(server, None), get()).await.status, 401);
    let healthz = Request::builder().uri("/healthz").body(Body::empty()).unwrap();
    assert_eq!(send(&world.router, healthz).await.expect(200).text, "ok\n");
}

#[test]
fn no_route_stands_in_the_table_twice() {
    let all = routes();
    let distinct: BTreeSet<(String, String)> = all.iter().map(|(method, path, _)| (method.to_string(), path.clone())).collect();
    assert_eq!(distinct.len(), all.len());
}
