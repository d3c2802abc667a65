//! SCIM groups: in every shape of the netskope profile, nested in the standard one, and members one by one.

use crate::support::{GROUPS, USERS, World, world, world_at};
use provost_db::Location;
use provost_db::testing::locations;
use provost_tenant::{ProfileName, Tenant, transfer};
use serde_json::{Value, json};

async fn patch(world: &World, id: &str, operations: Value) -> u16 {
    let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations });
    world.call("PATCH", &format!("{GROUPS}/{id}"), Some(&body)).await.status.as_u16()
}

async fn members(world: &World, id: &str) -> Vec<String> {
    let group = world.call("GET", &format!("{GROUPS}/{id}?attributes=members"), None).await.json();
    let items = group["members"].as_array().cloned().unwrap_or_default();
    items.iter().map(|member| member["value"].as_str().unwrap().to_owned()).collect()
}

fn group(name: &str, ids: &[&String]) -> Value {
    let members: Vec<Value> = ids.iter().map(|id| json!({ "value": id })).collect();
    json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": name, "members": members, "externalId": null,
        "meta": { "resourceType": "Group" } })
}

#[tokio::test]
async fn groups_are_made_changed_in_every_shape_and_removed() {
    let world = world().await;
    let a = world.make_user("a@example.com").await;
    let b = world.make_user("b@example.com").await;
    let c = world.make_user("c@example.com").await;
    let made = world.call("POST", GROUPS, Some(&group("Engineers", &[&a, &a]))).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.json().get("members"), None, "only on request");
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(members(&world, &id).await, std::slice::from_ref(&a));

    assert_eq!(patch(&world, &id, json!([{ "op": "add", "path": "members", "value": [{ "value": b }] }])).await, 204);
    assert_eq!(patch(&world, &id, json!([{ "op": "Add", "path": "members", "value": { "value": { "value": c } } }])).await, 204);
    assert_eq!(members(&world, &id).await, [a.clone(), b.clone(), c.clone()]);
    assert_eq!(patch(&world, &id, json!([{ "op": "remove", "path": format!("members[value eq \"{b}\"]") }])).await, 204);
    assert_eq!(patch(&world, &id, json!([{ "op": "Remove", "path": "members", "value": [{ "value": c }] }])).await, 204);
    assert_eq!(members(&world, &id).await, std::slice::from_ref(&a));
    assert_eq!(patch(&world, &id, json!([{ "op": "replace", "path": "displayname", "value": "Makers" }])).await, 204);
    assert_eq!(patch(&world, &id, json!([{ "op": "add", "path": "members", "value": [{ "value": "nobody" }] }])).await, 400);

    let found = world.call("GET", &format!("{GROUPS}?filter=displayName%20eq%20%22makers%22"), None).await.json();
    assert_eq!((&found["totalResults"], &found["Resources"][0]["displayName"]), (&json!(1), &json!("Makers")));
    assert_eq!(world.call("POST", GROUPS, Some(&group("MAKERS", &[]))).await.status, 409);

    assert_eq!(world.call("PUT", &format!("{GROUPS}/{id}"), Some(&group("Makers", &[&b]))).await.status, 200);
    assert_eq!(members(&world, &id).await, std::slice::from_ref(&b));
    assert_eq!(world.call("DELETE", &format!("{USERS}/{b}"), None).await.status, 204);
    assert_eq!(members(&world, &id).await, Vec::<String>::new(), "a removed user is in no group");
    assert_eq!(world.call("DELETE", &format!("{GROUPS}/{id}"), None).await.status, 204);
    assert_eq!(world.call("GET", &format!("{GROUPS}/{id}"), None).await.status, 404);
    let user = world.call("GET", &format!("{USERS}/{a}"), None).await.json();
    assert_eq!((user["userName"].as_str(), user.get("groups")), (Some("a@example.com"), None));
}

