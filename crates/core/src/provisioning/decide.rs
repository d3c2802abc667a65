//! The decision: per user, total, and the same for one changed user, a full pass, a preview and `explain`.

use super::diff::{body_of, diff, matching_value};
use super::duplicate::body_or_blocked;
use super::{
    Account, AccountState, Causes, Duplicate, Failure, FailureKind, Operation, OperationKind, Removal, RemovalKind, ScopeVerdict,
    Swap, UserView, parked_body,
};
use crate::app::{Action, ArchivedRule, Connection, MappingFailure, Trigger};
use crate::directory::User;
use crate::time::{Span, Timestamp};

/// An edit of a grace period takes effect no sooner than this after it, for causes that began before it.
const EDIT_NOTICE: Span = Span::hours(24);

/// One step of the reasoning, in the order in which it was taken. The texts are made by [`super::explain`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The directory has forgotten the user, 20 days after the deletion.
    Purged,
    /// The user is deleted; entitlement is frozen.
    Deleted,
    /// The user is archived and left alone.
    Archived,
    /// The user is suspended, or archived and treated so.
    Suspended,
    /// Service status and scope, as the view's verdicts say.
    Entitlement,
    /// In groups mode without a living group: creates and removals are held.
    NoLivingGroup,
    /// An answer was lost: look first.
    AnswerLost,
    /// A cause of deprovisioning holds.
    Cause(Trigger),
    /// The policy has nothing ticked for this cause.
    NothingTicked(Trigger),
    /// Updates pause while a cause holds.
    UpdatesPaused,
    /// The next removal.
    Removal,
    /// There is no account, and none is to be made.
    NoAccountWanted,
    /// There is no account, and one is to be made.
    AccountWanted,
    /// The account was suspended by us and its cause has ended.
    ToBeRestored,
    /// Mapped attributes differ from what was last confirmed.
    Differs,
    /// The user waits for the address of somebody who waits, in the end, for theirs; whether a rename gets them out of it.
    Swap {
        /// Whether the app can rename.
        renamable: bool,
    },
    /// The account makes room under a temporary name.
    Parked,
    /// Nothing differs.
    UpToDate,
    /// No body can be made.
    MappingFailed,
    /// Another user is to have the same value of the matching attribute.
    Duplicate,
    /// The last attempt failed, and the next one is not due.
    WaitsAfterFailure,
}

/// Why something that is wanted is not done now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Blocked {
    /// The user is archived: nothing is sent, and clocks stand still.
    Archived,
    /// The scope has lost its last group: creates and removals are held until an administrator edits it.
    NoLivingGroup,
    /// The last attempt failed; the next one at this instant, or after a change.
    Failing(Option<Timestamp>),
    /// No body can be made for the user.
    Mapping(MappingFailure),
    /// Another user is to have the same value of the matching attribute: neither is sent anything.
    Duplicate(Duplicate),
}

/// What is to become of one user.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The request to be sent now; removals are not here, they go through the guard.
    pub operation: Option<Operation>,
    /// The removal whose grace period is over, to be judged by the guard.
    pub removal_due: Option<Removal>,
    /// The next removal, due or not.
    pub removal: Option<Removal>,
    /// Why something that is wanted is not done now.
    pub blocked: Option<Blocked>,
    /// All causes that hold.
    pub causes: Causes,
    /// When to look again, if no change comes before.
    pub wake_at: Option<Timestamp>,
    /// How it was reasoned.
    pub reasons: Vec<Reason>,
}

impl Decision {
    fn of(causes: Causes, reasons: Vec<Reason>) -> Self {
        Self { operation: None, removal_due: None, removal: None, blocked: None, causes, wake_at: None, reasons }
    }

    /// Nothing is wanted, and nothing is in the way of anything: a failure that is recorded is over.
    pub const fn is_quiet(&self) -> bool {
        self.operation.is_none() && self.removal_due.is_none() && self.blocked.is_none()
    }
}

