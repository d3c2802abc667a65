//! Users as a connection sees them, loaded many at a time with a constant number of queries.
//!
//! Account rows are always read before the directory's: a change in between raises `marked` after it was read here, and
//! what was decided on the older state is then refused by `begin`.

use super::rows::{COLUMNS, from_row};
use super::{Rules, removals, twins, waiting};
use crate::directory::users;
use crate::{Store, StoreError};
use provost_core::directory::User;
use provost_core::ids::{ConnectionId, GroupId, UserId};
use provost_core::provisioning::{Account, Approval, Swap, Twin, swap_of};
use provost_core::time::Timestamp;
use provost_db::{Query, Row, Value, list as placeholders, list_of};
use std::collections::{BTreeMap, BTreeSet};

/// The most subjects one call loads.
pub(super) const SUBJECTS_MAX: usize = 1_000;

/// Up to this many groups are named in the query for memberships; of more, all memberships of the users are read.
const GROUPS_NAMED_MAX: usize = 500;

/// One user of one connection: the account, and what the directory says.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The account as stored, or as it begins.
    pub account: Account,
    /// Whether the account has a row.
    pub recorded: bool,
    /// `None` once the directory has forgotten the user.
    pub user: Option<User>,
    /// The access and scope groups that the user is a member of, by nested groups too.
    pub groups: BTreeSet<GroupId>,
    /// Those of which the user is a direct member.
    pub direct_groups: BTreeSet<GroupId>,
    /// The user's part in a cycle of users who wait for each other's addresses.
    pub swap: Option<Swap>,
    /// Another user to whom the mapping gives the same name.
    pub twin: Option<Twin>,
    /// What an administrator has said of removals of the account.
    pub verdicts: Vec<Approval>,
    /// Whether the account's body is known to be as the rules want it, with which the subject was read.
    pub as_confirmed: bool,
}

/// Accounts that are due at `now`, longest first; at most `limit`, and at most 1,000.
pub async fn due(store: &Store, rules: &Rules, now: Timestamp, limit: usize) -> Result<Vec<Subject>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM account a WHERE a.connection_id = $1 AND a.due_at <= $2 ORDER BY a.due_at, a.user_id LIMIT $3"
    );
    let params = [rules.connection.id.get().into(), now.0.into(), sql_limit(limit)];
    let rows = store.db.read(Query::new(sql, params)).await?;
    let accounts = rows.iter().map(from_row).collect::<Result<Vec<_>, _>>()?;
    let mut found = with_directory(store, rules, accounts).await?;
    twins::find(store, rules, &mut found).await?;
    Ok(found)
}

/// The versions (`marked` and `revision`) of accounts that are due at `now`, longest first; at most `limit`, and at most 1,000.
pub async fn due_versions(
    store: &Store,
    connection: ConnectionId,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<(UserId, (i64, i64))>, StoreError> {
    let sql = "SELECT user_id, marked, revision FROM account WHERE connection_id = $1 AND due_at <= $2 \
               ORDER BY due_at, user_id LIMIT $3";
    versions(store, Query::new(sql, [connection.get().into(), now.0.into(), sql_limit(limit)])).await
}

pub(super) async fn versions(store: &Store, query: Query) -> Result<Vec<(UserId, (i64, i64))>, StoreError> {
    let rows = store.db.read(query).await?;
    rows.iter().map(|row| Ok((UserId::new(row.get(0)?), (row.get(1)?, row.get(2)?)))).collect()
}

/// These users, by id; at most 1,000. Ids that neither the directory nor an account knows are left out.
pub async fn subjects(store: &Store, rules: &Rules, users: &[UserId]) -> Result<Vec<Subject>, StoreError> {
    let users = &users[..users.len().min(SUBJECTS_MAX)];
    let recorded = recorded(store, rules.connection.id, users).await?;
    let known: BTreeSet<UserId> = recorded.iter().map(|account| account.user_id).collect();
    let missing: Vec<UserId> = users.iter().copied().filter(|id| !known.contains(id)).collect();
    let mut found = with_directory(store, rules, recorded).await?;
    found.extend(unrecorded(store, rules, &missing).await?);
    found.sort_by_key(|subject| subject.account.user_id);
    found.dedup_by_key(|subject| subject.account.user_id);
    twins::find(store, rules, &mut found).await?;
    Ok(found)
}

/// Everybody that the directory or an account of the connection knows, by id after `after`; at most 1,000. An empty page
/// is the end.
pub async fn page(store: &Store, rules: &Rules, after: Option<UserId>, limit: usize) -> Result<Vec<Subject>, StoreError> {
    let sql = "SELECT id FROM (SELECT id FROM directory_user WHERE id > $1 ORDER BY id LIMIT $3) AS known \
               UNION SELECT user_id FROM (SELECT user_id FROM account WHERE connection_id = $2 AND user_id > $1 \
               ORDER BY user_id LIMIT $3) AS recorded ORDER BY 1 LIMIT $3";
    let after = after.map_or(0, |id| id.get());
    let rows = store.db.read(Query::new(sql, [after.into(), rules.connection.id.get().into(), sql_limit(limit)])).await?;
    let ids = rows.iter().map(|row| row.get(0).map(UserId::new)).collect::<Result<Vec<_>, _>>()?;
    subjects(store, rules, &ids).await
}

/// Addresses of scope-group members whom the directory does not know: never provisioned, shown as "skipped: outside".
pub async fn outside_members(store: &Store, rules: &Rules, limit: usize) -> Result<Vec<String>, StoreError> {
    let groups = rules.groups_of_scope();
    if groups.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT DISTINCT outside_email FROM group_member WHERE outside_email IS NOT NULL AND group_id IN {} \
         ORDER BY outside_email LIMIT {}",
        placeholders(1, groups.len()),
        limit.min(SUBJECTS_MAX)
    );
    let rows = store.db.read(Query::new(sql, groups.iter().map(|id| id.get().into()))).await?;
    rows.iter().map(|row| Ok(row.get(0)?)).collect()
}

