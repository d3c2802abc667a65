//! How many accounts each app holds: numbers that every settlement keeps in its own batch, so that pages and the guard are told
//! them without a walk over all accounts.

use super::settling::Settled;
use crate::StoreError;
use provost_core::ids::ConnectionId;
use provost_core::provisioning::{Account, AccountState};
use provost_db::{Batch, Query, Row, Value, rows};
use std::collections::BTreeMap;

/// What a connection's accounts are deleted with.
pub(crate) const OF_A_CONNECTION: &str = "DELETE FROM account_count WHERE connection_id = $1";

/// As what the account is counted; `None` where the app holds none.
fn counted_as(account: &Account) -> Option<&'static str> {
    account.remote_id.as_ref().map(|_| account.state.word())
}

/// Counts what becomes of accounts, in the batch that settles them.
pub(super) fn count(batch: &mut Batch, connection: ConnectionId, settlements: &[Settled]) {
    let mut differences: BTreeMap<&'static str, i64> = BTreeMap::new();
    for settled in settlements {
        for (account, difference) in [(&settled.before, -1), (&settled.after, 1)] {
            if let Some(state) = counted_as(account) {
                *differences.entry(state).or_default() += difference;
            }
        }
    }
    differences.retain(|_, difference| *difference != 0);
    if differences.is_empty() {
        return;
    }
    let sql = format!(
        "INSERT INTO account_count (connection_id, state, accounts) VALUES {} ON CONFLICT (connection_id, state) \
         DO UPDATE SET accounts = account_count.accounts + excluded.accounts",
        rows(differences.len(), 3)
    );
    let values = differences.into_iter().flat_map(|(state, count)| [connection.get().into(), state.into(), count.into()]);
    batch.run(sql, values.collect::<Vec<Value>>());
}

/// Asks for what [`linked_and_suspended`] reads.
pub(crate) fn query(connection: ConnectionId) -> Query {
    Query::new("SELECT state, accounts FROM account_count WHERE connection_id = $1", [connection.get().into()])
}

/// How many accounts the app holds that are in use, and how many that we suspended.
pub(crate) fn linked_and_suspended(found: &[Row]) -> Result<(u64, u64), StoreError> {
    let counted = found.iter().map(|row| Ok((row.get(0)?, u64::try_from(row.get::<i64>(1)?).unwrap_or(0))));
    let counted = counted.collect::<Result<BTreeMap<String, u64>, StoreError>>()?;
    let of = |state: AccountState| counted.get(state.word()).copied().unwrap_or(0);
    Ok((of(AccountState::Linked), of(AccountState::Suspended)))
}
