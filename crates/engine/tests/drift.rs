//! Drift checks, over HTTP: what somebody changes in the app is found, and repaired, reported or accepted.

use provost_core::app::{Action, DriftRule, DriftSettings, GracePeriod};
use provost_core::directory::User;
use provost_core::provisioning::{AccountState, DriftKind};
use provost_core::time::Span;
use provost_store::Actor;
use provost_store::apps::connections;
use provost_store::directory::users::{self, UserEdit};
use provost_store::log::{self, LogQuery, names};
use provost_store::remote::{self, DriftAction, FoundDifference, Listing, ListingState};
use provost_tenant::tokens;
use provost_testkit::{Fault, Recorded, World, wait_for};
use serde_json::{Value, json};
use std::time::Duration;

const BY: Actor = Actor::CommandLine;

/// A world in which `count` people have their accounts.
async fn synced(catalogue: &str, count: usize) -> (World, Vec<User>) {
    let world = World::new(catalogue).await;
    world.turn_on(world.config()).await;
    let mut people = Vec::new();
    for number in 0..count {
        people.push(world.add(&format!("person{number:03}"), "/").await);
    }
    world.settle().await;
    assert_eq!(world.tenant_users().await.len(), count);
    world.proxy.clear();
    (world, people)
}

/// Checks, and waits until the check is over and what it has made due is done.
async fn check(world: &World, rule: Option<DriftRule>) -> Listing {
    let connection = world.connection().await;
    let asked = remote::request_check(&world.store, &BY, connection.id, rule).await.expect("asked");
    over(world, asked.id).await
}

async fn over(world: &World, id: i64) -> Listing {
    let connection = world.connection().await.id;
    let last = async || remote::last_check(&world.store, connection).await.expect("the store answers").expect("a check");
    wait_for("the check is over", async || {
        let check = last().await;
        check.id >= id && !check.state.is_open()
    })
    .await;
    world.settle().await;
    last().await
}

async fn found(world: &World, listing: &Listing) -> Vec<FoundDifference> {
    remote::differences(&world.store, listing, None, 1_000).await.expect("a page").items
}

/// The account's path in the app.
async fn path(world: &World, user: &User) -> String {
    format!("/Users/{}", world.account(user).await.remote_id.expect("it is linked"))
}

/// Somebody else changes an attribute of the account.
async fn change(world: &World, user: &User, attribute: &str, value: Value) {
    let operation = json!({ "op": "replace", "path": attribute, "value": value });
    let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation] });
    let (status, answer) = world.call_tenant("PATCH", &path(world, user).await, Some(body)).await;
    assert!((200..300).contains(&status), "{status} {answer}");
}

async fn shown(world: &World, user: &User) -> Value {
    world.call_tenant("GET", &path(world, user).await, None).await.1
}

