//! App authorization: a new access token, tried before it is stored.

use super::super::details::{app_page, correctable};
use super::super::form::Fields;
use super::super::{Outcome, connected, path_of, testing};
use super::token_expiry::{EXPIRES, expires_field};
use crate::Server;
use crate::console::form::read_date;
use crate::console::frame::sentence;
use crate::console::session::SignedIn;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use provost_core::app::App;
use provost_store::apps::connections;
use provost_web::{
    ButtonKind, Field, FieldKind, Markup, Notice, button, card, field, form, form_actions, hint, html, link_button, page_header,
    redirect_with_notice,
};

pub(super) fn routes() -> Router<Server> {
    Router::new().route("/apps/{app}/autoprovisioning/reauthorize", get(show).post(send))
}

fn body(app: &App, endpoint: &str, error: Option<&str>) -> Markup {
    html! {
        (page_header("App authorization", html! {}))
        (card("", html! {
            (form(&path_of(app, "reauthorize"), html! {
                (hint(&format!("Enter a new access token for {}. It is tried at {endpoint} before it takes the old one's place; then work goes on where it stood.", app.name)))
                (field(Field { label: "Access token", name: "token", kind: FieldKind::Secret, required: true, error, ..Field::default() }))
                (expires_field("", None))
                (form_actions(html! {
                    (link_button("CANCEL", &path_of(app, ""), ButtonKind::Text))
                    (button("Re-authorize", ButtonKind::Primary))
                }))
            }))
        }))
    }
}

async fn show(State(server): State<Server>, who: SignedIn, Path(id): Path<String>) -> Outcome {
    who.require_change()?;
    let (app, connection) = connected(&server.store, &id).await?;
    let body = body(&app, &connection.config.endpoint, None);
    Ok(app_page(&server, &who, &app, "App authorization", StatusCode::OK, None, body))
}

async fn send(State(server): State<Server>, who: SignedIn, Path(id): Path<String>, fields: Fields) -> Outcome {
    who.require_change()?;
    let (app, connection) = connected(&server.store, &id).await?;
    let endpoint = &connection.config.endpoint;
    let by = &who.principal.actor;
    let refused = |error: Option<&str>, notice: Option<&Notice>| {
        let body = body(&app, endpoint, error);
        app_page(&server, &who, &app, "App authorization", StatusCode::UNPROCESSABLE_ENTITY, notice, body)
    };
    let token = match connections::read_token(fields.text("token")) {
        Ok(token) => token,
        Err(error) => return Ok(refused(Some(&sentence(&error.to_string())), None)),
    };
    let expires_at = match read_date(fields.text(EXPIRES)) {
        Ok(at) => at,
        Err(text) => return Ok(refused(None, Some(&Notice::error(text)))),
    };
    if let Some(problem) = testing::problem(&server, by, app.id, endpoint, &token).await? {
        return Ok(refused(None, Some(&Notice::error(problem.text))));
    }
    if let Err(error) = connections::reauthorize(&server.store, by, connection.id, &token, expires_at).await {
        let notice = correctable(error)?;
        return Ok(refused(None, Some(&notice)));
    }
    let text = format!("{} was reauthorized.", app.name);
    Ok(redirect_with_notice(&path_of(&app, ""), &Notice::success(text)))
}