/// Decides what is to become of one user in one connection at `now`.
pub fn decide(view: &UserView<'_>, account: &Account, connection: &Connection, now: Timestamp) -> Decision {
    let mut reasons = Vec::new();
    let status = view.user.map(|user| &user.status);
    let deleted = status.is_none_or(|status| status.deleted_since.is_some());
    let archived = !deleted && status.is_some_and(|status| status.archived_since.is_some());
    if archived && connection.config.archived == ArchivedRule::LeaveAlone {
        reasons.push(Reason::Archived);
        let mut decision = Decision::of(Causes::default(), reasons);
        decision.blocked = Some(Blocked::Archived);
        return decision;
    }
    let causes = causes(view, account, connection, now, &mut reasons);
    let mut decision = Decision::of(causes, reasons);
    if is_open(view, account, connection) {
        look_up(view, account, connection, now, &mut decision);
    } else if account.remote_id.is_some() && causes.any() {
        deprovision(view, account, connection, now, &mut decision);
    } else if account.remote_id.is_some() && view.as_confirmed {
        decision.reasons.push(Reason::UpToDate);
    } else if account.remote_id.is_some() {
        bring_up_to_date(view, account, connection, &mut decision);
    } else {
        create(view, connection, &mut decision);
    }
    // Parking is what ends the failure of everybody in the cycle: it does not wait.
    if !decision.reasons.contains(&Reason::Parked) {
        wait_after_failure(account, now, &mut decision);
    }
    decision
}

/// All causes that hold, each with its beginning. Without an account there is nothing to take away, and none is kept.
fn causes(view: &UserView<'_>, account: &Account, connection: &Connection, now: Timestamp, reasons: &mut Vec<Reason>) -> Causes {
    let known = Causes { app_off_since: app_off_known(view, account, connection), ..account.causes };
    let first_seen = account.entitlement_marked_at.min(now);
    let (deleted_since, suspended_since) = match view.user {
        None => (known.deleted_since.or(Some(first_seen)), known.suspended_since),
        Some(user) => (user.status.deleted_since, suspended_since(user, connection)),
    };
    match (view.user.is_some(), deleted_since, suspended_since) {
        (false, _, _) => reasons.push(Reason::Purged),
        (true, Some(_), _) => reasons.push(Reason::Deleted),
        (true, None, Some(_)) => reasons.push(Reason::Suspended),
        (true, None, None) => {}
    }
    reasons.push(Reason::Entitlement);
    let app_off_since = if view.service.is_on() && view.scope == ScopeVerdict::NoLivingGroup {
        // The scope says nothing about anybody now: a running clock goes on, and none starts.
        reasons.push(Reason::NoLivingGroup);
        known.app_off_since
    } else if let Some(deleted_since) = deleted_since {
        // Deletion freezes entitlement: a running clock goes on. What changed before the deletion and no decision has seen
        // yet still counts, once: a loss starts a clock, a gain ends it. Whatever comes later does neither.
        let unseen = view.user.is_some() && known.deleted_since != Some(deleted_since) && !left_alone(view, connection);
        match (unseen && first_seen <= deleted_since, view.entitled()) {
            (true, true) => None,
            (true, false) => known.app_off_since.or(Some(first_seen)),
            (false, _) => known.app_off_since,
        }
    } else if view.entitled() {
        None
    } else {
        known.app_off_since.or(Some(first_seen))
    };
    if !account.may_exist() {
        return Causes::default();
    }
    Causes { app_off_since, suspended_since, deleted_since }
}

/// The archived flag is set, and this connection leaves such users alone.
fn left_alone(view: &UserView<'_>, connection: &Connection) -> bool {
    let archived = view.user.is_some_and(|user| user.status.archived_since.is_some());
    archived && connection.config.archived == ArchivedRule::LeaveAlone
}

/// The running clock of `app_off`. One that ran before the user was archived stands still while the flag is set, also when
/// the user is deleted meanwhile, and restarts with the unarchiving, even if no decision was made in between.
fn app_off_known(view: &UserView<'_>, account: &Account, connection: &Connection) -> Option<Timestamp> {
    let known = account.causes.app_off_since?;
    if left_alone(view, connection) {
        return None;
    }
    let restarted = view.user.and_then(|user| user.status.unarchived_at);
    Some(match connection.config.archived {
        ArchivedRule::LeaveAlone => known.max(restarted.unwrap_or(known)),
        ArchivedRule::AsSuspended => known,
    })
}

fn suspended_since(user: &User, connection: &Connection) -> Option<Timestamp> {
    let status = &user.status;
    let suspended = status.suspended.as_ref().map(|suspension| suspension.since);
    match connection.config.archived {
        // Archived and deleted: only the deletion's clock runs.
        ArchivedRule::LeaveAlone if status.archived_since.is_some() => None,
        // Unarchiving restarts the clock of a suspension that still holds.
        ArchivedRule::LeaveAlone => suspended.map(|since| since.max(status.unarchived_at.unwrap_or(since))),
        ArchivedRule::AsSuspended => match (suspended, status.archived_since) {
            (Some(suspended), Some(archived)) => Some(suspended.min(archived)),
            (one, other) => one.or(other),
        },
    }
}

