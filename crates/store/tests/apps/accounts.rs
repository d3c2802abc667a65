//! Begin, settle, lists, counts, failures.

use crate::world::{BY, World, on_each_engine};
use provost_core::app::{Access, Halt, HaltReason};
use provost_core::ids::UserId;
use provost_core::provisioning::{Account, AccountState, Failure, FailureKind, Intent, OperationKind};
use provost_core::time::{Span, Timestamp};
use provost_db::Batch;
use provost_store::accounts::{self, AccountQuery, SettleResult, Settled};
use provost_store::apps::{self, connections};
use provost_store::directory::users;
use provost_store::log::{LogEvent, names};
use provost_store::schedule::mark_users;
use serde_json::{Map, json};
use std::collections::BTreeSet;

fn intent(kind: OperationKind) -> Intent {
    Intent { kind, matching: Some("a@acme.example".to_owned()) }
}

fn failure(kind: FailureKind, at: Timestamp, marked: i64) -> Failure {
    Failure {
        kind,
        operation: OperationKind::Create,
        status: Some(400),
        message: "no".to_owned(),
        since: at,
        at,
        attempts: 1,
        retry_at: None,
        marked,
    }
}

fn linked(before: &Account, remote_id: &str) -> Account {
    let body: Map<String, serde_json::Value> =
        serde_json::from_value(json!({ "userName": before.email.to_uppercase(), "active": true })).unwrap();
    Account {
        state: AccountState::Linked,
        remote_id: Some(remote_id.to_owned()),
        applied: Some(body),
        intent: None,
        failure: None,
        due_at: None,
        ..before.clone()
    }
}

fn settled(before: &Account, after: Account) -> Settled {
    Settled { before: before.clone(), after, events: Vec::new(), decided: true }
}

#[test]
fn an_intent_is_refused_when_anything_has_moved() {
    on_each_engine(|world: World| async move {
        let store = &world.store;
        let user = world.user("a@acme.example", "/").await;
        let connection = world.active(World::config()).await;
        let account = world.account(&connection, user.id).await;
        let begin = async |connection, account: &Account, kind| {
            accounts::begin(store, connection, &[(account, intent(kind))]).await.unwrap()
        };

        let mut batch = Batch::new();
        mark_users(&mut batch, &[(user.id, "a@acme.example")], store.now(), true);
        store.db.commit(batch).await.unwrap();
        assert!(!begin(&connection, &account, OperationKind::Create).await, "marked since");
        let account = world.account(&connection, user.id).await;
        assert_eq!(account.intent, None);

        let off = connections::turn_off(store, &BY, connection.id).await.unwrap();
        assert!(!begin(&connection, &account, OperationKind::Create).await, "configuration changed");
        assert!(!begin(&off, &account, OperationKind::Create).await, "turned off");
        let connection = connections::turn_on(store, &BY, connection.id, None).await.unwrap();
        world.expand().await;
        let account = world.account(&connection, user.id).await;
        let halt = Halt { reason: HaltReason::NeedsReauthorization, message: "401".to_owned(), since: store.now() };
        connections::set_halt(store, connection.id, &halt).await.unwrap();
        let halted = connections::get(store, connection.id).await.unwrap();
        assert!(!begin(&halted, &account, OperationKind::Create).await, "halted");
        let connection =
            connections::reauthorize(store, &BY, connection.id, &provost_platform::Secret::new("n"), None).await.unwrap();

        assert!(begin(&connection, &account, OperationKind::Create).await);
        assert!(!begin(&connection, &account, OperationKind::Create).await, "another has begun");
        let begun = world.account(&connection, user.id).await;
        assert_eq!(begun.intent, Some(intent(OperationKind::Create)));
        assert!(begin(&connection, &begun, OperationKind::LookUp).await, "a look-up follows a lost answer");
    });
}

#[test]
fn no_removal_begins_while_a_sweep_waits() {
    on_each_engine(|world: World| async move {
        let store = &world.store;
        let user = world.user("a@acme.example", "/").await;
        let connection = world.active(World::config()).await;
        world.sync(&connection).await;
        let account = world.account(&connection, user.id).await;
        apps::set_access(store, &BY, connection.app_id, None, Access::default()).await.unwrap();
        let delete = [(&account, intent(OperationKind::HardDelete))];
        assert!(!accounts::begin(store, &connection, &delete).await.unwrap());
        world.expand().await;
        let account = world.account(&connection, user.id).await;
        assert!(accounts::begin(store, &connection, &[(&account, intent(OperationKind::HardDelete))]).await.unwrap());
        // Its answer is lost: whether it was done may be asked at any time.
        let lost = world.account(&connection, user.id).await;
        apps::connections::start_pass(store, connection.id).await.unwrap();
        assert!(accounts::begin(store, &connection, &[(&lost, intent(OperationKind::HardDelete))]).await.unwrap());
    });
}

