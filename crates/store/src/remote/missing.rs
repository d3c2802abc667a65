//! Accounts of ours that a listing has not shown.

use super::listing::Listing;
use crate::accounts::{COLUMNS, from_row, held};
use crate::{Store, StoreError};
use provost_core::ids::UserId;
use provost_core::provisioning::Account;
use provost_db::Query;

/// How the connection's accounts stand to a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkedCounts {
    /// Accounts that the app holds by our record.
    pub held: u64,
    /// Those of them that the listing has not shown.
    pub not_seen: u64,
}

const NOT_SEEN: &str =
    "a.connection_id = $1 AND a.remote_id IS NOT NULL AND a.intent IS NULL AND COALESCE(a.seen_listing_id, 0) <> $2";

/// Counts accounts with and without a place in the listing. Those with an answer outstanding are not counted as absent.
pub async fn linked_counts(store: &Store, listing: &Listing) -> Result<LinkedCounts, StoreError> {
    let connection = listing.connection.get();
    let not_seen = format!("SELECT count(*) FROM account a WHERE {NOT_SEEN}");
    let queries = vec![held::query(listing.connection), Query::new(not_seen, [connection.into(), listing.id.into()])];
    let answers = store.db.read_all(queries).await?;
    let rows = |index: usize| answers.get(index).map_or(&[][..], Vec::as_slice);
    let (linked, suspended) = held::linked_and_suspended(rows(0))?;
    let not_seen: i64 = rows(1).first().map_or(Ok(0), |row| row.get(0))?;
    Ok(LinkedCounts { held: linked + suspended, not_seen: u64::try_from(not_seen).unwrap_or(0) })
}

/// The next account after `after` that the listing has not shown, by user.
pub async fn not_seen(store: &Store, listing: &Listing, after: UserId) -> Result<Option<Account>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM account a WHERE {NOT_SEEN} AND a.user_id > $3 ORDER BY a.user_id LIMIT 1");
    let params = [listing.connection.get().into(), listing.id.into(), after.get().into()];
    store.db.read(Query::new(sql, params)).await?.first().map(from_row).transpose()
}
