//! The end of an access token that was entered: warned of in time, once each, and named when the app refuses the token.

use provost_core::time::Span;
use provost_store::Actor;
use provost_store::apps::{connections, token_expiry};
use provost_store::log::{LogQuery, names};
use provost_testkit::{Fault, World, wait_for};

const BY: Actor = Actor::CommandLine;

/// The warnings so far: how many days before the end, oldest first.
async fn warnings(world: &World) -> Vec<i64> {
    let query = LogQuery { name: Some(names::AUTO_PROV_TOKEN_EXPIRES.to_owned()), limit: 100, ..LogQuery::default() };
    let page = provost_store::log::list(&world.store, &query).await.expect("the store answers");
    let mut days: Vec<i64> = page.items.iter().filter_map(|entry| entry.detail["days_before"].as_i64()).collect();
    days.reverse();
    days
}

async fn warned(world: &World, expected: &[i64]) {
    world.store.wake();
    wait_for(&format!("warnings {expected:?}"), async || warnings(world).await == expected).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn warnings_come_30_7_and_1_days_before_and_at_the_end_once_each() {
    let world = World::new("netskope").await;
    world.add("ada", "/").await;
    let connection = world.turn_on(world.config()).await;
    let end = world.store.now() + Span::days(40);
    token_expiry::set(&world.store, &BY, connection.id, Some(end)).await.expect("said");
    world.advance(Span::days(9)).await;
    warned(&world, &[]).await;
    for (days, expected) in
        [(2, &[30][..]), (10, &[30]), (13, &[30, 7]), (4, &[30, 7]), (1, &[30, 7, 1]), (1, &[30, 7, 1, 0]), (5, &[30, 7, 1, 0])]
    {
        world.advance(Span::days(days)).await;
        warned(&world, expected).await;
        // A second look gives none of them again.
        world.advance(Span::hours(1)).await;
        warned(&world, expected).await;
    }
    // Another token has another end, or none that is known.
    for end in [Some(world.store.now() + Span::days(365)), None] {
        connections::reauthorize(&world.store, &BY, connection.id, &world.token, end).await.expect("reauthorized");
        assert_eq!(token_expiry::get(&world.store, connection.id).await.expect("the store answers"), end);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_that_is_entered_late_is_warned_of_once() {
    let world = World::new("netskope").await;
    let connection = world.turn_on(world.config()).await;
    token_expiry::set(&world.store, &BY, connection.id, Some(world.store.now() + Span::hours(5))).await.expect("said");
    world.advance(Span::seconds(90)).await;
    warned(&world, &[1]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_401_of_an_expired_token_names_its_end() {
    for (expired, named) in [(true, true), (false, false)] {
        let world = World::new("netskope").await;
        world.add("ada", "/").await;
        let now = world.store.now();
        let end = if expired { now - Span::days(1) } else { now + Span::days(1) };
        let words = r#"{"message":"who are you"}"#.to_owned();
        world.proxy.once(|_| true, Fault::Answer(401, Vec::new(), words));
        let token = &world.token;
        let connection =
            connections::configure(&world.store, &BY, world.app.id, world.config(), token).await.expect("a connection");
        token_expiry::set(&world.store, &BY, connection.id, Some(end)).await.expect("said");
        connections::turn_on(&world.store, &BY, connection.id, None).await.expect("on");
        wait_for("the halt", async || world.connection().await.halt.is_some()).await;
        let message = world.connection().await.halt.expect("halted").message;
        assert!(message.starts_with("who are you"), "{message}");
        assert_eq!(message.contains(&format!("the access token expired at {end}")), named, "{message}");
    }
}
