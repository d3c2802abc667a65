//! Apps: what they are, for whom they are ON, and their autoprovisioning.

mod accounts;
mod configuration;
mod drift;
mod held;
mod plans;
mod status;
mod switches;

use super::ProblemKind::{Conflict, Invalid, NeedsConfirmation};
use super::extract::{At, Body, IfMatch, Params};
use super::json::{Answer, Created, Done, Listed, Shown, Tagged, created, done, ok, tagged, whole};
use super::{Noun, Problem, ProblemKind, change, read};
use crate::Server;
use crate::access::Principal;
use crate::config::{AccessEntry, access_entry, resolve_access};
use crate::confirmation::Confirmation;
use axum::Extension;
use axum::extract::State;
use axum::http::Method;
use provost_core::app::{App, Connection, ConnectionStatus, Profile, SsoDetails, catalogue};
use provost_core::ids::AppId;
use provost_store::accounts::{Rules, load_rules_for};
use provost_store::apps::{self, AppEdit, connections};
use provost_store::planning::{self, Plan};
use provost_store::{Store, StoreError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

pub(super) fn routes() -> [Noun; 6] {
    let apps = Noun {
        name: "Apps",
        about: "Apps that users can be given, and for whom each is ON.",
        routes: vec![
            read("/catalogue", "List the catalogue", list_catalogue).told("The apps that can be added: what is known of each one's SCIM."),
            read("/apps", "List apps", list),
            change(Method::POST, "/apps", "Add an app", add)
                .told("`catalogue` is the key of a profile: what is known of the app's SCIM.")
                .sending(r#"{"name":"Netskope","catalogue":"netskope"}"#)
                .refuses(&[Conflict, Invalid]),
            read("/apps/{key}", "Show an app", show),
            change(Method::PATCH, "/apps/{key}", "Rename an app", edit)
                .sending(r#"{"name":"Netskope (EMEA)"}"#)
                .refuses(&[Conflict, Invalid]),
            change(Method::DELETE, "/apps/{key}", "Delete an app", delete)
                .told("Autoprovisioning must be off; its configuration and records go too, and nothing is sent.")
                .refuses(&[Conflict, Invalid]),
            change(Method::PUT, "/apps/{key}/sso", "Set the details of single sign-on", set_sso)
                .sending(r#"{"acs_url":"https://tenant.example/acs","entity_id":"https://tenant.example"}"#)
                .refuses(&[Invalid]),
            change(Method::PUT, "/apps/{key}/access", "Set the service status", set_access)
                .told(
                    "For whom the app is ON. While autoprovisioning is on, a plan that removes somebody, creates for many or lets \
                     users fail must be confirmed.",
                )
                .sending(r#"{"default":"off","groups":{"engineering@example.com":"on"}}"#)
                .refuses(&[Invalid, NeedsConfirmation]),
        ],
    };
    [apps, configuration::routes(), plans::routes(), accounts::routes(), held::routes(), drift::routes()]
}

/// Users in words in the plan that is to be confirmed.
const ENTRIES: usize = 200;

/// Names of apps that are told to whoever has named another.
const NAMES: usize = 20;

/// The app and its connection; without one the answer says that autoprovisioning is not configured.
async fn connected(store: &Store, key: &str) -> Result<(App, Connection), Problem> {
    let app = match apps::find(store, key).await {
        Err(StoreError::NotFound { .. }) => return Err(unknown(store, key).await?),
        found => found?,
    };
    let connection = connections::required_of_app(store, app.id).await?;
    Ok((app, connection))
}

/// A name that no app has is mostly a typing error: the names that there are.
async fn unknown(store: &Store, key: &str) -> Result<Problem, Problem> {
    let names: Vec<String> = apps::list(store).await?.into_iter().take(NAMES).map(|app| format!("\"{}\"", app.name)).collect();
    let known = if names.is_empty() { "there is none yet".to_owned() } else { format!("there are {}", names.join(", ")) };
    Ok(Problem::of(ProblemKind::NotFound, format!("there is no app \"{key}\": {known}")))
}

/// An app of the catalogue.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CatalogueEntry")]
struct ProfileBody {
    /// What a new app names as `catalogue`.
    key: &'static str,
    name: &'static str,
    /// What it is, in a sentence.
    description: &'static str,
    /// The URL of its SCIM, with what is to be filled in in braces.
    endpoint_template: &'static str,
    /// Attributes that must be mapped and must have a value.
    mandatory: &'static [String],
    /// Whether accounts can be suspended.
    suspend: bool,
}

async fn list_catalogue(State(_): State<Server>) -> Answer<Shown<Listed<ProfileBody>>> {
    let item = |profile: &'static Profile| {
        let Profile { key, name, description, endpoint_template, mandatory, suspend, .. } = profile;
        ProfileBody { key, name, description, endpoint_template, mandatory, suspend: *suspend }
    };
    ok(whole(catalogue().iter().map(item).collect()))
}

/// How the autoprovisioning of an app stands.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Autoprovisioning {
    /// There is no configuration.
    NotConfigured,
    /// Turned on.
    Active,
    /// Turned off: deciding and clocks go on, nothing is sent.
    Inactive,
}

/// An app.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "App")]
struct AppBody {
    id: AppId,
    name: String,
    /// The key of its profile.
    catalogue: String,
    /// Null as long as nobody has given them.
    sso: Option<SsoDetails>,
    access: AccessEntry,
    autoprovisioning: Autoprovisioning,
    /// Raised by every change; the `ETag`.
    revision: i64,
}

async fn app_body(store: &Store, app: App) -> Result<AppBody, Problem> {
    let autoprovisioning = match connections::of_app(store, app.id).await?.map(|connection| connection.status) {
        None => Autoprovisioning::NotConfigured,
        Some(ConnectionStatus::Active) => Autoprovisioning::Active,
        Some(ConnectionStatus::Inactive) => Autoprovisioning::Inactive,
    };
    let access = access_entry(store, &app.access).await?;
    let App { id, name, catalogue, sso, revision, .. } = app;
    Ok(AppBody { id, name, catalogue, sso, access, autoprovisioning, revision })
}

async fn answer(store: &Store, app: App) -> Answer<Tagged<AppBody>> {
    tagged(app.revision, app_body(store, app).await?)
}

async fn list(State(server): State<Server>) -> Answer<Shown<Listed<AppBody>>> {
    let mut items = Vec::new();
    for app in apps::list(&server.store).await? {
        items.push(app_body(&server.store, app).await?);
    }
    ok(whole(items))
}

/// An app to be added.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewApp")]
struct Added {
    name: String,
    /// The key of its profile: `netskope`, `generic`.
    catalogue: String,
}

async fn add(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    Body(new): Body<Added>,
) -> Answer<Created<AppBody>> {
    let app = apps::create(&server.store, &caller.actor, &new.name, &new.catalogue).await?;
    created(app.revision, app_body(&server.store, app).await?)
}

async fn show(State(server): State<Server>, At(key): At<String>) -> Answer<Tagged<AppBody>> {
    answer(&server.store, apps::find(&server.store, &key).await?).await
}

/// What to change of an app.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AppEdit")]
struct Edited {
    name: Option<String>,
}

async fn edit(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
    IfMatch(expected): IfMatch,
    Body(edited): Body<Edited>,
) -> Answer<Tagged<AppBody>> {
    let app = apps::find(&server.store, &key).await?;
    let edit = AppEdit { name: edited.name, sso: None };
    answer(&server.store, apps::edit(&server.store, &caller.actor, app.id, expected, edit).await?).await
}

async fn delete(State(server): State<Server>, Extension(caller): Extension<Principal>, At(key): At<String>) -> Answer<Done> {
    let app = apps::find(&server.store, &key).await?;
    apps::delete(&server.store, &caller.actor, app.id).await?;
    done()
}

async fn set_sso(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
    IfMatch(expected): IfMatch,
    Body(sso): Body<SsoDetails>,
) -> Answer<Tagged<AppBody>> {
    let app = apps::find(&server.store, &key).await?;
    answer(&server.store, apps::set_sso(&server.store, &caller.actor, app.id, expected, Some(sso)).await?).await
}

/// While autoprovisioning is on, what it would do is confirmed first, where it must be.
async fn set_access(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
    IfMatch(expected): IfMatch,
    Params(confirmation): Params<Confirmation>,
    Body(entry): Body<AccessEntry>,
) -> Answer<Tagged<AppBody>> {
    let store = &server.store;
    let app = apps::find(store, &key).await?;
    let access = resolve_access(store, &entry).await?;
    // What is planned is what is set.
    apps::check_revision("the app", app.revision, expected)?;
    let on = connections::of_app(store, app.id).await?.filter(|connection| connection.status == ConnectionStatus::Active);
    if let Some(connection) = on.filter(|_| access != app.access) {
        let proposed = App { access: access.clone(), ..app.clone() };
        let rules = load_rules_for(store, proposed, connection).await?;
        confirmed(store, &rules, &confirmation, true, &format!("the service status of \"{}\"", app.name)).await?;
    }
    answer(store, apps::set_access(store, &caller.actor, app.id, Some(app.revision), access).await?).await
}

/// The plan of these rules, confirmed where that is asked for; else the answer is that `what` needs to be, with the plan.
async fn confirmed(store: &Store, rules: &Rules, confirmation: &Confirmation, asks: bool, what: &str) -> Result<Plan, Problem> {
    let plan = planning::plan(store, rules, ENTRIES).await?;
    if confirmation.allows(asks && plan.needs_confirmation, &plan.hash) {
        return Ok(plan);
    }
    Err(Problem::unconfirmed(confirmation.refusal(what, &plan.summary()), json!(plan)))
}
