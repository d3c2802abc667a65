//! What can be sent for one account, and what can come of it.

use super::{CheckedRemoval, FailureKind};
use crate::app::Trigger;
use crate::ids::UserId;
use crate::time::Timestamp;
use provost_scim::PatchRequest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The name of an operation: what intents, failures and the log say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OperationKind {
    /// Read the account, or search for it.
    LookUp,
    /// Make the account.
    Create,
    /// Bring the account up to date.
    Update,
    /// `active: false`.
    Suspend,
    /// `active: true`, with everything brought up to date.
    Restore,
    /// DELETE.
    HardDelete,
}

impl OperationKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [Self::LookUp, Self::Create, Self::Update, Self::Suspend, Self::Restore, Self::HardDelete];

    /// As the store and commands spell it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::LookUp => "look_up",
            Self::Create => "create",
            Self::Update => "update",
            Self::Suspend => "suspend",
            Self::Restore => "restore",
            Self::HardDelete => "hard_delete",
        }
    }

    /// Reads [`Self::word`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == text)
    }
}

/// One request to be sent. Bodies carry `active`; `schemas` is added by the client.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// GET by id when the id is known, else a search for the matching value.
    LookUp {
        /// The app's id, when known.
        remote_id: Option<String>,
        /// The matching attribute's value that the account would have.
        matching: String,
    },
    /// POST, after a search where the app does not keep the matching attribute unique itself.
    Create {
        /// The whole mapped body.
        body: Map<String, Value>,
        /// The matching attribute's value in it.
        matching: String,
    },
    /// PATCH, or PUT for apps that need it.
    Update {
        /// The app's id.
        remote_id: String,
        /// The smallest PATCH that gets there.
        patch: PatchRequest,
        /// What the account will then be.
        body: Map<String, Value>,
    },
    /// PATCH `active: true` with all that has changed meanwhile.
    Restore {
        /// The app's id.
        remote_id: String,
        /// The smallest PATCH that gets there.
        patch: PatchRequest,
        /// What the account will then be.
        body: Map<String, Value>,
    },
    /// A suspend or a hard delete that the guard has let through.
    Remove(CheckedRemoval),
}

impl Operation {
    /// The operation's name.
    pub const fn kind(&self) -> OperationKind {
        match self {
            Self::LookUp { .. } => OperationKind::LookUp,
            Self::Create { .. } => OperationKind::Create,
            Self::Update { .. } => OperationKind::Update,
            Self::Restore { .. } => OperationKind::Restore,
            Self::Remove(removal) => removal.operation_kind(),
        }
    }

    /// The trigger behind a removal, for the log.
    pub const fn trigger(&self) -> Option<Trigger> {
        match self {
            Self::Remove(removal) => Some(removal.candidate().removal.trigger),
            Self::LookUp { .. } | Self::Create { .. } | Self::Update { .. } | Self::Restore { .. } => None,
        }
    }
}

/// An account as the app showed it.
#[derive(Debug, Clone, PartialEq)]
pub struct Remote {
    /// The app's id.
    pub id: String,
    /// The whole resource; `None` where the app answered without a body.
    pub resource: Option<Map<String, Value>>,
}

impl Remote {
    /// The `externalId` it bears.
    pub fn external_id(&self) -> Option<&str> {
        self.resource.as_ref()?.get("externalId")?.as_str()
    }

    /// Its version, where the app has versions (RFC 7644 section 3.14).
    pub fn version(&self) -> Option<&str> {
        self.resource.as_ref()?.get("meta")?.get("version")?.as_str().filter(|version| !version.is_empty())
    }
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// 2xx: the app has it.
    Applied {
        /// The account, where the answer carried one.
        remote: Option<Remote>,
    },
    /// A look-up found exactly one account.
    Found {
        /// That account.
        remote: Remote,
    },
    /// A look-up found an account that belongs to another user of ours: see [`super::holder`].
    FoundHeld {
        /// That user.
        by: UserId,
        /// Their address as last known.
        email: String,
        /// When that account is due to go, if it is.
        until: Option<Timestamp>,
    },
    /// A look-up found nothing.
    NotFound,
    /// A look-up found several accounts.
    Ambiguous {
        /// How many.
        count: usize,
    },
    /// 404 or 410 on an id that we knew.
    AlreadyGone,
    /// 409: somebody holds the matching value.
    Conflict {
        /// The app's words.
        message: String,
    },
    /// The app refused, and would refuse again.
    Rejected {
        /// Why it is listed.
        kind: FailureKind,
        /// The HTTP status.
        status: Option<u16>,
        /// The app's words.
        message: String,
    },
    /// 412: the account has changed since we read it.
    Stale,
    /// 429, or 503 with Retry-After.
    Throttled {
        /// The HTTP status.
        status: u16,
        /// Not before this instant, when the app said so.
        until: Option<Timestamp>,
        /// The app's words.
        message: String,
    },
    /// The app did not do it: refused connection, 5xx, 408, 425.
    Unavailable {
        /// The HTTP status, when there was an answer.
        status: Option<u16>,
        /// What happened.
        message: String,
    },
    /// Sent, and no answer: it may have been done.
    Unknown {
        /// What happened.
        message: String,
    },
    /// The connection was stopped before the request: nothing was changed.
    NotStarted,
    /// 401: the connection stops.
    Unauthorized {
        /// The app's words.
        message: String,
    },
}

impl Outcome {
    /// The account's version after this, `before` being the one seen last: what an answer shows counts, and a change whose
    /// answer shows none leaves it unknown.
    pub(super) fn version_seen(&self, before: Option<&String>) -> Option<String> {
        match self {
            Self::Applied { remote } => remote.as_ref().and_then(Remote::version).map(str::to_owned),
            Self::Found { remote } => remote.version().map(str::to_owned),
            Self::NotFound | Self::AlreadyGone | Self::Unknown { .. } | Self::Stale => None,
            Self::FoundHeld { .. }
            | Self::Ambiguous { .. }
            | Self::Conflict { .. }
            | Self::Rejected { .. }
            | Self::Throttled { .. }
            | Self::Unavailable { .. }
            | Self::NotStarted
            | Self::Unauthorized { .. } => before.cloned(),
        }
    }
}
