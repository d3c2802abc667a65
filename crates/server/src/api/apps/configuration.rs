//! The autoprovisioning configuration: configure, read, edit, delete.

use super::{confirmed, connected, status, switches};
use crate::Server;
use crate::access::Principal;
use crate::api::ProblemKind::{Conflict, Invalid, NeedsConfirmation};
use crate::api::extract::{At, Body, IfMatch, Params};
use crate::api::json::{Answer, Created, Done, Shown, Tagged, created, done, instant, ok, tagged};
use crate::api::reference::without_null;
use crate::api::{Noun, Problem, ProblemKind, change, read};
use crate::config::{AutoprovisioningEntry, Parts, autoprovisioning_entry, warnings};
use crate::confirmation::Confirmation;
use axum::Extension;
use axum::extract::State;
use axum::http::Method;
use provost_core::app::{Announced, Connection, ConnectionStatus, Halt, HaltReason, profile};
use provost_core::ids::{AppId, ConnectionId};
use provost_core::time::Rfc3339;
use provost_platform::Secret;
use provost_store::accounts::{load_rules, load_rules_for};
use provost_store::apps::announcement::Announcement;
use provost_store::apps::{self, connections};
use provost_store::planning::Plan;
use provost_store::{Store, StoreError};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::borrow::Cow;

