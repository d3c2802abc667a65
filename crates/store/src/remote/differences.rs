//! Differences that a drift check has found, and what was done about each.

use super::listing::{Listing, ListingCounts};
use crate::directory::{Page, one_more};
use crate::{Store, StoreError};
use provost_core::ids::{ConnectionId, UserId};
use provost_core::provisioning::{DriftChange, DriftKind};
use provost_core::time::Timestamp;
use provost_db::{Batch, Query, Row, Value, list as placeholders, rows};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

const COLUMNS: &str = "user_id, remote_id, email, kind, changes, action, found_at";

/// What was done about a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DriftAction {
    /// Listed.
    Reported,
    /// The account was made due: the engine brings it back.
    Repaired,
    /// Theirs stands until the directory changes the attribute.
    Accepted,
}

const ACTIONS: [(DriftAction, &str); 3] =
    [(DriftAction::Reported, "reported"), (DriftAction::Repaired, "repaired"), (DriftAction::Accepted, "accepted")];

impl DriftAction {
    /// As the store and commands spell it.
    pub fn word(self) -> &'static str {
        ACTIONS.iter().find(|(action, _)| *action == self).map_or("", |(_, word)| word)
    }
}

/// One account that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FoundDifference {
    /// Whose account.
    pub user_id: UserId,
    /// Their address as last decided.
    pub email: String,
    /// The app's id of the account.
    pub remote_id: String,
    /// What kind.
    pub kind: DriftKind,
    /// Attribute by attribute.
    pub changes: Vec<DriftChange>,
    /// What was done.
    pub action: DriftAction,
    /// When it was found.
    pub found_at: Timestamp,
}

/// The differences of a check, by user; those that an earlier check had accepted are among them.
pub async fn differences(
    store: &Store,
    listing: &Listing,
    after: Option<&str>,
    limit: usize,
) -> Result<Page<FoundDifference>, StoreError> {
    let (limit, sql_limit) = one_more(limit);
    let after: i64 = after
        .map_or(Ok(0), str::parse)
        .map_err(|_| StoreError::Invalid("this is not a place in the list of differences: start at its first page".to_owned()))?;
    let sql = format!(
        "SELECT {COLUMNS} FROM drift_difference WHERE connection_id = $1 AND listing_id = $2 AND user_id > $3 ORDER BY user_id LIMIT $4"
    );
    let params = [listing.connection.get().into(), listing.id.into(), after.into(), sql_limit.into()];
    let items = store.db.read(Query::new(sql, params)).await?.iter().map(from_row).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::cut(items, limit, |difference| difference.user_id.to_string()))
}

/// What earlier checks have accepted of these users' accounts.
pub async fn accepted(
    store: &Store,
    connection: ConnectionId,
    users: &[UserId],
) -> Result<BTreeMap<UserId, FoundDifference>, StoreError> {
    if users.is_empty() {
        return Ok(BTreeMap::new());
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM drift_difference WHERE connection_id = $1 AND action = 'accepted' AND user_id IN {}",
        placeholders(2, users.len())
    );
    let mut params: Vec<Value> = vec![connection.get().into()];
    params.extend(users.iter().map(|id| Value::from(id.get())));
    let rows = store.db.read(Query::new(sql, params)).await?;
    rows.iter().map(|row| from_row(row).map(|one| (one.user_id, one))).collect()
}

pub(super) fn write(batch: &mut Batch, listing: &Listing, found: &[FoundDifference]) -> Result<(), StoreError> {
    for chunk in found.chunks(500) {
        let mut params: Vec<Value> = Vec::with_capacity(chunk.len() * 9);
        for one in chunk {
            params.extend([
                listing.connection.get().into(),
                one.user_id.get().into(),
                one.remote_id.as_str().into(),
                listing.id.into(),
                one.email.as_str().into(),
                one.kind.word().into(),
                serde_json::to_string(&one.changes)?.into(),
                one.action.word().into(),
                one.found_at.0.into(),
            ]);
        }
        let sql = format!(
            "INSERT INTO drift_difference (connection_id, user_id, remote_id, listing_id, email, kind, changes, action, found_at) \
             VALUES {} ON CONFLICT (connection_id, user_id) DO UPDATE SET remote_id = excluded.remote_id, \
             listing_id = excluded.listing_id, email = excluded.email, kind = excluded.kind, changes = excluded.changes, \
             action = excluded.action, found_at = excluded.found_at",
            rows(chunk.len(), 9)
        );
        batch.run(sql, params);
    }
    Ok(())
}

/// Counts what a listing has found into `counts`.
pub(super) async fn count(store: &Store, listing: &Listing, counts: &mut ListingCounts) -> Result<(), StoreError> {
    let sql =
        "SELECT kind, action, count(*) FROM drift_difference WHERE connection_id = $1 AND listing_id = $2 GROUP BY kind, action";
    let rows = store.db.read(Query::new(sql, [listing.connection.get().into(), listing.id.into()])).await?;
    *counts = ListingCounts {
        held: counts.held,
        unmanaged: counts.unmanaged,
        unmanaged_new: counts.unmanaged_new,
        ..ListingCounts::default()
    };
    for row in rows {
        let number = u64::try_from(row.get::<i64>(2)?).unwrap_or(0);
        *match kind(&row.get::<String>(0)?)? {
            DriftKind::Changed => &mut counts.changed,
            DriftKind::Suspended => &mut counts.suspended,
            DriftKind::Reactivated => &mut counts.reactivated,
            DriftKind::Missing => &mut counts.missing,
        } += number;
        match action(&row.get::<String>(1)?)? {
            DriftAction::Reported => {}
            DriftAction::Repaired => counts.repaired += number,
            DriftAction::Accepted => counts.accepted += number,
        }
    }
    Ok(())
}

fn kind(word: &str) -> Result<DriftKind, StoreError> {
    DriftKind::parse(word).ok_or_else(|| StoreError::Corrupt(format!("a difference of kind \"{word}\"")))
}

fn action(word: &str) -> Result<DriftAction, StoreError> {
    let found = ACTIONS.iter().find(|(_, known)| *known == word);
    found.map(|(action, _)| *action).ok_or_else(|| StoreError::Corrupt(format!("a difference that was \"{word}\"")))
}

fn from_row(row: &Row) -> Result<FoundDifference, StoreError> {
    Ok(FoundDifference {
        user_id: UserId::new(row.get(0)?),
        remote_id: row.get(1)?,
        email: row.get(2)?,
        kind: kind(&row.get::<String>(3)?)?,
        changes: serde_json::from_str(&row.get::<String>(4)?)?,
        action: action(&row.get::<String>(5)?)?,
        found_at: Timestamp(row.get(6)?),
    })
}
