//! How a connection stands.

use super::configuration::halt_json;
use super::held::standstill_json;
use super::{connected, status_word};
use crate::Server;
use crate::api::extract::At;
use crate::api::json::{Answer, instant, ok};
use crate::api::{Route, read};
use axum::extract::State;
use provost_core::app::token_expiry_words;
use provost_core::provisioning::Quarantine;
use provost_core::time::Timestamp;
use provost_store::accounts::{self, coming, standstill};
use provost_store::apps::{health, token_expiry};
use provost_store::log::{Usage, UsageCount, usage_30_days};
use provost_store::schedule;
use serde_json::{Value, json};

pub(super) fn routes() -> Vec<Route> {
    vec![read("/apps/{key}/autoprovisioning/status", show)]
}

fn usage_json(usage: &Usage) -> Value {
    let count = |count: &UsageCount| json!({ "total": count.total, "days": count.days.as_slice() });
    json!({
        "created": count(&usage.created),
        "updated": count(&usage.updated),
        "suspended": count(&usage.suspended),
        "restored": count(&usage.restored),
        "deleted": count(&usage.deleted),
        "failures": count(&usage.failures),
    })
}

/// For how long the oldest thing to be looked at has waited.
fn lag_seconds(next_due: Option<Timestamp>, now: Timestamp) -> i64 {
    next_due.filter(|due| *due <= now).map_or(0, |due| (now - due).as_seconds())
}

fn quarantine_json(rest: &Quarantine) -> Value {
    json!({
        "since": instant(Some(rest.since)),
        "probes": rest.probes,
        "next_probe": instant(Some(rest.next_probe_at)),
        "message": rest.message,
    })
}

async fn show(State(server): State<Server>, At(key): At<String>) -> Answer {
    let store = &server.store;
    let (app, connection) = connected(store, &key).await?;
    let now = store.now();
    let counts = accounts::counts(store, connection.id, now).await?;
    let health = health::get(store, connection.id).await?;
    let expires_at = token_expiry::get(store, connection.id).await?;
    let next_due = schedule::next_due(store, connection.id).await?;
    let standing = standstill::standing(store, connection.id).await?;
    ok(json!({
        "app": app.name,
        "status": status_word(connection.status),
        "halted": halt_json(connection.halt.as_ref()),
        "quarantine": health.quarantine.as_ref().map(quarantine_json),
        "paused_until": instant(health.paused_until.filter(|until| *until > now)),
        "token_expires_at": instant(expires_at),
        "token_warning": expires_at.and_then(|at| token_expiry_words(at, now)),
        "standstills": standing.iter().map(standstill_json).collect::<Vec<_>>(),
        "accounts": counts,
        "pending": !accounts::is_idle(store, connection.id).await?,
        "usage_30_days": usage_json(&usage_30_days(store, connection.id, now).await?),
        "next_due": instant(next_due),
        "next_removal": instant(coming::next_removal_at(store, connection.id).await?),
        "lag_seconds": lag_seconds(next_due, now),
        "now": instant(Some(now)),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lag_is_how_long_the_oldest_due_account_has_waited() {
        assert_eq!(lag_seconds(None, Timestamp(0)), 0);
        assert_eq!(lag_seconds(Some(Timestamp(5_000_000)), Timestamp(2_000_000)), 0);
        assert_eq!(lag_seconds(Some(Timestamp(5_000_000)), Timestamp(8_500_000)), 3);
    }
}
