//! Held removals: who waits for an administrator, and the verdict.

use super::connected;
use crate::Server;
use crate::access::Principal;
use crate::api::ProblemKind::{Conflict, Invalid};
use crate::api::extract::{At, Body};
use crate::api::json::{Answer, Shown, ok};
use crate::api::{Noun, Problem, ProblemKind, change, read};
use axum::Extension;
use axum::extract::State;
use axum::http::Method;
use provost_core::app::Trigger;
use provost_core::ids::UserId;
use provost_core::provisioning::{RemovalCandidate, RemovalKind};
use provost_core::time::Rfc3339;
use provost_store::accounts::removals::ShownRemoval;
use provost_store::accounts::standstill::{self, Standstill, StandstillReason};
use provost_store::accounts::{load_rules, removals};
use provost_store::directory::users;
use provost_store::{Store, StoreError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

pub(super) fn routes() -> Noun {
    let verdict = "Of the users that are named, or of all whose removal is held. Nobody is decided on who is not held.";
    Noun {
        name: "Held removals",
        about: "Removals that wait for an administrator, because they were unusually many or something is not as it should be.",
        routes: vec![
            read("/apps/{key}/autoprovisioning/held", "List held removals", list).refuses(&[Invalid]),
            change(Method::POST, "/apps/{key}/autoprovisioning/held/approve", "Approve removals", approve)
                .told(verdict)
                .sending(r#"{"users":["ada@example.com"],"kind":"suspend"}"#)
                .refuses(&[Conflict, Invalid]),
            change(Method::POST, "/apps/{key}/autoprovisioning/held/reject", "Reject removals", reject)
                .told(verdict)
                .sending(r#"{"users":["ada@example.com"]}"#)
                .refuses(&[Conflict, Invalid]),
            change(Method::POST, "/apps/{key}/autoprovisioning/held/confirm", "End a standstill", confirm)
                .told("Says that what was found is as it should be: removals go on.")
                .sending(r#"{"reason":"restored"}"#)
                .refuses(&[Conflict, Invalid]),
        ],
    }
}

/// A removal that is held.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "HeldRemoval")]
struct CandidateBody {
    user_id: UserId,
    email: String,
    /// The app's id of the account.
    remote_id: String,
    kind: RemovalKind,
    /// The cause.
    trigger: Trigger,
    /// When the cause began.
    since: Rfc3339,
    /// Since when it may go.
    due: Rfc3339,
}

fn candidate_body(candidate: &RemovalCandidate) -> CandidateBody {
    let removal = candidate.removal;
    CandidateBody {
        user_id: candidate.user_id,
        email: candidate.email.clone(),
        remote_id: candidate.remote_id.clone(),
        kind: removal.kind,
        trigger: removal.trigger,
        since: Rfc3339(removal.since),
        due: Rfc3339(removal.due),
    }
}

/// Why every removal waits.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "StandstillReason")]
enum ReasonWord {
    /// The machine's clock departs from the time that has passed.
    MachineClock,
    /// The app's clock and ours differ.
    AppClock,
    /// The database is older than what was written before: a backup was restored.
    Restored,
}

const fn reason_word(reason: StandstillReason) -> ReasonWord {
    match reason {
        StandstillReason::MachineClock => ReasonWord::MachineClock,
        StandstillReason::AppClock => ReasonWord::AppClock,
        StandstillReason::Restored => ReasonWord::Restored,
    }
}

/// Why removals wait as a whole.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Standstill")]
pub(super) struct StandstillBody {
    reason: ReasonWord,
    /// What was found, and what to do.
    message: String,
    since: Rfc3339,
    /// Whether an administrator has said that it is as it should be: removals go then.
    confirmed: bool,
}

pub(super) fn standstill_body(still: &Standstill) -> StandstillBody {
    StandstillBody {
        reason: reason_word(still.reason),
        message: still.message.clone(),
        since: Rfc3339(still.since),
        confirmed: !still.holds(),
    }
}

/// That more removals of one kind were due than go unasked.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Hold")]
struct HoldBody {
    kind: RemovalKind,
    since: Rfc3339,
    /// How many may go in 24 hours.
    limit: u64,
    sent_within_24_hours: u64,
    /// How many waited when the guard last looked.
    waiting: u64,
}

/// What is held.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "HeldRemovals")]
struct HeldBody {
    standstills: Vec<StandstillBody>,
    holds: Vec<HoldBody>,
    items: Vec<CandidateBody>,
    /// Always null: all of them are here.
    next: Option<String>,
}

async fn list(State(server): State<Server>, At(key): At<String>) -> Answer<Shown<HeldBody>> {
    let store = &server.store;
    let (_, connection) = connected(store, &key).await?;
    let holds = removals::holds(store, connection.id).await?;
    let waiting = removals::held(store, &load_rules(store, connection.id).await?, store.now()).await?;
    let hold = |hold: &removals::StoredHold| HoldBody {
        kind: hold.kind,
        since: Rfc3339(hold.created_at),
        limit: hold.limit,
        sent_within_24_hours: hold.sent,
        waiting: hold.waiting,
    };
    let standing = standstill::standing(store, connection.id).await?;
    ok(HeldBody {
        standstills: standing.iter().map(standstill_body).collect(),
        holds: holds.iter().map(hold).collect(),
        items: waiting.iter().map(candidate_body).collect(),
        next: None,
    })
}

/// Which removals are decided on.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Verdict {
    /// Addresses or ids; left out: all that wait.
    users: Option<Vec<String>>,
    /// `suspend` or `hard_delete`; left out: both.
    kind: Option<RemovalKind>,
}

/// How many removals were approved.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ApprovedRemovals")]
struct Approved {
    approved: u64,
    /// Of the users that were named: those whose removal is not held, or not any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_held: Option<Vec<String>>,
}

/// How many removals were rejected.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RejectedRemovals")]
struct Rejected {
    rejected: u64,
    /// Of the users that were named: those whose removal is not held, or not any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_held: Option<Vec<String>>,
}

async fn approve(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
    Body(verdict): Body<Verdict>,
) -> Answer<Shown<Approved>> {
    let (approved, not_held) = decide(&server, &caller, &key, &verdict, true).await?;
    ok(Approved { approved, not_held })
}

async fn reject(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
    Body(verdict): Body<Verdict>,
) -> Answer<Shown<Rejected>> {
    let (rejected, not_held) = decide(&server, &caller, &key, &verdict, false).await?;
    ok(Rejected { rejected, not_held })
}

/// Which standstill is ended.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "StandstillConfirmation")]
struct Confirmation {
    /// `machine_clock`, `app_clock` or `restored`.
    #[schemars(with = "ReasonWord")]
    reason: String,
}

/// Which standstill was ended.
#[derive(Debug, Serialize, JsonSchema)]
struct ConfirmedStandstill {
    confirmed: ReasonWord,
}

async fn confirm(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
    Body(confirmation): Body<Confirmation>,
) -> Answer<Shown<ConfirmedStandstill>> {
    let (_, connection) = connected(&server.store, &key).await?;
    let reason = StandstillReason::parse(&confirmation.reason).ok_or_else(|| {
        let words: Vec<&str> = StandstillReason::ALL.into_iter().map(StandstillReason::word).collect();
        Problem::of(ProblemKind::Invalid, format!("\"{}\" is no reason: one of {}", confirmation.reason, words.join(", ")))
    })?;
    standstill::confirm(&server.store, &caller.actor, connection.id, reason).await?;
    ok(ConfirmedStandstill { confirmed: reason_word(reason) })
}

/// How many were decided on, and who of those that were named was not held.
async fn decide(
    server: &Server,
    caller: &Principal,
    key: &str,
    verdict: &Verdict,
    approved: bool,
) -> Result<(u64, Option<Vec<String>>), Problem> {
    let store = &server.store;
    let (_, connection) = connected(store, key).await?;
    let Some(keys) = &verdict.users else {
        let decided = removals::decide_held(store, &caller.actor, connection.id, verdict.kind, None, approved).await?;
        return Ok((decided, None));
    };
    let mut waiting = removals::held(store, &load_rules(store, connection.id).await?, store.now()).await?;
    waiting.retain(|candidate| verdict.kind.is_none_or(|kind| candidate.removal.kind == kind));
    let Named { held, not_held } = named(store, keys, &waiting).await?;
    let decided = removals::decide_shown(store, &caller.actor, connection.id, &held, approved).await?;
    Ok((decided, Some(not_held)))
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
