//! The console's flows, as a browser without script goes through them.

use crate::support::{ADMIN, Answer, GROUPS, PASSWORD, USERS, World, token, user, world};
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

const REST_API: &str = "/settings/tools/rest-api-v2";

async fn post(world: &World, cookie: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
    let escape = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
    let body: Vec<String> = fields.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect();
    let request = Request::post(path)
        .header("host", "tenant.test")
        .header("origin", "http://tenant.test")
        .header("cookie", cookie)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(body.join("&")));
    world.send(request.unwrap()).await
}

async fn get(world: &World, cookie: &str, path: &str) -> Answer {
    world.send(Request::get(path).header("host", "tenant.test").header("cookie", cookie).body(Body::empty()).unwrap()).await
}

pub(crate) async fn sign_in(world: &World) -> String {
    let answer = post(world, "", "/sign-in", &[("email", ADMIN), ("password", PASSWORD), ("next", REST_API)]).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, REST_API), "{}", answer.text);
    let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
    assert!(cookie.starts_with("tenant_session="), "{cookie}");
    cookie
}

/// The value of the read-only field that shows a secret.
fn secret_in(page: &str) -> Option<String> {
    let start = page.find("value=\"nsk_")? + 7;
    Some(page[start..].split('"').next()?.to_owned())
}

/// The number of the token with this name, from the links of its row menu.
fn token_id(page: &str, name: &str) -> String {
    let row =
        page.split("<tr>").find(|row| row.contains(&format!("<strong>{name}</strong>"))).unwrap_or_else(|| panic!("no {name}"));
    row.split("/tokens/").nth(1).unwrap().split('/').next().unwrap().to_owned()
}

#[tokio::test]
async fn nobody_sees_a_page_without_signing_in() {
    let world = world().await;
    for path in [
        "/",
        REST_API,
        "/settings/tools/rest-api-v2/tokens/new",
        "/security-cloud/users",
        "/security-cloud/requests",
        "/settings/tools/behaviour",
    ] {
        let answer = get(&world, "", path).await;
        assert_eq!(answer.status, 303, "{path}");
        assert!(answer.header("location").starts_with("/sign-in"), "{path}");
        let answer = post(&world, "", path, &[("do", "save")]).await;
        assert!([303, 405].contains(&answer.status.as_u16()), "{path}: {}", answer.status);
    }
    let wrong = post(&world, "", "/sign-in", &[("email", ADMIN), ("password", "wrong")]).await;
    assert_eq!(wrong.status, 401);
    assert!(wrong.text.contains("is wrong") && wrong.headers.get("set-cookie").is_none());
    let cookie = sign_in(&world).await;
    assert_eq!(get(&world, &cookie, "/").await.status, 200);
    post(&world, &cookie, "/sign-out", &[]).await;
    assert_eq!(get(&world, &cookie, "/").await.status, 303, "the session is over");
    let away = post(&world, "", "/sign-in", &[("email", ADMIN), ("password", PASSWORD), ("next", "//evil.example")]).await;
    assert_eq!(away.header("location"), "/");
}

#[tokio::test]
async fn the_vendors_flow_makes_a_token_that_is_shown_once() {
    let world = world().await;
    let cookie = sign_in(&world).await;
    assert!(get(&world, &cookie, REST_API).await.text.contains("New Token"));
    let path = "/settings/tools/rest-api-v2/tokens/new";
    let form = get(&world, &cookie, path).await.text;
    assert!(
        form.contains("Token Name")
            && form.contains("Expire in")
            && form.contains("value=\"365\"")
            && form.contains("Add Endpoint")
    );

    let typed = [("name", "google"), ("amount", "30"), ("unit", "days")];
    let page = post(&world, &cookie, path, &[&typed[..], &[("do", "add-endpoint")]].concat()).await.text;
    assert!(page.contains("value=\"google\"") && page.contains("/api/v2/scim/Groups"));
    let page = post(&world, &cookie, path, &[&typed[..], &[("search", "scim/users"), ("do", "refresh")]].concat()).await.text;
    assert!(page.contains("choose /api/v2/scim/Users") && !page.contains("choose /api/v2/scim/Groups"));
    let page = post(&world, &cookie, path, &[&typed[..], &[("search", "scim"), ("do", "choose /api/v2/scim/Users")]].concat())
        .await
        .text;
    assert!(page.contains("permission:/api/v2/scim/Users") && page.contains("Read + Write"));

    let unnamed = post(&world, &cookie, path, &[("name", ""), ("amount", "30"), ("unit", "days"), ("do", "save")]).await;
    assert_eq!(unnamed.status, 422);
    let chosen = [("endpoint", "/api/v2/scim/Users"), ("permission:/api/v2/scim/Users", "rw"), ("do", "save")];
    let saved = post(&world, &cookie, path, &[&typed[..], &chosen].concat()).await;
    assert_eq!(saved.status, 200, "{}", saved.text);
    assert!(saved.text.contains("Copy Token") && saved.text.contains(">OK<"));
    let secret = secret_in(&saved.text).unwrap();
    assert_eq!(world.call_as(&secret, "POST", USERS, Some(&user("a@example.com"))).await.status, 201);

    let table = get(&world, &cookie, REST_API).await.text;
    assert!(table.contains("google") && table.contains(ADMIN) && table.contains("/api/v2/scim/Users"));
    assert_eq!(secret_in(&table), None, "shown once");
    let again = post(&world, &cookie, path, &[&typed[..], &chosen].concat()).await;
    assert_eq!((again.status.as_u16(), secret_in(&again.text)), (422, None), "a reload makes no second token");
}

