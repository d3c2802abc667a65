//! Administrators, API keys, and the admin log.

use crate::support::{PASSWORD, send, world};
use axum::body::Body;
use axum::http::Request;
use provost_store::admins::{self, Role};

#[tokio::test]
async fn administrators_are_added_changed_and_shut_out_at_once() {
    let world = world().await;
    world.domain().await;
    let root = world.admin("root@example.com", Role::SuperAdmin).await;
    let browser = world.browser_of(&root).await;
    let form = |email, role| [("email", email), ("password", PASSWORD), ("role", role)];
    browser
        .post("/account/admins/add", &form("eve@gmail.com", "auditor"))
        .await
        .expect(422)
        .shows(&["consumer mail", "eve@gmail.com"])
        .hides(&[PASSWORD]);
    browser.post("/account/admins/add", &form("ada@example.com", "auditor")).await.leads();
    let ada = admins::find_by_email(&world.store, "ada@example.com").await.unwrap().unwrap();
    let (first, second) = (world.browser_of(&ada).await, world.browser_of(&ada).await);
    first.get("/directory/users").await.expect(200);
    let path = |id: provost_core::ids::AdminId, verb: &str| format!("/account/admins/{id}/{verb}");
    for verb in ["role", "disable"] {
        let refused = browser.post(&path(root.id, verb), &[("role", "auditor")]).await.expect(422);
        refused.shows(&["is the last super admin"]);
    }
    browser.post(&path(ada.id, "role"), &[("role", "super-admin")]).await.leads();
    first.get("/directory/users/add").await.expect(200);
    let short = browser.post(&path(ada.id, "password"), &[("password", "short"), ("repeated", "short")]).await;
    short.expect(422);
    browser.post(&path(ada.id, "password"), &[("password", "one of them"), ("repeated", "another one")]).await.expect(422);
    second.get("/").await.expect(200);
    browser.post(&path(ada.id, "password"), &[("password", "a new long one"), ("repeated", "a new long one")]).await.leads();
    assert!(second.get("/").await.leads().starts_with("/sign-in"), "a new password ends sessions");
    browser.get("/").await.expect(200);
    let third = world.browser_of(&ada).await;
    browser.post(&path(ada.id, "disable"), &[]).await.leads();
    assert!(third.get("/").await.leads().starts_with("/sign-in"));
    browser.get("/account/admins").await.shows(&["ada@example.com", "Disabled"]);
    world.stranger().post("/sign-in", &[("email", "ada@example.com"), ("password", "a new long one")]).await.expect(422);
}

#[tokio::test]
async fn a_new_own_password_keeps_this_session_and_ends_the_others() {
    let world = world().await;
    let root = world.admin("root@example.com", Role::SuperAdmin).await;
    let (here, there) = (world.browser_of(&root).await, world.browser_of(&root).await);
    let fields = [("password", "a new long one"), ("repeated", "a new long one")];
    here.post(&format!("/account/admins/{}/password", root.id), &fields).await.leads();
    here.get("/").await.expect(200);
    assert!(there.get("/").await.leads().starts_with("/sign-in"));
}

#[tokio::test]
async fn an_api_key_is_shown_once_works_and_is_revoked() {
    let world = world().await;
    let browser = world.super_admin().await;
    let created = browser.post("/account/api-keys/create", &[("name", "backup"), ("role", "auditor")]).await.expect(200);
    assert_eq!(created.headers["cache-control"], "no-store");
    let (_, rest) = created.text.split_once("value=\"pvk_").unwrap();
    let key = format!("pvk_{}", rest.split('"').next().unwrap());
    let call = async || {
        let request = Request::builder().uri("/api/v1/users").header("authorization", format!("Bearer {key}"));
        send(&world.router, request.body(Body::empty()).unwrap()).await.status.as_u16()
    };
    assert_eq!(call().await, 200);
    let keys = browser.get("/account/api-keys").await;
    keys.shows(&["backup", "Auditor", "Revoke", "href=\"/api/docs\""]).hides(&[&key]);
    browser
        .post("/account/api-keys/create", &[("name", "backup"), ("role", "auditor")])
        .await
        .expect(422)
        .shows(&["exists already"]);
    let id = admins::list_keys(&world.store).await.unwrap()[0].key.id;
    browser.post(&format!("/account/api-keys/{id}/revoke"), &[]).await.leads();
    assert_eq!(call().await, 401);
    browser.get("/account/api-keys").await.shows(&["Revoked"]);
}

#[tokio::test]
async fn an_api_key_can_have_an_end() {
    let world = world().await;
    let browser = world.super_admin().await;
    browser.get("/account/api-keys/create").await.expect(200).shows(&["Expires on (optional)", "type=\"date\""]);
    let create = async |name: &str, expires: &str| {
        let fields = [("name", name), ("role", "super-admin"), ("expires", expires)];
        browser.post("/account/api-keys/create", &fields).await
    };
    let kept = ["value=\"guest\"", "value=\"super-admin\" checked"];
    create("guest", "2000-01-01").await.expect(422).shows(&["would have expired"]).shows(&kept);
    create("guest", "soon").await.expect(422).shows(&["is not a date: write it like 2027-11-23"]).shows(&kept);
    create("guest", "2999-12-31").await.expect(200).shows(&["Expires: ", "2999"]);
    create("backup", "").await.expect(200).hides(&["Expires: "]);
    browser.get("/account/api-keys").await.shows(&["2999", "Never", "Active"]).hides(&["Expired"]);
    world.store.clock.advance_micros(provost_core::time::Span::days(366 * 1_000).0);
    browser.get("/account/api-keys").await.shows(&["Expired"]);
}

#[tokio::test]
async fn the_log_filters_pages_and_downloads() {
    let world = world().await;
    world.domain().await;
    let browser = world.super_admin().await;
    for number in 0..60 {
        world.user(&format!("user{number:02}"), "/").await;
    }
    let first = browser.get("/reporting/admin").await.expect(200).shows(&["User added", "user59@", "command line"]);
    assert!(!first.text.contains(">user00@"));
    let (_, next) = first.text.split_once("rel=\"next\"").map(|(before, _)| before.rsplit_once("href=\"").unwrap()).unwrap();
    let next = next.split('"').next().unwrap().replace("&amp;", "&");
    browser.get(&next).await.expect(200).shows(&["user00@", "Newest"]).hides(&["user59@"]);
    browser.get("/reporting/admin?name=CREATE_ADMIN").await.shows(&["root@example.com"]).hides(&["user59@"]);
    browser.get("/reporting/admin?user=user07%40example.com").await.shows(&["user07@"]).hides(&["user08@"]);
    browser
        .get("/reporting/admin?user=nobody%40example.com")
        .await
        .shows(&["There is no user nobody@example.com", "No event matches"]);
    browser.get("/reporting/admin?from=2999-01-01").await.shows(&["No event matches"]);
    browser.get("/reporting/admin?from=yesterday").await.expect(200).shows(&["A date could not be read"]);
    let csv = browser.get("/reporting/admin.csv?name=CREATE_USER").await.expect(200);
    assert!(csv.headers["content-disposition"].to_str().unwrap().contains("admin-log-events.csv"));
    assert_eq!(csv.text.lines().count(), 61);
    assert!(csv.text.contains("user00@example.com") && !csv.text.contains("root@example.com"));
}
