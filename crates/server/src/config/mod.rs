//! The configuration file: apps, SSO details, access, and everything of autoprovisioning but the token itself.
//!
//! A file is read ([`parse`]), its names are looked up and everything in it is checked ([`prepare`]), it is planned
//! ([`plan`]), and it is applied ([`apply`]). Applying it again changes nothing. Apps that are not in the file, and parts
//! that an app's entry leaves out, stay as they are; a part that is there is the whole of that part. [`export`] writes
//! what is stored in the same shape.

mod apply;
mod duration;
mod export;
mod file;
mod parts;
mod plan;
mod prepare;

pub use apply::{Applied, AppliedApp, apply};
pub use duration::Duration;
pub use export::{access_entry, autoprovisioning_entry, export, export_text};
pub use file::{
    AccessEntry, AppEntry, AutoprovisioningEntry, ConfigFile, DeprovisioningEntry, DriftEntry, FileError, GuardEntry, RuleEntry,
    ScopeEntry, ScopeGroupEntry, Wait, parse,
};
pub use parts::{Parts, resolve_access, warnings};
pub use plan::{AppPlan, ConfigPlan, plan};
pub use prepare::{Prepared, PreparedApp, Step, Tokens, prepare};

use provost_platform::EndpointError;
use provost_store::StoreError;

/// Why a configuration cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file itself.
    #[error(transparent)]
    File(#[from] FileError),
    /// The endpoint's URL.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// A value that cannot be; the message says what to do.
    #[error("{0}")]
    Invalid(String),
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// One of the above in one app's entry.
    #[error("app \"{app}\": {cause}")]
    InApp {
        /// The app's name.
        app: String,
        /// What is wrong in its entry.
        cause: Box<ConfigError>,
    },
}

impl ConfigError {
    fn in_app(self, app: &str) -> Self {
        Self::InApp { app: app.to_owned(), cause: Box::new(self) }
    }
}
