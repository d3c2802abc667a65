//! The account: our record of one user in one connection. It is record, work queue and retry state in one, and outlives
//! the user.

use super::OperationKind;
use crate::app::Trigger;
use crate::ids::UserId;
use crate::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What the app holds, as last confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AccountState {
    /// No account: never made, or hard deleted.
    Absent,
    /// An account that we made or adopted.
    Linked,
    /// The same, suspended by us.
    Suspended,
}

impl AccountState {
    /// As the store and the pages spell it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Linked => "linked",
            Self::Suspended => "suspended",
        }
    }

    /// Reads [`Self::word`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Absent, Self::Linked, Self::Suspended].into_iter().find(|state| state.word() == text)
    }
}

/// All causes of deprovisioning that hold, each with its beginning. They run side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Causes {
    /// No longer entitled.
    pub app_off_since: Option<Timestamp>,
    /// Suspended in the directory.
    pub suspended_since: Option<Timestamp>,
    /// Deleted from the directory.
    pub deleted_since: Option<Timestamp>,
}

impl Causes {
    /// The beginning of one cause.
    pub const fn since(&self, trigger: Trigger) -> Option<Timestamp> {
        match trigger {
            Trigger::AppOff => self.app_off_since,
            Trigger::Suspended => self.suspended_since,
            Trigger::Deleted => self.deleted_since,
        }
    }

    /// Whether any cause holds.
    pub const fn any(&self) -> bool {
        self.app_off_since.is_some() || self.suspended_since.is_some() || self.deleted_since.is_some()
    }
}

/// The two ways an account goes. The guard counts them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RemovalKind {
    /// `active: false`.
    Suspend,
    /// DELETE.
    HardDelete,
}

impl RemovalKind {
    /// As the store spells it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Suspend => "suspend",
            Self::HardDelete => "hard_delete",
        }
    }

    /// The request that carries it out.
    pub const fn operation(self) -> OperationKind {
        match self {
            Self::Suspend => OperationKind::Suspend,
            Self::HardDelete => OperationKind::HardDelete,
        }
    }

    /// Reads [`Self::word`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Suspend, Self::HardDelete].into_iter().find(|kind| kind.word() == text)
    }
}

/// The next removal of an account: what, why and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removal {
    /// Suspend or hard delete.
    pub kind: RemovalKind,
    /// The cause whose grace period ends first.
    pub trigger: Trigger,
    /// When that cause began: with account and kind, what an approval is bound to.
    pub since: Timestamp,
    /// Not before this instant.
    pub due: Timestamp,
}

/// What is about to be sent, committed before it is sent. One that is still there when the account is claimed again
/// means that the answer was lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// What.
    pub kind: OperationKind,
    /// The matching attribute's value in the body that was sent: what a look-up must search for, even if the user was
    /// renamed since.
    pub matching: Option<String>,
}

/// What went wrong for one user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FailureKind {
    /// No answer, 408, 425, 5xx: tried again.
    Unavailable,
    /// 429: tried again when the app allows.
    Throttled,
    /// The app refused the request: waits for a change.
    Rejected,
    /// 403 for this user only: waits for a change.
    Forbidden,
    /// The app holds another account with this address that is not ours to take.
    Conflict,
    /// Several accounts match: waits for a change.
    Ambiguous,
    /// The account waiting under this address belongs to another user of the directory.
    AddressHeld {
        /// That user.
        by: UserId,
        /// Their address as last known.
        email: String,
        /// When that account is due to go, if it is.
        until: Option<Timestamp>,
    },
    /// Another user maps to the same matching value.
    DuplicateMatch {
        /// One of those users.
        other: UserId,
        /// That value.
        value: String,
    },
    /// No body can be made.
    Mapping,
}

/// A user's failure as the failure list shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What kind; decides whether it is tried again.
    #[serde(flatten)]
    pub kind: FailureKind,
    /// What was tried.
    pub operation: OperationKind,
    /// The HTTP status, when there was an answer.
    pub status: Option<u16>,
    /// The app's own words, or ours when it had none.
    pub message: String,
    /// When this run of failures began.
    pub since: Timestamp,
    /// When it was last tried.
    pub at: Timestamp,
    /// How often in this run.
    pub attempts: u32,
    /// The next attempt; `None` waits for the user or the configuration to change, or for "Retry".
    pub retry_at: Option<Timestamp>,
    /// The account's `marked` at the attempt: a higher one means that something has changed since.
    pub marked: i64,
}

/// One user in one connection.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// The directory's user, who may be gone.
    pub user_id: UserId,
    /// Their address as last decided, for lists that outlive the user.
    pub email: String,
    /// As last confirmed.
    pub state: AccountState,
    /// The app's id of the account; set unless the state is absent.
    pub remote_id: Option<String>,
    /// The mapped body, with `active`, as last confirmed; set unless the state is absent.
    pub applied: Option<Map<String, Value>>,
    /// The account's version as last seen, where the app has versions; `None` when it is not known.
    pub version: Option<String>,
    /// The causes that hold.
    pub causes: Causes,
    /// The next removal, when a cause holds and the policy has an action left.
    pub removal: Option<Removal>,
    /// A request was sent (or was about to be) and no answer is known: look before writing.
    pub intent: Option<Intent>,
    /// Set while the user is failing.
    pub failure: Option<Failure>,
    /// When to look again.
    pub due_at: Option<Timestamp>,
    /// Raised by directory and configuration changes only.
    pub marked: i64,
    /// Commit time of the last change that can touch entitlement (membership, org unit, address, status, configuration).
    pub entitlement_marked_at: Timestamp,
    /// Raised by the engine only.
    pub revision: i64,
}

impl Account {
    /// The record of a user for whom nothing was ever sent.
    pub fn new(user_id: UserId, email: &str, now: Timestamp) -> Self {
        Self {
            user_id,
            email: email.to_owned(),
            state: AccountState::Absent,
            remote_id: None,
            applied: None,
            version: None,
            causes: Causes::default(),
            removal: None,
            intent: None,
            failure: None,
            due_at: Some(now),
            marked: 1,
            entitlement_marked_at: now,
            revision: 0,
        }
    }

    /// The matching value of a create whose answer is not known: the app may hold an account of ours under it.
    pub fn open_create(&self) -> Option<&str> {
        self.intent.as_ref().filter(|intent| intent.kind == OperationKind::Create)?.matching.as_deref()
    }

    /// Whether the app holds, or may hold, an account of ours.
    pub const fn may_exist(&self) -> bool {
        self.remote_id.is_some() || self.intent.is_some()
    }
}
