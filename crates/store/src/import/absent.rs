//! Active users that a whole import did not name.

use super::{ChunkReport, Import};
use crate::directory::ATTEMPTS_MAX;
use crate::directory::users::counts;
use crate::directory::users::rows::{COLUMNS, from_row, save};
use crate::log::{LogEvent, append_all, names};
use crate::schedule::{MARK_USERS_MAX, mark_users};
use crate::{Actor, Store, StoreError};
use provost_core::directory::User;
use provost_core::ids::UserId;
use provost_db::{Batch, CommitError, Query, Value, list};
use serde_json::json;

/// What the log and the user's page give as the reason.
const REASON: &str = "not in the imported file";
/// Users looked at in one read.
const PAGE: i64 = 5_000;

/// The active users that an import did not name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Absentees {
    /// Who.
    pub users: Vec<UserId>,
    /// Of how many active users.
    pub active: u64,
}

/// Who is active and was not named by any user row of the import.
pub async fn absentees(store: &Store, import: &Import) -> Result<Absentees, StoreError> {
    let sql = "SELECT id, primary_email FROM directory_user WHERE deleted_since IS NULL AND suspended_since IS NULL \
               AND archived_since IS NULL AND id > $1 ORDER BY id LIMIT $2";
    let mut absentees = Absentees::default();
    let mut after = 0_i64;
    loop {
        let rows = store.db.read(Query::new(sql, [after.into(), PAGE.into()])).await?;
        for row in &rows {
            after = row.get(0)?;
            absentees.active += 1;
            if !import.seen.contains_key(&row.get::<String>(1)?) {
                absentees.users.push(UserId::new(after));
            }
        }
        if rows.is_empty() {
            return Ok(absentees);
        }
    }
}

/// Suspends up to 1,000 absent users in one transaction; who is no longer active is left alone.
pub async fn suspend_absent(store: &Store, by: &Actor, users: &[UserId]) -> Result<ChunkReport, StoreError> {
    for _ in 0..ATTEMPTS_MAX {
        let sql = format!(
            "SELECT {COLUMNS} FROM directory_user u WHERE u.deleted_since IS NULL AND u.suspended_since IS NULL \
             AND u.archived_since IS NULL AND u.id IN {}",
            list(1, users.len())
        );
        let rows = store.db.read(Query::new(sql, users.iter().map(|id| Value::from(id.get())))).await?;
        let now = store.now();
        let mut suspended: Vec<(Option<counts::Place>, User)> = Vec::new();
        for row in &rows {
            let user = from_row(row)?;
            let status = user.status.clone().suspend(REASON, now)?;
            suspended.push((Some(counts::place(&user)), User { status, revision: user.revision + 1, ..user }));
        }
        if suspended.is_empty() {
            return Ok(ChunkReport::default());
        }
        let mut batch = Batch::bulk();
        save(&mut batch, &suspended.iter().map(|(stood, user)| (*stood, user)).collect::<Vec<_>>());
        let told =
            |user: &User| LogEvent::of_user(names::SUSPEND_USER, user.id, &user.primary_email, json!({ "reason": REASON }));
        append_all(&mut batch, store, by, now, suspended.iter().map(|(_, user)| told(user)));
        for some in suspended.chunks(MARK_USERS_MAX) {
            let marked: Vec<(UserId, &str)> = some.iter().map(|(_, user)| (user.id, user.primary_email.as_str())).collect();
            mark_users(&mut batch, &marked, now, true);
        }
        match store.db.commit(batch).await {
            Err(CommitError::Conflict { .. }) => {}
            answer => {
                answer?;
                store.wake();
                let count = suspended.len() as u64;
                return Ok(ChunkReport { changed: count, suspended: count, ..ChunkReport::default() });
            }
        }
    }
    Err(StoreError::Stale { what: "the directory", by: String::new() })
}
