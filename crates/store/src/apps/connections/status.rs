//! Turning on and off, halting, full passes, and deleting the configuration.

use super::{commit, details, get, status_word};
use crate::apps::events::event;
use crate::apps::health::add_probe_now;
use crate::log::names;
use crate::schedule::{SweepTarget, mark_sweep};
use crate::{Actor, Store, StoreError};
use provost_core::app::{Connection, ConnectionStatus, Halt, HaltReason};
use provost_core::ids::ConnectionId;
use provost_core::time::Timestamp;
use provost_db::Batch;
use serde_json::json;

/// Turns autoprovisioning on: everybody is looked at, and sending begins. Turning on what is on does nothing.
pub async fn turn_on(
    store: &Store,
    by: &Actor,
    id: ConnectionId,
    expected_revision: Option<i64>,
) -> Result<Connection, StoreError> {
    let found = details(store, id).await?;
    crate::apps::check_revision("the connection", found.connection.revision, expected_revision)?;
    if found.connection.status == ConnectionStatus::Active {
        return Ok(found.connection);
    }
    if !found.has_credential {
        return Err(StoreError::Invalid("there is no access token: reauthorize the app before you turn it on".to_owned()));
    }
    let mut batch = Batch::new();
    let now = store.now();
    mark_sweep(&mut batch, store.id::<()>().get(), Some(id), SweepTarget::Everyone, now);
    add_probe_now(&mut batch, id, now);
    batch.run("UPDATE connection SET last_pass_at = $2 WHERE id = $1", [id.get().into(), now.0.into()]);
    set_status(store, by, found.connection, ConnectionStatus::Active, batch, now).await
}

/// Turns autoprovisioning off: no request begins after this is committed. Everything is kept, deciding and clocks go on.
/// Turning off what is off does nothing.
pub async fn turn_off(store: &Store, by: &Actor, id: ConnectionId) -> Result<Connection, StoreError> {
    // The click must win over whatever else changes the row, so it is repeated on the row as it then stands.
    for _ in 0..10 {
        let connection = get(store, id).await?;
        if connection.status == ConnectionStatus::Inactive {
            return Ok(connection);
        }
        match set_status(store, by, connection, ConnectionStatus::Inactive, Batch::new(), store.now()).await {
            Err(StoreError::Stale { .. }) => {}
            settled => return settled,
        }
    }
    Err(StoreError::Stale { what: "the connection", by: String::new() })
}

async fn set_status(
    store: &Store,
    by: &Actor,
    old: Connection,
    status: ConnectionStatus,
    mut batch: Batch,
    now: Timestamp,
) -> Result<Connection, StoreError> {
    let app = crate::apps::get(store, old.app_id).await?;
    batch.expect(
        1,
        "UPDATE connection SET status = $3, revision = revision + 1 WHERE id = $1 AND revision = $2",
        [old.id.get().into(), old.revision.into(), status_word(status).into()],
    );
    let detail =
        json!({ "APPLICATION_NAME": app.name, "old_status": status_word(old.status), "new_status": status_word(status) });
    crate::log::append(&mut batch, store, by, now, event(names::UPDATE_AUTO_PROV_STATUS, old.app_id, Some(old.id), detail));
    commit(store, batch, &old.config.endpoint).await?;
    Ok(Connection { status, revision: old.revision + 1, ..old })
}

/// Stops a connection whose token was refused: no request begins after this is committed. The first halt stays until the
/// app is reauthorized.
pub async fn set_halt(store: &Store, id: ConnectionId, halt: &Halt) -> Result<(), StoreError> {
    for _ in 0..10 {
        let connection = get(store, id).await?;
        if connection.halt.is_some() {
            return Ok(());
        }
        let app = crate::apps::get(store, connection.app_id).await?;
        let halt = &naming_the_end(store, id, halt).await?;
        let mut batch = Batch::new();
        batch.expect(
            1,
            "UPDATE connection SET halt = $3, revision = revision + 1 WHERE id = $1 AND revision = $2",
            [id.get().into(), connection.revision.into(), serde_json::to_string(halt)?.into()],
        );
        let detail = json!({ "APPLICATION_NAME": app.name, "reason": halt.reason, "message": halt.message });
        let logged = event(names::UPDATE_AUTO_PROV_STATUS, app.id, Some(id), detail);
        crate::log::append(&mut batch, store, &Actor::Engine, store.now(), logged);
        match commit(store, batch, &connection.config.endpoint).await {
            Err(StoreError::Stale { .. }) => {}
            settled => return settled,
        }
    }
    Err(StoreError::Stale { what: "the connection", by: String::new() })
}

