//! The tenant as JSON lines: out, in again, and files that are refused.

use crate::support::{GROUPS, USERS, World, world, world_at};
use provost_db::Location;
use provost_db::testing::locations;
use provost_tenant::transfer::{self, BadLine, ImportError, Imported, Progress};
use provost_tenant::{ProfileName, Tenant, users};
use serde_json::{Value, json};
use std::io::Cursor;

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

async fn exported(tenant: &Tenant) -> String {
    let mut out = Vec::new();
    transfer::export(tenant, &mut out, |_| ()).await.unwrap();
    String::from_utf8(out).unwrap()
}

async fn imported(tenant: &Tenant, text: &str) -> Result<Imported, ImportError> {
    transfer::import(tenant, &mut Cursor::new(text.as_bytes()), |_| ()).await
}

/// The bad lines of a file that must be refused.
async fn refused(tenant: &Tenant, text: &str) -> Vec<BadLine> {
    match imported(tenant, text).await {
        Err(ImportError::Refused { bad, .. }) => bad,
        other => panic!("{text:?} was not refused: {other:?}"),
    }
}

fn user_line(id: &str, name: &str) -> Value {
    json!({ "schemas": [USER], "id": id, "userName": name })
}

/// A tenant with users of all shapes, and groups with and without members.
async fn filled(world: &World) {
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(world.make_user(&format!("user{number}@example.com")).await);
        world.clock.advance_micros(1_234_567);
    }
    world
        .patched(&ids[1], json!([{ "op": "replace", "path": "active", "value": false }, { "op": "add", "path": "title", "value": "Zoë \"Z\" \u{1F980}" }]))
        .await;
    world.patched(&ids[2], json!([{ "op": "add", "path": "externalId", "value": "" }])).await;
    for (name, members) in [("All", &ids[..]), ("None", &[]), ("Two", &ids[3..])] {
        let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
        let body = json!({ "schemas": [GROUP], "displayName": name, "members": members });
        assert_eq!(world.call("POST", GROUPS, Some(&body)).await.status, 201);
        world.clock.advance_micros(1);
    }
    assert_eq!(world.call("DELETE", &format!("{USERS}/{}", ids[0]), None).await.status, 204);
}

#[tokio::test]
async fn what_goes_out_comes_in_the_same_on_both_engines() {
    let source = world().await;
    filled(&source).await;
    let text = exported(&source.tenant).await;
    let kinds: Vec<Value> = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["schemas"][0].clone()).collect();
    assert_eq!(kinds, [USER, USER, USER, USER, GROUP, GROUP, GROUP], "users before groups");
    for (engine, location, _guard) in locations() {
        let target = world_at(location, ProfileName::Standard).await;
        let all = Imported { users: 4, groups: 3, unchanged: 0 };
        assert_eq!(imported(&target.tenant, &text).await.unwrap(), all, "{engine}");
        assert_eq!(exported(&target.tenant).await, text, "{engine}");
        let again = Imported { users: 0, groups: 0, unchanged: 7 };
        assert_eq!(imported(&target.tenant, &text).await.unwrap(), again, "{engine}");
        assert_eq!(exported(&target.tenant).await, text, "{engine}: a second import changes nothing");
        assert_eq!(users::count(&target.tenant).await.unwrap(), (4, 3), "{engine}");
        // The API serves what came in: by id, by name, by membership.
        let two: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        let member = two["members"][0]["value"].as_str().unwrap();
        let path = format!("{USERS}/{member}");
        let shown = target.call("GET", &path, None).await.json();
        assert_eq!(shown["id"], member, "{engine}");
        assert_eq!(shown["groups"].as_array().unwrap().len(), 2, "{engine}: {shown}");
        assert_eq!(target.listed("filter=userName%20eq%20%22USER4@example.com%22").await.0, 1, "{engine}");
    }
}

