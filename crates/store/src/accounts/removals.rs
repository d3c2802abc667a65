//! Removals: what is due, what was sent, what is held, and what an administrator said of it. Who may go is judged by the
//! guard in `provost-core`, which reads from here.

use super::rows::{COLUMNS, from_row, trigger_from_word};
use super::subjects::{SUBJECTS_MAX, with_directory};
use super::{Rules, load_rules};
use crate::apps::events::event;
use crate::log::{LogEvent, names};
use crate::{Actor, Store, StoreError};
use provost_core::app::Trigger;
use provost_core::ids::{ConnectionId, HoldId, UserId};
use provost_core::provisioning::{
    Approval, Hold, Intent, OperationKind, Removal, RemovalCandidate, RemovalKind, SentRemoval, decide,
};
use provost_core::time::Timestamp;
use provost_db::{Batch, Query, Row, Value, list as placeholders};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeSet;

/// The most verdicts one batch writes.
const VERDICTS_PER_BATCH: usize = 200;

/// The key under which a removal's log event says that an administrator had approved it.
pub const APPROVED_DETAIL: &str = "approved";

/// A hold as it is kept: who waits is asked of [`held`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredHold {
    /// Its id.
    pub id: HoldId,
    /// Suspends or hard deletes.
    pub kind: RemovalKind,
    /// Since when.
    pub created_at: Timestamp,
    /// How many may go in 24 hours.
    pub limit: u64,
    /// How many went already.
    pub sent: u64,
    /// How many waited when the guard last looked.
    pub waiting: u64,
}

#[derive(Serialize, Deserialize)]
struct HoldDetail {
    limit: u64,
    sent: u64,
    waiting: u64,
}

/// Every removal that is due at `now`, decided anew on what stands now. Accounts with an answer outstanding, and those
/// whose last attempt failed and waits, are not among them.
pub async fn due_candidates(store: &Store, rules: &Rules, now: Timestamp) -> Result<Vec<RemovalCandidate>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM account a WHERE a.connection_id = $1 AND a.removal_at <= $2 AND a.intent IS NULL \
         AND a.remote_id IS NOT NULL AND (a.removal_at, a.user_id) > ($3, $4) ORDER BY a.removal_at, a.user_id LIMIT {SUBJECTS_MAX}"
    );
    let mut candidates = Vec::new();
    let mut after = (i64::MIN, 0);
    loop {
        let params = [rules.connection.id.get().into(), now.0.into(), after.0.into(), after.1.into()];
        let rows = store.db.read(Query::new(sql.clone(), params)).await?;
        let accounts = rows.iter().map(from_row).collect::<Result<Vec<_>, _>>()?;
        let Some(last) = accounts.last() else { return Ok(candidates) };
        after = (last.removal.map_or(i64::MAX, |removal| removal.due.0), last.user_id.get());
        let full = accounts.len() == SUBJECTS_MAX;
        for subject in with_directory(store, rules, accounts).await? {
            let decision = decide(&rules.view(&subject), &subject.account, &rules.connection, now);
            candidates.extend(decision.removal_due.and_then(|removal| candidate(&subject.account, removal)));
        }
        if !full {
            return Ok(candidates);
        }
    }
}

/// A due removal of an account as the guard takes it; `None` without an account to remove.
pub fn candidate(account: &provost_core::provisioning::Account, removal: Removal) -> Option<RemovalCandidate> {
    Some(RemovalCandidate {
        user_id: account.user_id,
        email: account.email.clone(),
        remote_id: account.remote_id.clone()?,
        removal,
        marked: account.marked,
        revision: account.revision,
    })
}

