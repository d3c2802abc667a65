//! Adding, editing and deleting groups.

use super::{GROUPS, group_href};
use crate::Server;
use crate::console::form::{At, Changer, Nothing, Posted};
use crate::console::frame::{answer, page, page_with, refusal, refused_status};
use crate::console::session::SignedIn;
use crate::console::users::effects_of_leaving;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use provost_core::ids::GroupId;
use provost_store::StoreError;
use provost_store::apps::apps_using_group;
use provost_store::directory::groups::{self, GroupEdit};
use provost_web::{
    ButtonKind, Confirm, Field, FieldKind, Notice, button, card, confirm_with, counted, field, form, form_actions, hidden, html,
    link_button, page_header, redirect_with_notice,
};
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Typed {
    email: String,
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    revision: String,
}

/// The form of a new group (`id` is `None`) or of one that is there.
fn form_page(
    server: &Server,
    who: &SignedIn,
    status: StatusCode,
    id: Option<GroupId>,
    typed: &Typed,
    notice: Option<&Notice>,
) -> Response {
    let (title, label, action, back) = match id {
        None => ("Add group", "Add group", "/directory/groups/add".to_owned(), GROUPS.to_owned()),
        Some(id) => ("Edit group", "Save", format!("{}/edit", group_href(id)), group_href(id)),
    };
    let fields = html! {
        @if id.is_some() { (hidden("revision", &typed.revision)) }
        (field(Field { label: "Name", name: "name", value: &typed.name, required: id.is_some(), ..Field::default() }))
        (field(Field { label: "Group email", name: "email", value: &typed.email, kind: FieldKind::Email, required: true,
            hint: Some("In one of the organization's domains."), ..Field::default() }))
        (field(Field { label: "Description", name: "description", value: &typed.description, kind: FieldKind::Textarea, ..Field::default() }))
        (form_actions(html! { (button(label, ButtonKind::Primary)) (link_button("Cancel", &back, ButtonKind::Text)) }))
    };
    let body = html! { (page_header(title, html! {})) (card("", form(&action, fields))) };
    let crumbs: &[(&str, &str)] = if id.is_some() {
        &[("Groups", GROUPS), (&typed.name, &back), ("Edit", "")]
    } else {
        &[("Groups", GROUPS), ("Add group", "")]
    };
    page_with(status, server, who, title, GROUPS, crumbs, notice, body)
}

pub(super) async fn show_add(State(server): State<Server>, Changer(who): Changer) -> Response {
    form_page(&server, &who, StatusCode::OK, None, &Typed::default(), None)
}

pub(super) async fn add(State(server): State<Server>, Posted { who, form }: Posted<Typed>) -> Response {
    let added = groups::add(&server.store, &who.principal.actor, &form.email, &form.name, &form.description).await;
    let result = match added {
        Ok(group) => {
            let notice = Notice::success(format!("{} was added. Now add its members.", group.name));
            Ok(redirect_with_notice(&group_href(group.id), &notice))
        }
        Err(error) => match refusal(&error) {
            Some(text) => Ok(form_page(&server, &who, refused_status(&error), None, &form, Some(&Notice::error(text)))),
            None => Err(error),
        },
    };
    answer(&server, &who, result)
}

pub(super) async fn show_edit(State(server): State<Server>, Changer(who): Changer, At(id): At<GroupId>) -> Response {
    let result = groups::get(&server.store, id).await.map(|group| {
        let revision = group.revision.to_string();
        let typed = Typed { email: group.email, name: group.name, description: group.description, revision };
        form_page(&server, &who, StatusCode::OK, Some(id), &typed, None)
    });
    answer(&server, &who, result)
}

pub(super) async fn edit(State(server): State<Server>, At(id): At<GroupId>, Posted { who, form }: Posted<Typed>) -> Response {
    let change = GroupEdit {
        email: Some(form.email.clone()),
        name: Some(form.name.clone()),
        description: Some(form.description.replace("\r\n", "\n")),
    };
    // Without a revision nothing fits, and the edit is refused as stale.
    let revision = Some(form.revision.parse().unwrap_or(-1));
    let result = match groups::edit(&server.store, &who.principal.actor, id, revision, change).await {
        Ok(group) => Ok(redirect_with_notice(&group_href(id), &Notice::success(format!("{} was saved.", group.name)))),
        Err(error @ StoreError::NotFound { what: "group", .. }) => Err(error),
        Err(error) => match refusal(&error) {
            Some(text) => Ok(form_page(&server, &who, refused_status(&error), Some(id), &form, Some(&Notice::error(text)))),
            None => Err(error),
        },
    };
    answer(&server, &who, result)
}

pub(super) async fn show_delete(State(server): State<Server>, Changer(who): Changer, At(id): At<GroupId>) -> Response {
    answer(&server, &who, ask_delete(&server, &who, id).await)
}

async fn ask_delete(server: &Server, who: &SignedIn, id: GroupId) -> Result<Response, StoreError> {
    let group = groups::get(&server.store, id).await?;
    let members = groups::member_count(&server.store, id).await?;
    let using = apps_using_group(&server.store, id).await?;
    let back = group_href(id);
    let body = confirm_with(Confirm {
        title: &format!("Delete the group {}?", group.name),
        text: &format!(
            "Its {} end; users and nested groups stay. A deleted group cannot be restored.",
            counted(members, "direct membership")
        ),
        body: effects_of_leaving(&using),
        action: &format!("{back}/delete"),
        confirm_label: "DELETE",
        kind: ButtonKind::Danger,
        cancel_href: &back,
        hidden: &[],
    });
    let crumbs = [("Groups", GROUPS), (&*group.name, &*back), ("Delete", "")];
    Ok(page(server, who, "Delete group", GROUPS, &crumbs, None, body))
}

pub(super) async fn delete(
    State(server): State<Server>,
    At(id): At<GroupId>,
    Posted { who, form: Nothing {} }: Posted<Nothing>,
) -> Response {
    let deleted = groups::delete(&server.store, &who.principal.actor, id).await;
    answer(&server, &who, deleted.map(|()| redirect_with_notice(GROUPS, &Notice::success("The group was deleted."))))
}
