//! What a verb of the store can answer instead of its result.

use provost_core::app::InvalidConfig;
use provost_core::directory::InvalidTransition;
use provost_db::{CommitError, DbError, OpenError, WrongType};

/// Why a verb did nothing. Every message is safe to show to an administrator.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such thing.
    #[error("there is no {what} \"{key}\"")]
    NotFound {
        /// `user`, `group`, `app`, …
        what: &'static str,
        /// What was asked for.
        key: String,
    },
    /// The name or address is in use.
    #[error("{what} \"{key}\" exists already: choose another")]
    Taken {
        /// `the address`, `the app`, …
        what: &'static str,
        /// What was asked for.
        key: String,
    },
    /// The input cannot be kept; the message says why and what to do.
    #[error("{0}")]
    Invalid(String),
    /// The status does not allow the change.
    #[error(transparent)]
    Transition(#[from] InvalidTransition),
    /// The connection's configuration cannot be kept.
    #[error(transparent)]
    Config(#[from] InvalidConfig),
    /// The thing was changed since the caller read it.
    #[error("{what} was changed meanwhile{by}: read it again and repeat the change")]
    Stale {
        /// `the user`, `the connection`, …
        what: &'static str,
        /// ` by A at T`, or empty.
        by: String,
    },
    /// The change removes, or creates many, and its plan was not confirmed.
    #[error("the plan needs to be confirmed: {0}")]
    NeedsConfirmation(String),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// A batch could not be committed.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The database could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Stored JSON that cannot be read: a bug, or a file that is not ours.
    #[error("stored data cannot be read: {0}")]
    Corrupt(String),
}

impl From<WrongType> for StoreError {
    fn from(error: WrongType) -> Self {
        Self::Db(DbError::WrongType(error))
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Corrupt(error.to_string())
    }
}
