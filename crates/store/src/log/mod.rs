//! The admin log: one event for every action of an administrator and of the engine, written in the transaction of the
//! thing itself. Counts over it are queries. Nothing here is ever changed or removed.

pub mod names;
mod query;
mod usage;

pub use query::{LogEntry, LogQuery, list, newest_at};
pub use usage::{Usage, UsageCount, usage_30_days};

use crate::{Actor, Store};
use provost_core::ids::{AppId, ConnectionId, UserId};
use provost_core::time::Timestamp;
use provost_db::{Batch, Value, rows};
use std::borrow::Borrow;

/// What happened, to be written beside the change itself.
#[derive(Debug, Clone, PartialEq)]
pub struct LogEvent {
    /// One of [`names`].
    pub name: &'static str,
    /// The user it happened to, with their address at that moment.
    pub user: Option<(UserId, String)>,
    /// The app it concerns.
    pub app: Option<AppId>,
    /// The connection it concerns.
    pub connection: Option<ConnectionId>,
    /// Everything else: a JSON object.
    pub detail: serde_json::Value,
}

impl LogEvent {
    /// An event that concerns no user, app or connection, without detail; a start for `LogEvent { …, ..of(name) }`.
    pub const fn of(name: &'static str) -> Self {
        Self { name, user: None, app: None, connection: None, detail: serde_json::Value::Null }
    }

    /// An event that happened to a user.
    pub fn of_user(name: &'static str, id: UserId, email: &str, detail: serde_json::Value) -> Self {
        Self { user: Some((id, email.to_owned())), detail, ..Self::of(name) }
    }
}

/// The columns of one event in the order of `append_all`'s statement.
const WIDTH: usize = 9;
/// Events in one statement: 9 parameters each, well under either engine's limit.
const EVENTS_PER_STATEMENT: usize = 512;

/// Adds one event to the batch of the change it tells of.
pub fn append(batch: &mut Batch, store: &Store, by: &Actor, at: Timestamp, event: LogEvent) {
    append_all(batch, store, by, at, [event]);
}

/// Adds many events to the batch of the changes they tell of, as many in a statement as a power of two: any number of them
/// makes few different texts, and a text that was prepared is found again.
pub fn append_all<Event: Borrow<LogEvent>>(
    batch: &mut Batch,
    store: &Store,
    by: &Actor,
    at: Timestamp,
    events: impl IntoIterator<Item = Event>,
) {
    let actor = by.label();
    let mut params: Vec<Value> = events.into_iter().flat_map(|event| parameters(store, &actor, at, event.borrow())).collect();
    while !params.is_empty() {
        let left = params.len() / WIDTH;
        let count = (1 << left.ilog2()).min(EVENTS_PER_STATEMENT);
        let rest = params.split_off(count * WIDTH);
        let sql = format!(
            "INSERT INTO log_event (id, at, actor, name, user_id, user_email, app_id, connection_id, detail) VALUES {}",
            rows(count, WIDTH)
        );
        batch.run(sql, std::mem::replace(&mut params, rest));
    }
}

fn parameters(store: &Store, actor: &str, at: Timestamp, event: &LogEvent) -> [Value; WIDTH] {
    let (user_id, user_email) = event.user.as_ref().map(|(id, email)| (id.get(), email.as_str())).unzip();
    let detail = if event.detail.is_null() { "{}".to_owned() } else { event.detail.to_string() };
    [
        store.id::<provost_core::ids::kind::User>().get().into(),
        at.0.into(),
        actor.into(),
        event.name.into(),
        user_id.into(),
        user_email.into(),
        event.app.map(|id| id.get()).into(),
        event.connection.map(|id| id.get()).into(),
        detail.into(),
    ]
}
