//! What an app is: its name, its service provider details, and its end.

use super::add::{sso_fields, sso_of};
use super::form::{Asked, Fields};
use super::{NAV, Outcome, app_of, app_path};
use crate::Server;
use crate::console::frame::{self, sentence};
use crate::console::session::SignedIn;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use provost_core::app::{App, ConnectionStatus};
use provost_store::StoreError;
use provost_store::apps::{self, AppEdit, connections};
use provost_web::{
    ButtonKind, Confirm, Field, Markup, Notice, button, card, confirm_with, field, form, form_actions, hidden, html, link_button,
    page_header, redirect_with_notice,
};

pub(super) fn routes() -> Router<Server> {
    Router::new()
        .route("/apps/{app}/edit", get(show_name).post(rename))
        .route("/apps/{app}/sso", get(show_sso).post(set_sso))
        .route("/apps/{app}/delete", get(ask_delete).post(delete))
}

/// A page of the app, with the way to it.
pub(super) fn app_page(
    server: &Server,
    who: &SignedIn,
    app: &App,
    title: &str,
    status: StatusCode,
    notice: Option<&Notice>,
    body: Markup,
) -> Response {
    let path = app_path(app);
    let crumbs = [("Apps", "/apps"), ("Web and mobile apps", "/apps"), (app.name.as_str(), path.as_str()), (title, "")];
    frame::page_with(status, server, who, &format!("{title} · {}", app.name), NAV, &crumbs, notice, body)
}

/// What the store says of input that can be corrected; anything else is a refusal.
pub(super) fn correctable(error: StoreError) -> Result<Notice, StoreError> {
    match error {
        StoreError::Invalid(_) | StoreError::Taken { .. } | StoreError::Config(_) | StoreError::Stale { .. } => {
            Ok(Notice::error(sentence(&error.to_string())))
        }
        StoreError::NotFound { .. }
        | StoreError::Transition(_)
        | StoreError::NeedsConfirmation(_)
        | StoreError::Db(_)
        | StoreError::Commit(_)
        | StoreError::Open(_)
        | StoreError::Corrupt(_) => Err(error),
    }
}

fn edit_form(app: &App, title: &str, action: &str, fields: &Markup, label: &str) -> Markup {
    html! {
        (page_header(title, html! {}))
        (card("", html! {
            (form(&format!("{}/{action}", app_path(app)), html! {
                (hidden("revision", &app.revision.to_string()))
                (fields)
                (form_actions(html! {
                    (link_button("CANCEL", &app_path(app), ButtonKind::Text))
                    (button(label, ButtonKind::Primary))
                }))
            }))
        }))
    }
}

fn name_body(app: &App, name: &str) -> Markup {
    let fields = field(Field { label: "App name", name: "name", value: name, required: true, ..Field::default() });
    edit_form(app, "Edit details", "edit", &fields, "SAVE")
}

async fn show_name(State(server): State<Server>, who: SignedIn, Path(id): Path<String>) -> Outcome {
    who.require_change()?;
    let app = app_of(&server.store, &id).await?;
    Ok(app_page(&server, &who, &app, "Edit details", StatusCode::OK, None, name_body(&app, &app.name)))
}

async fn rename(State(server): State<Server>, who: SignedIn, Path(id): Path<String>, fields: Fields) -> Outcome {
    who.require_change()?;
    let app = app_of(&server.store, &id).await?;
    let edit = AppEdit { name: Some(fields.text("name").to_owned()), sso: None };
    match apps::edit(&server.store, &who.principal.actor, app.id, fields.text("revision").parse().ok(), edit).await {
        Ok(app) => Ok(redirect_with_notice(&app_path(&app), &Notice::success("The details were saved."))),
        Err(error) => {
            let notice = correctable(error)?;
            let body = name_body(&app, fields.text("name"));
            Ok(app_page(&server, &who, &app, "Edit details", StatusCode::UNPROCESSABLE_ENTITY, Some(&notice), body))
        }
    }
}

fn sso_body(app: &App, fields: &Fields) -> Markup {
    let stored = |read: fn(&provost_core::app::SsoDetails) -> &String| app.sso.as_ref().map_or("", |sso| read(sso).as_str());
    let value = |name: &str, stored: &str| if fields.ticked(name) { fields.text(name).to_owned() } else { stored.to_owned() };
    let acs_url = value("acs_url", stored(|sso| &sso.acs_url));
    let entity_id = value("entity_id", stored(|sso| &sso.entity_id));
    edit_form(app, "Service provider details", "sso", &sso_fields(&acs_url, &entity_id, true), "SAVE")
}

async fn show_sso(State(server): State<Server>, who: SignedIn, Path(id): Path<String>, Asked(asked): Asked) -> Outcome {
    who.require_change()?;
    let app = app_of(&server.store, &id).await?;
    Ok(app_page(&server, &who, &app, "Service provider details", StatusCode::OK, None, sso_body(&app, &asked)))
}

async fn set_sso(State(server): State<Server>, who: SignedIn, Path(id): Path<String>, fields: Fields) -> Outcome {
    who.require_change()?;
    let app = app_of(&server.store, &id).await?;
    let revision = fields.text("revision").parse().ok();
    match apps::set_sso(&server.store, &who.principal.actor, app.id, revision, sso_of(&fields)).await {
        Ok(app) => Ok(redirect_with_notice(&app_path(&app), &Notice::success("The service provider details were saved."))),
        Err(error) => {
            let notice = correctable(error)?;
            let body = sso_body(&app, &fields);
            let title = "Service provider details";
            Ok(app_page(&server, &who, &app, title, StatusCode::UNPROCESSABLE_ENTITY, Some(&notice), body))
        }
    }
}

async fn ask_delete(State(server): State<Server>, who: SignedIn, Path(id): Path<String>) -> Outcome {
    who.require_change()?;
    let app = app_of(&server.store, &id).await?;
    let connection = connections::of_app(&server.store, app.id).await?;
    let active = connection.as_ref().is_some_and(|connection| connection.status == ConnectionStatus::Active);
    let body = if active {
        html! {
            (page_header("Delete app", html! {}))
            (card("", html! {
                p { "Autoprovisioning of " (app.name) " is on. Turn it off first, then delete the app." }
                (link_button("Turn off", &super::path_of(&app, "turn-off"), ButtonKind::Secondary))
            }))
        }
    } else {
        delete_body(&app, connection.is_some())
    };
    Ok(app_page(&server, &who, &app, "Delete app", StatusCode::OK, None, body))
}

fn delete_body(app: &App, configured: bool) -> Markup {
    let text = if configured {
        "The app goes with its service status, its autoprovisioning configuration and our records of its accounts. Nothing is sent: the accounts in the app stay and can be used."
    } else {
        "The app goes with its service status and its single sign-on details."
    };
    let path = app_path(app);
    confirm_with(Confirm {
        title: &format!("Delete {}?", app.name),
        text,
        body: html! {},
        action: &format!("{path}/delete"),
        confirm_label: "DELETE APP",
        kind: ButtonKind::Danger,
        cancel_href: &path,
        hidden: &[],
    })
}

async fn delete(State(server): State<Server>, who: SignedIn, Path(id): Path<String>) -> Outcome {
    who.require_change()?;
    let app = app_of(&server.store, &id).await?;
    apps::delete(&server.store, &who.principal.actor, app.id).await?;
    Ok(redirect_with_notice("/apps", &Notice::success(format!("{} was deleted.", app.name))))
}