/// A token that is refused after its end was refused for that: the message says so.
async fn naming_the_end(store: &Store, id: ConnectionId, halt: &Halt) -> Result<Halt, StoreError> {
    let ended = crate::apps::token_expiry::get(store, id).await?.filter(|at| *at <= halt.since);
    let message = match (halt.reason, ended) {
        (HaltReason::NeedsReauthorization, Some(at)) => format!("{} (the access token expired at {at})", halt.message),
        (HaltReason::NeedsReauthorization | HaltReason::TokenCannotWrite, _) => halt.message.clone(),
    };
    Ok(Halt { message, ..halt.clone() })
}

/// Begins a full pass: everybody is looked at again. The engine does this daily.
pub async fn start_pass(store: &Store, id: ConnectionId) -> Result<(), StoreError> {
    let mut batch = Batch::new();
    pass(store, &mut batch, id, store.now());
    store.db.commit(batch).await?;
    store.wake();
    Ok(())
}

/// "Sync now": a full pass that an administrator asked for.
pub async fn sync_now(store: &Store, by: &Actor, id: ConnectionId) -> Result<(), StoreError> {
    let connection = get(store, id).await?;
    let app = crate::apps::get(store, connection.app_id).await?;
    let now = store.now();
    let mut batch = Batch::new();
    pass(store, &mut batch, id, now);
    let detail = json!({ "APPLICATION_NAME": app.name });
    crate::log::append(&mut batch, store, by, now, event(names::AUTO_PROV_SYNC_REQUESTED, app.id, Some(id), detail));
    commit(store, batch, &connection.config.endpoint).await
}

fn pass(store: &Store, batch: &mut Batch, id: ConnectionId, now: Timestamp) {
    batch.run("UPDATE connection SET last_pass_at = $2 WHERE id = $1", [id.get().into(), now.0.into()]);
    mark_sweep(batch, store.id::<()>().get(), Some(id), SweepTarget::Everyone, now);
}

/// Deletes the configuration: credential, mapping, scope, policy and account records. Nothing is sent, and the app's
/// accounts stay usable.
pub async fn delete_configuration(store: &Store, by: &Actor, id: ConnectionId) -> Result<(), StoreError> {
    let connection = get(store, id).await?;
    let app = crate::apps::get(store, connection.app_id).await?;
    let mut batch = Batch::new();
    delete_rows(&mut batch, &connection);
    let detail = json!({ "APPLICATION_NAME": app.name, "endpoint": connection.config.endpoint });
    crate::log::append(&mut batch, store, by, store.now(), event(names::DELETE_AUTO_PROV_CONFIG, app.id, Some(id), detail));
    commit(store, batch, &connection.config.endpoint).await
}

/// Adds the deletion of everything that belongs to the connection; expects its revision.
pub(crate) fn delete_rows(batch: &mut Batch, connection: &Connection) {
    let id = connection.id.get();
    batch.expect(1, "DELETE FROM connection WHERE id = $1 AND revision = $2", [id.into(), connection.revision.into()]);
    for sql in [
        "DELETE FROM account WHERE connection_id = $1",
        "DELETE FROM sweep WHERE connection_id = $1",
        "DELETE FROM removal_hold WHERE connection_id = $1",
        "DELETE FROM standstill WHERE connection_id = $1",
        "DELETE FROM removal_approval WHERE connection_id = $1",
        "DELETE FROM connection_health WHERE connection_id = $1",
        "DELETE FROM app_announcement WHERE connection_id = $1",
        "DELETE FROM token_expiry WHERE connection_id = $1",
    ]
    .into_iter()
    .chain([crate::accounts::held::OF_A_CONNECTION])
    .chain(crate::remote::OF_A_CONNECTION)
    {
        batch.run(sql, [id.into()]);
    }
}
