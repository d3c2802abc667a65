//! Due removals, the guard's holds, and verdicts on them.

use crate::world::{BY, World, on_each_engine};
use provost_core::app::{Action, Connection, ConnectionConfig, GracePeriod};
use provost_core::ids::UserId;
use provost_core::provisioning::{Intent, OperationKind, RemovalKind};
use provost_core::time::Span;
use provost_store::accounts::{self, AccountQuery, coming, removals};
use provost_store::directory::users;
use provost_store::log::names;

fn deleting() -> ConnectionConfig {
    let mut config = World::config();
    config.deprovisioning.suspended.hard_delete = Some(Action { after: GracePeriod::Days7, edited_at: None });
    config
}

async fn people(world: &World, count: usize) -> Vec<UserId> {
    let mut ids = Vec::new();
    for number in 0..count {
        ids.push(world.user(&format!("u{number}@acme.example"), "/").await.id);
    }
    ids
}

async fn suspend(world: &World, ids: &[UserId]) {
    for id in ids {
        users::suspend(&world.store, &BY, *id, "").await.unwrap();
    }
}

#[test]
fn a_removal_is_due_at_its_time_and_decided_anew_on_what_stands() {
    on_each_engine(|world: World| async move {
        let store = &world.store;
        let ids = people(&world, 3).await;
        let connection = world.active(deleting()).await;
        assert_eq!(world.sync(&connection).await.len(), 3);
        suspend(&world, &ids[..2]).await;
        world.sync(&connection).await;
        let rules = world.rules(&connection).await;
        let due_at = coming::next_removal_at(store, connection.id).await.unwrap().unwrap();
        let second = due_at - Span::seconds(1);
        assert!(removals::due_candidates(store, &rules, second).await.unwrap().is_empty());
        world.advance(Span::days(7));
        let now = store.now();
        assert_eq!(removals::due_candidates(store, &rules, now).await.unwrap().len(), 2);
        assert_eq!(accounts::counts(store, connection.id, now).await.unwrap().leaving, 2);

        // The cause of one ends. Its stored removal is older than that, and is not believed.
        users::unsuspend(store, &BY, ids[0]).await.unwrap();
        let left = removals::due_candidates(store, &rules, now).await.unwrap();
        assert_eq!(left.iter().map(|candidate| candidate.user_id).collect::<Vec<_>>(), [ids[1]]);
        // Nor is one sent whose answer is outstanding, and it counts as sent.
        let account = world.account(&connection, ids[1]).await;
        let intent = Intent { kind: OperationKind::HardDelete, matching: None };
        assert!(accounts::begin(store, &connection, &[(&account, intent)]).await.unwrap());
        assert!(removals::due_candidates(store, &rules, now).await.unwrap().is_empty());
        let sent = removals::sent_within(store, connection.id, now - Span::hours(24)).await.unwrap();
        assert_eq!((sent.len(), sent[0].kind), (1, RemovalKind::HardDelete));
    });
}

/// Ten people with accounts, and the time has come to hard delete six of them.
async fn six_of_ten_due(world: &World) -> (Vec<UserId>, Connection) {
    let ids = people(world, 10).await;
    let connection = world.active(deleting()).await;
    world.sync(&connection).await;
    suspend(world, &ids[..6]).await;
    world.sync(&connection).await;
    world.advance(Span::days(7));
    (ids, connection)
}

