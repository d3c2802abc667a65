//! What an operation costs does not follow from how much there is. Times are compared, with room for a busy machine: what is
//! wrong here grows a hundredfold.

use crate::support::{GROUPS, USERS, World, world_at};
use provost_db::Location;
use provost_db::testing::{Guard, locations};
use provost_tenant::{ProfileName, transfer};
use serde_json::{Value, json};
use std::fmt::Write;
use std::time::{Duration, Instant};

const PATCH_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

fn user_line(number: usize) -> String {
    json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": format!("u{number}"),
        "userName": format!("user{number}@example.com"), "displayName": format!("User {number}"),
        "externalId": format!("x{number}"), "active": true,
        "emails": [{ "value": format!("user{number}@example.com"), "primary": true, "type": "work" }] })
    .to_string()
}

fn group_line(name: &str, members: usize) -> String {
    let members: Vec<Value> = (0..members).map(|number| json!({ "value": format!("u{number}") })).collect();
    json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "id": name, "displayName": name, "members": members })
        .to_string()
}

async fn filled(world: &World, users: usize, groups: &[(&str, usize)]) {
    let mut lines = String::new();
    for number in 0..users {
        writeln!(lines, "{}", user_line(number)).unwrap();
    }
    for (name, members) in groups {
        writeln!(lines, "{}", group_line(name, *members)).unwrap();
    }
    let mut source = std::io::Cursor::new(lines.into_bytes());
    transfer::import(&world.tenant, &mut source, |_| ()).await.unwrap();
}

async fn get(world: &World, path: &str) -> Value {
    let answer = world.call("GET", path, None).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    answer.json()
}

/// Among a thousand users and among many.
async fn worlds(engine: &str, location: Location, count: usize) -> ([(World, usize); 2], Guard) {
    let (_, few_at, guard) = locations().into_iter().find(|(name, ..)| *name == engine).unwrap();
    let few = world_at(few_at, ProfileName::Standard).await;
    let many = world_at(location, ProfileName::Standard).await;
    filled(&few, 1_000, &[("Group", 100)]).await;
    filled(&many, count, &[("Group", count)]).await;
    ([(few, 1_000), (many, count)], guard)
}

/// Both in turns, because a machine is busy by times, and for longer where it was: what costs more as such does so in every turn.
async fn compared(what: &str, worlds: &[(World, usize); 2], run: impl AsyncFn(&World, usize)) {
    let mut best = [Duration::MAX; 2];
    let is_flat = |best: &[Duration; 2]| best[1] < best[0] * 3 + Duration::from_millis(3);
    for turn in 0..90 {
        if turn >= 3 && is_flat(&best) {
            break;
        }
        for ((world, count), best) in worlds.iter().zip(&mut best) {
            let start = Instant::now();
            run(world, *count).await;
            *best = start.elapsed().min(*best);
        }
    }
    assert!(is_flat(&best), "{what}: {best:?}");
}

#[tokio::test]
async fn what_an_operation_costs_does_not_follow_from_how_many_there_are() {
    for ((engine, location, _guard), count) in locations().into_iter().zip([20_000, 5_000]) {
        let (worlds, _few_guard) = worlds(engine, location, count).await;
        one_is_changed_a_day_later(&worlds).await;
        for path in [
            "?startIndex=MIDDLE&count=50",
            "?cursor=&count=50",
            "?cursor=&count=50&sortBy=displayName&sortOrder=descending",
            "?filter=userName%20eq%20%22user500@example.com%22",
            "?filter=externalId%20eq%20%22x500%22",
            "?filter=emails.value%20eq%20%22user500@example.com%22",
            "?filter=emails[value%20eq%20%22user500@example.com%22]",
            "?filter=id%20eq%20%22u500%22",
            "?filter=displayName%20eq%20%22user%20500%22",
            "?filter=displayName%20sw%20%22user%20500%22&count=1",
            "?filter=meta.lastModified%20gt%20%22YESTERDAY%22",
            "?filter=meta.lastModified%20gt%20%22YESTERDAY%22&cursor=",
            "?filter=userName%20eq%20%22user500@example.com%22%20and%20active%20eq%20true",
        ] {
            let list = async |world: &World, count: usize| {
                let path = path.replace("MIDDLE", &(count / 2 + 1).to_string()).replace("YESTERDAY", &yesterday(world));
                let path = format!("{USERS}{path}");
                let page = get(world, &path).await;
                assert!(!page["Resources"].as_array().unwrap().is_empty(), "{engine} {path}");
            };
            compared(&format!("{engine}: {path}"), &worlds, list).await;
        }
        for path in ["?filter=members.value%20eq%20%22u50%22", "?filter=members[value%20eq%20%22u50%22]&cursor="] {
            let list = async |world: &World, _: usize| {
                let page = get(world, &format!("{GROUPS}{path}&excludedAttributes=members")).await;
                assert_eq!(page["Resources"][0]["displayName"], "Group", "{engine} {path}");
            };
            compared(&format!("{engine}: {path}"), &worlds, list).await;
        }
        pages_in_the_middle(engine, &worlds).await;
        let [_, (many, _)] = &worlds;
        let page = get(many, &format!("{USERS}?startIndex=4001&count=2")).await;
        let users = page["Resources"].as_array().unwrap().iter();
        let names: Vec<&str> = users.map(|user| user["userName"].as_str().unwrap()).collect();
        assert_eq!(names, ["user4000@example.com", "user4001@example.com"], "{engine}");
        assert_eq!(page["totalResults"], count, "{engine}");
        one_member_comes_and_goes(engine, &worlds).await;
    }
}

