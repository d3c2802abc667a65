//! Adding a user.

use super::{USERS, org_unit_options, shown_name, user_href};
use crate::Server;
use crate::console::form::{Changer, Posted};
use crate::console::frame::{answer, page_with, refusal, refused_status};
use crate::console::session::SignedIn;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use provost_store::StoreError;
use provost_store::directory::users::{self, NewUser};
use provost_web::{
    ButtonKind, Field, FieldKind, Notice, button, card, field, form, form_actions, html, link_button, page_header,
    redirect_with_notice, select,
};
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Typed {
    given_name: String,
    family_name: String,
    primary_email: String,
    org_unit: String,
}

pub(super) async fn show(State(server): State<Server>, Changer(who): Changer) -> Response {
    let empty = Typed { org_unit: "/".to_owned(), ..Typed::default() };
    answer(&server, &who, add_page(&server, &who, StatusCode::OK, &empty, None).await)
}

async fn add_page(
    server: &Server,
    who: &SignedIn,
    status: StatusCode,
    typed: &Typed,
    notice: Option<&Notice>,
) -> Result<Response, StoreError> {
    let text = |label, name, value| Field { label, name, value, required: true, ..Field::default() };
    let email = Field { kind: FieldKind::Email, ..text("Primary email", "primary_email", &typed.primary_email) };
    let fields = html! {
        (field(text("First name", "given_name", &typed.given_name)))
        (field(text("Last name", "family_name", &typed.family_name)))
        (field(Field { hint: Some("In one of the organization's domains."), ..email }))
        (select("Organizational unit", "org_unit", &org_unit_options(&server.store).await?, &typed.org_unit))
        (form_actions(html! { (button("Add user", ButtonKind::Primary)) (link_button("Cancel", USERS, ButtonKind::Text)) }))
    };
    let body = html! {
        (page_header("Add user", html! {}))
        (card("", html! {
            p { "If an app is on for the organizational unit and the user is in the app's provisioning scope, an account is made there at once." }
            (form("/directory/users/add", fields))
        }))
    };
    let crumbs = [("Users", USERS), ("Add user", "")];
    Ok(page_with(status, server, who, "Add user", USERS, &crumbs, notice, body))
}

pub(super) async fn submit(State(server): State<Server>, Posted { who, form: typed }: Posted<Typed>) -> Response {
    let new = NewUser {
        primary_email: typed.primary_email.clone(),
        given_name: typed.given_name.clone(),
        family_name: typed.family_name.clone(),
        org_unit_path: typed.org_unit.clone(),
        attributes: serde_json::Map::new(),
    };
    let result = match users::add(&server.store, &who.principal.actor, new).await {
        Ok(user) => {
            let notice = Notice::success(format!("{} was added.", shown_name(&user)));
            Ok(redirect_with_notice(&user_href(user.id), &notice))
        }
        Err(error) => match refusal(&error) {
            Some(text) => add_page(&server, &who, refused_status(&error), &typed, Some(&Notice::error(text))).await,
            None => Err(error),
        },
    };
    answer(&server, &who, result)
}
