//! Passes: everybody is looked at, and only those with something to do or to write are marked.

use crate::world::{BY, World, on_each_engine};
use provost_core::app::{
    Access, Action, AttributeMapping, Connection, ConnectionConfig, Expression, GracePeriod, Scope, ScopeGroup, ScopeMembers,
    ScopeMode, ServiceStatus,
};
use provost_core::directory::MemberRole;
use provost_core::provisioning::{Account, Failure, FailureKind, OperationKind};
use provost_core::time::{Span, Timestamp};
use provost_store::accounts::{self, Settled};
use provost_store::apps::{self, connections};
use provost_store::directory::{groups, org_units, users};
use provost_store::schedule;
use std::collections::BTreeMap;

/// Every account row's address, with what marks and the engine have written.
async fn versions(world: &World, connection: &Connection) -> BTreeMap<String, (i64, i64, Timestamp)> {
    let rules = world.rules(connection).await;
    let everybody = accounts::page(&world.store, &rules, None, 1_000).await.unwrap();
    let recorded = everybody.into_iter().filter(|subject| subject.recorded).map(|subject| subject.account);
    recorded.map(|account| (account.email, (account.marked, account.revision, account.entitlement_marked_at))).collect()
}

/// Runs what waits; returns who was marked by it.
async fn marked(world: &World, connection: &Connection) -> Vec<String> {
    let before = versions(world, connection).await;
    world.expand().await;
    let after = versions(world, connection).await;
    after.into_iter().filter(|(email, now)| before.get(email) != Some(now)).map(|(email, _)| email).collect()
}

fn mapped(target: &str, source: &str) -> AttributeMapping {
    AttributeMapping { target: target.to_owned(), source: Expression::parse(source).unwrap() }
}

async fn edited(world: &World, connection: &Connection, edit: impl FnOnce(&mut ConnectionConfig)) {
    let mut config = world.rules(connection).await.connection.config;
    edit(&mut config);
    connections::edit(&world.store, &BY, connection.id, None, config, true).await.unwrap();
}

#[test]
fn a_pass_writes_nothing_where_nothing_has_changed_whatever_state_a_user_is_in() {
    on_each_engine(|world: World| async move {
        let store = &world.store;
        let mut config = World::config();
        config.deprovisioning.suspended.hard_delete = Some(Action { after: GracePeriod::Days21, edited_at: None });
        world.user("active@acme.example", "/").await;
        let suspended = world.user("suspended@acme.example", "/").await;
        let archived = world.user("archived@acme.example", "/").await;
        let deleted = world.user("deleted@acme.example", "/").await;
        let never = world.user("never@acme.example", "/").await;
        users::suspend(store, &BY, never.id, "").await.unwrap();
        let connection = world.active(config).await;
        world.sync(&connection).await;
        users::suspend(store, &BY, suspended.id, "").await.unwrap();
        users::archive(store, &BY, archived.id).await.unwrap();
        users::delete(store, &BY, deleted.id).await.unwrap();
        world.sync(&connection).await;
        world.advance(Span::hours(1));

        connections::start_pass(store, connection.id).await.unwrap();
        assert!(schedule::sweeping(store, connection.id).await.unwrap());
        assert_eq!(marked(&world, &connection).await, [""; 0]);
        assert!(!schedule::sweeping(store, connection.id).await.unwrap());
    });
}

#[test]
fn an_edit_marks_those_whom_it_concerns_with_its_own_time() {
    on_each_engine(|world: World| async move {
        let store = &world.store;
        world.user("root@acme.example", "/").await;
        world.user("sales@acme.example", "/Sales").await;
        world.user("emea@acme.example", "/Sales/EMEA").await;
        let titled = world.user("titled@acme.example", "/").await;
        let attributes = serde_json::from_value(serde_json::json!({ "organizations": [{ "title": "Dr" }] })).unwrap();
        let edit = users::UserEdit { attributes: Some(attributes), ..users::UserEdit::default() };
        users::edit(store, &BY, titled.id, None, edit).await.unwrap();
        let connection = world.active(World::config()).await;
        assert_eq!(world.sync(&connection).await.len(), 4);

        edited(&world, &connection, |config| config.mapping.push(mapped("title", "user.organizations.title"))).await;
        assert_eq!(marked(&world, &connection).await, ["titled@acme.example"]);
        assert_eq!(world.sync(&connection).await, [(OperationKind::Update, "titled@acme.example".to_owned())]);

        let at = store.now();
        let sales = org_units::find_by_path(store, "/Sales").await.unwrap();
        let mut access = Access { default: ServiceStatus::On, ..Access::default() };
        access.org_units.insert(sales.id, ServiceStatus::Off);
        apps::set_access(store, &BY, connection.app_id, None, access).await.unwrap();
        world.advance(Span::hours(3));
        assert_eq!(marked(&world, &connection).await, ["emea@acme.example", "sales@acme.example"]);
        world.sync(&connection).await;
        let emea = users::find(store, "emea@acme.example").await.unwrap();
        let since = world.account(&connection, emea.id).await.causes.app_off_since.unwrap();
        assert!(at <= since && since < at + Span::hours(1), "the cause began with the change, and not with its pass");
    });
}

