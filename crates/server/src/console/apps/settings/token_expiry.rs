//! When the access token ends, as an administrator reads it in the app, so that a warning comes before.

use super::super::details::app_page;
use super::super::form::Fields;
use super::super::{Outcome, connected, path_of};
use crate::Server;
use crate::console::form::read_date;
use crate::console::session::SignedIn;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use provost_core::app::App;
use provost_core::time::Timestamp;
use provost_store::apps::token_expiry;
use provost_web::{
    ButtonKind, Field, FieldKind, Markup, Notice, button, card, date, field, form, form_actions, hint, html, link_button,
    page_header, redirect_with_notice,
};

/// The name of the field.
pub(super) const EXPIRES: &str = "token_expires";

pub(super) fn routes() -> Router<Server> {
    Router::new().route("/apps/{app}/autoprovisioning/token-expiry", get(show).post(save))
}

/// As the settings show it.
pub(super) fn summary(expires_at: Option<Timestamp>) -> Markup {
    html! { @if let Some(at) = expires_at { (date(at.0)) } @else { "Not entered: no warning comes before it expires." } }
}

/// The field of a form.
pub(super) fn expires_field(value: &str, error: Option<&str>) -> Markup {
    let label = "Access token expires on (optional)";
    field(Field { label, name: EXPIRES, kind: FieldKind::Date, value, error, ..Field::default() })
}

fn body(app: &App, value: &str, error: Option<&str>) -> Markup {
    html! {
        (page_header("Access token expiry", html! {}))
        (card("", html! {
            (form(&path_of(app, "token-expiry"), html! {
                (hint(&format!("{} shows when the token expires where it was made. You are warned 30, 7 and 1 days before.", app.name)))
                (expires_field(value, error))
                (form_actions(html! {
                    (link_button("CANCEL", &path_of(app, ""), ButtonKind::Text))
                    (button("SAVE", ButtonKind::Primary))
                }))
            }))
        }))
    }
}

async fn show(State(server): State<Server>, who: SignedIn, Path(id): Path<String>) -> Outcome {
    who.require_change()?;
    let (app, connection) = connected(&server.store, &id).await?;
    let stored = token_expiry::get(&server.store, connection.id).await?.map(|at| at.to_string());
    let day = stored.as_deref().and_then(|instant| instant.get(..10)).unwrap_or_default();
    Ok(app_page(&server, &who, &app, "Access token expiry", StatusCode::OK, None, body(&app, day, None)))
}

async fn save(State(server): State<Server>, who: SignedIn, Path(id): Path<String>, fields: Fields) -> Outcome {
    who.require_change()?;
    let (app, connection) = connected(&server.store, &id).await?;
    let typed = fields.text(EXPIRES);
    match read_date(typed) {
        Ok(expires_at) => {
            token_expiry::set(&server.store, &who.principal.actor, connection.id, expires_at).await?;
            Ok(redirect_with_notice(&path_of(&app, ""), &Notice::success("The expiry date was saved.")))
        }
        Err(text) => {
            let body = body(&app, typed, Some(&text));
            Ok(app_page(&server, &who, &app, "Access token expiry", StatusCode::UNPROCESSABLE_ENTITY, None, body))
        }
    }
}