/// Removals sent since `since`, from the admin log, and those under way, whose answers are outstanding.
pub async fn sent_within(store: &Store, connection: ConnectionId, since: Timestamp) -> Result<Vec<SentRemoval>, StoreError> {
    let logged = Query::new(
        "SELECT name, at FROM log_event WHERE connection_id = $1 AND name IN ($2, $3) AND at >= $4",
        [
            connection.get().into(),
            names::SUSPEND_AUTO_PROVISIONED_USER.into(),
            names::HARD_DELETED_AUTO_PROVISIONED_USER.into(),
            since.0.into(),
        ],
    );
    let under_way = Query::new(
        "SELECT a.intent FROM account a WHERE a.connection_id = $1 AND a.intent IS NOT NULL",
        [connection.get().into()],
    );
    let answers = store.db.read_all(vec![logged, under_way]).await?;
    let mut sent = Vec::new();
    for row in answers.first().into_iter().flatten() {
        let kind = if row.get::<String>(0)? == names::SUSPEND_AUTO_PROVISIONED_USER {
            RemovalKind::Suspend
        } else {
            RemovalKind::HardDelete
        };
        sent.push(SentRemoval { kind, at: Timestamp(row.get(1)?) });
    }
    let now = store.now();
    for row in answers.get(1).into_iter().flatten() {
        let intent: Intent = serde_json::from_str(&row.get::<String>(0)?)?;
        sent.extend(removal_kind(intent.kind).map(|kind| SentRemoval { kind, at: now }));
    }
    Ok(sent)
}

const fn removal_kind(kind: OperationKind) -> Option<RemovalKind> {
    match kind {
        OperationKind::Suspend => Some(RemovalKind::Suspend),
        OperationKind::HardDelete => Some(RemovalKind::HardDelete),
        OperationKind::LookUp | OperationKind::Create | OperationKind::Update | OperationKind::Restore => None,
    }
}

/// Every verdict on removals of the connection. One whose cause has ended fits nothing any more.
pub async fn approvals(store: &Store, connection: ConnectionId) -> Result<Vec<Approval>, StoreError> {
    let rows = store.db.read(Query::new(VERDICTS, [connection.get().into()])).await?;
    approvals_from(&rows)
}

/// The verdicts on removals of users whose id is above `after` and not above `upto`.
pub(super) async fn verdicts_between(
    store: &Store,
    connection: ConnectionId,
    after: i64,
    upto: i64,
) -> Result<Vec<Approval>, StoreError> {
    let sql = format!("{VERDICTS} AND user_id > $2 AND user_id <= $3");
    approvals_from(&store.db.read(Query::new(sql, [connection.get().into(), after.into(), upto.into()])).await?)
}

/// The verdicts on removals of these users, at most [`SUBJECTS_MAX`] of them.
pub(super) async fn verdicts_on(store: &Store, connection: ConnectionId, users: &[UserId]) -> Result<Vec<Approval>, StoreError> {
    if users.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!("{VERDICTS} AND user_id IN {}", placeholders(2, users.len()));
    let mut params: Vec<Value> = vec![connection.get().into()];
    params.extend(users.iter().map(|id| Value::from(id.get())));
    approvals_from(&store.db.read(Query::new(sql, params)).await?)
}

const VERDICTS: &str = "SELECT user_id, removal_kind, removal_trigger, removal_since, verdict, decided_at FROM removal_approval \
                        WHERE connection_id = $1";

fn approvals_from(rows: &[Row]) -> Result<Vec<Approval>, StoreError> {
    rows.iter()
        .map(|row| {
            let kind: String = row.get(1)?;
            Ok(Approval {
                user_id: UserId::new(row.get(0)?),
                kind: RemovalKind::parse(&kind).ok_or_else(|| StoreError::Corrupt(format!("a removal of kind \"{kind}\"")))?,
                trigger: trigger_from_word(&row.get::<String>(2)?)?,
                since: Timestamp(row.get(3)?),
                approved: row.get::<String>(4)? == "approved",
                decided_at: Timestamp(row.get(5)?),
            })
        })
        .collect()
}

/// The holds that stand, at most one a kind.
pub async fn holds(store: &Store, connection: ConnectionId) -> Result<Vec<StoredHold>, StoreError> {
    let sql = "SELECT id, kind, created_at, hold FROM removal_hold WHERE connection_id = $1 ORDER BY kind";
    let rows = store.db.read(Query::new(sql, [connection.get().into()])).await?;
    rows.iter()
        .map(|row| {
            let kind: String = row.get(1)?;
            let detail: HoldDetail = serde_json::from_str(&row.get::<String>(3)?)?;
            Ok(StoredHold {
                id: HoldId::new(row.get(0)?),
                kind: RemovalKind::parse(&kind).ok_or_else(|| StoreError::Corrupt(format!("a hold of kind \"{kind}\"")))?,
                created_at: Timestamp(row.get(2)?),
                limit: detail.limit,
                sent: detail.sent,
                waiting: detail.waiting,
            })
        })
        .collect()
}

