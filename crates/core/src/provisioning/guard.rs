//! The guard: the one place that lets a removal through.
//!
//! Removals that are due are counted before any is sent, suspends and hard deletes apart, together with those sent
//! within the last 24 hours. Above the limit all of that kind are held, but for those that an administrator approved.
//! Approved ones count too, once they are sent, and rejected ones for a day: a verdict on some of a hold does not let the
//! rest through.

use super::{OperationKind, Removal, RemovalKind};
use crate::app::{Limits, Trigger};
use crate::ids::UserId;
use crate::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};

/// The window in which removals are counted.
pub const REMOVAL_WINDOW: Span = Span::hours(24);

/// A removal whose grace period is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovalCandidate {
    /// Whose account.
    pub user_id: UserId,
    /// Their address as last known.
    pub email: String,
    /// The app's id of the account.
    pub remote_id: String,
    /// What, why, and when it fell due.
    pub removal: Removal,
    /// The account's `marked` when this was decided.
    pub marked: i64,
    /// The account's `revision` when this was decided.
    pub revision: i64,
}

/// A removal that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SentRemoval {
    /// Suspend or hard delete.
    pub kind: RemovalKind,
    /// When.
    pub at: Timestamp,
}

/// An administrator's verdict on one held removal. It binds account, action and cause: once the cause has ended, the
/// verdict fits nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Whose account.
    pub user_id: UserId,
    /// Suspend or hard delete.
    pub kind: RemovalKind,
    /// Which cause.
    pub trigger: Trigger,
    /// When that cause began.
    pub since: Timestamp,
    /// Approved, or rejected.
    pub approved: bool,
    /// When it was given.
    pub decided_at: Timestamp,
}

impl Approval {
    /// Whether it is a verdict on this removal of this user's account.
    pub fn is_on(&self, user_id: UserId, removal: &Removal) -> bool {
        self.user_id == user_id && self.kind == removal.kind && self.trigger == removal.trigger && self.since == removal.since
    }
}

/// A removal that the guard has let through. Only [`guard`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedRemoval {
    candidate: RemovalCandidate,
    approved: bool,
}

impl CheckedRemoval {
    /// What was let through.
    pub const fn candidate(&self) -> &RemovalCandidate {
        &self.candidate
    }

    /// Whether an administrator had to approve it.
    pub const fn approved(&self) -> bool {
        self.approved
    }

    /// The name of the request that carries it out.
    pub const fn operation_kind(&self) -> OperationKind {
        self.candidate.removal.kind.operation()
    }
}

/// Removals of one kind that wait for an administrator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Suspends or hard deletes.
    pub kind: RemovalKind,
    /// How many may go in 24 hours.
    pub limit: u64,
    /// How many went already.
    pub sent: u64,
    /// Those that wait.
    pub candidates: Vec<RemovalCandidate>,
}

/// The guard's verdict on everything that is due.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Guarded {
    /// May be sent now.
    pub passed: Vec<CheckedRemoval>,
    /// At most one hold a kind.
    pub holds: Vec<Hold>,
    /// Rejected by an administrator: not sent. Those of the last 24 hours count.
    pub rejected: Vec<RemovalCandidate>,
}

/// Judges all removals of a connection that are due at `now`. `accounts` is the number of accounts the connection has.
pub fn guard(
    due: &[RemovalCandidate],
    sent: &[SentRemoval],
    accounts: u64,
    limits: &Limits,
    approvals: &[Approval],
    now: Timestamp,
) -> Guarded {
    let mut guarded = Guarded::default();
    for kind in [RemovalKind::Suspend, RemovalKind::HardDelete] {
        let in_window = |removal: &&SentRemoval| removal.kind == kind && now - removal.at < REMOVAL_WINDOW;
        let sent_before = sent.iter().filter(in_window).count() as u64;
        let rejected =
            |approval: &&Approval| approval.kind == kind && !approval.approved && now - approval.decided_at < REMOVAL_WINDOW;
        let (mut decided, mut undecided) = (approvals.iter().filter(rejected).count() as u64, Vec::new());
        for candidate in due.iter().filter(|candidate| candidate.removal.kind == kind && candidate.removal.due <= now) {
            match approvals.iter().find(|approval| approval.is_on(candidate.user_id, &candidate.removal)) {
                Some(approval) if approval.approved => {
                    decided += 1;
                    guarded.passed.push(CheckedRemoval { candidate: candidate.clone(), approved: true });
                }
                Some(_) => guarded.rejected.push(candidate.clone()),
                None => undecided.push(candidate.clone()),
            }
        }
        // Hard deletes within the window have shrunk the connection: the share is taken of what it was.
        let gone = if kind == RemovalKind::HardDelete { sent_before } else { 0 };
        let limit = limits.allowed(accounts + gone);
        if undecided.is_empty() {
            continue;
        }
        if sent_before + decided + undecided.len() as u64 > limit {
            guarded.holds.push(Hold { kind, limit, sent: sent_before, candidates: undecided });
        } else {
            guarded.passed.extend(undecided.into_iter().map(|candidate| CheckedRemoval { candidate, approved: false }));
        }
    }
    guarded
}

/// When the next removal or verdict leaves the window, so that what is held may pass without anybody's doing.
pub fn window_moves_at(sent: &[SentRemoval], approvals: &[Approval], now: Timestamp) -> Option<Timestamp> {
    let verdicts = approvals.iter().filter(|approval| !approval.approved).map(|approval| approval.decided_at);
    sent.iter().map(|sent| sent.at).chain(verdicts).map(|at| at + REMOVAL_WINDOW).filter(|at| *at > now).min()
}