/// Whether a question must be answered before anything else. A search for a successor of an account that the app has lost
/// is idle for a user who is to have none, and could only find somebody else's.
fn is_open(view: &UserView<'_>, account: &Account, connection: &Connection) -> bool {
    let Some(intent) = &account.intent else { return false };
    let successor = intent.kind == OperationKind::LookUp && account.remote_id.is_none();
    !successor || (view.entitled() && is_active(view, connection))
}

/// Neither deleted nor suspended.
fn is_active(view: &UserView<'_>, connection: &Connection) -> bool {
    view.user.is_some_and(|user| user.status.deleted_since.is_none() && suspended_since(user, connection).is_none())
}

/// The question comes before a removal, which is due only when it is answered; when that would be is known.
fn look_up(view: &UserView<'_>, account: &Account, connection: &Connection, now: Timestamp, decision: &mut Decision) {
    decision.reasons.push(Reason::AnswerLost);
    if account.remote_id.is_some() {
        decision.removal = next_removal(view, &decision.causes, account, connection, now);
    }
    let sent = account.intent.as_ref().and_then(|intent| intent.matching.clone());
    let confirmed = || account.applied.as_ref().and_then(|body| matching_value(body, connection.profile));
    let wanted = || body_of(view, connection).and_then(Result::ok).and_then(|body| matching_value(&body, connection.profile));
    let matching = sent.or_else(confirmed).or_else(wanted).unwrap_or_else(|| account.email.clone());
    decision.operation = Some(Operation::LookUp { remote_id: account.remote_id.clone(), matching });
}

fn deprovision(view: &UserView<'_>, account: &Account, connection: &Connection, now: Timestamp, decision: &mut Decision) {
    for trigger in Trigger::ALL {
        if decision.causes.since(trigger).is_none() {
            continue;
        }
        decision.reasons.push(Reason::Cause(trigger));
        let rule = connection.config.deprovisioning.rule(trigger);
        if rule.suspend.is_none() && rule.hard_delete.is_none() {
            decision.reasons.push(Reason::NothingTicked(trigger));
        }
    }
    decision.reasons.push(Reason::UpdatesPaused);
    let Some(removal) = next_removal(view, &decision.causes, account, connection, now) else { return };
    decision.reasons.push(Reason::Removal);
    decision.removal = Some(removal);
    if removal.due > now {
        decision.wake_at = Some(removal.due);
    } else if view.scope == ScopeVerdict::NoLivingGroup {
        decision.blocked = Some(Blocked::NoLivingGroup);
    } else {
        decision.removal_due = Some(removal);
    }
}

/// The action that comes next: the earliest one; but where a hard delete is due already, a suspend before it would be
/// an idle request. One that an administrator has rejected stands behind all others: it is for the guard to refuse, and
/// does not hide what another cause brings.
fn next_removal(
    view: &UserView<'_>,
    causes: &Causes,
    account: &Account,
    connection: &Connection,
    now: Timestamp,
) -> Option<Removal> {
    let config = &connection.config;
    let mut removals = Vec::new();
    for trigger in Trigger::ALL {
        let Some(since) = causes.since(trigger) else { continue };
        let rule = config.deprovisioning.rule(trigger);
        let can_suspend = connection.profile.suspend && account.state == AccountState::Linked;
        let mut add = |kind: RemovalKind, action: Option<Action>, grace: fn(&Action, Span) -> Span| {
            let Some(action) = action else { return };
            let due = since + grace(&action, config.within_24_hours_delete);
            // An edited period gives notice to those whose clock was running when it was edited; and to those who were looked at
            // only after the edit's own mark, which then is the beginning of their clock.
            let notice = action.edited_at.filter(|edited_at| since <= *edited_at).map(|edited_at| edited_at + EDIT_NOTICE);
            removals.push(Removal { kind, trigger, since, due: notice.map_or(due, |notice| due.max(notice)) });
        };
        add(RemovalKind::Suspend, rule.suspend.filter(|_| can_suspend), |action, _| action.after.before_suspend());
        add(RemovalKind::HardDelete, rule.hard_delete, |action, within| action.after.before_delete(within));
    }
    let rejected =
        |removal: &Removal| view.verdicts.iter().any(|verdict| !verdict.approved && verdict.is_on(view.user_id, removal));
    if !removals.iter().all(rejected) {
        removals.retain(|removal| !rejected(removal));
    }
    let earliest = |kind: Option<RemovalKind>| {
        removals.iter().filter(|removal| kind.is_none_or(|kind| removal.kind == kind)).min_by_key(|removal| removal.due).copied()
    };
    earliest(Some(RemovalKind::HardDelete)).filter(|delete| delete.due <= now).or_else(|| earliest(None))
}