/// Keeps what the guard holds now: a new hold is logged, one that is over is removed.
pub async fn record_holds(store: &Store, connection: ConnectionId, guarded: &[Hold]) -> Result<(), StoreError> {
    let standing = holds(store, connection).await?;
    let mut batch = Batch::new();
    for hold in guarded {
        let waiting = hold.candidates.len() as u64;
        let detail = serde_json::to_string(&HoldDetail { limit: hold.limit, sent: hold.sent, waiting })?;
        match standing.iter().find(|standing| standing.kind == hold.kind) {
            Some(same) if same.limit == hold.limit && same.sent == hold.sent && same.waiting == waiting => {}
            Some(other) => {
                batch.run("UPDATE removal_hold SET hold = $2 WHERE id = $1", [other.id.get().into(), detail.into()]);
            }
            None => new_hold(store, &mut batch, connection, hold, detail).await?,
        }
    }
    for over in standing.iter().filter(|standing| !guarded.iter().any(|hold| hold.kind == standing.kind)) {
        batch.run("DELETE FROM removal_hold WHERE id = $1", [over.id.get().into()]);
    }
    if !batch.statements.is_empty() {
        store.db.commit(batch).await?;
    }
    Ok(())
}

async fn new_hold(
    store: &Store,
    batch: &mut Batch,
    connection: ConnectionId,
    hold: &Hold,
    detail: String,
) -> Result<(), StoreError> {
    let app = crate::apps::get(store, crate::apps::connections::get(store, connection).await?.app_id).await?;
    let now = store.now();
    batch.run(
        "INSERT INTO removal_hold (id, connection_id, kind, created_at, hold) VALUES ($1, $2, $3, $4, $5)",
        [store.id::<()>().get().into(), connection.get().into(), hold.kind.word().into(), now.0.into(), detail.into()],
    );
    let said = json!({
        "APPLICATION_NAME": app.name,
        "action": hold.kind.word(),
        "waiting": hold.candidates.len(),
        "sent_within_24_hours": hold.sent,
        "limit": hold.limit,
    });
    crate::log::append(batch, store, &Actor::Engine, now, event(names::AUTO_PROV_REMOVALS_HELD, app.id, Some(connection), said));
    Ok(())
}

/// Who waits for an administrator: due removals of the kinds on hold without a verdict.
pub async fn held(store: &Store, rules: &Rules, now: Timestamp) -> Result<Vec<RemovalCandidate>, StoreError> {
    let kinds: BTreeSet<RemovalKind> = holds(store, rules.connection.id).await?.into_iter().map(|hold| hold.kind).collect();
    if kinds.is_empty() {
        return Ok(Vec::new());
    }
    let decided: BTreeSet<_> = approvals(store, rules.connection.id)
        .await?
        .into_iter()
        .map(|verdict| (verdict.user_id, verdict.kind, verdict.trigger, verdict.since))
        .collect();
    let mut waiting = due_candidates(store, rules, now).await?;
    waiting.retain(|candidate| {
        let removal = candidate.removal;
        kinds.contains(&removal.kind) && !decided.contains(&(candidate.user_id, removal.kind, removal.trigger, removal.since))
    });
    Ok(waiting)
}

/// A held removal as an administrator was shown it: account, action and cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ShownRemoval {
    /// Whose account.
    pub user_id: UserId,
    /// Suspend or hard delete.
    pub kind: RemovalKind,
    /// Which cause.
    pub trigger: Trigger,
    /// When that cause began.
    pub since: Timestamp,
}

impl From<&RemovalCandidate> for ShownRemoval {
    fn from(candidate: &RemovalCandidate) -> Self {
        let Removal { kind, trigger, since, .. } = candidate.removal;
        Self { user_id: candidate.user_id, kind, trigger, since }
    }
}

