//! Editing a user's name and attributes. The address and the org unit have pages of their own: they touch accounts.

use super::{USERS, attributes, shown_name, user_href};
use crate::Server;
use crate::console::form::{At, Changer, Posted};
use crate::console::frame::{answer, page_with, refusal, refused_status, sentence};
use crate::console::session::SignedIn;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use provost_core::directory::User;
use provost_core::ids::UserId;
use provost_store::StoreError;
use provost_store::directory::users::{self, UserEdit};
use provost_web::{
    ButtonKind, Field, Notice, button, card, field, form, form_actions, hidden, html, link_button, page_header,
    redirect_with_notice,
};
use std::collections::BTreeMap;

type Typed = BTreeMap<String, String>;

pub(super) async fn show(State(server): State<Server>, Changer(who): Changer, At(id): At<UserId>) -> Response {
    let result = users::get(&server.store, id).await;
    answer(&server, &who, result.map(|user| edit_page(&server, &who, StatusCode::OK, &user, &Typed::new(), None)))
}

fn edit_page(
    server: &Server,
    who: &SignedIn,
    status: StatusCode,
    user: &User,
    typed: &Typed,
    notice: Option<&Notice>,
) -> Response {
    let of = |name: &str, present: &str| typed.get(name).map_or(present, String::as_str).to_owned();
    let (given, family) = (of("given_name", &user.given_name), of("family_name", &user.family_name));
    let revision = of("revision", &user.revision.to_string());
    let text = |label, name, value| Field { label, name, value, required: true, ..Field::default() };
    let back = user_href(user.id);
    let fields = html! {
        (hidden("revision", &revision))
        (field(text("First name", "given_name", &given)))
        (field(text("Last name", "family_name", &family)))
        (attributes::fields(user, typed))
        (form_actions(html! { (button("Save", ButtonKind::Primary)) (link_button("Cancel", &back, ButtonKind::Text)) }))
    };
    let name = shown_name(user);
    let body = html! {
        (page_header(&format!("Edit {name}"), html! {}))
        (card("", html! {
            p { "Apps in which the user has an account are brought up to date with what they map." }
            (form(&format!("{back}/edit"), fields))
        }))
    };
    let crumbs = [("Users", USERS), (&*name, &*back), ("Edit", "")];
    page_with(status, server, who, "Edit user", USERS, &crumbs, notice, body)
}

pub(super) async fn submit(
    State(server): State<Server>,
    At(id): At<UserId>,
    Posted { who, form: typed }: Posted<Typed>,
) -> Response {
    answer(&server, &who, save(&server, &who, id, &typed).await)
}

async fn save(server: &Server, who: &SignedIn, id: UserId, typed: &Typed) -> Result<Response, StoreError> {
    let user = users::get(&server.store, id).await?;
    let again = |status, text: String| Ok(edit_page(server, who, status, &user, typed, Some(&Notice::error(text))));
    let Some(revision) = typed.get("revision").and_then(|revision| revision.parse().ok()) else {
        return again(
            StatusCode::UNPROCESSABLE_ENTITY,
            "The form was incomplete: open the page anew and repeat the change.".to_owned(),
        );
    };
    let attributes = match attributes::changed(&user, typed) {
        Ok(attributes) => attributes,
        Err(text) => return again(StatusCode::UNPROCESSABLE_ENTITY, sentence(&text)),
    };
    let edit = UserEdit {
        given_name: typed.get("given_name").cloned(),
        family_name: typed.get("family_name").cloned(),
        attributes,
        ..UserEdit::default()
    };
    match users::edit(&server.store, &who.principal.actor, id, Some(revision), edit).await {
        Ok(edited) if edited.revision == revision => {
            Ok(redirect_with_notice(&user_href(id), &Notice::success("Nothing was changed.")))
        }
        Ok(edited) => {
            let notice = Notice::success(format!("{} was saved.", shown_name(&edited)));
            Ok(redirect_with_notice(&user_href(id), &notice))
        }
        Err(error) => match refusal(&error) {
            Some(text) => again(refused_status(&error), text),
            None => Err(error),
        },
    }
}
