//! Groups and their members.

use super::extract::{At, Body, IfMatch, Params};
use super::json::{Answer, created, done, ok, page, page_limit, tagged};
use super::{Problem, ProblemKind, Route, change, read};
use crate::Server;
use crate::access::Principal;
use axum::Extension;
use axum::extract::State;
use axum::http::Method;
use provost_core::directory::{Group, Member, MemberRole, UserState};
use provost_store::Store;
use provost_store::directory::groups::{self, GroupEdit, MemberEntry};
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) fn routes() -> Vec<Route> {
    vec![
        read("/groups", list),
        change(Method::POST, "/groups", add),
        read("/groups/{key}", show),
        change(Method::PATCH, "/groups/{key}", edit),
        change(Method::DELETE, "/groups/{key}", delete),
        read("/groups/{key}/members", members),
        change(Method::POST, "/groups/{key}/members", add_member),
        change(Method::DELETE, "/groups/{key}/members/{member}", remove_member),
    ]
}

fn group_json(group: &Group) -> Value {
    json!({
        "id": group.id,
        "email": group.email,
        "name": group.name,
        "description": group.description,
        "revision": group.revision,
    })
}

async fn answer(store: &Store, group: Group) -> Answer {
    let mut body = group_json(&group);
    body["members"] = json!(groups::member_count(store, group.id).await?);
    tagged(group.revision, &body)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListParams {
    #[serde(default)]
    text: String,
    after: Option<String>,
    limit: Option<usize>,
}

async fn list(State(server): State<Server>, Params(params): Params<ListParams>) -> Answer {
    let limit = page_limit(params.limit);
    let found = groups::list(&server.store, &params.text, params.after.as_deref(), limit).await?;
    ok(page(found, |group| group_json(&group)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Added {
    email: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    description: String,
}

async fn add(State(server): State<Server>, Extension(caller): Extension<Principal>, Body(new): Body<Added>) -> Answer {
    let group = groups::add(&server.store, &caller.actor, &new.email, &new.name, &new.description).await?;
    created(group.revision, &group_json(&group))
}

async fn show(State(server): State<Server>, At(key): At<String>) -> Answer {
    answer(&server.store, groups::find(&server.store, &key).await?).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edited {
    email: Option<String>,
    name: Option<String>,
    description: Option<String>,
}

async fn edit(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
    IfMatch(expected): IfMatch,
    Body(edited): Body<Edited>,
) -> Answer {
    let group = groups::find(&server.store, &key).await?;
    let edit = GroupEdit { email: edited.email, name: edited.name, description: edited.description };
    answer(&server.store, groups::edit(&server.store, &caller.actor, group.id, expected, edit).await?).await
}

async fn delete(State(server): State<Server>, Extension(caller): Extension<Principal>, At(key): At<String>) -> Answer {
    let group = groups::find(&server.store, &key).await?;
    groups::delete(&server.store, &caller.actor, group.id).await?;
    done()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MemberParams {
    after: Option<String>,
    limit: Option<usize>,
}

async fn members(State(server): State<Server>, At(key): At<String>, Params(params): Params<MemberParams>) -> Answer {
    let group = groups::find(&server.store, &key).await?;
    let found = groups::members(&server.store, group.id, params.after.as_deref(), page_limit(params.limit)).await?;
    ok(page(found, |entry| member_json(&entry)))
}

fn member_json(entry: &MemberEntry) -> Value {
    let (kind, id) = kind_and_id(&entry.member);
    json!({
        "kind": kind,
        "id": id,
        "email": entry.email,
        "name": entry.name,
        "role": entry.role.word(),
        "state": entry.state.map(UserState::word),
    })
}

fn kind_and_id(member: &Member) -> (&'static str, Option<String>) {
    match member {
        Member::User(id) => ("user", Some(id.to_string())),
        Member::Group(id) => ("group", Some(id.to_string())),
        Member::Outside(_) => ("outside", None),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddedMember {
    member: String,
    role: Option<String>,
}

async fn add_member(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
    Body(added): Body<AddedMember>,
) -> Answer {
    let group = groups::find(&server.store, &key).await?;
    let role = match &added.role {
        None => MemberRole::Member,
        Some(word) => MemberRole::parse(word).ok_or_else(|| {
            Problem::of(ProblemKind::Invalid, format!("\"{word}\" is not a role: choose MEMBER, MANAGER or OWNER"))
        })?,
    };
    let member = groups::add_member(&server.store, &caller.actor, group.id, &added.member, role).await?;
    let (kind, id) = kind_and_id(&member);
    ok(json!({ "group": group.email, "kind": kind, "id": id, "member": added.member.trim(), "role": role.word() }))
}

async fn remove_member(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At((key, member)): At<(String, String)>,
) -> Answer {
    let group = groups::find(&server.store, &key).await?;
    groups::remove_member(&server.store, &caller.actor, group.id, &member).await?;
    done()
}
