//! The installation that is measured: a directory in a SQLite file, one app that is ON for everyone, and its connection.

use super::people::{self, PeopleFile};
use anyhow::{Context, ensure};
use provost_connectors::google_csv::{self, Options};
use provost_core::app::{
    Access, AttributeMapping, Connection, ConnectionConfig, Expression, Scope, ScopeGroup, ScopeMembers, ScopeMode,
    ServiceStatus, SsoDetails, profile,
};
use provost_core::directory::MemberRole;
use provost_core::ids::{ConnectionId, GroupId};
use provost_core::provisioning::{Intent, Jitter, Operation, OperationKind, Outcome, Remote, decide, settle};
use provost_core::time::Span;
use provost_db::Location;
use provost_platform::{Clock, HttpClient, Sealer, Secret};
use provost_store::accounts::{self, Settled, load_rules};
use provost_store::apps::{self, connections};
use provost_store::directory::groups;
use provost_store::{Actor, Store, schedule};
use std::path::Path;
use tokio_util::sync::CancellationToken;

/// Who does things here.
pub(crate) const BY: Actor = Actor::CommandLine;

pub(super) const APP: &str = "Benchmark";

/// Users that are provisioned at a time.
const PAGE_USERS: usize = 1_000;

/// Opens the data of a run.
pub(crate) async fn open(data: &Path) -> anyhow::Result<Store> {
    let location = Location::File(data.join("provost.db"));
    let key = Sealer::from_file_or_create(&data.join("key")).context("cannot make the key")?;
    Store::open(&location, Clock::system(), key).await.context("cannot open the store")
}

/// Imports so many users.
pub(crate) async fn import(store: &Store, users: u32) -> anyhow::Result<()> {
    let file = PeopleFile::users(users);
    let report = google_csv::import(store, &BY, file, None::<PeopleFile>, Options::default(), &mut |_| ()).await?;
    ensure!(report.users.added == u64::from(users), "{} of {users} users were imported", report.users.added);
    Ok(())
}

/// Divides everybody between groups, ten of which at a time stand in one, all of them in another one, and provisions for the members
/// of that.
pub(crate) async fn divide(store: &Store, users: u32) -> anyhow::Result<()> {
    let outer = group(store, "everybody@example.com", None).await?;
    for division in 0..people::GROUPS / people::GROUPS_WITHIN {
        let within = group(store, &format!("division{division}@example.com"), Some(outer)).await?;
        for number in 0..people::GROUPS_WITHIN {
            group(store, &people::group(division * people::GROUPS_WITHIN + number), Some(within)).await?;
        }
    }
    let (nobody, members) = (PeopleFile::users(0), PeopleFile::members(users));
    let report = google_csv::import(store, &BY, nobody, Some(members), Options::default(), &mut |_| ()).await?;
    ensure!(report.members.added == u64::from(users), "{} of {users} users were put into groups", report.members.added);
    // The scope is another one until then, so that all of this concerns nobody.
    while schedule::expand_sweeps(store, 50_000).await? > 0 {}
    let connection = connection(store).await?;
    let entry = ScopeGroup { group: outer, members: ScopeMembers::All, deleted_since: None };
    let scope = Scope { mode: ScopeMode::Groups, groups: vec![entry] };
    let config = ConnectionConfig { scope, ..connection.config };
    connections::edit(store, &BY, connection.id, None, config, false).await?;
    Ok(())
}

/// Makes a group within another one.
async fn group(store: &Store, email: &str, within: Option<GroupId>) -> anyhow::Result<GroupId> {
    let group = groups::add(store, &BY, email, email, "").await?;
    if let Some(outer) = within {
        groups::add_member(store, &BY, outer, email, MemberRole::Member).await?;
    }
    Ok(group.id)
}

