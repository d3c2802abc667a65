//! Accounts for pages and commands: lists, counts, failures, and whose a remote account is.

use super::coming::{NOT_REJECTED, rejected_query};
use super::held;
use super::rows::{COLUMNS, from_row};
use crate::apps::connections::{self, normalized_endpoint};
use crate::apps::events::event;
use crate::directory::{Page, anywhere, one_more};
use crate::log::{LogEvent, names};
use crate::{Actor, Store, StoreError};
use provost_core::app::Connection;
use provost_core::ids::{ConnectionId, UserId};
use provost_core::provisioning::{Account, AccountState};
use provost_core::time::Timestamp;
use provost_db::{Batch, Query, Row, Value};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

/// Which accounts of a connection are listed.
#[derive(Debug, Clone, Default)]
pub struct AccountQuery {
    /// Only accounts in this state; `None` lists those that the app holds.
    pub state: Option<AccountState>,
    /// Only users who are failing now, whatever their state.
    pub failing: bool,
    /// Only accounts with a removal ahead that was not rejected, whatever their state, the next one first.
    pub leaving: bool,
    /// Part of the address.
    pub text: String,
    /// The cursor of the page before.
    pub after: Option<String>,
    /// At most this many, and at most 1,000.
    pub limit: usize,
}

/// How a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct AccountCounts {
    /// Accounts the app holds that are in use.
    pub linked: u64,
    /// Accounts that we suspended.
    pub suspended: u64,
    /// Users failing now.
    pub failing: u64,
    /// Accounts to be looked at now.
    pub due: u64,
    /// Accounts with a removal ahead or due that was not rejected.
    pub leaving: u64,
    /// Accounts whose removal is held by the guard.
    pub held: u64,
    /// Accounts whose removal an administrator has rejected: it does not come as long as its cause holds.
    pub rejected: u64,
    /// Whether a sweep waits that may make more accounts due.
    pub sweeping: bool,
}

impl AccountCounts {
    /// Accounts that the app holds: what the guard takes its share of.
    pub const fn total(&self) -> u64 {
        self.linked + self.suspended
    }
}

/// One user's account.
pub async fn account(store: &Store, connection: ConnectionId, user: UserId) -> Result<Option<Account>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM account a WHERE a.connection_id = $1 AND a.user_id = $2");
    one(&store.db.read(Query::new(sql, [connection.get().into(), user.get().into()])).await?)
}

/// All accounts of a user, with their connections.
pub async fn accounts_of_user(store: &Store, user: UserId) -> Result<Vec<(ConnectionId, Account)>, StoreError> {
    let sql = format!("SELECT {COLUMNS}, a.connection_id FROM account a WHERE a.user_id = $1 ORDER BY a.connection_id");
    let rows = store.db.read(Query::new(sql, [user.get().into()])).await?;
    rows.iter().map(|row| Ok((ConnectionId::new(row.get(super::ACCOUNT_COLUMNS)?), from_row(row)?))).collect()
}

/// The accounts that are linked to this id of the app, or whose open create or confirmed body has this value of the matching
/// attribute, whatever its case; and the one of the user whom its mark names.
pub async fn claimants(
    store: &Store,
    connection: &Connection,
    remote_id: &str,
    matching: &str,
    marked: Option<UserId>,
) -> Result<Vec<Account>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM account a WHERE a.endpoint_key = $1 AND a.remote_id = $2 \
         UNION SELECT {COLUMNS} FROM account a WHERE a.connection_id = $3 AND a.matching = $4 \
         UNION SELECT {COLUMNS} FROM account a WHERE a.connection_id = $3 AND a.user_id = $5"
    );
    let key = normalized_endpoint(&connection.config.endpoint);
    let params = [
        key.into(),
        remote_id.into(),
        connection.id.get().into(),
        matching.to_lowercase().into(),
        marked.map(|user| user.get()).into(),
    ];
    store.db.read(Query::new(sql, params)).await?.iter().map(from_row).collect()
}

fn one(rows: &[Row]) -> Result<Option<Account>, StoreError> {
    rows.first().map(from_row).transpose()
}

/// A page of accounts, by user id, or by removal date when `leaving`.
pub async fn list(store: &Store, connection: ConnectionId, query: &AccountQuery) -> Result<Page<Account>, StoreError> {
    let rows = store.db.read(list_query(connection, query)?).await?;
    let items = rows.iter().map(from_row).collect::<Result<Vec<_>, _>>()?;
    let at = |account: &Account| account.removal.map_or(0, |removal| removal.due.0);
    Ok(Page::cut(items, one_more(query.limit).0, |account| format!("{}.{}", at(account), account.user_id)))
}

