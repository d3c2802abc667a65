//! How an app bears our requests: until when it asked us to wait, what came of the last operations, and its quarantine.
//!
//! Written by the engine only, but for [`probe_now`]. It is kept so that a restart neither sends before the end of a pause
//! nor forgets a quarantine; what it means is judged in `core::provisioning`.

use super::events::event;
use crate::log::names;
use crate::{Actor, Store, StoreError};
use provost_core::app::Connection;
use provost_core::ids::ConnectionId;
use provost_core::provisioning::{Outcomes, Quarantine};
use provost_core::time::Timestamp;
use provost_db::{Batch, Query, Value};
use serde_json::json;

/// What is kept of one connection; nothing at first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConnectionHealth {
    /// The app asked that nothing be sent before this.
    pub paused_until: Option<Timestamp>,
    /// The sliding count.
    pub outcomes: Outcomes,
    /// Set while the connection rests.
    pub quarantine: Option<Quarantine>,
}

/// What is kept of the connection.
pub async fn get(store: &Store, id: ConnectionId) -> Result<ConnectionHealth, StoreError> {
    let sql = "SELECT paused_until, outcomes, quarantined_since, probes, next_probe_at, message FROM connection_health \
               WHERE connection_id = $1";
    let rows = store.db.read(Query::new(sql, [id.get().into()])).await?;
    let Some(row) = rows.first() else { return Ok(ConnectionHealth::default()) };
    let quarantine = match (row.get::<Option<i64>>(2)?, row.get::<Option<i64>>(4)?) {
        (Some(since), Some(next_probe_at)) => Some(Quarantine {
            since: Timestamp(since),
            probes: u32::try_from(row.get::<i64>(3)?).unwrap_or(u32::MAX),
            next_probe_at: Timestamp(next_probe_at),
            message: row.get::<Option<String>>(5)?.unwrap_or_default(),
        }),
        (None | Some(_), None | Some(_)) => None,
    };
    let outcomes = row.get::<Option<String>>(1)?.map(|json| serde_json::from_str(&json)).transpose()?;
    Ok(ConnectionHealth {
        paused_until: row.get::<Option<i64>>(0)?.map(Timestamp),
        outcomes: outcomes.unwrap_or_default(),
        quarantine,
    })
}

/// Keeps `new` instead of `old`. A quarantine that begins or ends is an event of the admin log; one that goes on is not.
pub async fn set(
    store: &Store,
    connection: &Connection,
    old: &ConnectionHealth,
    new: &ConnectionHealth,
) -> Result<(), StoreError> {
    let mut batch = Batch::new();
    let rest = new.quarantine.as_ref();
    let values: [Value; 7] = [
        connection.id.get().into(),
        new.paused_until.map(|until| until.0).into(),
        serde_json::to_string(&new.outcomes)?.into(),
        rest.map(|rest| rest.since.0).into(),
        rest.map_or(0, |rest| i64::from(rest.probes)).into(),
        rest.map(|rest| rest.next_probe_at.0).into(),
        rest.map(|rest| rest.message.clone()).into(),
    ];
    // Not for a connection that has been deleted meanwhile.
    batch.run(
        "INSERT INTO connection_health (connection_id, paused_until, outcomes, quarantined_since, probes, next_probe_at, message) \
         SELECT $1, $2, $3, $4, $5, $6, $7 FROM connection WHERE id = $1 \
         ON CONFLICT (connection_id) DO UPDATE SET paused_until = excluded.paused_until, outcomes = excluded.outcomes, \
         quarantined_since = excluded.quarantined_since, probes = excluded.probes, next_probe_at = excluded.next_probe_at, \
         message = excluded.message",
        values,
    );
    let told = match (&old.quarantine, &new.quarantine) {
        (None, Some(begun)) => {
            let (failed, of) = new.outcomes.counts(begun.since);
            let detail =
                json!({ "message": begun.message, "failed": failed, "of": of, "next_probe": begun.next_probe_at.to_string() });
            Some((names::AUTO_PROV_QUARANTINE_BEGAN, detail))
        }
        (Some(ended), None) => {
            let detail = json!({ "since": ended.since.to_string(), "probes": u64::from(ended.probes) + 1 });
            Some((names::AUTO_PROV_QUARANTINE_ENDED, detail))
        }
        (None, None) | (Some(_), Some(_)) => None,
    };
    if let Some((name, mut detail)) = told {
        detail["APPLICATION_NAME"] = json!(super::get(store, connection.app_id).await?.name);
        let logged = event(name, connection.app_id, Some(connection.id), detail);
        crate::log::append(&mut batch, store, &Actor::Engine, store.now(), logged);
    }
    store.db.commit(batch).await?;
    Ok(())
}

/// Lets the next probe of a connection in quarantine go at once.
pub async fn probe_now(store: &Store, id: ConnectionId) -> Result<(), StoreError> {
    let mut batch = Batch::new();
    add_probe_now(&mut batch, id, store.now());
    store.db.commit(batch).await?;
    store.wake();
    Ok(())
}

/// The same within a change that may have healed the app: another token or endpoint, or turning on.
pub(crate) fn add_probe_now(batch: &mut Batch, id: ConnectionId, now: Timestamp) {
    let sql = "UPDATE connection_health SET next_probe_at = $2 WHERE connection_id = $1 AND next_probe_at > $2";
    batch.run(sql, [id.get().into(), now.0.into()]);
}
