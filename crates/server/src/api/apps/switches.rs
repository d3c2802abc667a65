//! Test, reauthorize, turn on, turn off, sync, retry, probe.

use super::configuration::{self, ConnectionBody};
use super::{confirmed, connected};
use crate::Server;
use crate::access::Principal;
use crate::api::ProblemKind::{Conflict, Invalid, NeedsConfirmation, NoAnswer};
use crate::api::extract::{At, Body};
use crate::api::json::{Answer, Done, Shown, done, ok, parse_instant};
use crate::api::{Problem, ProblemKind, Route, change};
use crate::confirmation::Confirmation;
use axum::Extension;
use axum::extract::State;
use axum::http::Method;
use provost_core::app::ConnectionStatus;
use provost_platform::check_endpoint;
use provost_store::StoreError;
use provost_store::accounts::{self, load_rules};
use provost_store::apps::tests::{self, TestResult};
use provost_store::apps::{self, connections, health};
use provost_store::directory::users;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// How long a connection test is waited for.
const TEST_WAIT_MAX: Duration = Duration::from_secs(35);

/// How often its answer is looked for.
const TEST_LOOK_EVERY: Duration = Duration::from_millis(100);

pub(super) fn routes() -> [Route; 5] {
    [
        change(Method::POST, "/apps/{key}/autoprovisioning/test", "Test the connection", test)
            .told(
                "The engine tries the endpoint and the token: those sent, or else those stored. A stored token is tried at the stored \
                 endpoint only. The answer comes within 35 seconds.",
            )
            .sending(r#"{"endpoint":"https://tenant.goskope.com/SCIM/v2/abc","token":"TOKEN"}"#)
            .refuses(&[Invalid, NoAnswer]),
        change(Method::POST, "/apps/{key}/autoprovisioning/reauthorize", "Give a new token", reauthorize)
            .told("Ends a halt, and everybody is looked at again. Without `expires_at` the end is read from a token that tells it.")
            .sending(r#"{"token":"TOKEN","expires_at":"2027-11-30"}"#)
            .refuses(&[Invalid]),
        change(Method::PUT, "/apps/{key}/autoprovisioning/token-expiry", "Say when the token ends", set_token_expiry)
            .told("Null: that is not known.")
            .sending(r#"{"expires_at":"2027-11-30"}"#)
            .refuses(&[Invalid]),
        change(Method::POST, "/apps/{key}/autoprovisioning/turn-on", "Turn on", turn_on)
            .told(
                "A plan that removes somebody, creates for many or lets users fail must be confirmed. Turning on what is on does \
                 nothing.",
            )
            .sending(r#"{"confirm":"HASH OF THE PLAN"}"#)
            .refuses(&[Conflict, Invalid, NeedsConfirmation]),
        change(Method::POST, "/apps/{key}/autoprovisioning/turn-off", "Turn off", turn_off)
            .told("Deciding and clocks go on, nothing is sent.")
            .refuses(&[Conflict, Invalid]),
    ]
}

/// Having work done now.
pub(super) fn work_routes() -> [Route; 3] {
    [
        change(Method::POST, "/apps/{key}/autoprovisioning/sync", "Look at every account now", sync)
            .told("The pass that comes once a day.")
            .refuses(&[Conflict, Invalid]),
        change(Method::POST, "/apps/{key}/autoprovisioning/retry", "Try again now", retry)
            .told("One user who fails, or all of them when none is named.")
            .sending(r#"{"user":"ada@example.com"}"#)
            .refuses(&[Invalid]),
        change(Method::POST, "/apps/{key}/autoprovisioning/probe", "Ask an app in quarantine now", probe)
            .told("Whether it works again; else it is asked at `next_probe`, which the status tells.")
            .refuses(&[Invalid]),
    ]
}

/// What to try instead of what is stored.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ConnectionTest")]
struct Tested {
    /// The SCIM base URL.
    endpoint: Option<String>,
    /// The access token to try.
    token: Option<String>,
}

/// Has the engine try an endpoint and a token: those sent, or else those stored. A stored token is tried at the stored
/// endpoint only.
async fn test(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
    Body(tested): Body<Tested>,
) -> Answer<Shown<TestResult>> {
    let store = &server.store;
    let app = apps::find(store, &key).await?;
    let stored = connections::of_app(store, app.id).await?;
    let missing = |what: &str| Problem::of(ProblemKind::Invalid, format!("the {what} is missing: send it"));
    let endpoint = tested.endpoint.or_else(|| stored.as_ref().map(|connection| connection.config.endpoint.clone()));
    let endpoint = endpoint.ok_or_else(|| missing("endpoint"))?;
    check_endpoint(&endpoint, &server.allowed_private)?;
    let token = match (tested.token, &stored) {
        (Some(token), _) => Some(connections::read_token(&token)?),
        (None, Some(connection)) if connections::origin(&connection.config.endpoint) == connections::origin(&endpoint) => {
            connections::credential(store, connection.id).await?
        }
        (None, Some(_) | None) => None,
    };
    let token = token.ok_or_else(|| missing("token"))?;
    let id = tests::request_test(store, &caller.actor, app.id, &endpoint, &token).await?;
    let asked_at = Instant::now();
    loop {
        if let Some(result) = tests::test_result(store, id).await? {
            return ok(result);
        }
        if asked_at.elapsed() >= TEST_WAIT_MAX {
            let detail = format!("the engine has not answered the test within {} seconds", TEST_WAIT_MAX.as_secs());
            return Err(Problem::of(ProblemKind::NoAnswer, detail));
        }
        tokio::time::sleep(TEST_LOOK_EVERY).await;
    }
}

/// An access token that takes the place of the stored one.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewToken")]
struct Token {
    token: String,
    /// RFC 3339, or a date; left out: that is not known.
    expires_at: Option<String>,
}

async fn reauthorize(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
    Body(new): Body<Token>,
) -> Answer<Shown<ConnectionBody>> {
    let (_, connection) = connected(&server.store, &key).await?;
    let token = connections::read_token(&new.token)?;
    let expires_at = new.expires_at.as_deref().map(parse_instant).transpose()?;
    let connection = connections::reauthorize(&server.store, &caller.actor, connection.id, &token, expires_at).await?;
    configuration::answer(&server.store, &connection).await
}

/// When the stored token ends.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TokenExpiry")]
struct Expiry {
    /// RFC 3339, or a date.
    expires_at: Option<String>,
}

/// Says when the stored token ends; null: that is not known.
async fn set_token_expiry(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
    Body(said): Body<Expiry>,
) -> Answer<Shown<ConnectionBody>> {
    let (_, connection) = connected(&server.store, &key).await?;
    let expires_at = said.expires_at.as_deref().map(parse_instant).transpose()?;
    apps::token_expiry::set(&server.store, &caller.actor, connection.id, expires_at).await?;
    configuration::answer(&server.store, &connection).await
}

/// Turns on, once the plan is confirmed where it must be; turning on what is on does nothing.
async fn turn_on(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
    Body(confirmation): Body<Confirmation>,
) -> Answer<Shown<ConnectionBody>> {
    let store = &server.store;
    let (app, connection) = connected(store, &key).await?;
    let is_on = connection.status == ConnectionStatus::Active;
    if is_on && confirmation.confirm.is_none() {
        return configuration::answer(store, &connection).await;
    }
    let rules = load_rules(store, connection.id).await?;
    confirmed(store, &rules, &confirmation, true, &format!("turning on autoprovisioning of \"{}\"", app.name)).await?;
    if is_on {
        return configuration::answer(store, &connection).await;
    }
    let connection = connections::turn_on(store, &caller.actor, connection.id, Some(connection.revision)).await?;
    configuration::answer(store, &connection).await
}

async fn turn_off(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
) -> Answer<Shown<ConnectionBody>> {
    let (_, connection) = connected(&server.store, &key).await?;
    let connection = connections::turn_off(&server.store, &caller.actor, connection.id).await?;
    configuration::answer(&server.store, &connection).await
}

/// That a pass was asked for.
#[derive(Debug, Serialize, JsonSchema)]
struct SyncStarted {
    started: bool,
}

async fn sync(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
) -> Answer<Shown<SyncStarted>> {
    let (app, connection) = connected(&server.store, &key).await?;
    if connection.status == ConnectionStatus::Inactive {
        let detail = format!("autoprovisioning of \"{}\" is turned off and sends nothing: turn it on first", app.name);
        return Err(Problem::of(ProblemKind::Conflict, detail));
    }
    connections::sync_now(&server.store, &caller.actor, connection.id).await?;
    ok(SyncStarted { started: true })
}

async fn probe(State(server): State<Server>, At(key): At<String>) -> Answer<Done> {
    let (_, connection) = connected(&server.store, &key).await?;
    health::probe_now(&server.store, connection.id).await?;
    done()
}

/// Whose failure is tried again; left out: everybody's.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Retry")]
struct Retried {
    /// Address or id.
    user: Option<String>,
}

/// How many are tried again.
#[derive(Debug, Serialize, JsonSchema)]
struct RetriedCount {
    retried: u64,
}

async fn retry(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
    Body(retried): Body<Retried>,
) -> Answer<Shown<RetriedCount>> {
    let store = &server.store;
    let (_, connection) = connected(store, &key).await?;
    let user = match &retried.user {
        Some(user) => Some(match user.parse() {
            // An account outlives its user.
            Ok(id) => id,
            Err(_) => users::find(store, user).await?.id,
        }),
        None => None,
    };
    let retried = accounts::retry(store, &caller.actor, connection.id, user).await?;
    if retried == 0 && user.is_some() {
        return Err(StoreError::Invalid("this user is not failing: there is nothing to retry".to_owned()).into());
    }
    ok(RetriedCount { retried })
}
