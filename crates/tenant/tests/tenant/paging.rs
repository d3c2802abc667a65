//! Walking through lists: by cursor (RFC 9865), and users and groups together.

use crate::support::{GROUPS, USERS, World, token, world, world_at};
use provost_db::Location;
use provost_tenant::ProfileName;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const ROOT: &str = "/api/v2/scim";
const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

async fn standard() -> World {
    world_at(Location::Memory, ProfileName::Standard).await
}

async fn page(world: &World, path: &str) -> Value {
    let answer = world.call("GET", path, None).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    answer.json()
}

fn names(page: &Value) -> Vec<String> {
    let name = |resource: &Value| resource.get("userName").unwrap_or(&resource["displayName"]).as_str().unwrap().to_owned();
    page["Resources"].as_array().unwrap().iter().map(name).collect()
}

async fn make(world: &World, name: &str) -> String {
    let user =
        json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name, "title": name.to_uppercase() });
    let answer = world.call("POST", USERS, Some(&user)).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["id"].as_str().unwrap().to_owned()
}

async fn make_group(world: &World, name: &str) {
    let group = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": name });
    assert_eq!(world.call("POST", GROUPS, Some(&group)).await.status, 201);
}

async fn refusal(world: &World, path: &str) -> (u16, String) {
    let answer = world.call("GET", path, None).await;
    (answer.status.as_u16(), answer.json()["scimType"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_walk_by_cursor_meets_everybody_once_while_users_come_and_go() {
    for query in [
        "",
        "&filter=userName+sw+%22u%22",
        "&sortBy=userName&sortOrder=descending",
        "&sortBy=title",
        "&filter=title+sw+%22U%22&sortBy=id",
    ] {
        let world = standard().await;
        let mut ids = Vec::new();
        for number in 0..60 {
            ids.push(make(&world, &format!("u{number:03}")).await);
        }
        let mut stay: BTreeSet<String> = (0..60).map(|number| format!("u{number:03}")).collect();
        let (mut met, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let page = page(&world, &format!("{USERS}?count=7&cursor={cursor}{query}")).await;
            assert!(page.get("startIndex").is_none(), "{page}");
            met.extend(names(&page));
            pages += 1;
            // One who was met goes, one who was not goes, and one comes.
            let seen = met.last().unwrap().clone();
            let unseen = stay.iter().find(|name| !met.contains(name)).cloned();
            for name in std::iter::once(seen).chain(unseen) {
                let Some(id) = name[1..].parse::<usize>().ok().and_then(|index| ids.get(index)) else { continue };
                world.call("DELETE", &format!("{USERS}/{id}"), None).await;
                stay.remove(&name);
            }
            make(&world, &format!("u9{pages:02}")).await;
            match page["nextCursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
            assert!(pages < 30, "the walk ends");
        }
        let once: BTreeSet<&String> = met.iter().collect();
        assert_eq!(once.len(), met.len(), "{query}: nobody twice in {met:?}");
        for name in &stay {
            assert!(met.contains(name), "{query}: {name} was there all the time");
        }
    }
}

#[tokio::test]
async fn a_page_leads_back_to_the_one_before_it() {
    let world = standard().await;
    for number in 0..10 {
        make(&world, &format!("u{number}")).await;
    }
    for query in ["", "&sortBy=userName&sortOrder=descending"] {
        let first = page(&world, &format!("{USERS}?count=4&cursor={query}")).await;
        assert_eq!(first.get("previousCursor"), None);
        let at = |page: &Value, name: &str| format!("{USERS}?count=4&cursor={}{query}", page[name].as_str().unwrap());
        let second = page(&world, &at(&first, "nextCursor")).await;
        let third = page(&world, &at(&second, "nextCursor")).await;
        assert_eq!((names(&third).len(), third.get("nextCursor")), (2, None));
        assert_eq!(names(&page(&world, &at(&third, "previousCursor")).await), names(&second));
        assert_eq!(names(&page(&world, &at(&second, "previousCursor")).await), names(&first));
    }
}

/// What the last one was sorted by is too long for a cursor: how many were shown says where the walk goes on.
#[tokio::test]
async fn a_walk_goes_on_after_what_no_cursor_can_hold() {
    let world = standard().await;
    for number in 0..12 {
        let title = format!("{}{}", "t".repeat(10_000), char::from(b'a' + number * 5 % 12));
        let user = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": format!("u{number:02}"), "title": title });
        assert_eq!(world.call("POST", USERS, Some(&user)).await.status, 201);
    }
    for order in ["&sortBy=title", "&sortBy=title&sortOrder=descending"] {
        let all = names(&page(&world, &format!("{USERS}?attributes=userName{order}")).await);
        let at = |cursor: &str| format!("{USERS}?attributes=userName&count=5&cursor={cursor}{order}");
        let (mut cursor, mut pages) = (String::new(), Vec::new());
        let mut last = loop {
            let list = page(&world, &at(&cursor)).await;
            pages.push(names(&list));
            assert!(pages.len() < 10, "{order}: the walk ends: {pages:?}");
            assert_eq!(list["totalResults"], 12);
            match list["nextCursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break list,
            }
        };
        assert_eq!(pages.concat(), all, "{order}");
        assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [5, 5, 2], "{order}");
        for expected in [&pages[1], &pages[0]] {
            last = page(&world, &at(last["previousCursor"].as_str().unwrap())).await;
            assert_eq!(names(&last), *expected, "{order}");
        }
        assert_eq!(last.get("previousCursor"), None, "{order}");
    }
}

#[tokio::test]
async fn cursors_are_refused_with_the_keywords_of_the_rfc() {
    let world = standard().await;
    for number in 0..5 {
        make(&world, &format!("u{number}")).await;
        make_group(&world, &format!("g{number}")).await;
    }
    let cursor = |page: Value| page["nextCursor"].as_str().unwrap().to_owned();
    let plain = cursor(page(&world, &format!("{USERS}?cursor&count=2")).await);
    let filtered = cursor(page(&world, &format!("{USERS}?cursor=&count=2&filter=userName+pr")).await);
    let together = cursor(page(&world, &format!("{ROOT}?cursor=&count=2")).await);
    let invalid = |path: String| {
        let world = &world;
        async move { assert_eq!(refusal(world, &path).await, (400, "invalidCursor".to_owned()), "{path}") }
    };
    invalid(format!("{USERS}?cursor=nonsense")).await;
    invalid(format!("{USERS}?cursor={filtered}")).await;
    invalid(format!("{USERS}?cursor={plain}&filter=userName+pr")).await;
    invalid(format!("{USERS}?cursor={plain}&sortBy=userName")).await;
    invalid(format!("{GROUPS}?cursor={plain}")).await;
    invalid(format!("{USERS}?cursor={together}")).await;
    invalid(format!("{ROOT}?cursor={plain}")).await;
    invalid(format!("{ROOT}?cursor=Printer.")).await;
    let other = if plain.starts_with('A') { "B" } else { "A" };
    invalid(format!("{USERS}?cursor={other}{}", &plain[1..])).await;
    assert_eq!(refusal(&world, &format!("{USERS}?cursor={plain}&count=many")).await, (400, "invalidCount".to_owned()));
    assert_eq!(refusal(&world, &format!("{USERS}?count=many")).await, (400, "invalidValue".to_owned()));

    let config = page(&world, &format!("{ROOT}/ServiceProviderConfig")).await;
    assert_eq!((&config["pagination"]["cursor"], &config["pagination"]["index"]), (&json!(true), &json!(true)));
    let timeout = config["pagination"]["cursorTimeout"].as_i64().unwrap();
    world.clock.advance_micros(timeout * 1_000_000 - 1_000_000);
    assert_eq!(names(&page(&world, &format!("{USERS}?cursor={plain}")).await), ["u2", "u3", "u4"]);
    world.clock.advance_micros(2_000_000);
    assert_eq!(refusal(&world, &format!("{USERS}?cursor={plain}")).await, (400, "expiredCursor".to_owned()));
}

#[tokio::test]
async fn a_search_walks_by_cursor_too() {
    let world = standard().await;
    for number in 0..5 {
        make(&world, &format!("u{number}")).await;
    }
    let search = async |cursor: &str| {
        let body = json!({ "schemas": [SEARCH], "count": 3, "cursor": cursor, "attributes": ["userName"] });
        world.call("POST", &format!("{USERS}/.search"), Some(&body)).await.json()
    };
    let first = search("").await;
    assert_eq!(names(&first), ["u0", "u1", "u2"]);
    let second = search(first["nextCursor"].as_str().unwrap()).await;
    assert_eq!((names(&second), second.get("nextCursor")), (vec!["u3".to_owned(), "u4".to_owned()], None));
}

#[tokio::test]
async fn users_and_groups_are_listed_together() {
    let world = standard().await;
    for number in 0..4 {
        make(&world, &format!("u{number}")).await;
        make_group(&world, &format!("g{number}")).await;
    }
    for (query, total, expected) in [
        ("", 8, vec!["u0", "u1", "u2", "u3", "g0", "g1", "g2", "g3"]),
        ("?startIndex=3&count=4", 8, vec!["u2", "u3", "g0", "g1"]),
        ("?startIndex=7", 8, vec!["g2", "g3"]),
        ("?startIndex=9", 8, vec![]),
        ("?count=0", 8, vec![]),
        ("?filter=displayName+eq+%22g2%22", 1, vec!["g2"]),
        ("?filter=userName+eq+%22u2%22+or+displayName+eq+%22g2%22", 2, vec!["u2", "g2"]),
        ("?filter=not+(userName+pr)", 4, vec!["g0", "g1", "g2", "g3"]),
        ("?filter=meta.resourceType+eq+%22Group%22&count=1", 4, vec!["g0"]),
    ] {
        let list = page(&world, &format!("{ROOT}{query}")).await;
        assert_eq!(
            (list["totalResults"].as_u64(), names(&list)),
            (Some(total), expected.iter().map(ToString::to_string).collect()),
            "{query}"
        );
    }
    let body =
        json!({ "schemas": [SEARCH], "filter": "id pr", "startIndex": 4, "count": 2, "attributes": ["displayName", "userName"] });
    let found = world.call("POST", &format!("{ROOT}/.search"), Some(&body)).await.json();
    assert_eq!((names(&found), &found["startIndex"]), (vec!["u3".to_owned(), "g0".to_owned()], &json!(4)));
    assert_eq!(found["Resources"][0].get("meta"), None, "only what was asked for");
    assert_eq!(refusal(&world, &format!("{ROOT}?filter=shoe+pr")).await, (400, "invalidFilter".to_owned()));
    let garbled = world.call("GET", &format!("{ROOT}?filter=%ff"), None).await.json();
    assert_eq!(
        (&garbled["scimType"], garbled["detail"].as_str().unwrap().starts_with("filter: ")),
        (&json!("invalidFilter"), true)
    );

    let (mut met, mut cursor) = (Vec::new(), String::new());
    loop {
        let list = page(&world, &format!("{ROOT}?count=3&cursor={cursor}")).await;
        met.extend(names(&list));
        match list["nextCursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    assert_eq!(met, ["u0", "u1", "u2", "u3", "g0", "g1", "g2", "g3"]);
}

/// RFC 7644 section 3.4.2.3: what has no value comes last, and first when descending.
#[tokio::test]
async fn users_and_groups_are_sorted_together() {
    let world = standard().await;
    for name in ["u1", "u0", "u2"] {
        make(&world, name).await;
    }
    for name in ["g2", "g0", "g1"] {
        make_group(&world, name).await;
    }
    let named = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "u3", "displayName": "G1A" });
    assert_eq!(world.call("POST", USERS, Some(&named)).await.status, 201);
    for (query, total, expected) in [
        ("sortBy=userName", 7, vec!["u0", "u1", "u2", "u3", "g2", "g0", "g1"]),
        ("sortBy=displayName", 7, vec!["g0", "g1", "u3", "g2", "u1", "u0", "u2"]),
        ("sortBy=displayName&startIndex=2&count=2", 7, vec!["g1", "u3"]),
        ("sortBy=displayName&sortOrder=descending&startIndex=4&count=3", 7, vec!["g2", "u3", "g1"]),
        ("sortBy=displayName&startIndex=8", 7, vec![]),
        ("sortBy=displayName&count=0", 7, vec![]),
        ("sortBy=displayName&filter=displayName+sw+%22g1%22", 2, vec!["g1", "u3"]),
        ("sortBy=members.value&filter=displayName+pr", 4, vec!["u3", "g2", "g0", "g1"]),
    ] {
        let list = page(&world, &format!("{ROOT}?{query}")).await;
        assert_eq!(
            (list["totalResults"].as_u64(), names(&list)),
            (Some(total), expected.iter().map(ToString::to_string).collect()),
            "{query}"
        );
    }
    let body = json!({ "schemas": [SEARCH], "sortBy": "displayName", "count": 1, "attributes": ["displayName", "userName"] });
    let found = world.call("POST", &format!("{ROOT}/.search"), Some(&body)).await.json();
    assert_eq!((names(&found), found["Resources"][0].get("meta")), (vec!["g0".to_owned()], None));
    assert_eq!(refusal(&world, &format!("{ROOT}?sortBy=shoe")).await, (400, "invalidPath".to_owned()));
    assert_eq!(refusal(&world, &format!("{ROOT}?sortBy=password")).await, (400, "invalidValue".to_owned()));
    assert_eq!(refusal(&world, &format!("{ROOT}?sortBy=id&cursor=")).await, (400, "invalidValue".to_owned()));
}

/// The version that a user in groups is shown with tells of the groups too, and is found by a filter.
#[tokio::test]
async fn users_are_found_by_the_version_that_they_are_shown_with() {
    let world = standard().await;
    let ada = make(&world, "ada").await;
    make(&world, "bob").await;
    let group =
        json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "G", "members": [{ "value": ada }] });
    assert_eq!(world.call("POST", GROUPS, Some(&group)).await.status, 201);
    let version = page(&world, &format!("{USERS}/{ada}")).await["meta"]["version"].as_str().unwrap().to_owned();
    assert!(version.contains('-'), "{version}");
    let filter = format!("meta.version eq \"{}\"", version.replace('"', "\\\""));
    let body = json!({ "schemas": [SEARCH], "filter": filter });
    let found = world.call("POST", &format!("{USERS}/.search"), Some(&body)).await.json();
    assert_eq!(names(&found), ["ada"], "{found}");
}

/// An index keeps the beginning of a long text; whoever is found by it has the whole text.
#[tokio::test]
async fn a_longer_external_id_is_nobodys() {
    let world = standard().await;
    let longest = "x".repeat(512);
    let user = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada", "externalId": longest });
    assert_eq!(world.call("POST", USERS, Some(&user)).await.status, 201);
    for (id, expected) in [(longest.clone(), 1), (format!("{longest}x"), 0)] {
        for paging in ["", "&cursor="] {
            let list = page(&world, &format!("{USERS}?filter=externalId+eq+%22{id}%22{paging}")).await;
            assert_eq!(names(&list).len(), expected, "{} characters, {paging:?}", id.len());
        }
    }
}

#[tokio::test]
async fn a_token_finds_only_what_it_may_read() {
    let world = standard().await;
    make(&world, "u").await;
    make_group(&world, "g").await;
    let search = json!({ "schemas": [SEARCH] });
    for (grant, expected) in [("/api/v2/scim/Users:r", "u"), ("/api/v2/scim/Groups:rw", "g")] {
        let token = token(&world.tenant, expected, &[grant]).await;
        for (method, path, body) in [("GET", ROOT, None), ("POST", "/api/v2/scim/.search", Some(&search))] {
            let answer = world.call_as(&token, method, path, body).await;
            assert_eq!(names(&answer.json()), [expected], "{grant} {method}");
        }
        let cursor = world.call_as(&token, "GET", &format!("{ROOT}?cursor="), None).await.json();
        assert_eq!((names(&cursor), cursor.get("nextCursor")), (vec![expected.to_owned()], None));
        let other = if expected == "u" { "Group." } else { "User." };
        assert_eq!(world.call_as(&token, "GET", &format!("{ROOT}?cursor={other}"), None).await.status, 400);
    }
}

/// RFC 7644 section 3.11: who does not support the alias answers 501.
#[tokio::test]
async fn me_is_not_implemented_whatever_is_done_to_it() {
    for profile in [ProfileName::Netskope, ProfileName::Standard] {
        let world = world_at(Location::Memory, profile).await;
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] {
            let body = json!({});
            let answer =
                world.call(method, "/api/v2/scim/Me", (!["GET", "HEAD", "DELETE"].contains(&method)).then_some(&body)).await;
            assert_eq!(answer.status, 501, "{profile} {method}: {}", answer.text);
            if method == "HEAD" {
                continue;
            }
            let error = answer.json();
            assert_eq!(error["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]), "{profile} {method}");
            assert_eq!(error["status"], "501", "{profile} {method}");
            assert!(error["detail"].as_str().unwrap().contains("/Me"), "{profile} {method}");
        }
        assert_eq!(world.call_as("nsk_unknown", "GET", "/api/v2/scim/Me", None).await.status, 401, "{profile}");
    }
}

#[tokio::test]
async fn the_netskope_profile_walks_by_index_only() {
    let world = world().await;
    world.make_user("a@example.com").await;
    let list = page(&world, &format!("{USERS}?cursor=")).await;
    assert_eq!((&list["startIndex"], list.get("nextCursor")), (&json!(1), None));
    assert_eq!(page(&world, &format!("{ROOT}/ServiceProviderConfig")).await.get("pagination"), None);
    assert_eq!(world.call("GET", ROOT, None).await.status, 501);
}
