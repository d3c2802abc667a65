//! Two users who take each other's addresses, over HTTP.

use provost_core::directory::User;
use provost_core::provisioning::AccountState;
use provost_core::time::Span;
use provost_store::Actor;
use provost_store::apps::connections;
use provost_store::directory::users::{self, UserEdit};
use provost_testkit::World;

const BY: Actor = Actor::CommandLine;

async fn rename(world: &World, user: &User, name: &str) {
    let change = UserEdit { primary_email: Some(format!("{name}@example.com")), ..UserEdit::default() };
    users::edit(&world.store, &BY, user.id, None, change).await.expect("a rename");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_users_who_swap_addresses_keep_their_accounts_and_bear_each_others_names() {
    let world = World::new("netskope").await;
    let (ada, bob) = (world.add("ada", "/").await, world.add("bob", "/").await);
    let connection = world.turn_on(world.config()).await;
    world.settle().await;
    let before = [world.account(&ada).await.remote_id, world.account(&bob).await.remote_id];
    connections::turn_off(&world.store, &BY, connection.id).await.expect("turned off");
    rename(&world, &ada, "between").await;
    rename(&world, &bob, "ada").await;
    rename(&world, &ada, "bob").await;
    connections::turn_on(&world.store, &BY, connection.id, None).await.expect("turned on");
    world.settle().await;
    // Both have found the other's account in the way; at the next attempt one makes room.
    for _ in 0..4 {
        world.advance(Span::seconds(30)).await;
    }
    let (ada, bob) = (world.account(&ada).await, world.account(&bob).await);
    assert_eq!(world.failures().await, Vec::<String>::new());
    assert_eq!([ada.remote_id, bob.remote_id], before, "each keeps the account");
    for (account, name) in [(ada.applied, "bob@example.com"), (bob.applied, "ada@example.com")] {
        assert_eq!(account.expect("linked")["userName"], name);
    }
    assert_eq!((ada.state, bob.state), (AccountState::Linked, AccountState::Linked));
    let names: Vec<String> = world.tenant_users().await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["ada@example.com", "bob@example.com"]);
}