/// Makes the app and its connection to `endpoint`, turned off.
pub(crate) async fn connect(store: &Store, endpoint: &str) -> anyhow::Result<Connection> {
    let app = apps::create(store, &BY, APP, "provost-tenant").await?;
    let sso = SsoDetails { acs_url: "https://app.example/acs".to_owned(), entity_id: "https://app.example".to_owned() };
    let app = apps::set_sso(store, &BY, app.id, None, Some(sso)).await?;
    let on = Access { default: ServiceStatus::On, ..Access::default() };
    let app = apps::set_access(store, &BY, app.id, None, on).await?;
    let profile = profile(&app.catalogue).context("the catalogue has the app")?;
    let mut config = ConnectionConfig { removal_quiet: Span(0), ..ConnectionConfig::new(endpoint, profile) };
    config.mapping.push(row("title", "user.organizations.title")?);
    Ok(connections::configure(store, &BY, app.id, config, &Secret::new("benchmark")).await?)
}

/// One row of a mapping.
pub(crate) fn row(target: &str, source: &str) -> anyhow::Result<AttributeMapping> {
    Ok(AttributeMapping { target: target.to_owned(), source: Expression::parse(source)? })
}

/// The connection, with the endpoint of this run.
pub(crate) async fn connection(store: &Store) -> anyhow::Result<Connection> {
    let app = apps::find(store, APP).await?;
    Ok(connections::required_of_app(store, app.id).await?)
}

/// Turns the connection on and makes everybody due, without an engine.
pub(crate) async fn make_due(store: &Store, id: ConnectionId) -> anyhow::Result<()> {
    connections::turn_on(store, &BY, id, None).await?;
    while schedule::expand_sweeps(store, 50_000).await? > 0 {}
    Ok(())
}

/// Settles everybody as if the app had made each account as it was asked, without a request.
pub(crate) async fn provision(store: &Store, id: ConnectionId) -> anyhow::Result<u64> {
    let rules = load_rules(store, id).await?;
    let mut made = 0;
    loop {
        let now = store.now();
        let due = accounts::due(store, &rules, now, PAGE_USERS).await?;
        if due.is_empty() {
            return Ok(made);
        }
        let mut settled = Vec::with_capacity(due.len());
        for subject in due {
            let decision = decide(&rules.view(&subject), &subject.account, &rules.connection, now);
            let operation = decision.operation.context("everybody who is due is to get an account")?;
            ensure!(matches!(operation, Operation::Create { .. }), "{operation:?} where an account was to be made");
            let before = subject.account;
            let remote = Remote { id: format!("b{}", before.user_id), resource: None };
            let intent = Intent { kind: OperationKind::Create, matching: None };
            let account = provost_core::provisioning::Account { intent: Some(intent), ..before.clone() };
            let outcome = Outcome::Applied { remote: Some(remote) };
            let after = settle(&operation, &outcome, account, &rules.connection, now, Jitter(0.5)).account;
            settled.push(Settled { before, after, events: Vec::new(), decided: true });
        }
        made += settled.len() as u64;
        accounts::settle(store, &rules.connection, settled).await?;
    }
}

/// The real engine, in this process.
pub(crate) struct Engine {
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

/// The client that the engine uses.
pub(crate) fn http() -> anyhow::Result<HttpClient> {
    Ok(HttpClient::new(vec!["127.0.0.0/8".parse().context("a network")?]))
}

/// A client for pages, which follows no redirect.
pub(super) fn browser() -> anyhow::Result<reqwest::Client> {
    // Nothing here speaks TLS, but no client can be made without.
    provost_platform::install_tls_provider();
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().context("no client for pages")
}

impl Engine {
    /// Starts it.
    pub(crate) fn start(store: &Store) -> anyhow::Result<Self> {
        let stop = CancellationToken::new();
        let task = tokio::spawn(provost_engine::run(store.clone(), http()?, stop.clone()));
        Ok(Self { stop, task })
    }

    /// Ends it, and waits for what was under way.
    pub(crate) async fn end(self) -> anyhow::Result<()> {
        self.stop.cancel();
        self.task.await.context("the engine ended badly")
    }
}

/// Waits until no sweep is left.
pub(crate) async fn swept(store: &Store, id: ConnectionId) -> anyhow::Result<()> {
    while schedule::sweeping(store, id).await? {
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    Ok(())
}

/// Waits until no sweep is left and nothing is due.
pub(crate) async fn quiet(store: &Store, id: ConnectionId) -> anyhow::Result<()> {
    loop {
        swept(store, id).await?;
        let due = schedule::next_due(store, id).await?;
        if due.is_none_or(|due| due > store.now()) && !schedule::sweeping(store, id).await? {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}
