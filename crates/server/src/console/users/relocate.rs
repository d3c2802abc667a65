//! Moving a user to another org unit: first where to, then what provisioning will do about it, then it is done.

use super::{USERS, effects, org_unit_options, org_unit_path, shown_name, user_href};
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
use provost_store::directory::org_units;
use provost_store::directory::users::{self, UserEdit};
use provost_web::{
    ButtonKind, Confirm, Markup, Notice, button, card, confirm_with, form_actions, html, link_button, page_header,
    redirect_with_notice, select,
};
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    org_unit: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Moving {
    org_unit: String,
    revision: i64,
}

pub(super) async fn show(
    State(server): State<Server>,
    Changer(who): Changer,
    At(id): At<UserId>,
    Asked(wanted): Asked<Wanted>,
) -> Response {
    answer(&server, &who, ask(&server, &who, id, &wanted.org_unit).await)
}

async fn ask(server: &Server, who: &SignedIn, id: UserId, path: &str) -> Result<Response, StoreError> {
    let user = users::get(&server.store, id).await?;
    let present = org_unit_path(&server.store, &user).await?.unwrap_or_else(|| "/".to_owned());
    if path.is_empty() || path == present {
        let body = choose(server, &user, &present).await?;
        return Ok(whole(server, who, StatusCode::OK, &user, None, body));
    }
    let unit = org_units::find_by_path(&server.store, path).await?;
    let effects = effects::of(&server.store, id, server.store.now(), |user| user.org_unit = unit.id).await?;
    let back = user_href(id);
    let body = confirm_with(Confirm {
        title: &format!("Move {} to {}?", shown_name(&user), unit.path),
        text: &format!("From {present}. Whether an app is on for the user goes by the organizational unit."),
        body: effects::shown(&effects),
        action: &format!("{back}/move"),
        confirm_label: "MOVE",
        kind: ButtonKind::Primary,
        cancel_href: &back,
        hidden: &[("org_unit", &unit.path), ("revision", &user.revision.to_string())],
    });
    Ok(whole(server, who, StatusCode::OK, &user, None, body))
}

async fn choose(server: &Server, user: &User, path: &str) -> Result<Markup, StoreError> {
    let back = user_href(user.id);
    let options = org_unit_options(&server.store).await?;
    Ok(html! {
        (page_header(&format!("Move {}", shown_name(user)), html! {}))
        (card("", html! {
            form.form method="get" action=(format!("{back}/move")) {
                (select("Organizational unit", "org_unit", &options, path))
                (form_actions(html! { (button("Continue", ButtonKind::Primary)) (link_button("Cancel", &back, ButtonKind::Text)) }))
            }
        }))
    })
}

fn whole(server: &Server, who: &SignedIn, status: StatusCode, user: &User, notice: Option<&Notice>, body: Markup) -> Response {
    let (name, back) = (shown_name(user), user_href(user.id));
    let crumbs = [("Users", USERS), (&*name, &*back), ("Move", "")];
    page_with(status, server, who, "Move user", USERS, &crumbs, notice, body)
}

pub(super) async fn submit(State(server): State<Server>, At(id): At<UserId>, Posted { who, form }: Posted<Moving>) -> Response {
    answer(&server, &who, relocate(&server, &who, id, form).await)
}

async fn relocate(server: &Server, who: &SignedIn, id: UserId, wanted: Moving) -> Result<Response, StoreError> {
    let edit = UserEdit { org_unit_path: Some(wanted.org_unit.clone()), ..UserEdit::default() };
    match users::edit(&server.store, &who.principal.actor, id, Some(wanted.revision), edit).await {
        Ok(user) => {
            let notice = Notice::success(format!("{} is now in {}.", shown_name(&user), wanted.org_unit));
            Ok(redirect_with_notice(&user_href(id), &notice))
        }
        Err(error) => {
            let Some(text) = refusal(&error) else { return Err(error) };
            let user = users::get(&server.store, id).await?;
            let body = choose(server, &user, &wanted.org_unit).await?;
            Ok(whole(server, who, refused_status(&error), &user, Some(&Notice::error(text)), body))
        }
    }
}
