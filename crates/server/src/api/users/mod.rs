//! Users.

pub(super) mod attributes;

use super::extract::{At, Body, IfMatch, Params};
use super::json::{Answer, created, instant, ok, page, page_limit, tagged};
use super::{Problem, ProblemKind, Route, change, read};
use crate::Server;
use crate::access::Principal;
use axum::Extension;
use axum::extract::State;
use axum::http::Method;
use provost_core::directory::{User, UserState};
use provost_core::ids::OrgUnitId;
use provost_store::directory::users::{self, NewUser, UserEdit, UserQuery};
use provost_store::directory::{groups, org_units};
use provost_store::{Store, StoreError};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

pub(super) fn routes() -> Vec<Route> {
    vec![
        read("/users", list),
        change(Method::POST, "/users", add),
        read("/users/{key}", show),
        change(Method::PATCH, "/users/{key}", edit),
        change(Method::DELETE, "/users/{key}", delete),
        read("/users/{key}/groups", groups_of),
        change(Method::POST, "/users/{key}/suspend", suspend),
        change(Method::POST, "/users/{key}/unsuspend", unsuspend),
        change(Method::POST, "/users/{key}/archive", archive),
        change(Method::POST, "/users/{key}/unarchive", unarchive),
        change(Method::POST, "/users/{key}/restore", restore),
    ]
}

fn user_json(user: &User, org_unit: Option<&str>) -> Value {
    json!({
        "id": user.id,
        "primary_email": user.primary_email,
        "given_name": user.given_name,
        "family_name": user.family_name,
        "full_name": user.full_name(),
        "org_unit": org_unit,
        "state": user.status.state().word(),
        "suspended_since": instant(user.status.suspended.as_ref().map(|suspension| suspension.since)),
        "suspension_reason": user.status.suspended.as_ref().map(|suspension| &suspension.reason),
        "archived_since": instant(user.status.archived_since),
        "deleted_since": instant(user.status.deleted_since),
        "attributes": user.attributes,
        "created_at": instant(Some(user.created_at)),
        "revision": user.revision,
    })
}

async fn with_path(store: &Store, user: &User) -> Result<Value, Problem> {
    match org_units::get(store, user.org_unit).await {
        Ok(unit) => Ok(user_json(user, Some(&unit.path))),
        // A deleted user's org unit may be gone.
        Err(StoreError::NotFound { .. }) => Ok(user_json(user, None)),
        Err(error) => Err(error.into()),
    }
}

