//! Who is to be looked at: marked, with an account, and not decided on since.

use crate::world::{BY, World, on_each_engine};
use provost_core::app::{Access, Connection, ServiceStatus};
use provost_core::ids::UserId;
use provost_core::provisioning::{Account, Intent, OperationKind, decide};
use provost_core::time::Span;
use provost_db::Batch;
use provost_store::accounts::{self, Seen, Settled};
use provost_store::apps::{self, connections};
use provost_store::directory::users;
use provost_store::schedule::mark_users;

async fn unseen(world: &World, connection: &Connection) -> Vec<UserId> {
    let found = accounts::unseen_versions(&world.store, connection.id, 10).await.unwrap();
    found.into_iter().map(|(user, _)| user).collect()
}

async fn mark(world: &World, user: &provost_core::directory::User, entitlement: bool) {
    let mut batch = Batch::new();
    mark_users(&mut batch, &[(user.id, &user.primary_email)], world.store.now(), entitlement);
    world.store.db.commit(batch).await.unwrap();
}

/// The account as it is, and with the clocks of a decision.
pub(crate) async fn decided(world: &World, connection: &Connection, user: UserId) -> Seen {
    let (rules, subject) = (world.rules(connection).await, world.subject(connection, user).await);
    let decision = decide(&rules.view(&subject), &subject.account, &rules.connection, world.store.now());
    let after = Account { causes: decision.causes, removal: decision.removal, ..subject.account.clone() };
    Seen { before: subject.account, after }
}

#[test]
fn a_change_of_who_is_entitled_is_to_be_looked_at_until_it_was_decided_on() {
    on_each_engine(|world: World| async move {
        let store = &world.store;
        let user = world.user("ada@acme.example", "/").await;
        let connection = world.active(World::config()).await;
        assert_eq!(unseen(&world, &connection).await, [], "without an account no clock runs");
        world.sync(&connection).await;
        mark(&world, &user, false).await;
        assert_eq!(unseen(&world, &connection).await, [], "an attribute starts no clock");
        users::suspend(store, &BY, user.id, "leave").await.unwrap();
        assert_eq!(unseen(&world, &connection).await, [user.id]);

        let seen = decided(&world, &connection, user.id).await;
        mark(&world, &user, true).await;
        accounts::see(store, &connection, &[seen]).await.unwrap();
        let account = world.account(&connection, user.id).await;
        assert_eq!((account.causes.any(), account.removal), (false, None), "it was marked since");
        assert_eq!(unseen(&world, &connection).await, [user.id]);

        let seen = decided(&world, &connection, user.id).await;
        accounts::see(store, &connection, std::slice::from_ref(&seen)).await.unwrap();
        let account = world.account(&connection, user.id).await;
        assert_eq!((account.causes, account.removal), (seen.after.causes, seen.after.removal));
        assert!(account.causes.suspended_since.is_some());
        assert_eq!((account.due_at, account.revision), (seen.before.due_at, seen.before.revision), "its turn comes still");
        assert_eq!(unseen(&world, &connection).await, []);
    });
}

#[test]
fn an_intent_and_a_settlement_decide_and_a_repair_does_not() {
    on_each_engine(|world: World| async move {
        let store = &world.store;
        let user = world.user("ada@acme.example", "/").await;
        let connection = world.active(World::config()).await;
        world.sync(&connection).await;
        let settle = async |decided: bool| {
            let before = world.account(&connection, user.id).await;
            let settled = Settled { after: before.clone(), before, events: Vec::new(), decided };
            accounts::settle(store, &connection, vec![settled]).await.unwrap();
        };
        mark(&world, &user, true).await;
        settle(false).await;
        assert_eq!(unseen(&world, &connection).await, [user.id]);
        settle(true).await;
        assert_eq!(unseen(&world, &connection).await, []);

        mark(&world, &user, true).await;
        let account = world.account(&connection, user.id).await;
        let update = Intent { kind: OperationKind::Update, matching: None };
        assert!(accounts::begin(store, &connection, &[(&account, update)]).await.unwrap());
        assert_eq!(unseen(&world, &connection).await, []);
        // The answer is of the time before the mark.
        let begun = world.account(&connection, user.id).await;
        mark(&world, &user, false).await;
        let settled =
            Settled { after: Account { intent: None, ..begun.clone() }, before: begun, events: Vec::new(), decided: true };
        accounts::settle(store, &connection, vec![settled]).await.unwrap();
        assert_eq!(unseen(&world, &connection).await, [user.id]);
    });
}

#[test]
fn a_pass_looks_itself_at_those_whose_causes_stand() {
    on_each_engine(|world: World| async move {
        let store = &world.store;
        let user = world.user("ada@acme.example", "/").await;
        let connection = world.active(World::config()).await;
        world.sync(&connection).await;
        let mut config = connection.config.clone();
        config.mapping.retain(|row| row.target != "name.familyName");
        let edited = connections::edit(store, &BY, connection.id, Some(connection.revision), config, false).await.unwrap();
        world.expand().await;
        assert!(world.account(&edited, user.id).await.due_at.is_some(), "the pass has marked it: a value is to be cleared");
        assert_eq!(unseen(&world, &edited).await, []);

        world.advance(Span::hours(1));
        let off = Access { default: ServiceStatus::Off, ..Access::default() };
        apps::set_access(store, &BY, connection.app_id, None, off).await.unwrap();
        world.expand().await;
        assert_eq!(unseen(&world, &edited).await, [user.id]);
    });
}
