//! Accounts that were marked and have not been decided on since: their clocks are looked at, also while nothing can be sent.

use super::settling::{INTERACTIVE_ACCOUNTS_MAX, clock_columns};
use super::subjects::{sql_limit, versions};
use super::twins;
use crate::{Store, StoreError};
use provost_core::app::Connection;
use provost_core::ids::{ConnectionId, UserId};
use provost_core::provisioning::Account;
use provost_db::{Batch, Query};

/// An account as it was decided on, and with the causes and the next removal that were decided.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Its `marked` and its `revision` must still stand.
    pub before: Account,
    /// Only causes and the next removal are taken from here.
    pub after: Account,
}

/// The versions (`marked` and `revision`) of accounts whose clocks are to be looked at, by user; at most `limit`, and at most 1,000.
pub async fn unseen_versions(
    store: &Store,
    connection: ConnectionId,
    limit: usize,
) -> Result<Vec<(UserId, (i64, i64))>, StoreError> {
    let sql = "SELECT user_id, marked, revision FROM account WHERE connection_id = $1 AND unseen = 1 ORDER BY user_id LIMIT $2";
    versions(store, Query::new(sql, [connection.get().into(), sql_limit(limit)])).await
}

/// Stores the clocks of these accounts, where nothing has moved since. What is due stays due, and a request under way is not
/// disturbed.
pub async fn see(store: &Store, connection: &Connection, seen: &[Seen]) -> Result<(), StoreError> {
    let mut batch = if seen.len() <= INTERACTIVE_ACCOUNTS_MAX { Batch::new() } else { Batch::bulk() };
    let now = store.now();
    for Seen { before, after } in seen {
        batch.run(
            "UPDATE account SET unseen = 0, app_off_since = $5, suspended_since = $6, deleted_since = $7, removal_kind = $8, \
             removal_trigger = $9, removal_since = $10, removal_at = $11 \
             WHERE connection_id = $1 AND user_id = $2 AND marked = $3 AND revision = $4",
            [connection.id.get().into(), before.user_id.get().into(), before.marked.into(), before.revision.into()]
                .into_iter()
                .chain(clock_columns(after)),
        );
        twins::wake(&mut batch, connection, before, after, now);
    }
    store.db.commit(batch).await?;
    Ok(())
}