#[test]
fn a_settlement_leaves_the_due_time_to_a_newer_mark() {
    on_each_engine(|world: World| async move {
        let store = &world.store;
        let user = world.user("a@acme.example", "/").await;
        let connection = world.active(World::config()).await;
        let before = world.account(&connection, user.id).await;
        assert!(accounts::begin(store, &connection, &[(&before, intent(OperationKind::Create))]).await.unwrap());
        world.advance(Span::seconds(1));
        let at = store.now();
        let mut batch = Batch::new();
        mark_users(&mut batch, &[(user.id, "renamed@acme.example")], at, true);
        store.db.commit(batch).await.unwrap();

        let event = LogEvent {
            connection: Some(connection.id),
            ..LogEvent::of_user(names::CREATE_USER_WITH_AUTO_PROV, user.id, "a@acme.example", json!({}))
        };
        let settlement = Settled { events: vec![event], ..settled(&before, linked(&before, "r1")) };
        assert_eq!(accounts::settle(store, &connection, vec![settlement.clone()]).await.unwrap(), [SettleResult::Stored]);
        let after = world.account(&connection, user.id).await;
        assert_eq!((after.state, after.remote_id.as_deref()), (AccountState::Linked, Some("r1")));
        assert!(after.due_at.is_some(), "the mark during the request is still to be looked at");
        assert_eq!((after.marked, after.revision), (before.marked + 1, before.revision + 1));
        assert_eq!(after.email, "renamed@acme.example");
        assert_eq!(world.events(names::CREATE_USER_WITH_AUTO_PROV).await.len(), 1);

        assert_eq!(accounts::settle(store, &connection, vec![settlement]).await.unwrap(), [SettleResult::Moved]);
        assert_eq!(world.events(names::CREATE_USER_WITH_AUTO_PROV).await.len(), 1, "refused with its events");
        let quiet = Account { due_at: None, ..after.clone() };
        assert_eq!(accounts::settle(store, &connection, vec![settled(&after, quiet)]).await.unwrap(), [SettleResult::Stored]);
        assert_eq!(world.account(&connection, user.id).await.due_at, None);
    });
}

#[test]
fn every_column_the_engine_writes_is_read_back() {
    on_each_engine(|world: World| async move {
        let store = &world.store;
        let user = world.user("a@acme.example", "/").await;
        let connection = world.active(World::config()).await;
        let before = world.account(&connection, user.id).await;
        let at = store.now();
        let mut after = linked(&before, "r1");
        after.state = AccountState::Suspended;
        after.causes.app_off_since = Some(at);
        after.causes.suspended_since = Some(at + Span(1));
        after.causes.deleted_since = Some(at + Span(2));
        after.removal = Some(provost_core::provisioning::Removal {
            kind: provost_core::provisioning::RemovalKind::HardDelete,
            trigger: provost_core::app::Trigger::Suspended,
            since: at,
            due: at + Span::days(7),
        });
        after.intent = Some(intent(OperationKind::Suspend));
        let other = FailureKind::AddressHeld { by: user.id, email: "x@acme.example".to_owned(), until: Some(at) };
        after.failure = Some(failure(other, at, 3));
        after.due_at = Some(at + Span::days(7));
        accounts::settle(store, &connection, vec![settled(&before, after.clone())]).await.unwrap();
        let stored = world.account(&connection, user.id).await;
        assert_eq!(stored, Account { revision: before.revision + 1, ..after });
    });
}

#[test]
fn one_remote_account_belongs_to_one_user_and_its_end_wakes_who_waits_for_it() {
    on_each_engine(|world: World| async move {
        let store = &world.store;
        let (a, b, c) = (
            world.user("a@acme.example", "/").await,
            world.user("b@acme.example", "/").await,
            world.user("c@acme.example", "/").await,
        );
        let connection = world.active(World::config()).await;
        let before = [
            world.account(&connection, a.id).await,
            world.account(&connection, b.id).await,
            world.account(&connection, c.id).await,
        ];
        let settlements = vec![
            settled(&before[0], linked(&before[0], "r1")),
            settled(&before[1], linked(&before[1], "r1")),
            settled(&before[2], linked(&before[2], "r2")),
        ];
        let results = accounts::settle(store, &connection, settlements).await.unwrap();
        assert_eq!(results, [SettleResult::Stored, SettleResult::RemoteHeld, SettleResult::Stored]);
        let create = Intent { kind: OperationKind::Create, matching: Some("Other@Acme.example".to_owned()) };
        let begun = world.account(&connection, b.id).await;
        assert!(accounts::begin(store, &connection, &[(&begun, create)]).await.unwrap());
        for (remote_id, matching, claimants) in [
            ("r1", "nobody@acme.example", vec![a.id]),
            ("r3", "C@Acme.example", vec![c.id]),
            ("r3", "other@acme.example", vec![b.id]),
            ("r1", "c@acme.example", vec![a.id, c.id]),
            ("r3", "nobody@acme.example", vec![]),
        ] {
            let found = accounts::claimants(store, &connection, remote_id, matching, None).await.unwrap();
            let found: BTreeSet<UserId> = found.iter().map(|account| account.user_id).collect();
            assert_eq!(found, claimants.into_iter().collect(), "{remote_id}, {matching}");
        }

        let held = FailureKind::AddressHeld { by: a.id, email: "a@acme.example".to_owned(), until: None };
        let waiting = Account { failure: Some(failure(held, store.now(), before[1].marked)), due_at: None, ..before[1].clone() };
        accounts::settle(store, &connection, vec![settled(&before[1], waiting)]).await.unwrap();
        assert_eq!(world.account(&connection, b.id).await.due_at, None);
        let linked_a = world.account(&connection, a.id).await;
        let gone = Account { state: AccountState::Absent, remote_id: None, applied: None, ..linked_a.clone() };
        accounts::settle(store, &connection, vec![settled(&linked_a, gone)]).await.unwrap();
        let woken = world.account(&connection, b.id).await;
        assert!(woken.due_at.is_some() && woken.marked > before[1].marked, "{woken:?}");
        assert_eq!(world.account(&connection, c.id).await.due_at, None, "others are left alone");
    });
}

