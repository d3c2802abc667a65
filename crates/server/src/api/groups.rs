//! Groups and their members.

use super::ProblemKind::{Conflict, Invalid};
use super::extract::{At, Body, IfMatch, Params};
use super::json::{Answer, Created, Done, Listed, Shown, Tagged, created, done, ok, page, page_limit, tagged};
use super::{Noun, Problem, ProblemKind, change, read};
use crate::Server;
use crate::access::Principal;
use axum::Extension;
use axum::extract::State;
use axum::http::Method;
use provost_core::directory::{Group, Member, MemberRole, UserState};
use provost_core::ids::GroupId;
use provost_store::Store;
use provost_store::directory::groups::{self, GroupEdit, MemberEntry};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(super) fn routes() -> Noun {
    Noun {
        name: "Groups",
        about: "Groups of the directory and their members: users, other groups, and addresses from outside.",
        routes: vec![
            read("/groups", "List groups", list),
            change(Method::POST, "/groups", "Add a group", add)
                .sending(r#"{"email":"engineering@example.com","name":"Engineering"}"#)
                .refuses(&[Conflict, Invalid]),
            read("/groups/{key}", "Show a group", show),
            change(Method::PATCH, "/groups/{key}", "Edit a group", edit)
                .told("What is left out stays as it is.")
                .sending(r#"{"name":"Engineering and research"}"#)
                .refuses(&[Conflict, Invalid]),
            change(Method::DELETE, "/groups/{key}", "Delete a group", delete)
                .told("An app whose scope loses its last group so holds creates and removals until the scope is said anew."),
            read("/groups/{key}/members", "List a group's members", members).told("Direct members."),
            change(Method::POST, "/groups/{key}/members", "Add a member", add_member)
                .sending(r#"{"member":"ada@example.com","role":"MEMBER"}"#)
                .refuses(&[Conflict, Invalid]),
            change(Method::DELETE, "/groups/{key}/members/{member}", "Remove a member", remove_member).refuses(&[Invalid]),
        ],
    }
}

/// A group of the directory.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Group")]
struct GroupBody {
    /// Never reused.
    id: GroupId,
    /// The address.
    email: String,
    name: String,
    description: String,
    /// Raised by every change; the `ETag`.
    revision: i64,
}

fn group_body(group: Group) -> GroupBody {
    let Group { id, email, name, description, revision } = group;
    GroupBody { id, email, name, description, revision }
}

/// A group of the directory, with the number of its members.
#[derive(Debug, Serialize, JsonSchema)]
struct GroupWithMembers {
    #[serde(flatten)]
    group: GroupBody,
    /// Direct members.
    members: u64,
}

async fn answer(store: &Store, group: Group) -> Answer<Tagged<GroupWithMembers>> {
    let members = groups::member_count(store, group.id).await?;
    tagged(group.revision, GroupWithMembers { group: group_body(group), members })
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListParams {
    /// Part of the name or of the address.
    #[serde(default)]
    text: String,
    /// What the page before has said as `next`.
    after: Option<String>,
    /// Items on a page: 100 when left out, at most 1,000.
    limit: Option<usize>,
}

async fn list(State(server): State<Server>, Params(params): Params<ListParams>) -> Answer<Shown<Listed<GroupBody>>> {
    let limit = page_limit(params.limit);
    let found = groups::list(&server.store, &params.text, params.after.as_deref(), limit).await?;
    ok(page(found, group_body))
}

/// A group to be added.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewGroup")]
struct Added {
    /// The address.
    email: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    description: String,
}

async fn add(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    Body(new): Body<Added>,
) -> Answer<Created<GroupBody>> {
    let group = groups::add(&server.store, &caller.actor, &new.email, &new.name, &new.description).await?;
    created(group.revision, group_body(group))
}

async fn show(State(server): State<Server>, At(key): At<String>) -> Answer<Tagged<GroupWithMembers>> {
    answer(&server.store, groups::find(&server.store, &key).await?).await
}

/// What to change of a group; what is left out stays.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "GroupEdit")]
struct Edited {
    /// The address.
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
) -> Answer<Tagged<GroupWithMembers>> {
    let group = groups::find(&server.store, &key).await?;
    let edit = GroupEdit { email: edited.email, name: edited.name, description: edited.description };
    answer(&server.store, groups::edit(&server.store, &caller.actor, group.id, expected, edit).await?).await
}

async fn delete(State(server): State<Server>, Extension(caller): Extension<Principal>, At(key): At<String>) -> Answer<Done> {
    let group = groups::find(&server.store, &key).await?;
    groups::delete(&server.store, &caller.actor, group.id).await?;
    done()
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MemberParams {
    /// What the page before has said as `next`.
    after: Option<String>,
    /// Items on a page: 100 when left out, at most 1,000.
    limit: Option<usize>,
}

async fn members(
    State(server): State<Server>,
    At(key): At<String>,
    Params(params): Params<MemberParams>,
) -> Answer<Shown<Listed<MemberBody>>> {
    let group = groups::find(&server.store, &key).await?;
    let found = groups::members(&server.store, group.id, params.after.as_deref(), page_limit(params.limit)).await?;
    ok(page(found, member_body))
}

/// What a member is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum MemberKind {
    /// A user of the directory.
    User,
    /// A nested group.
    Group,
    /// An address that the directory does not know: never provisioned.
    Outside,
}

/// A direct member of a group.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Member")]
struct MemberBody {
    kind: MemberKind,
    /// The user's or the group's id; null for one from outside.
    id: Option<String>,
    email: String,
    /// A user's full name, a group's name, or empty.
    name: String,
    /// What the member may do in the group; provisioning does not look at it.
    role: MemberRole,
    /// The user's state; null for what is no user.
    state: Option<UserState>,
}

fn member_body(entry: MemberEntry) -> MemberBody {
    let (kind, id) = kind_and_id(&entry.member);
    MemberBody { kind, id, email: entry.email, name: entry.name, role: entry.role, state: entry.state }
}

fn kind_and_id(member: &Member) -> (MemberKind, Option<String>) {
    match member {
        Member::User(id) => (MemberKind::User, Some(id.to_string())),
        Member::Group(id) => (MemberKind::Group, Some(id.to_string())),
        Member::Outside(_) => (MemberKind::Outside, None),
    }
}

/// A member to be added, or whose role is to be set.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewMember")]
struct AddedMember {
    /// The address or the id of a user or a group, or an address from outside.
    member: String,
    /// In any case; a plain member when left out.
    #[schemars(with = "Option<MemberRole>")]
    role: Option<String>,
}

/// A member that was added, or whose role was set.
#[derive(Debug, Serialize, JsonSchema)]
struct MemberAdded {
    /// The group's address.
    group: String,
    kind: MemberKind,
    /// The user's or the group's id; null for one from outside.
    id: Option<String>,
    /// As it was named.
    member: String,
    role: MemberRole,
}

async fn add_member(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
    Body(added): Body<AddedMember>,
) -> Answer<Shown<MemberAdded>> {
    let group = groups::find(&server.store, &key).await?;
    let role = match &added.role {
        None => MemberRole::Member,
        Some(word) => MemberRole::parse(word).ok_or_else(|| {
            Problem::of(ProblemKind::Invalid, format!("\"{word}\" is not a role: choose MEMBER, MANAGER or OWNER"))
        })?,
    };
    let member = groups::add_member(&server.store, &caller.actor, group.id, &added.member, role).await?;
    let (kind, id) = kind_and_id(&member);
    ok(MemberAdded { group: group.email, kind, id, member: added.member.trim().to_owned(), role })
}

async fn remove_member(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At((key, member)): At<(String, String)>,
) -> Answer<Done> {
    let group = groups::find(&server.store, &key).await?;
    groups::remove_member(&server.store, &caller.actor, group.id, &member).await?;
    done()
}
