//! What one process of its own measures, and tells its parent in one line of JSON.

use super::organization::{self, Engine};
use super::{bare, console, listing, sending};
use anyhow::Context;
use clap::ValueEnum;
use provost_core::app::{Connection, ConnectionConfig};
use provost_store::accounts::load_rules_for;
use provost_store::apps::{self, connections};
use provost_store::{Store, planning};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

/// One measurement; each works on what the ones before have left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Row {
    /// The users are imported from a CSV file.
    Import,
    /// The connection is made and turned on: everybody is marked.
    MakeDue,
    /// Everybody is settled as provisioned.
    Provision,
    /// Users and accounts are read, and nothing else.
    Stream,
    /// A full pass where nothing has changed.
    Unchanged,
    /// Everybody comes into groups that stand within others, and is provisioned as a member of the outermost.
    Divide,
    /// A full pass over them where nothing has changed.
    Nested,
    /// A bare loop that streams, builds, hashes and compares.
    Loop,
    /// The preview of an edit of the mapping that concerns one user in a hundred.
    Preview,
    /// That edit, and the pass after it.
    Edited,
    /// What a mapping's attribute costs.
    Attributes,
    /// A bare loop that reads the app's list page by page.
    List,
    /// A drift check of everybody, where nothing differs.
    Drift,
    /// The console's pages and its search.
    Console,
    /// Changes of single users while the engine works.
    Latency,
    /// The connection is made and stays off.
    Connect,
    /// The bare loop of creates over the engine's HTTP client.
    BareSync,
    /// The first sync.
    FirstSync,
}

/// What was measured.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figures {
    /// How long it took.
    pub(crate) seconds: f64,
    /// How many users it was about.
    pub(crate) count: u64,
    /// When the first result was there, where there is one before the end.
    pub(crate) first_seconds: Option<f64>,
    /// The most memory that the process had in use.
    pub(crate) memory_mib: Option<u64>,
    /// Some figure that tells whether the row did what it should: users found to differ, entries planned.
    pub(crate) found: u64,
    /// How long each page of the console took, by its name, in microseconds.
    #[serde(default)]
    pub(crate) pages: BTreeMap<String, Vec<u32>>,
    /// When each change was made, in microseconds since 1970.
    #[serde(default)]
    pub(crate) changed_at: Vec<i64>,
}

impl Figures {
    /// Users a second.
    pub(super) fn per_second(&self) -> f64 {
        f64::from(u32::try_from(self.count).unwrap_or(u32::MAX)) / self.seconds.max(1e-9)
    }
}

/// What a child process is told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Task<'a> {
    pub(crate) data: &'a Path,
    pub(crate) endpoint: &'a str,
    pub(crate) users: u32,
    pub(crate) seconds: f64,
}

/// Measures one row and prints its figures.
pub(crate) async fn measure(row: Row, task: Task<'_>) -> anyhow::Result<()> {
    let store = organization::open(task.data).await?;
    let mut figures = match row {
        Row::Import => import(&store, task.users).await?,
        Row::MakeDue => make_due(&store, task).await?,
        Row::Provision => provision(&store).await?,
        Row::Stream => bare::stream(&store).await?,
        Row::Unchanged | Row::Nested => unchanged(&store).await?,
        Row::Divide => divide(&store, task.users).await?,
        Row::Loop => bare::build_and_compare(&store).await?,
        Row::Preview => preview(&store).await?,
        Row::Attributes => bare::attributes(&store).await?,
        Row::List => listing::bare(&store).await?,
        Row::Drift => listing::drift_check(&store).await?,
        Row::Console => console::pages(&store).await?,
        Row::Edited => edited(&store).await?,
        Row::Latency => sending::latency(&store, task.seconds).await?,
        Row::Connect => connect(&store, task).await?,
        Row::BareSync => sending::bare_sync(&store).await?,
        Row::FirstSync => sending::first_sync(&store).await?,
    };
    figures.memory_mib = memory_mib("self", "VmHWM:");
    println!("{}", serde_json::to_string(&figures).context("figures always have a text")?);
    Ok(())
}

/// A line of a process's status in MiB; `None` where the system does not tell.
pub(crate) fn memory_mib(process: &str, field: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with(field))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1_024)
}

