//! A SCIM service provider in the manner of a Netskope tenant: REST API v2 tokens, Users and Groups over HTTP, and a small
//! console.
//!
//! It exists to develop and test against, and as a SCIM server in its own right. It knows nothing of Provost's directory,
//! rules or engine: whatever it holds came in through its own API. It does not inject faults (a proxy in front of it does),
//! does not send mail and never calls anybody.
//!
//! Where nothing public says how a real tenant behaves, the behaviour is one of [`options::Options`], with the likeliest
//! reading as the default.

pub mod admins;
mod api;
mod console;
pub mod endpoints;
mod find;
mod groups;
mod limiter;
mod locks;
pub mod options;
mod profile;
pub mod request_log;
pub mod tokens;
pub mod transfer;
pub mod users;

pub use profile::{ProfileName, UnknownProfile};

use crate::find::positions::Positions;
use crate::limiter::Limiter;
use crate::locks::ResourceLocks;
use crate::options::Options;
use crate::profile::Providers;
use crate::request_log::{RequestEntry, RequestLog};
use axum::Router;
use provost_db::{CommitError, Db, DbError, Location, Migration, OpenError};
use provost_platform::{Clock, Ids};
use provost_web::{LoginThrottle, Sessions};
use std::sync::Arc;

/// The name of the console's session cookie. Cookies do not know ports: another console on the same host has another name.
pub const SESSION_COOKIE: &str = "tenant_session";

/// Failed sign-ins of one account before waiting begins.
const FREE_ATTEMPTS: u32 = 5;

pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "tenant", sql: include_str!("../migrations/0001_tenant.sql") },
    Migration { version: 2, name: "web_session", sql: provost_web::SESSION_MIGRATION_SQL },
    Migration { version: 3, name: "group_name", sql: include_str!("../migrations/0003_group_name.sql") },
    Migration { version: 4, name: "block_group", sql: include_str!("../migrations/0004_block_group.sql") },
    Migration { version: 5, name: "one_sigma", sql: include_str!("../migrations/0005_one_sigma.sql") },
];

/// An open tenant. Cheap to clone; all clones are the same tenant.
#[derive(Clone)]
pub struct Tenant {
    pub(crate) inner: Arc<Inner>,
}

/// What a tenant consists of.
pub(crate) struct Inner {
    pub(crate) db: Db,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    pub(crate) positions: Positions,
    pub(crate) profile: ProfileName,
    pub(crate) providers: Providers,
    pub(crate) sessions: Sessions,
    pub(crate) throttle: LoginThrottle,
    pub(crate) limiter: Limiter,
    pub(crate) requests: RequestLog,
    pub(crate) locks: ResourceLocks,
    pub(crate) last_used: tokens::LastUsed,
}

impl std::fmt::Debug for Tenant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tenant").field("profile", &self.inner.profile).finish_non_exhaustive()
    }
}

impl Tenant {
    /// Opens the tenant's database, makes or updates its schema, and takes up where it stood. The clock serves token expiry,
    /// `meta` times and the request log; sessions of the console and the rate limit are on real time.
    pub async fn open(location: Location, clock: Clock, profile: ProfileName) -> Result<Self, OpenError> {
        let db = Db::open(&location, MIGRATIONS).await?;
        let inner = Inner {
            sessions: Sessions::new(db.clone(), SESSION_COOKIE),
            db,
            clock,
            ids: Ids::new(),
            positions: Positions::new(),
            profile,
            providers: Providers::new(profile),
            throttle: LoginThrottle::new(FREE_ATTEMPTS),
            limiter: Limiter::new(),
            requests: RequestLog::new(),
            locks: ResourceLocks::new(),
            last_used: tokens::LastUsed::new(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Which server it plays.
    pub fn profile(&self) -> ProfileName {
        self.inner.profile
    }

    /// The settings as they stand now.
    pub async fn options(&self) -> Result<Options, DbError> {
        options::load(&self.inner.db).await
    }

    /// Replaces the settings; they apply from the next request on.
    pub async fn set_options(&self, options: &Options) -> Result<(), CommitError> {
        options::save(&self.inner.db, options).await
    }

    /// The last requests at the SCIM API, oldest first: at most [`request_log::REQUESTS_KEPT`].
    pub fn requests(&self) -> Vec<RequestEntry> {
        self.inner.requests.entries()
    }

    /// How many requests the SCIM API has had since the tenant was opened, also those that the log no longer holds.
    pub fn requests_total(&self) -> u64 {
        self.inner.requests.total()
    }
}

/// Everything that the tenant serves: `/api/v2` and the console.
#[expect(clippy::needless_pass_by_value, reason = "the routes keep the tenant; callers hand over their handle")]
pub fn router(tenant: Tenant) -> Router {
    Router::new().merge(api::router(&tenant)).merge(console::router(&tenant))
}
