//! When a connection's access token ends, as an administrator or the token itself has said, and the warnings before it.
//!
//! No SCIM service can be asked for the end of the token that it is asked with, and none that is known says it in an answer: apps
//! show it to their administrators. So it is entered, unless the token is a JSON Web Token, which tells its end itself. It is
//! forgotten with the token that it belongs to. Each warning is one event of the admin log.

use super::connections::get as connection;
use super::events::event;
use crate::log::names;
use crate::{Actor, Store, StoreError};
use provost_core::app::{token_expiry_words, token_warning};
use provost_core::ids::ConnectionId;
use provost_core::time::Timestamp;
use provost_db::{Batch, CommitError, Query};
use serde_json::json;

/// When the token ends, where it was said.
pub async fn get(store: &Store, id: ConnectionId) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT expires_at FROM token_expiry WHERE connection_id = $1";
    let rows = store.db.read(Query::new(sql, [id.get().into()])).await?;
    Ok(rows.first().map(|row| row.get(0)).transpose()?.map(Timestamp))
}

/// Says when the token ends; `None`: that is not known. Warnings begin anew.
pub async fn set(store: &Store, by: &Actor, id: ConnectionId, expires_at: Option<Timestamp>) -> Result<(), StoreError> {
    let found = connection(store, id).await?;
    let old = get(store, id).await?;
    if old == expires_at {
        return Ok(());
    }
    let mut batch = Batch::new();
    add(&mut batch, id, expires_at);
    let words = |at: Option<Timestamp>| at.map(|at| at.to_string());
    let app = super::get(store, found.app_id).await?;
    let detail = json!({ "APPLICATION_NAME": app.name, "old_value": words(old), "new_value": words(expires_at) });
    let logged = event(names::AUTO_PROV_TOKEN_EXPIRY_CHANGED, app.id, Some(id), detail);
    crate::log::append(&mut batch, store, by, store.now(), logged);
    match store.db.commit(batch).await {
        Ok(_) => Ok(()),
        Err(CommitError::Conflict { .. } | CommitError::Unique { .. }) => {
            Err(StoreError::Stale { what: "the connection", by: String::new() })
        }
        Err(error @ CommitError::Db(_)) => Err(error.into()),
    }
}

/// Gives the warnings that are due, each as an event; answers them as an app's name and what to read.
pub async fn warn(store: &Store) -> Result<Vec<(String, String)>, StoreError> {
    let sql = "SELECT t.connection_id, t.expires_at, t.warned, a.id, a.name FROM token_expiry t \
               JOIN connection c ON c.id = t.connection_id JOIN app a ON a.id = c.app_id ORDER BY t.connection_id";
    let now = store.now();
    let mut given = Vec::new();
    for row in store.db.read(Query::new(sql, [])).await? {
        let (id, expires_at, warned): (i64, Timestamp, Option<i64>) = (row.get(0)?, Timestamp(row.get(1)?), row.get(2)?);
        let Some(days) = token_warning(expires_at, warned, now) else { continue };
        let (app, name): (i64, String) = (row.get(3)?, row.get(4)?);
        let message = token_expiry_words(expires_at, now).unwrap_or_default();
        let mut batch = Batch::new();
        batch.expect(
            1,
            "UPDATE token_expiry SET warned = $3 WHERE connection_id = $1 AND expires_at = $2 AND COALESCE(warned, -1) = $4",
            [id.into(), expires_at.0.into(), days.into(), warned.unwrap_or(-1).into()],
        );
        let detail = json!({
            "APPLICATION_NAME": name, "expires_at": expires_at.to_string(), "days_before": days, "message": message,
        });
        let logged =
            event(names::AUTO_PROV_TOKEN_EXPIRES, provost_core::ids::AppId::new(app), Some(ConnectionId::new(id)), detail);
        crate::log::append(&mut batch, store, &Actor::Engine, now, logged);
        match store.db.commit(batch).await {
            Ok(_) => given.push((name, message)),
            // Changed in between, or given by another process.
            Err(CommitError::Conflict { .. }) => {}
            Err(error @ (CommitError::Unique { .. } | CommitError::Db(_))) => return Err(error.into()),
        }
    }
    Ok(given)
}

/// From now on this counts instead of what was said before; warnings begin anew.
pub(crate) fn add(batch: &mut Batch, id: ConnectionId, expires_at: Option<Timestamp>) {
    batch.run("DELETE FROM token_expiry WHERE connection_id = $1", [id.get().into()]);
    if let Some(at) = expires_at {
        batch.expect(
            1,
            "INSERT INTO token_expiry (connection_id, expires_at) SELECT $1, $2 FROM connection WHERE id = $1",
            [id.get().into(), at.0.into()],
        );
    }
}
