//! Held removals: who waits for an administrator, and the verdict.

use super::connected;
use crate::Server;
use crate::access::Principal;
use crate::api::extract::{At, Body};
use crate::api::json::{Answer, instant, ok};
use crate::api::{Problem, ProblemKind, Route, change, read};
use axum::Extension;
use axum::extract::State;
use axum::http::Method;
use provost_core::provisioning::{RemovalCandidate, RemovalKind};
use provost_store::accounts::removals::ShownRemoval;
use provost_store::accounts::standstill::{self, Standstill, StandstillReason};
use provost_store::accounts::{load_rules, removals};
use provost_store::directory::users;
use provost_store::{Store, StoreError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(super) fn routes() -> Vec<Route> {
    vec![
        read("/apps/{key}/autoprovisioning/held", list),
        change(Method::POST, "/apps/{key}/autoprovisioning/held/approve", approve),
        change(Method::POST, "/apps/{key}/autoprovisioning/held/reject", reject),
        change(Method::POST, "/apps/{key}/autoprovisioning/held/confirm", confirm),
    ]
}

fn candidate_json(candidate: &RemovalCandidate) -> Value {
    let removal = candidate.removal;
    json!({
        "user_id": candidate.user_id,
        "email": candidate.email,
        "remote_id": candidate.remote_id,
        "kind": removal.kind.word(),
        "trigger": removal.trigger.word(),
        "since": instant(Some(removal.since)),
        "due": instant(Some(removal.due)),
    })
}

/// Why removals wait as a whole.
pub(super) fn standstill_json(still: &Standstill) -> Value {
    json!({
        "reason": still.reason.word(),
        "message": still.message,
        "since": instant(Some(still.since)),
        "confirmed": !still.holds(),
    })
}

async fn list(State(server): State<Server>, At(key): At<String>) -> Answer {
    let store = &server.store;
    let (_, connection) = connected(store, &key).await?;
    let holds = removals::holds(store, connection.id).await?;
    let waiting = removals::held(store, &load_rules(store, connection.id).await?, store.now()).await?;
    let hold = |hold: &removals::StoredHold| {
        json!({
            "kind": hold.kind.word(),
            "since": instant(Some(hold.created_at)),
            "limit": hold.limit,
            "sent_within_24_hours": hold.sent,
            "waiting": hold.waiting,
        })
    };
    let standing = standstill::standing(store, connection.id).await?;
    ok(json!({
        "standstills": standing.iter().map(standstill_json).collect::<Vec<_>>(),
        "holds": holds.iter().map(hold).collect::<Vec<_>>(),
        "items": waiting.iter().map(candidate_json).collect::<Vec<_>>(),
        "next": null,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Verdict {
    /// Addresses or ids; left out: all that wait.
    users: Option<Vec<String>>,
    /// `suspend` or `hard_delete`; left out: both.
    kind: Option<RemovalKind>,
}

async fn approve(server: State<Server>, caller: Extension<Principal>, key: At<String>, verdict: Body<Verdict>) -> Answer {
    decide(server, caller, key, verdict, true).await
}

async fn reject(server: State<Server>, caller: Extension<Principal>, key: At<String>, verdict: Body<Verdict>) -> Answer {
    decide(server, caller, key, verdict, false).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Confirmation {
    /// `machine_clock`, `app_clock` or `restored`.
    reason: String,
}

async fn confirm(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
    Body(confirmation): Body<Confirmation>,
) -> Answer {
    let (_, connection) = connected(&server.store, &key).await?;
    let reason = StandstillReason::parse(&confirmation.reason).ok_or_else(|| {
        let words: Vec<&str> = StandstillReason::ALL.into_iter().map(StandstillReason::word).collect();
        Problem::of(ProblemKind::Invalid, format!("\"{}\" is no reason: one of {}", confirmation.reason, words.join(", ")))
    })?;
    standstill::confirm(&server.store, &caller.actor, connection.id, reason).await?;
    ok(json!({ "confirmed": reason.word() }))
}

async fn decide(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
    Body(verdict): Body<Verdict>,
    approved: bool,
) -> Answer {
    let store = &server.store;
    let (_, connection) = connected(store, &key).await?;
    let word = if approved { "approved" } else { "rejected" };
    let Some(keys) = &verdict.users else {
        let decided = removals::decide_held(store, &caller.actor, connection.id, verdict.kind, None, approved).await?;
        return ok(json!({ word: decided }));
    };
    let mut waiting = removals::held(store, &load_rules(store, connection.id).await?, store.now()).await?;
    waiting.retain(|candidate| verdict.kind.is_none_or(|kind| candidate.removal.kind == kind));
    let Named { held, not_held } = named(store, keys, &waiting).await?;
    let decided = removals::decide_shown(store, &caller.actor, connection.id, &held, approved).await?;
    ok(json!({ word: decided, "not_held": not_held }))
}

/// The users that a verdict names.
struct Named {
    held: BTreeSet<ShownRemoval>,
    /// No removal of these is held, or none any more: its cause has ended, or somebody has decided already.
    not_held: Vec<String>,
}

/// Finds whom a verdict names. Somebody whom nobody knows is a typing error, which must not pass for a verdict.
async fn named(store: &Store, keys: &[String], waiting: &[RemovalCandidate]) -> Result<Named, Problem> {
    let mut named = Named { held: BTreeSet::new(), not_held: Vec::new() };
    for key in keys {
        let is_named = |candidate: &&RemovalCandidate| {
            candidate.email.eq_ignore_ascii_case(key.trim()) || candidate.user_id.to_string() == key.trim()
        };
        let found = match waiting.iter().find(is_named) {
            Some(candidate) => Some(candidate),
            None => match users::find(store, key).await {
                Ok(user) => waiting.iter().find(|candidate| candidate.user_id == user.id),
                Err(StoreError::NotFound { .. }) => {
                    let detail = format!("\"{key}\" is nobody, and no removal of theirs is held: nothing was decided");
                    return Err(Problem::of(ProblemKind::Invalid, detail));
                }
                Err(error) => return Err(error.into()),
            },
        };
        match found {
            Some(candidate) => {
                named.held.insert(candidate.into());
            }
            None => named.not_held.push(key.clone()),
        }
    }
    Ok(named)
}