#[test]
fn failures_are_listed_counted_and_retried() {
    on_each_engine(|world: World| async move {
        let store = &world.store;
        let mut all = Vec::new();
        for number in 0..5 {
            all.push(world.user(&format!("u{number}@acme.example"), "/").await);
        }
        let connection = world.active(World::config()).await;
        for user in &all[..3] {
            let before = world.account(&connection, user.id).await;
            let after = Account {
                failure: Some(failure(FailureKind::Rejected, store.now(), before.marked)),
                due_at: None,
                ..before.clone()
            };
            accounts::settle(store, &connection, vec![settled(&before, after)]).await.unwrap();
        }
        let before = world.account(&connection, all[3].id).await;
        accounts::settle(store, &connection, vec![settled(&before, linked(&before, "r"))]).await.unwrap();

        let first = accounts::failures(store, connection.id, None, 2).await.unwrap();
        let second = accounts::failures(store, connection.id, first.next.clone(), 2).await.unwrap();
        let listed: Vec<_> = first.items.iter().chain(&second.items).map(|account| account.user_id).collect();
        assert_eq!((listed, second.next), (vec![all[0].id, all[1].id, all[2].id], None));
        let counts = accounts::counts(store, connection.id, store.now()).await.unwrap();
        assert_eq!((counts.linked, counts.failing, counts.due, counts.total(), counts.sweeping), (1, 3, 1, 1, false));
        let query = AccountQuery { text: "U3@".to_owned(), limit: 10, ..AccountQuery::default() };
        assert_eq!(accounts::list(store, connection.id, &query).await.unwrap().items.len(), 1);

        assert_eq!(accounts::retry(store, &BY, connection.id, Some(all[1].id)).await.unwrap(), 1);
        assert_eq!(accounts::retry(store, &BY, connection.id, Some(all[3].id)).await.unwrap(), 0, "not failing");
        let retried = world.account(&connection, all[1].id).await;
        assert!(retried.due_at.is_some() && retried.marked > retried.failure.unwrap().marked);
        assert_eq!(accounts::retry(store, &BY, connection.id, None).await.unwrap(), 3);
        assert_eq!(world.events(names::AUTO_PROV_RETRY).await.len(), 3);
    });
}

#[test]
fn pages_hold_the_directory_and_the_accounts_that_outlive_it() {
    on_each_engine(|world: World| async move {
        let store = &world.store;
        let kept = world.user("kept@acme.example", "/").await;
        let leaver = world.user("leaver@acme.example", "/").await;
        let connection = world.active(World::config()).await;
        world.sync(&connection).await;
        users::delete(store, &BY, leaver.id).await.unwrap();
        world.sync(&connection).await;
        world.advance(Span::days(21));
        users::purge_expired(store).await.unwrap();
        world.expand().await;
        let late = world.user("late@acme.example", "/").await;
        let mut batch = Batch::new();
        batch.run("DELETE FROM account WHERE user_id = $1", [late.id.get().into()]);
        store.db.commit(batch).await.unwrap();

        let rules = world.rules(&connection).await;
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let page = accounts::page(store, &rules, after, 1).await.unwrap();
            let Some(subject) = page.first() else { break };
            after = Some(subject.account.user_id);
            seen.push((subject.account.user_id, subject.recorded, subject.user.is_some(), subject.account.email.clone()));
        }
        let expected = [
            (kept.id, true, true, "kept@acme.example".to_owned()),
            (leaver.id, true, false, "leaver@acme.example".to_owned()),
            (late.id, false, true, "late@acme.example".to_owned()),
        ];
        assert_eq!(seen, expected);
        assert_eq!(accounts::accounts_of_user(store, kept.id).await.unwrap()[0].0, connection.id);
    });
}
