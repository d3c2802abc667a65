//! Who may see and do what: every page and every form, by the list.

use crate::support::world;
use provost_store::Actor;
use provost_store::admins::{self, Role};
use provost_store::directory::{domains, groups, org_units};

/// Pages that only read, of the world of [`every_page`].
fn reading(ids: &Ids) -> Vec<String> {
    let own = ["/", "/directory/users", "/directory/groups", "/directory/org-units", "/directory/domains", "/reporting/admin"];
    let mut paths: Vec<String> = own.into_iter().map(str::to_owned).collect();
    paths.extend(["/account/admins", "/account/api-keys", "/reporting/admin.csv"].map(str::to_owned));
    paths.push(format!("/directory/users/{}", ids.user));
    paths.push(format!("/directory/groups/{}", ids.group));
    paths.push(format!("/directory/org-units/{}", ids.unit));
    paths
}

/// Pages that ask before a change; the form of each posts to the same path.
fn changing(ids: &Ids) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    for verb in ["edit", "rename", "move", "suspend", "unsuspend", "archive", "unarchive", "delete", "restore"] {
        paths.push(format!("/directory/users/{}/{verb}", ids.user));
    }
    for verb in ["edit", "delete"] {
        paths.push(format!("/directory/groups/{}/{verb}", ids.group));
        paths.push(format!("/directory/org-units/{}/{verb}", ids.unit));
    }
    paths.push(format!("/directory/groups/{}/members/remove?member=a", ids.group));
    for verb in ["primary", "remove"] {
        paths.push(format!("/directory/domains/{}/{verb}", ids.domain));
    }
    for verb in ["role", "password", "disable"] {
        paths.push(format!("/account/admins/{}/{verb}", ids.admin));
    }
    paths.push(format!("/account/api-keys/{}/revoke", ids.key));
    for path in [
        "/directory/users/add",
        "/directory/groups/add",
        "/directory/org-units/add",
        "/account/admins/add",
        "/account/api-keys/create",
    ] {
        paths.push(path.to_owned());
    }
    paths
}

/// Forms that stand on other pages.
fn posted_only(ids: &Ids) -> Vec<String> {
    vec![format!("/directory/groups/{}/members/add", ids.group), "/directory/domains/add".to_owned()]
}

struct Ids {
    user: String,
    group: String,
    unit: String,
    domain: String,
    admin: String,
    key: String,
}

async fn ids(world: &crate::support::World) -> Ids {
    let (store, by) = (&world.store, &Actor::CommandLine);
    world.domain().await;
    world.unit("/", "Sales").await;
    let admin = world.admin("third@example.com", Role::SuperAdmin).await;
    admins::create_key(store, by, "script", Role::Auditor, None).await.unwrap();
    Ids {
        user: world.user("ada", "/Sales").await.id.to_string(),
        group: groups::add(store, by, "eng@example.com", "Engineering", "").await.unwrap().id.to_string(),
        unit: org_units::find_by_path(store, "/Sales").await.unwrap().id.to_string(),
        domain: domains::list(store).await.unwrap()[0].id.to_string(),
        admin: admin.id.to_string(),
        key: admins::list_keys(store).await.unwrap()[0].key.id.to_string(),
    }
}

#[tokio::test]
async fn whoever_is_not_signed_in_sees_and_does_nothing() {
    let world = world().await;
    let ids = ids(&world).await;
    let before = world.events().await;
    let stranger = world.stranger();
    for path in reading(&ids).iter().chain(&changing(&ids)) {
        let reply = stranger.get(path).await;
        assert!(reply.leads().starts_with("/sign-in") && !reply.text.contains("ada"), "{path}");
    }
    for path in changing(&ids).iter().chain(&posted_only(&ids)) {
        assert_eq!(stranger.post(path, &[]).await.leads(), "/sign-in", "{path}");
    }
    assert_eq!(world.events().await, before);
}

#[tokio::test]
async fn an_auditor_reads_every_page_and_changes_nothing() {
    let world = world().await;
    let ids = ids(&world).await;
    let auditor = world.auditor().await;
    let before = world.events().await;
    for path in reading(&ids) {
        let reply = auditor.get(&path).await.expect(200);
        for control in [
            "Add user",
            "Add group",
            "Add organizational",
            "Add domain",
            "Add member",
            "Add administrator",
            "Create key",
            "Actions",
        ] {
            assert!(!reply.text.contains(control), "{control} on {path}");
        }
        assert_eq!(reply.text.matches("method=\"post\"").count(), reply.text.matches("action=\"/sign-out\"").count(), "{path}");
    }
    for path in changing(&ids) {
        auditor.get(&path).await.expect(403).shows(&["You may look, not change"]);
    }
    for path in changing(&ids).iter().chain(&posted_only(&ids)) {
        auditor.post(path, &[("name", "x"), ("email", "x@example.com")]).await.expect(403);
    }
    assert_eq!(world.events().await, before);
}

#[tokio::test]
async fn a_super_admin_opens_every_page() {
    let world = world().await;
    let ids = ids(&world).await;
    let browser = world.super_admin().await;
    for path in reading(&ids).iter().chain(&changing(&ids)) {
        browser.get(path).await.expect(200);
    }
    for path in [
        "/directory/users/7",
        "/directory/groups/7",
        "/directory/org-units/7",
        "/account/admins/7/role",
        "/nowhere",
        "/directory/users/x",
    ] {
        browser.get(path).await.expect(404);
    }
    browser.get(&format!("/directory/users/{}/explode", ids.user)).await.expect(404);
}

#[tokio::test]
async fn a_form_on_another_site_changes_nothing() {
    let world = world().await;
    let ids = ids(&world).await;
    let browser = world.super_admin().await;
    let before = world.events().await;
    for path in changing(&ids).iter().chain(&posted_only(&ids)) {
        for site in ["cross-site", "same-site"] {
            browser.post_from(path, &[("name", "x")], site).await.expect(403).shows(&["Request refused"]);
        }
    }
    assert_eq!(world.events().await, before);
    browser.get("/directory/users").await.expect(200);
}
