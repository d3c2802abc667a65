//! What has gone wrong in other systems, each by its name.

use provost_core::directory::User;
use provost_core::provisioning::AccountState;
use provost_core::time::Span;
use provost_store::accounts::{load_rules, removals};
use provost_store::apps::health;
use provost_store::directory::users::{self, UserEdit};
use provost_store::{Actor, apps};
use provost_testkit::faulty::{Armed, FaultyWorld, TargetFault, foreign_account};

const BY: Actor = Actor::CommandLine;

async fn ten_people(catalogue: &str) -> (FaultyWorld, Vec<User>) {
    let world = FaultyWorld::new(catalogue).await;
    let mut people = Vec::new();
    for number in 0..10 {
        people.push(world.add(&format!("person{number}")).await);
    }
    world.turn_on(world.config()).await;
    world.settle().await;
    assert_eq!(world.target.count(), 10);
    (world, people)
}

fn removed(world: &FaultyWorld) -> usize {
    world.target.seen().iter().filter(|seen| seen.method == "DELETE" || seen.body.contains(r#""value":false"#)).count()
}

/// A target whose list and searches are empty is not taken for one without accounts: nobody linked is touched.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_lists_nothing() {
    let (world, people) = ten_people("generic").await;
    let operation = provost_core::provisioning::OperationKind::LookUp;
    world.target.arm(Armed { fault: TargetFault::BlindSearch, variant: "", operation });
    world.target.clear();
    apps::connections::sync_now(&world.store, &BY, world.connection().await.id).await.expect("a pass");
    world.settle().await;
    world.advance(Span::days(2)).await;
    assert_eq!((world.target.count(), removed(&world)), (10, 0));
    for person in &people {
        assert_eq!(world.account(person).await.expect("a row").state, AccountState::Linked);
    }
}

/// A policy or a filter that would remove everybody is held by the guard: not one request is sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_filter_that_would_delete_all() {
    let (world, people) = ten_people("generic").await;
    for person in &people {
        users::delete(&world.store, &BY, person.id).await.expect("deleted");
    }
    world.settle().await;
    world.advance(Span::days(3)).await;
    assert_eq!((world.target.count(), removed(&world)), (10, 0));
    let rules = load_rules(&world.store, world.connection().await.id).await.expect("rules");
    assert_eq!(removals::held(&world.store, &rules, world.store.now()).await.expect("held").len(), 10);
}

/// A rename keeps the account: no second one, no removal.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rename() {
    let (world, people) = ten_people("netskope").await;
    let id = world.account(&people[0]).await.expect("a row").remote_id;
    let change = UserEdit { primary_email: Some("married@example.com".to_owned()), ..UserEdit::default() };
    users::edit(&world.store, &BY, people[0].id, None, change).await.expect("renamed");
    world.settle().await;
    assert_eq!((world.target.count(), removed(&world)), (10, 0));
    let named = world.target.named("married@example.com");
    assert_eq!(named.first().and_then(|account| account["id"].as_str().map(str::to_owned)), id);
}

/// 429 in the middle of a listing: nothing before its time, nobody made twice, everybody there in the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_429_in_mid_page() {
    let world = FaultyWorld::new("generic-unfiltered").await;
    world.target.set_rules(false, 10);
    world.add_strangers(25);
    world.target.add(foreign_account("ada@example.com"), false);
    world.watch("ada@example.com", None, &["ada@example.com"]);
    let operation = provost_core::provisioning::OperationKind::LookUp;
    world.target.arm(Armed { fault: TargetFault::TooManyRequests, variant: "seconds", operation });
    let user = world.add("ada").await;
    world.turn_on(world.config()).await;
    provost_testkit::wait_for("the 429", async || world.target.seen().iter().any(|seen| seen.met)).await;
    // Until the engine has read it: its time to wait begins then.
    let id = world.connection().await.id;
    let paused = async || health::get(&world.store, id).await.is_ok_and(|health| health.paused_until.is_some());
    provost_testkit::wait_for("the pause", paused).await;
    // The reader of the list waits, and Ada with it: nothing comes to rest, and nothing may be sent.
    world.clock.advance_micros(Span::seconds(60).0);
    world.store.wake();
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert_eq!(world.target.seen().len(), 1, "a request before its time");
    world.clock.advance_micros(Span::seconds(60).0);
    world.target.lift();
    for step in [1, 60, 900] {
        world.advance(Span::seconds(step)).await;
    }
    assert_eq!(world.target.violations(), Vec::<String>::new());
    assert_eq!((world.target.named("ada@example.com").len(), world.target.count()), (1, 26));
    assert_eq!(world.account(&user).await.expect("a row").failure, None);
}

