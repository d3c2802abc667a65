//! Renaming: first the new address, then what provisioning will do about it, then it is done.

use super::{USERS, effects, shown_name, user_href};
use crate::Server;
use crate::console::form::{Asked, At, Changer, Posted};
use crate::console::frame::{answer, page_with, refusal, refused_status};
use crate::console::session::SignedIn;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use provost_core::directory::User;
use provost_core::ids::UserId;
use provost_store::StoreError;
use provost_store::directory::users::{self, UserEdit};
use provost_web::{
    ButtonKind, Confirm, Field, FieldKind, Markup, Notice, button, card, confirm_with, field, form_actions, html, link_button,
    page_header, redirect_with_notice,
};
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    email: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Renaming {
    email: String,
    revision: i64,
}

pub(super) async fn show(
    State(server): State<Server>,
    Changer(who): Changer,
    At(id): At<UserId>,
    Asked(wanted): Asked<Wanted>,
) -> Response {
    answer(&server, &who, ask(&server, &who, id, wanted.email.trim()).await)
}

async fn ask(server: &Server, who: &SignedIn, id: UserId, email: &str) -> Result<Response, StoreError> {
    let user = users::get(&server.store, id).await?;
    let body = if email.is_empty() || email.eq_ignore_ascii_case(&user.primary_email) {
        choose(&user, &user.primary_email)
    } else {
        let email = email.to_lowercase();
        let effects = effects::of(&server.store, id, server.store.now(), |user| user.primary_email.clone_from(&email)).await?;
        let back = user_href(id);
        confirm_with(Confirm {
            title: &format!("Rename {} to {email}?", user.primary_email),
            text: "Groups, organizational unit and accounts stay: they hang on the user, not on the address. The old address is free at once.",
            body: effects::shown(&effects),
            action: &format!("{back}/rename"),
            confirm_label: "RENAME",
            kind: ButtonKind::Primary,
            cancel_href: &back,
            hidden: &[("email", &email), ("revision", &user.revision.to_string())],
        })
    };
    Ok(whole(server, who, StatusCode::OK, &user, None, body))
}

fn choose(user: &User, email: &str) -> Markup {
    let back = user_href(user.id);
    html! {
        (page_header(&format!("Rename {}", shown_name(user)), html! {}))
        (card("", html! {
            form.form method="get" action=(format!("{back}/rename")) {
                (field(Field { label: "Primary email", name: "email", value: email, kind: FieldKind::Email, required: true,
                    hint: Some("In one of the organization's domains."), ..Field::default() }))
                (form_actions(html! { (button("Continue", ButtonKind::Primary)) (link_button("Cancel", &back, ButtonKind::Text)) }))
            }
        }))
    }
}

fn whole(server: &Server, who: &SignedIn, status: StatusCode, user: &User, notice: Option<&Notice>, body: Markup) -> Response {
    let (name, back) = (shown_name(user), user_href(user.id));
    let crumbs = [("Users", USERS), (&*name, &*back), ("Rename", "")];
    page_with(status, server, who, "Rename user", USERS, &crumbs, notice, body)
}

pub(super) async fn submit(State(server): State<Server>, At(id): At<UserId>, Posted { who, form }: Posted<Renaming>) -> Response {
    answer(&server, &who, rename(&server, &who, id, form).await)
}

async fn rename(server: &Server, who: &SignedIn, id: UserId, wanted: Renaming) -> Result<Response, StoreError> {
    let edit = UserEdit { primary_email: Some(wanted.email.clone()), ..UserEdit::default() };
    match users::edit(&server.store, &who.principal.actor, id, Some(wanted.revision), edit).await {
        Ok(user) => {
            let notice = Notice::success(format!("The address is now {}.", user.primary_email));
            Ok(redirect_with_notice(&user_href(id), &notice))
        }
        Err(error) => {
            let Some(text) = refusal(&error) else { return Err(error) };
            let user = users::get(&server.store, id).await?;
            let notice = Notice::error(text);
            Ok(whole(server, who, refused_status(&error), &user, Some(&notice), choose(&user, &wanted.email)))
        }
    }
}