#[tokio::test]
async fn the_row_menu_edits_reissues_revokes_and_deletes() {
    let world = world().await;
    let cookie = sign_in(&world).await;
    let id = token_id(&get(&world, &cookie, REST_API).await.text, "ci");
    let path = |verb: &str| format!("{REST_API}/tokens/{id}/{verb}");
    for (verb, text) in
        [("edit", "Save"), ("expiration", "Expire in"), ("reissue", "Reissue"), ("revoke", "Revoke"), ("delete", "Delete")]
    {
        let page = get(&world, &cookie, &path(verb)).await;
        assert_eq!(page.status, 200, "{verb}");
        assert!(page.text.contains(text), "{verb}");
    }
    let edited = [("name", "ci"), ("endpoint", "/api/v2/scim/Users"), ("permission:/api/v2/scim/Users", "r"), ("do", "save")];
    assert_eq!(post(&world, &cookie, &path("edit"), &edited).await.status, 303);
    assert_eq!(world.call("POST", USERS, Some(&user("a@example.com"))).await.status, 403, "only Read is left");

    assert_eq!(post(&world, &cookie, &path("expiration"), &[("amount", "1"), ("unit", "hours")]).await.status, 303);
    assert_eq!(post(&world, &cookie, &path("expiration"), &[("amount", "-1"), ("unit", "hours")]).await.status, 422);
    world.clock.advance_micros(3_601_000_000);
    assert_eq!(world.call("GET", USERS, None).await.status, 401);
    assert_eq!(post(&world, &cookie, &path("reissue"), &[]).await.status, 409, "expired: first another expiration");
    assert_eq!(post(&world, &cookie, &path("expiration"), &[("amount", "2"), ("unit", "weeks")]).await.status, 303);
    assert_eq!(world.call("GET", USERS, None).await.status, 200, "the same secret works again");

    let reissued = secret_in(&post(&world, &cookie, &path("reissue"), &[]).await.text).unwrap();
    assert_eq!(world.call("GET", USERS, None).await.status, 401);
    assert_eq!(world.call_as(&reissued, "GET", USERS, None).await.status, 200);
    assert_eq!(post(&world, &cookie, &path("revoke"), &[]).await.status, 303);
    assert_eq!(world.call_as(&reissued, "GET", USERS, None).await.status, 401);
    assert!(get(&world, &cookie, REST_API).await.text.contains("Revoked"));
    assert_eq!(post(&world, &cookie, &path("delete"), &[]).await.status, 303);
    assert!(get(&world, &cookie, REST_API).await.text.contains("No tokens yet"));
    assert_eq!(get(&world, &cookie, &path("edit")).await.status, 404);
}

