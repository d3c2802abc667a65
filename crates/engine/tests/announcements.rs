//! Learning from `ServiceProviderConfig`, over HTTP: what an app announces of itself is how it is worked, counted in requests.

use provost_core::app::{Action, GracePeriod, HaltReason, Rule, UpdateVerb};
use provost_core::provisioning::AccountState;
use provost_core::time::Span;
use provost_store::Actor;
use provost_store::apps::announcement;
use provost_store::directory::users::{self, UserEdit};
use provost_testkit::{Fault, Recorded, World, wait_for};
use serde_json::{Value, json};

const BY: Actor = Actor::CommandLine;

fn announce(world: &World, config: &Value) {
    world.proxy.announce(200, config.to_string());
}

/// The requests since the last look: methods, with the paths of lists.
fn requests(world: &World) -> Vec<String> {
    let words = |request: Recorded| {
        let query = request.path.split_once('?').map(|(_, query)| format!(" {query}")).unwrap_or_default();
        format!("{}{query}", request.method)
    };
    let seen = world.proxy.recorded().into_iter().map(words).collect();
    world.proxy.clear();
    seen
}

async fn rename(world: &World, user: &provost_core::directory::User, given_name: &str) {
    let change = UserEdit { given_name: Some(given_name.to_owned()), ..UserEdit::default() };
    users::edit(&world.store, &BY, user.id, None, change).await.expect("an edit");
    world.settle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_without_an_announcement_is_worked_as_its_profile_says() {
    let world = World::new("generic").await;
    let ada = world.add("ada", "/").await;
    let connection = world.turn_on(world.config()).await;
    world.settle().await;
    assert_eq!(world.account(&ada).await.state, AccountState::Linked);
    let kept = announcement::get(&world.store, connection.id).await.expect("the store answers").expect("it was asked for");
    assert_eq!((kept.announced, kept.message), (None, None));
    assert_eq!(world.proxy.announcements_read(), 1);
    // Daily, not more often.
    world.advance(Span::hours(23)).await;
    assert_eq!(world.proxy.announcements_read(), 1);
    world.advance(Span::hours(2)).await;
    wait_for("the next reading", async || world.proxy.announcements_read() == 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_without_patch_gets_the_whole_account_also_when_it_is_suspended() {
    let world = World::new("generic").await;
    announce(&world, &json!({ "patch": { "supported": false } }));
    let ada = world.add("ada", "/").await;
    let mut config = world.config();
    config.deprovisioning.suspended.suspend = Some(Action { after: GracePeriod::Within24Hours, edited_at: None });
    world.turn_on(config).await;
    world.settle().await;
    assert_eq!(world.connection().await.profile.update, UpdateVerb::Put);
    requests(&world);
    rename(&world, &ada, "Augusta").await;
    assert_eq!(requests(&world), ["PUT"]);
    users::suspend(&world.store, &BY, ada.id, "away").await.expect("suspended");
    world.settle().await;
    assert_eq!(world.account(&ada).await.state, AccountState::Suspended);
    assert_eq!(requests(&world), ["PUT"]);
    assert_eq!(world.tenant_users().await, [("ada@example.com".to_owned(), false)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_without_filters_is_listed_and_nobody_is_searched_for() {
    let world = World::new("generic").await;
    announce(&world, &json!({ "filter": { "supported": false, "maxResults": 4 } }));
    let there: Vec<Value> = (0..6).map(|n| json!({ "id": format!("s{n}"), "userName": format!("s{n}@example.com") })).collect();
    world.put_accounts(&there).await;
    world.add("ada", "/").await;
    world.turn_on(world.config()).await;
    world.settle().await;
    // For one user too, by whom a search of the profile's kind would be made; and by pages of the size that is announced.
    assert_eq!(requests(&world), ["GET startIndex=1&count=4", "GET startIndex=5&count=4", "POST"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_that_pages_by_cursor_is_asked_so_from_the_first_page() {
    let world = World::new("generic").await;
    announce(&world, &json!({ "pagination": { "cursor": true, "maxPageSize": 2 } }));
    let page = |users: &[&str], next: Option<&str>| {
        let users: Vec<Value> = users.iter().map(|name| json!({ "id": name, "userName": name })).collect();
        let body = json!({ "Resources": users, "nextCursor": next, "itemsPerPage": 2 });
        Fault::Answer(200, Vec::new(), body.to_string())
    };
    world.proxy.once(|request| request.path.contains("cursor=&"), page(&["a", "b"], Some("next/1")));
    world.proxy.once(|request| request.path.contains("cursor=next%2F1"), page(&["c"], None));
    world.add("ada", "/").await;
    world.add("bo", "/").await;
    world.turn_on(world.config()).await;
    world.settle().await;
    let seen = requests(&world);
    assert_eq!(seen, ["GET cursor=&count=2", "GET cursor=next%2F1&count=2", "POST", "POST"]);
}

/// Makes the app one with versions: the tenant itself has none.
fn with_version(world: &World, method: &'static str, answer: u16, version: &str) {
    let body = json!({ "id": "a1", "userName": "ada@example.com", "active": true, "meta": { "version": version } });
    world.proxy.once(move |request| request.method == method, Fault::Answer(answer, Vec::new(), body.to_string()));
}

fn conditions(world: &World) -> Vec<(String, Option<String>)> {
    let seen = world.proxy.recorded().into_iter().map(|request| (request.method, request.if_match)).collect();
    world.proxy.clear();
    seen
}

fn sent(method: &str, if_match: Option<&str>) -> (String, Option<String>) {
    (method.to_owned(), if_match.map(str::to_owned))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_with_versions_is_never_overwritten_blindly() {
    let world = World::new("provost-tenant").await;
    announce(&world, &json!({ "etag": { "supported": true } }));
    let ada = world.add("ada", "/").await;
    let mut config = world.config();
    config.deprovisioning.deleted =
        Rule { suspend: None, hard_delete: Some(Action { after: GracePeriod::Days1, edited_at: None }) };
    with_version(&world, "POST", 201, "W/\"1\"");
    world.turn_on(config).await;
    world.settle().await;
    assert_eq!(world.account(&ada).await.version.as_deref(), Some("W/\"1\""));
    conditions(&world);
    with_version(&world, "PATCH", 200, "W/\"2\"");
    rename(&world, &ada, "Augusta").await;
    assert_eq!(conditions(&world), [sent("PATCH", Some("W/\"1\""))]);
    // Somebody else has changed it: read again, decided again, and only then written.
    world.proxy.once(|request| request.method == "PATCH", Fault::Answer(412, Vec::new(), "{}".to_owned()));
    with_version(&world, "GET", 200, "W/\"7\"");
    rename(&world, &ada, "Ada").await;
    with_version(&world, "PATCH", 200, "W/\"8\"");
    world.advance(Span::seconds(10)).await;
    let seen = conditions(&world);
    assert_eq!(seen, [sent("PATCH", Some("W/\"2\"")), sent("GET", None), sent("PATCH", Some("W/\"7\""))]);
    // A removal too.
    users::delete(&world.store, &BY, ada.id).await.expect("deleted");
    world.settle().await;
    world.proxy.once(|request| request.method == "DELETE", Fault::Answer(204, Vec::new(), String::new()));
    world.advance(Span::hours(25)).await;
    assert_eq!(conditions(&world), [sent("DELETE", Some("W/\"8\""))]);
    assert_eq!(world.account(&ada).await.state, AccountState::Absent);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_version_is_not_known_the_account_is_read_before_it_is_changed() {
    let world = World::new("provost-tenant").await;
    announce(&world, &json!({ "etag": { "supported": true } }));
    let ada = world.add("ada", "/").await;
    world.turn_on(world.config()).await;
    world.settle().await;
    // The tenant has no versions: the answer to the create showed none.
    let remote_id = world.account(&ada).await.remote_id.expect("linked");
    assert_eq!(world.account(&ada).await.version, None);
    conditions(&world);
    let (_, mut there) = world.call_tenant("GET", &format!("/Users/{remote_id}"), None).await;
    there["meta"]["version"] = json!("W/\"3\"");
    let shows = |body: &Value| Fault::Answer(200, Vec::new(), body.to_string());
    world.proxy.clear();
    world.proxy.once(|request| request.method == "GET", shows(&there));
    rename(&world, &ada, "Augusta").await;
    assert_eq!(conditions(&world), [sent("GET", None), sent("PATCH", Some("W/\"3\""))]);
    // The answer to the PATCH showed no version either. Meanwhile somebody has changed the account: it is read again, and only
    // then brought to what the directory says.
    there["name"]["givenName"] = json!("Somebody else's");
    there["meta"]["version"] = json!("W/\"4\"");
    world.proxy.once(|request| request.method == "GET", shows(&there));
    world.proxy.once(|request| request.method == "GET", shows(&there));
    rename(&world, &ada, "Ada").await;
    assert_eq!(conditions(&world), [sent("GET", None)], "nothing is sent on what was not seen");
    world.proxy.once(|request| request.method == "GET", shows(&there));
    world.advance(Span::seconds(10)).await;
    assert_eq!(conditions(&world), [sent("GET", None), sent("PATCH", Some("W/\"4\""))]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_profile_states_counts_before_the_announcement() {
    let world = World::new("netskope").await;
    announce(&world, &json!({ "patch": { "supported": false }, "filter": { "supported": false, "maxResults": 3 } }));
    let ada = world.add("ada", "/").await;
    world.turn_on(world.config()).await;
    world.settle().await;
    requests(&world);
    rename(&world, &ada, "Augusta").await;
    assert_eq!(requests(&world), ["PATCH"]);
    let profile = world.connection().await.profile;
    assert_eq!((profile.update, profile.matching_filterable, profile.page_size), (UpdateVerb::Patch, true, 100));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_announcement_that_cannot_be_read_stops_nothing_and_is_tried_again() {
    let world = World::new("generic").await;
    world.proxy.announce(503, "{}");
    let ada = world.add("ada", "/").await;
    let connection = world.turn_on(world.config()).await;
    world.settle().await;
    assert_eq!(world.account(&ada).await.state, AccountState::Linked);
    let kept = announcement::get(&world.store, connection.id).await.expect("the store answers").expect("it was tried");
    assert!(kept.message.is_some_and(|message| message.contains("503")));
    announce(&world, &json!({ "patch": { "supported": false } }));
    world.advance(Span::hours(2)).await;
    wait_for("what is announced", async || world.connection().await.profile.update == UpdateVerb::Put).await;
    // Later failures take nothing back.
    world.proxy.announce(500, "{}");
    world.advance(Span::hours(25)).await;
    wait_for("the failure", async || {
        announcement::get(&world.store, connection.id).await.ok().flatten().is_some_and(|kept| kept.message.is_some())
    })
    .await;
    assert_eq!(world.connection().await.profile.update, UpdateVerb::Put);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_refused_there_stops_the_connection() {
    let world = World::new("generic").await;
    world.proxy.announce(401, r#"{"detail":"token expired"}"#);
    world.add("ada", "/").await;
    let connection = world.turn_on(world.config()).await;
    wait_for("the halt", async || world.connection().await.halt.is_some()).await;
    let halt = world.connection().await.halt.expect("halted");
    assert_eq!((halt.reason, halt.message.as_str()), (HaltReason::NeedsReauthorization, "token expired"));
    assert_eq!(world.proxy.recorded().len(), 0);
    announce(&world, &json!({}));
    provost_store::apps::connections::reauthorize(&world.store, &BY, connection.id, &world.token, None)
        .await
        .expect("reauthorized");
    world.settle().await;
    assert_eq!(world.tenant_users().await.len(), 1);
}
