//! Sending well, over HTTP: the app's pauses are kept also over a restart, an app that fails rests and comes back by itself,
//! and whoever fails delays nobody else.

use provost_core::app::ConnectionConfig;
use provost_core::provisioning::{AccountState, FailureKind, Quarantine};
use provost_core::time::Span;
use provost_store::apps::{self, connections, health};
use provost_store::directory::users::{self, UserEdit};
use provost_store::log::{LogQuery, names};
use provost_store::{Actor, accounts, log};
use provost_testkit::{Fault, Proxy, Recorded, World, wait_for};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const BY: Actor = Actor::CommandLine;

async fn world() -> World {
    World::new("netskope").await
}

fn any(_: &Recorded) -> bool {
    true
}

/// The page of a first contact.
fn listing(request: &Recorded) -> bool {
    request.method == "GET" && request.path.contains("/Users?startIndex")
}

fn busy(status: u16, headers: &[(&str, &str)]) -> Fault {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Fault::Answer(status, headers, r#"{"detail":"out of order"}"#.to_owned())
}

async fn events(world: &World, name: &str) -> usize {
    let query = LogQuery { name: Some(name.to_owned()), limit: 10, ..LogQuery::default() };
    log::list(&world.store, &query).await.expect("the log").items.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_that_the_app_asked_for_outlives_a_restart() {
    let mut world = world().await;
    let user = world.add("ada", "/").await;
    world.proxy.once(any, busy(429, &[("Retry-After", "600")]));
    let connection = world.turn_on(world.config()).await;
    let until = async || health::get(&world.store, connection.id).await.expect("its health").paused_until;
    wait_for("the pause is kept", async || until().await.is_some()).await;
    let until = until().await.expect("it was kept");
    assert!((Span::seconds(590)..=Span::seconds(600)).contains(&(until - world.store.now())), "{until}");
    world.restart_engine().await;
    // Somebody else, who has no failure to wait for.
    world.add("grace", "/").await;
    world.clock.advance_micros(Span::seconds(500).0);
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(world.proxy.recorded().len(), 1, "something was sent before the pause ended");
    world.advance(Span::seconds(110)).await;
    assert_eq!(world.tenant_users().await.len(), 2);
    assert_eq!(world.account(&user).await.state, AccountState::Linked);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_that_fails_rests_is_probed_and_comes_back_by_itself() {
    let world = world().await;
    // Now and then it answers, so that the breaker's pauses, which are real, stay short.
    let asked = AtomicUsize::new(0);
    let fails = move |request: &Recorded| !listing(request) && asked.fetch_add(1, Ordering::SeqCst) % 4 != 3;
    world.proxy.every(fails, busy(500, &[]));
    for number in 0..60 {
        world.add(&format!("person{number}"), "/").await;
    }
    let connection = world.turn_on(world.config()).await;
    let rest = async || health::get(&world.store, connection.id).await.expect("its health").quarantine;
    wait_for("the app is in quarantine", async || rest().await.is_some()).await;
    // What was under way when it began.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let begun = rest().await.expect("the app is in quarantine");
    assert_eq!(begun.probes, 0);
    assert!(begun.message.contains("\"out of order\""), "the app's own words: {}", begun.message);
    assert_eq!(events(&world, names::AUTO_PROV_QUARANTINE_BEGAN).await, 1);
    let untried = accounts::counts(&world.store, connection.id, world.store.now()).await.expect("counts");
    // In quarantine one probe goes at its time, and nothing else.
    let before = world.proxy.recorded().len();
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(world.proxy.recorded().len(), before, "something was sent before the first probe was due");
    world.proxy.once(any, busy(500, &[]));
    world.clock.advance_micros(Span::seconds(61).0);
    wait_for("the probe has failed", async || rest().await.is_some_and(|rest| rest.probes == 1)).await;
    assert_eq!(world.proxy.recorded().len(), before + 1);
    assert!(untried.due > 0, "others wait without burning attempts");
    world.proxy.clear();
    health::probe_now(&world.store, connection.id).await.expect("asked");
    wait_for("the quarantine has ended", async || rest().await.is_none()).await;
    assert_eq!(events(&world, names::AUTO_PROV_QUARANTINE_ENDED).await, 1);
    world.advance(Span::hours(7)).await;
    assert_eq!((world.tenant_users().await.len(), world.failures().await), (60, Vec::new()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_refused_when_an_app_in_quarantine_is_asked_whether_it_is_back_stops_the_connection() {
    let world = world().await;
    let connection = connections::configure(&world.store, &BY, world.app.id, world.config(), &world.token).await.expect("it is");
    let none = health::ConnectionHealth::default();
    let rest = Quarantine::begin("out of order", world.store.now());
    let resting = health::ConnectionHealth { quarantine: Some(rest), ..none.clone() };
    health::set(&world.store, &connection, &none, &resting).await.expect("its health");
    connections::turn_on(&world.store, &BY, connection.id, None).await.expect("it is turned on");
    world.proxy.once(listing, busy(401, &[]));
    // Nobody is there: a page of the list is the probe.
    world.clock.advance_micros(Span::seconds(61).0);
    world.store.wake();
    wait_for("the halt", async || world.connection().await.halt.is_some()).await;
    assert_eq!(world.connection().await.halt.map(|halt| halt.message), Some("out of order".to_owned()));
    assert_eq!(world.proxy.recorded().len(), 1, "nothing is sent after it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_user_whose_requests_always_fail_delays_nobody_and_rests_no_app() {
    let world = world().await;
    let poison = world.add("poison", "/").await;
    world.proxy.every(|request| request.body.contains("poison") || request.path.contains("poison"), busy(503, &[]));
    let connection = world.turn_on(world.config()).await;
    for number in 0..30 {
        let begun = Instant::now();
        let user = world.add(&format!("person{number}"), "/").await;
        wait_for("an account", async || {
            let account = accounts::account(&world.store, connection.id, user.id).await.expect("the store answers");
            account.is_some_and(|account| account.state == AccountState::Linked)
        })
        .await;
        assert!(begun.elapsed() < Duration::from_secs(5), "{number}: {:?}", begun.elapsed());
        world.clock.advance_micros(Span::seconds(30).0);
    }
    assert_eq!(health::get(&world.store, connection.id).await.expect("its health").quarantine, None);
    let account = accounts::account(&world.store, connection.id, poison.id).await.expect("the store answers").expect("a row");
    assert!(account.failure.is_some_and(|failure| failure.kind == FailureKind::Unavailable && failure.attempts >= 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_that_hangs_delays_no_other() {
    let world = world().await;
    let hanging = Proxy::start(&world.proxy.url).await;
    hanging.every(any, Fault::Delay(Duration::from_mins(1)));
    let mut users = Vec::new();
    for number in 0..20 {
        users.push(world.add(&format!("person{number}"), "/").await);
    }
    let app = apps::create(&world.store, &BY, "Hanging", "netskope").await.expect("an app");
    apps::set_sso(&world.store, &BY, app.id, None, world.app.sso.clone()).await.expect("its sign-on details");
    apps::set_access(&world.store, &BY, app.id, None, world.app.access.clone()).await.expect("its service status");
    let config = ConnectionConfig { endpoint: hanging.url.clone(), ..world.config() };
    let other = connections::configure(&world.store, &BY, app.id, config, &world.token).await.expect("a connection");
    connections::turn_on(&world.store, &BY, other.id, None).await.expect("it is turned on");
    world.turn_on(world.config()).await;
    wait_for("the other app hangs", async || !hanging.recorded().is_empty()).await;
    for user in &users {
        let begun = Instant::now();
        let change = UserEdit { given_name: Some("Changed".to_owned()), ..UserEdit::default() };
        users::edit(&world.store, &BY, user.id, None, change).await.expect("an edit");
        assert_eq!(world.account(user).await.failure, None);
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }
    connections::turn_off(&world.store, &BY, other.id).await.expect("turned off");
}
