//! Removals wait for a clock that is not believed and for a database that was restored, and for nothing else.

use provost_core::app::{Action, GracePeriod, Rule};
use provost_core::directory::User;
use provost_core::provisioning::AccountState;
use provost_core::time::Span;
use provost_store::accounts::standstill::{self, StandstillReason};
use provost_store::apps::health;
use provost_store::directory::users::{self, UserEdit};
use provost_store::planning::explain;
use provost_store::{Actor, StoreError, accounts};
use provost_testkit::{Fault, World, wait_for};
use std::time::Duration;

const BY: Actor = Actor::CommandLine;

/// A user whose account is to be hard deleted a week after the deletion.
async fn world_with_a_leaver() -> (World, User) {
    let world = World::new("netskope").await;
    let user = world.add("ada", "/").await;
    let mut config = world.config();
    config.deprovisioning.deleted =
        Rule { suspend: None, hard_delete: Some(Action { after: GracePeriod::Days7, edited_at: None }) };
    world.turn_on(config).await;
    world.settle().await;
    (world, user)
}

fn deletes(world: &World) -> usize {
    world.proxy.recorded().iter().filter(|request| request.method == "DELETE").count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_whose_clock_differs_holds_removals_until_it_is_confirmed() {
    let (world, user) = world_with_a_leaver().await;
    let id = world.connection().await.id;
    let wrong = || vec![("Date".to_owned(), "Thu, 01 Jan 2015 00:00:00 GMT".to_owned())];
    world.proxy.once(|request| request.method == "PATCH", Fault::Answer(200, wrong(), "{}".to_owned()));
    for _ in 0..100 {
        let list = r#"{"totalResults":0,"Resources":[]}"#.to_owned();
        world.proxy.once(|request| request.method == "GET", Fault::Answer(200, wrong(), list));
    }
    let change = UserEdit { given_name: Some("Ada B.".to_owned()), ..UserEdit::default() };
    users::edit(&world.store, &BY, user.id, None, change).await.expect("an edit");
    world.settle().await;
    users::delete(&world.store, &BY, user.id).await.expect("a deletion");
    world.advance(Span::days(8)).await;
    let standing = async || standstill::standing(&world.store, id).await.expect("the store answers");
    wait_for("the standstill", async || !standing().await.is_empty()).await;
    world.settle().await;
    let held = standing().await;
    assert_eq!((held[0].reason, held[0].holds(), deletes(&world)), (StandstillReason::AppClock, true, 0));
    assert!(held[0].message.contains("behind"), "{}", held[0].message);
    let explained = explain(&world.store, &world.app.name, &user.id.to_string()).await.expect("explained").lines;
    assert!(explained.contains(&format!("Held: {}", held[0].message)), "{explained:?}");
    let made = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"joiner"}"#.to_owned();
    world.proxy.once(|request| request.method == "POST", Fault::Answer(201, wrong(), made));
    let joiner = world.add("joiner", "/").await;
    assert_eq!(world.account(&joiner).await.state, AccountState::Linked, "everything else goes on");

    let other = standstill::confirm(&world.store, &BY, id, StandstillReason::MachineClock).await;
    assert!(matches!(other, Err(StoreError::Invalid(_))), "what is not held cannot be confirmed");
    standstill::confirm(&world.store, &BY, id, StandstillReason::AppClock).await.expect("confirmed");
    wait_for("the removal", async || deletes(&world) == 1).await;
    let explained = explain(&world.store, &world.app.name, &user.id.to_string()).await.expect("explained").lines;
    assert!(!explained.iter().any(|line| line.starts_with("Held")), "{explained:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_database_holds_removals_until_it_is_confirmed() {
    let (world, user) = world_with_a_leaver().await;
    let id = world.connection().await.id;
    standstill::note(&world.store, id, StandstillReason::Restored, Span(1), "restored").await.expect("noted");
    users::delete(&world.store, &BY, user.id).await.expect("a deletion");
    world.advance(Span::days(8)).await;
    world.settle().await;
    assert_eq!(deletes(&world), 0);
    standstill::confirm(&world.store, &BY, id, StandstillReason::Restored).await.expect("confirmed");
    wait_for("the removal", async || deletes(&world) == 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_right_again_holds_nothing_though_nothing_is_due() {
    let (world, _) = world_with_a_leaver().await;
    let id = world.connection().await.id;
    for (reason, measured) in [(StandstillReason::MachineClock, Span::days(1)), (StandstillReason::Restored, Span(1))] {
        standstill::note(&world.store, id, reason, measured, "noted while something was due").await.expect("noted");
    }
    let standing = async || standstill::standing(&world.store, id).await.expect("the store answers");
    wait_for("the end of the hold", async || standing().await.len() == 1).await;
    assert_eq!(standing().await[0].reason, StandstillReason::Restored, "which only an administrator ends");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_refused_when_the_app_is_asked_for_its_time_stops_the_connection() {
    let (world, user) = world_with_a_leaver().await;
    let id = world.connection().await.id;
    let refusal = Fault::Answer(401, Vec::new(), "{}".to_owned());
    world.proxy.once(|request| request.path.contains("startIndex=1&count=1"), refusal);
    standstill::note(&world.store, id, StandstillReason::Restored, Span(1), "restored").await.expect("noted");
    users::delete(&world.store, &BY, user.id).await.expect("a deletion");
    world.advance(Span::days(8)).await;
    wait_for("the halt", async || world.connection().await.halt.is_some()).await;
    assert_eq!(deletes(&world), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removal_that_falls_due_while_the_app_rests_is_judged_when_the_app_may_be_asked_again() {
    let (world, user) = world_with_a_leaver().await;
    let id = world.connection().await.id;
    users::delete(&world.store, &BY, user.id).await.expect("a deletion");
    world.advance(Span::hours(7 * 24 - 1)).await;
    let two_hours = vec![("Retry-After".to_owned(), "7200".to_owned())];
    world.proxy.once(|request| request.method == "POST", Fault::Answer(429, two_hours, "{}".to_owned()));
    let joiner = world.add("joiner", "/").await;
    world.store.wake();
    let health = async || health::get(&world.store, id).await.expect("its health");
    wait_for("the pause", async || health().await.paused_until.is_some()).await;
    // It falls due, and there is time to judge it.
    world.clock.advance_micros(Span::seconds(3_660).0);
    world.store.wake();
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    standstill::note(&world.store, id, StandstillReason::Restored, Span(1), "restored").await.expect("noted");
    world.clock.advance_micros(Span::hours(1).0);
    world.store.wake();
    wait_for("the joiner's account", async || {
        let account = accounts::account(&world.store, id, joiner.id).await.expect("the store answers");
        account.is_some_and(|account| account.state == AccountState::Linked)
    })
    .await;
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(deletes(&world), 0, "it was judged before the backup was restored");
    standstill::confirm(&world.store, &BY, id, StandstillReason::Restored).await.expect("confirmed");
    wait_for("the removal", async || deletes(&world) == 1).await;
}
