//! The autoprovisioning configuration: configure, read, edit, delete.

use super::{confirmed, connected, status_word};
use crate::Server;
use crate::access::Principal;
use crate::api::extract::{At, Body, IfMatch, Params};
use crate::api::json::{Answer, created, done, instant, ok, tagged};
use crate::api::{Problem, ProblemKind, Route, change, read};
use crate::config::{Parts, autoprovisioning_entry, warnings};
use crate::confirmation::Confirmation;
use axum::Extension;
use axum::extract::State;
use axum::http::Method;
use provost_core::app::{Connection, ConnectionStatus, Halt, profile};
use provost_platform::Secret;
use provost_store::accounts::{load_rules, load_rules_for};
use provost_store::apps::announcement::Announcement;
use provost_store::apps::{self, connections};
use provost_store::{Store, StoreError};
use serde::Deserialize;
use serde_json::{Map, Value, json};

pub(super) fn routes() -> Vec<Route> {
    vec![
        read("/apps/{key}/autoprovisioning", show),
        change(Method::PUT, "/apps/{key}/autoprovisioning", configure),
        change(Method::PATCH, "/apps/{key}/autoprovisioning", edit),
        change(Method::DELETE, "/apps/{key}/autoprovisioning", delete),
    ]
}

/// Why a connection that is on sends nothing, or null.
pub(super) fn halt_json(halt: Option<&Halt>) -> Value {
    halt.map_or(Value::Null, |halt| json!({ "reason": halt.reason, "message": halt.message, "since": instant(Some(halt.since)) }))
}

/// What the app announces of itself, as it was last read.
fn announcement_json(kept: &Announcement) -> Value {
    json!({ "read_at": instant(Some(kept.read_at)), "announced": kept.announced, "message": kept.message })
}

async fn connection_json(store: &Store, connection: &Connection) -> Result<Value, Problem> {
    let details = connections::details(store, connection.id).await?;
    let announcement = apps::announcement::get(store, connection.id).await?;
    let mut body = serde_json::to_value(autoprovisioning_entry(store, connection).await?).map_err(StoreError::from)?;
    let extra = json!({
        "id": connection.id,
        "app_id": connection.app_id,
        "status": status_word(connection.status),
        "halted": halt_json(connection.halt.as_ref()),
        "has_token": details.has_credential,
        "token_set_at": instant(details.credential_set_at),
        "created_at": instant(Some(details.created_at)),
        "last_pass_at": instant(details.last_pass_at),
        "token_expires_at": instant(apps::token_expiry::get(store, connection.id).await?),
        "announcement": announcement.as_ref().map(announcement_json),
        "warnings": warnings(&connection.config),
        "revision": connection.revision,
    });
    if let (Some(body), Value::Object(extra)) = (body.as_object_mut(), extra) {
        body.extend(extra);
    }
    Ok(body)
}

async fn show(State(server): State<Server>, At(key): At<String>) -> Answer {
    let (_, connection) = connected(&server.store, &key).await?;
    tagged(connection.revision, &connection_json(&server.store, &connection).await?)
}

/// Takes `token` out of a body of parts, so that one list of parts serves every request.
fn take_token(body: &mut Map<String, Value>) -> Option<Secret> {
    match body.remove("token") {
        Some(Value::String(token)) => Some(Secret::new(token)),
        Some(_) | None => None,
    }
}

pub(super) fn parts_of(body: Map<String, Value>) -> Result<Parts, Problem> {
    let read = serde_json::from_value(Value::Object(body));
    read.map_err(|error| Problem::of(ProblemKind::BadRequest, format!("the body cannot be read: {error}")))
}

async fn configure(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
    Body(mut body): Body<Map<String, Value>>,
) -> Answer {
    let store = &server.store;
    let app = apps::find(store, &key).await?;
    let token = take_token(&mut body);
    let parts = parts_of(body)?;
    if connections::of_app(store, app.id).await?.is_some() {
        let detail = "autoprovisioning is configured for this app already: edit it with PATCH, or delete the configuration first";
        return Err(Problem::of(ProblemKind::Conflict, detail));
    }
    let unknown = || StoreError::Corrupt(format!("the catalogue has no app \"{}\"", app.catalogue));
    let profile = profile(&app.catalogue).ok_or_else(unknown)?;
    let token = token.ok_or_else(|| Problem::of(ProblemKind::Invalid, "the access token is missing: send it as \"token\""))?;
    let config = parts.over(&server, profile, None).await?;
    let connection = connections::configure(store, &caller.actor, app.id, config, &token).await?;
    created(connection.revision, &connection_json(store, &connection).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EditParams {
    #[serde(default)]
    confirm_earlier_removals: bool,
    confirm: Option<String>,
    #[serde(default)]
    yes: bool,
}

/// Answers the configuration and the plan of what the edit does. While the app is on, the plan is confirmed first where it must be;
/// while it is off, turning it on asks.
async fn edit(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
    Params(params): Params<EditParams>,
    IfMatch(expected): IfMatch,
    Body(parts): Body<Parts>,
) -> Answer {
    let store = &server.store;
    let (app, connection) = connected(store, &key).await?;
    // What was read is what the parts are put over, and what is planned is what is edited.
    apps::check_revision("the connection", connection.revision, expected)?;
    let config = parts.over(&server, connection.profile, Some(&connection.config)).await?;
    let earlier = params.confirm_earlier_removals;
    let proposed = connections::previewed(store, &connection, config.clone(), earlier).await?;
    let changes = proposed.config != connection.config;
    let rules = if changes { load_rules_for(store, app, proposed).await? } else { load_rules(store, connection.id).await? };
    let asks = changes && connection.status == ConnectionStatus::Active;
    let confirmation = Confirmation { confirm: params.confirm, yes: params.yes };
    let plan = confirmed(store, &rules, &confirmation, asks, "the edit").await?;
    let edited = connections::edit(store, &caller.actor, connection.id, Some(connection.revision), config, earlier).await?;
    let mut body = connection_json(store, &edited).await?;
    body["plan"] = json!(plan);
    tagged(edited.revision, &body)
}

async fn delete(State(server): State<Server>, Extension(caller): Extension<Principal>, At(key): At<String>) -> Answer {
    let (_, connection) = connected(&server.store, &key).await?;
    connections::delete_configuration(&server.store, &caller.actor, connection.id).await?;
    done()
}

/// The body of the verbs that answer with the connection.
pub(super) async fn answer(store: &Store, connection: &Connection) -> Answer {
    ok(connection_json(store, connection).await?)
}