fn bring_up_to_date(view: &UserView<'_>, account: &Account, connection: &Connection, decision: &mut Decision) {
    let Some(remote_id) = account.remote_id.clone() else { return };
    let Some(body) = body_or_blocked(view, connection, decision) else { return };
    let Some(patch) = diff(account.applied.as_ref().unwrap_or(&serde_json::Map::new()), &body, connection.profile) else {
        decision.reasons.push(Reason::UpToDate);
        return;
    };
    if let Some(body) = parking(view, account, connection, decision) {
        let patch = diff(account.applied.as_ref().unwrap_or(&serde_json::Map::new()), &body, connection.profile);
        decision.operation = patch.map(|patch| Operation::Update { remote_id, patch, body });
        return;
    }
    decision.operation = Some(match account.state {
        AccountState::Suspended => {
            decision.reasons.push(Reason::ToBeRestored);
            Operation::Restore { remote_id, patch, body }
        }
        AccountState::Linked | AccountState::Absent => {
            decision.reasons.push(Reason::Differs);
            Operation::Update { remote_id, patch, body }
        }
    });
}

/// The body of the account's temporary name, when it is this one that makes room in a cycle.
fn parking(
    view: &UserView<'_>,
    account: &Account,
    connection: &Connection,
    decision: &mut Decision,
) -> Option<serde_json::Map<String, serde_json::Value>> {
    let waiting = account.failure.as_ref().is_some_and(|failure| matches!(failure.kind, FailureKind::AddressHeld { .. }));
    let swap = view.swap.filter(|_| waiting)?;
    let renamable = connection.profile.renamable;
    decision.reasons.push(Reason::Swap { renamable });
    let parks = swap == Swap::Parks && renamable;
    let body = parked_body(account.user_id, account.applied.as_ref().filter(|_| parks)?, connection.profile)?;
    decision.reasons.push(Reason::Parked);
    Some(body)
}

fn create(view: &UserView<'_>, connection: &Connection, decision: &mut Decision) {
    let active = is_active(view, connection);
    if active && view.service.is_on() && view.scope == ScopeVerdict::NoLivingGroup {
        decision.blocked = Some(Blocked::NoLivingGroup);
        return;
    }
    if !active || !view.entitled() {
        decision.reasons.push(Reason::NoAccountWanted);
        return;
    }
    decision.reasons.push(Reason::AccountWanted);
    let Some(body) = body_or_blocked(view, connection, decision) else { return };
    // A mandatory attribute always has a value here, and the matching attribute is mandatory in every profile.
    let matching = matching_value(&body, connection.profile).unwrap_or_default();
    decision.operation = Some(Operation::Create { body, matching });
}

/// A failed attempt is repeated at its time, or when something has changed since; a throttled one never before the time
/// that the app named.
fn wait_after_failure(account: &Account, now: Timestamp, decision: &mut Decision) {
    let Some(failure) = &account.failure else { return };
    let wanted =
        decision.operation.as_ref().map(Operation::kind).or(decision.removal_due.map(|removal| removal.kind.operation()));
    let Some(wanted) = wanted else { return };
    if may_retry(failure, wanted, account.marked, now) {
        return;
    }
    decision.operation = None;
    decision.removal_due = None;
    decision.reasons.push(Reason::WaitsAfterFailure);
    decision.blocked = Some(Blocked::Failing(failure.retry_at));
    decision.wake_at = failure.retry_at;
}

fn may_retry(failure: &Failure, wanted: OperationKind, marked: i64, now: Timestamp) -> bool {
    let in_time = failure.retry_at.is_some_and(|retry_at| retry_at <= now);
    let changed = marked > failure.marked;
    match failure.kind {
        FailureKind::Throttled => in_time,
        FailureKind::Unavailable => in_time || changed,
        // With a twin there is nothing to be sent; without one nothing is left to wait for.
        FailureKind::DuplicateMatch { .. } => true,
        // A suspend that the app refuses is no reason to forget the hard delete that falls due after it.
        FailureKind::Rejected
        | FailureKind::Forbidden
        | FailureKind::Conflict
        | FailureKind::Ambiguous
        | FailureKind::AddressHeld { .. }
        | FailureKind::Mapping => in_time || changed || wanted != failure.operation,
    }
}
