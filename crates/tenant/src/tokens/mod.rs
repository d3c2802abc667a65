//! REST API v2 tokens: a name, an expiry, and grants on endpoints. The secret is shown once and kept as a hash.
//!
//! Whether a request may pass is decided in the API's gate; here is what a token is and how it changes.

mod error;
mod grant;
mod last_used;
mod lifetime;
mod store;

pub use error::TokenError;
pub use grant::{Grant, InvalidGrant, Permission};
pub use last_used::LastUsed;
pub use lifetime::{InvalidLifetime, Lifetime, LifetimeUnit};
pub(crate) use store::{Presented, presented_from_row, presented_query};
pub use store::{change, create, create_as, delete, get, list, reissue, revoke};

/// What every secret starts with, so that scanners can find leaked ones.
pub const SECRET_PREFIX: &str = "nsk";

/// A token as the tenant keeps it: everything but the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its number.
    pub id: i64,
    /// Unique in the tenant, ignoring case.
    pub name: String,
    /// What it may do.
    pub grants: Vec<Grant>,
    /// Microseconds since 1970, as all times here.
    pub created_at: i64,
    /// The administrator who made it; `None` for one made on the command line.
    pub created_by: Option<String>,
    /// From then on it does not work.
    pub expires_at: i64,
    /// Since then it does not work; the record stays.
    pub revoked_at: Option<i64>,
    /// To the minute.
    pub last_used_at: Option<i64>,
    /// Counts the changes.
    pub revision: i64,
}

/// Whether a token works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenState {
    /// It does.
    Active,
    /// Its time is over.
    Expired,
    /// Somebody ended it.
    Revoked,
}

impl TokenState {
    /// For pages and the API.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

impl Token {
    /// Whether it works at this instant.
    pub fn state(&self, now_micros: i64) -> TokenState {
        if self.revoked_at.is_some() {
            TokenState::Revoked
        } else if now_micros >= self.expires_at {
            TokenState::Expired
        } else {
            TokenState::Active
        }
    }
}

/// A token to be made.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// Unique in the tenant, ignoring case.
    pub name: String,
    /// At least one.
    pub grants: Vec<Grant>,
    /// In the future.
    pub expires_at: i64,
    /// The administrator who makes it.
    pub created_by: Option<String>,
}

/// What of a token is to be replaced.
#[derive(Debug, Clone, Default)]
pub struct TokenChange {
    /// A new name.
    pub name: Option<String>,
    /// The new list of grants, whole.
    pub grants: Option<Vec<Grant>>,
    /// The new expiry.
    pub expires_at: Option<i64>,
}