pub(super) fn list_query(connection: ConnectionId, query: &AccountQuery) -> Result<Query, StoreError> {
    let (_, sql_limit) = one_more(query.limit);
    let mut params: Vec<Value> = vec![connection.get().into(), sql_limit.into()];
    let mut conditions = vec!["a.connection_id = $1".to_owned()];
    match query.state {
        Some(state) => {
            // Spelled out, so that the index of those that we suspended is seen to have them.
            conditions.push(format!("a.state = '{}'", state.word()));
        }
        None if !query.failing && !query.leaving => conditions.push("a.remote_id IS NOT NULL".to_owned()),
        None => {}
    }
    if query.failing {
        conditions.push("a.failing = 1".to_owned());
    }
    if !query.text.trim().is_empty() {
        params.push(anywhere(&query.text.trim().to_lowercase()).into());
        conditions.push(format!("lower(a.email) LIKE ${} ESCAPE '\\'", params.len()));
    }
    let order = if query.leaving {
        conditions.push(format!("a.removal_at IS NOT NULL AND {NOT_REJECTED}"));
        "a.removal_at, a.user_id"
    } else {
        "a.user_id"
    };
    if let Some(after) = &query.after {
        let (at, id) = parse_cursor(after)?;
        params.push(id.into());
        let id = params.len();
        conditions.push(if query.leaving {
            params.push(at.into());
            format!("(a.removal_at, a.user_id) > (${}, ${id})", params.len())
        } else {
            format!("a.user_id > ${id}")
        });
    }
    let sql = format!("SELECT {COLUMNS} FROM account a WHERE {} ORDER BY {order} LIMIT $2", conditions.join(" AND "));
    Ok(Query::new(sql, params))
}

fn parse_cursor(cursor: &str) -> Result<(i64, i64), StoreError> {
    let parts = cursor.split_once('.').and_then(|(at, id)| Some((at.parse().ok()?, id.parse().ok()?)));
    parts.ok_or_else(|| StoreError::Invalid(format!("\"{cursor}\" is not a place in this list: start at its first page")))
}

/// Users failing now, with what was tried, the app's words and the next attempt.
pub async fn failures(
    store: &Store,
    connection: ConnectionId,
    after: Option<String>,
    limit: usize,
) -> Result<Page<Account>, StoreError> {
    list(store, connection, &AccountQuery { failing: true, after, limit, ..AccountQuery::default() }).await
}

/// What [`counts`] asks for: the numbers that are kept come last.
pub(super) fn count_queries(connection: ConnectionId, now: Timestamp) -> Vec<Query> {
    let id: Value = connection.get().into();
    let count = |condition: &str| format!("SELECT count(*) FROM account WHERE connection_id = $1 AND {condition}");
    let by_id = |condition: &str| Query::new(count(condition), [id.clone()]);
    let held = "SELECT count(*) FROM account a JOIN removal_hold h ON h.connection_id = a.connection_id AND h.kind = a.removal_kind \
                WHERE a.connection_id = $1 AND a.removal_at <= $2 AND a.remote_id IS NOT NULL AND NOT EXISTS (\
                SELECT 1 FROM removal_approval v WHERE v.connection_id = a.connection_id AND v.user_id = a.user_id \
                AND v.removal_kind = a.removal_kind AND v.removal_trigger = a.removal_trigger AND v.removal_since = a.removal_since)";
    vec![
        by_id("failing = 1"),
        Query::new(count("due_at <= $2"), [id.clone(), now.0.into()]),
        by_id("removal_at IS NOT NULL"),
        Query::new(held, [id.clone(), now.0.into()]),
        Query::new("SELECT count(*) FROM sweep WHERE connection_id IS NULL OR connection_id = $1", [id]),
        rejected_query(connection),
        held::query(connection),
    ]
}

/// How the connection stands at `now`.
pub async fn counts(store: &Store, connection: ConnectionId, now: Timestamp) -> Result<AccountCounts, StoreError> {
    let answers = store.db.read_all(count_queries(connection, now)).await?;
    let number = |index: usize| -> Result<u64, StoreError> {
        let count: i64 = answers.get(index).and_then(|rows| rows.first()).map_or(Ok(0), |row| row.get(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    };
    let (linked, suspended) = held::linked_and_suspended(answers.last().map_or(&[][..], Vec::as_slice))?;
    let rejected = number(5)?;
    Ok(AccountCounts {
        linked,
        suspended,
        failing: number(0)?,
        due: number(1)?,
        leaving: number(2)?.saturating_sub(rejected),
        held: number(3)?,
        rejected,
        sweeping: number(4)? > 0,
    })
}

/// "Retry": the user's failure, or all of the connection, is tried again now, and not before an app's own `Retry-After`.
/// Returns how many will be tried.
pub async fn retry(store: &Store, by: &Actor, connection: ConnectionId, user: Option<UserId>) -> Result<u64, StoreError> {
    let found = connections::get(store, connection).await?;
    let app = crate::apps::get(store, found.app_id).await?;
    let now = store.now();
    let mut params: Vec<Value> = vec![connection.get().into(), now.0.into()];
    let mut sql = "UPDATE account SET marked = marked + 1, due_at = $2 WHERE connection_id = $1 AND failing = 1".to_owned();
    let mut logged: LogEvent = event(names::AUTO_PROV_RETRY, app.id, Some(connection), json!({ "APPLICATION_NAME": app.name }));
    if let Some(user) = user {
        params.push(user.get().into());
        sql.push_str(" AND user_id = $3");
        logged.user = account(store, connection, user).await?.map(|account| (user, account.email));
    }
    let mut batch = Batch::new();
    batch.run(sql, params);
    crate::log::append(&mut batch, store, by, now, logged);
    let answers = store.db.commit(batch).await?;
    store.wake();
    Ok(answers.first().map_or(0, |answer| answer.count))
}
