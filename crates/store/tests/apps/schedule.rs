//! Marks and sweeps.

use crate::world::{BY, World, on_each_engine};
use provost_core::directory::MemberRole;
use provost_core::time::Span;
use provost_db::Batch;
use provost_store::accounts;
use provost_store::directory::{groups, org_units};
use provost_store::schedule::{self, SweepTarget, mark_sweep, mark_users};

#[test]
fn a_mark_makes_a_row_then_raises_it_and_never_moves_due_later() {
    on_each_engine(|world: World| async move {
        let user = world.user("a@acme.example", "/").await;
        let connection = world.connected(World::config()).await;
        let first = world.store.now();
        let mut batch = Batch::new();
        mark_users(&mut batch, &[(user.id, "a@acme.example")], first, true);
        mark_users(&mut batch, &[], first, true);
        world.store.db.commit(batch).await.unwrap();
        let account = world.account(&connection, user.id).await;
        assert_eq!((account.due_at, account.marked, account.entitlement_marked_at), (Some(first), 1, first));

        let later = first + Span::seconds(10);
        let mut batch = Batch::new();
        mark_users(&mut batch, &[(user.id, "b@acme.example")], later, false);
        world.store.db.commit(batch).await.unwrap();
        let account = world.account(&connection, user.id).await;
        assert_eq!((account.due_at, account.marked, account.entitlement_marked_at), (Some(first), 2, first));
        assert_eq!(account.email, "b@acme.example");
        assert_eq!(schedule::next_due(&world.store, connection.id).await.unwrap(), Some(first));
        assert_eq!(accounts::removals::last_marked_at(&world.store, connection.id).await.unwrap(), Some(later));
    });
}

#[test]
fn a_sweep_marks_with_the_time_of_its_change_and_not_over_a_younger_mark() {
    on_each_engine(|world: World| async move {
        let old = world.user("old@acme.example", "/").await;
        let young = world.user("young@acme.example", "/").await;
        let connection = world.connected(World::config()).await;
        let changed = world.store.now();
        let mut batch = Batch::new();
        mark_sweep(&mut batch, 1, None, SweepTarget::Everyone, changed);
        world.store.db.commit(batch).await.unwrap();
        let younger = changed + Span::seconds(60);
        let mut batch = Batch::new();
        mark_users(&mut batch, &[(young.id, "young@acme.example")], younger, true);
        world.store.db.commit(batch).await.unwrap();
        world.advance(Span::hours(5));

        assert!(schedule::sweeping(&world.store, connection.id).await.unwrap());
        world.expand().await;
        assert!(!schedule::sweeping(&world.store, connection.id).await.unwrap());
        assert_eq!(world.account(&connection, old.id).await.entitlement_marked_at, changed);
        let account = world.account(&connection, young.id).await;
        assert_eq!((account.entitlement_marked_at, account.marked, account.due_at), (younger, 2, Some(changed)));
    });
}

#[test]
fn sweeps_of_an_org_unit_and_of_a_group_reach_what_is_below_them_and_nobody_else() {
    on_each_engine(|world: World| async move {
        let emea = world.user("emea@acme.example", "/Sales/EMEA").await;
        let sales = world.user("sales@acme.example", "/Sales").await;
        let other = world.user("other@acme.example", "/Contractors").await;
        world.group("inner@acme.example", &["other@acme.example"]).await;
        let outer = world.group("outer@acme.example", &["inner@acme.example", "sales@acme.example"]).await;
        let connection = world.connected(World::config()).await;
        world.expand().await;
        let marked = async |user: provost_core::ids::UserId| {
            accounts::account(&world.store, connection.id, user).await.unwrap().map_or(0, |account| account.marked)
        };
        let before = [marked(emea.id).await, marked(sales.id).await, marked(other.id).await];

        let unit = org_units::find_by_path(&world.store, "/sales").await.unwrap();
        let mut batch = Batch::new();
        mark_sweep(&mut batch, 1, Some(connection.id), SweepTarget::OrgUnit(unit.id), world.store.now());
        world.store.db.commit(batch).await.unwrap();
        assert_eq!(schedule::expand_sweeps(&world.store, 100).await.unwrap(), 2);
        assert_eq!(
            [marked(emea.id).await, marked(sales.id).await, marked(other.id).await],
            [before[0] + 1, before[1] + 1, before[2]]
        );

        let mut batch = Batch::new();
        mark_sweep(&mut batch, 1, None, SweepTarget::Group(outer.id), world.store.now());
        world.store.db.commit(batch).await.unwrap();
        assert_eq!(schedule::expand_sweeps(&world.store, 100).await.unwrap(), 2);
        assert_eq!(
            [marked(emea.id).await, marked(sales.id).await, marked(other.id).await],
            [before[0] + 1, before[1] + 2, before[2] + 1]
        );
    });
}

#[test]
fn a_membership_change_marks_the_member_for_every_connection() {
    on_each_engine(|world: World| async move {
        let user = world.user("a@acme.example", "/").await;
        let group = world.group("g@acme.example", &[]).await;
        let connection = world.connected(World::config()).await;
        world.expand().await;
        world.advance(Span::seconds(1));
        let at = world.store.now();
        groups::add_member(&world.store, &BY, group.id, "a@acme.example", MemberRole::Member).await.unwrap();
        world.expand().await;
        let account = world.account(&connection, user.id).await;
        assert!(account.entitlement_marked_at >= at, "{account:?}");
    });
}