#[tokio::test]
async fn the_switch_the_limit_and_the_settings_are_set_by_forms() {
    let world = world().await;
    let cookie = sign_in(&world).await;
    assert!(get(&world, &cookie, &format!("{REST_API}/status")).await.text.contains("Disable the REST API?"));
    post(&world, &cookie, &format!("{REST_API}/status"), &[("enabled", "no")]).await;
    assert_eq!(world.call("GET", USERS, None).await.status, 403);
    post(&world, &cookie, &format!("{REST_API}/status"), &[("enabled", "yes")]).await;
    assert_eq!(world.call("GET", USERS, None).await.status, 200);

    assert_eq!(post(&world, &cookie, &format!("{REST_API}/rate-limit"), &[("rate", "many")]).await.status, 422);
    post(&world, &cookie, &format!("{REST_API}/rate-limit"), &[("rate", "7")]).await;
    let fields = [
        ("rename", "ignored"),
        ("delete", "soft"),
        ("suspend", "removes"),
        ("patch", "resource"),
        ("external_id_filter", "yes"),
        ("idle_days", "30"),
    ];
    assert_eq!(post(&world, &cookie, "/settings/tools/behaviour", &fields).await.status, 303);
    let options = world.tenant.options().await.unwrap();
    let text = serde_json::to_value(&options).unwrap();
    let expected = json!({ "rest_api_enabled": true, "requests_per_second": 7, "rename_effect": "ignored", "delete_effect": "soft",
        "suspend_effect": "removes", "patch_answer": "resource", "external_id_filter": true, "tokens_end_with_password": false, "tokens_end_after_idle_days": 30 });
    assert_eq!(text, expected);
}

#[tokio::test]
async fn users_groups_and_requests_are_shown_and_escaped() {
    let world = world().await;
    let cookie = sign_in(&world).await;
    for number in 0..60 {
        world.make_user(&format!("user{number:02}@example.com")).await;
    }
    let mut odd = user("<script>alert(1)</script>@example.com");
    odd["name"]["givenName"] = json!("<b>Bold</b>");
    let id = world.call("POST", USERS, Some(&odd)).await.json()["id"].as_str().unwrap().to_owned();
    let group = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "<i>G</i>", "members": [{ "value": id }] });
    let group = world.call("POST", "/api/v2/scim/Groups", Some(&group)).await.json()["id"].as_str().unwrap().to_owned();

    let page = get(&world, &cookie, "/security-cloud/users").await.text;
    assert!(page.contains("1–50 of 61 users") && page.contains("user00@example.com") && !page.contains("user55@example.com"));
    assert!(get(&world, &cookie, "/security-cloud/users?page=2").await.text.contains("user55@example.com"));
    let found = get(&world, &cookie, "/security-cloud/users?q=USER55").await.text;
    assert!(found.contains("1 user") && found.contains("user55@example.com"));
    assert!(get(&world, &cookie, "/security-cloud/users?q=%25").await.text.contains("No user matches"), "no wildcard");
    for path in [
        "/security-cloud/users?q=script".to_owned(),
        format!("/security-cloud/users/{id}"),
        "/security-cloud/groups".to_owned(),
        format!("/security-cloud/groups/{group}"),
        "/security-cloud/requests".to_owned(),
        "/".to_owned(),
    ] {
        let answer = get(&world, &cookie, &path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(
            !answer.text.contains("<script>alert") && !answer.text.contains("<b>Bold") && !answer.text.contains("<i>G"),
            "{path}"
        );
    }
    let detail = get(&world, &cookie, &format!("/security-cloud/users/{id}")).await.text;
    assert!(detail.contains("Groups (1)") && detail.contains(&format!("/security-cloud/groups/{group}")), "{detail}");
    assert!(detail.contains("<pre") && detail.contains(&format!("http://tenant.test{USERS}/{id}")), "{detail}");
    let members = get(&world, &cookie, &format!("/security-cloud/groups/{group}")).await.text;
    assert!(members.contains("Members (1)") && members.contains(&format!("/security-cloud/users/{id}")), "{members}");
    assert_eq!(get(&world, &cookie, "/security-cloud/users/nobody").await.status, 404);
    assert_eq!(get(&world, &cookie, "/nothing").await.status, 404);
}

/// The texts of the cells of a table's rows, each under its heading.
fn cells(page: &str, heading: &str) -> Vec<String> {
    let marker = format!("data-label=\"{heading}\">");
    page.split(&marker).skip(1).map(|rest| plain(rest.split("</td>").next().unwrap())).collect()
}

/// The text without its tags.
fn plain(html: &str) -> String {
    let texts = html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text));
    texts.collect::<String>().replace("&quot;", "\"").replace("&amp;", "&").replace("&lt;", "<").trim().to_owned()
}

