//! Due marks: what makes the engine look at a user again.
//!
//! A change of up to a few hundred users marks them in its own transaction ([`mark_users`]); a change that concerns more
//! commits one sweep with itself ([`mark_sweep`]), which the engine expands in batches ([`expand_sweeps`]); a sweep of everyone
//! is a full pass. A mark only says that something may have changed; what is to be done is decided when the account is
//! looked at.

use crate::accounts::pass::{PART_USERS, Part, walk};
use crate::accounts::{Rules, Subject, load_rules};
use crate::{Store, StoreError};
use provost_core::ids::{ConnectionId, GroupId, OrgUnitId, UserId};
use provost_core::provisioning::{Causes, decide, is_at_rest};
use provost_core::time::Timestamp;
use provost_db::{Batch, CommitError, Query, Row, Value};

/// The most users one [`mark_users`] statement takes.
pub const MARK_USERS_MAX: usize = 500;

/// The most users one batch of an expanding sweep marks.
const SWEEP_BATCH_USERS: usize = 1_000;

/// Whom a sweep marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SweepTarget {
    /// Those with something to do or to write, among all users of the directory and all accounts whose user it has forgotten.
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
    let users: Vec<(UserId, &str, Causes)> = users.iter().map(|(id, email)| (*id, *email, Causes::default())).collect();
    mark(batch, None, &users, now, if entitlement { Clocks::Open } else { Clocks::Untouched });
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

/// Somebody to be marked.
#[derive(Debug)]
struct Marked {
    user: UserId,
    email: String,
    /// The causes as whoever marks has decided them, of an account that exists.
    causes: Option<Causes>,
}

/// What a mark says of the clocks of those whom it marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clocks {
    /// Nothing that they depend on has changed.
    Untouched,
    /// They may start or end: they are to be looked at.
    Open,
    /// The same; but where the account still bears the causes that whoever marks has decided, they stand right.
    Decided,
}

impl Clocks {
    /// What a mark brings besides user and address.
    const fn columns(self) -> &'static str {
        match self {
            Self::Untouched | Self::Open => "",
            Self::Decided => ", app_off_since, suspended_since, deleted_since",
        }
    }

    /// What is set in a row that exists.
    fn set(self) -> String {
        let changed_at = later("entitlement_marked_at");
        match self {
            Self::Untouched => String::new(),
            // Where there is no account, no clock runs.
            Self::Open => format!(
                "{changed_at}, unseen = CASE WHEN account.remote_id IS NULL AND account.intent IS NULL THEN account.unseen ELSE 1 END"
            ),
            Self::Decided => {
                let same = ["app_off_since", "suspended_since", "deleted_since"]
                    .map(|column| format!("account.{column} IS NOT DISTINCT FROM excluded.{column}"));
                format!("{changed_at}, unseen = CASE WHEN {} THEN account.unseen ELSE 1 END", same.join(" AND "))
            }
        }
    }
}