#[tokio::test]
async fn more_than_a_chunk_goes_both_ways_and_progress_counts_lines() {
    let world = world().await;
    let lines: Vec<String> =
        (0..2_345).map(|number| user_line(&format!("id-{number}"), &format!("u{number}")).to_string()).collect();
    let mut text = lines.join("\n") + "\n";
    let members: Vec<Value> = (0..2_345).map(|number| json!({ "value": format!("id-{number}") })).collect();
    text += &json!({ "schemas": [GROUP], "id": "g", "displayName": "Everybody", "members": members }).to_string();
    let mut seen = Vec::new();
    let done = transfer::import(&world.tenant, &mut Cursor::new(text.as_bytes()), |progress| seen.push(progress)).await.unwrap();
    assert_eq!(done, Imported { users: 2_345, groups: 1, unchanged: 0 });
    assert!(seen.contains(&Progress::Checked(2_000)) && seen.last() == Some(&Progress::Stored(2_346, 2_346)), "{seen:?}");
    let out = exported(&world.tenant).await;
    assert_eq!(out.lines().count(), 2_346);
    let group: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    assert_eq!(group["members"].as_array().unwrap().len(), 2_345);
    assert_eq!(group["id"], "g");
    let names: Vec<String> =
        out.lines().take(3).map(|line| serde_json::from_str::<Value>(line).unwrap()["userName"].to_string()).collect();
    assert_eq!(names, ["\"u0\"", "\"u1\"", "\"u2\""], "the file's order is kept");
}