async fn one_is_changed_a_day_later(worlds: &[(World, usize); 2]) {
    for (world, _) in worlds {
        world.clock.advance_micros(86_400_000_000);
        let body = json!({ "schemas": [PATCH_SCHEMA], "Operations": [{ "op": "replace", "path": "title", "value": "T" }] });
        assert_eq!(world.call("PATCH", &format!("{USERS}/u500"), Some(&body)).await.status, 200);
    }
}

/// After everything that was imported, before the change of a day later.
fn yesterday(world: &World) -> String {
    jiff::Timestamp::from_microsecond(world.clock.now_micros() - 43_200_000_000).unwrap().to_string()
}

/// A cursor that has come to the middle costs what one at the beginning does, in every order that an index keeps.
async fn pages_in_the_middle(engine: &str, worlds: &[(World, usize); 2]) {
    for order in ["", "&sortBy=displayName", "&sortBy=userName&sortOrder=descending", "&sortBy=meta.created"] {
        let mut middles = Vec::new();
        for (world, count) in worlds {
            let mut cursor = String::new();
            for _ in 0..count / 2 / 200 {
                let page = get(world, &format!("{USERS}?attributes=id&count=200&cursor={cursor}{order}")).await;
                page["nextCursor"].as_str().unwrap().clone_into(&mut cursor);
            }
            middles.push((*count, cursor));
        }
        let list = async |world: &World, count: usize| {
            let (_, cursor) = middles.iter().find(|(of, _)| *of == count).unwrap();
            let page = get(world, &format!("{USERS}?count=50&cursor={cursor}{order}")).await;
            assert_eq!(page["Resources"].as_array().unwrap().len(), 50, "{engine} {order}");
        };
        compared(&format!("{engine}: in the middle{order}"), worlds, list).await;
    }
}

async fn one_member_comes_and_goes(engine: &str, worlds: &[(World, usize); 2]) {
    let patch = |operation: Value| json!({ "schemas": [PATCH_SCHEMA], "Operations": [operation] });
    let add = |id: &str| patch(json!({ "op": "add", "path": "members", "value": [{ "value": id }] }));
    let remove = |id: &str| patch(json!({ "op": "remove", "path": format!("members[value eq \"{id}\"]") }));
    let path = format!("{GROUPS}/Group?excludedAttributes=members");
    for (world, _) in worlds {
        let newcomer = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Newcomer" });
        assert_eq!(world.call("POST", GROUPS, Some(&newcomer)).await.status, 201);
    }
    let change = async |world: &World, _: usize| {
        let found = get(world, &format!("{GROUPS}?filter=displayName%20eq%20%22newcomer%22")).await;
        let id = found["Resources"][0]["id"].as_str().unwrap();
        for body in [add(id), remove(id)] {
            let answer = world.call("PATCH", &path, Some(&body)).await;
            assert_eq!(answer.status, 200, "{engine}: {}", answer.text);
            assert_eq!(answer.json().get("members"), None);
        }
        get(world, &path).await;
    };
    compared(&format!("{engine}: a member"), worlds, change).await;
    // Without a wish for attributes, a large group is not shown.
    for ((world, count), expected) in worlds.iter().zip([200, 204]) {
        let answer = world.call("PATCH", &format!("{GROUPS}/Group"), Some(&remove("u7"))).await;
        assert_eq!((answer.status.as_u16(), answer.header("etag").is_empty()), (expected, false), "{engine}");
        let members = get(world, &format!("{GROUPS}/Group")).await["members"].as_array().unwrap().len();
        assert_eq!(members, (*count).min(if expected == 200 { 100 } else { *count }) - 1, "{engine}");
    }
}
