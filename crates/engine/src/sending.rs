//! What is sent: one decided operation, the intent that is committed before it, and what a refusal says of the token.

use crate::client::Client;
use crate::probe::{Probe, write_probe};
use provost_core::app::{Connection, Halt, HaltReason, Profile, RequestKind};
use provost_core::ids::{ConnectionId, UserId};
use provost_core::provisioning::{Account, Decision, FailureKind, Intent, Operation, OperationKind, Outcome, matching_value};
use provost_store::accounts::{self, Rules, Subject};
use provost_store::{Store, StoreError, schedule};
use std::collections::BTreeMap;

/// Subjects are loaded in groups of this many.
const SUBJECTS: usize = 1_000;

/// The two versions of some accounts, `marked` and `revision`, as they were read first.
pub(crate) type Marks = BTreeMap<UserId, (i64, i64)>;

/// The subjects, with everything but their marks read after the marks were. A decision on rules, users or memberships
/// older than the mark it settles would lose the change behind the mark, and a removal decided so could hit somebody who is
/// entitled again. A change after the marks were read raises them, and then nothing that is decided here is begun or
/// settles the new mark.
pub(crate) async fn seen_after_marks(
    store: &Store,
    connection: ConnectionId,
    marks: &Marks,
) -> Result<(Rules, Vec<Subject>), StoreError> {
    let rules = accounts::load_rules(store, connection).await?;
    let users: Vec<UserId> = marks.keys().copied().collect();
    let mut subjects = Vec::with_capacity(users.len());
    for chunk in users.chunks(SUBJECTS) {
        subjects.extend(accounts::subjects(store, &rules, chunk).await?);
    }
    // A change whose sweep has not come to a user yet is seen here already: a cause that it brings began with it, and not
    // with the user's last mark.
    let swept_from = schedule::newest_waiting(store, connection).await?;
    subjects.retain_mut(|subject| {
        let entitlement_marked_at = subject.account.entitlement_marked_at;
        subject.account.entitlement_marked_at = swept_from.map_or(entitlement_marked_at, |at| at.max(entitlement_marked_at));
        let Some((marked, revision)) = marks.get(&subject.account.user_id) else { return false };
        subject.account.marked = *marked;
        subject.account.revision == *revision
    });
    Ok((rules, subjects))
}

/// An operation that has been decided and not sent.
pub(crate) struct Ready {
    /// On whom it was decided.
    pub(crate) subject: Subject,
    /// What.
    pub(crate) operation: Operation,
}

impl Ready {
    /// With the account as the decision leaves it: its causes and its next removal are stored with the intent.
    pub(crate) fn of(subject: Subject, decision: &Decision, operation: Operation) -> Self {
        let account = as_decided(subject.account, decision);
        Self { subject: Subject { account, ..subject }, operation }
    }
}

/// The account with its causes and its next removal as they were decided.
pub(crate) fn as_decided(account: Account, decision: &Decision) -> Account {
    Account { causes: decision.causes, removal: decision.removal, ..account }
}

/// The kind of the first request that an operation takes.
pub(crate) fn first_request(operation: &Operation, profile: &Profile) -> RequestKind {
    match operation {
        Operation::LookUp { .. } => RequestKind::Read,
        Operation::Create { .. } if !profile.matching_unique => RequestKind::Read,
        Operation::Create { .. } | Operation::Update { .. } | Operation::Restore { .. } | Operation::Remove(_) => {
            RequestKind::Write
        }
    }
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

/// A 403 stops the connection only if the write probe fails too; else it is that user's failure. The gate knows of it then.
pub(crate) async fn token_at_fault(client: &Client, outcome: &Outcome, store: &Store) -> bool {
    let Outcome::Rejected { kind: FailureKind::Forbidden, .. } = outcome else { return false };
    match write_probe(client).await {
        Probe::CannotWrite(message) => {
            client.gate.refuse(&client.token, Halt { reason: HaltReason::TokenCannotWrite, message, since: store.now() });
            true
        }
        Probe::Unauthorized(_) => true,
        Probe::MayWrite | Probe::Unclear(_) => false,
    }
}
