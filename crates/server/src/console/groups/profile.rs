//! One group with its members.

use super::{GROUPS, group_href};
use crate::Server;
use crate::console::form::{Asked, At, href};
use crate::console::frame::{answer, page_with};
use crate::console::session::SignedIn;
use crate::console::users::{USERS, state_chip, user_href};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use provost_core::directory::{Group, Member, MemberRole};
use provost_core::ids::GroupId;
use provost_store::directory::groups::{self, MemberEntry};
use provost_store::{StoreError, apps};
use provost_web::{
    ButtonKind, Field, Icon, Markup, Notice, Table, Tone, app_header, breakable, button, card, card_with, chip, data_table,
    definition_list, field, form, form_actions, html, icon_link, link_button, pager, person, select, two_columns,
};
use serde::Deserialize;

const PAGE_MEMBERS: usize = 100;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct From {
    after: String,
}

pub(super) async fn show(State(server): State<Server>, who: SignedIn, At(id): At<GroupId>, Asked(from): Asked<From>) -> Response {
    answer(&server, &who, profile(&server, &who, id, &from.after, "", None).await)
}

/// The page; with `refused` it is the answer to a member that could not be added.
pub(super) async fn profile(
    server: &Server,
    who: &SignedIn,
    id: GroupId,
    after: &str,
    typed: &str,
    refused: Option<(StatusCode, Notice)>,
) -> Result<Response, StoreError> {
    let store = &server.store;
    let group = groups::get(store, id).await?;
    let page = groups::members(store, id, Some(after).filter(|after| !after.is_empty()), PAGE_MEMBERS).await?;
    let using = apps::apps_using_group(store, id).await?;
    let items = [
        ("Description", html! { @if group.description.is_empty() { span.muted { "None" } } @else { (group.description) } }),
        ("Direct members", html! { (groups::member_count(store, id).await?) }),
        ("Used by", html! { @if using.is_empty() { span.muted { "No app" } } @else { (using.join(", ")) } }),
        ("Directory ID", html! { code { (group.id) } }),
    ];
    let left = html! {
        section.card { (app_header(&group.name, &group.email)) (definition_list(&items)) }
        @if who.may_change() { (card("Actions", actions(&group))) }
    };
    let to = |after: &str| href(&group_href(id), &[("after", after)]);
    let list = link_button("Show in Users", &href(USERS, &[("group", &id.to_string())]), ButtonKind::Text);
    let members = html! {
        (members_table(&group, &page.items, who.may_change()))
        div.actions {
            @if !after.is_empty() { (link_button("First page", &to(""), ButtonKind::Text)) }
            (pager(None, page.next.as_deref().map(to).as_deref()))
        }
    };
    let right = html! {
        @if who.may_change() { (card("Add member", add_form(&group, typed))) }
        (card_with("Members", list, members))
    };
    let crumbs = [("Groups", GROUPS), (&*group.name, "")];
    let (status, notice) = refused.map_or((StatusCode::OK, None), |(status, notice)| (status, Some(notice)));
    Ok(page_with(status, server, who, &group.name, GROUPS, &crumbs, notice.as_ref(), two_columns(left, right)))
}

fn actions(group: &Group) -> Markup {
    let base = group_href(group.id);
    html! {
        (icon_link(Icon::Pencil, "Edit", &format!("{base}/edit")))
        (icon_link(Icon::Bin, "Delete", &format!("{base}/delete")))
    }
}

fn add_form(group: &Group, typed: &str) -> Markup {
    let roles = [MemberRole::Member, MemberRole::Manager, MemberRole::Owner].map(|role| (role.word(), role_label(role)));
    let email = Field {
        label: "Email",
        name: "member",
        value: typed,
        required: true,
        hint: Some("A user, a group, or an address outside the organization. Outside addresses are never provisioned."),
        ..Field::default()
    };
    let fields = html! {
        (field(email))
        (select("Role", "role", &roles, MemberRole::Member.word()))
        (form_actions(button("Add member", ButtonKind::Primary)))
    };
    form(&format!("{}/members/add", group_href(group.id)), fields)
}

pub(super) const fn role_label(role: MemberRole) -> &'static str {
    match role {
        MemberRole::Member => "Member",
        MemberRole::Manager => "Manager",
        MemberRole::Owner => "Owner",
    }
}

fn members_table(group: &Group, entries: &[MemberEntry], may_change: bool) -> Markup {
    let rows: Vec<Vec<Markup>> = entries
        .iter()
        .map(|entry| {
            let mut row = vec![name(entry), kind(entry), html! { (role_label(entry.role)) }];
            if may_change {
                let remove = href(&format!("{}/members/remove", group_href(group.id)), &[("member", &entry.email)]);
                row.push(link_button("Remove", &remove, ButtonKind::Text));
            }
            row
        })
        .collect();
    let headers: &[&str] = if may_change { &["Name", "Kind", "Role", ""] } else { &["Name", "Kind", "Role"] };
    data_table(Table { caption: "Members", headers, numbers: &[], rows: &rows, empty: "The group has no members." })
}

fn name(entry: &MemberEntry) -> Markup {
    let shown = if entry.name.is_empty() { &entry.email } else { &entry.name };
    match &entry.member {
        Member::User(id) => person(shown, &entry.email, &user_href(*id)),
        Member::Group(id) => person(shown, &entry.email, &group_href(*id)),
        Member::Outside(_) => breakable(&entry.email),
    }
}

fn kind(entry: &MemberEntry) -> Markup {
    match (&entry.member, entry.state) {
        (Member::User(_), Some(state)) => state_chip(state),
        (Member::User(_), None) => html! { "User" },
        (Member::Group(_), _) => chip("Nested group", Tone::Info),
        (Member::Outside(_), _) => chip("Outside", Tone::Neutral),
    }
}
