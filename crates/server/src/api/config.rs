//! The configuration file over the API. Whoever sends it has read the tokens that it names.

use super::ProblemKind::{Conflict, Invalid, NeedsConfirmation, Stale};
use super::extract::{Body, Params};
use super::json::{Answer, Shown, ok};
use super::reference::{Content, Reply, Said, Schemas, Shape};
use super::{Noun, Problem, ProblemKind, ask, change, read};
use crate::Server;
use crate::access::Principal;
use crate::config::{self, AppliedApp, ConfigPlan, Prepared};
use crate::confirmation::Confirmation;
use axum::Extension;
use axum::extract::State;
use axum::http::Method;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use provost_store::apps::connections;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

/// Users in words in a plan, for each app.
const ENTRIES: usize = 200;

pub(super) fn routes() -> Noun {
    Noun {
        name: "Configuration file",
        about: "All apps as one file in YAML, to be kept, compared and applied.",
        routes: vec![
            read("/config/export", "Export the configuration file", export).told("Tokens are never in it."),
            ask("/config/plan", "Plan a configuration file", plan)
                .told("What applying it would change, and what would then be sent. Nothing is changed.")
                .sending(EXAMPLE)
                .refuses(&[Conflict, Invalid]),
            change(Method::POST, "/config/apply", "Apply a configuration file", apply)
                .told("A plan that removes somebody, creates for many or lets users fail must be confirmed.")
                .sending(EXAMPLE)
                .refuses(&[Conflict, Stale, Invalid, NeedsConfirmation]),
        ],
    }
}

const EXAMPLE: &str = r#"{"file":"apps:\n- name: Netskope\n  access: { default: on }\n"}"#;

/// The file as it is.
#[derive(Debug)]
pub(super) struct Yaml(String);

impl IntoResponse for Yaml {
    fn into_response(self) -> Response {
        ([(CONTENT_TYPE, "text/yaml; charset=utf-8")], self.0).into_response()
    }
}

impl Reply for Yaml {
    fn describe(shape: &mut Shape, _: &mut Schemas) {
        let contents = vec![Content { media_type: "text/yaml", schema: json!({ "type": "string" }) }];
        shape.said.push(Said { status: 200, description: "The file.", tagged: false, contents });
    }
}

async fn export(State(server): State<Server>) -> Answer<Yaml> {
    Ok(Yaml(config::export_text(&server.store).await?))
}

/// A configuration file, and the tokens that it names.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SentConfig")]
struct Sent {
    /// The text of the file.
    file: String,
    /// Tokens by the names of their apps: the server reads no files and no variables that the file names.
    #[serde(default)]
    tokens: BTreeMap<String, String>,
}

async fn prepared(server: &Server, sent: Sent) -> Result<Prepared, Problem> {
    let file = config::parse(&sent.file).map_err(config::ConfigError::from)?;
    let token = |(app, token): (String, String)| match connections::read_token(&token) {
        Ok(token) => Ok((app, token)),
        Err(why) => Err(Problem::of(ProblemKind::Invalid, format!("{app}: {why}"))),
    };
    let tokens = sent.tokens.into_iter().map(token).collect::<Result<_, _>>()?;
    Ok(config::prepare(server, &file, &tokens).await?)
}

async fn plan(State(server): State<Server>, Body(sent): Body<Sent>) -> Answer<Shown<ConfigPlan>> {
    let prepared = prepared(&server, sent).await?;
    ok(config::plan(&server, &prepared, ENTRIES).await?)
}

/// What was done.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AppliedConfig")]
struct AppliedBody {
    /// Whether anything was changed.
    changed: bool,
    /// The apps of the file, in its order.
    apps: Vec<AppliedApp>,
    /// The plan that was carried out.
    plan: ConfigPlan,
}

async fn apply(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    Params(confirmation): Params<Confirmation>,
    Body(sent): Body<Sent>,
) -> Answer<Shown<AppliedBody>> {
    let prepared = prepared(&server, sent).await?;
    let plan = config::plan(&server, &prepared, ENTRIES).await?;
    if !confirmation.allows(plan.needs_confirmation, &plan.hash) {
        return Err(Problem::unconfirmed(confirmation.refusal("the file", &plan.summary()), json!(plan)));
    }
    let applied = config::apply(&server, &caller.actor, prepared).await?;
    ok(AppliedBody { changed: applied.changed, apps: applied.apps, plan })
}
