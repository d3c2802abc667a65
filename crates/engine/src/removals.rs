//! The removal pass: everything whose grace period is over is judged at once, by the guard, and by nothing else.

use provost_core::ids::UserId;
use provost_core::provisioning::{CheckedRemoval, REMOVAL_WINDOW, guard};
use provost_core::time::{Span, Timestamp};
use provost_store::accounts::{Rules, Subject, removals};
use provost_store::{Store, StoreError, accounts, schedule};
use std::collections::HashMap;

/// A storm of changes is waited out for at most this many quiet times.
const QUIET_TIMES_MAX: i64 = 10;

/// Subjects are loaded in groups of this many.
const SUBJECTS: usize = 1_000;

/// What a pass found.
pub(crate) struct Judged {
    /// May be sent, each with the account it was judged by.
    pub(crate) passed: Vec<(CheckedRemoval, Subject)>,
    /// When to judge again, if nothing happens before.
    pub(crate) again_at: Option<Timestamp>,
}

/// Judges all removals of a connection that are due. Waits until the directory has been quiet for a while, so that a
/// storm of changes is judged as a whole.
pub(crate) async fn judge(store: &Store, rules: &Rules) -> Result<Judged, StoreError> {
    let now = store.now();
    let connection = &rules.connection;
    let due = removals::due_candidates(store, rules, now).await?;
    let nothing = |again_at| Judged { passed: Vec::new(), again_at };
    let Some(oldest) = due.iter().map(|candidate| candidate.removal.due).min() else {
        removals::record_holds(store, connection.id, &[]).await?;
        return Ok(nothing(None));
    };
    if let Some(until) = quiet_until(store, rules, oldest, now).await? {
        return Ok(nothing(Some(until)));
    }
    let sent = removals::sent_within(store, connection.id, now - REMOVAL_WINDOW).await?;
    let approvals = removals::approvals(store, connection.id).await?;
    let count = accounts::counts(store, connection.id, now).await?.total();
    let guarded = guard(&due, &sent, count, &connection.config.limits, &approvals, now);
    removals::record_holds(store, connection.id, &guarded.holds).await?;
    let mut subjects: HashMap<UserId, Subject> = HashMap::new();
    let users: Vec<UserId> = guarded.passed.iter().map(|removal| removal.candidate().user_id).collect();
    for chunk in users.chunks(SUBJECTS) {
        let loaded = accounts::subjects(store, rules, chunk).await?;
        subjects.extend(loaded.into_iter().map(|subject| (subject.account.user_id, subject)));
    }
    // A subject that has moved since the candidate was decided is not sent: its next decision makes a new candidate.
    let unmoved = |removal: &CheckedRemoval, subject: &Subject| {
        let candidate = removal.candidate();
        subject.account.marked == candidate.marked && subject.account.revision == candidate.revision
    };
    let passed = guarded
        .passed
        .into_iter()
        .filter_map(|removal| subjects.remove(&removal.candidate().user_id).map(|subject| (removal, subject)))
        .filter(|(removal, subject)| unmoved(removal, subject))
        .collect();
    // The window slides: what is held today may pass when yesterday's removals have left it.
    let again_at = guarded.holds.iter().any(|hold| hold.sent > 0).then_some(now + Span::seconds(60));
    Ok(Judged { passed, again_at })
}

/// The instant until which to wait for quiet, if it is not quiet yet.
async fn quiet_until(store: &Store, rules: &Rules, oldest: Timestamp, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    let quiet = rules.connection.config.removal_quiet;
    let at_most = oldest + Span(quiet.0.saturating_mul(QUIET_TIMES_MAX));
    // Every marked row has its causes settled before anything is counted.
    if schedule::next_due(store, rules.connection.id).await?.is_some_and(|due| due <= now) && at_most > now {
        return Ok(Some(now + Span(50_000)));
    }
    let last = removals::last_marked_at(store, rules.connection.id).await?;
    let until = last.map_or(now, |last| last + quiet).min(at_most);
    Ok((until > now).then_some(until))
}
