//! A small organization with one connection, so that marks can be counted.

use provost_core::app::{ConnectionConfig, SsoDetails, profile};
use provost_core::directory::{DomainKind, User};
use provost_core::ids::UserId;
use provost_core::time::Span;
use provost_db::{Batch, Query};
use provost_platform::{Clock, Sealer, Secret};
use provost_store::apps::{self, connections};
use provost_store::directory::{domains, org_units, users};
use provost_store::log::{self, LogQuery};
use provost_store::{Actor, Store, StoreError, schedule};
use std::future::Future;

pub(crate) const BY: Actor = Actor::CommandLine;

/// Runs a test on each engine, with a fresh and empty database.
pub(crate) fn on_each_empty_engine<Test: Future<Output = ()>>(test: impl Fn(Store) -> Test) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for (engine, location, _guard) in provost_db::testing::locations() {
        eprintln!("on {engine}");
        runtime.block_on(async {
            let store = Store::open(&location, Clock::adjustable(), Sealer::from_key([7; 32])).await.unwrap();
            test(store.clone()).await;
            assert_counted(&store).await;
        });
    }
}

/// Whatever a test has done: the numbers that are kept are those that counting gives.
async fn assert_counted(store: &Store) {
    let kept = "SELECT org_unit_id, state, users FROM directory_user_count WHERE users <> 0 ORDER BY org_unit_id, state";
    let counted =
        "SELECT org_unit_id, state, count(*) FROM directory_user GROUP BY org_unit_id, state ORDER BY org_unit_id, state";
    let [kept, counted] = [kept, counted].map(|sql| Query::new(sql, []));
    assert_eq!(store.db.read(kept).await.unwrap(), store.db.read(counted).await.unwrap());
}

/// Runs a test on each engine, in an organization with three domains, four org units and one connection.
pub(crate) fn on_each_engine<Test: Future<Output = ()>>(test: impl Fn(Store) -> Test) {
    on_each_empty_engine(|store| async {
        found(&store).await;
        test(store).await;
    });
}

async fn found(store: &Store) {
    let kinds =
        [("acme.example", DomainKind::Primary), ("sub.example", DomainKind::Secondary), ("alias.example", DomainKind::Alias)];
    for (name, kind) in kinds {
        domains::add(store, &BY, name, kind).await.unwrap();
    }
    for (parent, name) in [("/", "Sales"), ("/Sales", "EMEA"), ("/", "Contractors")] {
        org_units::add(store, &BY, parent, name).await.unwrap();
    }
    let app = apps::create(store, &BY, "Netskope", "netskope").await.unwrap();
    let sso = SsoDetails { acs_url: "https://acme.goskope.com/acs".into(), entity_id: "https://acme.goskope.com".into() };
    let app = apps::set_sso(store, &BY, app.id, None, Some(sso)).await.unwrap();
    let config = ConnectionConfig::new("https://acme.goskope.com/api/v2/scim", profile("netskope").unwrap());
    connections::configure(store, &BY, app.id, config, &Secret::new("t0ken")).await.unwrap();
    settle(store).await;
}

/// Expands all sweeps, and clears all marks, so that those of the next change stand alone.
pub(crate) async fn settle(store: &Store) {
    while schedule::expand_sweeps(store, 10_000).await.unwrap() > 0 {}
    let mut batch = Batch::new();
    batch.run("UPDATE account SET marked = 0, entitlement_marked_at = 0", []);
    store.db.commit(batch).await.unwrap();
}

/// The users marked since [`settle`], by id, each with whether the mark can touch who is entitled.
pub(crate) async fn marks(store: &Store) -> Vec<(UserId, bool)> {
    let sql = "SELECT user_id, CAST(CASE WHEN entitlement_marked_at = 0 THEN 0 ELSE 1 END AS BIGINT) FROM account \
               WHERE marked > 0 ORDER BY user_id";
    let rows = store.db.read(Query::new(sql, [])).await.unwrap();
    rows.iter().map(|row| (UserId::new(row.get(0).unwrap()), row.get(1).unwrap())).collect()
}

/// The sweeps committed since [`settle`]: kind and target.
pub(crate) async fn sweeps(store: &Store) -> Vec<(String, Option<i64>)> {
    let rows = store.db.read(Query::new("SELECT kind, target_id FROM sweep ORDER BY id", [])).await.unwrap();
    rows.iter().map(|row| (row.get(0).unwrap(), row.get(1).unwrap())).collect()
}

/// The names of the newest log events, newest first.
pub(crate) async fn newest_events(store: &Store, count: usize) -> Vec<String> {
    let page = log::list(store, &LogQuery { limit: count, ..LogQuery::default() }).await.unwrap();
    page.items.into_iter().map(|entry| entry.name).collect()
}

pub(crate) fn new_user(email: &str, path: &str) -> users::NewUser {
    users::NewUser {
        primary_email: email.to_owned(),
        given_name: "Ada".to_owned(),
        family_name: "Lovelace".to_owned(),
        org_unit_path: path.to_owned(),
        attributes: serde_json::Map::new(),
    }
}

pub(crate) async fn user(store: &Store, email: &str) -> User {
    users::add(store, &BY, new_user(email, "/")).await.unwrap()
}

pub(crate) fn advance(store: &Store, by: Span) {
    store.clock.advance_micros(by.0);
}

/// The message of a refusal.
pub(crate) fn refusal<T: std::fmt::Debug>(answer: Result<T, StoreError>) -> String {
    answer.unwrap_err().to_string()
}
