//! Forgetting users when they can no longer be restored. Their accounts stay until provisioning is done with them.

use super::counts;
use crate::log::{LogEvent, append_all, names};
use crate::{Actor, Store, StoreError};
use provost_core::directory::RESTORE_WINDOW;
use provost_core::directory::UserState;
use provost_core::ids::{OrgUnitId, UserId};
use provost_db::{Batch, CommitError, Query, Value, list};
use serde_json::Value as Json;

/// How many users one batch forgets.
const USERS_PER_BATCH: i64 = 500;

/// Forgets users deleted more than 20 days ago, with their memberships; answers how many.
pub async fn purge_expired(store: &Store) -> Result<u64, StoreError> {
    let now = store.now();
    let cutoff = now - RESTORE_WINDOW;
    let mut forgotten = 0;
    loop {
        let sql = "SELECT id, primary_email, org_unit_id FROM directory_user WHERE deleted_since < $1 \
                   ORDER BY deleted_since, id LIMIT $2";
        let rows = store.db.read(Query::new(sql, [cutoff.0.into(), USERS_PER_BATCH.into()])).await?;
        if rows.is_empty() {
            return Ok(forgotten);
        }
        let mut ids: Vec<Value> = Vec::new();
        let mut events = Vec::new();
        let mut places = Vec::new();
        for row in &rows {
            let id: i64 = row.get(0)?;
            ids.push(id.into());
            places.push((OrgUnitId::new(row.get(2)?), UserState::Deleted));
            events.push(LogEvent::of_user(names::PURGE_USER, UserId::new(id), &row.get::<String>(1)?, Json::Null));
        }
        let mut batch = Batch::bulk();
        for table in ["group_member", "directory_user_word"] {
            batch.run(format!("DELETE FROM {table} WHERE user_id IN {}", list(1, ids.len())), ids.clone());
        }
        let count = ids.len() as u64;
        let users = format!("DELETE FROM directory_user WHERE deleted_since < $1 AND id IN {}", list(2, ids.len()));
        batch.expect(count, users, std::iter::once(cutoff.0.into()).chain(ids));
        counts::count(&mut batch, places.into_iter().map(|place| (Some(place), None)));
        append_all(&mut batch, store, &Actor::Engine, now, events);
        match store.db.commit(batch).await {
            // Somebody was restored in the last moment: look again.
            Err(CommitError::Conflict { .. }) => {}
            answer => {
                answer?;
                forgotten += count;
            }
        }
    }
}
