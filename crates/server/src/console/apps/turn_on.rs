//! Turn on: the checklist, the plan, and the switch.

use super::details::app_page;
use super::form::Fields;
use super::parts::scope;
use super::{Outcome, app_path, awaited, connected, path_of, plans};
use crate::Server;
use crate::console::session::SignedIn;
use crate::plans::{Look, Ready};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use provost_core::app::{App, Connection, ConnectionStatus};
use provost_store::accounts::load_rules;
use provost_store::apps::connections;
use provost_store::planning::plan;
use provost_web::{ButtonKind, Confirm, Markup, Notice, confirm_with, html, page_header, redirect_with_notice};

pub(super) fn routes() -> Router<Server> {
    Router::new().route("/apps/{app}/autoprovisioning/turn-on", get(ask).post(turn_on))
}

async fn ask(State(server): State<Server>, who: SignedIn, Path(id): Path<String>) -> Outcome {
    who.require_change()?;
    let (app, connection) = connected(&server.store, &id).await?;
    if let Some(answer) = already(&app, &connection) {
        return Ok(answer);
    }
    let rules = load_rules(&server.store, connection.id).await?;
    let what = format!("turning on of {} {} {}", app.revision, connection.id, connection.revision);
    match server.plans.look(&server.store, &what, rules, plans::ENTRIES).await? {
        Look::Ready(ready) => Ok(page(&server, &who, &app, &connection, &ready, None)),
        Look::UnderWay(progress) => {
            let body = html! { (page_header("Turn on", html! {})) (awaited::by_path(&progress, &path_of(&app, "turn-on"))) };
            Ok(app_page(&server, &who, &app, "Turn on", StatusCode::OK, None, body))
        }
    }
}

fn already(app: &App, connection: &Connection) -> Option<Response> {
    match connection.status {
        ConnectionStatus::Inactive => None,
        ConnectionStatus::Active => {
            Some(redirect_with_notice(&app_path(app), &Notice::success("Autoprovisioning is on already.")))
        }
    }
}

fn page(server: &Server, who: &SignedIn, app: &App, connection: &Connection, ready: &Ready, notice: Option<&Notice>) -> Response {
    let status = if notice.is_some() { StatusCode::CONFLICT } else { StatusCode::OK };
    app_page(server, who, app, "Turn on", status, notice, body(app, connection, ready))
}

fn body(app: &App, connection: &Connection, ready: &Ready) -> Markup {
    let list = html! {
        ul {
            li { "Directory users have a value for every attribute that " (app.name) " requires." }
            li { "Attribute mapping and provisioning settings are as you want them." }
            li { "The provisioning scope holds only those who should get an account: users with app access who are members of the chosen groups." }
            li { (app.name) " has licences for everybody who would be created." }
        }
        (scope::without_access(app))
        h2 { "What would happen" }
        (awaited::made(ready, None))
        (plans::summary(app, &ready.plan))
    };
    let confirm = confirm_with(Confirm {
        title: "Turn on",
        text: &plans::question(&ready.plan, "Before users are provisioned, see that these things are done:"),
        body: list,
        action: &path_of(app, "turn-on"),
        confirm_label: "TURN ON",
        kind: ButtonKind::Primary,
        cancel_href: &app_path(app),
        hidden: &[("hash", &ready.plan.hash), ("revision", &connection.revision.to_string())],
    });
    html! { div id=(awaited::LIVE) { (confirm) } }
}

async fn turn_on(State(server): State<Server>, who: SignedIn, Path(id): Path<String>, fields: Fields) -> Outcome {
    who.require_change()?;
    let store = &server.store;
    let (app, connection) = connected(store, &id).await?;
    if let Some(answer) = already(&app, &connection) {
        return Ok(answer);
    }
    let plan = plan(store, &load_rules(store, connection.id).await?, plans::ENTRIES).await?;
    if plan.needs_confirmation && plan.hash != fields.text("hash") {
        let notice = Notice::warning("The plan has changed since you read it. Nothing was sent. Read it again, then turn on.");
        return Ok(page(&server, &who, &app, &connection, &Ready::now(plan), Some(&notice)));
    }
    let revision = fields.text("revision").parse().ok();
    connections::turn_on(store, &who.principal.actor, connection.id, revision).await?;
    let text = format!("Autoprovisioning for {} is on.", app.name);
    Ok(redirect_with_notice(&app_path(&app), &Notice::success(text)))
}
