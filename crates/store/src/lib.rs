//! Provost's SQL: the directory, the apps, the accounts, the log and the schedule; and the waking of the engine.
//!
//! Every verb is a free function that takes [`Store`], reads, decides, and commits one batch: the change, its admin log
//! event and the due marks it causes are one transaction. No HTTP here, and no opinion of when to send.

pub mod accounts;
pub mod admins;
pub mod apps;
pub mod directory;
pub mod drafts;
mod error;
#[cfg(test)]
mod explain;
pub mod import;
pub mod log;
mod migrations;
pub mod planning;
pub mod remote;
pub mod schedule;
mod tally;
mod wakes;

pub use error::StoreError;
pub use wakes::Wakes;

use provost_core::ids::{AdminId, ApiKeyId, Id};
use provost_core::time::Timestamp;
use provost_db::{Db, Location};
use provost_platform::{Clock, Ids, Sealer};

/// Who does something: what the admin log names as the actor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// An administrator in the console.
    Admin {
        /// Their id.
        id: AdminId,
        /// Their address.
        email: String,
    },
    /// A key of the management API.
    ApiKey {
        /// Its id.
        id: ApiKeyId,
        /// Its name.
        name: String,
    },
    /// Somebody at the command line, working on the data directory itself.
    CommandLine,
    /// The engine.
    Engine,
}

impl Actor {
    /// As the admin log shows the actor.
    pub fn label(&self) -> String {
        match self {
            Self::Admin { email, .. } => email.clone(),
            Self::ApiKey { name, .. } => format!("API key {name}"),
            Self::CommandLine => "command line".to_owned(),
            Self::Engine => "autoprovisioning".to_owned(),
        }
    }
}

/// An open store. Cheap to clone; all clones share one database.
#[derive(Debug, Clone)]
pub struct Store {
    /// The database.
    pub db: Db,
    /// Provisioning's clock.
    pub clock: Clock,
    /// Seals credentials.
    pub sealer: Sealer,
    ids: Ids,
    wake: wakes::Waker,
}

impl Store {
    /// Opens the database at `location` and brings its schema up to date; a new one gets its root org unit.
    pub async fn open(location: &Location, clock: Clock, sealer: Sealer) -> Result<Self, StoreError> {
        let db = Db::open(location, migrations::ALL).await?;
        let store = Self { db, clock, sealer, ids: Ids::new(), wake: wakes::Waker::default() };
        directory::org_units::ensure_root(&store).await?;
        Ok(store)
    }

    /// The same database as a process that starts anew would have it: nobody waits for wakes, and ids are drawn afresh.
    pub fn reopened(&self) -> Self {
        let Self { db, clock, sealer, .. } = self.clone();
        Self { db, clock, sealer, ids: Ids::new(), wake: wakes::Waker::default() }
    }

    /// Provisioning's present.
    pub fn now(&self) -> Timestamp {
        Timestamp(self.clock.now_micros())
    }

    /// A fresh id.
    pub fn id<Kind>(&self) -> Id<Kind> {
        Id::new(self.ids.next())
    }

    /// Tells the engine that something may be due. A hint: the engine also looks by itself once a second.
    pub fn wake(&self) {
        self.wake.wake();
    }

    /// Changes with every [`Self::wake`]. Each waiter has its own, so that nobody misses one while it is busy.
    pub fn wakes(&self) -> Wakes {
        self.wake.wakes()
    }
}
