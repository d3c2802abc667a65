//! Errors as problem details (RFC 9457), always of one shape: `type`, `title`, `status`, `detail` (what and why), `help`
//! (what to do), and for an unconfirmed plan also `plan`. What went wrong inside is logged here, once, and not told.

use crate::config::{ConfigError, ConfigPlan};
use axum::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use provost_db::{CommitError, DbError};
use provost_platform::EndpointError;
use provost_store::StoreError;
use provost_store::planning::Plan;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

/// What kind of error it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
    /// The request cannot be read.
    BadRequest,
    /// No key, or one that is not valid.
    Unauthorized,
    /// The role may not.
    Forbidden,
    /// There is no such thing.
    NotFound,
    /// The path is there, the method is not.
    WrongMethod,
    /// The thing is not in a state that allows it, or the name is taken.
    Conflict,
    /// `If-Match` named a revision that is not the present one.
    Stale,
    /// The body is too large.
    TooLarge,
    /// The request was read, and what it asks for cannot be.
    Invalid,
    /// The plan was not confirmed.
    NeedsConfirmation,
    /// Nobody answered in time.
    NoAnswer,
    /// The database cannot work, and somebody can do something about it.
    Database(Trouble),
    /// Ours.
    Internal,
}

/// What is wrong with the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Another process holds it.
    Busy,
    /// No room for the data.
    Full,
    /// Its file is damaged.
    Damaged,
}

impl Trouble {
    /// As [`ProblemKind::facts`].
    const fn facts(self) -> (StatusCode, &'static str, &'static str, &'static str) {
        match self {
            Self::Busy => (
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                "The database is busy",
                "Find the process that holds the database, wait for it to end, then send the request again.",
            ),
            Self::Full => (
                StatusCode::INSUFFICIENT_STORAGE,
                "disk-full",
                "There is no room for the data",
                "Make room on the disk of the data directory, then send the request again.",
            ),
            Self::Damaged => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "damaged",
                "The database file is damaged",
                "Stop the server, put a backup of the database back, and start it; removals wait then until you have looked.",
            ),
        }
    }
}

impl ProblemKind {
    /// Every kind, by status.
    pub(super) const ALL: [Self; 15] = [
        Self::BadRequest,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::WrongMethod,
        Self::Conflict,
        Self::NeedsConfirmation,
        Self::Stale,
        Self::TooLarge,
        Self::Invalid,
        Self::Internal,
        Self::Database(Trouble::Damaged),
        Self::Database(Trouble::Busy),
        Self::NoAnswer,
        Self::Database(Trouble::Full),
    ];

    /// Status, word of the type, title, help.
    pub(super) const fn facts(self) -> (StatusCode, &'static str, &'static str, &'static str) {
        match self {
            Self::BadRequest => {
                (StatusCode::BAD_REQUEST, "bad-request", "The request cannot be read", "Correct the request and send it again.")
            }
            Self::Unauthorized => (
                StatusCode::UNAUTHORIZED,
                "unauthorized",
                "An API key is needed",
                "Send the header \"Authorization: Bearer KEY\" with a key made by \"provost api-keys create\".",
            ),
            Self::Forbidden => {
                (StatusCode::FORBIDDEN, "forbidden", "The key's role may not do this", "Use a key of role super-admin.")
            }
            Self::NotFound => {
                (StatusCode::NOT_FOUND, "not-found", "There is no such thing", "Check the name, address or id in the path.")
            }
            Self::WrongMethod => (
                StatusCode::METHOD_NOT_ALLOWED,
                "wrong-method",
                "The method is not for this path",
                "Use one of the methods in Allow.",
            ),
            Self::Conflict => (
                StatusCode::CONFLICT,
                "conflict",
                "The present state does not allow it",
                "Do what the detail says, then send it again.",
            ),
            Self::Stale => (
                StatusCode::PRECONDITION_FAILED,
                "stale",
                "It was changed meanwhile",
                "Read it again, and repeat the change on what it is now.",
            ),
            Self::TooLarge => {
                (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The request is too large", "Send it in smaller parts.")
            }
            Self::Invalid => {
                (StatusCode::UNPROCESSABLE_ENTITY, "invalid", "The request cannot be carried out", "Do what the detail says.")
            }
            Self::NeedsConfirmation => (
                StatusCode::CONFLICT,
                "needs-confirmation",
                "The plan needs to be confirmed",
                "Read the plan, and send the request again with its hash as \"confirm\", or with \"yes\": true.",
            ),
            Self::NoAnswer => (
                StatusCode::GATEWAY_TIMEOUT,
                "no-answer",
                "There was no answer in time",
                "Check that the engine is running, and try again.",
            ),
            Self::Database(trouble) => trouble.facts(),
            Self::Internal => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "Something went wrong in the server",
                "Try again; the server's log says more.",
            ),
        }
    }
}

