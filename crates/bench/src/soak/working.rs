//! The process that is watched: store and engine as the server has them, and changes at an even pace.

use super::WorkArguments;
use super::apps::{APPS, CHANGE};
use crate::engine::organization::{BY, Engine, import, open, quiet};
use crate::sink::now_micros;
use anyhow::{Context, ensure};
use provost_core::app::{Access, ConnectionConfig, ServiceStatus, SsoDetails, profile};
use provost_core::ids::{ConnectionId, UserId};
use provost_core::time::Span;
use provost_db::Query;
use provost_platform::Secret;
use provost_store::Store;
use provost_store::apps::{self, connections};
use provost_store::directory::org_units;
use provost_store::directory::users::{self, UserEdit};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Changes that may wait for the store at once.
const CHANGES_AT_ONCE: usize = 64;

/// Prepares, says "ready", changes, waits until everything is sent, and prints how many changes it made.
pub(crate) async fn work(arguments: WorkArguments) -> anyhow::Result<()> {
    let store = open(&arguments.data).await?;
    import(&store, arguments.users).await?;
    let endpoints: Vec<&str> = arguments.endpoints.split(',').collect();
    ensure!(endpoints.len() == APPS, "{} endpoints for {APPS} apps", endpoints.len());
    let mut all = Vec::with_capacity(APPS);
    for (number, endpoint) in endpoints.into_iter().enumerate() {
        all.push(connect(&store, number, endpoint).await?);
    }
    let engine = Engine::start(&store)?;
    still(&store, &all).await?;
    println!("ready");
    let made = change(&store, arguments.changes, Duration::from_secs_f64(arguments.seconds)).await?;
    still(&store, &all).await?;
    engine.end().await?;
    println!("{made}");
    Ok(())
}

/// An app that is ON for two of the twenty units, so that each user is in one app.
async fn connect(store: &Store, number: usize, endpoint: &str) -> anyhow::Result<ConnectionId> {
    let app = apps::create(store, &BY, &format!("Soak {number}"), "provost-tenant").await?;
    let sso = SsoDetails { acs_url: "https://app.example/acs".to_owned(), entity_id: "https://app.example".to_owned() };
    let app = apps::set_sso(store, &BY, app.id, None, Some(sso)).await?;
    let mut on = BTreeMap::new();
    for unit in [number, number + APPS] {
        on.insert(org_units::find_by_path(store, &format!("/Unit {unit}")).await?.id, ServiceStatus::On);
    }
    let app = apps::set_access(store, &BY, app.id, None, Access { org_units: on, ..Access::default() }).await?;
    let profile = profile(&app.catalogue).context("the catalogue has the app")?;
    let config = ConnectionConfig { removal_quiet: Span(0), ..ConnectionConfig::new(endpoint, profile) };
    let connection = connections::configure(store, &BY, app.id, config, &Secret::new("soak")).await?;
    connections::turn_on(store, &BY, connection.id, None).await?;
    Ok(connection.id)
}

async fn still(store: &Store, all: &[ConnectionId]) -> anyhow::Result<()> {
    for id in all {
        quiet(store, *id).await?;
    }
    Ok(())
}

/// Changes one user after the other at an even pace. A user's turn comes again long after the change before was sent.
async fn change(store: &Store, per_second: u32, time: Duration) -> anyhow::Result<u64> {
    let rows = store.db.read(Query::new("SELECT id FROM directory_user ORDER BY id", [])).await?;
    let people: Vec<UserId> = rows.iter().map(|row| Ok(UserId::new(row.get(0)?))).collect::<anyhow::Result<_>>()?;
    let begun = Instant::now();
    let mut under_way = tokio::task::JoinSet::new();
    let mut made: u64 = 0;
    for user in people.iter().cycle().copied() {
        // Not a sum of steps, which would fall behind.
        let due = Duration::from_secs_f64(seconds(made) / f64::from(per_second));
        if due >= time {
            break;
        }
        tokio::time::sleep(due.saturating_sub(begun.elapsed())).await;
        if under_way.len() >= CHANGES_AT_ONCE {
            ended(under_way.join_next().await)?;
        }
        let store = store.clone();
        under_way.spawn(async move {
            let edit = UserEdit { family_name: Some(format!("{CHANGE}{}z", now_micros())), ..UserEdit::default() };
            users::edit(&store, &BY, user, None, edit).await.map(|_| ())
        });
        made += 1;
    }
    while let Some(change) = under_way.join_next().await {
        ended(Some(change))?;
    }
    Ok(made)
}

fn seconds(changes: u64) -> f64 {
    f64::from(u32::try_from(changes).unwrap_or(u32::MAX))
}

fn ended(change: Option<Result<Result<(), provost_store::StoreError>, tokio::task::JoinError>>) -> anyhow::Result<()> {
    if let Some(change) = change {
        change.context("a change ended badly")??;
    }
    Ok(())
}
