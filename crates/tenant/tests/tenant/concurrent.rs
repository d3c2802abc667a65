//! Many clients at once.

use crate::support::{USERS, World, world_at};
use axum::body::Body;
use axum::http::Request;
use provost_db::Location;
use provost_db::testing::{Guard, locations};
use provost_tenant::options::Options;
use provost_tenant::{ProfileName, Tenant, users};
use serde_json::{Value, json};

const WRITERS: usize = 32;
const WRITERS_AT_NODES: usize = 8;
const CHANGES_AT_NODES: usize = 3;

/// Every place where a tenant can be: in memory, in a file, on a server. With how many changes each writer makes there: all but one
/// of those who are at it begin again, and where changes are kept that takes its time.
fn everywhere() -> Vec<(&'static str, usize, Location, Option<Guard>)> {
    let kept = locations().into_iter().map(|(engine, location, guard)| (engine, 2, location, Some(guard)));
    std::iter::once(("memory", 5, Location::Memory, None)).chain(kept).collect()
}

/// A tenant that lets as many requests through as come.
async fn unlimited(location: Location) -> World {
    let world = world_at(location, ProfileName::Standard).await;
    world.tenant.set_options(&Options { requests_per_second: 0, ..Options::default() }).await.unwrap();
    world
}

/// Reads the user, counts its title up on that version, and begins again when somebody else was faster.
async fn count_up(world: World, path: String, verb: &'static str, changes: usize) {
    for _ in 0..changes {
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
    for (engine, changes, location, _guard) in everywhere() {
        let world = unlimited(location).await;
        let user = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "counted", "title": "0" });
        let made = world.call("POST", USERS, Some(&user)).await;
        let id = made.json()["id"].as_str().unwrap().to_owned();
        let path = format!("{USERS}/{id}");
        let writers = (0..WRITERS).map(|number| {
            let verb = if number % 2 == 0 { "PATCH" } else { "PUT" };
            tokio::spawn(count_up(world.clone(), path.clone(), verb, changes))
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
        let stored = users::get(&world.tenant, &id).await.unwrap().unwrap();
        assert_eq!(stored.body["title"], json!((WRITERS * changes).to_string()), "{engine}: every success was counted");
        assert_eq!(stored.revision, i64::try_from(1 + WRITERS * changes).unwrap(), "{engine}: and nothing else was written");
    }
}

/// The locks of one process do not reach another one: there the version in the row decides.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_at_two_nodes_lose_no_update() {
    for (engine, location, _guard) in locations() {
        let world = unlimited(location.clone()).await;
        let other = Tenant::open(location, world.clock.clone(), ProfileName::Standard).await.unwrap();
        let nodes = [world.clone(), world.on(&other)];
        let user = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "counted", "title": "0" });
        let id = world.call("POST", USERS, Some(&user)).await.json()["id"].as_str().unwrap().to_owned();
        let path = format!("{USERS}/{id}");
        let writers = (0..WRITERS_AT_NODES).map(|number| {
            let verb = if number < WRITERS_AT_NODES / 2 { "PATCH" } else { "PUT" };
            tokio::spawn(count_up(nodes[number % 2].clone(), path.clone(), verb, CHANGES_AT_NODES))
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
        let stored = users::get(&other, &id).await.unwrap().unwrap();
        assert_eq!(stored.body["title"], json!((WRITERS_AT_NODES * CHANGES_AT_NODES).to_string()), "{engine}");
        assert_eq!(stored.revision, i64::try_from(1 + WRITERS_AT_NODES * CHANGES_AT_NODES).unwrap(), "{engine}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_creates_of_the_same_name_wins() {
    for (engine, _, location, _guard) in everywhere() {
        let world = unlimited(location).await;
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
        assert_eq!((statuses[0], &statuses[1..]), (201, &[409; WRITERS - 1][..]), "{engine}");
        assert_eq!(users::count(&world.tenant).await.unwrap().0, 1, "{engine}");
    }
}
