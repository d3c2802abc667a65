//! Decisions in words an administrator understands: each rule that was looked at, with its evidence.

use super::{Account, Blocked, Decision, Operation, Reason, RemovalKind, ScopeVerdict, ServiceVerdict, UserView};
use crate::app::{Connection, ConnectionStatus, HaltReason, Trigger};
use crate::time::Timestamp;

/// The decision as lines, in the order in which it was reasoned; the last lines say what happens next.
pub fn explain(
    view: &UserView<'_>,
    account: &Account,
    connection: &Connection,
    decision: &Decision,
    now: Timestamp,
) -> Vec<String> {
    let mut lines: Vec<String> =
        decision.reasons.iter().flat_map(|reason| reason_lines(*reason, view, account, decision, now)).collect();
    lines.extend(next_line(decision));
    if connection.status == ConnectionStatus::Inactive {
        lines.push("Autoprovisioning is turned off: nothing is sent until it is turned on.".to_owned());
    }
    if let Some(halt) = &connection.halt {
        lines.push(match halt.reason {
            HaltReason::NeedsReauthorization => {
                format!("The app refused the token ({}): nothing is sent until the app is reauthorized.", halt.message)
            }
            HaltReason::TokenCannotWrite => {
                format!("The token cannot write ({}): nothing is sent until the app is reauthorized.", halt.message)
            }
        });
    }
    lines
}

fn reason_lines(reason: Reason, view: &UserView<'_>, account: &Account, decision: &Decision, now: Timestamp) -> Vec<String> {
    let line = match reason {
        Reason::Purged => "The user was deleted more than 20 days ago and is no longer in the directory.".to_owned(),
        Reason::Deleted => "The user is deleted. Deletion freezes entitlement: memberships it ends start no clock.".to_owned(),
        Reason::Archived => "The user is archived: nothing is sent, and grace periods stand still.".to_owned(),
        Reason::Suspended => "The user is suspended in the directory.".to_owned(),
        Reason::Entitlement => return vec![service_line(&view.service), scope_line(&view.scope)],
        Reason::NoLivingGroup => "Creates and removals are held until an administrator edits the provisioning scope.".to_owned(),
        Reason::AnswerLost => {
            "The answer to the last request was lost: the account is looked up before anything else.".to_owned()
        }
        Reason::Cause(trigger) => cause_line(trigger, decision),
        Reason::NothingTicked(trigger) => {
            format!("\"{}\": nothing is ticked, so this cause removes nothing.", trigger.heading())
        }
        Reason::UpdatesPaused => "Updates pause while a cause of deprovisioning holds.".to_owned(),
        Reason::Removal => removal_line(decision, now),
        Reason::NoAccountWanted => "There is no account, and none is to be made.".to_owned(),
        Reason::AccountWanted => "The user is entitled and has no account yet.".to_owned(),
        Reason::ToBeRestored => "The account was suspended by Provost, and the cause has ended.".to_owned(),
        Reason::Differs => "Mapped attributes differ from what the app last confirmed.".to_owned(),
        Reason::Swap { renamable: true } => {
            "The user and others wait for each other's addresses: one account makes room under a temporary name.".to_owned()
        }
        Reason::Swap { renamable: false } => "The user and others wait for each other's addresses, and the app cannot rename \
             accounts: rename one of them in the app, then retry."
            .to_owned(),
        Reason::Parked => "This account makes room.".to_owned(),
        Reason::UpToDate => "The account is as the directory says: nothing to send.".to_owned(),
        Reason::MappingFailed => "No account body can be made from the user's attributes.".to_owned(),
        Reason::Duplicate => {
            "Two users are to have the same name in the app: nothing is sent for either before one of them changes.".to_owned()
        }
        Reason::WaitsAfterFailure => account.failure.as_ref().map_or_else(String::new, |failure| {
            let next = failure.retry_at.map_or_else(
                || "waits for the user or the configuration to change, or for \"Retry\"".to_owned(),
                |at| format!("next attempt at {at}"),
            );
            format!(
                "The last attempt ({}) failed at {}: {}; {next}.",
                failure.operation.word(),
                failure.at,
                failure.message.trim_end_matches('.')
            )
        }),
    };
    vec![line]
}

fn service_line(service: &ServiceVerdict<'_>) -> String {
    match service {
        ServiceVerdict::OnByOrgUnit(path) => format!("Service status: ON, set at org unit {path}."),
        ServiceVerdict::OnByGroup(group) => format!("Service status: ON, by access group {group}."),
        ServiceVerdict::OffByOrgUnit(path) => {
            format!("Service status: OFF, set at org unit {path}; no access group turns it ON.")
        }
    }
}

fn scope_line(scope: &ScopeVerdict<'_>) -> String {
    match scope {
        ScopeVerdict::Everyone => "Provisioning scope: everyone with access.".to_owned(),
        ScopeVerdict::MemberOf(group) => format!("Provisioning scope: in scope, a member of {group}."),
        ScopeVerdict::NotMember => "Provisioning scope: not a member of any scope group.".to_owned(),
        ScopeVerdict::SecondaryDomain(domain) => format!("Skipped: secondary domain ({domain})."),
        ScopeVerdict::Outside(domain) => format!("Skipped: outside ({domain} is not a domain of the organization)."),
        ScopeVerdict::NoLivingGroup => "Provisioning scope: every scope group was deleted.".to_owned(),
    }
}

fn cause_line(trigger: Trigger, decision: &Decision) -> String {
    let what = match trigger {
        Trigger::AppOff => "The app is turned off for the user",
        Trigger::Suspended => "The user is suspended",
        Trigger::Deleted => "The user is deleted",
    };
    decision.causes.since(trigger).map_or_else(|| format!("{what}."), |since| format!("{what} since {since}."))
}

fn removal_line(decision: &Decision, now: Timestamp) -> String {
    let Some(removal) = decision.removal else { return String::new() };
    let what = match removal.kind {
        RemovalKind::Suspend => "suspended",
        RemovalKind::HardDelete => "hard deleted",
    };
    let (cause, due) = (removal.trigger.word(), removal.due);
    if due <= now {
        format!("The account is due to be {what} (cause: {cause}) since {due}.")
    } else {
        format!("The account will be {what} at {due} (cause: {cause}), unless the cause ends before.")
    }
}

fn next_line(decision: &Decision) -> Option<String> {
    if let Some(operation) = &decision.operation {
        return Some(match operation {
            Operation::LookUp { matching, .. } => format!("Next: look up the account of {matching}."),
            Operation::Create { matching, .. } => format!("Next: create the account {matching}."),
            Operation::Update { patch, .. } => format!("Next: update {}.", paths(patch)),
            Operation::Restore { patch, .. } => format!("Next: restore the account and update {}.", paths(patch)),
            Operation::Remove(removal) => format!("Next: {}.", removal.operation_kind().word()),
        });
    }
    match &decision.blocked {
        Some(Blocked::Mapping(failure)) => Some(format!("Failing: {failure}.")),
        Some(Blocked::Duplicate(duplicate)) => Some(format!("Failing: {duplicate}.")),
        Some(Blocked::NoLivingGroup) => Some("Held: the provisioning scope has no living group.".to_owned()),
        Some(Blocked::Archived | Blocked::Failing(_)) | None => None,
    }
}

fn paths(patch: &provost_scim::PatchRequest) -> String {
    let paths: Vec<&str> = patch.operations.iter().filter_map(|operation| operation.path.as_deref()).collect();
    paths.join(", ")
}
