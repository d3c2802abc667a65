//! Accounts and failures of a connection.

use super::connected;
use super::switches::work_routes;
use crate::Server;
use crate::api::ProblemKind::Invalid;
use crate::api::extract::{AsCsv, At, Params};
use crate::api::json::{Answer, Listed, PageOrFile, Shown, instant, ok, page, page_limit};
use crate::api::{Noun, Problem, ProblemKind, read};
use crate::failures_file::failures_file;
use axum::extract::State;
use provost_core::app::Trigger;
use provost_core::ids::UserId;
use provost_core::provisioning::{Account, AccountState, Failure, FailureKind, OperationKind, Removal, RemovalKind};
use provost_core::time::Rfc3339;
use provost_store::accounts::{self, AccountQuery, coming};
use provost_store::directory::Page;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(super) fn routes() -> Noun {
    let mut routes = vec![
        read("/apps/{key}/autoprovisioning/accounts", "List accounts", list)
            .told("By user id; with `leaving` by the date of the next removal.")
            .refuses(&[Invalid]),
        read("/apps/{key}/autoprovisioning/failures", "List who fails now", failures)
            .told("With `Accept: text/csv` all of them as a file.")
            .refuses(&[Invalid]),
    ];
    routes.extend(work_routes());
    Noun { name: "Accounts", about: "The accounts of an app's users, as last confirmed, and what is ahead of each.", routes }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListParams {
    /// Only accounts in this state; left out: those that the app holds.
    #[schemars(with = "Option<AccountState>")]
    state: Option<String>,
    /// Only of users who fail now, whatever the state.
    #[serde(default)]
    failing: bool,
    /// Only accounts with a removal ahead that was not rejected, whatever the state.
    #[serde(default)]
    leaving: bool,
    /// Part of the address.
    #[serde(default)]
    text: String,
    /// What the page before has said as `next`.
    after: Option<String>,
    /// Items on a page: 100 when left out, at most 1,000.
    limit: Option<usize>,
}

/// The next removal of an account.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ComingRemoval")]
struct RemovalBody {
    action: RemovalKind,
    /// The cause.
    trigger: Trigger,
    /// When the cause began.
    since: Rfc3339,
    /// Not before this instant.
    at: Rfc3339,
    /// Whether an administrator has rejected it: it is not sent as long as its cause holds.
    rejected: bool,
}

fn removal_body(removal: &Removal, rejected: bool) -> RemovalBody {
    let Removal { kind, trigger, since, due } = *removal;
    RemovalBody { action: kind, trigger, since: Rfc3339(since), at: Rfc3339(due), rejected }
}

/// What kind of failure it is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "FailureKind")]
enum FailureWord {
    /// No answer, 408, 425, 5xx: tried again.
    Unavailable,
    /// 429: tried again when the app allows.
    Throttled,
    /// The app refused the request: waits for a change.
    Rejected,
    /// 403 for this user only: waits for a change.
    Forbidden,
    /// The app holds another account with this address that is not ours to take.
    Conflict,
    /// Several accounts match: waits for a change.
    Ambiguous,
    /// The account waiting under this address belongs to another user of the directory.
    AddressHeld,
    /// Another user maps to the same matching value.
    DuplicateMatch,
    /// No body can be made.
    Mapping,
}

const fn failure_word(kind: &FailureKind) -> FailureWord {
    match kind {
        FailureKind::Unavailable => FailureWord::Unavailable,
        FailureKind::Throttled => FailureWord::Throttled,
        FailureKind::Rejected => FailureWord::Rejected,
        FailureKind::Forbidden => FailureWord::Forbidden,
        FailureKind::Conflict => FailureWord::Conflict,
        FailureKind::Ambiguous => FailureWord::Ambiguous,
        FailureKind::AddressHeld { .. } => FailureWord::AddressHeld,
        FailureKind::DuplicateMatch { .. } => FailureWord::DuplicateMatch,
        FailureKind::Mapping => FailureWord::Mapping,
    }
}

/// What failed, and when it is tried again.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Failure")]
struct FailureBody {
    kind: FailureWord,
    /// What was tried.
    operation: OperationKind,
    /// The app's HTTP status, when there was an answer.
    status: Option<u16>,
    /// The app's own words, or ours when it had none.
    message: String,
    /// When this run of failures began.
    since: Rfc3339,
    /// When it was last tried.
    at: Rfc3339,
    /// How often in this run.
    attempts: u32,
    /// Null: waits for a change, or to be tried again by hand.
    next_attempt: Option<Rfc3339>,
}

fn failure_body(failure: &Failure) -> FailureBody {
    FailureBody {
        kind: failure_word(&failure.kind),
        operation: failure.operation,
        status: failure.status,
        message: failure.message.clone(),
        since: Rfc3339(failure.since),
        at: Rfc3339(failure.at),
        attempts: failure.attempts,
        next_attempt: instant(failure.retry_at),
    }
}

/// One user's account in the app.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Account")]
struct AccountBody {
    /// The user, who may be gone.
    user_id: UserId,
    /// Their address as last decided.
    email: String,
    state: AccountState,
    /// The app's id of the account.
    remote_id: Option<String>,
    removal: Option<RemovalBody>,
    failure: Option<FailureBody>,
    /// Whether an answer was lost: the account is looked up before anything else is sent.
    uncertain: bool,
    /// When it is looked at again, if nothing changes before.
    due_at: Option<Rfc3339>,
}

fn account_body(account: &Account, rejected: bool) -> AccountBody {
    AccountBody {
        user_id: account.user_id,
        email: account.email.clone(),
        state: account.state,
        remote_id: account.remote_id.clone(),
        removal: account.removal.as_ref().map(|removal| removal_body(removal, rejected)),
        failure: account.failure.as_ref().map(failure_body),
        uncertain: account.intent.is_some(),
        due_at: instant(account.due_at),
    }
}

async fn list(
    State(server): State<Server>,
    At(key): At<String>,
    Params(params): Params<ListParams>,
) -> Answer<Shown<Listed<AccountBody>>> {
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
    ok(page(found, |account| account_body(&account, rejected.contains(&account.user_id))))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FailureParams {
    /// What the page before has said as `next`.
    after: Option<String>,
    /// Items on a page: 100 when left out, at most 1,000.
    limit: Option<usize>,
}

/// A user who fails now.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "FailingUser")]
struct Failing {
    #[serde(flatten)]
    failure: FailureBody,
    user_id: UserId,
    /// The address.
    user: String,
}

/// Users failing now; with `Accept: text/csv` all of them as a file.
async fn failures(
    State(server): State<Server>,
    At(key): At<String>,
    Params(params): Params<FailureParams>,
    AsCsv(as_csv): AsCsv,
) -> Answer<PageOrFile<Failing>> {
    let (app, connection) = connected(&server.store, &key).await?;
    if as_csv {
        return Ok(PageOrFile::File(failures_file(&server.store, &app, connection.id).await?));
    }
    let Page { items, next } = accounts::failures(&server.store, connection.id, params.after, page_limit(params.limit)).await?;
    let item = |account: Account| {
        let failure = failure_body(account.failure.as_ref()?);
        Some(Failing { failure, user_id: account.user_id, user: account.email })
    };
    Ok(PageOrFile::Page(page(Page { items: items.into_iter().filter_map(item).collect(), next }, |failing| failing)))
}