fn methods(world: &World) -> Vec<String> {
    let kind = |request: &Recorded| match request.method.as_str() {
        "GET" if request.path.contains("filter=") => "SEARCH".to_owned(),
        "GET" if request.path.contains("startIndex=") => "LIST".to_owned(),
        method => method.to_owned(),
    };
    world.proxy.recorded().iter().map(kind).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nothing_differs_a_check_takes_its_pages_and_nothing_else() {
    let (world, _) = synced("netskope", 150).await;
    let check = check(&world, None).await;
    assert_eq!(check.state, ListingState::Done, "{:?}", check.message);
    assert_eq!((check.pages, check.listed, check.counts.held, check.counts.differences()), (2, 150, 150, 0));
    assert_eq!(methods(&world), ["LIST", "LIST"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_changed_is_brought_back_with_the_smallest_requests() {
    let (world, people) = synced("netskope-suspend", 20).await;
    change(&world, &people[0], "name.givenName", json!("Mallory")).await;
    change(&world, &people[1], "active", json!(false)).await;
    let gone = path(&world, &people[2]).await;
    world.call_tenant("DELETE", &gone, None).await;
    world.put_accounts(&[json!({ "id": "stranger", "userName": "stranger@example.com", "active": true })]).await;
    world.proxy.clear();
    let check = check(&world, None).await;
    assert_eq!(check.state, ListingState::Done, "{:?}", check.message);
    let counts = check.counts;
    assert_eq!((counts.changed, counts.suspended, counts.missing, counts.repaired), (1, 1, 1, 3));
    assert_eq!((counts.unmanaged, counts.unmanaged_new), (1, 1));
    let mut sent = methods(&world);
    sent.sort();
    // The missing one is read by its id, then searched for, then made again.
    assert_eq!(sent, ["GET", "LIST", "PATCH", "PATCH", "POST", "SEARCH"]);
    let patches: Vec<Value> = world
        .proxy
        .recorded()
        .iter()
        .filter(|request| request.method == "PATCH")
        .map(|request| serde_json::from_str::<Value>(&request.body).expect("JSON")["Operations"].clone())
        .collect();
    assert!(patches.contains(&json!([{ "op": "replace", "path": "name.givenName", "value": "person000" }])), "{patches:?}");
    assert!(patches.contains(&json!([{ "op": "replace", "path": "active", "value": true }])), "{patches:?}");
    let differences = found(&world, &check).await;
    let changed = differences.iter().find(|one| one.kind == DriftKind::Changed).expect("it is listed");
    let change = &changed.changes[0];
    assert_eq!(
        (change.attribute.as_str(), &change.ours, &change.theirs),
        ("name.givenName", &Some(json!("person000")), &Some(json!("Mallory")))
    );
    assert_eq!(shown(&world, &people[0]).await["name"]["givenName"], "person000");
    assert_eq!(shown(&world, &people[1]).await["active"], true);
    assert_ne!(path(&world, &people[2]).await, gone);
    assert_eq!(world.tenant_users().await.len(), 21, "the stranger was not touched");
    let again = self::check(&world, None).await;
    assert_eq!((again.counts.differences(), again.counts.unmanaged, again.counts.unmanaged_new), (0, 1, 0));
    let query = LogQuery { name: Some(names::AUTO_PROV_DRIFT_CHECK_FINISHED.to_owned()), limit: 10, ..LogQuery::default() };
    assert_eq!(log::list(&world.store, &query).await.expect("the log").items.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_lists_and_sends_nothing() {
    let (world, people) = synced("netskope", 12).await;
    change(&world, &people[0], "displayName", json!("Somebody")).await;
    let gone = path(&world, &people[1]).await;
    world.call_tenant("DELETE", &gone, None).await;
    world.proxy.clear();
    let check = check(&world, Some(DriftRule::Report)).await;
    assert_eq!(methods(&world), ["LIST", "GET"]);
    let differences = found(&world, &check).await;
    assert_eq!(
        differences.iter().map(|one| (one.kind, one.action)).collect::<Vec<_>>(),
        [(DriftKind::Changed, DriftAction::Reported), (DriftKind::Missing, DriftAction::Reported)]
    );
    world.proxy.clear();
    connections::sync_now(&world.store, &BY, world.connection().await.id).await.expect("a full pass");
    world.settle().await;
    assert_eq!(methods(&world), Vec::<String>::new(), "what was only reported is not sent by the next pass");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_accepted_stands_until_the_directory_changes_it() {
    let (world, people) = synced("netskope", 12).await;
    change(&world, &people[0], "displayName", json!("Somebody")).await;
    let first = check(&world, Some(DriftRule::Accept)).await;
    assert_eq!((first.counts.changed, first.counts.accepted), (1, 1));
    let second = check(&world, Some(DriftRule::Report)).await;
    assert_eq!((second.counts.changed, second.counts.accepted), (1, 1), "it stays accepted");
    let edit = UserEdit { given_name: Some("Augusta".to_owned()), ..UserEdit::default() };
    users::edit(&world.store, &BY, people[0].id, None, edit).await.expect("an edit");
    world.settle().await;
    let account = shown(&world, &people[0]).await;
    assert_eq!((&account["displayName"], &account["name"]["givenName"]), (&json!("Augusta Tester"), &json!("Augusta")));
    let third = check(&world, Some(DriftRule::Report)).await;
    assert_eq!(third.counts.differences(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_list_is_not_believed() {
    let (world, _) = synced("netskope", 12).await;
    let nobody = json!({ "totalResults": 0, "Resources": [] }).to_string();
    world.proxy.once(|request| request.path.contains("startIndex="), Fault::Answer(200, Vec::new(), nobody));
    let held = check(&world, None).await;
    assert_eq!(held.state, ListingState::Held);
    assert!(held.message.as_deref().is_some_and(|message| message.contains("12 of the 12")), "{:?}", held.message);
    assert_eq!(methods(&world), ["LIST"], "nothing was done about it");
    let whole = check(&world, None).await;
    assert_eq!((whole.state, whole.counts.differences()), (ListingState::Done, 0), "the next listing is whole again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_many_are_gone_the_check_is_held_until_it_is_confirmed() {
    let (world, people) = synced("netskope", 12).await;
    for user in &people[..5] {
        let path = path(&world, user).await;
        world.call_tenant("DELETE", &path, None).await;
    }
    world.proxy.clear();
    let held = check(&world, None).await;
    assert_eq!(held.state, ListingState::Held);
    world.advance(Span::hours(2)).await;
    assert_eq!(methods(&world), ["LIST"]);
    remote::confirm(&world.store, &BY, held.connection).await.expect("confirmed");
    let done = over(&world, held.id).await;
    assert_eq!((done.state, done.counts.missing, done.counts.repaired), (ListingState::Done, 5, 5));
    assert_eq!(world.tenant_users().await.len(), 12, "they are made again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_of_ours_that_a_page_has_skipped_is_not_missing() {
    let (world, people) = synced("netskope", 12).await;
    let mut all = world.call_tenant("GET", "/Users?startIndex=1&count=100", None).await.1;
    let shown = all["Resources"].as_array_mut().expect("a list");
    shown.retain(|account| account["userName"] != json!(people[3].primary_email));
    all["totalResults"] = json!(11);
    world.proxy.clear();
    world.proxy.once(|request| request.path.contains("startIndex="), Fault::Answer(200, Vec::new(), all.to_string()));
    let check = check(&world, None).await;
    assert_eq!((check.state, check.counts.differences()), (ListingState::Done, 0));
    assert_eq!(methods(&world), ["LIST", "GET"], "it was read before it was called missing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspended_account_that_somebody_reactivates_is_suspended_again_by_its_cause() {
    let world = World::new("netskope-suspend").await;
    let mut config = world.config();
    config.deprovisioning.suspended.suspend = Some(Action { after: GracePeriod::Within24Hours, edited_at: None });
    world.turn_on(config).await;
    let user = world.add("ada", "/").await;
    world.add("bob", "/").await;
    world.settle().await;
    users::suspend(&world.store, &BY, user.id, "leave").await.expect("suspended");
    world.settle().await;
    wait_for("the suspend", async || world.account(&user).await.state == AccountState::Suspended).await;
    change(&world, &user, "active", json!(true)).await;
    let check = check(&world, None).await;
    assert_eq!((check.counts.reactivated, check.counts.repaired), (1, 1));
    wait_for("the second suspend", async || world.account(&user).await.state == AccountState::Suspended).await;
    assert_eq!(shown(&world, &user).await["active"], false);
    let query = LogQuery { name: Some(names::SUSPEND_AUTO_PROVISIONED_USER.to_owned()), limit: 10, ..LogQuery::default() };
    assert_eq!(log::list(&world.store, &query).await.expect("the log").items.len(), 2, "by its cause and the guard");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn turned_off_a_check_stops_within_a_second_and_goes_on_where_it_stood() {
    let (world, _) = synced("netskope", 250).await;
    world.proxy.once(|request| request.path.contains("startIndex=101"), Fault::Delay(Duration::from_millis(700)));
    let connection = world.connection().await.id;
    let asked = remote::request_check(&world.store, &BY, connection, None).await.expect("asked");
    wait_for("the second page", async || methods(&world).len() == 2).await;
    connections::turn_off(&world.store, &BY, connection).await.expect("turned off");
    tokio::time::sleep(Duration::from_millis(1_800)).await;
    assert_eq!(methods(&world).len(), 2, "no page after the click");
    connections::turn_on(&world.store, &BY, connection, None).await.expect("turned on");
    let done = over(&world, asked.id).await;
    assert_eq!((done.state, done.listed, done.counts.differences()), (ListingState::Done, 250, 0));
    let first = world.proxy.recorded().iter().filter(|request| request.path.contains("startIndex=1&")).count();
    assert_eq!(first, 1, "it does not begin anew");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_that_a_restart_interrupts_goes_on_where_it_stood() {
    let (mut world, people) = synced("netskope", 310).await;
    change(&world, &people[0], "displayName", json!("Somebody")).await;
    world.proxy.clear();
    world.proxy.once(|request| request.path.contains("startIndex=201"), Fault::Delay(Duration::from_secs(2)));
    let connection = world.connection().await.id;
    let asked = remote::request_check(&world.store, &BY, connection, Some(DriftRule::Report)).await.expect("asked");
    wait_for("the third page", async || methods(&world).len() == 3).await;
    let before = remote::last_check(&world.store, connection).await.expect("the store answers").expect("a check");
    assert_eq!((before.id, before.pages, before.listed), (asked.id, 2, 200), "two pages are kept");
    world.restart_engine().await;
    let done = over(&world, asked.id).await;
    assert_eq!((done.id, done.state, done.pages, done.listed), (asked.id, ListingState::Done, 4, 310), "{:?}", done.message);
    assert_eq!((done.counts.changed, done.counts.differences()), (1, 1), "what was found before is not forgotten");
    let starts = |start: u32| {
        let part = format!("startIndex={start}&");
        world.proxy.recorded().iter().filter(|request| request.path.contains(&part)).count()
    };
    assert_eq!([1, 101, 301].map(starts), [1, 1, 1], "no page is asked for twice but the one whose answer was not awaited");
    assert_eq!(starts(201), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_that_cannot_list_fails_and_says_so() {
    let (world, _) = synced("netskope", 3).await;
    world.proxy.once(|_| true, Fault::Answer(403, Vec::new(), r#"{"detail":"this token may not list"}"#.to_owned()));
    let failed = check(&world, None).await;
    assert_eq!(failed.state, ListingState::Failed);
    assert!(failed.message.as_deref().is_some_and(|message| message.contains("this token may not list")), "{:?}", failed.message);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_begins_by_itself_every_week() {
    let world = World::new("netskope").await;
    let mut config = world.config();
    config.drift = DriftSettings::default();
    let connection = world.turn_on(config).await;
    world.add("ada", "/").await;
    world.settle().await;
    let checks = async || remote::last_check(&world.store, connection.id).await.expect("the store answers");
    world.advance(Span::days(6)).await;
    assert_eq!(checks().await, None, "not too early");
    world.advance(Span::hours(25)).await;
    wait_for("the check", async || checks().await.is_some_and(|check| check.state == ListingState::Done)).await;
    let first = checks().await.expect("a check");
    assert_eq!(first.requested_by, Actor::Engine.label());
    world.advance(Span::hours(169)).await;
    wait_for("the next one", async || checks().await.is_some_and(|check| check.id > first.id && !check.state.is_open())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_was_removed_while_a_page_with_it_was_under_way_is_no_strangers() {
    let world = World::new("netskope").await;
    let mut config = world.config();
    config.deprovisioning.deleted.hard_delete = Some(Action { after: GracePeriod::Days7, edited_at: None });
    let connection = world.turn_on(config).await.id;
    let leaver = world.add("leaver", "/").await;
    world.add("ada", "/").await;
    world.settle().await;
    users::delete(&world.store, &BY, leaver.id).await.expect("deleted");
    world.advance(Span::hours(7 * 24 - 1)).await;
    world.proxy.clear();
    let is_list = |request: &Recorded| request.path.contains("startIndex=");
    world.proxy.once(is_list, Fault::DelayAnswer(Duration::from_secs(2)));
    let asked = remote::request_check(&world.store, &BY, connection, None).await.expect("asked");
    wait_for("the page is asked for", async || world.proxy.recorded().iter().any(is_list)).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    world.clock.advance_micros(Span::hours(2).0);
    world.store.wake();
    wait_for("the removal", async || world.tenant_users().await.len() == 1).await;
    let check = over(&world, asked.id).await;
    assert_eq!((check.state, check.counts.unmanaged, check.counts.differences()), (ListingState::Done, 0, 0), "{check:?}");
    assert_eq!(remote::unmanaged_count(&world.store, connection).await.expect("a count"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_is_moved_to_another_app_is_looked_through_and_everybody_gets_an_account_there() {
    let (world, people) = synced("netskope", 3).await;
    let other = World::new("netskope").await;
    // One of them has an account there already.
    other.put_accounts(&[json!({ "id": "old", "userName": people[0].primary_email, "active": true })]).await;
    let connection = world.connection().await;
    let mut config = connection.config.clone();
    config.endpoint = format!("{}/api/v2/scim", other.proxy.url);
    config.drift.rule = DriftRule::Report;
    connections::edit(&world.store, &BY, connection.id, None, config, false).await.expect("edited");
    assert!(world.connection().await.halt.is_some(), "the token is not sent to another host");
    connections::reauthorize(&world.store, &BY, connection.id, &other.token, None).await.expect("a token of the other app");
    world.store.wake();
    wait_for("three accounts", async || other.tenant_users().await.len() == 3).await;
    world.settle().await;
    assert_eq!(world.failures().await, Vec::<String>::new());
    assert_eq!(path(&world, &people[0]).await, "/Users/old", "it was adopted");
    assert_eq!(world.tenant_users().await.len(), 3, "nothing is sent to the old app any more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_token_is_not_forgotten_though_the_connection_was_turned_off_meanwhile() {
    let (world, _) = synced("netskope", 3).await;
    let connection = world.connection().await.id;
    for token in tokens::list(&world.tenant).await.expect("tokens") {
        tokens::revoke(&world.tenant, token.id).await.expect("revoked");
    }
    let is_list = |request: &Recorded| request.path.contains("startIndex=");
    world.proxy.once(is_list, Fault::DelayAnswer(Duration::from_secs(1)));
    remote::request_check(&world.store, &BY, connection, None).await.expect("asked");
    wait_for("the page is asked for", async || world.proxy.recorded().iter().any(is_list)).await;
    connections::turn_off(&world.store, &BY, connection).await.expect("turned off");
    wait_for("the halt", async || world.connection().await.halt.is_some()).await;
    connections::turn_on(&world.store, &BY, connection, None).await.expect("turned on");
    world.store.wake();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(methods(&world), ["LIST"], "nothing is sent before there is a new token");
}
