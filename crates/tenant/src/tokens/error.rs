//! Why a token cannot be made or changed.

use super::grant::InvalidGrant;
use provost_db::{CommitError, DbError};

/// A token that cannot be made or changed, in words for the person who asked.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// No name, or too long a one.
    #[error("give the token a name of 1 to 100 characters")]
    Name,
    /// Two tokens cannot share a name.
    #[error("there is a token named {0:?} already: choose another name, or reissue that one")]
    NameTaken(String),
    /// A token that may do nothing.
    #[error("add at least one endpoint, for instance /api/v2/scim/Users")]
    NoGrants,
    /// Twice the same endpoint.
    #[error("the endpoint {0} is there twice: keep one of them")]
    GrantTwice(String),
    /// See [`InvalidGrant`].
    #[error(transparent)]
    Grant(#[from] InvalidGrant),
    /// Not in the future, or too far in it.
    #[error("the expiry must be in the future and at most 10 years away")]
    Expiry,
    /// Gone or never there.
    #[error("there is no such token: it may have been deleted")]
    NotFound,
    /// Revoked and expired tokens are not reissued.
    #[error("this token is {0}: {1}")]
    NotActive(&'static str, &'static str),
    /// Somebody else changed it in between.
    #[error("the token was changed by somebody else meanwhile: load the page again and repeat the change")]
    Changed,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The change was not kept.
    #[error(transparent)]
    Commit(CommitError),
}
