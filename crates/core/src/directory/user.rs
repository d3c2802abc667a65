//! A user and the flags of their status. The flags combine: a user can be archived and suspended at once.

use crate::ids::{OrgUnitId, UserId};
use crate::time::{Span, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// For how long a deleted user can be restored.
pub const RESTORE_WINDOW: Span = Span::days(20);

/// Since when a user is suspended, and why if the administrator said so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    /// The commit time of the suspension.
    pub since: Timestamp,
    /// The administrator's words; empty when none were given.
    pub reason: String,
}

/// The three flags of a user's status.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserStatus {
    /// Set while the user is suspended.
    pub suspended: Option<Suspension>,
    /// Set while the user is archived.
    pub archived_since: Option<Timestamp>,
    /// When the last archive flag was taken away: grace clocks restart from here.
    pub unarchived_at: Option<Timestamp>,
    /// Set while the user is deleted and can still be restored.
    pub deleted_since: Option<Timestamp>,
}

/// The one word shown for a status: the strongest flag wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum UserState {
    /// No flag is set.
    Active,
    /// Suspended, neither archived nor deleted.
    Suspended,
    /// Archived, not deleted.
    Archived,
    /// Deleted; restorable for 20 days.
    Deleted,
}

/// A change of status that the present status does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTransition {
    /// The user is deleted.
    #[error("the user is deleted: restore the user first")]
    Deleted,
    /// The flag is set already.
    #[error("the user is {} already", .0.word())]
    Already(UserState),
    /// The flag to be taken away is not set.
    #[error("the user is not {}", .0.word())]
    Not(UserState),
    /// Twenty days have passed since the deletion.
    #[error("the user was deleted more than 20 days ago and cannot be restored: add the user anew")]
    RestoreWindowOver,
}

impl UserState {
    /// The state in lower case, as pages and commands print it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Archived => "archived",
            Self::Deleted => "deleted",
        }
    }
}

impl UserStatus {
    /// The strongest flag.
    pub const fn state(&self) -> UserState {
        if self.deleted_since.is_some() {
            UserState::Deleted
        } else if self.archived_since.is_some() {
            UserState::Archived
        } else if self.suspended.is_some() {
            UserState::Suspended
        } else {
            UserState::Active
        }
    }

    fn living(self) -> Result<Self, InvalidTransition> {
        if self.deleted_since.is_some() { Err(InvalidTransition::Deleted) } else { Ok(self) }
    }

    /// Sets the suspended flag.
    pub fn suspend(self, reason: &str, now: Timestamp) -> Result<Self, InvalidTransition> {
        let status = self.living()?;
        if status.suspended.is_some() {
            return Err(InvalidTransition::Already(UserState::Suspended));
        }
        Ok(Self { suspended: Some(Suspension { since: now, reason: reason.to_owned() }), ..status })
    }

    /// Takes the suspended flag away.
    pub fn unsuspend(self) -> Result<Self, InvalidTransition> {
        let status = self.living()?;
        if status.suspended.is_none() {
            return Err(InvalidTransition::Not(UserState::Suspended));
        }
        Ok(Self { suspended: None, ..status })
    }

    /// Sets the archived flag: from now on the user is left alone.
    pub fn archive(self, now: Timestamp) -> Result<Self, InvalidTransition> {
        let status = self.living()?;
        if status.archived_since.is_some() {
            return Err(InvalidTransition::Already(UserState::Archived));
        }
        Ok(Self { archived_since: Some(now), ..status })
    }

    /// Takes the archived flag away; the clocks of causes that still hold restart at `now`.
    pub fn unarchive(self, now: Timestamp) -> Result<Self, InvalidTransition> {
        let status = self.living()?;
        if status.archived_since.is_none() {
            return Err(InvalidTransition::Not(UserState::Archived));
        }
        Ok(Self { archived_since: None, unarchived_at: Some(now), ..status })
    }

    /// Deletes: the other flags stay, so that a restored user comes back as they were.
    pub fn delete(self, now: Timestamp) -> Result<Self, InvalidTransition> {
        Ok(Self { deleted_since: Some(now), ..self.living()? })
    }

    /// Restores within [`RESTORE_WINDOW`]; a user deleted while suspended comes back suspended.
    pub fn restore(self, now: Timestamp) -> Result<Self, InvalidTransition> {
        let since = self.deleted_since.ok_or(InvalidTransition::Not(UserState::Deleted))?;
        if now - since > RESTORE_WINDOW {
            return Err(InvalidTransition::RestoreWindowOver);
        }
        Ok(Self { deleted_since: None, ..self })
    }
}

/// A user of the directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Immutable; what accounts join on.
    pub id: UserId,
    /// In lower case.
    pub primary_email: String,
    /// First name.
    pub given_name: String,
    /// Last name.
    pub family_name: String,
    /// Where the user stands in the tree.
    pub org_unit: OrgUnitId,
    /// The flags.
    pub status: UserStatus,
    /// Everything else, in the shape of Google's Directory API: `organizations`, `phones`, `addresses`, `externalIds`,
    /// `relations`, `customSchemas`, …; empty when there is none.
    pub attributes: Map<String, Value>,
    /// Commit time of the creation.
    pub created_at: Timestamp,
    /// Raised by every change of this row; the user's `ETag`.
    pub revision: i64,
}

impl User {
    /// First and last name with one space between.
    pub fn full_name(&self) -> String {
        format!("{} {}", self.given_name, self.family_name).trim().to_owned()
    }
}
