//! The supervisor: expands sweeps, starts daily passes, answers connection tests, and keeps one worker per connection.

use crate::probe;
use crate::settings::Settings;
use crate::worker::work;
use provost_core::app::ConnectionStatus;
use provost_core::ids::ConnectionId;
use provost_core::time::{Span, Timestamp};
use provost_platform::HttpClient;
use provost_store::{Actor, Store, StoreError, apps, directory, remote, schedule};
use std::collections::HashMap;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// After a failure of the store, the next look.
const AFTER_FAILURE: Duration = Duration::from_secs(2);

/// A full pass of an active connection, if none was asked for since.
const FULL_PASS_EVERY: Span = Span::days(1);

/// Deleted users whose restore window is over are forgotten this often.
const PURGE_EVERY: Span = Span::hours(1);

/// Whether a drift check is to begin is looked at this often.
const DRIFT_LOOK_EVERY: Span = Span::seconds(60);

/// The users whom sweeps and passes look at between two looks at everything else.
const SWEEP_USERS: usize = 20_000;

/// Works every connection until `stop` is cancelled; then waits for the requests under way and settles them.
pub async fn run(store: Store, http: HttpClient, stop: CancellationToken) {
    run_with(store, http, Settings::default(), stop).await;
}

/// As [`run`], with settings of one's own.
pub async fn run_with(store: Store, http: HttpClient, settings: Settings, stop: CancellationToken) {
    let mut workers: HashMap<ConnectionId, JoinHandle<()>> = HashMap::new();
    let (mut purged_at, mut drift_looked_at) = (Timestamp(0), Timestamp(0));
    let mut wakes = store.wakes();
    while !stop.is_cancelled() {
        let looked = (&mut purged_at, &mut drift_looked_at);
        let pause = match look(&store, &http, settings, &mut workers, looked, &stop).await {
            Ok(true) => continue,
            Ok(false) => settings.look_every,
            Err(error) => {
                tracing::error!(%error, "the engine's supervisor could not work; it tries again");
                AFTER_FAILURE
            }
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            () = wakes.changed() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
    for (id, worker) in workers {
        end_of(id, worker).await;
    }
}

/// Waits for the end of a worker. One that panicked has left its account of what was under way in the store: whoever takes its place
/// looks it up first.
async fn end_of(id: ConnectionId, worker: JoinHandle<()>) {
    if let Err(error) = worker.await {
        tracing::error!(connection = %id, %error, "a connection's worker ended badly");
    }
}

/// One look at everything; whether there is more to do at once.
async fn look(
    store: &Store,
    http: &HttpClient,
    settings: Settings,
    workers: &mut HashMap<ConnectionId, JoinHandle<()>>,
    (purged_at, drift_looked_at): (&mut Timestamp, &mut Timestamp),
    stop: &CancellationToken,
) -> Result<bool, StoreError> {
    let swept = schedule::expand_sweeps(store, SWEEP_USERS).await?;
    if swept > 0 {
        store.wake();
    }
    let completed = directory::users::complete_words(store).await?;
    answer_tests_aside(store, http).await?;
    let now = store.now();
    let connections = apps::connections::list_details(store).await?;
    for details in &connections {
        let connection = &details.connection;
        let passed_at = details.last_pass_at.unwrap_or(details.created_at);
        if connection.status == ConnectionStatus::Active && now - passed_at >= FULL_PASS_EVERY {
            apps::connections::start_pass(store, connection.id).await?;
        }
    }
    let ended: Vec<ConnectionId> = workers.iter().filter(|(_, worker)| worker.is_finished()).map(|(id, _)| *id).collect();
    for id in ended {
        if let Some(worker) = workers.remove(&id) {
            end_of(id, worker).await;
        }
    }
    for id in connections.iter().map(|details| details.connection.id) {
        workers.entry(id).or_insert_with(|| tokio::spawn(work(store.clone(), http.clone(), id, settings, stop.clone())));
    }
    if now - *drift_looked_at >= DRIFT_LOOK_EVERY {
        *drift_looked_at = now;
        begin_drift_checks(store, now).await?;
        for (app, message) in apps::token_expiry::warn(store).await? {
            tracing::warn!(%app, "{message}");
        }
    }
    if now - *purged_at >= PURGE_EVERY {
        *purged_at = now;
        directory::users::purge_expired(store).await?;
    }
    Ok(swept > 0 || completed)
}

/// Begins the drift checks whose time has come.
async fn begin_drift_checks(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    for connection in apps::connections::list(store).await? {
        let sends = connection.status == ConnectionStatus::Active && connection.halt.is_none();
        if sends && remote::next_check(store, &connection).await?.is_some_and(|at| at <= now) {
            remote::request_check(store, &Actor::Engine, connection.id, None).await?;
        }
    }
    Ok(())
}

/// An endpoint that hangs must not hold up the sweeps: its test is answered by a task of its own.
async fn answer_tests_aside(store: &Store, http: &HttpClient) -> Result<(), StoreError> {
    if apps::tests::waiting_since(store).await?.is_none() {
        return Ok(());
    }
    let (store, http) = (store.clone(), http.clone());
    tokio::spawn(async move {
        if let Err(error) = probe::answer_tests(&store, &http).await {
            tracing::error!(%error, "a connection test could not be answered");
        }
    });
    Ok(())
}
