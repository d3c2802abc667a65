//! Adding an administrator.

use super::{ADMINS, ROLES, role_of};
use crate::Server;
use crate::console::form::{Changer, Posted};
use crate::console::frame::{answer, page_with, refusal, refused_status};
use crate::console::session::SignedIn;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use provost_store::admins;
use provost_web::{
    ButtonKind, Field, FieldKind, Notice, button, card, field, fieldset, form, form_actions, html, link_button, page_header,
    radio, redirect_with_notice,
};
use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Typed {
    email: String,
    password: String,
    role: String,
}

pub(super) async fn show(State(server): State<Server>, Changer(who): Changer) -> Response {
    form_page(&server, &who, StatusCode::OK, "", "auditor", None)
}

fn form_page(server: &Server, who: &SignedIn, status: StatusCode, email: &str, role: &str, notice: Option<&Notice>) -> Response {
    let password = Field {
        label: "Password",
        name: "password",
        kind: FieldKind::NewPassword,
        required: true,
        hint: Some("At least 8 characters. Give it to them on a way that others do not read."),
        ..Field::default()
    };
    let fields = html! {
        (field(Field { label: "E-mail", name: "email", value: email, kind: FieldKind::Email, required: true,
            hint: Some("In one of the organization's domains."), ..Field::default() }))
        (field(password))
        (fieldset("Role", html! { @for (word, label) in ROLES { (radio(label, "role", word, word == role, None)) } }))
        (form_actions(html! { (button("Add administrator", ButtonKind::Primary)) (link_button("Cancel", ADMINS, ButtonKind::Text)) }))
    };
    let body = html! { (page_header("Add administrator", html! {})) (card("", form("/account/admins/add", fields))) };
    let crumbs = [("Administrators", ADMINS), ("Add administrator", "")];
    page_with(status, server, who, "Add administrator", ADMINS, &crumbs, notice, body)
}

pub(super) async fn submit(State(server): State<Server>, Posted { who, form }: Posted<Typed>) -> Response {
    let role = role_of(&form.role);
    let result = match admins::create(&server.store, &who.principal.actor, &form.email, &form.password, role).await {
        Ok(admin) => {
            let notice = Notice::success(format!("{} was added as {}.", admin.email, admin.role.label()));
            Ok(redirect_with_notice(ADMINS, &notice))
        }
        Err(error) => match refusal(&error) {
            Some(text) => {
                let notice = Notice::error(text);
                Ok(form_page(&server, &who, refused_status(&error), form.email.trim(), role.word(), Some(&notice)))
            }
            None => Err(error),
        },
    };
    answer(&server, &who, result)
}
