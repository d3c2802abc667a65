//! SCIM users in the netskope profile: every operation, the known deviations, the options.

use crate::support::{GROUPS, USERS, user, world, world_at};
use provost_db::Location;
use provost_tenant::ProfileName;
use provost_tenant::options::{DeleteEffect, Options, PatchAnswer, RenameEffect, SuspendEffect};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const PATCH_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

#[tokio::test]
async fn a_user_is_made_read_replaced_and_removed() {
    let world = world().await;
    let made = world.call("POST", USERS, Some(&user("Ada@Example.com"))).await;
    assert_eq!((made.status.as_u16(), made.header("content-type")), (201, "application/scim+json;charset=utf-8"));
    let body = made.json();
    let id = body["id"].as_str().unwrap();
    assert_eq!(made.header("location"), format!("http://tenant.test{USERS}/{id}"));
    assert_eq!(body["meta"]["location"], made.header("location"));
    assert_eq!(body["emails"], json!([{ "value": "Ada@Example.com", "primary": true, "type": "work" }]));
    assert_eq!(body["name"], json!({ "familyName": "Byron", "givenName": "Ada" }));
    let one = format!("{USERS}/{id}");
    assert_eq!(world.call("GET", &one, None).await.json(), body);

    let mut next = user("ada@example.com");
    next["title"] = json!("Countess");
    next.as_object_mut().unwrap().remove("externalId");
    next.as_object_mut().unwrap().remove("active");
    world.clock.advance_micros(5_000_000);
    let replaced = world.call("PUT", &one, Some(&next)).await;
    assert_eq!(replaced.status, 200, "{}", replaced.text);
    let replaced = replaced.json();
    assert_eq!(
        (&replaced["title"], &replaced["userName"], &replaced["externalId"]),
        (&json!("Countess"), &json!("ada@example.com"), &Value::Null)
    );
    assert_eq!(replaced["meta"]["created"], body["meta"]["created"]);
    assert_ne!(replaced["meta"]["lastModified"], body["meta"]["lastModified"]);

    let gone = world.call("DELETE", &one, None).await;
    assert_eq!((gone.status.as_u16(), gone.text.as_str()), (204, ""));
    for method in ["GET", "DELETE"] {
        let answer = world.call(method, &one, None).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (404, "application/json"), "{method}");
        assert_eq!(answer.json()["status"], "404");
    }
    assert_eq!(world.listed("").await, (0, vec![]));
    assert_ne!(world.make_user("ada@example.com").await, id, "the name is free, and the new user is another");
}

#[tokio::test]
async fn a_put_that_is_silent_about_active_does_not_reactivate() {
    let world = world().await;
    let id = world.make_user("a@example.com").await;
    world.patched(&id, json!([{ "op": "replace", "path": "active", "value": false }])).await;
    let mut next = user("a@example.com");
    next.as_object_mut().unwrap().remove("active");
    assert_eq!(world.call("PUT", &format!("{USERS}/{id}"), Some(&next)).await.json()["active"], false);
}

#[tokio::test]
async fn user_names_are_unique_ignoring_case() {
    let world = world().await;
    let first = world.make_user("ÅSA@example.com").await;
    let second = world.make_user("bo@example.com").await;
    let answer = world.call("POST", USERS, Some(&user("åsa@EXAMPLE.com"))).await;
    assert_eq!((answer.status.as_u16(), answer.json()["scimType"].as_str().unwrap().to_owned()), (409, "uniqueness".to_owned()));
    let rename =
        json!({ "schemas": [PATCH_SCHEMA], "Operations": [{ "op": "replace", "path": "userName", "value": "Åsa@example.com" }] });
    assert_eq!(world.call("PATCH", &format!("{USERS}/{second}"), Some(&rename)).await.status, 409);
    assert_eq!(world.call("PUT", &format!("{USERS}/{second}"), Some(&user("åsa@example.com"))).await.status, 409);
    assert_eq!(world.call("PATCH", &format!("{USERS}/{first}"), Some(&rename)).await.status, 204, "its own name in another case");
    let (total, names) = world.listed("").await;
    assert_eq!((total, names), (2, vec!["Åsa@example.com".to_owned(), "bo@example.com".to_owned()]));
}

