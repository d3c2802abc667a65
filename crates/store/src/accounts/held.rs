//! How many accounts each app holds: numbers that every settlement keeps in its own batch, so that pages and the guard are told
//! them without a walk over all accounts.

use super::settling::Settled;
use crate::tally::Tally;
use crate::{Store, StoreError};
use provost_core::ids::ConnectionId;
use provost_core::provisioning::{Account, AccountState};
use provost_db::{Batch, Query, Row};
use std::collections::BTreeMap;

const ACCOUNTS: Tally = Tally { table: "account_count", id: "connection_id", number: "accounts" };

/// What a connection's accounts are deleted with.
pub(crate) const OF_A_CONNECTION: &str = "DELETE FROM account_count WHERE connection_id = $1";

/// As what the account is counted; `None` where the app holds none.
fn counted_as(account: &Account) -> Option<&'static str> {
    account.remote_id.as_ref().map(|_| account.state.word())
}

/// Counts what becomes of accounts, in the batch that settles them.
pub(super) fn count(batch: &mut Batch, connection: ConnectionId, settlements: &[Settled]) {
    let cell = |account: &Account| counted_as(account).map(|state| (connection.get(), state));
    ACCOUNTS.count(batch, settlements.iter().map(|settled| (cell(&settled.before), cell(&settled.after))));
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

/// Whether the app holds an account by our record.
pub(crate) async fn any(store: &Store, connection: ConnectionId) -> Result<bool, StoreError> {
    let (linked, suspended) = linked_and_suspended(&store.db.read(query(connection)).await?)?;
    Ok(linked + suspended > 0)
}
