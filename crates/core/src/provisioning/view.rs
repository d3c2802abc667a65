//! Everything that is known of one user for one connection, with its evidence.

use super::{Approval, Swap, Twin};
use crate::directory::User;
use crate::ids::UserId;

/// Whether the app is ON for a user, and by which setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceVerdict<'a> {
    /// The nearest explicit setting up the tree says ON; the path of that org unit.
    OnByOrgUnit(&'a str),
    /// An access group says ON; its address.
    OnByGroup(&'a str),
    /// The nearest explicit setting says OFF and no access group says ON; the path of that org unit.
    OffByOrgUnit(&'a str),
}

impl ServiceVerdict<'_> {
    /// Whether the app is ON.
    pub const fn is_on(&self) -> bool {
        match self {
            Self::OnByOrgUnit(_) | Self::OnByGroup(_) => true,
            Self::OffByOrgUnit(_) => false,
        }
    }
}

/// Whether a user is in scope, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScopeVerdict<'a> {
    /// The scope is everyone.
    Everyone,
    /// A member of this scope group; its address.
    MemberOf(&'a str),
    /// In groups mode, and in none of them.
    NotMember,
    /// Skipped: the address is in a secondary domain.
    SecondaryDomain(&'a str),
    /// Skipped: the address is in no domain of the organization.
    Outside(&'a str),
    /// In groups mode without a group left alive: creates and removals are held.
    NoLivingGroup,
}

impl ScopeVerdict<'_> {
    /// Whether the user is in scope.
    pub const fn is_in(&self) -> bool {
        match self {
            Self::Everyone | Self::MemberOf(_) => true,
            Self::NotMember | Self::SecondaryDomain(_) | Self::Outside(_) | Self::NoLivingGroup => false,
        }
    }
}

/// One user, seen from one connection.
#[derive(Debug, Clone, Copy)]
pub struct UserView<'a> {
    /// Whom this is about.
    pub user_id: UserId,
    /// `None` once the directory has forgotten a deleted user.
    pub user: Option<&'a User>,
    /// The app's service status for the user; for a deleted user, as their memberships stood.
    pub service: ServiceVerdict<'a>,
    /// The scope's verdict; for a deleted user, as their memberships stood.
    pub scope: ScopeVerdict<'a>,
    /// The user's part in a cycle of users who wait for each other's addresses.
    pub swap: Option<Swap>,
    /// Another user to whom the mapping gives the same value of the matching attribute.
    pub twin: Option<&'a Twin>,
    /// What an administrator has said of this user's removals.
    pub verdicts: &'a [Approval],
    /// The body that the account should have is known to be the one that was last confirmed, so that the two are not made and
    /// compared: what [`super::is_text_of`] has said, on the same connection.
    pub as_confirmed: bool,
}

impl UserView<'_> {
    /// ON and in scope.
    pub const fn entitled(&self) -> bool {
        self.service.is_on() && self.scope.is_in()
    }
}
