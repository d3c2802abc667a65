//! The first-start link, which the server prints as long as there is no administrator.

use super::{outside, start_session};
use crate::Server;
use crate::access::session_subject;
use crate::console::form::{Asked, Sent};
use crate::console::frame::{broken, refusal};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use provost_store::admins;
use provost_web::{
    ButtonKind, Field, FieldKind, Notice, button, field, hidden, hint, html, link_button, notice_box, redirect_with_notice,
};
use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Link {
    #[serde(default)]
    token: String,
}

#[derive(Deserialize)]
pub(super) struct First {
    token: String,
    email: String,
    password: String,
    repeated: String,
}

pub(super) async fn show(State(server): State<Server>, Asked(link): Asked<Link>) -> Response {
    match admins::exists_any(&server.store).await {
        Ok(false) => form(StatusCode::OK, &link.token, "", None),
        Ok(true) => used(),
        Err(error) => {
            tracing::error!(%error, "the administrators could not be read");
            broken()
        }
    }
}

fn used() -> Response {
    let body = html! {
        h1 { "Already set up" }
        p { "There is an administrator, so first-start links no longer work. Sign in, or ask a super admin to add you." }
        div.actions { (link_button("Sign in", "/sign-in", ButtonKind::Primary)) }
    };
    outside(StatusCode::OK, "Already set up", body)
}

fn form(status: StatusCode, token: &str, email: &str, error: Option<String>) -> Response {
    let password = Field {
        label: "Password",
        name: "password",
        kind: FieldKind::NewPassword,
        required: true,
        hint: Some("At least 8 characters; longer is better."),
        ..Field::default()
    };
    let body = html! {
        h1 { "Make the first super admin" }
        (hint("A super admin may do everything, and adds the others."))
        @if let Some(error) = error { (notice_box(&Notice::error(error))) }
        form.form method="post" action="/first-start" {
            (field(Field { label: "E-mail", name: "email", value: email, kind: FieldKind::Email, required: true,
                hint: Some("An address of your organization; consumer mail is refused."), ..Field::default() }))
            (field(password))
            (field(Field { label: "Repeat the password", name: "repeated", kind: FieldKind::NewPassword, required: true, ..Field::default() }))
            (hidden("token", token))
            (button("Make super admin", ButtonKind::Primary))
        }
    };
    outside(status, "First start", body)
}

pub(super) async fn make(State(server): State<Server>, Sent(first): Sent<First>) -> Response {
    let refused = |text: String| form(StatusCode::UNPROCESSABLE_ENTITY, &first.token, first.email.trim(), Some(text));
    if first.password != first.repeated {
        return refused("The two passwords differ: type the same one twice.".to_owned());
    }
    match admins::use_first_start_token(&server.store, &first.token, &first.email, &first.password).await {
        Ok(admin) => {
            let notice = Notice::success(format!("{} is the first super admin, and you are signed in.", admin.email));
            start_session(&server, &session_subject(admin.id), redirect_with_notice("/", &notice)).await
        }
        Err(error) => {
            let Some(text) = refusal(&error) else {
                tracing::error!(%error, "the first administrator could not be made");
                return broken();
            };
            refused(text)
        }
    }
}
