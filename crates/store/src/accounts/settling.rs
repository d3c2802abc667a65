//! Beginning and settling: the two writes around every request.
//!
//! An intent is committed before its request is sent, and only if nothing has moved since the decision. A settlement is
//! never refused by a directory change: it writes what the app confirmed, and leaves the due time to the newer mark.

use super::{held, twins, waiting};
use crate::apps::connections::normalized_endpoint;
use crate::log::LogEvent;
use crate::{Actor, Store, StoreError};
use provost_core::app::Connection;
use provost_core::provisioning::{Account, Intent, OperationKind, matching_value, refused_name};
use provost_core::time::Timestamp;
use provost_db::{Batch, CommitError, Value};

/// The most accounts that are settled in one batch.
const SETTLE_BATCH_ACCOUNTS: usize = 400;

/// Up to this many settlements go before bulk work.
pub(super) const INTERACTIVE_ACCOUNTS_MAX: usize = 8;

/// Commits what is about to be sent, and with it the causes and the next removal that the accounts bear, which are those of the
/// decision: whatever becomes of the request, a clock that has ended does not run on. `false` when anything has moved since it was decided: the account's `marked` or
/// `revision`, another intent, the connection's revision, its status or a halt; for removals also when a sweep waits,
/// because it may take away their cause. Nothing is written then, and nothing may be sent.
pub async fn begin(store: &Store, connection: &Connection, intents: &[(&Account, Intent)]) -> Result<bool, StoreError> {
    // Where an answer is outstanding the look-up for it is sent, and takes nobody's access away.
    let removes = intents.iter().any(|(account, intent)| match intent.kind {
        OperationKind::Suspend | OperationKind::HardDelete => account.intent.is_none(),
        OperationKind::LookUp | OperationKind::Create | OperationKind::Update | OperationKind::Restore => false,
    });
    let mut batch = Batch::new();
    let unswept = if removes {
        " AND NOT EXISTS (SELECT 1 FROM sweep s WHERE s.connection_id IS NULL OR s.connection_id = $1)"
    } else {
        ""
    };
    batch.expect(
        1,
        format!(
            "UPDATE connection SET revision = revision WHERE id = $1 AND revision = $2 AND status = 'active' AND halt IS NULL{unswept}"
        ),
        [connection.id.get().into(), connection.revision.into()],
    );
    for (account, intent) in intents {
        // Due until it is settled: an intent whose process has died is found by the next one. Who is due already stays so as long
        // as the two versions stand, and their place in the index is not written again.
        let due = if account.due_at.is_none() { ", due_at = COALESCE(due_at, $15)" } else { "" };
        let standing = account.intent.as_ref().map(serde_json::to_string).transpose()?.unwrap_or_default();
        let sql = format!(
            "UPDATE account SET unseen = 0, intent = $5, matching = COALESCE($7, matching), \
             app_off_since = $8, suspended_since = $9, deleted_since = $10, removal_kind = $11, removal_trigger = $12, \
             removal_since = $13, removal_at = $14{due} \
             WHERE connection_id = $1 AND user_id = $2 AND marked = $3 AND revision = $4 AND COALESCE(intent, '') = $6"
        );
        let params: [Value; 7] = [
            connection.id.get().into(),
            account.user_id.get().into(),
            account.marked.into(),
            account.revision.into(),
            serde_json::to_string(intent)?.into(),
            standing.into(),
            created_as(intent).into(),
        ];
        let due_at = account.due_at.is_none().then(|| store.now().0.into());
        batch.expect(1, sql, params.into_iter().chain(clock_columns(account)).chain(due_at));
    }
    match store.db.commit(batch).await {
        Ok(_) => Ok(true),
        Err(CommitError::Conflict { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The columns `app_off_since`, `suspended_since`, `deleted_since`, `removal_kind`, `removal_trigger`, `removal_since` and
/// `removal_at` of an account.
pub(super) fn clock_columns(account: &Account) -> [Value; 7] {
    let (causes, removal) = (account.causes, account.removal);
    [
        instant(causes.app_off_since),
        instant(causes.suspended_since),
        instant(causes.deleted_since),
        removal.map(|removal| removal.kind.word()).into(),
        removal.map(|removal| removal.trigger.word()).into(),
        instant(removal.map(|removal| removal.since)),
        instant(removal.map(|removal| removal.due)),
    ]
}

fn instant(at: Option<Timestamp>) -> Value {
    at.map(|at| at.0).into()
}

/// What an account is found by while the answer to its create is not known.
fn created_as(intent: &Intent) -> Option<String> {
    let matching = intent.matching.as_ref().filter(|_| intent.kind == OperationKind::Create);
    matching.map(|matching| matching.to_lowercase())
}

/// What became of an account.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    /// As it was decided on; its `revision` must still stand.
    pub before: Account,
    /// As it is now. `marked`, `entitlement_marked_at` and `revision` are not taken from here.
    pub after: Account,
    /// For the admin log, in the same transaction.
    pub events: Vec<LogEvent>,
    /// Whether the causes were decided on for it. Where not, an account whose clocks are to be looked at stays so.
    pub decided: bool,
}

/// Whether a settlement was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettleResult {
    /// Stored.
    Stored,
    /// Not stored: the row has another revision, or is gone with its connection.
    Moved,
    /// Not stored: the remote id belongs to another user of this endpoint. [`super::claimants`] tells whose it is.
    RemoteHeld,
}

/// Stores settlements, in groups; answers one result each, in their order. Users whose failure waits for an account that
/// is gone now are woken with it.
pub async fn settle(store: &Store, connection: &Connection, settlements: Vec<Settled>) -> Result<Vec<SettleResult>, StoreError> {
    let endpoint = normalized_endpoint(&connection.config.endpoint);
    let interactive = settlements.len() <= INTERACTIVE_ACCOUNTS_MAX;
    let mut results = Vec::with_capacity(settlements.len());
    for chunk in settlements.chunks(SETTLE_BATCH_ACCOUNTS) {
        let now = store.now();
        match commit(store, connection, &endpoint, chunk, interactive, now).await? {
            SettleResult::Stored => results.extend(chunk.iter().map(|_| SettleResult::Stored)),
            SettleResult::Moved | SettleResult::RemoteHeld => {
                for one in chunk.chunks(1) {
                    results.push(commit(store, connection, &endpoint, one, interactive, now).await?);
                }
            }
        }
    }
    Ok(results)
}

async fn commit(
    store: &Store,
    connection: &Connection,
    endpoint: &str,
    settlements: &[Settled],
    interactive: bool,
    now: Timestamp,
) -> Result<SettleResult, StoreError> {
    let mut batch = if interactive { Batch::new() } else { Batch::bulk() };
    let mut linked = Vec::new();
    for settled in settlements {
        write(&mut batch, connection, endpoint, settled)?;
        if gives_up_its_address(connection, settled) {
            waiting::wake(&mut batch, connection.id, settled.before.user_id, now);
        }
        twins::wake(&mut batch, connection, &settled.before, &settled.after, now);
        linked.extend(settled.after.remote_id.as_deref().filter(|_| settled.before.remote_id.is_none()));
    }
    held::count(&mut batch, connection.id, settlements);
    crate::remote::linked(&mut batch, connection, &linked);
    crate::log::append_all(&mut batch, store, &Actor::Engine, now, settlements.iter().flat_map(|settled| &settled.events));
    match store.db.commit(batch).await {
        Ok(_) => Ok(SettleResult::Stored),
        Err(CommitError::Conflict { .. }) => Ok(SettleResult::Moved),
        Err(CommitError::Unique { .. }) => Ok(SettleResult::RemoteHeld),
        Err(error @ CommitError::Db(_)) => Err(error.into()),
    }
}

/// What the app confirmed is written whatever has happened meanwhile. What was decided (causes, the next removal, when to look
/// again) only if nothing was marked since: it may rest on a directory newer than the mark, whose date it would then get wrong.
fn write(batch: &mut Batch, connection: &Connection, endpoint: &str, settled: &Settled) -> Result<(), StoreError> {
    let (before, after) = (&settled.before, &settled.after);
    let confirmed = || matching_value(after.applied.as_ref()?, connection.profile);
    let named = refused_name(after).map(|(_, name)| name.to_owned()).or_else(confirmed);
    let matching = named.map(|matching| matching.to_lowercase()).or_else(|| after.intent.as_ref().and_then(created_as));
    let unseen = if settled.decided { "CASE WHEN marked = $4 THEN 0 ELSE 1 END" } else { "unseen" };
    let sql = format!(
        "UPDATE account SET \
         email = CASE WHEN marked = $4 THEN CAST($5 AS TEXT) ELSE email END, state = $6, remote_id = $7, endpoint_key = $8, \
         matching = $9, applied = $10, \
         app_off_since = CASE WHEN marked = $4 THEN CAST($16 AS BIGINT) ELSE app_off_since END, \
         suspended_since = CASE WHEN marked = $4 THEN CAST($17 AS BIGINT) ELSE suspended_since END, \
         deleted_since = CASE WHEN marked = $4 THEN CAST($18 AS BIGINT) ELSE deleted_since END, \
         removal_kind = CASE WHEN marked = $4 THEN CAST($19 AS TEXT) ELSE removal_kind END, \
         removal_trigger = CASE WHEN marked = $4 THEN CAST($20 AS TEXT) ELSE removal_trigger END, \
         removal_since = CASE WHEN marked = $4 THEN CAST($21 AS BIGINT) ELSE removal_since END, \
         removal_at = CASE WHEN marked = $4 THEN CAST($22 AS BIGINT) ELSE removal_at END, intent = $11, failure = $12, failing = $13, \
         due_at = CASE WHEN marked = $4 THEN CAST($14 AS BIGINT) ELSE due_at END, \
         unseen = {unseen}, version = $15, revision = revision + 1 \
         WHERE connection_id = $1 AND user_id = $2 AND revision = $3"
    );
    batch.expect(
        1,
        sql,
        [
            connection.id.get().into(),
            before.user_id.get().into(),
            before.revision.into(),
            before.marked.into(),
            after.email.as_str().into(),
            after.state.word().into(),
            after.remote_id.clone().into(),
            after.remote_id.as_ref().map(|_| endpoint).into(),
            matching.into(),
            after.applied.as_ref().map(serde_json::to_string).transpose()?.into(),
            after.intent.as_ref().map(serde_json::to_string).transpose()?.into(),
            after.failure.as_ref().map(serde_json::to_string).transpose()?.into(),
            after.failure.is_some().into(),
            instant(after.due_at),
            after.version.clone().into(),
        ]
        .into_iter()
        .chain(clock_columns(after)),
    );
    Ok(())
}

/// The account is gone, or bears another name than before.
fn gives_up_its_address(connection: &Connection, settled: &Settled) -> bool {
    let name = |account: &Account| account.applied.as_ref().and_then(|body| matching_value(body, connection.profile));
    let before = name(&settled.before);
    let held = settled.before.remote_id.is_some();
    held && (settled.after.remote_id.is_none() || (before.is_some() && before != name(&settled.after)))
}
