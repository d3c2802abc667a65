//! Due marks: what makes the engine look at a user again.
//!
//! A change of up to a few hundred users marks them in its own transaction ([`mark_users`]); a change that concerns more
//! commits one sweep with itself ([`mark_sweep`]), which the engine expands in batches ([`expand_sweeps`]). A mark only
//! says that something may have changed; what is to be done is decided when the account is looked at.

use crate::{Store, StoreError};
use provost_core::ids::{ConnectionId, GroupId, OrgUnitId, UserId};
use provost_core::time::Timestamp;
use provost_db::{Batch, CommitError, Query, Row, Value};

/// The most users one [`mark_users`] statement takes.
pub const MARK_USERS_MAX: usize = 500;

/// The most users one batch of an expanding sweep marks.
const SWEEP_BATCH_USERS: usize = 1_000;

/// Whom a sweep marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SweepTarget {
    /// Every user of the directory, and every account whose user the directory has forgotten.
    Everyone,
    /// The users of an org unit and of those below it.
    OrgUnit(OrgUnitId),
    /// The members of a group and of the groups nested in it.
    Group(GroupId),
}

impl SweepTarget {
    const fn columns(self) -> (&'static str, Option<i64>) {
        match self {
            Self::Everyone => ("everyone", None),
            Self::OrgUnit(id) => ("org_unit", Some(id.get())),
            Self::Group(id) => ("group", Some(id.get())),
        }
    }

    fn from_columns(kind: &str, target: Option<i64>) -> Result<Self, StoreError> {
        match (kind, target) {
            ("everyone", _) => Ok(Self::Everyone),
            ("org_unit", Some(id)) => Ok(Self::OrgUnit(OrgUnitId::new(id))),
            ("group", Some(id)) => Ok(Self::Group(GroupId::new(id))),
            _ => Err(StoreError::Corrupt(format!("a sweep of kind \"{kind}\""))),
        }
    }
}

/// Marks up to [`MARK_USERS_MAX`] users (id and address) as due for every connection, at the commit time `now` of the
/// change. `entitlement` says whether the change can touch who is entitled: memberships, org unit, address, status.
/// Users without an account row get one. An empty list adds no statement.
pub fn mark_users(batch: &mut Batch, users: &[(UserId, &str)], now: Timestamp, entitlement: bool) {
    debug_assert!(users.len() <= MARK_USERS_MAX, "callers mark in chunks of MARK_USERS_MAX");
    mark(batch, None, users, now, entitlement);
}

/// Commits a sweep with the change that makes it necessary: `id` is a fresh id, `connection` `None` means every one.
/// The engine marks the users with `now`, the commit time of the change, whenever it comes to it.
pub fn mark_sweep(batch: &mut Batch, id: i64, connection: Option<ConnectionId>, target: SweepTarget, now: Timestamp) {
    let (kind, target_id) = target.columns();
    batch.run(
        "INSERT INTO sweep (id, connection_id, kind, target_id, after_user, marked_at) VALUES ($1, $2, $3, $4, 0, $5)",
        [id.into(), connection.map(|id| id.get()).into(), kind.into(), target_id.into(), now.0.into()],
    );
}

fn mark(batch: &mut Batch, connection: Option<ConnectionId>, users: &[(UserId, &str)], at: Timestamp, entitlement: bool) {
    if users.is_empty() {
        return;
    }
    let mut params: Vec<Value> = vec![at.0.into()];
    let mut listed = Vec::with_capacity(users.len());
    for (id, email) in users {
        let first = params.len() + 1;
        listed.push(format!("(CAST(${first} AS BIGINT), CAST(${} AS TEXT))", first + 1));
        params.push(id.get().into());
        params.push((*email).into());
    }
    let only = connection.map_or("true".to_owned(), |id| {
        params.push(id.get().into());
        format!("c.id = ${}", params.len())
    });
    let entitled = if entitlement { later("entitlement_marked_at") } else { String::new() };
    let sql = format!(
        "WITH marked_user(user_id, email) AS (VALUES {}) \
         INSERT INTO account (connection_id, user_id, email, state, failing, due_at, marked, marked_at, entitlement_marked_at, revision) \
         SELECT c.id, m.user_id, m.email, 'absent', 0, CAST($1 AS BIGINT), 1, CAST($1 AS BIGINT), CAST($1 AS BIGINT), 0 \
         FROM connection c CROSS JOIN marked_user m WHERE {only} \
         ON CONFLICT (connection_id, user_id) DO UPDATE SET email = excluded.email, marked = account.marked + 1, \
         due_at = CASE WHEN account.due_at < excluded.due_at THEN account.due_at ELSE excluded.due_at END{}{entitled}",
        listed.join(", "),
        later("marked_at"),
    );
    batch.run(sql, params);
}

/// `, column = the later of what stands there and what the mark brings`: a sweep may be expanded after younger marks.
fn later(column: &str) -> String {
    format!(", {column} = CASE WHEN account.{column} > excluded.{column} THEN account.{column} ELSE excluded.{column} END")
}

#[derive(Debug)]
struct Sweep {
    id: i64,
    connection: Option<ConnectionId>,
    target: SweepTarget,
    after_user: i64,
    marked_at: Timestamp,
}