/// An account that the app had already is adopted and brought up to date, not doubled.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_the_app_already_had() {
    for catalogue in ["generic", "netskope", "generic-unfiltered"] {
        let world = FaultyWorld::new(catalogue).await;
        world.target.add(foreign_account("Ada@Example.com"), false);
        let user = world.add("ada").await;
        world.turn_on(world.config()).await;
        world.settle().await;
        assert_eq!(world.account(&user).await.expect("a row").state, AccountState::Linked, "{catalogue}");
        let accounts = world.target.named("ada@example.com");
        assert_eq!((accounts.len(), world.target.count()), (1, 1), "{catalogue}");
        assert_eq!(accounts[0]["name"]["givenName"], "ada", "{catalogue}");
    }
}

/// The directory has forgotten the user, and the account goes all the same, by what its row remembers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delete_whose_local_row_is_gone() {
    let (world, people) = ten_people("generic").await;
    let mut config = world.config();
    let delete = provost_core::app::Action { after: provost_core::app::GracePeriod::Days21, edited_at: None };
    config.deprovisioning.deleted.hard_delete = Some(delete);
    let connection = world.connection().await;
    apps::connections::edit(&world.store, &BY, connection.id, Some(connection.revision), config, true).await.expect("edited");
    users::delete(&world.store, &BY, people[0].id).await.expect("deleted");
    world.settle().await;
    // Past the 20 days in which the directory can restore a user.
    world.advance(Span::hours(20 * 24 + 12)).await;
    users::purge_expired(&world.store).await.expect("purged");
    assert!(users::find_deleted(&world.store, &people[0].primary_email).await.is_err(), "the directory has forgotten them");
    assert_eq!(removed(&world), 0, "not before its time");
    world.advance(Span::hours(24)).await;
    assert_eq!((world.target.count(), removed(&world)), (9, 1));
}

/// Two users take each other's addresses: each keeps the account, and both end with the right names.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_name_swap() {
    let (world, people) = ten_people("generic").await;
    let ids =
        [world.account(&people[0]).await.expect("a row").remote_id, world.account(&people[1]).await.expect("a row").remote_id];
    let rename = async |user: &User, name: &str| {
        let change = UserEdit { primary_email: Some(format!("{name}@example.com")), ..UserEdit::default() };
        users::edit(&world.store, &BY, user.id, None, change).await.expect("renamed");
    };
    rename(&people[0], "between").await;
    rename(&people[1], "person0").await;
    rename(&people[0], "person1").await;
    world.settle().await;
    for step in [10, 60, 200, 900] {
        world.advance(Span::seconds(step)).await;
    }
    for (person, (id, name)) in people.iter().zip(ids.iter().zip(["person1@example.com", "person0@example.com"])) {
        let named = world.target.named(name);
        assert_eq!(named.len(), 1, "{name}");
        assert_eq!(named[0]["id"].as_str().map(str::to_owned), *id, "{name}");
        assert_eq!(world.account(person).await.expect("a row").failure, None, "{name}");
    }
    assert_eq!((world.target.count(), removed(&world)), (10, 0));
}