pub(super) fn routes() -> Noun {
    let mut routes = vec![
        read("/apps/{key}/autoprovisioning", "Show the configuration", show).refuses(&[Invalid]),
        change(Method::PUT, "/apps/{key}/autoprovisioning", "Configure autoprovisioning", configure)
            .told("For an app that is not configured yet. It begins turned off. A part that is left out is as the catalogue has it.")
            .sending(r#"{"endpoint":"https://tenant.goskope.com/SCIM/v2/abc","token":"TOKEN","scope":"everyone"}"#)
            .refuses(&[Conflict, Invalid]),
        change(Method::PATCH, "/apps/{key}/autoprovisioning", "Edit the configuration", edit)
            .told(
                "A part that is left out stays as it is. While autoprovisioning is on, a plan that removes somebody, creates for many \
                 or lets users fail must be confirmed. The answer holds the plan of what the edit does.",
            )
            .sending(r#"{"deprovisioning":{"suspended":{"delete_after":"21d"}}}"#)
            .refuses(&[Conflict, Invalid, NeedsConfirmation]),
        change(Method::DELETE, "/apps/{key}/autoprovisioning", "Delete the configuration", delete)
            .told("With the token and the records of accounts. Nothing is sent, and the app's accounts stay usable.")
            .refuses(&[Conflict, Invalid]),
    ];
    routes.extend(switches::routes());
    routes.push(status::route());
    Noun { name: "Autoprovisioning", about: "The connection of an app: how it is set, and whether it is on.", routes }
}

/// Why a connection that is on sends nothing.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Halt")]
pub(super) struct HaltBody {
    reason: HaltReason,
    /// The app's words.
    message: String,
    since: Rfc3339,
}

pub(super) fn halt_body(halt: &Halt) -> HaltBody {
    HaltBody { reason: halt.reason, message: halt.message.clone(), since: Rfc3339(halt.since) }
}

/// What the app announces of itself, as it was last read.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Announcement")]
struct AnnouncementBody {
    read_at: Rfc3339,
    /// Null where the app announces nothing that could be read.
    announced: Option<Announced>,
    /// What came of the reading, where there is something to say.
    message: Option<String>,
}

/// The configuration of a connection, as it is set, with what is known of it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Connection", transform = without_token_sources)]
pub(super) struct ConnectionBody {
    #[serde(flatten)]
    entry: AutoprovisioningEntry,
    id: ConnectionId,
    app_id: AppId,
    /// Null while nothing is in the way.
    halted: Option<HaltBody>,
    has_token: bool,
    token_set_at: Option<Rfc3339>,
    created_at: Rfc3339,
    /// When the last full pass ended.
    last_pass_at: Option<Rfc3339>,
    /// When the token ends, where somebody has said so.
    token_expires_at: Option<Rfc3339>,
    announcement: Option<AnnouncementBody>,
    /// What is legal and may surprise.
    warnings: Vec<String>,
    /// Raised by every edit; the `ETag`.
    revision: i64,
}

/// Where a command finds the token is said in files only; all other parts are always shown, though files may leave them out.
fn without_token_sources(schema: &mut Schema) {
    let required = schema.get("required").cloned().unwrap_or_default();
    let Some(Value::Object(properties)) = schema.get_mut("properties") else { return };
    properties.retain(|name, _| name != "token_file" && name != "token_env");
    let of_file = |name: &str| !required.as_array().is_some_and(|names| names.iter().any(|other| other == name));
    properties.iter_mut().filter(|(name, _)| of_file(name)).for_each(|(_, part)| *part = without_null(part));
    let shown = properties.keys().cloned().map(Value::String).collect();
    schema.insert("required".to_owned(), shown);
}

async fn connection_body(store: &Store, connection: &Connection) -> Result<ConnectionBody, Problem> {
    let details = connections::details(store, connection.id).await?;
    let announcement = apps::announcement::get(store, connection.id).await?;
    Ok(ConnectionBody {
        entry: autoprovisioning_entry(store, connection).await?,
        id: connection.id,
        app_id: connection.app_id,
        halted: connection.halt.as_ref().map(halt_body),
        has_token: details.has_credential,
        token_set_at: instant(details.credential_set_at),
        created_at: Rfc3339(details.created_at),
        last_pass_at: instant(details.last_pass_at),
        token_expires_at: instant(apps::token_expiry::get(store, connection.id).await?),
        announcement: announcement.map(|Announcement { read_at, announced, message }| AnnouncementBody {
            read_at: Rfc3339(read_at),
            announced,
            message,
        }),
        warnings: warnings(&connection.config),
        revision: connection.revision,
    })
}

async fn show(State(server): State<Server>, At(key): At<String>) -> Answer<Tagged<ConnectionBody>> {
    let (_, connection) = connected(&server.store, &key).await?;
    tagged(connection.revision, connection_body(&server.store, &connection).await?)
}

/// [`Parts`], and `token` among them.
#[derive(Deserialize)]
#[serde(transparent)]
struct NewConfiguration(Map<String, Value>);

impl JsonSchema for NewConfiguration {
    fn schema_name() -> Cow<'static, str> {
        "NewConfiguration".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = Parts::json_schema(generator);
        let token = json!({ "type": "string", "description": "The app's access token. It is sealed, and never shown again." });
        if let Some(Value::Object(properties)) = schema.get_mut("properties") {
            properties.insert("token".to_owned(), token);
        }
        schema.insert("required".to_owned(), json!(["endpoint", "token"]));
        schema
    }
}

/// Takes `token` out of a body of parts, so that one list of parts serves every request.
fn take_token(body: &mut Map<String, Value>) -> Result<Option<Secret>, Problem> {
    match body.remove("token") {
        Some(Value::String(token)) => Ok(Some(connections::read_token(&token)?)),
        None | Some(Value::Null) => Ok(None),
        Some(_) => Err(Problem::of(ProblemKind::BadRequest, "the body cannot be read: token is a text")),
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
    Body(NewConfiguration(mut body)): Body<NewConfiguration>,
) -> Answer<Created<ConnectionBody>> {
    let store = &server.store;
    let app = apps::find(store, &key).await?;
    let token = take_token(&mut body)?;
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
    created(connection.revision, connection_body(store, &connection).await?)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct EditParams {
    /// Clocks that run already get no 24 hours' notice of a grace period that became shorter.
    #[serde(default)]
    confirm_earlier_removals: bool,
    /// The hash of the plan that was read.
    confirm: Option<String>,
    /// Yes, whatever the plan is: for scripts that mean it.
    #[serde(default)]
    yes: bool,
}

/// The configuration after an edit, and the plan of what the edit does.
#[derive(Debug, Serialize, JsonSchema)]
struct EditedConnection {
    #[serde(flatten)]
    connection: ConnectionBody,
    plan: Plan,
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
) -> Answer<Tagged<EditedConnection>> {
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
    tagged(edited.revision, EditedConnection { connection: connection_body(store, &edited).await?, plan })
}

async fn delete(State(server): State<Server>, Extension(caller): Extension<Principal>, At(key): At<String>) -> Answer<Done> {
    let (_, connection) = connected(&server.store, &key).await?;
    connections::delete_configuration(&server.store, &caller.actor, connection.id).await?;
    done()
}

/// The body of the verbs that answer with the connection.
pub(super) async fn answer(store: &Store, connection: &Connection) -> Answer<Shown<ConnectionBody>> {
    ok(connection_body(store, connection).await?)
}