/// Expands waiting sweeps, oldest first, until about `limit_rows` account rows are marked; returns how many were. 0 means
/// that no sweep is left. The cursor is committed with the marks, so that nothing is lost or skipped by a crash.
pub async fn expand_sweeps(store: &Store, limit_rows: usize) -> Result<usize, StoreError> {
    let mut marked = 0;
    while marked < limit_rows {
        let Some(sweep) = oldest_sweep(store).await? else { break };
        let size = SWEEP_BATCH_USERS.min(limit_rows - marked);
        let users = sweep_users(store, &sweep, size).await?;
        let mut batch = Batch::bulk();
        match users.last().filter(|_| users.len() == size) {
            Some((last, _)) => batch.expect(
                1,
                "UPDATE sweep SET after_user = $2 WHERE id = $1 AND after_user = $3",
                [sweep.id.into(), last.get().into(), sweep.after_user.into()],
            ),
            None => {
                batch.expect(1, "DELETE FROM sweep WHERE id = $1 AND after_user = $2", [sweep.id.into(), sweep.after_user.into()])
            }
        };
        let borrowed: Vec<(UserId, &str)> = users.iter().map(|(id, email)| (*id, email.as_str())).collect();
        for chunk in borrowed.chunks(MARK_USERS_MAX) {
            mark(&mut batch, sweep.connection, chunk, sweep.marked_at, true);
        }
        match store.db.commit(batch).await {
            Ok(answers) => {
                marked += answers.iter().skip(1).map(|answer| usize::try_from(answer.count).unwrap_or(usize::MAX)).sum::<usize>();
            }
            // Somebody else took this step of the sweep, or the connection and its sweeps are gone.
            Err(CommitError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(marked)
}

/// Whether any sweep still waits to be expanded for this connection.
pub async fn sweeping(store: &Store, connection: ConnectionId) -> Result<bool, StoreError> {
    let sql = "SELECT id FROM sweep WHERE connection_id IS NULL OR connection_id = $1 LIMIT 1";
    Ok(!store.db.read(Query::new(sql, [connection.get().into()])).await?.is_empty())
}

/// The commit time of the newest change that a sweep has still to mark; its effect may be seen before its marks.
pub async fn newest_waiting(store: &Store, connection: ConnectionId) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT max(marked_at) FROM sweep WHERE connection_id IS NULL OR connection_id = $1";
    let rows = store.db.read(Query::new(sql, [connection.get().into()])).await?;
    let at: Option<i64> = rows.first().map(|row| row.get(0)).transpose()?.flatten();
    Ok(at.map(Timestamp))
}

/// When the connection's next account is due; in the past when work waits now.
pub async fn next_due(store: &Store, connection: ConnectionId) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT min(due_at) FROM account WHERE connection_id = $1";
    let rows = store.db.read(Query::new(sql, [connection.get().into()])).await?;
    let due: Option<i64> = rows.first().map(|row| row.get(0)).transpose()?.flatten();
    Ok(due.map(Timestamp))
}

async fn oldest_sweep(store: &Store) -> Result<Option<Sweep>, StoreError> {
    let sql = "SELECT id, connection_id, kind, target_id, after_user, marked_at FROM sweep ORDER BY id LIMIT 1";
    let rows = store.db.read(Query::new(sql, [])).await?;
    rows.first()
        .map(|row| {
            Ok(Sweep {
                id: row.get(0)?,
                connection: row.get::<Option<i64>>(1)?.map(ConnectionId::new),
                target: SweepTarget::from_columns(&row.get::<String>(2)?, row.get(3)?)?,
                after_user: row.get(4)?,
                marked_at: Timestamp(row.get(5)?),
            })
        })
        .transpose()
}

async fn sweep_users(store: &Store, sweep: &Sweep, limit: usize) -> Result<Vec<(UserId, String)>, StoreError> {
    let after = sweep.after_user.into();
    let limit = i64::try_from(limit).unwrap_or(i64::MAX).into();
    let query = match sweep.target {
        SweepTarget::Everyone => Query::new(EVERYONE, [after, limit, sweep.connection.map(|id| id.get()).into()]),
        SweepTarget::OrgUnit(id) => Query::new(ORG_UNIT_USERS, [after, limit, id.get().into()]),
        SweepTarget::Group(id) => Query::new(GROUP_USERS, [after, limit, id.get().into()]),
    };
    let rows = store.db.read(query).await?;
    rows.iter().map(|row: &Row| Ok((UserId::new(row.get(0)?), row.get(1)?))).collect()
}

const EVERYONE: &str = "SELECT id, min(email) FROM (\
     SELECT id, primary_email AS email FROM (SELECT id, primary_email FROM directory_user WHERE id > $1 ORDER BY id LIMIT $2) AS living \
     UNION ALL \
     SELECT user_id, email FROM (SELECT a.user_id, a.email FROM account a WHERE a.user_id > $1 \
         AND (CAST($3 AS BIGINT) IS NULL OR a.connection_id = $3) \
         AND NOT EXISTS (SELECT 1 FROM directory_user u WHERE u.id = a.user_id) ORDER BY a.user_id LIMIT $2) AS forgotten\
     ) AS everyone GROUP BY id ORDER BY id LIMIT $2";

const ORG_UNIT_USERS: &str = "WITH RECURSIVE below(id) AS (\
     SELECT id FROM org_unit WHERE id = $3 UNION SELECT o.id FROM org_unit o JOIN below b ON o.parent_id = b.id) \
     SELECT id, primary_email FROM directory_user WHERE id > $1 AND org_unit_id IN (SELECT id FROM below) ORDER BY id LIMIT $2";

const GROUP_USERS: &str = "WITH RECURSIVE reached(id) AS (\
     SELECT CAST($3 AS BIGINT) UNION SELECT m.nested_id FROM group_member m JOIN reached r ON m.group_id = r.id \
     WHERE m.nested_id IS NOT NULL) \
     SELECT id, primary_email FROM directory_user WHERE id > $1 AND id IN (\
     SELECT m.user_id FROM group_member m JOIN reached r ON m.group_id = r.id WHERE m.user_id IS NOT NULL) ORDER BY id LIMIT $2";
