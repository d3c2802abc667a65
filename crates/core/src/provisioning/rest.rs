//! Whether an account is at rest: a look at it would store nothing new and send nothing.
//!
//! A pass over everybody marks only accounts that are not at rest; all others are left as they are, unwritten.

use super::{Account, Decision, failure_after_look};
use crate::time::Timestamp;

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
    // A failure that ends with what was wanted is over only when a removal is not to be tried again.
    if account.failure.is_some() && decision.blocked.is_none() {
        return false;
    }
    failure_after_look(account, decision, Timestamp(0)) == account.failure
}