#[tokio::test]
async fn what_is_missing_is_refused() {
    let world = world().await;
    let without = |name: &str| {
        let mut body = user("x@example.com");
        body.as_object_mut().unwrap().remove(name);
        body
    };
    let with = |name: &str, value: Value| {
        let mut body = user("x@example.com");
        body[name] = value;
        body
    };
    for (body, part) in [
        (without("userName"), "userName"),
        (with("userName", json!("")), "userName"),
        (with("userName", json!(true)), "userName"),
        (with("userName", json!("a\u{7}b")), "control"),
        (with("userName", json!("x".repeat(513))), "longer"),
        (without("emails"), "emails"),
        (with("emails", json!([])), "emails"),
        (with("emails", json!([{ "value": "x@example.com" }])), "primary"),
        (with("emails", json!([{ "value": "", "primary": true }])), "primary"),
        (with("active", json!("perhaps")), "active"),
        (with("name", json!("Ada Byron")), "name"),
    ] {
        let answer = world.call("POST", USERS, Some(&body)).await;
        assert_eq!(answer.status, 400, "{body}");
        assert!(answer.json()["detail"].as_str().unwrap().contains(part), "{part}: {}", answer.text);
    }
    assert_eq!(world.listed("").await.0, 0);
}

#[tokio::test]
async fn lists_are_paged_and_bare() {
    let world = world().await;
    for number in 0..450 {
        world.make_user(&format!("user{number:03}@example.com")).await;
    }
    let mut names = BTreeSet::new();
    let mut pages = Vec::new();
    let mut start = 1;
    while start <= 450 {
        let (total, page) = world.listed(&format!("startIndex={start}")).await;
        assert_eq!(total, 450);
        start += page.len();
        pages.push(page.len());
        names.extend(page);
    }
    assert_eq!((pages, names.len()), (vec![200, 200, 50], 450));
    for (query, count, first) in [
        ("count=1000", 200, "user000@example.com"),
        ("count=3&startIndex=449", 2, "user448@example.com"),
        ("count=2&startIndex=0", 2, "user000@example.com"),
        ("count=2&startIndex=-9", 2, "user000@example.com"),
        ("count=0", 0, ""),
        ("count=-1", 0, ""),
        ("startIndex=451", 0, ""),
        ("startIndex=9223372036854775807", 0, ""),
    ] {
        let (total, page) = world.listed(query).await;
        assert_eq!((total, page.len(), page.first().map_or("", String::as_str)), (450, count, first), "{query}");
    }
    let body = world.call("GET", &format!("{USERS}?count=1&startIndex=2"), None).await.json();
    assert_eq!((&body["itemsPerPage"], &body["startIndex"]), (&json!(1), &json!(2)));
    let keys: BTreeSet<&str> = body["Resources"][0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, BTreeSet::from(["id", "userName", "name", "active", "emails", "externalId"]));
}

#[tokio::test]
async fn the_filters_that_there_are_and_those_that_are_not() {
    let world = world().await;
    world.make_user("ada@example.com").await;
    world.make_user("o\"neil\\@example.com").await;
    for (filter, expected) in [
        ("userName%20eq%20%22ADA@example.com%22", "ada@example.com"),
        ("USERNAME+EQ+%22ada%40example.com%22", "ada@example.com"),
        ("userName eq \"o\\\"neil\\\\@example.com\"", "o\"neil\\@example.com"),
        ("urn:ietf:params:scim:schemas:core:2.0:User:userName eq \"ada@example.com\"", "ada@example.com"),
    ] {
        let query = filter.replace(' ', "%20").replace('"', "%22").replace('\\', "%5C");
        assert_eq!(world.listed(&format!("filter={query}&startIndex=1")).await, (1, vec![expected.to_owned()]), "{filter}");
    }
    assert_eq!(world.listed("filter=userName%20eq%20%22nobody%22").await, (0, vec![]));
    for filter in [
        "externalId eq \"ext-1\"",
        "userName sw \"a\"",
        "emails.value eq \"a\"",
        "active eq true",
        "userName eq",
        "(",
        "nonsense eq \"a\"",
        "userName eq \"a\" or userName eq \"b\"",
    ] {
        let query = filter.replace(' ', "%20").replace('"', "%22");
        let answer = world.call("GET", &format!("{USERS}?filter={query}"), None).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["scimType"]), (400, &json!("invalidFilter")), "{filter}");
    }
    let options = Options { external_id_filter: true, ..world.tenant.options().await.unwrap() };
    world.tenant.set_options(&options).await.unwrap();
    assert_eq!(world.listed("filter=externalId%20eq%20%22ext-1%22").await.0, 2);
    assert_eq!(world.listed("filter=externalId%20eq%20%22EXT-1%22").await.0, 0, "external ids are exact");
}

