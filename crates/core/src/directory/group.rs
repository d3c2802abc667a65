//! Groups and their members. A group may contain groups; cycles are refused by the store.

use crate::ids::{GroupId, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A group of the directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Immutable.
    pub id: GroupId,
    /// In lower case; unique among users and groups.
    pub email: String,
    /// The display name.
    pub name: String,
    /// Free text.
    pub description: String,
    /// Raised by every change of this row.
    pub revision: i64,
}

/// What a member may do in the group. Provisioning does not look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum MemberRole {
    /// An ordinary member.
    Member,
    /// May manage members.
    Manager,
    /// Owns the group.
    Owner,
}

impl MemberRole {
    /// The role as Google's files and API spell it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Member => "MEMBER",
            Self::Manager => "MANAGER",
            Self::Owner => "OWNER",
        }
    }

    /// Reads the role in any case.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Member, Self::Manager, Self::Owner].into_iter().find(|role| role.word().eq_ignore_ascii_case(text.trim()))
    }
}

/// Who is a member of a group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Member {
    /// A user of the directory.
    User(UserId),
    /// A nested group.
    Group(GroupId),
    /// An address that the directory does not know: never provisioned, shown as "skipped: outside".
    Outside(String),
}
