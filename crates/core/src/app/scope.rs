//! The provisioning scope: everyone with access, or the members of some groups.

use crate::ids::GroupId;
use crate::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which members of a scope group count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ScopeMembers {
    /// Only direct members.
    Direct,
    /// Members of nested groups too.
    All,
}

/// One group of the scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeGroup {
    /// The group.
    pub group: GroupId,
    /// Which of its members count.
    pub members: ScopeMembers,
    /// Set when the group was deleted from the directory: the entry stays as a tombstone, so that losing the last
    /// group never means everyone.
    pub deleted_since: Option<Timestamp>,
}

/// Whether the scope is limited at all. Stored, never derived from an empty list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScopeMode {
    /// All users with app access.
    Everyone,
    /// Users with app access who are members of a listed group.
    Groups,
}

/// The provisioning scope of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// Everyone, or groups.
    pub mode: ScopeMode,
    /// Looked at in mode [`ScopeMode::Groups`] only.
    pub groups: Vec<ScopeGroup>,
}

impl Scope {
    /// All users with app access.
    pub const fn everyone() -> Self {
        Self { mode: ScopeMode::Everyone, groups: Vec::new() }
    }

    /// In groups mode with no group left alive: creates and removals are held.
    pub fn has_lost_every_group(&self) -> bool {
        self.mode == ScopeMode::Groups && self.groups.iter().all(|group| group.deleted_since.is_some())
    }
}

/// What becomes of users whose address is in a secondary domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecondaryDomains {
    /// Not provisioned where the scope is some groups; otherwise provisioned.
    SkipInGroups,
    /// Always provisioned.
    Include,
    /// Never provisioned.
    Skip,
}
