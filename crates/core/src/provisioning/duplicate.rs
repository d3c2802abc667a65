//! Two users whom the mapping gives the same value of the matching attribute: neither is sent anything until one of them
//! changes, or the mapping.
//!
//! Who bears which value spans users, so it is asked before a decision and handed to it in the view.

use super::diff::{body_of, matching_value};
use super::{Account, Blocked, Decision, Failure, FailureKind, OperationKind, Reason, UserView};
use crate::app::{Connection, Profile, desired_body};
use crate::directory::User;
use crate::ids::UserId;
use crate::time::Timestamp;
use serde_json::{Map, Value};

/// Another user who is to have an account with the same value of the matching attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Twin {
    /// That user.
    pub user: UserId,
    /// Their address.
    pub email: String,
}

/// What two users cannot both have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    /// The other one.
    pub twin: Twin,
    /// The app's attribute by which accounts are found.
    pub attribute: String,
    /// The value, as this user would bear it.
    pub value: String,
}

impl std::fmt::Display for Duplicate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { twin, attribute, value } = self;
        write!(
            f,
            "{} is to have the same {attribute} \"{value}\": change the mapping, or one of the two users in the directory",
            twin.email
        )
    }
}

/// The value of the matching attribute that an account of the user is to bear, whatever its case; `None` for somebody who is
/// to have none now.
pub fn wanted_name(view: &UserView<'_>, connection: &Connection) -> Option<String> {
    if view.entitled() { name_by_mapping(view.user?, connection) } else { None }
}

/// The same for a user whose entitlement is known to hold.
pub fn name_by_mapping(user: &User, connection: &Connection) -> Option<String> {
    let status = &user.status;
    // An archived user is left alone or treated as suspended.
    if status.archived_since.is_some() || status.deleted_since.is_some() || status.suspended.is_some() {
        return None;
    }
    let body = desired_body(user, &connection.config.mapping, connection.profile).ok()?;
    matching_value(&body, connection.profile).map(|name| name.to_lowercase())
}

/// The value that the account stands for among those of its connection: others who are to bear it are its twins. The one that
/// was refused to its user for being another's too, or else the confirmed one, or that of an open create; none for an account
/// that is on its way out.
pub fn name_stood_for(account: &Account, profile: &Profile) -> Option<String> {
    if account.causes.any() {
        return None;
    }
    let confirmed = || matching_value(account.applied.as_ref()?, profile);
    let refused = refused_name(account).map(|(_, name)| name.to_owned());
    let name = refused.or_else(confirmed).or_else(|| account.open_create().map(str::to_owned));
    name.map(|name| name.to_lowercase())
}

/// The other user, and the value that neither can have because both are to have it.
pub fn refused_name(account: &Account) -> Option<(UserId, &str)> {
    match &account.failure.as_ref()?.kind {
        FailureKind::DuplicateMatch { other, value } => Some((*other, value)),
        FailureKind::Unavailable
        | FailureKind::Throttled
        | FailureKind::Rejected
        | FailureKind::Forbidden
        | FailureKind::Conflict
        | FailureKind::Ambiguous
        | FailureKind::AddressHeld { .. }
        | FailureKind::Mapping => None,
    }
}

/// The body that the account should have; `None` where none can be made, or another user's would have the same name.
pub(super) fn body_or_blocked(
    view: &UserView<'_>,
    connection: &Connection,
    decision: &mut Decision,
) -> Option<Map<String, Value>> {
    let body = match body_of(view, connection)? {
        Ok(body) => body,
        Err(failure) => {
            decision.reasons.push(Reason::MappingFailed);
            decision.blocked = Some(Blocked::Mapping(failure));
            return None;
        }
    };
    if let Some(twin) = view.twin.cloned() {
        let attribute = connection.profile.matching.clone();
        let value = matching_value(&body, connection.profile).unwrap_or_default();
        decision.reasons.push(Reason::Duplicate);
        decision.blocked = Some(Blocked::Duplicate(Duplicate { twin, attribute, value }));
        return None;
    }
    Some(body)
}

/// The failure that the account bears after a look that sends nothing. Users who cannot be mapped, and those with a twin, fail
/// without a request; the same failure as before stays as it is told. A twin that is gone ends the failure at once, and
/// every other failure ends when nothing is wanted any more.
pub fn failure_after_look(account: &Account, decision: &Decision, now: Timestamp) -> Option<Failure> {
    let (kind, message) = match &decision.blocked {
        Some(Blocked::Mapping(failure)) => (FailureKind::Mapping, failure.to_string()),
        Some(Blocked::Duplicate(duplicate)) => {
            (FailureKind::DuplicateMatch { other: duplicate.twin.user, value: duplicate.value.clone() }, duplicate.to_string())
        }
        Some(Blocked::Archived | Blocked::NoLivingGroup | Blocked::Failing(_)) | None => {
            let stands = !decision.is_quiet() && refused_name(account).is_none();
            return account.failure.clone().filter(|_| stands);
        }
    };
    let known = account.failure.as_ref().filter(|failure| failure.kind == kind);
    if let Some(same) = known.filter(|failure| failure.message == message) {
        return Some(same.clone());
    }
    Some(Failure {
        kind,
        operation: if account.remote_id.is_some() { OperationKind::Update } else { OperationKind::Create },
        status: None,
        message,
        since: known.map_or(now, |failure| failure.since),
        at: now,
        attempts: 1,
        retry_at: None,
        marked: account.marked,
    })
}