async fn import(store: &Store, users: u32) -> anyhow::Result<Figures> {
    let begun = Instant::now();
    organization::import(store, users).await?;
    Ok(Figures { seconds: begun.elapsed().as_secs_f64(), count: u64::from(users), ..Figures::default() })
}

async fn connect(store: &Store, task: Task<'_>) -> anyhow::Result<Figures> {
    organization::connect(store, task.endpoint).await?;
    Ok(Figures::default())
}

async fn make_due(store: &Store, task: Task<'_>) -> anyhow::Result<Figures> {
    let connection = organization::connect(store, task.endpoint).await?;
    let begun = Instant::now();
    organization::make_due(store, connection.id).await?;
    Ok(Figures { seconds: begun.elapsed().as_secs_f64(), count: u64::from(task.users), ..Figures::default() })
}

async fn provision(store: &Store) -> anyhow::Result<Figures> {
    let connection = organization::connection(store).await?;
    let begun = Instant::now();
    let count = organization::provision(store, connection.id).await?;
    Ok(Figures { seconds: begun.elapsed().as_secs_f64(), count, ..Figures::default() })
}

async fn unchanged(store: &Store) -> anyhow::Result<Figures> {
    let connection = organization::connection(store).await?;
    let engine = Engine::start(store)?;
    organization::quiet(store, connection.id).await?;
    let begun = Instant::now();
    connections::start_pass(store, connection.id).await?;
    organization::quiet(store, connection.id).await?;
    let seconds = begun.elapsed().as_secs_f64();
    engine.end().await?;
    Ok(Figures { seconds, count: everybody(store, connection.id).await?, ..Figures::default() })
}

async fn divide(store: &Store, users: u32) -> anyhow::Result<Figures> {
    organization::divide(store, users).await?;
    Ok(Figures::default())
}

/// The mapping with one attribute more, which one user in a hundred has.
fn with_building(connection: &Connection) -> anyhow::Result<ConnectionConfig> {
    let mut config = connection.config.clone();
    config.mapping.push(organization::row("userType", "user.locations.building_id")?);
    Ok(config)
}

async fn preview(store: &Store) -> anyhow::Result<Figures> {
    let connection = organization::connection(store).await?;
    let app = apps::get(store, connection.app_id).await?;
    let proposed = Connection { config: with_building(&connection)?, ..connection.clone() };
    let begun = Instant::now();
    let rules = load_rules_for(store, app, proposed).await?;
    let mut first_seconds = None;
    let mut progress = |_: &planning::PlanCounts| {
        first_seconds.get_or_insert_with(|| begun.elapsed().as_secs_f64());
    };
    let plan = planning::plan_watched(store, &rules, 100, &mut progress).await?;
    let seconds = begun.elapsed().as_secs_f64();
    let count = plan.counts.update + plan.counts.unchanged + plan.counts.no_account;
    Ok(Figures { seconds, count, first_seconds, found: plan.counts.update, ..Figures::default() })
}

/// The pass is over when every user was looked at, and those whom the edit concerns are marked.
async fn edited(store: &Store) -> anyhow::Result<Figures> {
    let connection = organization::connection(store).await?;
    let engine = Engine::start(store)?;
    organization::quiet(store, connection.id).await?;
    let begun = Instant::now();
    connections::edit(store, &organization::BY, connection.id, None, with_building(&connection)?, false).await?;
    let first = loop {
        if provost_store::schedule::next_due(store, connection.id).await?.is_some_and(|due| due <= store.now()) {
            break begun.elapsed().as_secs_f64();
        }
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    };
    organization::swept(store, connection.id).await?;
    let seconds = begun.elapsed().as_secs_f64();
    organization::quiet(store, connection.id).await?;
    engine.end().await?;
    let count = everybody(store, connection.id).await?;
    Ok(Figures { seconds, count, first_seconds: Some(first), ..Figures::default() })
}

/// How many accounts the app holds.
pub(crate) async fn everybody(store: &Store, id: provost_core::ids::ConnectionId) -> anyhow::Result<u64> {
    Ok(provost_store::accounts::counts(store, id, store.now()).await?.total())
}