#[test]
fn a_rejected_removal_comes_again_only_with_another_cause() {
    on_each_engine(|world: World| async move {
        let store = &world.store;
        let (ids, connection) = six_of_ten_due(&world).await;
        world.sync(&connection).await;
        let coming = async || {
            let counts = accounts::counts(store, connection.id, store.now()).await.unwrap();
            let query = AccountQuery { leaving: true, limit: 100, ..AccountQuery::default() };
            let listed = accounts::list(store, connection.id, &query).await.unwrap().items.len() as u64;
            assert_eq!(listed, counts.leaving);
            (coming::next_removal_at(store, connection.id).await.unwrap(), counts.leaving, counts.rejected)
        };
        let due = world.account(&connection, ids[0]).await.removal.unwrap().due;
        assert_eq!(coming().await, (Some(due), 6, 0), "what is held may come");
        assert_eq!(removals::decide_held(store, &BY, connection.id, None, Some(&ids[..5]), false).await.unwrap(), 5);
        assert_eq!(removals::decide_held(store, &BY, connection.id, None, Some(&ids[5..6]), true).await.unwrap(), 1);
        assert_eq!((coming().await.1, coming().await.2), (1, 5), "the approved one goes");
        world.sync(&connection).await;
        assert_eq!(coming().await, (None, 0, 5));
        let mut all = Vec::new();
        for id in &ids[..5] {
            all.push(world.account(&connection, *id).await);
        }
        assert_eq!(coming::rejected(store, connection.id, &all).await.unwrap(), ids[..5].iter().copied().collect());

        users::unsuspend(store, &BY, ids[0]).await.unwrap();
        world.sync(&connection).await;
        assert_eq!(coming().await, (None, 0, 4), "the cause has ended");
        suspend(&world, &ids[..1]).await;
        world.sync(&connection).await;
        let again = world.account(&connection, ids[0]).await;
        assert_eq!(coming().await, (again.removal.map(|removal| removal.due), 1, 4));
        assert!(coming::rejected(store, connection.id, &[again]).await.unwrap().is_empty());
    });
}

#[test]
fn too_many_removals_are_held_and_go_by_an_approval_that_binds_the_cause() {
    on_each_engine(|world: World| async move {
        let store = &world.store;
        let (ids, connection) = six_of_ten_due(&world).await;
        assert!(world.sync(&connection).await.is_empty(), "6 of 10 are too many");
        let holds = removals::holds(store, connection.id).await.unwrap();
        assert_eq!((holds.len(), holds[0].kind, holds[0].waiting), (1, RemovalKind::HardDelete, 6));
        assert_eq!(world.events(names::AUTO_PROV_REMOVALS_HELD).await.len(), 1, "logged once, however often it is looked at");
        assert_eq!(accounts::counts(store, connection.id, store.now()).await.unwrap().held, 6);

        // The cause of one ends and begins anew; another is rejected; two are approved.
        users::unsuspend(store, &BY, ids[0]).await.unwrap();
        world.sync(&connection).await;
        assert_eq!(removals::decide_held(store, &BY, connection.id, None, Some(&[ids[1]]), false).await.unwrap(), 1);
        let suspends = Some(RemovalKind::Suspend);
        assert_eq!(removals::decide_held(store, &BY, connection.id, suspends, None, true).await.unwrap(), 0);
        assert_eq!(removals::decide_held(store, &BY, connection.id, None, Some(&ids[2..4]), true).await.unwrap(), 2);
        assert_eq!(world.events(names::AUTO_PROV_REMOVALS_APPROVED).await.len(), 2);
        assert_eq!(world.events(names::AUTO_PROV_REMOVALS_REJECTED).await.len(), 1);
        let rules = world.rules(&connection).await;
        let waiting = removals::held(store, &rules, store.now()).await.unwrap();
        assert_eq!(waiting.iter().map(|candidate| candidate.user_id).collect::<Vec<_>>(), ids[4..6]);

        let mut sent = world.sync(&connection).await;
        sent.sort();
        // Two were approved; the two that are left wait, because what was sent counts.
        let deleted = |number: usize| (OperationKind::HardDelete, format!("u{number}@acme.example"));
        assert_eq!(sent, [deleted(2), deleted(3)]);
        assert_eq!(removals::decide_held(store, &BY, connection.id, None, None, true).await.unwrap(), 2);
        let mut sent = world.sync(&connection).await;
        sent.sort();
        assert_eq!(sent, [deleted(4), deleted(5)]);
        assert!(removals::holds(store, connection.id).await.unwrap().is_empty());
        let logged = removals::sent_within(store, connection.id, store.now() - Span::hours(24)).await.unwrap();
        assert_eq!(logged.len(), 4);

        // The rejected one stays, until its cause ends and begins anew.
        assert!(world.account(&connection, ids[1]).await.remote_id.is_some());
        users::unsuspend(store, &BY, ids[1]).await.unwrap();
        world.sync(&connection).await;
        suspend(&world, &ids[1..2]).await;
        world.sync(&connection).await;
        world.advance(Span::days(7));
        assert_eq!(world.sync(&connection).await, [deleted(1)]);
    });
}