/// Approves or rejects held removals: all, or those of one kind, or those of some users. A verdict binds account, action
/// and cause. Returns how many it was given on.
pub async fn decide_held(
    store: &Store,
    by: &Actor,
    connection: ConnectionId,
    kind: Option<RemovalKind>,
    users: Option<&[UserId]>,
    approve: bool,
) -> Result<u64, StoreError> {
    let chosen = |candidate: &RemovalCandidate| {
        kind.is_none_or(|kind| candidate.removal.kind == kind) && users.is_none_or(|users| users.contains(&candidate.user_id))
    };
    decide_on(store, by, connection, chosen, approve).await
}

/// Approves or rejects held removals as they were shown. One that is not held any more, or by now for another action or
/// cause, drops out. Returns how many the verdict was given on.
pub async fn decide_shown(
    store: &Store,
    by: &Actor,
    connection: ConnectionId,
    shown: &BTreeSet<ShownRemoval>,
    approve: bool,
) -> Result<u64, StoreError> {
    decide_on(store, by, connection, |candidate| shown.contains(&candidate.into()), approve).await
}

async fn decide_on(
    store: &Store,
    by: &Actor,
    connection: ConnectionId,
    is_chosen: impl Fn(&RemovalCandidate) -> bool + Send,
    approve: bool,
) -> Result<u64, StoreError> {
    let rules = load_rules(store, connection).await?;
    let now = store.now();
    let mut chosen = held(store, &rules, now).await?;
    chosen.retain(is_chosen);
    let verdict = if approve { "approved" } else { "rejected" };
    let name = if approve { names::AUTO_PROV_REMOVALS_APPROVED } else { names::AUTO_PROV_REMOVALS_REJECTED };
    for chunk in chosen.chunks(VERDICTS_PER_BATCH) {
        let mut batch = Batch::new();
        let mut events: Vec<LogEvent> = Vec::with_capacity(chunk.len());
        for candidate in chunk {
            write_verdict(&mut batch, connection, candidate, verdict, &by.label(), now);
            let removal = candidate.removal;
            let detail = json!({
                "APPLICATION_NAME": rules.app.name,
                "action": removal.kind.word(),
                "trigger": removal.trigger.word(),
                "cause_since": removal.since.to_string(),
            });
            let user = Some((candidate.user_id, candidate.email.clone()));
            events.push(LogEvent { user, ..event(name, rules.app.id, Some(connection), detail) });
        }
        crate::log::append_all(&mut batch, store, by, now, events);
        store.db.commit(batch).await?;
    }
    store.wake();
    Ok(chosen.len() as u64)
}

fn write_verdict(
    batch: &mut Batch,
    connection: ConnectionId,
    candidate: &RemovalCandidate,
    verdict: &str,
    by: &str,
    now: Timestamp,
) {
    let removal = candidate.removal;
    batch.run(
        "INSERT INTO removal_approval (connection_id, user_id, removal_kind, removal_trigger, removal_since, verdict, decided_by, \
         decided_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
         ON CONFLICT (connection_id, user_id, removal_kind, removal_trigger, removal_since) \
         DO UPDATE SET verdict = excluded.verdict, decided_by = excluded.decided_by, decided_at = excluded.decided_at",
        [
            connection.get().into(),
            candidate.user_id.get().into(),
            removal.kind.word().into(),
            removal.trigger.word().into(),
            removal.since.0.into(),
            verdict.into(),
            by.into(),
            now.0.into(),
        ],
    );
    batch.run(
        "UPDATE account SET due_at = $3 WHERE connection_id = $1 AND user_id = $2",
        [connection.get().into(), candidate.user_id.get().into(), now.0.into()],
    );
}

/// When the last mark fell on any account of the connection: removals wait until this is some time ago. While a sweep
/// waits to be expanded ([`crate::schedule::sweeping`]) the storm is not over yet.
pub async fn last_marked_at(store: &Store, connection: ConnectionId) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT max(marked_at) FROM account WHERE connection_id = $1";
    let rows = store.db.read(Query::new(sql, [Value::from(connection.get())])).await?;
    let at: Option<i64> = rows.first().map(|row| row.get(0)).transpose()?.flatten();
    Ok(at.map(Timestamp))
}
