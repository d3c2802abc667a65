//! Plans and explanations: what would be sent, when and why. Nothing is changed here.

use super::configuration::parts_of;
use super::connected;
use crate::Server;
use crate::api::ProblemKind::Invalid;
use crate::api::extract::{At, Body, Params};
use crate::api::json::{Answer, Shown, ok};
use crate::api::{Noun, Problem, ProblemKind, ask, read};
use crate::config::{AccessEntry, Parts, resolve_access};
use axum::extract::State;
use provost_store::accounts::{load_rules, load_rules_for};
use provost_store::apps::connections;
use provost_store::planning::{self, Explanation, Plan};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// Users in words when the request does not say how many.
const ENTRIES: usize = 1_000;

/// Users in words at most.
const ENTRIES_MAX: usize = 100_000;

pub(super) fn routes() -> Noun {
    Noun {
        name: "Plans and explanations",
        about: "What would be sent, when and why. Nothing is changed here, and nothing is sent.",
        routes: vec![
            read("/apps/{key}/autoprovisioning/plan", "Plan under the present configuration", plan).refuses(&[Invalid]),
            ask("/apps/{key}/autoprovisioning/plan", "Plan an edit", plan_of_edit)
                .told("The plan under proposed parts of the configuration, and a proposed `access`.")
                .sending(r#"{"secondary_domains":"skip"}"#)
                .refuses(&[Invalid]),
            read("/apps/{key}/autoprovisioning/explain/{user}", "Explain one user", explain)
                .told("Each rule that was looked at with its evidence; also for deleted and forgotten users.")
                .refuses(&[Invalid]),
        ],
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PlanParams {
    /// Users in words: 1,000 when left out, at most 100,000.
    limit: Option<usize>,
    /// Clocks that run already get no 24 hours' notice of a grace period that became shorter.
    #[serde(default)]
    confirm_earlier_removals: bool,
}

impl PlanParams {
    fn entries(&self) -> usize {
        self.limit.unwrap_or(ENTRIES).min(ENTRIES_MAX)
    }
}

async fn plan(State(server): State<Server>, At(key): At<String>, Params(params): Params<PlanParams>) -> Answer<Shown<Plan>> {
    let (_, connection) = connected(&server.store, &key).await?;
    let rules = load_rules(&server.store, connection.id).await?;
    ok(planning::plan(&server.store, &rules, params.entries()).await?)
}

/// [`Parts`], and `access` among them.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
struct ProposedEdit(Map<String, Value>);

impl JsonSchema for ProposedEdit {
    fn schema_name() -> Cow<'static, str> {
        "ProposedEdit".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = Parts::json_schema(generator);
        let access = generator.subschema_for::<AccessEntry>().to_value();
        if let Some(Value::Object(properties)) = schema.get_mut("properties") {
            properties.insert("access".to_owned(), access);
        }
        schema
    }
}

/// The plan under proposed parts of the configuration, and a proposed `access`.
async fn plan_of_edit(
    State(server): State<Server>,
    At(key): At<String>,
    Params(params): Params<PlanParams>,
    Body(ProposedEdit(mut body)): Body<ProposedEdit>,
) -> Answer<Shown<Plan>> {
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

async fn explain(State(server): State<Server>, At((key, user)): At<(String, String)>) -> Answer<Shown<Explanation>> {
    ok(planning::explain(&server.store, &key, &user).await?)
}
