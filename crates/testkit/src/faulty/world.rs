//! Directory and engine around a faulty target, with a clock that moves when a test says so.

use super::{Target, Watched, foreign_account};
use crate::world::{app_for_everyone, person, removing_soon, until_idle};
use provost_core::app::{App, Connection, ConnectionConfig, profile};
use provost_core::directory::User;
use provost_core::provisioning::Account;
use provost_core::time::Span;
use provost_db::Location;
use provost_platform::{Clock, Sealer, Secret};
use provost_store::accounts::standstill;
use provost_store::apps::connections;
use provost_store::planning::explain;
use provost_store::{Actor, Store, accounts};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const BY: Actor = Actor::CommandLine;

/// How long a target may take for one answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A world around a faulty target. Everything in it ends with it.
pub struct FaultyWorld {
    /// Provost's store.
    pub store: Store,
    /// The app.
    pub target: Target,
    /// The clock of both.
    pub clock: Clock,
    /// ON for everyone.
    pub app: App,
    stop: CancellationToken,
}

impl Drop for FaultyWorld {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl FaultyWorld {
    /// A world whose app has the profile `catalogue`, with the domain `example.com` and nothing configured yet.
    pub async fn new(catalogue: &str) -> Self {
        Self::with(catalogue, false, TIMEOUT).await
    }

    /// The same, over TLS or not, with a time for each request.
    pub async fn with(catalogue: &str, tls: bool, timeout: Duration) -> Self {
        let clock = Clock::adjustable();
        let store = Store::open(&Location::Memory, clock.clone(), Sealer::from_key([7; 32])).await.expect("a store opens");
        let target = Target::start(&clock, tls).await;
        let app = app_for_everyone(&store, catalogue).await;
        let stop = CancellationToken::new();
        tokio::spawn(provost_engine::run(store.clone(), target.client(timeout), stop.clone()));
        Self { store, target, clock, app, stop }
    }

    /// Everyone; a suspend at once, a hard delete a day after the deletion, removals judged at once.
    pub fn config(&self) -> ConnectionConfig {
        let profile = profile(&self.app.catalogue).expect("the app's catalogue entry");
        removing_soon(ConnectionConfig::new(&self.target.endpoint, profile), profile)
    }

    /// Configures and turns on.
    pub async fn turn_on(&self, config: ConnectionConfig) -> Connection {
        let token = Secret::new("a-token");
        let connection = connections::configure(&self.store, &BY, self.app.id, config, &token).await.expect("a connection");
        let connection = connections::turn_on(&self.store, &BY, connection.id, None).await.expect("it is turned on");
        self.store.wake();
        connection
    }

    /// The connection as it stands.
    pub async fn connection(&self) -> Connection {
        connections::required_of_app(&self.store, self.app.id).await.expect("it is configured")
    }

    /// Adds a person `NAME@example.com`.
    pub async fn add(&self, name: &str) -> User {
        person(&self.store, name, "/").await
    }

    /// Adds strangers' accounts to the target.
    pub fn add_strangers(&self, count: usize) {
        for number in 0..count {
            self.target.add(foreign_account(&format!("stranger{number}@elsewhere.example")), true);
        }
    }

    /// Watches over one user, who may be removed from `removable_in` on, or not at all; nobody of `entitled` may be.
    pub fn watch(&self, user_name: &str, removable_in: Option<Span>, entitled: &[&str]) {
        let removable_from = removable_in.map(|span| self.store.now() + span);
        self.target.watch(Watched { user_name: user_name.to_owned(), removable_from }, entitled);
    }

    /// Waits until nothing is due for the connection.
    pub async fn settle(&self) {
        until_idle(&self.store, self.connection().await.id).await;
    }

    /// Moves the clock forward and waits until what fell due is done.
    pub async fn advance(&self, span: Span) {
        self.clock.advance_micros(span.0);
        self.settle().await;
    }

    /// The account of a user, if any, as it stands.
    pub async fn account(&self, user: &User) -> Option<Account> {
        accounts::account(&self.store, self.connection().await.id, user.id).await.expect("the store answers")
    }

    /// What `explain` says of a user.
    pub async fn explain(&self, user: &User) -> Vec<String> {
        explain(&self.store, &self.app.name, &user.id.to_string()).await.expect("it can be explained").lines
    }

    /// As an administrator does: everything that failed is tried again, a halted connection gets a new token, and what stands
    /// in the way of removals is confirmed.
    pub async fn mend(&self) {
        let connection = self.connection().await;
        let standing = standstill::standing(&self.store, connection.id).await.expect("the store answers");
        for standing in standing.into_iter().filter(standstill::Standstill::holds) {
            standstill::confirm(&self.store, &BY, connection.id, standing.reason).await.expect("confirmed");
        }
        if connection.halt.is_some() {
            let token = Secret::new("a-new-token");
            connections::reauthorize(&self.store, &BY, connection.id, &token, None).await.expect("reauthorized");
        }
        accounts::retry(&self.store, &BY, connection.id, None).await.expect("retried");
        self.settle().await;
    }
}
