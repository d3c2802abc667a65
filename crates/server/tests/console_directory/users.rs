//! Users: list, page, and every change, with what provisioning will do about it.

use crate::support::{World, world};
use provost_core::app::{Access, Action, ConnectionConfig, GracePeriod, ServiceStatus, SsoDetails, profile};
use provost_core::directory::{User, UserState};
use provost_db::Batch;
use provost_platform::Secret;
use provost_store::apps::{self, connections};
use provost_store::directory::{org_units, users};
use provost_store::{Actor, schedule};

fn page_of(user: &User) -> String {
    format!("/directory/users/{}", user.id)
}

async fn present(world: &World, user: &User) -> User {
    users::get(&world.store, user.id).await.unwrap()
}

#[tokio::test]
async fn the_list_searches_filters_and_pages() {
    let world = world().await;
    world.domain().await;
    world.unit("/", "Sales").await;
    for number in 0..60 {
        world.user(&format!("user{number:02}"), if number < 3 { "/Sales" } else { "/" }).await;
    }
    let gone = world.user("zoe", "/").await;
    users::delete(&world.store, &Actor::CommandLine, gone.id).await.unwrap();
    let browser = world.super_admin().await;
    let first = browser.get("/directory/users").await.expect(200).shows(&[
        "user00@",
        "user49@",
        "60 active · 1 deleted",
        "id=\"user-list\"",
    ]);
    assert!(!first.text.contains("user50@") && !first.text.contains("zoe@"));
    let (_, next) = first.text.split_once("href=\"/directory/users?after=").unwrap();
    let next = next.split('"').next().unwrap();
    browser.get(&format!("/directory/users?after={next}")).await.shows(&["user50@", "user59@", "First page"]).hides(&["user49@"]);
    browser.get("/directory/users?q=USER07").await.shows(&["user07@"]).hides(&["user08@"]);
    browser.get("/directory/users?state=deleted").await.shows(&["zoe@"]).hides(&["user00@"]);
    let sales = org_units::find_by_path(&world.store, "/Sales").await.unwrap().id;
    browser.get(&format!("/directory/users?org_unit={sales}")).await.shows(&["user02@"]).hides(&["user03@"]);
    browser.get("/directory/users?q=%3Cscript%3E").await.shows(&["No user matches", "&lt;script&gt;"]).hides(&["<script>"]);
}

#[tokio::test]
async fn a_user_is_added_or_refused_with_what_was_typed() {
    let world = world().await;
    world.domain().await;
    let browser = world.super_admin().await;
    let form = |email| [("given_name", "Ada"), ("family_name", "Lovelace"), ("primary_email", email), ("org_unit", "/")];
    browser
        .post("/directory/users/add", &form("ada@elsewhere.example"))
        .await
        .expect(422)
        .shows(&["elsewhere.example is not one of", "value=\"Lovelace\""]);
    let added = browser.post("/directory/users/add", &form("Ada@example.com")).await;
    browser.get(&added.leads()).await.expect(200).shows(&["Ada Lovelace", "ada@", "Active", "User added"]);
    browser.post("/directory/users/add", &form("ada@example.com")).await.expect(422).shows(&["exists already"]);
}

#[tokio::test]
async fn an_edit_sets_attributes_and_a_stale_one_is_refused() {
    let world = world().await;
    world.domain().await;
    let user = world.user("ada", "/").await;
    let browser = world.super_admin().await;
    let edit = format!("{}/edit", page_of(&user));
    let page = browser
        .get(&edit)
        .await
        .expect(200)
        .shows(&["Cost center", "Manager&#39;s email"].map(|text| text.split('&').next().unwrap()));
    let revision = page.hidden("revision");
    let form = |title, revision| {
        [
            ("given_name", "Ada"),
            ("family_name", "King"),
            ("user.organizations.title", title),
            ("user.phones.work", "+49 1"),
            ("revision", revision),
        ]
    };
    assert_eq!(browser.post(&edit, &form("Countess", &revision)).await.leads(), page_of(&user));
    let now = present(&world, &user).await;
    assert_eq!((now.full_name().as_str(), now.attributes["organizations"][0]["title"].as_str()), ("Ada King", Some("Countess")));
    browser.get(&page_of(&user)).await.shows(&["Ada King", "Countess", "+49 1", "User attributes changed", "root@example.com"]);
    let stale =
        browser.post(&edit, &form("Duchess", &revision)).await.expect(409).shows(&["changed meanwhile", "value=\"Duchess\""]);
    assert_eq!(stale.hidden("revision"), revision, "a second click is refused too");
    assert_eq!(present(&world, &user).await, now);
    browser.post(&edit, &[("given_name", "Ada"), ("family_name", "X")]).await.expect(422);
    let unchanged = form("Countess", "2");
    let same = browser.post(&edit, &unchanged).await;
    assert_eq!((same.leads(), present(&world, &user).await.revision), (page_of(&user), 2));
}

