//! From outcomes to rows: what is stored of a decision, and of a request that has been answered.

use crate::client::Exchange;
use crate::sending::as_decided;
use provost_core::app::Connection;
use provost_core::provisioning::{Account, Decision, Jitter, Operation, Outcome, ProvisioningEvent, failure_after_look, settle};
use provost_core::time::Timestamp;
use provost_platform::random;
use provost_store::accounts::Settled;
use provost_store::accounts::removals::APPROVED_DETAIL;
use provost_store::log::{LogEvent, names};
use serde_json::json;

/// A request that has been answered, or given up.
#[derive(Debug)]
pub(crate) struct Finished {
    /// The account as its intent was committed.
    pub(crate) account: Account,
    /// What was sent.
    pub(crate) operation: Operation,
    /// What came of it.
    pub(crate) outcome: Outcome,
    /// The requests it took.
    pub(crate) exchanges: Vec<Exchange>,
    /// The write probe after a 403 found that the token cannot write.
    pub(crate) token_at_fault: bool,
}

/// What is stored of a decision that sends nothing now: causes, the next removal, when to look again, and a failure that
/// needs no request.
pub(crate) fn of_decision(connection: &Connection, before: Account, email: &str, decision: &Decision, now: Timestamp) -> Settled {
    let mut after = as_decided(before.clone(), decision);
    email.clone_into(&mut after.email);
    after.due_at = decision.wake_at;
    after.failure = failure_after_look(&before, decision, now);
    let mut events = Vec::new();
    if let Some(failure) = after.failure.as_ref().filter(|_| after.failure != before.failure) {
        let detail = json!({ "operation": failure.operation.word(), "message": failure.message });
        events.push(event(connection, &after, ProvisioningEvent::Failed, detail));
    }
    Settled { before, after, events, decided: true }
}

/// What is stored of a finished request.
pub(crate) fn of_outcome(connection: &Connection, finished: Finished, now: Timestamp) -> Settled {
    let Finished { account, operation, outcome, exchanges, token_at_fault } = finished;
    let settlement = settle(&operation, &outcome, account.clone(), connection, now, Jitter(random::fraction()));
    let halts = token_at_fault || settlement.halt.is_some();
    let mut after = settlement.account;
    let mut events = Vec::new();
    if let Some(happened) = settlement.event.filter(|_| !halts) {
        let failure = after.failure.as_ref().map(|failure| failure.message.clone());
        let mut detail = json!({
            "operation": operation.kind().word(),
            "adopted": happened == ProvisioningEvent::Adopted,
            "cause": operation.trigger().map(provost_core::app::Trigger::word),
            APPROVED_DETAIL: approved(&operation),
            "message": failure,
        });
        detail["requests"] = exchanges.into_iter().map(Exchange::into_json).collect();
        events.push(event(connection, &after, happened, detail));
    }
    if halts && settlement.event == Some(ProvisioningEvent::Failed) {
        // The token is at fault, not the user: tried again when the app is reauthorized.
        after.failure.clone_from(&account.failure);
        after.due_at = Some(now);
    }
    Settled { before: account, after, events, decided: true }
}

fn approved(operation: &Operation) -> Option<bool> {
    match operation {
        Operation::Remove(removal) => Some(removal.approved()),
        Operation::LookUp { .. } | Operation::Create { .. } | Operation::Update { .. } | Operation::Restore { .. } => None,
    }
}

fn event(connection: &Connection, account: &Account, happened: ProvisioningEvent, detail: serde_json::Value) -> LogEvent {
    let name = match happened {
        ProvisioningEvent::Created | ProvisioningEvent::Adopted => names::CREATE_USER_WITH_AUTO_PROV,
        ProvisioningEvent::Updated => names::UPDATE_AUTO_PROVISIONED_USER,
        ProvisioningEvent::Suspended => names::SUSPEND_AUTO_PROVISIONED_USER,
        ProvisioningEvent::Restored => names::UNSUSPEND_AUTO_PROVISIONED_USER,
        ProvisioningEvent::HardDeleted => names::HARD_DELETED_AUTO_PROVISIONED_USER,
        ProvisioningEvent::Failed => names::AUTO_PROV_FAILURE,
    };
    LogEvent {
        name,
        user: Some((account.user_id, account.email.clone())),
        app: Some(connection.app_id),
        connection: Some(connection.id),
        detail,
    }
}
