//! The shape of an admin log event of an app.

use crate::log::LogEvent;
use provost_core::ids::{AppId, ConnectionId};
use serde_json::Value;

pub(crate) fn event(name: &'static str, app: AppId, connection: Option<ConnectionId>, detail: Value) -> LogEvent {
    LogEvent { app: Some(app), connection, detail, ..LogEvent::of(name) }
}
