//! Two users to whom the mapping gives the same name.

use crate::unseen::decided;
use crate::world::{BY, World, on_each_engine};
use provost_core::app::{Connection, ConnectionConfig, Expression};
use provost_core::directory::User;
use provost_core::provisioning::{FailureKind, OperationKind};
use provost_store::accounts;
use provost_store::directory::users::{self, UserEdit};

/// Accounts are named by the part before the `@`.
fn local_names() -> ConnectionConfig {
    let mut config = World::config();
    let rows = config.mapping.iter_mut().filter(|row| row.target == "userName");
    rows.for_each(|row| row.source = Expression::parse("user.username").unwrap());
    config
}

async fn rename(world: &World, user: &User, email: &str) {
    let change = UserEdit { primary_email: Some(email.to_owned()), ..UserEdit::default() };
    users::edit(&world.store, &BY, user.id, None, change).await.unwrap();
}

async fn failing(world: &World, connection: &Connection) -> Vec<(String, FailureKind)> {
    let page = accounts::failures(&world.store, connection.id, None, 10).await.unwrap();
    page.items.into_iter().filter_map(|account| Some((account.email, account.failure?.kind))).collect()
}

fn sharing(one: &User, other: &User) -> [(String, FailureKind); 2] {
    let kind = |other: &User| FailureKind::DuplicateMatch { other: other.id, value: "ada".to_owned() };
    let mut both = [(one.primary_email.clone(), kind(other)), (other.primary_email.clone(), kind(one))];
    both.sort_by_key(|(email, _)| email.clone());
    both
}

async fn sorted(world: &World, connection: &Connection) -> Vec<(String, FailureKind)> {
    let mut failing = failing(world, connection).await;
    failing.sort_by_key(|(email, _)| email.clone());
    failing
}

#[test]
fn both_fail_nothing_is_sent_for_them_and_it_ends_when_one_changes() {
    on_each_engine(|world: World| async move {
        let (ada, twin) = (world.user("ada@acme.example", "/").await, world.user("ada@sub.example", "/").await);
        world.user("bob@acme.example", "/").await;
        let connection = world.active(local_names()).await;
        let sent = world.sync(&connection).await;
        assert_eq!(sent, [(OperationKind::Create, "bob@acme.example".to_owned())]);
        assert_eq!(sorted(&world, &connection).await, sharing(&ada, &twin));
        // Each by itself, as when somebody looks at one of them.
        for (user, other) in [(&ada, &twin), (&twin, &ada)] {
            let found = world.subject(&connection, user.id).await.twin.expect("it is recorded");
            assert_eq!((found.user, found.email.as_str()), (other.id, other.primary_email.as_str()));
        }

        rename(&world, &twin, "eve@sub.example").await;
        let mut sent = world.sync(&connection).await;
        sent.sort_by_key(|(_, email)| email.clone());
        let created = ["ada@acme.example", "eve@sub.example"].map(|email| (OperationKind::Create, email.to_owned()));
        assert_eq!((sent, failing(&world, &connection).await), (created.to_vec(), Vec::new()));
        assert_eq!(world.subject(&connection, ada.id).await.twin, None);

        // Somebody takes a name that an account has: that account stays as it is, and so does theirs.
        rename(&world, &twin, "ADA@sub.example").await;
        assert_eq!(world.sync(&connection).await, []);
        assert_eq!(sorted(&world, &connection).await, sharing(&ada, &twin));
        assert!(world.account(&connection, ada.id).await.remote_id.is_some());

        users::suspend(&world.store, &BY, twin.id, "leave").await.unwrap();
        assert_eq!(world.sync(&connection).await, []);
        assert_eq!(failing(&world, &connection).await, [], "who is suspended is nobody's twin");
        users::unsuspend(&world.store, &BY, twin.id).await.unwrap();
        world.sync(&connection).await;
        assert_eq!(sorted(&world, &connection).await, sharing(&ada, &twin));
        users::delete(&world.store, &BY, ada.id).await.unwrap();
        assert_eq!(world.sync(&connection).await, [(OperationKind::Update, "ada@sub.example".to_owned())]);
        assert_eq!(failing(&world, &connection).await, []);
    });
}

#[test]
fn one_name_for_everybody_is_told_to_each_once_and_ends_for_all() {
    on_each_engine(|world: World| async move {
        for number in 0..40 {
            world.user(&format!("user{number:02}@acme.example"), "/").await;
        }
        let mut config = World::config();
        let rows = config.mapping.iter_mut().filter(|row| row.target == "userName");
        rows.for_each(|row| row.source = Expression::parse("'everybody'").unwrap());
        let connection = world.active(config).await;
        assert_eq!(world.sync(&connection).await, []);
        let all = accounts::failures(&world.store, connection.id, None, 100).await.unwrap().items;
        assert_eq!(all.len(), 40);
        // Each was looked at once, or twice where it was the first of a name: not once for each other one.
        assert!(all.iter().all(|account| account.revision <= 3), "{:?}", all.iter().map(|one| one.revision).max());
        // One by one they leave the directory; the last one has the name for itself.
        for account in &all[..39] {
            users::delete(&world.store, &BY, account.user_id).await.unwrap();
        }
        assert_eq!(world.sync(&connection).await, [(OperationKind::Create, all[39].email.clone())]);
        assert_eq!(failing(&world, &connection).await, []);
    });
}

#[test]
fn somebody_who_comes_later_finds_the_name_of_an_account_and_of_an_open_create() {
    on_each_engine(|world: World| async move {
        let ada = world.user("ada@acme.example", "/").await;
        let connection = world.active(local_names()).await;
        let begun = world.account(&connection, ada.id).await;
        let intent = provost_core::provisioning::Intent { kind: OperationKind::Create, matching: Some("Ada".to_owned()) };
        assert!(accounts::begin(&world.store, &connection, &[(&begun, intent)]).await.unwrap());
        let twin = world.user("ada@sub.example", "/").await;
        let found = world.subject(&connection, twin.id).await.twin;
        assert_eq!(found.map(|found| found.user), Some(ada.id));
    });
}

#[test]
fn where_everybody_is_named_by_their_address_nobody_has_a_twin() {
    on_each_engine(|world: World| async move {
        let (ada, twin) = (world.user("ada@acme.example", "/").await, world.user("ada@sub.example", "/").await);
        let connection = world.active(World::config()).await;
        assert_eq!(world.sync(&connection).await.len(), 2);
        for user in [ada, twin] {
            assert_eq!(world.subject(&connection, user.id).await.twin, None);
        }
        assert_eq!(failing(&world, &connection).await, []);
    });
}

#[test]
fn whose_twin_loses_access_is_told_by_the_look_at_the_twin() {
    on_each_engine(|world: World| async move {
        let ada = world.user("ada@acme.example", "/").await;
        let connection = world.active(local_names()).await;
        world.sync(&connection).await;
        let twin = world.user("ada@sub.example", "/").await;
        world.sync(&connection).await;
        assert!(world.account(&connection, twin.id).await.failure.is_some(), "the name is ada's");
        users::suspend(&world.store, &BY, ada.id, "leave").await.unwrap();
        assert_eq!(world.account(&connection, twin.id).await.due_at, None);
        let seen = decided(&world, &connection, ada.id).await;
        accounts::see(&world.store, &connection, &[seen]).await.unwrap();
        assert!(world.account(&connection, twin.id).await.due_at.is_some());
    });
}
