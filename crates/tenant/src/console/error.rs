//! Failures of pages, as pages.

use super::view::unavailable;
use crate::tokens::TokenError;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use provost_db::{CommitError, DbError};

/// Why a page cannot be shown or a form not carried out.
#[derive(Debug, thiserror::Error)]
pub(super) enum PageError {
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The change was not kept.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// What a token cannot be.
    #[error(transparent)]
    Token(#[from] TokenError),
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        match self {
            Self::Token(TokenError::NotFound) => provost_web::not_found(),
            Self::Token(
                error @ (TokenError::Name
                | TokenError::NameTaken(_)
                | TokenError::NoGrants
                | TokenError::GrantTwice(_)
                | TokenError::Grant(_)
                | TokenError::Expiry
                | TokenError::NotActive(..)
                | TokenError::Changed),
            ) => provost_web::error_page(StatusCode::CONFLICT, "The token was not changed", &sentence(&error.to_string())),
            Self::Db(_) | Self::Commit(_) | Self::Token(TokenError::Db(_) | TokenError::Commit(_)) => {
                tracing::error!(error = %self, "a page failed: the database failed");
                unavailable()
            }
        }
    }
}

/// An error's text as a sentence of a page.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}