#[tokio::test]
async fn patch_takes_every_shape_that_clients_send() {
    let world = world().await;
    let id = world.make_user("ada@example.com").await;
    let manager = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let tenant = "urn:ietf:params:scim:schemas:extension:tenant:2.0:User";
    for (operations, pointer, expected) in [
        (json!([{ "op": "replace", "path": "active", "value": false }]), "/active", json!(false)),
        (json!([{ "op": "Replace", "path": "active", "value": "True" }]), "/active", json!(true)),
        (json!([{ "op": "replace", "value": { "active": "False" } }]), "/active", json!(false)),
        (json!([{ "op": "replace", "path": "active", "value": { "value": true } }]), "/active", json!(true)),
        (json!([{ "op": "add", "path": "title", "value": "Countess" }]), "/title", json!("Countess")),
        (json!([{ "op": "replace", "path": "title", "value": { "value": "Dr" } }]), "/title", json!("Dr")),
        (json!([{ "op": "Remove", "path": "title" }]), "/title", Value::Null),
        (json!([{ "op": "replace", "path": "externalid", "value": "e2" }]), "/externalId", json!("e2")),
        (json!([{ "op": "replace", "value": { "name.givenName": "A." } }]), "/name/givenName", json!("A.")),
        (
            json!([{ "op": "replace", "path": "emails[type eq \"work\"].value", "value": "new@example.com" }]),
            "/emails/0/value",
            json!("new@example.com"),
        ),
        (
            json!([{ "op": "replace", "path": "emails", "value": [{ "value": "b@example.com", "primary": "true" }] }]),
            "/emails/0",
            json!({ "value": "b@example.com", "primary": true, "type": "work" }),
        ),
        (
            json!([{ "op": "add", "path": format!("{manager}:department"), "value": "Engines" }]),
            "/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User/department",
            json!("Engines"),
        ),
        (
            json!([{ "op": "replace", "path": format!("{manager}:manager"), "value": "26118915" }]),
            "/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User/manager/value",
            json!("26118915"),
        ),
        (
            json!([{ "op": "replace", "value": { tenant: { "badge": "7" } } }]),
            "/urn:ietf:params:scim:schemas:extension:tenant:2.0:User/badge",
            json!("7"),
        ),
        (
            json!([{ "op": "replace", "path": "userName", "value": "newuser@example.com" }]),
            "/userName",
            json!("newuser@example.com"),
        ),
    ] {
        let user = world.patched(&id, operations.clone()).await;
        assert_eq!(user.pointer(pointer).unwrap_or(&Value::Null), &expected, "{operations}");
    }
    assert_eq!(world.listed("filter=userName%20eq%20%22NEWUSER@example.com%22").await.0, 1);
    assert_eq!(world.listed("filter=userName%20eq%20%22ada@example.com%22").await.0, 0);
}

#[tokio::test]
async fn a_patch_is_all_or_nothing_and_a_change_of_nothing_writes_nothing() {
    let world = world().await;
    let id = world.make_user("ada@example.com").await;
    let one = format!("{USERS}/{id}");
    let before = world.call("GET", &one, None).await.json();
    for operations in [
        json!([{ "op": "replace", "path": "title", "value": "X" }, { "op": "replace", "path": "active", "value": "perhaps" }]),
        json!([{ "op": "replace", "path": "title", "value": "X" }, { "op": "remove", "path": "userName" }]),
        json!([{ "op": "replace", "path": "title", "value": "X" }, { "op": "remove", "path": "emails" }]),
        json!([{ "op": "replace", "path": "title", "value": "X" }, { "op": "explode" }]),
        json!([]),
        json!("all"),
    ] {
        let body = json!({ "schemas": [PATCH_SCHEMA], "Operations": operations });
        assert_eq!(world.call("PATCH", &one, Some(&body)).await.status, 400, "{body}");
    }
    world.clock.advance_micros(5_000_000);
    world.patched(&id, json!([{ "op": "replace", "path": "active", "value": true }])).await;
    assert_eq!(world.call("GET", &one, None).await.json(), before, "lastModified included");
}