#[tokio::test]
async fn many_members_travel_in_one_request() {
    let world = world().await;
    let mut ids = Vec::new();
    for number in 0..1_000 {
        ids.push(world.make_user(&format!("m{number}@example.com")).await);
    }
    let all: Vec<&String> = ids.iter().collect();
    let id = world.call("POST", GROUPS, Some(&group("All", &all))).await.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(members(&world, &id).await, ids);
    let gone: Vec<Value> = ids[..900].iter().map(|id| json!({ "value": id })).collect();
    assert_eq!(patch(&world, &id, json!([{ "op": "remove", "path": "members", "value": gone }])).await, 204);
    assert_eq!(members(&world, &id).await, ids[900..]);
}

async fn standard() -> World {
    world_at(Location::Memory, ProfileName::Standard).await
}

/// RFC 7643 section 4.2: a member is known by its `value`.
#[tokio::test]
async fn a_member_without_an_id_is_refused() {
    let world = standard().await;
    let user = world.make_user("a@example.com").await;
    let id = made(&world, "G", &[&user]).await;
    for member in [json!({ "$ref": format!("{USERS}/{user}") }), json!({ "type": "User" })] {
        let mut new = group("H", &[&user]);
        new["members"].as_array_mut().unwrap().push(member.clone());
        for (method, path) in [("POST", GROUPS.to_owned()), ("PUT", format!("{GROUPS}/{id}"))] {
            let answer = world.call(method, &path, Some(&new)).await;
            let refusal = answer.json();
            assert_eq!((answer.status.as_u16(), &refusal["scimType"]), (400, &json!("invalidValue")), "{method} {member}");
            assert!(refusal["detail"].as_str().unwrap().contains("members"), "{refusal}");
        }
        for operation in [
            json!({ "op": "add", "path": "members", "value": [member] }),
            json!({ "op": "replace", "path": "members", "value": [{ "value": user }, member] }),
            json!({ "op": "add", "value": { "displayName": "H", "members": [member] } }),
        ] {
            assert_eq!(patch(&world, &id, json!([operation])).await, 400, "{operation}");
        }
    }
    assert_eq!(members(&world, &id).await, [user]);
}

/// RFC 7643 section 8.7.1: what a member is stays, whichever way a PATCH says otherwise.
#[tokio::test]
async fn the_type_of_a_member_is_not_changed() {
    let world = standard().await;
    let user = world.make_user("a@example.com").await;
    let id = made(&world, "G", &[&user]).await;
    let typed = |kind: &str| json!({ "op": "add", "path": "members", "value": [{ "value": user, "type": kind }] });
    let whole = json!({ "op": "replace", "path": "members[display eq \"nobody\"].type", "value": "User" });
    assert_eq!(patch(&world, &id, json!([typed("User")])).await, 200);
    assert_eq!(patch(&world, &id, json!([typed("Group")])).await, 400);
    assert_eq!(patch(&world, &id, json!([typed("Group"), whole])).await, 400);
    assert_eq!(members(&world, &id).await, [user]);
}

fn group_line(id: &str, name: &str) -> Value {
    json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "id": id, "displayName": name })
}

/// Two that had one name before names were held to be unique can be edited, as long as neither takes the name anew.
#[tokio::test]
async fn groups_that_share_a_name_can_be_edited() {
    let world = world().await;
    let line = |id: &str| group_line(id, "Twins");
    let lines = format!("{}\n{}\n", line("one"), line("two"));
    transfer::import(&world.tenant, &mut std::io::Cursor::new(lines.as_bytes()), |_| ()).await.unwrap();
    for id in ["one", "two"] {
        assert_eq!(patch(&world, id, json!([{ "op": "replace", "path": "externalId", "value": id }])).await, 204, "{id}");
        assert_eq!(patch(&world, id, json!([{ "op": "replace", "path": "displayName", "value": "TWINS" }])).await, 204, "{id}");
    }
    assert_eq!(patch(&world, "two", json!([{ "op": "replace", "path": "displayName", "value": "Other" }])).await, 204);
    assert_eq!(patch(&world, "two", json!([{ "op": "replace", "path": "displayName", "value": "Twins" }])).await, 409);
}

async fn made(world: &World, name: &str, ids: &[&String]) -> String {
    let answer = world.call("POST", GROUPS, Some(&group(name, ids))).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["id"].as_str().unwrap().to_owned()
}