/// What every `type` begins with.
const TYPE_PREFIX: &str = "urn:provost:problem:";

/// What went wrong, why, and what to do: problem details (RFC 9457).
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub(super) struct ProblemBody {
    /// `urn:provost:problem:` and a word that stays, for programs.
    #[serde(rename = "type")]
    #[schemars(pattern("^urn:provost:problem:[a-z-]+$"))]
    kind: String,
    /// The same in words, for people.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What went wrong, and why.
    detail: String,
    /// What to do.
    help: &'static str,
    /// Where a plan was not confirmed: that plan. Its `hash` is what a confirmation names.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<AnyPlan>")]
    plan: Option<Value>,
}

/// Where the plan of a problem comes from.
#[derive(JsonSchema)]
#[schemars(untagged, inline)]
#[expect(dead_code, reason = "says only which plans there are")]
enum AnyPlan {
    OfApp(Plan),
    OfFile(ConfigPlan),
}

/// An error on its way to the caller.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    kind: ProblemKind,
    detail: String,
    plan: Option<Value>,
}

impl Problem {
    /// An error of this kind; `detail` says what and why.
    pub fn of(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), plan: None }
    }

    /// What went wrong, and why.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// A plan that was not confirmed, with the plan.
    pub(super) fn unconfirmed(detail: String, plan: Value) -> Self {
        Self { kind: ProblemKind::NeedsConfirmation, detail, plan: Some(plan) }
    }

    /// As the caller sees it.
    pub(super) fn body(&self) -> ProblemBody {
        let (status, word, title, help) = self.kind.facts();
        ProblemBody {
            kind: format!("{TYPE_PREFIX}{word}"),
            title,
            status: status.as_u16(),
            detail: self.detail.clone(),
            help,
            plan: self.plan.clone(),
        }
    }

    /// What an administrator can do something about is told; it says nothing of the data.
    fn of_database(error: &DbError) -> Self {
        let (trouble, detail) = match error {
            DbError::Busy => (Trouble::Busy, error.to_string()),
            DbError::Full => (Trouble::Full, error.to_string()),
            DbError::Damaged(_) => (Trouble::Damaged, DbError::Damaged("the log says where".to_owned()).to_string()),
            DbError::WrongType(_) | DbError::Engine(_) | DbError::Closed => return Self::internal(error),
        };
        tracing::error!(%error, "a request failed");
        Self::of(ProblemKind::Database(trouble), detail)
    }

    fn internal(error: &dyn std::error::Error) -> Self {
        let mut chain = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            chain.push_str(": ");
            chain.push_str(&cause.to_string());
            source = cause.source();
        }
        tracing::error!(error = chain, "a request failed");
        Self::of(ProblemKind::Internal, "the request could not be carried out")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, ..) = self.kind.facts();
        let mut response = (status, [(CONTENT_TYPE, "application/problem+json")], json!(self.body()).to_string()).into_response();
        if self.kind == ProblemKind::Unauthorized {
            // RFC 9110, 15.5.2: a 401 names the scheme.
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"provost\""));
        }
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let kind = match &error {
            StoreError::NotFound { .. } => ProblemKind::NotFound,
            StoreError::Taken { .. } | StoreError::Transition(_) => ProblemKind::Conflict,
            StoreError::Invalid(_) | StoreError::Config(_) => ProblemKind::Invalid,
            StoreError::Stale { .. } => ProblemKind::Stale,
            StoreError::NeedsConfirmation(_) => ProblemKind::NeedsConfirmation,
            StoreError::Commit(CommitError::Conflict { .. } | CommitError::Unique { .. }) => {
                return Self::of(ProblemKind::Conflict, "somebody else changed it at the same moment: send the request again");
            }
            StoreError::Commit(CommitError::Db(database)) | StoreError::Db(database) => return Self::of_database(database),
            StoreError::Open(_) | StoreError::Corrupt(_) => return Self::internal(&error),
        };
        Self::of(kind, error.to_string())
    }
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        Self::of_database(&error)
    }
}

impl From<EndpointError> for Problem {
    fn from(error: EndpointError) -> Self {
        Self::of(ProblemKind::Invalid, error.to_string())
    }
}

impl From<ConfigError> for Problem {
    fn from(error: ConfigError) -> Self {
        match error {
            ConfigError::Store(error) => error.into(),
            ConfigError::Endpoint(error) => error.into(),
            ConfigError::File(_) | ConfigError::Invalid(_) => Self::of(ProblemKind::Invalid, error.to_string()),
            ConfigError::InApp { app, cause } => {
                let mut problem = Self::from(*cause);
                problem.detail = format!("app \"{app}\": {}", problem.detail);
                // The thing that is missing is named in the file, not in the path.
                if problem.kind == ProblemKind::NotFound {
                    problem.kind = ProblemKind::Invalid;
                }
                problem
            }
        }
    }
}
