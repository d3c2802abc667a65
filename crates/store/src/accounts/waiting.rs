//! Users whose failure waits for another user's account: who waits for whom, and whom a settlement wakes.

use super::rows::{COLUMNS, from_row};
use crate::{Store, StoreError};
use provost_core::ids::{ConnectionId, UserId};
use provost_core::provisioning::{Account, FailureKind};
use provost_core::time::Timestamp;
use provost_db::{Batch, Query};
use std::collections::BTreeMap;

/// A cycle among more users than this is not looked for.
const WAITING_MAX: usize = 1_000;

/// Who waits for whose account, when any of `accounts` waits for one; else nothing, without asking.
pub(super) async fn for_each_other(
    store: &Store,
    connection: ConnectionId,
    accounts: &[Account],
) -> Result<BTreeMap<UserId, UserId>, StoreError> {
    if accounts.iter().all(|account| holder_of(account).is_none()) {
        return Ok(BTreeMap::new());
    }
    everybody(store, connection).await
}

/// Who waits for whose account, of the whole connection.
pub(super) async fn everybody(store: &Store, connection: ConnectionId) -> Result<BTreeMap<UserId, UserId>, StoreError> {
    // The plus keeps SQLite from walking all accounts in their order for the few that fail.
    let sql = format!(
        "SELECT {COLUMNS} FROM account a WHERE a.connection_id = $1 AND a.failing = 1 AND a.remote_id IS NOT NULL \
         AND a.failure LIKE $2 ORDER BY +a.user_id LIMIT {WAITING_MAX}"
    );
    let rows = store.db.read(Query::new(sql, [connection.get().into(), "%\"address_held\"%".into()])).await?;
    let waiting = rows.iter().map(from_row).collect::<Result<Vec<_>, _>>()?;
    Ok(waiting.iter().filter_map(|account| Some((account.user_id, holder_of(account)?))).collect())
}

pub(super) fn holder_of(account: &Account) -> Option<UserId> {
    match account.failure.as_ref()?.kind {
        FailureKind::AddressHeld { by, .. } => Some(by),
        FailureKind::Unavailable
        | FailureKind::Throttled
        | FailureKind::Rejected
        | FailureKind::Forbidden
        | FailureKind::Conflict
        | FailureKind::Ambiguous
        | FailureKind::DuplicateMatch { .. }
        | FailureKind::Mapping => None,
    }
}

/// Users whose address was held by the account of `holder` are looked at again.
pub(super) fn wake(batch: &mut Batch, connection: ConnectionId, holder: UserId, now: Timestamp) {
    batch.run(
        "UPDATE account SET marked = marked + 1, due_at = $2 \
         WHERE connection_id = $1 AND failing = 1 AND user_id <> $3 AND failure LIKE $4",
        [connection.get().into(), now.0.into(), holder.get().into(), format!("%\"address_held\",\"by\":\"{holder}\"%").into()],
    );
}