#[tokio::test]
async fn bad_lines_are_told_by_number_and_nothing_is_stored() {
    let world = world().await;
    let held = world.make_user("held@example.com").await;
    let good = user_line("1", "a").to_string();
    let group = |id: &str, name: &str, members: Value| {
        json!({ "schemas": [GROUP], "id": id, "displayName": name, "members": members }).to_string()
    };
    let user = |more: Value| {
        let mut line = user_line("2", "b");
        line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        line.to_string()
    };
    let table: Vec<(String, &[&str])> = vec![
        ("{".to_owned(), &["is not one JSON object", "one line of JSON"]),
        ("[]".to_owned(), &["is not one JSON object"]),
        ("{\"id\":\"2\",\"id\":\"3\"}".to_owned(), &["id"]),
        (json!({ "id": "2", "userName": "b" }).to_string(), &["does not say what it is", USER, GROUP]),
        (json!({ "schemas": [USER, GROUP], "id": "2", "userName": "b" }).to_string(), &["keep the one"]),
        (json!({ "schemas": [USER], "userName": "b" }).to_string(), &["has no id"]),
        (user(json!({ "id": 2 })), &["id that is no text"]),
        (user(json!({ "id": "" })), &["an empty id"]),
        (json!({ "schemas": [USER], "id": "2" }).to_string(), &["userName is required"]),
        (user(json!({ "userName": "x".repeat(513) })), &["userName", "longer than 512"]),
        (user(json!({ "active": "perhaps" })), &["active is true or false", "Mend"]),
        (user(json!({ "shoeSize": 7 })), &["shoeSize"]),
        (user(json!({ "meta": { "created": "yesterday" } })), &["meta.created", "2011-05-13T04:42:34Z"]),
        (user_line("1", "b").to_string(), &["id \"1\"", "line 1"]),
        (user_line("2", "A").to_string(), &["userName \"A\"", "line 1"]),
        (user_line("2", "HELD@example.com").to_string(), &["under another id", "delete that one"]),
        (user_line(&held, "held@example.com").to_string(), &["differs", "only adds"]),
        (group("g", "G", json!([{ "value": "nobody" }])), &["member \"nobody\"", "users before groups"]),
        (group("g", "G", json!("all")), &["members that are no array"]),
        (group("g", "G", json!([{ "display": "x" }])), &["member without a value"]),
        (group("g", "G", json!([{ "value": "1", "type": "Group" }])), &["member \"1\"", "no group", "add that group"]),
        (group("g", "G", json!([{ "value": "1", "type": "Device" }])), &["neither a user nor a group"]),
    ];
    for (line, words) in &table {
        let bad = refused(&world.tenant, &format!("{good}\n\n{line}\n")).await;
        assert_eq!(bad.iter().map(|bad| bad.line).collect::<Vec<_>>(), [3], "{line}: {bad:?}");
        for word in *words {
            assert!(bad[0].reason.contains(word), "{line}: {:?} does not hold {word:?}", bad[0].reason);
        }
        assert_eq!(users::count(&world.tenant).await.unwrap().0, 1, "{line}: nothing was stored");
    }
    let many: String = table.iter().map(|(line, _)| format!("{line}\n")).chain((0..30).map(|_| "?\n".to_owned())).collect();
    match imported(&world.tenant, &many).await {
        Err(ImportError::Refused { bad, count, lines }) => {
            assert_eq!((bad.len(), lines), (transfer::BAD_LINES_LISTED_MAX, table.len() as u64 + 30));
            assert!(count >= 45, "{count}");
            assert!(bad.is_sorted_by_key(|bad| bad.line), "{bad:?}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_group_that_differs_is_refused_and_nothing_is_an_empty_import() {
    let world = world().await;
    let lines = [user_line("1", "a"), user_line("2", "b")].map(|line| line.to_string()).join("\n");
    let group = |members: Value| json!({ "schemas": [GROUP], "id": "g", "displayName": "G", "members": members });
    let text = format!("{lines}\n{}", group(json!([{ "value": "1" }])));
    assert_eq!(imported(&world.tenant, &text).await.unwrap(), Imported { users: 2, groups: 1, unchanged: 0 });
    let other = format!("{lines}\n{}", group(json!([{ "value": "2" }])));
    let bad = refused(&world.tenant, &other).await;
    assert!(bad.len() == 1 && bad[0].line == 3 && bad[0].reason.contains("differs from the group"), "{bad:?}");
    assert_eq!(imported(&world.tenant, "\n \n").await.unwrap(), Imported::default());
}

#[tokio::test]
async fn a_tombstones_id_stays_taken() {
    let world = world_at(Location::Memory, ProfileName::Netskope).await;
    let options = provost_tenant::options::Options {
        delete_effect: provost_tenant::options::DeleteEffect::Soft,
        ..provost_tenant::options::Options::default()
    };
    world.tenant.set_options(&options).await.unwrap();
    let id = world.make_user("a@example.com").await;
    world.call("DELETE", &format!("{USERS}/{id}"), None).await;
    assert_eq!(exported(&world.tenant).await, "");
    let bad = refused(&world.tenant, &user_line(&id, "a@example.com").to_string()).await;
    assert!(bad[0].reason.contains("tombstone"), "{bad:?}");
}

#[tokio::test]
async fn groups_in_groups_go_both_ways_also_when_the_inner_one_comes_later() {
    let world = world_at(Location::Memory, ProfileName::Standard).await;
    let group = |id: &str, members: Value| {
        json!({ "schemas": [GROUP], "id": id, "displayName": "Same name", "members": members }).to_string()
    };
    let member = |id: &str| json!({ "value": id, "type": "Group" });
    let lines = [
        user_line("1", "a").to_string(),
        group("outer", json!([{ "value": "1" }, member("inner")])),
        group("inner", json!([member("innermost")])),
        group("innermost", json!([{ "value": "1" }])),
    ];
    let text = lines.join("\n");
    assert_eq!(imported(&world.tenant, &text).await.unwrap(), Imported { users: 1, groups: 3, unchanged: 0 });
    let out = exported(&world.tenant).await;
    for (out, line) in out.lines().zip(&lines).skip(1) {
        let (out, line): (Value, Value) = (serde_json::from_str(out).unwrap(), serde_json::from_str(line).unwrap());
        assert_eq!((&out["id"], &out["members"]), (&line["id"], &line["members"]));
    }
    assert_eq!(imported(&world.tenant, &out).await.unwrap(), Imported { users: 0, groups: 0, unchanged: 4 });
    assert_eq!(imported(&world.tenant, &text).await.unwrap().unchanged, 4);
    let shown = world.call("GET", &format!("{USERS}/1"), None).await.json();
    assert_eq!(shown["groups"].as_array().unwrap().len(), 3, "{shown}");
}
