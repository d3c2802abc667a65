//! Reading the admin log, newest first.

use crate::directory::{Page, one_more};
use crate::{Store, StoreError};
use provost_core::ids::{AppId, ConnectionId, UserId};
use provost_core::time::Timestamp;
use provost_db::{Query, Row, Value};
use serde::Serialize;

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LogEntry {
    /// Rises with time.
    #[serde(serialize_with = "decimal")]
    pub id: i64,
    /// Commit time, by provisioning's clock.
    pub at: Timestamp,
    /// Who did it.
    pub actor: String,
    /// One of [`super::names`].
    pub name: String,
    /// The user it happened to; the id stays when the user is forgotten.
    pub user_id: Option<UserId>,
    /// Their address at that moment.
    pub user_email: Option<String>,
    /// The app it concerns.
    pub app_id: Option<AppId>,
    /// The connection it concerns.
    pub connection_id: Option<ConnectionId>,
    /// Everything else: a JSON object.
    pub detail: serde_json::Value,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn decimal<S: serde::Serializer>(id: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}

/// Which lines to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogQuery {
    /// Only events of this name.
    pub name: Option<String>,
    /// Only what concerns this connection.
    pub connection: Option<ConnectionId>,
    /// Only what happened to this user.
    pub user: Option<UserId>,
    /// Not before this instant.
    pub from: Option<Timestamp>,
    /// Before this instant.
    pub to: Option<Timestamp>,
    /// The `next` of the page before.
    pub after: Option<String>,
    /// At most this many, and never more than 1,000.
    pub limit: usize,
}

/// When the newest event happened.
pub async fn newest_at(store: &Store) -> Result<Option<Timestamp>, StoreError> {
    let rows = store.db.read(Query::new("SELECT max(at) FROM log_event", [])).await?;
    let at: Option<i64> = rows.first().map(|row| row.get(0)).transpose()?.flatten();
    Ok(at.map(Timestamp))
}

/// One page of the log, newest first.
pub async fn list(store: &Store, query: &LogQuery) -> Result<Page<LogEntry>, StoreError> {
    let mut params: Vec<Value> = Vec::new();
    let mut conditions: Vec<String> = Vec::new();
    let wanted: [(&str, Option<Value>); 6] = [
        ("name =", query.name.as_deref().map(Value::from)),
        ("connection_id =", query.connection.map(|id| id.get().into())),
        ("user_id =", query.user.map(|id| id.get().into())),
        ("at >=", query.from.map(|at| at.0.into())),
        ("at <", query.to.map(|at| at.0.into())),
        ("id <", query.after.as_deref().and_then(|after| after.parse::<i64>().ok()).map(Value::from)),
    ];
    for (condition, value) in wanted {
        if let Some(value) = value {
            params.push(value);
            conditions.push(format!("{condition} ${}", params.len()));
        }
    }
    if conditions.is_empty() {
        conditions.push("1 = 1".to_owned());
    }
    let (limit, rows_max) = one_more(query.limit);
    params.push(rows_max.into());
    let sql = format!(
        "SELECT id, at, actor, name, user_id, user_email, app_id, connection_id, detail FROM log_event \
         WHERE {} ORDER BY id DESC LIMIT ${}",
        conditions.join(" AND "),
        params.len()
    );
    let rows = store.db.read(Query::new(sql, params)).await?;
    let entries: Vec<LogEntry> = rows.iter().map(from_row).collect::<Result<_, _>>()?;
    Ok(Page::cut(entries, limit, |entry| entry.id.to_string()))
}

fn from_row(row: &Row) -> Result<LogEntry, StoreError> {
    Ok(LogEntry {
        id: row.get(0)?,
        at: Timestamp(row.get(1)?),
        actor: row.get(2)?,
        name: row.get(3)?,
        user_id: row.get::<Option<i64>>(4)?.map(UserId::new),
        user_email: row.get(5)?,
        app_id: row.get::<Option<i64>>(6)?.map(AppId::new),
        connection_id: row.get::<Option<i64>>(7)?.map(ConnectionId::new),
        detail: serde_json::from_str(&row.get::<String>(8)?)?,
    })
}
