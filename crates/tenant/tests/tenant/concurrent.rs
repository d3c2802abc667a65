//! Many clients at once.

use crate::support::{USERS, World, world_at};
use axum::body::Body;
use axum::http::Request;
use provost_db::Location;
use provost_tenant::options::Options;
use provost_tenant::{ProfileName, users};
use serde_json::{Value, json};

const WRITERS: usize = 32;
const CHANGES: usize = 5;

/// A tenant that lets as many requests through as come.
async fn unlimited() -> World {
    let world = world_at(Location::Memory, ProfileName::Standard).await;
    world.tenant.set_options(&Options { requests_per_second: 0, ..Options::default() }).await.unwrap();
    world
}

/// Reads the user, counts its title up on that version, and begins again when somebody else was faster.
async fn count_up(world: World, path: String, verb: &'static str) {
    for _ in 0..CHANGES {
        loop {
            let read = world.call("GET", &path, None).await;
            assert_eq!(read.status, 200, "{}", read.text);
            let mut user = read.json();
            let count: usize = user["title"].as_str().unwrap().parse().unwrap();
            let body = match verb {
                "PUT" => {
                    user["title"] = json!((count + 1).to_string());
                    user
                }
                _ => json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                    "Operations": [{ "op": "replace", "path": "title", "value": (count + 1).to_string() }] }),
            };
            match conditional(&world, verb, &path, read.header("etag"), &body).await {
                200 => break,
                412 => {}
                other => panic!("{verb} {other}"),
            }
        }
    }
}

async fn conditional(world: &World, verb: &str, path: &str, version: &str, body: &Value) -> u16 {
    let request = Request::builder()
        .method(verb)
        .uri(path)
        .header("authorization", format!("Bearer {}", world.token))
        .header("content-type", "application/scim+json")
        .header("if-match", version)
        .body(Body::from(body.to_string()));
    world.send(request.unwrap()).await.status.as_u16()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thirty_two_writers_on_one_user_lose_no_update() {
    let world = unlimited().await;
    let user = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "counted", "title": "0" });
    let made = world.call("POST", USERS, Some(&user)).await;
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let path = format!("{USERS}/{id}");
    let writers = (0..WRITERS).map(|number| {
        let verb = if number % 2 == 0 { "PATCH" } else { "PUT" };
        tokio::spawn(count_up(world.clone(), path.clone(), verb))
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let stored = users::get(&world.tenant, &id).await.unwrap().unwrap();
    assert_eq!(stored.body["title"], json!((WRITERS * CHANGES).to_string()), "every success was counted");
    assert_eq!(stored.revision, i64::try_from(1 + WRITERS * CHANGES).unwrap(), "and nothing else was written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_creates_of_the_same_name_wins() {
    let world = unlimited().await;
    let creates = (0..WRITERS).map(|number| {
        let world = world.clone();
        let name = if number % 2 == 0 { "ada@example.com" } else { "ADA@example.com" };
        let user = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name });
        tokio::spawn(async move { world.call("POST", USERS, Some(&user)).await.status.as_u16() })
    });
    let mut statuses = Vec::new();
    for create in creates.collect::<Vec<_>>() {
        statuses.push(create.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!((statuses[0], &statuses[1..]), (201, &[409; WRITERS - 1][..]));
    assert_eq!(users::count(&world.tenant).await.unwrap().0, 1);
}
