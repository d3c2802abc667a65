//! Role, password, and the end of an administrator.

use super::{ADMINS, ROLES, admin_href, list, role_of};
use crate::Server;
use crate::access;
use crate::console::form::{At, Changer, Nothing, Posted};
use crate::console::frame::{answer, page, page_with, refusal, refused_status};
use crate::console::session::SignedIn;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use provost_core::ids::AdminId;
use provost_store::StoreError;
use provost_store::admins::{self, Admin};
use provost_web::{
    ButtonKind, Confirm, Field, FieldKind, Markup, Notice, button, card, confirm_form, confirm_with, field, fieldset, form,
    form_actions, html, link_button, page_header, radio, redirect_with_notice,
};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(super) struct NewRole {
    role: String,
}

#[derive(Deserialize)]
pub(super) struct NewPassword {
    password: String,
    repeated: String,
}

fn shown(server: &Server, who: &SignedIn, title: &str, body: Markup) -> Response {
    page(server, who, title, ADMINS, &[("Administrators", ADMINS), (title, "")], None, body)
}

/// The list with the reason of a refusal.
async fn refused(server: &Server, who: &SignedIn, error: StoreError) -> Result<Response, StoreError> {
    match refusal(&error) {
        Some(text) => list::list(server, who, refused_status(&error), Some(&Notice::error(text))).await,
        None => Err(error),
    }
}

pub(super) async fn show_role(State(server): State<Server>, Changer(who): Changer, At(id): At<AdminId>) -> Response {
    let result = admins::get(&server.store, id).await.map(|admin| {
        let choices = html! { @for (word, label) in ROLES { (radio(label, "role", word, word == admin.role.word(), None)) } };
        let body = confirm_with(Confirm {
            title: &format!("Change the role of {}?", admin.email),
            text: "The new role holds from their next click on. The last super admin keeps the role.",
            body: fieldset("Role", choices),
            action: &format!("{}/role", admin_href(id)),
            confirm_label: "CHANGE",
            kind: ButtonKind::Primary,
            cancel_href: ADMINS,
            hidden: &[],
        });
        shown(&server, &who, "Change role", body)
    });
    answer(&server, &who, result)
}

pub(super) async fn set_role(
    State(server): State<Server>,
    At(id): At<AdminId>,
    Posted { who, form }: Posted<NewRole>,
) -> Response {
    let result = match admins::set_role(&server.store, &who.principal.actor, id, role_of(&form.role)).await {
        Ok(admin) => {
            let notice = Notice::success(format!("{} has the role {}.", admin.email, admin.role.label()));
            Ok(redirect_with_notice(ADMINS, &notice))
        }
        Err(error) => refused(&server, &who, error).await,
    };
    answer(&server, &who, result)
}

pub(super) async fn show_password(State(server): State<Server>, Changer(who): Changer, At(id): At<AdminId>) -> Response {
    let result = admins::get(&server.store, id).await;
    answer(&server, &who, result.map(|admin| password_page(&server, &who, StatusCode::OK, &admin, None)))
}

fn password_page(server: &Server, who: &SignedIn, status: StatusCode, admin: &Admin, notice: Option<&Notice>) -> Response {
    let new = |label, name| Field { label, name, kind: FieldKind::NewPassword, required: true, ..Field::default() };
    let fields = html! {
        (field(Field { hint: Some("At least 8 characters; longer is better."), ..new("New password", "password") }))
        (field(new("Repeat the password", "repeated")))
        (form_actions(html! { (button("Set password", ButtonKind::Primary)) (link_button("Cancel", ADMINS, ButtonKind::Text)) }))
    };
    let body = html! {
        (page_header(&format!("Set the password of {}", admin.email), html! {}))
        (card("", html! {
            p { "All sessions of this administrator end" @if admin.email == who.email { ", but for this one" } "." }
            (form(&format!("{}/password", admin_href(admin.id)), fields))
        }))
    };
    let crumbs = [("Administrators", ADMINS), ("Set password", "")];
    page_with(status, server, who, "Set password", ADMINS, &crumbs, notice, body)
}

pub(super) async fn set_password(
    State(server): State<Server>,
    At(id): At<AdminId>,
    headers: HeaderMap,
    Posted { who, form }: Posted<NewPassword>,
) -> Response {
    answer(&server, &who, change_password(&server, &who, id, &headers, form).await)
}

async fn change_password(
    server: &Server,
    who: &SignedIn,
    id: AdminId,
    headers: &HeaderMap,
    new: NewPassword,
) -> Result<Response, StoreError> {
    let admin = admins::get(&server.store, id).await?;
    let again = |status, text: String| password_page(server, who, status, &admin, Some(&Notice::error(text)));
    if new.password != new.repeated {
        return Ok(again(StatusCode::UNPROCESSABLE_ENTITY, "The two passwords differ: type the same one twice.".to_owned()));
    }
    // The session of this request is only kept when it is the administrator's own.
    if let Err(error) = access::set_password(server, &who.principal.actor, id, &new.password, headers).await {
        return match refusal(&error) {
            Some(text) => Ok(again(refused_status(&error), text)),
            None => Err(error),
        };
    }
    Ok(redirect_with_notice(ADMINS, &Notice::success(format!("The password of {} was set.", admin.email))))
}

pub(super) async fn show_disable(State(server): State<Server>, Changer(who): Changer, At(id): At<AdminId>) -> Response {
    let result = admins::get(&server.store, id).await.map(|admin| {
        let text = "They are signed out at once and can no longer sign in. The log keeps what they did. The last super admin cannot be disabled.";
        let action = format!("{}/disable", admin_href(id));
        let body = confirm_form(&format!("Disable {}?", admin.email), text, &action, "DISABLE", ADMINS, &[]);
        shown(&server, &who, "Disable administrator", body)
    });
    answer(&server, &who, result)
}

pub(super) async fn disable(
    State(server): State<Server>,
    At(id): At<AdminId>,
    Posted { who, form: Nothing {} }: Posted<Nothing>,
) -> Response {
    let result = match access::disable(&server, &who.principal.actor, id).await {
        Ok(()) => Ok(redirect_with_notice(ADMINS, &Notice::success("The administrator was disabled."))),
        Err(error) => refused(&server, &who, error).await,
    };
    answer(&server, &who, result)
}
