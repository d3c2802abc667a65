//! What provisioning will do about a change of a user, per app: decided by the same code that will decide it.

use provost_core::app::{Connection, ConnectionStatus, Trigger};
use provost_core::directory::User;
use provost_core::ids::UserId;
use provost_core::provisioning::{AccountState, Blocked, Decision, OperationKind, Removal, RemovalKind, decide};
use provost_core::time::Timestamp;
use provost_store::accounts::{self, Subject, load_rules};
use provost_store::apps::connections;
use provost_store::{Store, StoreError};
use provost_web::{Markup, hint, html, relative_time, table, time};

/// One app and what happens there.
pub(super) struct Effect {
    pub(super) app: String,
    pub(super) text: Markup,
}

/// What happens in every app with autoprovisioning when `change` is made to the user at `now`.
pub(super) async fn of(
    store: &Store,
    user: UserId,
    now: Timestamp,
    change: impl Fn(&mut User),
) -> Result<Vec<Effect>, StoreError> {
    let mut effects = Vec::new();
    for connection in connections::list(store).await? {
        let rules = load_rules(store, connection.id).await?;
        let Some(present) = accounts::subjects(store, &rules, &[user]).await?.pop() else { continue };
        let mut future = present.clone();
        future.account.marked += 1;
        future.account.entitlement_marked_at = now;
        if let Some(user) = &mut future.user {
            change(user);
        }
        let before = decide(&rules.view(&present), &present.account, &rules.connection, now);
        let after = decide(&rules.view(&future), &future.account, &rules.connection, now);
        let text = html! { div { (told(&present, &before, &after, now)) (state_note(&rules.connection)) } };
        effects.push(Effect { app: rules.app.name.clone(), text });
    }
    Ok(effects)
}

/// The effects as a confirm page shows them.
pub(super) fn shown(effects: &[Effect]) -> Markup {
    if effects.is_empty() {
        return hint("No app has autoprovisioning set up, so nothing is sent anywhere.");
    }
    let rows: Vec<Vec<Markup>> = effects.iter().map(|effect| vec![html! { (effect.app) }, effect.text.clone()]).collect();
    table(&["App", "What provisioning will do"], &rows)
}

fn state_note(connection: &Connection) -> Markup {
    let note = match (connection.status, &connection.halt) {
        (ConnectionStatus::Inactive, _) => "Autoprovisioning is off for this app: nothing is sent before it is turned on.",
        (ConnectionStatus::Active, Some(_)) => "Nothing is sent before the app is reauthorized.",
        (ConnectionStatus::Active, None) => return html! {},
    };
    html! { p.muted { (note) } }
}

fn told(present: &Subject, before: &Decision, after: &Decision, now: Timestamp) -> Markup {
    let exists = present.account.may_exist();
    if after.blocked == Some(Blocked::Archived) {
        return if exists {
            html! { "The account is left as it is. While the user is archived nothing is sent, and grace periods stand still." }
        } else {
            html! { "There is no account, and none is made while the user is archived." }
        };
    }
    if let Some(removal) = after.removal {
        return removal_told(removal, before, after, now);
    }
    if exists && after.causes.any() {
        return nothing_ticked(before, after);
    }
    html! {
        @if let Some(removal) = before.removal { "Cancelled: " (verb(removal.kind)) " on " (time(removal.due.0)) ". " }
        (operation_told(present, before, after))
    }
}

const fn verb(kind: RemovalKind) -> &'static str {
    match kind {
        RemovalKind::Suspend => "suspending the account",
        RemovalKind::HardDelete => "hard-deleting the account",
    }
}

fn removal_told(removal: Removal, before: &Decision, after: &Decision, now: Timestamp) -> Markup {
    let action = match removal.kind {
        RemovalKind::Suspend => "suspended",
        RemovalKind::HardDelete => "hard-deleted",
    };
    if before.removal == Some(removal) {
        return html! { "As before, the account is to be " (action) " on " (time(removal.due.0)) "." };
    }
    html! {
        @if removal.due <= now { "The account is to be " strong { (action) } " at once" }
        @else { "The account is to be " strong { (action) } " on " (time(removal.due.0)) ", " (relative_time(removal.due.0, now.0)) }
        " (" (cause(removal.trigger)) ")."
        @if after.operation.is_none() { " Until then it stays usable and is not updated; ending the cause cancels it." }
    }
}

const fn cause(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::AppOff => "the app is off for the user, or the user is out of scope",
        Trigger::Suspended => "the user is suspended",
        Trigger::Deleted => "the user is deleted",
    }
}

fn nothing_ticked(before: &Decision, after: &Decision) -> Markup {
    let new = Trigger::ALL
        .into_iter()
        .find(|trigger| after.causes.since(*trigger).is_some() && before.causes.since(*trigger).is_none());
    let trigger = new.or_else(|| Trigger::ALL.into_iter().find(|trigger| after.causes.since(*trigger).is_some()));
    html! {
        "The account stays as it is, usable, and is no longer updated"
        @if let Some(trigger) = trigger { ": nothing is ticked under “" (trigger.heading()) "”" }
        "."
    }
}

fn operation_told(present: &Subject, before: &Decision, after: &Decision) -> Markup {
    let account = &present.account;
    if let Some(operation) = &after.operation {
        return match operation.kind() {
            OperationKind::Create => html! { "An account is made at once." },
            OperationKind::Update => html! { "The account stays, and is brought up to date at once." },
            OperationKind::Restore => html! { "The account, which Provost suspended, is restored at once." },
            OperationKind::LookUp => {
                html! { "The app is asked about the account first; then it is brought to what the directory says." }
            }
            OperationKind::Suspend | OperationKind::HardDelete => html! { "The account is removed." },
        };
    }
    match &after.blocked {
        Some(Blocked::NoLivingGroup) => {
            return html! { "Held: the provisioning scope has no group left, so nobody is created or removed." };
        }
        Some(Blocked::Mapping(failure)) => return html! { "No request can be made for the user: " (failure.to_string()) "." },
        Some(Blocked::Duplicate(duplicate)) => return html! { "Nothing is sent for the user: " (duplicate.to_string()) "." },
        Some(Blocked::Archived | Blocked::Failing(_)) | None => {}
    }
    let would_create = before.operation.as_ref().is_some_and(|operation| operation.kind() == OperationKind::Create);
    match (account.may_exist(), account.state) {
        (true, AccountState::Suspended) => html! { "The account stays suspended." },
        (true, AccountState::Absent | AccountState::Linked) => html! { "The account stays as it is." },
        (false, _) if would_create => html! { "The account that was about to be made is not made." },
        (false, _) => html! { "There is no account, and none is made." },
    }
}
