//! What is sent: one decided operation, the intent that is committed before it, and what a refusal says of the token.

use crate::client::Client;
use crate::probe::{Probe, write_probe};
use provost_core::app::{Connection, Halt, HaltReason};
use provost_core::provisioning::{FailureKind, Intent, Operation, OperationKind, Outcome, matching_value};
use provost_store::Store;
use provost_store::accounts::Subject;

/// An operation that has been decided and not sent.
pub(crate) struct Ready {
    /// On whom it was decided.
    pub(crate) subject: Subject,
    /// What.
    pub(crate) operation: Operation,
}

/// What is committed before it is sent.
pub(crate) fn intent(connection: &Connection, ready: &Ready) -> Intent {
    let known = ready.subject.account.applied.as_ref().and_then(|body| matching_value(body, connection.profile));
    let (kind, matching) = match &ready.operation {
        // A look-up answers an open question: the question stays until it is answered.
        Operation::LookUp { matching, .. } => {
            let asked = ready.subject.account.intent.as_ref().map_or(OperationKind::LookUp, |intent| intent.kind);
            (asked, Some(matching.clone()))
        }
        Operation::Create { matching, .. } => (OperationKind::Create, Some(matching.clone())),
        Operation::Update { body, .. } => (OperationKind::Update, matching_value(body, connection.profile)),
        Operation::Restore { body, .. } => (OperationKind::Restore, matching_value(body, connection.profile)),
        Operation::Remove(removal) => (removal.operation_kind(), known),
    };
    Intent { kind, matching }
}

/// A 403 stops the connection only if the write probe fails too; else it is that user's failure.
pub(crate) async fn halt_after(client: &Client, outcome: &Outcome, store: &Store) -> Option<Halt> {
    let Outcome::Rejected { kind: FailureKind::Forbidden, .. } = outcome else { return None };
    let since = store.now();
    match write_probe(client).await {
        Probe::CannotWrite(message) => {
            client.gate.close();
            Some(Halt { reason: HaltReason::TokenCannotWrite, message, since })
        }
        Probe::Unauthorized(message) => Some(Halt { reason: HaltReason::NeedsReauthorization, message, since }),
        Probe::MayWrite | Probe::Unclear(_) => None,
    }
}
