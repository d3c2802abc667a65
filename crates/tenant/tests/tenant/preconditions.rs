//! Versions and preconditions (RFC 7644 section 3.14).

use crate::support::{Answer, GROUPS, USERS, World, user, world, world_at};
use axum::body::Body;
use axum::http::Request;
use provost_db::Location;
use provost_tenant::ProfileName;
use serde_json::{Value, json};

const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

async fn send(world: &World, method: &str, path: &str, header: (&str, &str), body: Option<&Value>) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "tenant.test")
        .header("authorization", format!("Bearer {}", world.token))
        .header("content-type", "application/scim+json")
        .header(header.0, header.1)
        .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())));
    world.send(request.unwrap()).await
}

fn titled(title: &str) -> Value {
    json!({ "schemas": [PATCH], "Operations": [{ "op": "replace", "path": "title", "value": title }] })
}

#[tokio::test]
async fn the_version_changes_with_the_resource_and_only_then() {
    let world = world_at(Location::Memory, ProfileName::Standard).await;
    let made = world.call("POST", USERS, Some(&user("a@example.com"))).await;
    let path = format!("{USERS}/{}", made.json()["id"].as_str().unwrap());
    let first = made.header("etag").to_owned();
    assert!(first.starts_with("W/\"") && first.ends_with('"'), "{first}");
    assert_eq!(made.json()["meta"]["version"], json!(first));
    let read = world.call("GET", &path, None).await;
    assert_eq!((read.header("etag"), &read.json()["meta"]["version"]), (first.as_str(), &json!(first)));
    let listed = world.call("GET", USERS, None).await.json();
    assert_eq!(listed["Resources"][0]["meta"]["version"], json!(first));

    let changed = world.call("PATCH", &path, Some(&titled("T"))).await;
    let second = changed.header("etag").to_owned();
    assert_ne!(second, first);
    let again = world.call("PATCH", &path, Some(&titled("T"))).await;
    assert_eq!(again.header("etag"), second, "nothing has changed");
    let put = world.call("PUT", &path, Some(&user("a@example.com"))).await;
    assert!(put.status == 200 && put.header("etag") != second, "the title is gone: {}", put.text);
    let config = world.call("GET", "/api/v2/scim/ServiceProviderConfig", None).await.json();
    assert_eq!(config["etag"], json!({ "supported": true }));
}

/// A group's answer can show the names of its members, which change without the group.
#[tokio::test]
async fn the_new_name_of_a_member_is_news_where_it_is_shown() {
    let world = world_at(Location::Memory, ProfileName::Standard).await;
    let id = world.make_user("a@example.com").await;
    let body =
        json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "G", "members": [{ "value": id }] });
    let path = format!("{GROUPS}/{}", world.call("POST", GROUPS, Some(&body)).await.json()["id"].as_str().unwrap());
    for (query, is_news) in [("", false), ("?attributes=members.value", false), ("?attributes=members.display", true)] {
        let target = format!("{path}{query}");
        let tag = world.call("GET", &target, None).await.header("etag").to_owned();
        let again = async || send(&world, "GET", &target, ("if-none-match", &tag), None).await.status.as_u16();
        assert_eq!(again().await, 304, "{query}: nothing has changed");
        let rename = json!({ "schemas": [PATCH], "Operations": [
            { "op": "replace", "path": "userName", "value": format!("b{}@example.com", query.len()) }] });
        assert_eq!(world.call("PATCH", &format!("{USERS}/{id}"), Some(&rename)).await.status, 200);
        assert_eq!(again().await, if is_news { 200 } else { 304 }, "{query}");
        // The group itself is the same, so that a change by this tag is none of something else.
        assert_eq!(
            send(
                &world,
                "PATCH",
                &path,
                ("if-match", &tag),
                Some(&json!({ "schemas": [PATCH], "Operations": [
            { "op": "replace", "path": "displayName", "value": format!("G{query}") }] }))
            )
            .await
            .status,
            200,
            "{query}"
        );
    }
}

