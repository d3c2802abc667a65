//! Whether an account is at rest: a look at it would store nothing new and send nothing.
//!
//! A pass over everybody marks only accounts that are not at rest; all others are left as they are, unwritten.

use super::{Account, Blocked, Decision};

/// Whether `decision`, made on `account` as a mark would leave it, asks for nothing and says nothing that the account does
/// not say already. `email` is the user's address. An account that is due, or about which a question is open, is never at
/// rest: somebody may be working on an older decision.
pub fn is_at_rest(account: &Account, email: &str, decision: &Decision) -> bool {
    decision.operation.is_none()
        && account.intent.is_none()
        && account.due_at == decision.wake_at
        && account.causes == decision.causes
        && account.removal == decision.removal
        && account.email == email
        && failure_stands(account, decision)
}

/// Whether the failure that is recorded, or its absence, is what the decision would leave.
fn failure_stands(account: &Account, decision: &Decision) -> bool {
    match (&account.failure, &decision.blocked) {
        (Some(failure), Some(Blocked::Mapping(mapping))) => failure.message == mapping.to_string(),
        (None, Some(Blocked::Archived | Blocked::NoLivingGroup | Blocked::Failing(_)) | None)
        | (Some(_), Some(Blocked::Archived | Blocked::NoLivingGroup | Blocked::Failing(_))) => true,
        // Not told yet; or over, or to be tried again by a removal.
        (None, Some(Blocked::Mapping(_))) | (Some(_), None) => false,
    }
}
