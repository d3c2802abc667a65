//! Removals that are coming: ahead or due, and not rejected. What an administrator has rejected does not come as long as its
//! cause holds; where the next removals are told, it is left out or said apart.

use super::removals::verdicts_on;
use crate::{Store, StoreError};
use provost_core::ids::{ConnectionId, UserId};
use provost_core::provisioning::Account;
use provost_core::time::Timestamp;
use provost_db::{Query, Value};
use std::collections::BTreeSet;

/// Of accounts `a` with a removal: those whose removal nobody has rejected.
pub(super) const NOT_REJECTED: &str = "NOT EXISTS (SELECT 1 FROM removal_approval v WHERE v.connection_id = a.connection_id \
     AND v.user_id = a.user_id AND v.removal_kind = a.removal_kind AND v.removal_trigger = a.removal_trigger \
     AND v.removal_since = a.removal_since AND v.verdict = 'rejected')";

/// Asks how many accounts have a removal that was rejected.
pub(super) fn rejected_query(connection: ConnectionId) -> Query {
    let sql = "SELECT count(*) FROM removal_approval v JOIN account a ON a.connection_id = v.connection_id AND a.user_id = v.user_id \
               AND a.removal_kind = v.removal_kind AND a.removal_trigger = v.removal_trigger AND a.removal_since = v.removal_since \
               WHERE v.connection_id = $1 AND v.verdict = 'rejected' AND a.removal_at IS NOT NULL";
    Query::new(sql, [Value::from(connection.get())])
}

pub(super) fn next_query(connection: ConnectionId) -> Query {
    let sql = format!(
        "SELECT a.removal_at FROM account a WHERE a.connection_id = $1 AND a.removal_at IS NOT NULL AND {NOT_REJECTED} \
         ORDER BY a.removal_at LIMIT 1"
    );
    Query::new(sql, [Value::from(connection.get())])
}

/// When the next removal falls due; in the past when one waits.
pub async fn next_removal_at(store: &Store, connection: ConnectionId) -> Result<Option<Timestamp>, StoreError> {
    let rows = store.db.read(next_query(connection)).await?;
    Ok(rows.first().map(|row| row.get(0)).transpose()?.map(Timestamp))
}

/// Whose next removal was rejected, of these accounts of one connection; at most 1,000 of them.
pub async fn rejected(store: &Store, connection: ConnectionId, accounts: &[Account]) -> Result<BTreeSet<UserId>, StoreError> {
    let leaving: Vec<(UserId, _)> = accounts.iter().filter_map(|account| Some((account.user_id, account.removal?))).collect();
    let users: Vec<UserId> = leaving.iter().map(|(user, _)| *user).collect();
    let verdicts = verdicts_on(store, connection, &users).await?;
    let is_rejected = |user: &UserId, removal| verdicts.iter().any(|verdict| !verdict.approved && verdict.is_on(*user, removal));
    Ok(leaving.iter().filter(|(user, removal)| is_rejected(user, removal)).map(|(user, _)| *user).collect())
}
