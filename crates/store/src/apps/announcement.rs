//! What the app of a connection announces of itself, as the engine last read it.
//!
//! What it means for the profile is `core::app`'s; a connection is loaded with the profile that follows from it. An
//! announcement belongs to the endpoint that it was read from: after a change of the endpoint it no longer counts.

use super::connections::normalized_endpoint;
use crate::{Store, StoreError};
use provost_core::app::{Announced, Connection};
use provost_core::ids::ConnectionId;
use provost_core::time::Timestamp;
use provost_db::{Batch, Query};

/// An announcement, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// When it was read, or tried.
    pub read_at: Timestamp,
    /// What was read; `None` where the app announces nothing.
    pub announced: Option<Announced>,
    /// Why nothing was read, in words.
    pub message: Option<String>,
}

/// The announcement of the connection's present endpoint; `None` before it was first asked for.
pub async fn get(store: &Store, id: ConnectionId) -> Result<Option<Announcement>, StoreError> {
    let sql = "SELECT n.read_at, n.announced, n.message FROM app_announcement n \
               JOIN connection c ON c.id = n.connection_id AND c.endpoint_key = n.endpoint_key WHERE n.connection_id = $1";
    let rows = store.db.read(Query::new(sql, [id.get().into()])).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(Announcement {
        read_at: Timestamp(row.get(0)?),
        announced: row.get::<Option<String>>(1)?.map(|json| serde_json::from_str(&json)).transpose()?,
        message: row.get(2)?,
    }))
}

/// Keeps what was read from the endpoint that `connection` then had. What an earlier reading told stays while a later one
/// finds out nothing: an app that is down has not lost its abilities.
pub async fn keep(store: &Store, connection: &Connection, announcement: &Announcement) -> Result<(), StoreError> {
    let mut batch = Batch::new();
    batch.run(
        "INSERT INTO app_announcement (connection_id, endpoint_key, read_at, announced, message) \
         SELECT $1, $2, $3, $4, $5 FROM connection WHERE id = $1 \
         ON CONFLICT (connection_id) DO UPDATE SET read_at = excluded.read_at, message = excluded.message, \
         announced = CASE WHEN excluded.message IS NULL OR app_announcement.endpoint_key <> excluded.endpoint_key \
         THEN excluded.announced ELSE app_announcement.announced END, endpoint_key = excluded.endpoint_key",
        [
            connection.id.get().into(),
            normalized_endpoint(&connection.config.endpoint).into(),
            announcement.read_at.0.into(),
            announcement.announced.as_ref().map(serde_json::to_string).transpose()?.into(),
            announcement.message.clone().into(),
        ],
    );
    store.db.commit(batch).await?;
    Ok(())
}
