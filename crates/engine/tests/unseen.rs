//! Clocks of those whose turn does not come: the app has asked for a pause and others are in the queue, or a request of their own
//! hangs. Access that is lost, given back and lost again meanwhile is lost since the second time.

use provost_core::app::{Access, Action, GracePeriod, Rule, ServiceStatus};
use provost_core::directory::User;
use provost_core::provisioning::{Account, AccountState};
use provost_core::time::{Span, Timestamp};
use provost_store::directory::org_units;
use provost_store::directory::users::{self, UserEdit};
use provost_store::{Actor, accounts, apps};
use provost_testkit::{Fault, Recorded, World, wait_for};
use std::time::Duration;

const BY: Actor = Actor::CommandLine;

fn patch(request: &Recorded) -> bool {
    request.method == "PATCH"
}

/// A world with an account for each of these, the first of whom stands in /Leaving, and 7 days after the app is OFF.
async fn world_of<const N: usize>(names: [&str; N]) -> (World, [User; N]) {
    let world = World::new("netskope").await;
    org_units::add(&world.store, &BY, "/", "Leaving").await.expect("an org unit");
    let mut people = Vec::new();
    for name in names {
        let unit = if people.is_empty() { "/Leaving" } else { "/" };
        people.push(world.add(name, unit).await);
    }
    let mut config = world.config();
    let hard_delete = Some(Action { after: GracePeriod::Days7, edited_at: None });
    config.deprovisioning.app_off = Rule { suspend: None, hard_delete };
    world.turn_on(config).await;
    world.settle().await;
    (world, people.try_into().expect("as many as names"))
}

async fn retitle(world: &World, user: &User) {
    let edit = UserEdit { family_name: Some("Changed".to_owned()), ..UserEdit::default() };
    users::edit(&world.store, &BY, user.id, None, edit).await.expect("changed");
    world.store.wake();
}

/// The account's row, however much is still due.
async fn row(world: &World, user: &User) -> Account {
    let connection = world.connection().await;
    accounts::account(&world.store, connection.id, user.id).await.expect("the store answers").expect("there is an account")
}

/// Turns the app ON or OFF for /Leaving, an hour after whatever was before, and waits until the user's clock says so.
async fn turn(world: &World, user: &User, status: ServiceStatus) -> Timestamp {
    world.clock.advance_micros(Span::hours(1).0);
    let unit = org_units::find_by_path(&world.store, "/Leaving").await.expect("it was added");
    let mut access = Access { default: ServiceStatus::On, ..Access::default() };
    access.org_units.insert(unit.id, status);
    let at = world.store.now();
    apps::set_access(&world.store, &BY, world.app.id, None, access).await.expect("the service status is set");
    let off = status == ServiceStatus::Off;
    wait_for("the clock", || async { row(world, user).await.causes.app_off_since.is_some() == off }).await;
    at
}

/// OFF, ON and OFF: the clock runs from the second time on.
async fn off_on_off(world: &World, user: &User) -> Timestamp {
    turn(world, user, ServiceStatus::Off).await;
    turn(world, user, ServiceStatus::On).await;
    let lost = turn(world, user, ServiceStatus::Off).await;
    let account = row(world, user).await;
    let since = account.causes.app_off_since.expect("it runs");
    assert!(since >= lost && since < lost + Span::seconds(60), "lost at {lost}, its clock says {since}");
    assert_eq!(account.removal.map(|removal| removal.due), Some(since + Span::days(7)), "as the calendar says");
    since
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn access_lost_twice_while_the_app_wants_a_pause_is_lost_since_the_second_time() {
    let (world, [leaver, busy, queued]) = world_of(["ada", "bob", "cyd"]).await;
    world.proxy.clear();
    let wait = vec![("Retry-After".to_owned(), "21600".to_owned())];
    world.proxy.once(patch, Fault::Answer(429, wait, String::new()));
    retitle(&world, &busy).await;
    wait_for("the answer", || async { row(&world, &busy).await.failure.is_some() }).await;
    retitle(&world, &queued).await;
    let since = off_on_off(&world, &leaver).await;
    assert_eq!(world.proxy.recorded().len(), 1, "nothing is sent in the pause");
    assert!(row(&world, &leaver).await.due_at.is_some_and(|due| due <= world.store.now()), "its turn comes still");
    world.advance(Span::hours(6)).await;
    world.clock.advance_micros((since + Span::days(7) - world.store.now()).0 - Span::seconds(60).0);
    assert_eq!(world.account(&leaver).await.state, AccountState::Linked);
    world.advance(Span::seconds(120)).await;
    assert_eq!(world.account(&leaver).await.state, AccountState::Absent);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn access_lost_twice_while_a_request_hangs_is_lost_since_the_second_time() {
    let (world, [leaver]) = world_of(["ada"]).await;
    world.proxy.clear();
    world.proxy.once(patch, Fault::Delay(Duration::from_secs(6)));
    retitle(&world, &leaver).await;
    wait_for("the request", || async { world.proxy.recorded().len() == 1 }).await;
    let since = off_on_off(&world, &leaver).await;
    assert!(row(&world, &leaver).await.intent.is_some(), "it hangs still");
    assert_eq!(world.account(&leaver).await.causes.app_off_since, Some(since), "its answer says nothing of the clock");
}