async fn answer(store: &Store, user: User) -> Answer {
    tagged(user.revision, &with_path(store, &user).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListParams {
    #[serde(default)]
    text: String,
    state: Option<UserState>,
    org_unit: Option<String>,
    group: Option<String>,
    after: Option<String>,
    limit: Option<usize>,
}

async fn list(State(server): State<Server>, Params(params): Params<ListParams>) -> Answer {
    let store = &server.store;
    let org_unit = match &params.org_unit {
        Some(path) => Some(org_units::find_by_path(store, path).await?.id),
        None => None,
    };
    let group = match &params.group {
        Some(key) => Some(groups::find(store, key).await?.id),
        None => None,
    };
    let (text, state, after, limit) = (params.text, params.state, params.after, page_limit(params.limit));
    let found = users::list(store, &UserQuery { text, state, org_unit, group, after, limit }).await?;
    let units = org_units::list_all(store).await?;
    let paths: BTreeMap<OrgUnitId, String> = units.into_iter().map(|unit| (unit.id, unit.path)).collect();
    ok(page(found, |user| user_json(&user, paths.get(&user.org_unit).map(String::as_str))))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Added {
    primary_email: String,
    given_name: String,
    family_name: String,
    #[serde(default = "root")]
    org_unit: String,
    #[serde(default)]
    attributes: Map<String, Value>,
    #[serde(default)]
    set: Map<String, Value>,
}

fn root() -> String {
    "/".to_owned()
}

async fn add(State(server): State<Server>, Extension(caller): Extension<Principal>, Body(new): Body<Added>) -> Answer {
    let mut attributes = new.attributes;
    attributes::set_all(&mut attributes, &new.set)?;
    let (primary_email, given_name, family_name) = (new.primary_email, new.given_name, new.family_name);
    let new = NewUser { primary_email, given_name, family_name, org_unit_path: new.org_unit, attributes };
    let user = users::add(&server.store, &caller.actor, new).await?;
    created(user.revision, &with_path(&server.store, &user).await?)
}

async fn show(State(server): State<Server>, At(key): At<String>) -> Answer {
    answer(&server.store, users::find(&server.store, &key).await?).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edited {
    primary_email: Option<String>,
    given_name: Option<String>,
    family_name: Option<String>,
    org_unit: Option<String>,
    attributes: Option<Map<String, Value>>,
    /// Directory attributes by their names or the ends of them: `{"title": "CTO"}`; null removes.
    #[serde(default)]
    set: Map<String, Value>,
}

async fn edit(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
    IfMatch(expected): IfMatch,
    Body(mut edited): Body<Edited>,
) -> Answer {
    let user = users::find(&server.store, &key).await?;
    let mut expected = expected;
    for (name, field) in [
        ("primary_email", &mut edited.primary_email),
        ("given_name", &mut edited.given_name),
        ("family_name", &mut edited.family_name),
        ("org_unit", &mut edited.org_unit),
    ] {
        if let Some(value) = edited.set.remove(name) {
            let text = value.as_str().map(str::to_owned);
            let text = text.ok_or_else(|| Problem::of(ProblemKind::Invalid, format!("{name} cannot be removed: give a text")))?;
            *field = Some(text);
        }
    }
    if !edited.set.is_empty() {
        let mut attributes = edited.attributes.unwrap_or_else(|| user.attributes.clone());
        attributes::set_all(&mut attributes, &edited.set)?;
        edited.attributes = Some(attributes);
        // The attributes that were read are what the values were set in.
        expected = expected.or(Some(user.revision));
    }
    let edit = UserEdit {
        primary_email: edited.primary_email,
        given_name: edited.given_name,
        family_name: edited.family_name,
        org_unit_path: edited.org_unit,
        attributes: edited.attributes,
    };
    answer(&server.store, users::edit(&server.store, &caller.actor, user.id, expected, edit).await?).await
}

async fn delete(State(server): State<Server>, Extension(caller): Extension<Principal>, At(key): At<String>) -> Answer {
    let user = users::find(&server.store, &key).await?;
    answer(&server.store, users::delete(&server.store, &caller.actor, user.id).await?).await
}

async fn groups_of(State(server): State<Server>, At(key): At<String>) -> Answer {
    let user = users::find(&server.store, &key).await?;
    let groups = groups::groups_of_user(&server.store, user.id).await?;
    let item = |(group, direct): (provost_core::directory::Group, bool)| json!({ "id": group.id, "email": group.email, "name": group.name, "direct": direct });
    ok(json!({ "items": groups.into_iter().map(item).collect::<Vec<_>>(), "next": null }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Suspended {
    #[serde(default)]
    reason: String,
}

async fn suspend(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
    Body(why): Body<Suspended>,
) -> Answer {
    let user = users::find(&server.store, &key).await?;
    answer(&server.store, users::suspend(&server.store, &caller.actor, user.id, &why.reason).await?).await
}

async fn unsuspend(State(server): State<Server>, Extension(caller): Extension<Principal>, At(key): At<String>) -> Answer {
    let user = users::find(&server.store, &key).await?;
    answer(&server.store, users::unsuspend(&server.store, &caller.actor, user.id).await?).await
}

async fn archive(State(server): State<Server>, Extension(caller): Extension<Principal>, At(key): At<String>) -> Answer {
    let user = users::find(&server.store, &key).await?;
    answer(&server.store, users::archive(&server.store, &caller.actor, user.id).await?).await
}

async fn unarchive(State(server): State<Server>, Extension(caller): Extension<Principal>, At(key): At<String>) -> Answer {
    let user = users::find(&server.store, &key).await?;
    answer(&server.store, users::unarchive(&server.store, &caller.actor, user.id).await?).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Restored {
    org_unit: Option<String>,
}

async fn restore(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
    Body(restored): Body<Restored>,
) -> Answer {
    let user = users::find_deleted(&server.store, &key).await?;
    let org_unit = restored.org_unit.as_deref();
    answer(&server.store, users::restore(&server.store, &caller.actor, user.id, org_unit).await?).await
}
