//! The removal pass: everything whose grace period is over is judged at once, by the guard, and by nothing else.

use crate::sending::{as_decided, seen_after_marks};
use crate::standstill::{end_what_is_over, removals_may_go};
use provost_core::ids::{ConnectionId, UserId};
use provost_core::provisioning::{CheckedRemoval, REMOVAL_WINDOW, RemovalCandidate, decide, guard, window_moves_at};
use provost_core::time::{Span, Timestamp};
use provost_store::accounts::{Rules, Subject, removals};
use provost_store::{Store, StoreError, accounts, schedule};
use std::collections::BTreeMap;

/// A storm of changes is waited out for at most this many quiet times.
const QUIET_TIMES_MAX: i64 = 10;

/// What a pass found.
pub(crate) struct Judged {
    /// May be sent, each with the account it was judged by.
    pub(crate) passed: Vec<(CheckedRemoval, Subject)>,
    /// When to judge again, if nothing happens before.
    pub(crate) again_at: Option<Timestamp>,
    /// Nothing was judged: a clock or the database is not believed.
    pub(crate) unbelieved: bool,
}

impl Judged {
    const fn nothing(again_at: Option<Timestamp>) -> Self {
        Self { passed: Vec::new(), again_at, unbelieved: false }
    }
}

/// Judges all removals of a connection that are due. Waits until the directory has been quiet for a while, so that a
/// storm of changes is judged as a whole.
pub(crate) async fn judge(store: &Store, id: ConnectionId, app_ahead: Option<Span>) -> Result<Judged, StoreError> {
    let now = store.now();
    // Most passes find nothing: no rules need be read for that.
    if !schedule::removal_is_due(store, id, now).await? {
        return nothing_due(store, id, app_ahead).await;
    }
    let (rules, subjects) = due_now(store, id, now).await?;
    let connection = &rules.connection;
    let due: Vec<RemovalCandidate> = subjects.values().map(|(candidate, _)| candidate.clone()).collect();
    let Some(oldest) = due.iter().map(|candidate| candidate.removal.due).min() else {
        return nothing_due(store, id, app_ahead).await;
    };
    if !removals_may_go(store, connection.id, app_ahead).await? {
        return Ok(Judged { unbelieved: true, ..Judged::nothing(Some(now + Span::seconds(60))) });
    }
    if let Some(until) = quiet_until(store, &rules, oldest, now).await? {
        return Ok(Judged::nothing(Some(until)));
    }
    let sent = removals::sent_within(store, connection.id, now - REMOVAL_WINDOW).await?;
    let approvals = removals::approvals(store, connection.id).await?;
    let count = accounts::counts(store, connection.id, now).await?.total();
    let guarded = guard(&due, &sent, count, &connection.config.limits, &approvals, now);
    removals::record_holds(store, connection.id, &guarded.holds).await?;
    let mut subjects = subjects;
    let passed = guarded
        .passed
        .into_iter()
        .filter_map(|removal| subjects.remove(&removal.candidate().user_id).map(|(_, subject)| (removal, subject)))
        .collect();
    // What is held today may pass when yesterday's removals and verdicts have left the window.
    let again_at = if guarded.holds.is_empty() { None } else { window_moves_at(&sent, &approvals, now) };
    Ok(Judged { passed, again_at, unbelieved: false })
}

/// Nothing is held any more, and no clock is in anybody's way.
async fn nothing_due(store: &Store, id: ConnectionId, app_ahead: Option<Span>) -> Result<Judged, StoreError> {
    removals::record_holds(store, id, &[]).await?;
    end_what_is_over(store, id, app_ahead).await?;
    Ok(Judged::nothing(None))
}

/// Every removal that is due, each decided on rules and a directory that were read after the account's marks.
async fn due_now(
    store: &Store,
    id: ConnectionId,
    now: Timestamp,
) -> Result<(Rules, BTreeMap<UserId, (RemovalCandidate, Subject)>), StoreError> {
    let rules = accounts::load_rules(store, id).await?;
    let marked = removals::due_candidates(store, &rules, now).await?;
    if marked.is_empty() {
        return Ok((rules, BTreeMap::new()));
    }
    let marks = marked.iter().map(|candidate| (candidate.user_id, (candidate.marked, candidate.revision))).collect();
    let (rules, subjects) = seen_after_marks(store, id, &marks).await?;
    let decided = |subject: Subject| {
        let decision = decide(&rules.view(&subject), &subject.account, &rules.connection, now);
        let removal = decision.removal_due?;
        let account = as_decided(subject.account, &decision);
        let candidate = removals::candidate(&account, removal)?;
        Some((account.user_id, (candidate, Subject { account, ..subject })))
    };
    let due = subjects.into_iter().filter_map(decided).collect();
    Ok((rules, due))
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
