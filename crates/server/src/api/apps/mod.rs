//! Apps: what they are, for whom they are ON, and their autoprovisioning.

mod accounts;
mod configuration;
mod drift;
mod held;
mod plans;
mod status;
mod switches;

use super::extract::{At, Body, IfMatch, Params};
use super::json::{Answer, created, done, ok, tagged};
use super::{Problem, ProblemKind, Route, change, read};
use crate::Server;
use crate::access::Principal;
use crate::config::{AccessEntry, access_entry, resolve_access};
use crate::confirmation::Confirmation;
use axum::Extension;
use axum::extract::State;
use axum::http::Method;
use provost_core::app::{App, Connection, ConnectionStatus, SsoDetails};
use provost_store::accounts::{Rules, load_rules_for};
use provost_store::apps::{self, AppEdit, connections};
use provost_store::planning::{self, Plan};
use provost_store::{Store, StoreError};
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) fn routes() -> Vec<Route> {
    let mut routes = vec![
        read("/apps", list),
        change(Method::POST, "/apps", add),
        read("/apps/{key}", show),
        change(Method::PATCH, "/apps/{key}", edit),
        change(Method::DELETE, "/apps/{key}", delete),
        change(Method::PUT, "/apps/{key}/sso", set_sso),
        change(Method::PUT, "/apps/{key}/access", set_access),
    ];
    routes.extend(configuration::routes());
    routes.extend(switches::routes());
    routes.extend(status::routes());
    routes.extend(plans::routes());
    routes.extend(accounts::routes());
    routes.extend(held::routes());
    routes.extend(drift::routes());
    routes
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

const fn status_word(status: ConnectionStatus) -> &'static str {
    match status {
        ConnectionStatus::Active => "active",
        ConnectionStatus::Inactive => "inactive",
    }
}

async fn app_json(store: &Store, app: &App) -> Result<Value, Problem> {
    let connection = connections::of_app(store, app.id).await?;
    Ok(json!({
        "id": app.id,
        "name": app.name,
        "catalogue": app.catalogue,
        "sso": app.sso,
        "access": access_entry(store, &app.access).await?,
        "autoprovisioning": connection.map_or("not_configured", |connection| status_word(connection.status)),
        "revision": app.revision,
    }))
}

async fn answer(store: &Store, app: App) -> Answer {
    tagged(app.revision, &app_json(store, &app).await?)
}

async fn list(State(server): State<Server>) -> Answer {
    let mut items = Vec::new();
    for app in apps::list(&server.store).await? {
        items.push(app_json(&server.store, &app).await?);
    }
    ok(json!({ "items": items, "next": null }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Added {
    name: String,
    catalogue: String,
}

async fn add(State(server): State<Server>, Extension(caller): Extension<Principal>, Body(new): Body<Added>) -> Answer {
    let app = apps::create(&server.store, &caller.actor, &new.name, &new.catalogue).await?;
    created(app.revision, &app_json(&server.store, &app).await?)
}

async fn show(State(server): State<Server>, At(key): At<String>) -> Answer {
    answer(&server.store, apps::find(&server.store, &key).await?).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edited {
    name: Option<String>,
}

async fn edit(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
    IfMatch(expected): IfMatch,
    Body(edited): Body<Edited>,
) -> Answer {
    let app = apps::find(&server.store, &key).await?;
    let edit = AppEdit { name: edited.name, sso: None };
    answer(&server.store, apps::edit(&server.store, &caller.actor, app.id, expected, edit).await?).await
}

async fn delete(State(server): State<Server>, Extension(caller): Extension<Principal>, At(key): At<String>) -> Answer {
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
) -> Answer {
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
) -> Answer {
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
