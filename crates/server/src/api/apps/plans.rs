//! Plans and explanations: what would be sent, when and why. Nothing is changed here.

use super::configuration::parts_of;
use super::connected;
use crate::Server;
use crate::api::extract::{At, Body, Params};
use crate::api::json::{Answer, ok};
use crate::api::{Problem, ProblemKind, Route, ask, read};
use crate::config::{AccessEntry, resolve_access};
use axum::extract::State;
use provost_store::accounts::{load_rules, load_rules_for};
use provost_store::apps::connections;
use provost_store::planning;
use serde::Deserialize;
use serde_json::{Map, Value};

/// Users in words when the request does not say how many.
const ENTRIES: usize = 1_000;

/// Users in words at most.
const ENTRIES_MAX: usize = 100_000;

pub(super) fn routes() -> Vec<Route> {
    vec![
        read("/apps/{key}/autoprovisioning/plan", plan),
        ask("/apps/{key}/autoprovisioning/plan", plan_of_edit),
        read("/apps/{key}/autoprovisioning/explain/{user}", explain),
    ]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanParams {
    limit: Option<usize>,
    #[serde(default)]
    confirm_earlier_removals: bool,
}

impl PlanParams {
    fn entries(&self) -> usize {
        self.limit.unwrap_or(ENTRIES).min(ENTRIES_MAX)
    }
}

async fn plan(State(server): State<Server>, At(key): At<String>, Params(params): Params<PlanParams>) -> Answer {
    let (_, connection) = connected(&server.store, &key).await?;
    let rules = load_rules(&server.store, connection.id).await?;
    ok(planning::plan(&server.store, &rules, params.entries()).await?)
}

/// The plan under proposed parts of the configuration, and a proposed `access`.
async fn plan_of_edit(
    State(server): State<Server>,
    At(key): At<String>,
    Params(params): Params<PlanParams>,
    Body(mut body): Body<Map<String, Value>>,
) -> Answer {
    let store = &server.store;
    let (mut app, connection) = connected(store, &key).await?;
    if let Some(access) = body.remove("access") {
        let unreadable = |error| Problem::of(ProblemKind::BadRequest, format!("access cannot be read: {error}"));
        let entry: AccessEntry = serde_json::from_value(access).map_err(unreadable)?;
        app.access = resolve_access(store, &entry).await?;
    }
    let config = parts_of(body)?.over(&server, connection.profile, Some(&connection.config)).await?;
    let proposed = connections::previewed(store, &connection, config, params.confirm_earlier_removals).await?;
    let rules = load_rules_for(store, app, proposed).await?;
    ok(planning::plan(store, &rules, params.entries()).await?)
}

async fn explain(State(server): State<Server>, At((key, user)): At<(String, String)>) -> Answer {
    ok(planning::explain(&server.store, &key, &user).await?)
}
