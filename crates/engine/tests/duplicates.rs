//! Two users to whom the mapping gives the same name, over HTTP.

use provost_core::app::{ConnectionConfig, Expression};
use provost_core::directory::{DomainKind, User};
use provost_store::directory::domains;
use provost_store::directory::users::{self, NewUser, UserEdit};
use provost_store::{Actor, planning};
use provost_testkit::World;
use serde_json::Map;

const BY: Actor = Actor::CommandLine;

/// Accounts are named by the part before the `@`.
fn local_names(world: &World) -> ConnectionConfig {
    let mut config = world.config();
    let rows = config.mapping.iter_mut().filter(|row| row.target == "userName");
    rows.for_each(|row| row.source = Expression::parse("user.username").expect("an attribute"));
    config
}

async fn at_labs(world: &World, name: &str) -> User {
    let new = NewUser {
        primary_email: format!("{name}@labs.example"),
        given_name: name.to_owned(),
        family_name: "Labs".to_owned(),
        org_unit_path: "/".to_owned(),
        attributes: Map::new(),
    };
    users::add(&world.store, &BY, new).await.expect("a new user")
}

async fn rename(world: &World, user: &User, email: &str) {
    let change = UserEdit { primary_email: Some(email.to_owned()), ..UserEdit::default() };
    users::edit(&world.store, &BY, user.id, None, change).await.expect("a rename");
    world.settle().await;
}

async fn names(world: &World) -> Vec<String> {
    world.tenant_users().await.into_iter().map(|(name, _)| name).collect()
}

async fn both_fail_and_wait(catalogue: &str) {
    let world = World::new(catalogue).await;
    domains::add(&world.store, &BY, "labs.example", DomainKind::Secondary).await.expect("a domain");
    let (ada, twin) = (world.add("ada", "/").await, at_labs(&world, "ada").await);
    world.add("bob", "/").await;
    world.turn_on(local_names(&world)).await;
    world.settle().await;
    assert_eq!(names(&world).await, ["bob"], "{catalogue}: nothing for the two, everything for the rest");
    assert!(world.proxy.recorded().iter().all(|request| !request.body.contains("labs.example")));
    assert_eq!(world.failures().await.len(), 2, "{:?}", world.failures().await);
    for (user, other) in [(&ada, &twin), (&twin, &ada)] {
        let said = planning::explain(&world.store, "Netskope", &user.primary_email).await.expect("an explanation");
        let line = format!("Failing: {} is to have the same userName \"ada\": change the mapping", other.primary_email);
        assert!(said.lines.iter().any(|said| said.starts_with(&line)), "{said}");
    }

    rename(&world, &twin, "eve@labs.example").await;
    assert_eq!(names(&world).await, ["ada", "bob", "eve"]);
    assert_eq!(world.failures().await, Vec::<String>::new(), "it ends by itself, for both");

    // Somebody takes the name of an account: both keep what they have.
    world.proxy.clear();
    rename(&world, &twin, "bob@labs.example").await;
    assert_eq!(world.failures().await.len(), 2, "{:?}", world.failures().await);
    rename(&world, &ada, "eva@example.com").await;
    assert_eq!(names(&world).await, ["bob", "eva", "eve"]);
    let changes = world.proxy.recorded().into_iter().filter(|request| request.method != "GET").count();
    assert_eq!(changes, 1, "{catalogue}: one rename, and nothing for the two");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_users_with_one_name_fail_where_the_app_keeps_names_unique() {
    both_fail_and_wait("netskope").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_users_with_one_name_fail_where_the_app_does_not() {
    both_fail_and_wait("generic").await;
}
