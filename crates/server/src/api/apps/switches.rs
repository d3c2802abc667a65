//! Test, reauthorize, turn on, turn off, sync, retry.

use super::{configuration, confirmed, connected};
use crate::Server;
use crate::access::Principal;
use crate::api::extract::{At, Body};
use crate::api::json::{Answer, ok, parse_instant};
use crate::api::{Problem, ProblemKind, Route, change};
use crate::confirmation::Confirmation;
use axum::Extension;
use axum::extract::State;
use axum::http::Method;
use provost_core::app::ConnectionStatus;
use provost_platform::{Secret, check_endpoint};
use provost_store::StoreError;
use provost_store::accounts::{self, load_rules};
use provost_store::apps::{self, connections, tests};
use provost_store::directory::users;
use serde::Deserialize;
use serde_json::json;
use std::time::{Duration, Instant};

/// How long a connection test is waited for.
const TEST_WAIT_MAX: Duration = Duration::from_secs(35);

/// How often its answer is looked for.
const TEST_LOOK_EVERY: Duration = Duration::from_millis(100);

pub(super) fn routes() -> Vec<Route> {
    vec![
        change(Method::POST, "/apps/{key}/autoprovisioning/test", test),
        change(Method::POST, "/apps/{key}/autoprovisioning/reauthorize", reauthorize),
        change(Method::PUT, "/apps/{key}/autoprovisioning/token-expiry", set_token_expiry),
        change(Method::POST, "/apps/{key}/autoprovisioning/turn-on", turn_on),
        change(Method::POST, "/apps/{key}/autoprovisioning/turn-off", turn_off),
        change(Method::POST, "/apps/{key}/autoprovisioning/sync", sync),
        change(Method::POST, "/apps/{key}/autoprovisioning/retry", retry),
    ]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tested {
    endpoint: Option<String>,
    token: Option<String>,
}

/// Has the engine try an endpoint and a token: those sent, or else those stored. A stored token is tried at the stored
/// endpoint only.
async fn test(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
    Body(tested): Body<Tested>,
) -> Answer {
    let store = &server.store;
    let app = apps::find(store, &key).await?;
    let stored = connections::of_app(store, app.id).await?;
    let missing = |what: &str| Problem::of(ProblemKind::Invalid, format!("the {what} is missing: send it"));
    let endpoint = tested.endpoint.or_else(|| stored.as_ref().map(|connection| connection.config.endpoint.clone()));
    let endpoint = endpoint.ok_or_else(|| missing("endpoint"))?;
    check_endpoint(&endpoint, &server.allowed_private)?;
    let token = match (tested.token, &stored) {
        (Some(token), _) => Some(Secret::new(token)),
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    token: String,
    expires_at: Option<String>,
}

async fn reauthorize(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
    Body(new): Body<Token>,
) -> Answer {
    let (_, connection) = connected(&server.store, &key).await?;
    let token = Secret::new(new.token);
    let expires_at = new.expires_at.as_deref().map(parse_instant).transpose()?;
    let connection = connections::reauthorize(&server.store, &caller.actor, connection.id, &token, expires_at).await?;
    configuration::answer(&server.store, &connection).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expiry {
    expires_at: Option<String>,
}

/// Says when the stored token ends; null: that is not known.
async fn set_token_expiry(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
    Body(said): Body<Expiry>,
) -> Answer {
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
) -> Answer {
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

async fn turn_off(State(server): State<Server>, Extension(caller): Extension<Principal>, At(key): At<String>) -> Answer {
    let (_, connection) = connected(&server.store, &key).await?;
    let connection = connections::turn_off(&server.store, &caller.actor, connection.id).await?;
    configuration::answer(&server.store, &connection).await
}

async fn sync(State(server): State<Server>, Extension(caller): Extension<Principal>, At(key): At<String>) -> Answer {
    let (app, connection) = connected(&server.store, &key).await?;
    if connection.status == ConnectionStatus::Inactive {
        let detail = format!("autoprovisioning of \"{}\" is turned off and sends nothing: turn it on first", app.name);
        return Err(Problem::of(ProblemKind::Conflict, detail));
    }
    connections::sync_now(&server.store, &caller.actor, connection.id).await?;
    ok(json!({ "started": true }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Retried {
    user: Option<String>,
}

async fn retry(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
    Body(retried): Body<Retried>,
) -> Answer {
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
    ok(json!({ "retried": retried }))
}