#[test]
fn a_changed_group_marks_its_members_and_a_moved_org_unit_its_users_however_deep() {
    on_each_engine(|world: World| async move {
        let store = &world.store;
        world.user("in@acme.example", "/Sales").await;
        world.user("deep@acme.example", "/Sales/EMEA").await;
        world.user("other@acme.example", "/Contractors").await;
        let inner = world.group("inner@acme.example", &["deep@acme.example"]).await;
        let middle = world.group("middle@acme.example", &["inner@acme.example"]).await;
        let outer = world.group("outer@acme.example", &["in@acme.example"]).await;
        let scope = Scope {
            mode: ScopeMode::Groups,
            groups: vec![ScopeGroup { group: outer.id, members: ScopeMembers::All, deleted_since: None }],
        };
        let connection = world.active(ConnectionConfig { scope, ..World::config() }).await;
        assert_eq!(world.sync(&connection).await, [(OperationKind::Create, "in@acme.example".to_owned())]);

        groups::add_member(store, &BY, outer.id, "middle@acme.example", MemberRole::Member).await.unwrap();
        assert_eq!(marked(&world, &connection).await, ["deep@acme.example"]);
        assert_eq!(world.sync(&connection).await, [(OperationKind::Create, "deep@acme.example".to_owned())]);
        let unit = org_units::find_by_path(store, "/Sales/EMEA").await.unwrap();
        org_units::move_(store, &BY, unit.id, "/Contractors", "EMEA").await.unwrap();
        assert_eq!(marked(&world, &connection).await, ["deep@acme.example"]);
        world.sync(&connection).await;

        // Who is in the scope is read through nested groups by the pass too, and one that is deleted ends what it carried.
        connections::start_pass(store, connection.id).await.unwrap();
        assert_eq!(marked(&world, &connection).await, [""; 0]);
        groups::delete(store, &BY, middle.id).await.unwrap();
        assert_eq!(marked(&world, &connection).await, ["deep@acme.example"]);
        world.sync(&connection).await;
        assert_eq!(inner.email, "inner@acme.example");
        let deep = users::find(store, "deep@acme.example").await.unwrap();
        assert!(world.account(&connection, deep.id).await.causes.app_off_since.is_some());
    });
}

#[test]
fn a_pass_tries_failures_again_and_raises_the_mark_of_whoever_is_worked_on() {
    on_each_engine(|world: World| async move {
        let store = &world.store;
        let failing = world.user("failing@acme.example", "/").await;
        let busy = world.user("busy@acme.example", "/").await;
        let connection = world.active(World::config()).await;
        let rules = world.rules(&connection).await;
        let before = world.account(&connection, failing.id).await;
        let failure = Failure {
            kind: FailureKind::Rejected,
            operation: OperationKind::Create,
            status: Some(400),
            message: "no".to_owned(),
            since: store.now(),
            at: store.now(),
            attempts: 1,
            retry_at: None,
            marked: before.marked,
        };
        let after = Account { failure: Some(failure), due_at: None, ..before.clone() };
        accounts::settle(store, &rules.connection, vec![Settled { before, after, events: Vec::new(), decided: true }])
            .await
            .unwrap();

        // Due and undecided: an older decision on it must not be begun after the pass.
        let decided = world.account(&connection, busy.id).await;
        connections::start_pass(store, connection.id).await.unwrap();
        assert_eq!(marked(&world, &connection).await, ["busy@acme.example", "failing@acme.example"]);
        let intent = provost_core::provisioning::Intent { kind: OperationKind::Create, matching: None };
        assert!(!accounts::begin(store, &rules.connection, &[(&decided, intent)]).await.unwrap());
        assert_eq!(world.sync(&connection).await.len(), 2);
    });
}

#[test]
fn a_pass_goes_on_where_it_stood_and_reaches_accounts_whose_user_is_forgotten() {
    on_each_engine(|world: World| async move {
        let store = &world.store;
        let mut ids = Vec::new();
        for number in 0..7 {
            ids.push(world.user(&format!("u{number}@acme.example"), "/").await.id);
        }
        let connection = world.active(World::config()).await;
        world.sync(&connection).await;
        users::delete(store, &BY, ids[3]).await.unwrap();
        world.sync(&connection).await;
        world.advance(Span::days(21));
        assert_eq!(users::purge_expired(store).await.unwrap(), 1);
        world.sync(&connection).await;

        // Concerns everybody: the living by the mapping, the forgotten one by the policy.
        let before = versions(&world, &connection).await;
        edited(&world, &connection, |config| {
            config.mapping.push(mapped("title", "'Dr'"));
            config.deprovisioning.deleted.hard_delete = Some(Action { after: GracePeriod::Days7, edited_at: None });
        })
        .await;
        let mut steps = Vec::new();
        loop {
            match schedule::expand_sweeps(store, 3).await.unwrap() {
                0 => break,
                looked_at => steps.push(looked_at),
            }
        }
        assert_eq!(steps, [3, 4], "the forgotten one is looked at with the three living behind the first part");
        let after = versions(&world, &connection).await;
        assert_eq!(after.len(), 7);
        assert!(after.iter().all(|(email, now)| now.0 == before[email].0 + 1), "{after:?}");
    });
}