async fn recorded(store: &Store, connection: ConnectionId, users: &[UserId]) -> Result<Vec<Account>, StoreError> {
    if users.is_empty() {
        return Ok(Vec::new());
    }
    let mut params: Vec<Value> = vec![connection.get().into()];
    let listed = list_of(&mut params, users.iter().map(|id| id.get().into()));
    let sql = format!("SELECT {COLUMNS} FROM account a WHERE a.connection_id = $1 AND a.user_id IN {listed}");
    store.db.read(Query::new(sql, params)).await?.iter().map(from_row).collect()
}

async fn unrecorded(store: &Store, rules: &Rules, missing: &[UserId]) -> Result<Vec<Subject>, StoreError> {
    let now = store.now();
    let blank = missing.iter().map(|id| Account::new(*id, "", now)).collect();
    let mut subjects = with_directory(store, rules, blank).await?;
    subjects.retain(|subject| subject.user.is_some());
    for subject in &mut subjects {
        subject.recorded = false;
        subject.account.email = subject.user.as_ref().map(|user| user.primary_email.clone()).unwrap_or_default();
    }
    Ok(subjects)
}

/// Adds users and memberships to accounts, in the order of the accounts.
pub(super) async fn with_directory(store: &Store, rules: &Rules, accounts: Vec<Account>) -> Result<Vec<Subject>, StoreError> {
    if accounts.is_empty() {
        return Ok(Vec::new());
    }
    let mut ids = Vec::new();
    let listed = list_of(&mut ids, accounts.iter().map(|account| account.user_id.get().into()));
    let users_sql = format!("SELECT {} FROM directory_user u WHERE u.id IN {listed}", users::COLUMNS);
    let mut queries = vec![Query::new(users_sql, ids.clone())];
    let groups: Vec<GroupId> = rules.relevant_groups().collect();
    if !groups.is_empty() {
        let mut sql = format!("SELECT m.user_id, m.group_id FROM group_member m WHERE m.user_id IN {listed}");
        let mut params = ids;
        if groups.len() <= GROUPS_NAMED_MAX {
            // The plus keeps SQLite from walking a whole group: a user is in few groups, a group may have a million users.
            sql.push_str(" AND +m.group_id IN ");
            sql.push_str(&placeholders(params.len() + 1, groups.len()));
            params.extend(groups.iter().map(|id| Value::from(id.get())));
        }
        queries.push(Query::new(sql, params));
    }
    let answers = store.db.read_all(queries).await?;
    let mut users = BTreeMap::new();
    for row in answers.first().into_iter().flatten() {
        let user = users::from_row(row)?;
        users.insert(user.id, user);
    }
    let waits = waiting::for_each_other(store, rules.connection.id, &accounts).await?;
    let leaving: Vec<UserId> = accounts.iter().filter(|account| account.causes.any()).map(|account| account.user_id).collect();
    let verdicts = removals::verdicts_on(store, rules.connection.id, &leaving).await?;
    let verdicts_of = |user: UserId| verdicts.iter().filter(|verdict| verdict.user_id == user).copied().collect();
    let mut memberships = memberships(rules, answers.get(1).map_or(&[], Vec::as_slice))?;
    let subject = |account: Account| {
        let (groups, direct_groups) = memberships.remove(&account.user_id).unwrap_or_default();
        let swap = swap_of(account.user_id, &waits);
        let verdicts = verdicts_of(account.user_id);
        let user = users.remove(&account.user_id);
        Subject { recorded: true, user, groups, direct_groups, swap, twin: None, verdicts, as_confirmed: false, account }
    };
    Ok(accounts.into_iter().map(subject).collect())
}

type Memberships = BTreeMap<UserId, (BTreeSet<GroupId>, BTreeSet<GroupId>)>;

fn memberships(rules: &Rules, rows: &[Row]) -> Result<Memberships, StoreError> {
    let mut memberships = Memberships::new();
    for row in rows {
        let (user, group) = (UserId::new(row.get(0)?), GroupId::new(row.get(1)?));
        let (reached, direct) = memberships.entry(user).or_default();
        for root in rules.roots_of(group) {
            reached.insert(root);
            if root == group {
                direct.insert(root);
            }
        }
    }
    Ok(memberships)
}

pub(super) fn sql_limit(limit: usize) -> Value {
    i64::try_from(limit.clamp(1, SUBJECTS_MAX)).unwrap_or(1).into()
}
