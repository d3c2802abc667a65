//! Users, groups, org units and domains.

use crate::support::world;
use serde_json::json;

#[tokio::test]
async fn a_user_is_added_edited_suspended_archived_deleted_and_restored() {
    let world = world().await;
    world.user("ada").await;
    let user = world.get("/users/ada@example.com").await.expect(200);
    assert_eq!(user.headers["etag"], "\"1\"");
    let body = user.json();
    assert_eq!((body["full_name"].as_str(), body["org_unit"].as_str()), (Some("ada Example"), Some("/")));
    assert!(body["id"].is_string());
    assert!(body["created_at"].as_str().unwrap().ends_with('Z'));

    let set = json!({ "set": { "title": "CTO", "phones.work": "+49 30 1" }, "family_name": "Lovelace" });
    let edited = world.call("PATCH", "/users/ada@example.com", set).await.expect(200).json();
    assert_eq!(edited["attributes"]["organizations"][0]["title"], "CTO");
    assert_eq!(edited["attributes"]["phones"][0]["value"], "+49 30 1");
    assert_eq!(edited["family_name"], "Lovelace");
    let again = json!({ "set": { "given_name": "Ada", "user.phones.work": null } });
    let edited = world.call("PATCH", "/users/ada@example.com", again).await.expect(200).json();
    assert_eq!((edited["given_name"].as_str(), &edited["attributes"]["phones"]), (Some("Ada"), &json!(null)));
    assert_eq!(edited["attributes"]["organizations"][0]["title"], "CTO");

    let state = async |verb: &str, body| world.call("POST", &format!("/users/ada@example.com/{verb}"), body).await;
    let suspended = state("suspend", json!({ "reason": "leave" })).await.expect(200).json();
    assert_eq!((suspended["state"].as_str(), suspended["suspension_reason"].as_str()), (Some("suspended"), Some("leave")));
    state("suspend", json!({})).await.expect(409);
    assert_eq!(state("unsuspend", json!({})).await.expect(200).json()["state"], "active");
    assert_eq!(state("archive", json!({})).await.expect(200).json()["state"], "archived");
    assert_eq!(state("unarchive", json!({})).await.expect(200).json()["state"], "active");
    world.call("DELETE", "/users/ada@example.com", json!({})).await.expect(200);
    assert_eq!(world.get("/users").await.json()["items"], json!([]));
    assert_eq!(world.get("/users?state=deleted").await.json()["items"][0]["state"], "deleted");
    assert_eq!(state("restore", json!({})).await.expect(200).json()["state"], "active");
}

#[tokio::test]
async fn an_edit_on_stale_data_is_refused() {
    let world = world().await;
    world.user("ada").await;
    let edit = |name: &str| json!({ "given_name": name });
    let path = "/users/ada@example.com";
    world.with_header("PATCH", path, ("if-match", "\"1\""), edit("A")).await.expect(200);
    let stale = world.with_header("PATCH", path, ("if-match", "\"1\""), edit("B")).await.expect(412);
    assert!(stale.detail().contains("changed meanwhile by API key all"), "{}", stale.text);
    world.with_header("PATCH", path, ("if-match", "\"2\""), edit("B")).await.expect(200);
    world.with_header("PATCH", path, ("if-match", "*"), edit("C")).await.expect(200);
}

#[tokio::test]
async fn lists_are_paged_and_filtered() {
    let world = world().await;
    for name in ["ada", "bob", "cyd"] {
        world.user(name).await;
    }
    let first = world.get("/users?limit=2").await.expect(200).json();
    assert_eq!(first["items"].as_array().unwrap().len(), 2);
    let next = first["next"].as_str().unwrap().replace('@', "%40").replace('/', "%2F");
    let second = world.get(&format!("/users?limit=2&after={next}")).await.json();
    assert_eq!((second["items"][0]["primary_email"].as_str(), &second["next"]), (Some("cyd@example.com"), &json!(null)));
    assert_eq!(world.get("/users?text=bo").await.json()["items"].as_array().unwrap().len(), 1);
    world.get("/users?org_unit=/Nowhere").await.expect(404);
    world.get("/users?state=odd").await.expect(400);
    let limit = world.get("/users?limit=abc").await.expect(400).json();
    assert_eq!(limit["detail"], "the parameters cannot be read: limit: invalid digit found in string");
}