#[tokio::test]
async fn thirty_two_patches_at_once_lose_nothing() {
    let world = world().await;
    let id = world.make_user("ada@example.com").await;
    let tasks: Vec<_> = (0..32)
        .map(|number| {
            let (world, id) = (world.clone(), id.clone());
            tokio::spawn(async move {
                let value = json!([{ "value": format!("n{number}@example.com"), "type": format!("t{number}") }]);
                world.patched(&id, json!([{ "op": "add", "path": "emails", "value": value }])).await;
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let user = world.call("GET", &format!("{USERS}/{id}"), None).await.json();
    let addresses: BTreeSet<&str> =
        user["emails"].as_array().unwrap().iter().map(|email| email["value"].as_str().unwrap()).collect();
    assert_eq!(addresses.len(), 33);
}

#[tokio::test]
async fn of_many_creates_of_one_name_one_wins() {
    let world = world().await;
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let world = world.clone();
            tokio::spawn(async move { world.call("POST", USERS, Some(&user("same@example.com"))).await.status.as_u16() })
        })
        .collect();
    let mut statuses = Vec::new();
    for task in tasks {
        statuses.push(task.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [vec![201], vec![409; 15]].concat());
}

#[tokio::test]
async fn options_change_what_is_not_known() {
    let world = world().await;
    let set = async |options: Options| world.tenant.set_options(&options).await.unwrap();
    let id = world.make_user("ada@example.com").await;
    let one = format!("{USERS}/{id}");

    set(Options { rename_effect: RenameEffect::Ignored, ..Options::default() }).await;
    let user = world.patched(&id, json!([{ "op": "replace", "value": { "userName": "other@example.com", "title": "T" } }])).await;
    assert_eq!((&user["userName"], &user["title"]), (&json!("ada@example.com"), &json!("T")));

    set(Options { patch_answer: PatchAnswer::Resource, ..Options::default() }).await;
    let body = json!({ "schemas": [PATCH_SCHEMA], "Operations": [{ "op": "replace", "path": "title", "value": "U" }] });
    let answer = world.call("PATCH", &one, Some(&body)).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["title"]), (200, &json!("U")));

    set(Options { delete_effect: DeleteEffect::Soft, ..Options::default() }).await;
    assert_eq!(world.call("DELETE", &one, None).await.status, 204);
    assert_eq!(world.call("GET", &one, None).await.status, 404);
    assert_eq!(world.listed("").await.0, 0);
    let again = world.make_user("ADA@example.com").await;
    assert_eq!(world.call("DELETE", &format!("{USERS}/{again}"), None).await.status, 204, "two tombstones of one name");

    set(Options { suspend_effect: SuspendEffect::Removes, ..Options::default() }).await;
    let third = world.make_user("ada@example.com").await;
    let body = json!({ "schemas": [PATCH_SCHEMA], "Operations": [{ "op": "replace", "path": "active", "value": false }] });
    assert_eq!(world.call("PATCH", &format!("{USERS}/{third}"), Some(&body)).await.status, 204);
    assert_eq!(world.call("GET", &format!("{USERS}/{third}"), None).await.status, 404);
}

/// What is the provider's may be repeated, as clients do that send back what they were shown, and not changed.
#[tokio::test]
async fn a_whole_user_can_be_sent_back_in_a_patch() {
    let world = world_at(Location::Memory, ProfileName::Standard).await;
    let id = world.make_user("ada@example.com").await;
    let group =
        json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "G", "members": [{ "value": id }] });
    assert_eq!(world.call("POST", GROUPS, Some(&group)).await.status, 201);
    let one = format!("{USERS}/{id}");
    let mut shown = world.call("GET", &one, None).await.json();
    assert_eq!(shown["groups"][0]["display"], json!("G"));
    let send = async |value: &Value| {
        let body = json!({ "schemas": [PATCH_SCHEMA], "Operations": [{ "op": "replace", "value": value }] });
        world.call("PATCH", &one, Some(&body)).await
    };
    assert_eq!(send(&shown).await.json(), shown, "nothing has changed");
    shown["title"] = json!("T");
    assert_eq!(send(&shown).await.json()["title"], json!("T"));
    for value in [json!({ "groups": [{ "value": "zzz" }] }), json!({ "meta": { "created": "2001-01-01T00:00:00Z" } })] {
        let answer = send(&value).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["scimType"]), (400, &json!("mutability")), "{value}");
    }
}

#[tokio::test]
async fn the_standard_profile_answers_other_filters_and_whole_resources() {
    let world = world_at(Location::Memory, ProfileName::Standard).await;
    for name in ["ada@example.com", "bo@example.com", "cy@example.org"] {
        world.make_user(name).await;
    }
    assert_eq!(
        world.listed("filter=userName%20ew%20%22example.com%22&count=1&startIndex=2").await,
        (2, vec!["bo@example.com".to_owned()])
    );
    assert_eq!(world.listed("filter=emails[value%20co%20%22.org%22]").await.0, 1);
    assert_eq!(world.listed("filter=externalId%20eq%20%22ext-1%22").await.0, 3);
    let body = world.call("GET", USERS, None).await.json();
    assert!(body["Resources"][0]["meta"].is_object());
    let id = body["Resources"][0]["id"].as_str().unwrap();
    let strict = json!({ "schemas": [PATCH_SCHEMA], "Operations": [{ "op": "replace", "path": "active", "value": "False" }] });
    assert_eq!(world.call("PATCH", &format!("{USERS}/{id}"), Some(&strict)).await.status, 400);
    let patch = json!({ "schemas": [PATCH_SCHEMA], "Operations": [{ "op": "replace", "path": "active", "value": false }] });
    let answer = world.call("PATCH", &format!("{USERS}/{id}"), Some(&patch)).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["active"]), (200, &json!(false)));
}
