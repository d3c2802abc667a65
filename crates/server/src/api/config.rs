//! The configuration file over the API. Whoever sends it has read the tokens that it names.

use super::extract::{Body, Params};
use super::json::{Answer, ok};
use super::{Problem, Route, ask, change, read};
use crate::Server;
use crate::access::Principal;
use crate::config::{self, Prepared};
use crate::confirmation::Confirmation;
use axum::Extension;
use axum::extract::State;
use axum::http::Method;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use provost_platform::Secret;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;

/// Users in words in a plan, for each app.
const ENTRIES: usize = 200;

pub(super) fn routes() -> Vec<Route> {
    vec![read("/config/export", export), ask("/config/plan", plan), change(Method::POST, "/config/apply", apply)]
}

async fn export(State(server): State<Server>) -> Answer {
    let text = config::export_text(&server.store).await?;
    Ok(([(CONTENT_TYPE, "text/yaml; charset=utf-8")], text).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    file: String,
    #[serde(default)]
    tokens: BTreeMap<String, String>,
}

async fn prepared(server: &Server, sent: Sent) -> Result<Prepared, Problem> {
    let file = config::parse(&sent.file).map_err(config::ConfigError::from)?;
    let tokens = sent.tokens.into_iter().map(|(app, token)| (app, Secret::new(token))).collect();
    Ok(config::prepare(server, &file, &tokens).await?)
}

async fn plan(State(server): State<Server>, Body(sent): Body<Sent>) -> Answer {
    let prepared = prepared(&server, sent).await?;
    ok(config::plan(&server, &prepared, ENTRIES).await?)
}

async fn apply(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    Params(confirmation): Params<Confirmation>,
    Body(sent): Body<Sent>,
) -> Answer {
    let prepared = prepared(&server, sent).await?;
    let plan = config::plan(&server, &prepared, ENTRIES).await?;
    if !confirmation.allows(plan.needs_confirmation, &plan.hash) {
        return Err(Problem::unconfirmed(confirmation.refusal("the file", &plan.summary()), json!(plan)));
    }
    let applied = config::apply(&server, &caller.actor, prepared).await?;
    ok(json!({ "changed": applied.changed, "apps": applied.apps, "plan": plan }))
}
