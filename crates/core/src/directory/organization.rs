//! Org units and domains, and what an address is.

use crate::ids::{DomainId, OrgUnitId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An organizational unit. The root's path is `/` and it has no parent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrgUnit {
    /// Immutable; settings are keyed by it, not by the path.
    pub id: OrgUnitId,
    /// `None` only for the root.
    pub parent: Option<OrgUnitId>,
    /// The last part of the path; empty for the root.
    pub name: String,
    /// `/Sales/EMEA`.
    pub path: String,
}

/// What a domain is to the organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DomainKind {
    /// The one main domain.
    Primary,
    /// A further domain with users of its own.
    Secondary,
    /// Another name of the primary domain: its addresses are the primary domain's.
    Alias,
}

impl DomainKind {
    /// As pages and the store spell it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Secondary => "secondary",
            Self::Alias => "alias",
        }
    }

    /// Reads [`Self::word`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Primary, Self::Secondary, Self::Alias].into_iter().find(|kind| kind.word() == text)
    }
}

/// A domain of the organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Domain {
    /// Immutable.
    pub id: DomainId,
    /// In lower case.
    pub name: String,
    /// Primary, secondary or alias.
    pub kind: DomainKind,
}

/// The part behind the `@`, in lower case as stored.
pub fn email_domain(email: &str) -> &str {
    email.rsplit_once('@').map_or("", |(_, domain)| domain)
}

/// Whether `email` can be an address: one `@`, no white space or control characters, a dotted domain, 254 bytes at most.
pub fn valid_email(email: &str) -> bool {
    let Some((local, domain)) = email.split_once('@') else { return false };
    let plain = |part: &str| !part.is_empty() && !part.contains(|c: char| c == '@' || c.is_whitespace() || c.is_control());
    let label = |part: &str| {
        !part.is_empty() && part.len() <= 63 && part.chars().all(|c| c.is_alphanumeric() || c == '-') && !part.starts_with('-')
    };
    email.len() <= 254 && plain(local) && local.len() <= 64 && domain.contains('.') && domain.split('.').all(label)
}
