//! The credential: sealed, bound to its row, and never shown again.

use super::{commit, get};
use crate::apps::events::event;
use crate::log::names;
use crate::schedule::{SweepTarget, mark_sweep};
use crate::{Actor, Store, StoreError};
use provost_core::app::{Connection, Halt, HaltReason, token_end_told};
use provost_core::ids::ConnectionId;
use provost_core::time::Timestamp;
use provost_db::{Batch, Query};
use provost_platform::{SealError, Secret};
use serde_json::json;

/// Stores a new token and when it ends, where that was said or the token tells it; ends a halt, and looks at everybody again:
/// while the connection stood still decisions were made and nothing was sent.
pub async fn reauthorize(
    store: &Store,
    by: &Actor,
    id: ConnectionId,
    token: &Secret,
    expires_at: Option<Timestamp>,
) -> Result<Connection, StoreError> {
    let expires_at = expires_at.or_else(|| token_end_told(token.expose()));
    let old = get(store, id).await?;
    let app = crate::apps::get(store, old.app_id).await?;
    let sealed = sealed(store, id, token)?;
    let now = store.now();
    let mut batch = Batch::new();
    batch.expect(
        1,
        "UPDATE connection SET credential = $3, credential_set_at = $4, halt = NULL, revision = revision + 1 \
         WHERE id = $1 AND revision = $2",
        [id.get().into(), old.revision.into(), sealed.into(), now.0.into()],
    );
    crate::apps::health::add_probe_now(&mut batch, id, now);
    mark_sweep(&mut batch, store.id::<()>().get(), Some(id), SweepTarget::Everyone, now);
    crate::apps::token_expiry::add(&mut batch, id, expires_at);
    let expires = expires_at.map(|at| at.to_string());
    let detail = json!({ "APPLICATION_NAME": app.name, "expires_at": expires });
    crate::log::append(
        &mut batch,
        store,
        by,
        now,
        event(names::UPDATE_AUTO_PROV_CONFIG_CREDENTIALS, old.app_id, Some(id), detail),
    );
    commit(store, batch, &old.config.endpoint).await?;
    Ok(Connection { halt: None, revision: old.revision + 1, ..old })
}

/// The connection's token; `None` when it was erased or the connection is gone.
pub async fn credential(store: &Store, id: ConnectionId) -> Result<Option<Secret>, StoreError> {
    let rows = store.db.read(Query::new("SELECT credential FROM connection WHERE id = $1", [id.get().into()])).await?;
    let sealed: Option<String> = rows.first().map(|row| row.get(0)).transpose()?.flatten();
    let opened = sealed.map(|sealed| store.sealer.open(&bound_to(id), &sealed)).transpose();
    opened.map_err(|error| StoreError::Invalid(format!("the stored token cannot be opened ({error}): reauthorize the app")))
}

/// Why no stored token can be opened: all were sealed with another key than the one in use. `None` when one can be, and when
/// there is none.
pub async fn sealed_with_another_key(store: &Store) -> Result<Option<SealError>, StoreError> {
    let mut other = None;
    for (id, sealed) in stored(store).await? {
        match store.sealer.open(&bound_to(id), &sealed) {
            Err(error @ SealError::OtherKey { .. }) => other = Some(error),
            Ok(_) | Err(_) => return Ok(None),
        }
    }
    Ok(other)
}

/// Erases the tokens that were sealed with another key, and halts their connections until a new token is entered; how many.
pub async fn forget_unreadable(store: &Store) -> Result<usize, StoreError> {
    let mut forgotten = 0;
    for (id, sealed) in stored(store).await? {
        if !matches!(store.sealer.open(&bound_to(id), &sealed), Err(SealError::OtherKey { .. })) {
            continue;
        }
        let message =
            "the key that sealed the access token is lost, and the token with it: reauthorize with a new one".to_owned();
        let halt = Halt { reason: HaltReason::NeedsReauthorization, message, since: store.now() };
        super::set_halt(store, id, &halt).await?;
        let mut batch = Batch::new();
        batch.run(
            "UPDATE connection SET credential = NULL, revision = revision + 1 WHERE id = $1 AND credential = $2",
            [id.get().into(), sealed.into()],
        );
        store.db.commit(batch).await?;
        forgotten += 1;
    }
    Ok(forgotten)
}

async fn stored(store: &Store) -> Result<Vec<(ConnectionId, String)>, StoreError> {
    let sql = "SELECT id, credential FROM connection WHERE credential IS NOT NULL ORDER BY id";
    let rows = store.db.read(Query::new(sql, [])).await?;
    rows.iter().map(|row| Ok((ConnectionId::new(row.get(0)?), row.get(1)?))).collect()
}

pub(super) fn sealed(store: &Store, id: ConnectionId, token: &Secret) -> Result<String, StoreError> {
    Ok(store.sealer.seal(&bound_to(id), &read_token(token.expose())?))
}

/// An access token as somebody gives it, typed, pasted, or sent by a program; or what is wrong with it. What stands around it comes from
/// copying.
pub fn read_token(text: &str) -> Result<Secret, StoreError> {
    let text = text.trim();
    if text.is_empty() || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(StoreError::Invalid(
            "the access token is empty or has spaces or line breaks in it: paste the token alone".to_owned(),
        ));
    }
    Ok(Secret::new(text))
}

fn bound_to(id: ConnectionId) -> String {
    format!("connection:{id}:credential")
}
