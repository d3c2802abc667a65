//! The guard over HTTP: unusual numbers of removals are held until an administrator approves or rejects them, and everything
//! else goes on.

use provost_core::app::{Action, ConnectionConfig, GracePeriod, Rule};
use provost_core::directory::User;
use provost_core::ids::UserId;
use provost_core::provisioning::AccountState;
use provost_core::time::Span;
use provost_store::accounts::{self, removals};
use provost_store::directory::users;
use provost_store::planning::explain;
use provost_store::{Actor, apps};
use provost_testkit::World;

const BY: Actor = Actor::CommandLine;

/// Ten people, a hard delete a day after the deletion; with ten accounts, three removals pass in 24 hours.
async fn ten_people() -> (World, Vec<User>) {
    let world = World::new("netskope").await;
    let mut people = Vec::new();
    for number in 0..10 {
        people.push(world.add(&format!("person{number}"), "/").await);
    }
    let config = world.config();
    let deleted = Rule { suspend: None, hard_delete: Some(Action { after: GracePeriod::Days1, edited_at: None }) };
    let deprovisioning = provost_core::app::DeprovisioningPolicy { deleted, ..config.deprovisioning };
    world.turn_on(ConnectionConfig { deprovisioning, ..config }).await;
    world.settle().await;
    assert_eq!(world.tenant_users().await.len(), 10, "{:?}", world.failures().await);
    (world, people)
}

async fn delete(world: &World, people: &[User]) {
    for person in people {
        users::delete(&world.store, &BY, person.id).await.expect("deleted");
    }
    world.settle().await;
}

async fn held(world: &World) -> Vec<UserId> {
    let rules = accounts::load_rules(&world.store, world.connection().await.id).await.expect("rules");
    let held = removals::held(&world.store, &rules, world.store.now()).await.expect("held");
    held.into_iter().map(|candidate| candidate.user_id).collect()
}

fn deletes(world: &World) -> usize {
    world.proxy.recorded().iter().filter(|request| request.method == "DELETE").count()
}

async fn decide(world: &World, people: &[UserId], approve: bool) {
    let connection = world.connection().await.id;
    removals::decide_held(&world.store, &BY, connection, None, Some(people), approve).await.expect("decided");
    world.store.wake();
    world.settle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn up_to_the_limit_removals_pass() {
    let (world, people) = ten_people().await;
    delete(&world, &people[..3]).await;
    world.advance(Span::days(1)).await;
    assert_eq!((deletes(&world), held(&world).await.len()), (3, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn above_the_limit_all_are_held_and_everything_else_goes_on() {
    let (world, people) = ten_people().await;
    delete(&world, &people[..5]).await;
    world.advance(Span::hours(30)).await;
    assert_eq!((deletes(&world), held(&world).await.len()), (0, 5), "not one of them was sent");
    let joiner = world.add("joiner", "/").await;
    assert_eq!(world.account(&joiner).await.state, AccountState::Linked, "a create is not held");

    decide(&world, &[people[0].id, people[1].id], true).await;
    assert_eq!(deletes(&world), 2, "the approved ones go");
    assert_eq!(world.account(&people[0]).await.state, AccountState::Absent);

    decide(&world, &[people[2].id], false).await;
    assert_eq!((deletes(&world), held(&world).await.len()), (2, 2), "approving some lets nobody else go");
    decide(&world, &[people[3].id, people[4].id], true).await;
    assert_eq!(deletes(&world), 4);
    assert_eq!(world.account(&people[2]).await.state, AccountState::Linked, "the rejected one stays");
    world.advance(Span::days(3)).await;
    assert_eq!(deletes(&world), 4, "and is not asked about again for this cause");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn explain_tells_what_was_decided_and_what_was_done() {
    let (world, people) = ten_people().await;
    delete(&world, &people[..5]).await;
    world.advance(Span::hours(30)).await;
    decide(&world, &[people[0].id], true).await;
    decide(&world, &[people[1].id], false).await;
    let told = async |person: &User| {
        let told = explain(&world.store, &world.app.name, &person.id.to_string()).await.expect("explained");
        (told.held, told.lines.join("\n"))
    };
    let (held, gone) = told(&people[0]).await;
    assert!(!held && gone.contains("Account in Netskope: none.\nLast change: hard deleted at 20"), "{gone}");
    assert!(gone.contains(" (cause: deleted), approved by an administrator."), "{gone}");
    let (held, rejected) = told(&people[1]).await;
    assert!(!held && rejected.contains("Rejected by an administrator: not sent while this cause holds."), "{rejected}");
    assert!(rejected.contains("Last change: created or taken over at 20"), "{rejected}");
    let (held, waits) = told(&people[2]).await;
    assert!(held && waits.contains("Held: too many removals at once"), "{waits}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_whose_cause_has_ended_drops_out_of_the_hold() {
    let (world, people) = ten_people().await;
    delete(&world, &people[..5]).await;
    world.advance(Span::hours(30)).await;
    assert_eq!(held(&world).await.len(), 5);
    users::restore(&world.store, &BY, people[0].id, None).await.expect("restored");
    world.settle().await;
    assert!(!held(&world).await.contains(&people[0].id));
    assert_eq!(deletes(&world), 0);
    decide(&world, &people[1..5].iter().map(|person| person.id).collect::<Vec<_>>(), true).await;
    assert_eq!(deletes(&world), 4);
    assert_eq!(world.tenant_users().await.len(), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_outlives_turning_off_and_on_and_the_store_says_what_waits() {
    let (world, people) = ten_people().await;
    delete(&world, &people[..5]).await;
    world.advance(Span::hours(30)).await;
    let connection = world.connection().await.id;
    let holds = removals::holds(&world.store, connection).await.expect("holds");
    assert_eq!(holds.len(), 1);
    assert_eq!((holds[0].limit, holds[0].waiting), (3, 5));
    apps::connections::turn_off(&world.store, &BY, connection).await.expect("off");
    apps::connections::turn_on(&world.store, &BY, connection, None).await.expect("on");
    world.settle().await;
    assert_eq!((deletes(&world), held(&world).await.len()), (0, 5));
}