#[tokio::test]
async fn groups_are_searched_by_name_and_shown_as_they_would_be_written() {
    let world = world().await;
    let cookie = sign_in(&world).await;
    let ada = world.make_user("ada@example.com").await;
    let mut ids = Vec::new();
    for (name, members) in
        [("Engineering", json!([{ "value": ada }])), ("Sales & Ärzte", json!([])), ("100%", json!([])), ("ΟΔΟΣ", json!([]))]
    {
        let body = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": name, "members": members,
            "externalId": format!("ext-{name}") });
        ids.push(world.call("POST", GROUPS, Some(&body)).await.json()["id"].as_str().unwrap().to_owned());
    }
    for (search, found) in [
        ("", vec!["Engineering", "Sales & Ärzte", "100%", "ΟΔΟΣ"]),
        ("%CE%BF%CE%B4%CE%BF%CF%82", vec!["ΟΔΟΣ"]),
        ("ENGIN", vec!["Engineering"]),
        ("%C3%A4RZ", vec!["Sales & Ärzte"]),
        ("%25", vec!["100%"]),
        ("_", vec![]),
        ("nobody", vec![]),
        ("+engineering+", vec!["Engineering"]),
    ] {
        let page = get(&world, &cookie, &format!("/security-cloud/groups?q={search}")).await.text;
        assert_eq!(cells(&page, "Group"), found, "{search}");
        assert_eq!(page.contains("No group matches."), found.is_empty(), "{search}");
    }
    let list = get(&world, &cookie, "/security-cloud/groups?q=engin").await.text;
    assert!(list.contains("1 group") && list.contains(&format!("href=\"/security-cloud/groups/{}\"", ids[0])), "{list}");
    assert_eq!(cells(&list, "Members"), ["1"]);

    let page = get(&world, &cookie, &format!("/security-cloud/groups/{}", ids[0])).await.text;
    let raw = page.split("<pre").nth(1).unwrap().split_once('>').unwrap().1;
    let raw: Value = serde_json::from_str(&plain(raw.split("</pre>").next().unwrap())).unwrap();
    let mut shown = world.call("GET", &format!("{GROUPS}/{}", ids[0]), None).await.json();
    assert_eq!(shown.get("members"), None, "a client has to ask for them");
    let members = world.call("GET", &format!("{GROUPS}/{}?attributes=members", ids[0]), None).await.json()["members"].clone();
    assert_eq!(members[0]["value"], json!(ada));
    shown["members"] = members;
    assert_eq!(raw, shown, "as the API has it");
}

#[tokio::test]
async fn a_line_of_the_request_log_says_when_how_what_and_who() {
    let world = world().await;
    let cookie = sign_in(&world).await;
    let reader = token(&world.tenant, "reader", &["/api/v2/scim/Users:r"]).await;
    let at = world.clock.now_micros();
    world.make_user("ada@example.com").await;
    world.clock.advance_micros(61_000_000);
    world.call_as(&reader, "GET", &format!("{USERS}?filter=userName%20eq%20%22ada%40example.com%22"), None).await;
    world.call_as(&reader, "DELETE", &format!("{USERS}/1"), None).await;
    world.call_as("nsk_unknown", "PATCH", &format!("{USERS}/1"), Some(&json!({}))).await;
    let page = get(&world, &cookie, "/security-cloud/requests").await.text;
    assert_eq!(cells(&page, "Method"), ["PATCH", "DELETE", "GET", "POST"], "newest first");
    assert_eq!(
        cells(&page, "Path"),
        [format!("{USERS}/1"), format!("{USERS}/1"), format!("{USERS}?filter=userName eq \"ada@example.com\""), USERS.to_owned()]
    );
    let statuses: Vec<String> = cells(&page, "Status").iter().map(|text| text.chars().take(3).collect()).collect();
    assert_eq!(statuses, ["401", "403", "200", "201"]);
    assert_eq!(cells(&page, "Token"), ["–", "reader", "reader", "ci"]);
    let took = cells(&page, "Took (ms)");
    assert!(took.len() == 4 && took.iter().all(|text| text == "< 1" || text.parse::<u32>().is_ok()), "{took:?}");
    // To the second, on the tenant's clock.
    let instants: Vec<i64> = page
        .split("data-label=\"Time\">")
        .skip(1)
        .map(|cell| {
            let instant = cell.split("datetime=\"").nth(1).unwrap().split('"').next().unwrap();
            instant.parse::<jiff::Timestamp>().unwrap().as_microsecond()
        })
        .collect();
    assert_eq!(instants.len(), 4);
    assert!((at..at + 30_000_000).contains(&instants[3]), "{instants:?} {at}");
    assert!(instants[..3].iter().all(|instant| (at + 61_000_000..at + 91_000_000).contains(instant)), "{instants:?} {at}");
}