fn mark(batch: &mut Batch, connection: Option<ConnectionId>, users: &[(UserId, &str, Causes)], at: Timestamp, clocks: Clocks) {
    if users.is_empty() {
        return;
    }
    let columns = clocks.columns();
    let mut params: Vec<Value> = vec![at.0.into()];
    let mut listed = Vec::with_capacity(users.len());
    for (id, email, causes) in users {
        let mut place = |value: Value, kind: &str| {
            params.push(value);
            format!("CAST(${} AS {kind})", params.len())
        };
        let mut row = vec![place(id.get().into(), "BIGINT"), place((*email).into(), "TEXT")];
        if clocks == Clocks::Decided {
            let clocks = [causes.app_off_since, causes.suspended_since, causes.deleted_since];
            row.extend(clocks.map(|since| place(since.map(|since| since.0).into(), "BIGINT")));
        }
        listed.push(format!("({})", row.join(", ")));
    }
    let only = connection.map_or("true".to_owned(), |id| {
        params.push(id.get().into());
        format!("c.id = ${}", params.len())
    });
    let sql = format!(
        "WITH marked_user(user_id, email{columns}) AS (VALUES {}) \
         INSERT INTO account (connection_id, user_id, email, state, failing, due_at, marked, marked_at, entitlement_marked_at, \
         revision{columns}) \
         SELECT c.id, m.user_id, m.email, 'absent', 0, CAST($1 AS BIGINT), 1, CAST($1 AS BIGINT), CAST($1 AS BIGINT), 0{columns} \
         FROM connection c CROSS JOIN marked_user m WHERE {only} \
         ON CONFLICT (connection_id, user_id) DO UPDATE SET email = excluded.email, marked = account.marked + 1, \
         due_at = CASE WHEN account.due_at < excluded.due_at THEN account.due_at ELSE excluded.due_at END{}{}",
        listed.join(", "),
        later("marked_at"),
        clocks.set(),
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

/// Expands waiting sweeps, oldest first, until about `limit_users` users were looked at; returns how many were. 0 means that
/// no sweep is left. A sweep of org unit or group marks everybody whom it looks at; one of everyone is a pass, which marks only
/// those for whom there is something to do or to write. The cursor is committed with the marks, so that nothing is lost or
/// skipped by a crash.
pub async fn expand_sweeps(store: &Store, limit_users: usize) -> Result<usize, StoreError> {
    let mut looked_at = 0;
    while looked_at < limit_users {
        let Some(sweep) = oldest_sweep(store).await? else { break };
        let left = limit_users - looked_at;
        looked_at += match (sweep.target, sweep.connection) {
            (SweepTarget::Everyone, None) => split(store, &sweep).await?,
            (SweepTarget::Everyone, Some(connection)) => pass_on(store, &sweep, connection, left).await?,
            (SweepTarget::OrgUnit(_) | SweepTarget::Group(_), _) => mark_next(store, &sweep, left).await?,
        };
    }
    Ok(looked_at)
}

/// Marks the next users of an org unit or a group; returns how many. As many are read at once as a pass looks at: whose members
/// nested groups have is found anew with each read.
async fn mark_next(store: &Store, sweep: &Sweep, limit: usize) -> Result<usize, StoreError> {
    let size = PART_USERS.min(limit);
    let users = sweep_users(store, sweep, size).await?;
    let users: Vec<Marked> = users.into_iter().map(|(user, email)| Marked { user, email, causes: None }).collect();
    let looked_at = users.len();
    let next = users.last().filter(|_| looked_at == size).map(|last| last.user.get());
    commit_all_marks(store, sweep, next, users).await?;
    Ok(looked_at)
}

/// A sweep of everyone for every connection becomes one for each: who has something to do differs between them.
async fn split(store: &Store, sweep: &Sweep) -> Result<usize, StoreError> {
    let rows = store.db.read(Query::new("SELECT id FROM connection ORDER BY id", [])).await?;
    let mut batch = Batch::bulk();
    batch.expect(1, "DELETE FROM sweep WHERE id = $1", [sweep.id.into()]);
    for row in &rows {
        let connection = ConnectionId::new(row.get(0)?);
        mark_sweep(&mut batch, store.id::<()>().get(), Some(connection), SweepTarget::Everyone, sweep.marked_at);
    }
    match store.db.commit(batch).await {
        // Somebody else did it.
        Ok(_) | Err(CommitError::Conflict { .. }) => Ok(0),
        Err(error) => Err(error.into()),
    }
}

/// One part of a pass. Everybody is decided as their mark would leave them, by the function that decides what is sent; those
/// at rest are left alone. That is safe: whatever changes after it was read here brings a mark or a sweep of its own, and an
/// account that somebody works on is due, which is not at rest.
async fn pass_on(store: &Store, sweep: &Sweep, connection: ConnectionId, limit: usize) -> Result<usize, StoreError> {
    let rules = match load_rules(store, connection).await {
        Ok(rules) => rules,
        Err(StoreError::NotFound { .. }) => {
            store.db.commit(gone(sweep)).await?;
            return Ok(0);
        }
        Err(error) => return Err(error),
    };
    let part = Part::behind(store, sweep.after_user, limit.min(PART_USERS)).await?;
    let now = store.now();
    let mut looked_at = 0;
    let mut users = Vec::new();
    walk(store, &rules, part, |subject| {
        looked_at += 1;
        users.extend(to_be_marked(&rules, subject, sweep.marked_at, now));
        Ok(())
    })
    .await?;
    commit_all_marks(store, sweep, part.next(), users).await?;
    Ok(looked_at)
}

/// The user, unless their account is at rest.
fn to_be_marked(rules: &Rules, mut subject: Subject, marked_at: Timestamp, now: Timestamp) -> Option<Marked> {
    let account = &mut subject.account;
    account.marked += 1;
    account.entitlement_marked_at = account.entitlement_marked_at.max(marked_at);
    // Without a row there is nothing to be looked at.
    account.due_at = account.due_at.filter(|_| subject.recorded);
    let decision = decide(&rules.view(&subject), &subject.account, &rules.connection, now);
    let Subject { account, user, .. } = subject;
    let email = user.as_ref().map_or(account.email.as_str(), |user| user.primary_email.as_str());
    let rests = is_at_rest(&account, email, &decision);
    let causes = account.may_exist().then_some(decision.causes);
    (!rests).then(|| Marked { user: account.user_id, email: email.to_owned(), causes })
}

fn gone(sweep: &Sweep) -> Batch {
    let mut batch = Batch::bulk();
    batch.run("DELETE FROM sweep WHERE id = $1", [sweep.id.into()]);
    batch
}

/// Marks these users in as many batches as it takes, the last of which moves the sweep's cursor to `next` or ends the sweep.
async fn commit_all_marks(store: &Store, sweep: &Sweep, next: Option<i64>, mut users: Vec<Marked>) -> Result<(), StoreError> {
    let mut cursor = sweep.after_user;
    while users.len() > SWEEP_BATCH_USERS {
        let rest = users.split_off(SWEEP_BATCH_USERS);
        let last = users.last().map_or(cursor, |last| last.user.get());
        if !commit_marks(store, sweep, cursor, Some(last), &users).await? {
            return Ok(());
        }
        (cursor, users) = (last, rest);
    }
    commit_marks(store, sweep, cursor, next, &users).await?;
    Ok(())
}

/// Marks these users and moves the sweep's cursor, or ends the sweep where there is no `next`. `false` when somebody else took
/// this step of the sweep, or the connection and its sweeps are gone.
async fn commit_marks(
    store: &Store,
    sweep: &Sweep,
    cursor: i64,
    next: Option<i64>,
    users: &[Marked],
) -> Result<bool, StoreError> {
    let mut batch = Batch::bulk();
    match next {
        Some(next) => batch.expect(
            1,
            "UPDATE sweep SET after_user = $2 WHERE id = $1 AND after_user = $3",
            [sweep.id.into(), next.into(), cursor.into()],
        ),
        None => batch.expect(1, "DELETE FROM sweep WHERE id = $1 AND after_user = $2", [sweep.id.into(), cursor.into()]),
    };
    for (clocks, decided) in [(Clocks::Open, false), (Clocks::Decided, true)] {
        let alike = users.iter().filter(|marked| marked.causes.is_some() == decided);
        let alike: Vec<(UserId, &str, Causes)> =
            alike.map(|marked| (marked.user, marked.email.as_str(), marked.causes.unwrap_or_default())).collect();
        for chunk in alike.chunks(MARK_USERS_MAX) {
            mark(&mut batch, sweep.connection, chunk, sweep.marked_at, clocks);
        }
    }
    match store.db.commit(batch).await {
        Ok(_) => Ok(true),
        Err(CommitError::Conflict { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
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
    let sql = "SELECT min(due_at) FROM account WHERE connection_id = $1 AND due_at IS NOT NULL";
    let rows = store.db.read(Query::new(sql, [connection.get().into()])).await?;
    let due: Option<i64> = rows.first().map(|row| row.get(0)).transpose()?.flatten();
    Ok(due.map(Timestamp))
}

/// Whether the time of any removal has come, by the account's last decision.
pub async fn removal_is_due(store: &Store, connection: ConnectionId, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM account WHERE connection_id = $1 AND removal_at <= $2 LIMIT 1";
    let rows = store.db.read(Query::new(sql, [connection.get().into(), now.0.into()])).await?;
    Ok(!rows.is_empty())
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
        SweepTarget::Everyone => return Err(StoreError::Corrupt("a sweep of everyone is a pass".to_owned())),
        SweepTarget::OrgUnit(id) => Query::new(ORG_UNIT_USERS, [after, limit, id.get().into()]),
        SweepTarget::Group(id) => Query::new(GROUP_USERS, [after, limit, id.get().into()]),
    };
    let rows = store.db.read(query).await?;
    rows.iter().map(|row: &Row| Ok((UserId::new(row.get(0)?), row.get(1)?))).collect()
}

const ORG_UNIT_USERS: &str = "WITH RECURSIVE below(id) AS (\
     SELECT id FROM org_unit WHERE id = $3 UNION SELECT o.id FROM org_unit o JOIN below b ON o.parent_id = b.id) \
     SELECT id, primary_email FROM directory_user WHERE id > $1 AND org_unit_id IN (SELECT id FROM below) ORDER BY id LIMIT $2";

const GROUP_USERS: &str = "WITH RECURSIVE reached(id) AS (\
     SELECT CAST($3 AS BIGINT) UNION SELECT m.nested_id FROM group_member m JOIN reached r ON m.group_id = r.id \
     WHERE m.nested_id IS NOT NULL) \
     SELECT id, primary_email FROM directory_user WHERE id > $1 AND id IN (\
     SELECT m.user_id FROM group_member m JOIN reached r ON m.group_id = r.id WHERE m.user_id IS NOT NULL) ORDER BY id LIMIT $2";