#[tokio::test]
async fn preconditions_are_obeyed_on_users_and_groups() {
    let world = world_at(Location::Memory, ProfileName::Standard).await;
    let group = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "G" });
    let renamed = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "H" });
    for (endpoint, new, attribute, replacement) in
        [(USERS, user("a@example.com"), "title", user("b@example.com")), (GROUPS, group, "displayName", renamed)]
    {
        let made = world.call("POST", endpoint, Some(&new)).await;
        let path = format!("{endpoint}/{}", made.json()["id"].as_str().unwrap());
        let old = made.header("etag").to_owned();
        let patch = json!({ "schemas": [PATCH], "Operations": [{ "op": "replace", "path": attribute, "value": "X" }] });
        let now = world.call("PATCH", &path, Some(&patch)).await.header("etag").to_owned();
        assert_ne!(old, now);
        let strong = now.trim_start_matches("W/").to_owned();
        let both = format!("{old}, {now}");
        for (method, header, tag, expected) in [
            ("GET", "if-none-match", now.as_str(), 304),
            ("GET", "if-none-match", "*", 304),
            ("GET", "if-none-match", strong.as_str(), 304),
            ("GET", "if-none-match", old.as_str(), 200),
            ("PATCH", "if-match", old.as_str(), 412),
            ("PUT", "if-match", old.as_str(), 412),
            ("PUT", "if-match", "nonsense", 412),
            ("DELETE", "if-match", old.as_str(), 412),
            ("DELETE", "if-none-match", now.as_str(), 412),
            ("DELETE", "if-none-match", "*", 412),
            ("PATCH", "if-match", both.as_str(), 200),
            ("PATCH", "if-match", "*", 200),
            ("PUT", "if-match", strong.as_str(), 200),
        ] {
            let body = match method {
                "PATCH" => Some(&patch),
                "PUT" => Some(&replacement),
                _ => None,
            };
            let answer = send(&world, method, &path, (header, tag), body).await;
            assert_eq!(answer.status, expected, "{method} {path} {header}: {tag} {}", answer.text);
            match expected {
                304 => assert_eq!((answer.text.as_str(), answer.header("etag")), ("", now.as_str())),
                412 => {
                    assert_eq!((&answer.json()["status"], answer.json().get("scimType")), (&json!("412"), None));
                    assert!(answer.json()["detail"].as_str().unwrap().contains(&now));
                }
                _ => {}
            }
        }
        let last = world.call("GET", &path, None).await.header("etag").to_owned();
        assert_ne!(last, now, "the PUT was carried out");
        assert_eq!(send(&world, "DELETE", &path, ("if-match", &last), None).await.status, 204);
        assert_eq!(send(&world, "DELETE", &path, ("if-match", &last), None).await.status, 404);
    }
}

#[tokio::test]
async fn a_change_of_members_is_a_change_of_the_group_and_of_what_its_members_show() {
    let world = world_at(Location::Memory, ProfileName::Standard).await;
    let id = world.make_user("a@example.com").await;
    let user_path = format!("{USERS}/{id}");
    let before = world.call("GET", &user_path, None).await.header("etag").to_owned();
    let group = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "G" });
    let made = world.call("POST", GROUPS, Some(&group)).await;
    let path = format!("{GROUPS}/{}", made.json()["id"].as_str().unwrap());
    let body = json!({ "schemas": [PATCH], "Operations": [{ "op": "add", "path": "members", "value": [{ "value": id }] }] });
    let changed = send(&world, "PATCH", &path, ("if-match", made.header("etag")), Some(&body)).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_ne!(changed.header("etag"), made.header("etag"));
    let read = send(&world, "GET", &user_path, ("if-none-match", &before), None).await;
    assert_eq!(read.status, 200, "the user shows a group that it did not show before");
    assert_eq!(read.json()["groups"][0]["display"], json!("G"));
}

#[tokio::test]
async fn an_operation_of_a_bulk_request_has_its_own_version() {
    let world = world_at(Location::Memory, ProfileName::Standard).await;
    let made = world.call("POST", USERS, Some(&user("a@example.com"))).await;
    let (id, version) = (made.json()["id"].as_str().unwrap().to_owned(), made.header("etag").to_owned());
    let change = |title: &str, version: &str| json!({ "method": "PATCH", "path": format!("/Users/{id}"), "version": version, "data": titled(title) });
    let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [change("first", &version), change("second", &version)] });
    // The header is about the bulk request, not about what is in it.
    let answer = send(&world, "POST", "/api/v2/scim/Bulk", ("if-match", "W/\"7\""), Some(&body)).await.json();
    let results = answer["Operations"].as_array().unwrap();
    assert_eq!((&results[0]["status"], &results[1]["status"]), (&json!("200"), &json!("412")));
    let stored = world.call("GET", &format!("{USERS}/{id}"), None).await;
    assert_eq!((&stored.json()["title"], stored.header("etag")), (&json!("first"), results[0]["version"].as_str().unwrap()));
}

#[tokio::test]
async fn the_netskope_profile_knows_no_versions() {
    let world = world().await;
    let made = world.call("POST", USERS, Some(&user("a@example.com"))).await;
    assert_eq!((made.header("etag"), made.json()["meta"].get("version")), ("", None));
    let path = format!("{USERS}/{}", made.json()["id"].as_str().unwrap());
    assert_eq!(send(&world, "GET", &path, ("if-none-match", "*"), None).await.status, 200);
    assert_eq!(send(&world, "PATCH", &path, ("if-match", "W/\"9\""), Some(&titled("T"))).await.status, 204);
    let config = world.call("GET", "/api/v2/scim/ServiceProviderConfig", None).await.json();
    assert_eq!(config["etag"], json!({ "supported": false }));
}
