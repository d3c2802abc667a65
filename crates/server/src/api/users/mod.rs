//! Users.

pub(super) mod attributes;

use super::ProblemKind::{Conflict, Invalid, NotFound};
use super::extract::{At, Body, IfMatch, Params};
use super::json::{Answer, Created, Listed, Shown, Tagged, created, instant, ok, page, page_limit, tagged, whole};
use super::{Noun, Problem, ProblemKind, change, read};
use crate::Server;
use crate::access::Principal;
use axum::Extension;
use axum::extract::State;
use axum::http::Method;
use provost_core::directory::{Group, User, UserState};
use provost_core::ids::{GroupId, OrgUnitId, UserId};
use provost_core::time::Rfc3339;
use provost_store::directory::users::{self, NewUser, UserEdit, UserQuery};
use provost_store::directory::{groups, org_units};
use provost_store::{Store, StoreError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

pub(super) fn routes() -> Noun {
    Noun {
        name: "Users",
        about: "The people of the directory. Every change of them makes their accounts due in every app that is on.",
        routes: vec![
            read("/users", "List users", list).refuses(&[NotFound]),
            change(Method::POST, "/users", "Add a user", add)
                .told("The address must be in a domain of the directory. The org unit is `/` when none is named.")
                .sending(r#"{"primary_email":"ada@example.com","given_name":"Ada","family_name":"Lovelace"}"#)
                .refuses(&[NotFound, Conflict, Invalid]),
            read("/users/{key}", "Show a user", show),
            change(Method::PATCH, "/users/{key}", "Edit a user", edit)
                .told("What is left out stays as it is. `attributes` replaces all attributes; `set` sets single ones.")
                .sending(r#"{"family_name":"King","set":{"title":"CTO"}}"#)
                .refuses(&[Conflict, Invalid]),
            change(Method::DELETE, "/users/{key}", "Delete a user", delete)
                .told("A deleted user can be restored for 20 days. Accounts go by the rules of each app.")
                .refuses(&[Conflict]),
            read("/users/{key}/groups", "List a user's groups", groups_of)
                .told("Those that hold the user through other groups too."),
            change(Method::POST, "/users/{key}/suspend", "Suspend a user", suspend)
                .sending(r#"{"reason":"On leave"}"#)
                .refuses(&[Conflict]),
            change(Method::POST, "/users/{key}/unsuspend", "End a suspension", unsuspend).refuses(&[Conflict]),
            change(Method::POST, "/users/{key}/archive", "Archive a user", archive).refuses(&[Conflict]),
            change(Method::POST, "/users/{key}/unarchive", "Take a user out of the archive", unarchive).refuses(&[Conflict]),
            change(Method::POST, "/users/{key}/restore", "Restore a deleted user", restore)
                .told("Within 20 days of the deletion. Of several deleted users with one address the one deleted last, unless the id is named.")
                .sending(r#"{"org_unit":"/"}"#)
                .refuses(&[Conflict, Invalid]),
        ],
    }
}

/// A user of the directory.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "User")]
struct UserBody {
    /// Never reused; it stays through every rename.
    id: UserId,
    /// The address.
    primary_email: String,
    given_name: String,
    family_name: String,
    full_name: String,
    /// The path of the org unit; null when the unit of a deleted user is gone.
    org_unit: Option<String>,
    /// The strongest flag.
    #[schemars(with = "UserState")]
    state: &'static str,
    suspended_since: Option<Rfc3339>,
    /// What whoever suspended the user has written.
    suspension_reason: Option<String>,
    archived_since: Option<Rfc3339>,
    deleted_since: Option<Rfc3339>,
    /// In the shape of Google's Directory API: `organizations`, `phones`, `externalIds` and so on.
    attributes: Map<String, Value>,
    created_at: Rfc3339,
    /// Raised by every change; the `ETag`.
    revision: i64,
}

fn user_body(user: &User, org_unit: Option<&str>) -> UserBody {
    let suspended = user.status.suspended.as_ref();
    UserBody {
        id: user.id,
        primary_email: user.primary_email.clone(),
        given_name: user.given_name.clone(),
        family_name: user.family_name.clone(),
        full_name: user.full_name(),
        org_unit: org_unit.map(str::to_owned),
        state: user.status.state().word(),
        suspended_since: instant(suspended.map(|suspension| suspension.since)),
        suspension_reason: suspended.map(|suspension| suspension.reason.clone()),
        archived_since: instant(user.status.archived_since),
        deleted_since: instant(user.status.deleted_since),
        attributes: user.attributes.clone(),
        created_at: Rfc3339(user.created_at),
        revision: user.revision,
    }
}

async fn with_path(store: &Store, user: &User) -> Result<UserBody, Problem> {
    match org_units::get(store, user.org_unit).await {
        Ok(unit) => Ok(user_body(user, Some(&unit.path))),
        // A deleted user's org unit may be gone.
        Err(StoreError::NotFound { .. }) => Ok(user_body(user, None)),
        Err(error) => Err(error.into()),
    }
}

async fn answer(store: &Store, user: User) -> Answer<Tagged<UserBody>> {
    tagged(user.revision, with_path(store, &user).await?)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListParams {
    /// Words with which an address, a name or a part of them must begin, each of them.
    #[serde(default)]
    text: String,
    /// Only users in this state; left out: all but the deleted ones.
    state: Option<UserState>,
    /// Only users in this org unit or below it, by its path.
    org_unit: Option<String>,
    /// Only direct members of this group, by its address or id.
    group: Option<String>,
    /// What the page before has said as `next`.
    after: Option<String>,
    /// Items on a page: 100 when left out, at most 1,000.
    limit: Option<usize>,
}

async fn list(State(server): State<Server>, Params(params): Params<ListParams>) -> Answer<Shown<Listed<UserBody>>> {
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
    ok(page(found, |user| user_body(&user, paths.get(&user.org_unit).map(String::as_str))))
}

/// A user to be added.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewUser")]
struct Added {
    primary_email: String,
    given_name: String,
    family_name: String,
    /// The path of the org unit.
    #[serde(default = "root")]
    org_unit: String,
    /// In the shape of Google's Directory API.
    #[serde(default)]
    attributes: Map<String, Value>,
    /// Directory attributes by their names or the ends of them: `{"title": "CTO"}`; null removes.
    #[serde(default)]
    set: Map<String, Value>,
}

fn root() -> String {
    "/".to_owned()
}

async fn add(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    Body(new): Body<Added>,
) -> Answer<Created<UserBody>> {
    let mut attributes = new.attributes;
    attributes::set_all(&mut attributes, &new.set)?;
    let (primary_email, given_name, family_name) = (new.primary_email, new.given_name, new.family_name);
    let new = NewUser { primary_email, given_name, family_name, org_unit_path: new.org_unit, attributes };
    let user = users::add(&server.store, &caller.actor, new).await?;
    created(user.revision, with_path(&server.store, &user).await?)
}

async fn show(State(server): State<Server>, At(key): At<String>) -> Answer<Tagged<UserBody>> {
    answer(&server.store, users::find(&server.store, &key).await?).await
}

/// What to change of a user; what is left out stays.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "UserEdit")]
struct Edited {
    primary_email: Option<String>,
    given_name: Option<String>,
    family_name: Option<String>,
    /// The path of the org unit.
    org_unit: Option<String>,
    /// All attributes, in the shape of Google's Directory API.
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
) -> Answer<Tagged<UserBody>> {
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

async fn delete(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
) -> Answer<Tagged<UserBody>> {
    let user = users::find(&server.store, &key).await?;
    answer(&server.store, users::delete(&server.store, &caller.actor, user.id).await?).await
}

/// A group that holds the user.
#[derive(Debug, Serialize, JsonSchema)]
struct GroupOfUser {
    id: GroupId,
    email: String,
    name: String,
    /// Whether the user is a member of it, and not only of a group in it.
    direct: bool,
}

async fn groups_of(State(server): State<Server>, At(key): At<String>) -> Answer<Shown<Listed<GroupOfUser>>> {
    let user = users::find(&server.store, &key).await?;
    let groups = groups::groups_of_user(&server.store, user.id).await?;
    let item = |(group, direct): (Group, bool)| GroupOfUser { id: group.id, email: group.email, name: group.name, direct };
    ok(whole(groups.into_iter().map(item).collect()))
}

/// Why a user is suspended.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Suspension")]
struct Suspended {
    /// Shown with the user, and written to the log.
    #[serde(default)]
    reason: String,
}

async fn suspend(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
    Body(why): Body<Suspended>,
) -> Answer<Tagged<UserBody>> {
    let user = users::find(&server.store, &key).await?;
    answer(&server.store, users::suspend(&server.store, &caller.actor, user.id, &why.reason).await?).await
}

async fn unsuspend(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
) -> Answer<Tagged<UserBody>> {
    let user = users::find(&server.store, &key).await?;
    answer(&server.store, users::unsuspend(&server.store, &caller.actor, user.id).await?).await
}

async fn archive(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
) -> Answer<Tagged<UserBody>> {
    let user = users::find(&server.store, &key).await?;
    answer(&server.store, users::archive(&server.store, &caller.actor, user.id).await?).await
}

async fn unarchive(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
) -> Answer<Tagged<UserBody>> {
    let user = users::find(&server.store, &key).await?;
    answer(&server.store, users::unarchive(&server.store, &caller.actor, user.id).await?).await
}

/// Where a restored user goes.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Restoration")]
struct Restored {
    /// Where the user goes, by its path; left out: where the user was.
    org_unit: Option<String>,
}

async fn restore(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
    Body(restored): Body<Restored>,
) -> Answer<Tagged<UserBody>> {
    let user = users::find_deleted(&server.store, &key).await?;
    let org_unit = restored.org_unit.as_deref();
    answer(&server.store, users::restore(&server.store, &caller.actor, user.id, org_unit).await?).await
}