#[tokio::test]
async fn a_large_groups_page_shows_the_first_hundred_members_and_their_number() {
    let world = world().await;
    let cookie = sign_in(&world).await;
    let mut members = Vec::new();
    for number in 0..130 {
        members.push(json!({ "value": world.make_user(&format!("user{number:03}@example.com")).await }));
    }
    let group = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Large", "members": members });
    let group = world.call("POST", "/api/v2/scim/Groups", Some(&group)).await.json()["id"].as_str().unwrap().to_owned();
    let page = get(&world, &cookie, &format!("/security-cloud/groups/{group}")).await.text;
    assert!(page.contains("Members (130)") && page.contains("The first 100 of 130 members."));
    assert_eq!(page.matches("data-label=\"Member\"").count(), 100);
    assert!(page.contains("user099@example.com") && !page.contains("user100@example.com"));
}

#[tokio::test]
async fn the_request_log_is_filtered_and_paged_both_ways() {
    let world = world().await;
    let cookie = sign_in(&world).await;
    let other = token(&world.tenant, "=odd & <name>", &["/api/v2/scim/Users:r"]).await;
    for number in 0..60 {
        world.make_user(&format!("user{number:02}@example.com")).await;
    }
    for _ in 0..70 {
        world.call("GET", USERS, None).await;
    }
    world.call_as(&other, "POST", USERS, Some(&user("x@example.com"))).await;
    world.call_as("nsk_unknown", "GET", USERS, None).await;
    world.call("GET", &format!("{USERS}?filter=userName%20eq%20%22user07%40example.com%22"), None).await;
    let log = |query: &str| {
        let (world, cookie, path) = (world.clone(), cookie.clone(), format!("/security-cloud/requests?{query}"));
        async move {
            let answer = get(&world, &cookie, &path).await;
            assert_eq!(answer.status, 200, "{path}");
            answer.text
        }
    };
    for (query, text) in [
        ("", "1–50 of 133 requests"),
        ("token=%3Dci", "1–50 of 131 requests"),
        ("token=%3D%3Dodd%20%26%20%3Cname%3E", "1 request"),
        ("token=none", "1 request"),
        ("token=%3Dnobody", "No requests"),
        ("method=POST", "1–50 of 61 requests"),
        ("class=2", "1–50 of 131 requests"),
        ("class=4&method=POST", "1 request"),
        ("class=5", "No request matches."),
        ("q=USERNAME%20eq%20%22user07%40", "1 request"),
        ("q=user07%2540", "1 request"),
        ("q=%25%25", "No requests"),
        ("before=x&after=y&class=9", "No requests"),
        ("before=0", "1–50 of 133 requests"),
    ] {
        let page = log(query).await;
        assert!(page.contains(text), "{query}: {page}");
        assert!(!page.contains("<name>"), "{query}");
    }
    // Down to the end and up again, while requests come.
    let link = |page: &str, place: &str| {
        let marker = format!("{place}=");
        let link = page.split("href=\"/security-cloud/requests?").skip(1).find_map(|rest| {
            let href = rest.split('"').next().unwrap().replace("&amp;", "&");
            href.contains(&marker).then_some(href)
        });
        link.unwrap_or_else(|| panic!("no {place}: {page}"))
    };
    let second = link(&log("method=GET&token=%3Dci").await, "before");
    assert!(second.contains("method=GET") && second.contains("token=%3Dci"), "{second}");
    let last = log(&second).await;
    assert!(last.contains("51–71 of 71 requests") && !last.contains("before="), "{last}");
    world.call("GET", USERS, None).await;
    let first = log(&link(&last, "after")).await;
    assert!(first.contains("2–51 of 72 requests"), "the same fifty as before, one newer above: {first}");
    assert!(log(&link(&first, "after")).await.contains("1–50 of 72 requests"));

    let usage = get(&world, &cookie, REST_API).await.text;
    let (_, usage) = usage.split_once("Token usage").unwrap();
    assert!(usage.contains(">ci<") && usage.contains("No known token") && usage.contains("token=none"), "{usage}");
    let row = usage.split("<tr>").find(|row| row.contains(">ci<")).unwrap();
    assert!(row.contains(">132<"), "all of this token's requests: {row}");
}
