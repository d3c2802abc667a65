//! SCIM groups in the netskope profile.

use crate::support::{GROUPS, USERS, World, world};
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
