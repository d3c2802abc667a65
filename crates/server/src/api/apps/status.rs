//! How a connection stands.

use super::configuration::{HaltBody, halt_body};
use super::connected;
use super::held::{StandstillBody, standstill_body};
use crate::Server;
use crate::api::ProblemKind::Invalid;
use crate::api::extract::At;
use crate::api::json::{Answer, Shown, instant, ok};
use crate::api::{Route, read};
use axum::extract::State;
use provost_core::app::{ConnectionStatus, token_expiry_words};
use provost_core::provisioning::Quarantine;
use provost_core::time::{Rfc3339, Timestamp};
use provost_store::accounts::{self, AccountCounts, coming, standstill};
use provost_store::apps::{health, token_expiry};
use provost_store::log::{Usage, UsageCount, usage_30_days};
use provost_store::schedule;
use schemars::JsonSchema;
use serde::Serialize;

pub(super) fn route() -> Route {
    read("/apps/{key}/autoprovisioning/status", "Show how the connection stands", show).refuses(&[Invalid])
}

/// Thirty days of one kind of event.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "UsageCount")]
struct CountBody {
    total: u64,
    /// Per day of 24 hours, the oldest first; the last one ends now.
    days: Vec<u64>,
}

/// What was sent in the last 30 days.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Usage")]
struct UsageBody {
    /// Accounts created or adopted.
    created: CountBody,
    updated: CountBody,
    suspended: CountBody,
    restored: CountBody,
    /// Accounts hard deleted.
    deleted: CountBody,
    /// Requests that failed.
    failures: CountBody,
}

fn usage_body(usage: &Usage) -> UsageBody {
    let count = |count: &UsageCount| CountBody { total: count.total, days: count.days.to_vec() };
    UsageBody {
        created: count(&usage.created),
        updated: count(&usage.updated),
        suspended: count(&usage.suspended),
        restored: count(&usage.restored),
        deleted: count(&usage.deleted),
        failures: count(&usage.failures),
    }
}

/// For how long the oldest thing to be looked at has waited.
fn lag_seconds(next_due: Option<Timestamp>, now: Timestamp) -> i64 {
    next_due.filter(|due| *due <= now).map_or(0, |due| (now - due).as_seconds())
}

/// A rest after many failures of the app: only a probe is sent now and then.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Quarantine")]
struct QuarantineBody {
    since: Rfc3339,
    /// Probes that failed.
    probes: u32,
    next_probe: Rfc3339,
    /// What happened last, in the app's words where it had some.
    message: String,
}

fn quarantine_body(rest: &Quarantine) -> QuarantineBody {
    QuarantineBody {
        since: Rfc3339(rest.since),
        probes: rest.probes,
        next_probe: Rfc3339(rest.next_probe_at),
        message: rest.message.clone(),
    }
}

/// How a connection stands.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ConnectionStanding")]
struct StatusBody {
    /// The app's name.
    app: String,
    status: ConnectionStatus,
    /// Null while nothing is in the way.
    halted: Option<HaltBody>,
    /// Null while the app answers.
    quarantine: Option<QuarantineBody>,
    /// Until when the app has asked for no requests.
    paused_until: Option<Rfc3339>,
    token_expires_at: Option<Rfc3339>,
    /// In words, when the token ends soon or has ended.
    token_warning: Option<String>,
    /// Why removals wait as a whole.
    standstills: Vec<StandstillBody>,
    accounts: AccountCounts,
    /// Whether something waits to be done now.
    pending: bool,
    usage_30_days: UsageBody,
    /// When an account is looked at next.
    next_due: Option<Rfc3339>,
    /// When the next removal is due.
    next_removal: Option<Rfc3339>,
    /// For how long the oldest thing to be looked at has waited.
    lag_seconds: i64,
    /// The present, by provisioning's clock.
    now: Rfc3339,
}

async fn show(State(server): State<Server>, At(key): At<String>) -> Answer<Shown<StatusBody>> {
    let store = &server.store;
    let (app, connection) = connected(store, &key).await?;
    let now = store.now();
    let counts = accounts::counts(store, connection.id, now).await?;
    let health = health::get(store, connection.id).await?;
    let expires_at = token_expiry::get(store, connection.id).await?;
    let next_due = schedule::next_due(store, connection.id).await?;
    let standing = standstill::standing(store, connection.id).await?;
    ok(StatusBody {
        app: app.name,
        status: connection.status,
        halted: connection.halt.as_ref().map(halt_body),
        quarantine: health.quarantine.as_ref().map(quarantine_body),
        paused_until: instant(health.paused_until.filter(|until| *until > now)),
        token_expires_at: instant(expires_at),
        token_warning: expires_at.and_then(|at| token_expiry_words(at, now)),
        standstills: standing.iter().map(standstill_body).collect(),
        accounts: counts,
        pending: !accounts::is_idle(store, connection.id).await?,
        usage_30_days: usage_body(&usage_30_days(store, connection.id, now).await?),
        next_due: instant(next_due),
        next_removal: instant(coming::next_removal_at(store, connection.id).await?),
        lag_seconds: lag_seconds(next_due, now),
        now: Rfc3339(now),
    })
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
