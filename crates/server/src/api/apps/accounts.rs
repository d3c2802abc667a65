//! Accounts and failures of a connection.

use super::connected;
use crate::Server;
use crate::api::extract::{At, Params};
use crate::api::json::{Answer, instant, ok, page, page_limit};
use crate::api::{Problem, ProblemKind, Route, read};
use crate::failures_file::failures_file;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::ACCEPT;
use provost_core::provisioning::{Account, AccountState, Failure, FailureKind, Removal};
use provost_store::accounts::{self, AccountQuery, coming};
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) fn routes() -> Vec<Route> {
    vec![read("/apps/{key}/autoprovisioning/accounts", list), read("/apps/{key}/autoprovisioning/failures", failures)]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListParams {
    state: Option<String>,
    #[serde(default)]
    failing: bool,
    #[serde(default)]
    leaving: bool,
    #[serde(default)]
    text: String,
    after: Option<String>,
    limit: Option<usize>,
}

fn removal_json(removal: &Removal, rejected: bool) -> Value {
    json!({
        "action": removal.kind.word(),
        "trigger": removal.trigger.word(),
        "since": instant(Some(removal.since)),
        "at": instant(Some(removal.due)),
        "rejected": rejected,
    })
}

const fn failure_word(kind: &FailureKind) -> &'static str {
    match kind {
        FailureKind::Unavailable => "unavailable",
        FailureKind::Throttled => "throttled",
        FailureKind::Rejected => "rejected",
        FailureKind::Forbidden => "forbidden",
        FailureKind::Conflict => "conflict",
        FailureKind::Ambiguous => "ambiguous",
        FailureKind::AddressHeld { .. } => "address_held",
        FailureKind::DuplicateMatch { .. } => "duplicate_match",
        FailureKind::Mapping => "mapping",
    }
}

fn failure_json(failure: &Failure) -> Value {
    json!({
        "kind": failure_word(&failure.kind),
        "operation": failure.operation.word(),
        "status": failure.status,
        "message": failure.message,
        "since": instant(Some(failure.since)),
        "at": instant(Some(failure.at)),
        "attempts": failure.attempts,
        "next_attempt": instant(failure.retry_at),
    })
}

fn account_json(account: &Account, rejected: bool) -> Value {
    json!({
        "user_id": account.user_id,
        "email": account.email,
        "state": account.state.word(),
        "remote_id": account.remote_id,
        "removal": account.removal.as_ref().map(|removal| removal_json(removal, rejected)),
        "failure": account.failure.as_ref().map(failure_json),
        "uncertain": account.intent.is_some(),
        "due_at": instant(account.due_at),
    })
}

async fn list(State(server): State<Server>, At(key): At<String>, Params(params): Params<ListParams>) -> Answer {
    let (_, connection) = connected(&server.store, &key).await?;
    let unknown = |word: &str| {
        Problem::of(ProblemKind::BadRequest, format!("\"{word}\" is not a state: choose absent, linked or suspended"))
    };
    let state = match params.state.as_deref() {
        Some(word) => Some(AccountState::parse(word).ok_or_else(|| unknown(word))?),
        None => None,
    };
    let query = AccountQuery {
        state,
        failing: params.failing,
        leaving: params.leaving,
        text: params.text,
        after: params.after,
        limit: page_limit(params.limit),
    };
    let found = accounts::list(&server.store, connection.id, &query).await?;
    let rejected = coming::rejected(&server.store, connection.id, &found.items).await?;
    ok(page(found, |account| account_json(&account, rejected.contains(&account.user_id))))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FailureParams {
    after: Option<String>,
    limit: Option<usize>,
}

/// Users failing now; with `Accept: text/csv` all of them as a file.
async fn failures(
    State(server): State<Server>,
    At(key): At<String>,
    Params(params): Params<FailureParams>,
    headers: HeaderMap,
) -> Answer {
    let (app, connection) = connected(&server.store, &key).await?;
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accept.contains("text/csv") {
        return Ok(failures_file(&server.store, &app, connection.id).await?);
    }
    let found = accounts::failures(&server.store, connection.id, params.after, page_limit(params.limit)).await?;
    let item = |account: Account| {
        let mut body = account.failure.as_ref().map_or_else(|| json!({}), failure_json);
        body["user_id"] = json!(account.user_id);
        body["user"] = json!(account.email);
        body
    };
    ok(page(found, item))
}