/// The group with the names of its members.
async fn named(world: &World, id: &str) -> Value {
    let path = format!("{GROUPS}/{id}?attributes=members.value,members.type,members.display");
    world.call("GET", &path, None).await.json()
}

/// Value, type and display of what lies in an attribute.
fn items(resource: &Value, attribute: &str) -> Vec<(String, String, String)> {
    let text = |item: &Value, name: &str| item[name].as_str().unwrap().to_owned();
    let items = resource[attribute].as_array().cloned().unwrap_or_default();
    items.iter().map(|item| (text(item, "value"), text(item, "type"), text(item, "display"))).collect()
}

#[tokio::test]
async fn groups_are_members_of_groups_and_users_show_both_kinds_of_groups() {
    let world = standard().await;
    let user = world.make_user("a@example.com").await;
    let inner = made(&world, "Inner", &[&user]).await;
    let outer = made(&world, "Outer", &[&inner]).await;
    // RFC 7644 section 3.7.1: groups may hold each other.
    assert_eq!(patch(&world, &inner, json!([{ "op": "add", "path": "members", "value": [{ "value": outer }] }])).await, 200);
    let group = world.call("GET", &format!("{GROUPS}/{outer}"), None).await.json();
    assert_eq!(group["members"][0].get("display"), None, "on request");
    assert_eq!(items(&named(&world, &outer).await, "members"), [(inner.clone(), "Group".to_owned(), "Inner".to_owned())]);
    assert_eq!(group["members"][0]["$ref"], format!("http://tenant.test{GROUPS}/{inner}"));
    let shown = world.call("GET", &format!("{USERS}/{user}"), None).await.json();
    let (direct, indirect) = (("Inner", "direct"), ("Outer", "indirect"));
    let expected =
        [(&inner, direct), (&outer, indirect)].map(|(id, (name, kind))| (id.clone(), kind.to_owned(), name.to_owned()));
    assert_eq!(items(&shown, "groups"), expected);
    assert_eq!(shown["groups"][0]["$ref"], format!("http://tenant.test{GROUPS}/{inner}"));
    for id in [&inner, &outer] {
        assert_eq!(world.listed(&format!("filter=groups.value%20eq%20%22{id}%22")).await.0, 1);
    }
    let before = world.call("GET", &format!("{GROUPS}/{inner}"), None).await.json();
    world.clock.advance_micros(5_000);
    assert_eq!(world.call("DELETE", &format!("{GROUPS}/{outer}"), None).await.status, 204);
    let after = world.call("GET", &format!("{GROUPS}/{inner}"), None).await.json();
    assert_eq!(items(&named(&world, &inner).await, "members"), [(user.clone(), "User".to_owned(), "a@example.com".to_owned())]);
    assert_ne!(
        (&after["meta"]["version"], &after["meta"]["lastModified"]),
        (&before["meta"]["version"], &before["meta"]["lastModified"])
    );
    assert_eq!(world.call("DELETE", &format!("{USERS}/{user}"), None).await.status, 204);
    let after = world.call("GET", &format!("{GROUPS}/{inner}"), None).await.json();
    assert_eq!(after.get("members"), None, "{after}");
}

#[tokio::test]
async fn groups_share_names_only_where_the_profile_lets_them() {
    let world = standard().await;
    made(&world, "Same", &[]).await;
    made(&world, "same", &[]).await;
    let world = crate::support::world().await;
    made(&world, "Same", &[]).await;
    let other = made(&world, "Other", &[]).await;
    assert_eq!(world.call("POST", GROUPS, Some(&group("same", &[]))).await.status, 409);
    assert_eq!(patch(&world, &other, json!([{ "op": "replace", "path": "displayName", "value": "SAME" }])).await, 409);
    assert_eq!(patch(&world, &other, json!([{ "op": "replace", "path": "displayName", "value": "OTHER" }])).await, 204);
    let inner = json!([{ "op": "add", "path": "members", "value": [{ "value": other }] }]);
    assert_eq!(patch(&world, &other, inner).await, 400, "groups do not nest in this profile");
}

