//! Org units and domains.

use super::extract::{At, Body, Params};
use super::json::{Answer, done, ok};
use super::{Problem, ProblemKind, Route, change, read};
use crate::Server;
use crate::access::Principal;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::IntoResponse;
use axum::{Extension, Json};
use provost_core::directory::{Domain, DomainKind, OrgUnit};
use provost_store::directory::{domains, org_units, users};
use provost_store::{Store, StoreError};
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) fn routes() -> Vec<Route> {
    vec![
        read("/org-units", list_units),
        change(Method::POST, "/org-units", add_unit),
        change(Method::PATCH, "/org-units", edit_unit_at),
        change(Method::DELETE, "/org-units", delete_unit_at),
        change(Method::PATCH, "/org-units/{id}", edit_unit),
        change(Method::DELETE, "/org-units/{id}", delete_unit),
        read("/domains", list_domains),
        change(Method::POST, "/domains", add_domain),
        change(Method::PATCH, "/domains/{name}", edit_domain),
        change(Method::DELETE, "/domains/{name}", remove_domain),
    ]
}

fn unit_json(unit: &OrgUnit) -> Value {
    json!({ "id": unit.id, "parent_id": unit.parent, "name": unit.name, "path": unit.path })
}

async fn list_units(State(server): State<Server>) -> Answer {
    let units = org_units::list_all(&server.store).await?;
    let counts = users::count_by_unit(&server.store).await?;
    let item = |unit: &OrgUnit| {
        let mut body = unit_json(unit);
        body["users"] = json!(counts.get(&unit.id).copied().unwrap_or(0));
        body
    };
    ok(json!({ "items": units.iter().map(item).collect::<Vec<_>>(), "next": null }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddedUnit {
    parent: String,
    name: String,
}

async fn add_unit(State(server): State<Server>, Extension(caller): Extension<Principal>, Body(new): Body<AddedUnit>) -> Answer {
    let unit = org_units::add(&server.store, &caller.actor, &new.parent, &new.name).await?;
    Ok((StatusCode::CREATED, Json(unit_json(&unit))).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EditedUnit {
    parent: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnitPath {
    path: String,
}

async fn unit_by_id(store: &Store, id: &str) -> Result<OrgUnit, Problem> {
    let not_found = || StoreError::NotFound { what: "org unit", key: id.to_owned() };
    let id = id.parse().map_err(|_| not_found())?;
    Ok(org_units::get(store, id).await?)
}

async fn change_unit(server: &Server, caller: &Principal, unit: OrgUnit, edited: EditedUnit) -> Answer {
    let (store, by) = (&server.store, &caller.actor);
    let name = edited.name.as_deref();
    let unit = match edited.parent {
        Some(parent) => org_units::move_(store, by, unit.id, &parent, name.unwrap_or(&unit.name)).await?,
        None => match name {
            Some(name) => org_units::rename(store, by, unit.id, name).await?,
            None => unit,
        },
    };
    ok(unit_json(&unit))
}

async fn edit_unit(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(id): At<String>,
    Body(edited): Body<EditedUnit>,
) -> Answer {
    let unit = unit_by_id(&server.store, &id).await?;
    change_unit(&server, &caller, unit, edited).await
}

async fn edit_unit_at(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    Params(at): Params<UnitPath>,
    Body(edited): Body<EditedUnit>,
) -> Answer {
    let unit = org_units::find_by_path(&server.store, &at.path).await?;
    change_unit(&server, &caller, unit, edited).await
}

async fn delete_unit(State(server): State<Server>, Extension(caller): Extension<Principal>, At(id): At<String>) -> Answer {
    let unit = unit_by_id(&server.store, &id).await?;
    org_units::delete(&server.store, &caller.actor, unit.id).await?;
    done()
}

async fn delete_unit_at(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    Params(at): Params<UnitPath>,
) -> Answer {
    let unit = org_units::find_by_path(&server.store, &at.path).await?;
    org_units::delete(&server.store, &caller.actor, unit.id).await?;
    done()
}

fn domain_json(domain: &Domain) -> Value {
    json!({ "id": domain.id, "name": domain.name, "kind": domain.kind.word() })
}

async fn list_domains(State(server): State<Server>) -> Answer {
    let domains = domains::list(&server.store).await?;
    ok(json!({ "items": domains.iter().map(domain_json).collect::<Vec<_>>(), "next": null }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddedDomain {
    name: String,
    kind: DomainKind,
}

async fn add_domain(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    Body(new): Body<AddedDomain>,
) -> Answer {
    let domain = domains::add(&server.store, &caller.actor, &new.name, new.kind).await?;
    Ok((StatusCode::CREATED, Json(domain_json(&domain))).into_response())
}

async fn domain_named(store: &Store, name: &str) -> Result<Domain, Problem> {
    let wanted = name.trim().to_lowercase();
    let found = domains::list(store).await?.into_iter().find(|domain| domain.name == wanted || domain.id.to_string() == wanted);
    found.ok_or_else(|| Problem::of(ProblemKind::NotFound, format!("there is no domain \"{name}\"")))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EditedDomain {
    kind: DomainKind,
}

async fn edit_domain(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(name): At<String>,
    Body(edited): Body<EditedDomain>,
) -> Answer {
    let domain = domain_named(&server.store, &name).await?;
    ok(domain_json(&domains::set_kind(&server.store, &caller.actor, domain.id, edited.kind).await?))
}

async fn remove_domain(State(server): State<Server>, Extension(caller): Extension<Principal>, At(name): At<String>) -> Answer {
    let domain = domain_named(&server.store, &name).await?;
    domains::remove(&server.store, &caller.actor, domain.id).await?;
    done()
}
