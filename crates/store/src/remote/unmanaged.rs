//! "Not managed": accounts of the app that are linked to nobody. They are listed and never touched.

use super::listing::Listing;
use crate::directory::{Page, anywhere, one_more};
use crate::{Store, StoreError};
use provost_core::app::Connection;
use provost_core::ids::ConnectionId;
use provost_core::time::Timestamp;
use provost_db::{Batch, Query, Row, Value, list_of};
use serde::Serialize;

/// An account of the app that is linked to nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unmanaged {
    /// The app's id.
    pub remote_id: String,
    /// What the app calls it.
    pub name: String,
    /// The `externalId` it bears.
    pub external_id: Option<String>,
    /// Whether it is active.
    pub active: bool,
    /// When a listing last showed it.
    pub seen_at: Timestamp,
}

/// A page of them, by the app's id; `text` is part of the name.
pub async fn unmanaged(
    store: &Store,
    connection: ConnectionId,
    text: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<Page<Unmanaged>, StoreError> {
    let (limit, sql_limit) = one_more(limit);
    let mut params: Vec<Value> = vec![connection.get().into(), after.unwrap_or_default().into(), sql_limit.into()];
    let mut only = String::new();
    if !text.trim().is_empty() {
        params.push(anywhere(&text.trim().to_lowercase()).into());
        " AND lower(name) LIKE $4 ESCAPE '\\'".clone_into(&mut only);
    }
    let sql = format!(
        "SELECT remote_id, name, external_id, active, seen_at FROM remote_account WHERE connection_id = $1 AND remote_id > $2{only} \
         ORDER BY remote_id LIMIT $3"
    );
    let rows = store.db.read(Query::new(sql, params)).await?;
    let items = rows.iter().map(from_row).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::cut(items, limit, |account| account.remote_id.clone()))
}

/// How many there are.
pub async fn unmanaged_count(store: &Store, connection: ConnectionId) -> Result<u64, StoreError> {
    let sql = "SELECT count(*) FROM remote_account WHERE connection_id = $1";
    number(&store.db.read(Query::new(sql, [connection.get().into()])).await?)
}

/// How many a listing showed, and how many of them no listing before it had shown.
pub(super) async fn counted(store: &Store, listing: &Listing) -> Result<(u64, u64), StoreError> {
    let sql = "SELECT count(*) FROM remote_account WHERE connection_id = $1 AND listing_id = $2";
    let params = || [listing.connection.get().into(), listing.id.into()];
    let new = format!("{sql} AND first_listing_id = $2");
    let answers = store.db.read_all(vec![Query::new(sql, params()), Query::new(new, params())]).await?;
    Ok((number(answers.first().map_or(&[], Vec::as_slice))?, number(answers.get(1).map_or(&[], Vec::as_slice))?))
}

/// Takes accounts that have been linked from the list, in the batch that links them.
pub(crate) fn linked(batch: &mut Batch, connection: &Connection, remote_ids: &[&str]) {
    if remote_ids.is_empty() {
        return;
    }
    let mut params = vec![connection.id.get().into()];
    let listed = list_of(&mut params, remote_ids.iter().map(|id| Value::from(*id)));
    batch.run(format!("DELETE FROM remote_account WHERE connection_id = $1 AND remote_id IN {listed}"), params);
}

fn number(rows: &[Row]) -> Result<u64, StoreError> {
    let count: i64 = rows.first().map_or(Ok(0), |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

fn from_row(row: &Row) -> Result<Unmanaged, StoreError> {
    Ok(Unmanaged {
        remote_id: row.get(0)?,
        name: row.get(1)?,
        external_id: row.get(2)?,
        active: row.get(3)?,
        seen_at: Timestamp(row.get(4)?),
    })
}