#[tokio::test]
async fn a_rename_and_a_move_are_chosen_confirmed_and_done() {
    let world = world().await;
    world.domain().await;
    world.unit("/", "Sales").await;
    let user = world.user("ada", "/").await;
    let browser = world.super_admin().await;
    let (rename, relocate) = (format!("{}/rename", page_of(&user)), format!("{}/move", page_of(&user)));
    browser.get(&rename).await.shows(&["Primary email", "Continue"]);
    let asked = browser
        .get(&format!("{rename}?email=Countess%40example.com"))
        .await
        .shows(&["Rename ada@example.com to countess@example.com?", "RENAME"]);
    assert_eq!(present(&world, &user).await.primary_email, "ada@example.com", "asking changes nothing");
    let revision = asked.hidden("revision");
    browser
        .post(&rename, &[("email", "ada@elsewhere.example"), ("revision", &revision)])
        .await
        .expect(422)
        .shows(&["is not one of"]);
    browser.post(&rename, &[("email", &asked.hidden("email")), ("revision", &revision)]).await.leads();
    assert_eq!(present(&world, &user).await.primary_email, "countess@example.com");
    browser.post(&relocate, &[("org_unit", "/Sales"), ("revision", &revision)]).await.expect(409);
    let asked = browser.get(&format!("{relocate}?org_unit=%2FSales")).await.shows(&["to /Sales?", "From /", "MOVE"]);
    browser.post(&relocate, &[("org_unit", "/Sales"), ("revision", &asked.hidden("revision"))]).await.leads();
    browser.get(&page_of(&user)).await.shows(&["Sales", "User moved"]);
    browser.get(&format!("{relocate}?org_unit=%2FNowhere")).await.expect(404);
}

#[tokio::test]
async fn every_status_verb_asks_is_done_and_can_be_undone() {
    let world = world().await;
    world.domain().await;
    let user = world.user("ada", "/").await;
    let browser = world.super_admin().await;
    for (verb, label, state) in [
        ("suspend", "SUSPEND", UserState::Suspended),
        ("unsuspend", "REACTIVATE", UserState::Active),
        ("archive", "ARCHIVE", UserState::Archived),
        ("unarchive", "UNARCHIVE", UserState::Active),
        ("delete", "DELETE", UserState::Deleted),
        ("restore", "RESTORE", UserState::Active),
    ] {
        let path = format!("{}/{verb}", page_of(&user));
        browser.get(&path).await.expect(200).shows(&[label, "No app has autoprovisioning"]);
        let reply = browser.post(&path, &[("reason", "on leave"), ("org_unit", "")]).await;
        assert_eq!((reply.leads(), present(&world, &user).await.status.state()), (page_of(&user), state), "{verb}");
        browser.get(&path).await.expect(200).hides(&[&format!(">{label}<")]);
        browser.post(&path, &[]).await.expect(422);
    }
    browser.get(&page_of(&user)).await.shows(&["on leave", "User restored"]);
}

/// Netskope, ON but for `/Contractors`: `suspended` deletes after 7 days, `app_off` after 1 day, `deleted` never. Ada has an
/// account there.
async fn app_with_account(world: &World, user: &User) {
    let (store, by) = (&world.store, &Actor::CommandLine);
    let app = apps::create(store, by, "Netskope", "netskope").await.unwrap();
    let sso = SsoDetails { acs_url: "https://tenant.example/acs".to_owned(), entity_id: "tenant".to_owned() };
    let app = apps::set_sso(store, by, app.id, None, Some(sso)).await.unwrap();
    let contractors = org_units::find_by_path(store, "/Contractors").await.unwrap().id;
    let access =
        Access { default: ServiceStatus::On, org_units: [(contractors, ServiceStatus::Off)].into(), ..Access::default() };
    apps::set_access(store, by, app.id, None, access).await.unwrap();
    let mut config = ConnectionConfig::new("http://127.0.0.1:8090/api/v2/scim", profile("netskope").unwrap());
    let after = |after| Some(Action { after, edited_at: None });
    config.deprovisioning.suspended.hard_delete = after(GracePeriod::Days7);
    config.deprovisioning.app_off.hard_delete = after(GracePeriod::Days1);
    let connection = connections::configure(store, by, app.id, config, &Secret::new("token".to_owned())).await.unwrap();
    while schedule::expand_sweeps(store, 100).await.unwrap() > 0 {}
    let mut batch = Batch::new();
    let sql = "UPDATE account SET state = 'linked', remote_id = 'r1', applied = '{}' WHERE connection_id = $1 AND user_id = $2";
    batch.expect(1, sql, [connection.id.get().into(), user.id.get().into()]);
    store.db.commit(batch).await.unwrap();
}

#[tokio::test]
async fn confirm_pages_say_what_provisioning_will_do() {
    let world = world().await;
    world.domain().await;
    world.unit("/", "Contractors").await;
    let user = world.user("ada", "/").await;
    let outsider = world.user("bob", "/Contractors").await;
    app_with_account(&world, &user).await;
    let browser = world.super_admin().await;
    let ask = async |rest: &str| browser.get(&format!("{}/{rest}", page_of(&user))).await.expect(200);
    ask("suspend").await.shows(&[
        "<strong>hard-deleted</strong>",
        "in 7 days",
        "the user is suspended",
        "nothing is sent before it is turned on",
    ]);
    ask("move?org_unit=%2FContractors").await.shows(&["<strong>hard-deleted</strong>", "in 1 day", "out of scope"]);
    ask("delete")
        .await
        .shows(&["stays as it is, usable", "nothing is ticked", "When a user is deleted"])
        .hides(&["hard-deleted"]);
    ask("archive").await.shows(&["left as it is", "grace periods stand still"]);
    ask("rename?email=countess%40example.com").await.shows(&["brought up to date at once"]);
    users::suspend(&world.store, &Actor::CommandLine, user.id, "").await.unwrap();
    ask("unsuspend").await.shows(&["Cancelled: hard-deleting the account"]);
    ask("delete").await.shows(&["As before", "hard-deleted"]);
    let other = browser.get(&format!("{}/suspend", page_of(&outsider))).await;
    other.shows(&["There is no account, and none is made"]);
    browser.get(&page_of(&user)).await.shows(&["Netskope", "In use", "/autoprovisioning/explain?user="]);
    browser.get("/").await.shows(&["Netskope", "Syncing inactive", "Held removals", "Removals due"]);
}