#[tokio::test]
async fn groups_have_members_that_are_users_groups_and_outsiders() {
    let world = world().await;
    world.user("ada").await;
    for group in ["eng", "all"] {
        world.call("POST", "/groups", json!({ "email": format!("{group}@example.com") })).await.expect(201);
    }
    for member in ["ada@example.com", "eng@example.com", "guest@elsewhere.example"] {
        world.call("POST", "/groups/all@example.com/members", json!({ "member": member })).await.expect(200);
    }
    let members = world.get("/groups/all@example.com/members").await.expect(200).json();
    let kinds: Vec<&str> = members["items"].as_array().unwrap().iter().map(|member| member["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["user", "group", "outside"]);
    assert_eq!(world.get("/groups/all@example.com").await.json()["members"], 3);
    let odd = json!({ "member": "ada@example.com", "role": "BOSS" });
    world.call("POST", "/groups/eng@example.com/members", odd).await.expect(422);
    let cycle = json!({ "member": "all@example.com" });
    world.call("POST", "/groups/eng@example.com/members", cycle).await.expect(422);
    world.call("DELETE", "/groups/all@example.com/members/ada@example.com", json!({})).await.expect(204);
    let user_groups = world.get("/users/ada@example.com/groups").await.json();
    assert_eq!(user_groups["items"], json!([]));
    world.call("PATCH", "/groups/eng@example.com", json!({ "name": "Engineering" })).await.expect(200);
    world.call("DELETE", "/groups/eng@example.com", json!({})).await.expect(204);
    world.get("/groups/eng@example.com").await.expect(404);
}

#[tokio::test]
async fn org_units_and_domains_are_added_changed_and_removed() {
    let world = world().await;
    world.user("ada").await;
    let unit = world.call("POST", "/org-units", json!({ "parent": "/", "name": "Sales" })).await.expect(201).json();
    let id = unit["id"].as_str().unwrap();
    let renamed = world.call("PATCH", &format!("/org-units/{id}"), json!({ "name": "Trade" })).await.expect(200).json();
    assert_eq!(renamed["path"], "/Trade");
    world.call("POST", "/org-units", json!({ "parent": "/Trade", "name": "EMEA" })).await.expect(201);
    world.call("DELETE", "/org-units?path=/Trade", json!({})).await.expect(422);
    let moved = world.call("PATCH", "/org-units?path=/Trade/EMEA", json!({ "parent": "/" })).await.expect(200).json();
    assert_eq!(moved["path"], "/EMEA");
    world.call("DELETE", &format!("/org-units/{id}"), json!({})).await.expect(204);
    let units = world.get("/org-units").await.json();
    assert_eq!((units["items"][0]["path"].as_str(), units["items"][0]["users"].as_u64()), (Some("/"), Some(1)));

    world.call("POST", "/domains", json!({ "name": "b.example", "kind": "secondary" })).await.expect(201);
    assert_eq!(world.get("/domains").await.json()["items"][0]["kind"], "primary");
    world.call("PATCH", "/domains/b.example", json!({ "kind": "alias" })).await.expect(200);
    world.call("DELETE", "/domains/example.com", json!({})).await.expect(422);
    world.call("DELETE", "/domains/b.example", json!({})).await.expect(204);
    world.call("DELETE", "/domains/b.example", json!({})).await.expect(404);
}

#[tokio::test]
async fn the_log_is_filtered_and_its_file_holds_what_all_pages_hold() {
    let world = world().await;
    for number in 0..3 {
        world.user(&format!("user{number}")).await;
    }
    let page = world.get("/log?name=CREATE_USER&limit=2").await.expect(200).json();
    assert_eq!((page["items"].as_array().unwrap().len(), page["next"].is_string()), (2, true));
    let file = world.with_header("GET", "/log?name=CREATE_USER&limit=2", ("accept", "text/csv"), json!({})).await.expect(200);
    assert!(file.headers["content-disposition"].to_str().unwrap().contains("admin-log-events.csv"));
    let lines: Vec<&str> = file.text.trim_start_matches('\u{feff}').lines().collect();
    assert_eq!((lines[0], lines.len()), ("Time,Event,Name,User,User ID,By,Detail", 4), "{lines:?}");
    for (line, name) in lines[1..].iter().zip(["user2", "user1", "user0"]) {
        assert!(
            line.contains(&format!(",User added,CREATE_USER,{name}@example.com,")) && line.contains(",API key all,"),
            "{line}"
        );
    }
    let none = world.with_header("GET", "/log?to=2000-01-01", ("accept", "text/csv"), json!({})).await.expect(200).text;
    assert_eq!(none.lines().count(), 1, "{none}");
}
