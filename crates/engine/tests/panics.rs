//! The worker of a connection that panics: another takes its place, and no other connection notices.

use provost_core::app::{Access, ServiceStatus, SsoDetails};
use provost_db::Batch;
use provost_store::{Actor, apps};
use provost_testkit::{World, wait_for};
use std::fmt::Debug;
use std::sync::atomic::{AtomicUsize, Ordering};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

const BY: Actor = Actor::CommandLine;

/// How often a worker panicked, and how often that was said.
static PANICS: AtomicUsize = AtomicUsize::new(0);
static SAID: AtomicUsize = AtomicUsize::new(0);

/// A log in which nobody can write that a worker could not work: whoever tries panics in the middle of its own task.
struct PanickingLog;

struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

impl Subscriber for PanickingLog {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("provost_engine")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut message = Message(String::new());
        event.record(&mut message);
        if message.0.contains("worker could not work") {
            PANICS.fetch_add(1, Ordering::SeqCst);
            panic!("a worker panics, because the test wants it to");
        }
        if message.0.contains("worker ended badly") {
            SAID.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// The account of somebody is unreadable, or as it was.
async fn account_row(world: &World, unreadable: bool) {
    let sql = if unreadable {
        "UPDATE account SET failure = '{', failing = 1, due_at = 0 WHERE connection_id = $1"
    } else {
        "UPDATE account SET failure = NULL, failing = 0 WHERE connection_id = $1"
    };
    let mut batch = Batch::new();
    batch.run(sql, [world.connection().await.id.get().into()]);
    world.store.db.commit(batch).await.expect("committed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_panics_is_replaced_and_stops_no_other() {
    tracing::subscriber::set_global_default(PanickingLog).expect("this binary has no other log");
    let (world, other) = (World::new("netskope").await, World::new("netskope").await);
    // A second connection of the first world, to the tenant of the other one.
    let second = apps::create(&world.store, &BY, "Second", "netskope").await.expect("an app");
    let sso = SsoDetails { acs_url: "https://second.example/acs".to_owned(), entity_id: "https://second.example".to_owned() };
    let second = apps::set_sso(&world.store, &BY, second.id, None, Some(sso)).await.expect("its sign-on details");
    let on = Access { default: ServiceStatus::On, ..Access::default() };
    let second = apps::set_access(&world.store, &BY, second.id, None, on).await.expect("its service status");
    world.add("first", "/").await;
    world.turn_on(world.config()).await;
    let healthy =
        apps::connections::configure(&world.store, &BY, second.id, other.config(), &other.token).await.expect("connected");
    apps::connections::turn_on(&world.store, &BY, healthy.id, None).await.expect("turned on");
    world.settle().await;
    wait_for("both apps have the account", async || {
        world.tenant_users().await.len() == 1 && other.tenant_users().await.len() == 1
    })
    .await;

    account_row(&world, true).await;
    world.add("second", "/").await;
    wait_for("the worker panics again and again", async || PANICS.load(Ordering::SeqCst) >= 3).await;
    wait_for("the other connection works", async || other.tenant_users().await.len() == 2).await;
    world.add("third", "/").await;
    wait_for("it goes on working", async || other.tenant_users().await.len() == 3).await;
    assert_eq!(world.tenant_users().await.len(), 1, "its own work waits");
    wait_for("an administrator is told", async || SAID.load(Ordering::SeqCst) >= 2).await;

    account_row(&world, false).await;
    wait_for("another worker does what is due", async || world.tenant_users().await.len() == 3).await;
    assert_eq!(other.tenant_users().await.len(), 3);
}
