//! Org units and domains.

use super::ProblemKind::{Conflict, Invalid, NotFound};
use super::extract::{At, Body, Params};
use super::json::{Answer, CreatedPlain, Done, Listed, Shown, done, ok, whole};
use super::{Noun, Problem, ProblemKind, change, read};
use crate::Server;
use crate::access::Principal;
use axum::Extension;
use axum::extract::State;
use axum::http::Method;
use provost_core::directory::{Domain, DomainKind, OrgUnit};
use provost_core::ids::{DomainId, OrgUnitId};
use provost_store::directory::{domains, org_units, users};
use provost_store::{Store, StoreError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(super) fn routes() -> [Noun; 2] {
    let units = Noun {
        name: "Org units",
        about: "The tree of organizational units. Each can be named by its id, or by its path behind `?path=`.",
        routes: vec![
            read("/org-units", "List org units", list_units).told("All of them, each behind the one it stands in."),
            change(Method::POST, "/org-units", "Add an org unit", add_unit)
                .sending(r#"{"parent":"/","name":"Sales"}"#)
                .refuses(&[NotFound, Conflict, Invalid]),
            change(Method::PATCH, "/org-units", "Rename or move the org unit at a path", edit_unit_at)
                .sending(r#"{"parent":"/","name":"Trade"}"#)
                .refuses(&[NotFound, Conflict, Invalid]),
            change(Method::DELETE, "/org-units", "Delete the org unit at a path", delete_unit_at)
                .told("Only an empty one: without users and units below.")
                .refuses(&[NotFound, Conflict, Invalid]),
            change(Method::PATCH, "/org-units/{id}", "Rename or move an org unit", edit_unit)
                .sending(r#"{"name":"Trade"}"#)
                .refuses(&[Conflict, Invalid]),
            change(Method::DELETE, "/org-units/{id}", "Delete an org unit", delete_unit)
                .told("Only an empty one: without users and units below.")
                .refuses(&[Conflict, Invalid]),
        ],
    };
    let domains = Noun {
        name: "Domains",
        about: "The domains in which users and groups may have addresses.",
        routes: vec![
            read("/domains", "List domains", list_domains),
            change(Method::POST, "/domains", "Add a domain", add_domain)
                .sending(r#"{"name":"example.org","kind":"secondary"}"#)
                .refuses(&[Conflict, Invalid]),
            change(Method::PATCH, "/domains/{name}", "Change what a domain is", edit_domain)
                .sending(r#"{"kind":"alias"}"#)
                .refuses(&[Conflict, Invalid]),
            change(Method::DELETE, "/domains/{name}", "Remove a domain", remove_domain).refuses(&[Conflict, Invalid]),
        ],
    };
    [units, domains]
}

/// An organizational unit.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OrgUnit")]
struct UnitBody {
    id: OrgUnitId,
    /// The unit above; null for the root.
    parent_id: Option<OrgUnitId>,
    /// The last part of the path; empty for the root.
    name: String,
    /// `/Sales/EMEA`; `/` for the root.
    path: String,
}

fn unit_body(unit: OrgUnit) -> UnitBody {
    UnitBody { id: unit.id, parent_id: unit.parent, name: unit.name, path: unit.path }
}

/// An organizational unit, with the number of its users.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OrgUnitWithUsers")]
struct CountedUnit {
    #[serde(flatten)]
    unit: UnitBody,
    /// Users in the unit itself.
    users: u64,
}

async fn list_units(State(server): State<Server>) -> Answer<Shown<Listed<CountedUnit>>> {
    let units = org_units::list_all(&server.store).await?;
    let counts = users::count_by_unit(&server.store).await?;
    let item = |unit: OrgUnit| {
        let users = counts.get(&unit.id).copied().unwrap_or(0);
        CountedUnit { unit: unit_body(unit), users }
    };
    ok(whole(units.into_iter().map(item).collect()))
}

/// An org unit to be added.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewOrgUnit")]
struct AddedUnit {
    /// The path of the unit above.
    parent: String,
    name: String,
}

async fn add_unit(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    Body(new): Body<AddedUnit>,
) -> Answer<CreatedPlain<UnitBody>> {
    let unit = org_units::add(&server.store, &caller.actor, &new.parent, &new.name).await?;
    Ok(CreatedPlain(unit_body(unit)))
}

/// What to change of an org unit; what is left out stays.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "OrgUnitEdit")]
struct EditedUnit {
    /// Moves the unit below the one at this path.
    parent: Option<String>,
    /// Renames it.
    name: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct UnitPath {
    /// The org unit's path.
    #[schemars(example = "/Sales")]
    path: String,
}

async fn unit_by_id(store: &Store, id: &str) -> Result<OrgUnit, Problem> {
    let not_found = || StoreError::NotFound { what: "org unit", key: id.to_owned() };
    let id = id.parse().map_err(|_| not_found())?;
    Ok(org_units::get(store, id).await?)
}

async fn change_unit(server: &Server, caller: &Principal, unit: OrgUnit, edited: EditedUnit) -> Answer<Shown<UnitBody>> {
    let (store, by) = (&server.store, &caller.actor);
    let name = edited.name.as_deref();
    let unit = match edited.parent {
        Some(parent) => org_units::move_(store, by, unit.id, &parent, name.unwrap_or(&unit.name)).await?,
        None => match name {
            Some(name) => org_units::rename(store, by, unit.id, name).await?,
            None => unit,
        },
    };
    ok(unit_body(unit))
}

async fn edit_unit(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(id): At<String>,
    Body(edited): Body<EditedUnit>,
) -> Answer<Shown<UnitBody>> {
    let unit = unit_by_id(&server.store, &id).await?;
    change_unit(&server, &caller, unit, edited).await
}

async fn edit_unit_at(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    Params(at): Params<UnitPath>,
    Body(edited): Body<EditedUnit>,
) -> Answer<Shown<UnitBody>> {
    let unit = org_units::find_by_path(&server.store, &at.path).await?;
    change_unit(&server, &caller, unit, edited).await
}

async fn delete_unit(State(server): State<Server>, Extension(caller): Extension<Principal>, At(id): At<String>) -> Answer<Done> {
    let unit = unit_by_id(&server.store, &id).await?;
    org_units::delete(&server.store, &caller.actor, unit.id).await?;
    done()
}

async fn delete_unit_at(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    Params(at): Params<UnitPath>,
) -> Answer<Done> {
    let unit = org_units::find_by_path(&server.store, &at.path).await?;
    org_units::delete(&server.store, &caller.actor, unit.id).await?;
    done()
}

/// A domain of the organization.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Domain")]
struct DomainBody {
    id: DomainId,
    /// In lower case.
    name: String,
    kind: DomainKind,
}

fn domain_body(domain: Domain) -> DomainBody {
    DomainBody { id: domain.id, name: domain.name, kind: domain.kind }
}

async fn list_domains(State(server): State<Server>) -> Answer<Shown<Listed<DomainBody>>> {
    let domains = domains::list(&server.store).await?;
    ok(whole(domains.into_iter().map(domain_body).collect()))
}

/// A domain to be added.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewDomain")]
struct AddedDomain {
    name: String,
    kind: DomainKind,
}

async fn add_domain(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    Body(new): Body<AddedDomain>,
) -> Answer<CreatedPlain<DomainBody>> {
    let domain = domains::add(&server.store, &caller.actor, &new.name, new.kind).await?;
    Ok(CreatedPlain(domain_body(domain)))
}

async fn domain_named(store: &Store, name: &str) -> Result<Domain, Problem> {
    let wanted = name.trim().to_lowercase();
    let found = domains::list(store).await?.into_iter().find(|domain| domain.name == wanted || domain.id.to_string() == wanted);
    found.ok_or_else(|| Problem::of(ProblemKind::NotFound, format!("there is no domain \"{name}\"")))
}

/// What the domain is to be.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DomainEdit")]
struct EditedDomain {
    kind: DomainKind,
}

async fn edit_domain(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(name): At<String>,
    Body(edited): Body<EditedDomain>,
) -> Answer<Shown<DomainBody>> {
    let domain = domain_named(&server.store, &name).await?;
    ok(domain_body(domains::set_kind(&server.store, &caller.actor, domain.id, edited.kind).await?))
}

async fn remove_domain(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(name): At<String>,
) -> Answer<Done> {
    let domain = domain_named(&server.store, &name).await?;
    domains::remove(&server.store, &caller.actor, domain.id).await?;
    done()
}
