//! Faults between the engine and the app, over HTTP: lost answers, accounts that were there, tokens that end, addresses in
//! use, apps that ask to wait.

use provost_core::app::{Action, GracePeriod, HaltReason, Rule, Scope, ScopeGroup, ScopeMembers, ScopeMode};
use provost_core::provisioning::{AccountState, FailureKind};
use provost_core::time::Span;
use provost_platform::Secret;
use provost_store::apps::connections;
use provost_store::directory::groups;
use provost_store::directory::users::{self, UserEdit};
use provost_store::{Actor, accounts};
use provost_tenant::tokens::{self, Grant, Lifetime, LifetimeUnit, Permission};
use provost_testkit::{Fault, Recorded, World, wait_for};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const BY: Actor = Actor::CommandLine;

fn create(request: &Recorded) -> bool {
    request.method == "POST"
}

async fn world() -> World {
    World::new("netskope").await
}

async fn make_in_tenant(world: &World, body: Value) {
    provost_platform::install_tls_provider();
    let url = format!("{}/api/v2/scim/Users", world.proxy.url);
    let answer = reqwest::Client::new().post(url).bearer_auth(world.token.expose()).json(&body).send().await.expect("an answer");
    assert_eq!(answer.status(), 201);
}

fn person(name: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": format!("{name}@example.com"),
        "emails": [{ "value": format!("{name}@example.com"), "primary": true, "type": "work" }],
        "active": true,
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_create_whose_answer_is_lost_is_looked_up_and_not_doubled() {
    let world = world().await;
    let user = world.add("ada", "/").await;
    world.proxy.once(create, Fault::LoseAnswer);
    world.turn_on(world.config()).await;
    world.settle().await;
    assert_eq!(world.proxy.faults_left(), 0);
    world.advance(Span::seconds(10)).await;
    assert_eq!(world.tenant_users().await.len(), 1);
    let account = world.account(&user).await;
    assert_eq!((account.state, account.failure), (AccountState::Linked, None));
    let methods: Vec<String> = world.proxy.recorded().into_iter().map(|request| request.method).collect();
    assert_eq!(methods.iter().filter(|method| *method == "POST").count(), 1, "{methods:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_create_that_never_arrived_is_sent_again_after_a_look() {
    let world = world().await;
    let user = world.add("ada", "/").await;
    world.proxy.once(create, Fault::LoseRequest);
    world.turn_on(world.config()).await;
    world.settle().await;
    world.advance(Span::seconds(10)).await;
    assert_eq!(world.account(&user).await.state, AccountState::Linked);
    let methods: Vec<String> = world.proxy.recorded().into_iter().map(|request| request.method).collect();
    assert_eq!(methods, ["POST", "GET", "POST"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_was_there_before_is_adopted_and_then_brought_up_to_date() {
    let world = world().await;
    make_in_tenant(&world, person("ada")).await;
    world.proxy.clear();
    let user = world.add("ada", "/").await;
    world.turn_on(world.config()).await;
    world.settle().await;
    let account = world.account(&user).await;
    assert_eq!((account.state, account.failure), (AccountState::Linked, None));
    assert_eq!(world.tenant_users().await.len(), 1);
    let methods: Vec<String> = world.proxy.recorded().into_iter().map(|request| request.method).take(3).collect();
    assert_eq!(methods, ["POST", "GET", "PATCH"], "a conflict, a look, and in a second step the update");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_removed_behind_our_back_is_looked_up_and_made_again() {
    let world = world().await;
    let user = world.add("ada", "/").await;
    world.turn_on(world.config()).await;
    world.settle().await;
    let remote = world.account(&user).await.remote_id.expect("it is linked");
    let url = format!("{}/api/v2/scim/Users/{remote}", world.proxy.url);
    reqwest::Client::new().delete(url).bearer_auth(world.token.expose()).send().await.expect("an answer");
    world.proxy.clear();
    let change = UserEdit { given_name: Some("Augusta".to_owned()), ..UserEdit::default() };
    users::edit(&world.store, &BY, user.id, None, change).await.expect("an edit");
    world.settle().await;
    let account = world.account(&user).await;
    assert_eq!(account.state, AccountState::Linked);
    assert_ne!(account.remote_id, Some(remote));
    let methods: Vec<String> = world.proxy.recorded().into_iter().map(|request| request.method).collect();
    assert_eq!(methods, ["PATCH", "GET", "POST"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_401_stops_everything_and_a_new_token_resumes() {
    let world = world().await;
    for number in 0..60 {
        world.add(&format!("person{number}"), "/").await;
    }
    let connection = world.turn_on(world.config()).await;
    wait_for("some creates", async || world.proxy.recorded().len() >= 10).await;
    let record = tokens::list(&world.tenant).await.expect("tokens").remove(0);
    tokens::revoke(&world.tenant, record.id).await.expect("revoked");
    wait_for("the halt", async || world.connection().await.halt.is_some()).await;
    let halt = world.connection().await.halt.expect("halted");
    assert_eq!(halt.reason, HaltReason::NeedsReauthorization);
    // Requests that were sent before the 401 was read may still be on their way to the proxy.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let begun = world.proxy.recorded().len();
    world.clock.advance_micros(Span::hours(1).0);
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(world.proxy.recorded().len(), begun, "a request started after the first 401 had been read");
    let counts = accounts::counts(&world.store, connection.id, world.store.now()).await.expect("counts");
    assert!(counts.linked < 60, "work remained");
    let secret = new_token(&world, Permission::ReadWrite).await;
    connections::reauthorize(&world.store, &BY, connection.id, &secret, None).await.expect("reauthorized");
    world.settle().await;
    let counts = accounts::counts(&world.store, connection.id, world.store.now()).await.expect("counts");
    assert_eq!((counts.linked, counts.failing, counts.due), (60, 0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_401_to_the_old_token_leaves_the_new_one_at_work() {
    let world = world().await;
    let connection = world.turn_on(world.config()).await;
    let record = tokens::list(&world.tenant).await.expect("tokens").remove(0);
    tokens::revoke(&world.tenant, record.id).await.expect("revoked");
    let is_create = |request: &Recorded| request.method == "POST";
    world.proxy.once(is_create, Fault::DelayAnswer(Duration::from_secs(1)));
    let ada = world.add("ada", "/").await;
    world.store.wake();
    wait_for("the create", async || world.proxy.recorded().iter().any(is_create)).await;
    let secret = new_token(&world, Permission::ReadWrite).await;
    connections::reauthorize(&world.store, &BY, connection.id, &secret, None).await.expect("a new token");
    world.settle().await;
    assert_eq!(world.connection().await.halt, None, "the refused token is not the one that it has");
    assert_eq!(world.account(&ada).await.state, AccountState::Linked);
    assert_eq!(world.proxy.recorded().iter().filter(|request| is_create(request)).count(), 2, "refused once, then made");
}

async fn new_token(world: &World, permission: Permission) -> Secret {
    let grant = Grant::new("/api/v2/scim/Users", permission).expect("a known endpoint");
    let day = Lifetime::new(1, LifetimeUnit::Days).expect("a day");
    tokens::create(&world.tenant, &format!("token {permission:?}"), vec![grant], day).await.expect("a token")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_only_token_is_found_out_by_the_write_probe() {
    let world = world().await;
    let reading = new_token(&world, Permission::Read).await;
    let endpoint = format!("{}/api/v2/scim", world.proxy.url);
    let test = async |token: &Secret| {
        let id =
            provost_store::apps::tests::request_test(&world.store, &BY, world.app.id, &endpoint, token).await.expect("asked");
        wait_for("the answer", async || {
            provost_store::apps::tests::test_result(&world.store, id).await.expect("the store answers").is_some()
        })
        .await;
        provost_store::apps::tests::test_result(&world.store, id).await.expect("the store answers").expect("answered")
    };
    let read_only = test(&reading).await;
    assert!(!read_only.ok && read_only.can_write == Some(false) && read_only.message.contains("Read + Write"), "{read_only:?}");
    let good = test(&world.token).await;
    assert!(good.ok && good.can_write == Some(true), "{good:?}");
    let wrong = test(&Secret::new("nsk_wrong")).await;
    assert!(!wrong.ok && wrong.message.contains("refused the token"), "{wrong:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_loses_its_privilege_stops_the_connection() {
    let world = world().await;
    world.add("ada", "/").await;
    let reading = new_token(&world, Permission::Read).await;
    let connection = connections::configure(&world.store, &BY, world.app.id, world.config(), &reading).await.expect("configured");
    connections::turn_on(&world.store, &BY, connection.id, None).await.expect("on");
    wait_for("the halt", async || world.connection().await.halt.is_some()).await;
    assert_eq!(world.connection().await.halt.expect("halted").reason, HaltReason::TokenCannotWrite);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_403_for_one_user_is_that_users_failure() {
    let world = world().await;
    let refused = world.add("ada", "/").await;
    let other = world.add("bo", "/").await;
    let ada = |request: &Recorded| request.method == "POST" && request.body.contains("ada@example.com");
    world.proxy.once(ada, Fault::Answer(403, Vec::new(), r#"{"detail":"not this one"}"#.to_owned()));
    world.turn_on(world.config()).await;
    world.settle().await;
    let failure = world.account(&refused).await.failure.expect("failing");
    assert_eq!((failure.kind, failure.retry_at), (FailureKind::Forbidden, None));
    assert!(failure.message.contains("\"not this one\""), "{}", failure.message);
    assert_eq!(world.account(&other).await.state, AccountState::Linked);
    assert_eq!(world.connection().await.halt, None);
    accounts::retry(&world.store, &BY, world.connection().await.id, Some(refused.id)).await.expect("retried");
    world.settle().await;
    assert_eq!(world.account(&refused).await.state, AccountState::Linked);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_that_asks_to_wait_is_waited_for() {
    let world = world().await;
    let user = world.add("ada", "/").await;
    let wait = vec![("Retry-After".to_owned(), "120".to_owned())];
    world.proxy.once(create, Fault::Answer(429, wait, r#"{"message":"slow down"}"#.to_owned()));
    world.turn_on(world.config()).await;
    world.settle().await;
    world.advance(Span::seconds(110)).await;
    assert_eq!(world.proxy.recorded().len(), 1, "a request before Retry-After had ended");
    let message = world.account(&user).await.failure.expect("listed").message;
    assert!(message.contains("\"slow down\""), "{message}");
    world.advance(Span::seconds(15)).await;
    assert_eq!(world.account(&user).await.state, AccountState::Linked);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_in_use_by_a_leavers_account_waits_for_it() {
    let world = world().await;
    let leaver = world.add("ada", "/").await;
    let mut config = world.config();
    config.deprovisioning.deleted =
        Rule { suspend: None, hard_delete: Some(Action { after: GracePeriod::Days7, edited_at: None }) };
    world.turn_on(config).await;
    world.settle().await;
    users::delete(&world.store, &BY, leaver.id).await.expect("deleted");
    let joiner = world.add("ada", "/").await;
    world.settle().await;
    let failure = world.account(&joiner).await.failure.expect("the address is held");
    let FailureKind::AddressHeld { by, until, .. } = failure.kind else { panic!("{failure:?}") };
    assert_eq!(by, leaver.id);
    assert!(until.is_some(), "it says until when");
    assert_eq!(world.tenant_users().await.len(), 1, "not adopted, not doubled");
    world.advance(Span::days(8)).await;
    // Both were due then. Where the app refused the joiner in the moment in which it removed the leaver, the joiner comes again.
    world.advance(Span::hours(1)).await;
    assert_eq!(world.account(&joiner).await.state, AccountState::Linked);
    assert_eq!(world.account(&leaver).await.state, AccountState::Absent);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_on_the_wire_within_a_second() {
    let world = world().await;
    let user = world.add("ada", "/").await;
    world.turn_on(world.config()).await;
    world.settle().await;
    for turn in 0..5 {
        world.proxy.clear();
        let begun = Instant::now();
        let change = UserEdit { given_name: Some(format!("Ada {turn}")), ..UserEdit::default() };
        users::edit(&world.store, &BY, user.id, None, change).await.expect("an edit");
        world.store.wake();
        wait_for("the request", async || !world.proxy.recorded().is_empty()).await;
        let waited = world.proxy.recorded()[0].at - begun;
        assert!(waited < Duration::from_secs(1), "{waited:?}");
        world.settle().await;
        assert_eq!(world.proxy.recorded().len(), 1, "one change, one request");
    }
}

/// Found by the simulator: the search asked for the new name only, and a second account was made.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_whose_rename_was_lost_and_whose_id_is_denied_is_found_under_its_old_name() {
    let world = world().await;
    let user = world.add("ada", "/").await;
    world.turn_on(world.config()).await;
    world.settle().await;
    let remote = world.account(&user).await.remote_id;
    world.proxy.clear();
    world.proxy.once(|request| request.method == "PATCH", Fault::LoseRequest);
    world.proxy.once(|request| request.path.contains("/Users/"), Fault::Answer(404, Vec::new(), "{}".to_owned()));
    let change = UserEdit { primary_email: Some("augusta@example.com".to_owned()), ..UserEdit::default() };
    users::edit(&world.store, &BY, user.id, None, change).await.expect("a rename");
    world.settle().await;
    for _ in 0..3 {
        world.advance(Span::seconds(60)).await;
    }
    assert_eq!(world.tenant_users().await, [("augusta@example.com".to_owned(), true)]);
    let account = world.account(&user).await;
    assert_eq!((account.remote_id, account.failure), (remote, None));
}

/// Found by the simulator: the stranger was adopted, and the user had two accounts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_with_the_new_name_is_not_taken_for_the_account_whose_id_is_denied() {
    let world = world().await;
    let user = world.add("ada", "/").await;
    world.turn_on(world.config()).await;
    world.settle().await;
    let remote = world.account(&user).await.remote_id;
    make_in_tenant(&world, person("augusta")).await;
    world.proxy.once(|request| request.method == "PATCH", Fault::LoseRequest);
    world.proxy.once(|request| request.path.contains("/Users/"), Fault::Answer(404, Vec::new(), "{}".to_owned()));
    let change = UserEdit { primary_email: Some("augusta@example.com".to_owned()), ..UserEdit::default() };
    users::edit(&world.store, &BY, user.id, None, change).await.expect("a rename");
    for _ in 0..3 {
        world.advance(Span::seconds(60)).await;
    }
    assert_eq!(world.proxy.faults_left(), 0);
    let account = world.account(&user).await;
    assert_eq!(account.remote_id, remote, "{:?}", account.failure);
    assert_eq!(account.failure.map(|failure| failure.kind), Some(FailureKind::Conflict));
}

/// Found by the simulator: it was linked to whoever had left, and deleted for them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_under_the_name_of_a_lost_account_is_nothing_to_somebody_who_is_to_have_none() {
    let world = world().await;
    let user = world.add("ada", "/").await;
    let mut config = world.config();
    config.deprovisioning.suspended.hard_delete = Some(Action { after: GracePeriod::Days1, edited_at: None });
    world.turn_on(config).await;
    world.settle().await;
    let remote = world.account(&user).await.remote_id.expect("linked");
    world.proxy.once(|request| request.method == "PATCH", Fault::LoseAnswer);
    let change = UserEdit { given_name: Some("Augusta".to_owned()), ..UserEdit::default() };
    users::edit(&world.store, &BY, user.id, None, change).await.expect("an edit");
    world.settle().await;
    world.call_tenant("DELETE", &format!("/Users/{remote}"), None).await;
    make_in_tenant(&world, person("ada")).await;
    users::suspend(&world.store, &BY, user.id, "leave").await.expect("suspended");
    world.advance(Span::seconds(60)).await;
    assert_eq!(world.account(&user).await.state, AccountState::Absent);
    world.advance(Span::days(2)).await;
    assert_eq!(world.tenant_users().await, [("ada@example.com".to_owned(), true)]);
}

/// Found by the simulator: what waited in the queue was begun on the connection's new revision.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn removals_in_the_queue_are_not_sent_after_their_scope_group_was_deleted() {
    let world = world().await;
    for number in 0..60 {
        world.add(&format!("person{number}"), "/").await;
    }
    let mut config = world.config();
    config.deprovisioning.app_off.hard_delete = Some(Action { after: GracePeriod::Within24Hours, edited_at: None });
    config.limits.floor = 1_000;
    let connection = world.turn_on(config.clone()).await;
    world.settle().await;
    let group = groups::add(&world.store, &BY, "empty@example.com", "Empty", "").await.expect("a group").id;
    let entry = ScopeGroup { group, members: ScopeMembers::Direct, deleted_since: None };
    config.scope = Scope { mode: ScopeMode::Groups, groups: vec![entry] };
    connections::edit(&world.store, &BY, connection.id, None, config, true).await.expect("nobody is in scope");
    world.settle().await;
    world.proxy.clear();
    let removal = |request: &Recorded| request.method == "DELETE";
    world.proxy.every(removal, Fault::Delay(Duration::from_millis(500)));
    world.clock.advance_micros(Span::hours(1).0);
    wait_for("some removals", async || world.proxy.recorded().iter().any(removal)).await;
    groups::delete(&world.store, &BY, group).await.expect("deleted");
    let begun = world.proxy.recorded().into_iter().filter(removal).count();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let sent = world.proxy.recorded().into_iter().filter(removal).count();
    // Those whose intent was committed may still be on their way.
    assert!(sent <= 16, "{begun} were begun before, {sent} of 60 were sent");
}

/// The simulator found that a joiner was given the account, and its owner another one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_joiner_with_the_old_address_of_somebody_who_is_looked_for_does_not_get_their_account() {
    let world = world().await;
    let user = world.add("ada", "/").await;
    world.turn_on(world.config()).await;
    let theirs = world.account(&user).await.remote_id.expect("it is linked");
    // The app denies the account for a moment, and cannot be searched.
    let refused = |status| Fault::Answer(status, Vec::new(), "{}".to_owned());
    world.proxy.once(|request| request.method == "PATCH", refused(404));
    world.proxy.once(|request| request.path.contains("filter="), refused(500));
    let rename = UserEdit { primary_email: Some("augusta@example.com".to_owned()), ..UserEdit::default() };
    users::edit(&world.store, &BY, user.id, None, rename).await.expect("renamed");
    world.settle().await;
    let joiner = world.add("ada", "/").await;
    world.settle().await;
    for seconds in [10, 40, 150, 700] {
        world.advance(Span::seconds(seconds)).await;
    }
    assert_eq!(world.failures().await, Vec::<String>::new());
    assert_eq!(world.account(&user).await.remote_id, Some(theirs.clone()), "it is still theirs");
    assert_ne!(world.account(&joiner).await.remote_id, Some(theirs));
    let names: Vec<String> = world.tenant_users().await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["ada@example.com", "augusta@example.com"]);
}