#[tokio::test]
async fn members_by_name_change_as_all_members_do() {
    let world = standard().await;
    let mut users = Vec::new();
    for number in 0..6 {
        users.push(world.make_user(&format!("u{number}@example.com")).await);
    }
    let all: Vec<&String> = users.iter().collect();
    // The second operation of each pair makes the first go the general way.
    let title = json!({ "op": "replace", "path": "displayName", "value": "N" });
    let add = |ids: &[&String]| json!({ "op": "add", "path": "members", "value": ids.iter().map(|id| json!({ "value": id })).collect::<Vec<_>>() });
    let remove = |id: &String| json!({ "op": "remove", "path": format!("members[value eq \"{id}\"]") });
    let nobody = "nobody".to_owned();
    let rounds = [
        (vec![add(&all[2..5])], 200),
        (vec![add(&all[0..3]), remove(all[0])], 200),
        (vec![remove(all[0]), add(&all[0..1])], 200),
        (vec![remove(all[5])], 400),
        (vec![remove(&nobody)], 400),
        (vec![add(&all[5..]), add(&[&nobody])], 400),
        (vec![add(&all[5..]), remove(all[5])], 200),
        (vec![remove(all[1]), remove(all[1])], 400),
        (vec![json!({ "op": "remove", "path": format!("members[value eq \"{}\" or value eq \"{}\"]", all[0], all[3]) })], 200),
        (vec![json!({ "op": "remove", "path": "members", "value": [{ "value": all[1] }, { "value": nobody }] })], 200),
        (vec![json!({ "op": "add", "value": { "members": [{ "value": all[4], "type": "User" }] } })], 200),
    ];
    for (operations, expected) in rounds {
        let (one, two) = (made(&world, "N", &all[0..2]).await, made(&world, "N", &all[0..2]).await);
        let general: Vec<Value> = operations.iter().cloned().chain([title.clone()]).collect();
        assert_eq!(patch(&world, &one, json!(operations)).await, expected, "{operations:?}");
        assert_eq!(patch(&world, &two, json!(general)).await, expected, "{general:?}");
        assert_eq!(members(&world, &one).await, members(&world, &two).await, "{operations:?}");
    }
}

/// A name that was given up where names are free can be taken where they are not.
#[tokio::test]
async fn a_name_is_free_when_its_group_has_another_in_whatever_profile() {
    for (engine, location, _guard) in locations() {
        let unique = world_at(location.clone(), ProfileName::Netskope).await;
        let free = unique.on(&Tenant::open(location, unique.clock.clone(), ProfileName::Standard).await.unwrap());
        let id = made(&unique, "Old", &[]).await;
        assert_eq!(unique.call("POST", GROUPS, Some(&group("old", &[]))).await.status, 409, "{engine}");
        assert_eq!(patch(&free, &id, json!([{ "op": "replace", "path": "displayName", "value": "New" }])).await, 200);
        assert_eq!(unique.call("POST", GROUPS, Some(&group("Old", &[]))).await.status, 201, "{engine}");
    }
}

/// Two nodes on one database look for the name at the same moment; only one may take it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_nodes_one_takes_a_name() {
    for (engine, location, _guard) in locations() {
        let first = world_at(location.clone(), ProfileName::Netskope).await;
        let second = Tenant::open(location, first.clock.clone(), ProfileName::Netskope).await.unwrap();
        let second = first.on(&second);
        for round in 0..20 {
            let body = group(&format!("Round {round}"), &[]);
            let (a, b) = (first.clone(), second.clone());
            let (to_a, to_b) = (body.clone(), body);
            let a = tokio::spawn(async move { a.call("POST", GROUPS, Some(&to_a)).await.status.as_u16() });
            let b = tokio::spawn(async move { b.call("POST", GROUPS, Some(&to_b)).await.status.as_u16() });
            let mut statuses = [a.await.unwrap(), b.await.unwrap()];
            statuses.sort_unstable();
            assert_eq!(statuses, [201, 409], "{engine}: round {round}");
        }
    }
}
