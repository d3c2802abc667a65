//! Turn off, delete configuration, sync now, and a probe in quarantine.

use super::details::app_page;
use super::{Outcome, app_path, connected, path_of};
use crate::Server;
use crate::console::session::SignedIn;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use provost_core::app::{App, ConnectionStatus};
use provost_store::accounts;
use provost_store::apps::{connections, health};
use provost_web::{ButtonKind, Confirm, Markup, Notice, confirm_with, counted, html, redirect_with_notice};

pub(super) fn routes() -> Router<Server> {
    Router::new()
        .route("/apps/{app}/autoprovisioning/turn-off", get(ask_turn_off).post(turn_off))
        .route("/apps/{app}/autoprovisioning/delete", get(ask_delete).post(delete))
        .route("/apps/{app}/autoprovisioning/sync", post(sync))
        .route("/apps/{app}/autoprovisioning/probe", post(probe))
}

fn turn_off_body(app: &App) -> Markup {
    confirm_with(Confirm {
        title: &format!("Turn off autoprovisioning for {}?", app.name),
        text: "No request starts after this. The configuration stays, and so do the accounts; grace periods go on running, and what falls due meanwhile is shown before you turn on again.",
        body: html! {},
        action: &path_of(app, "turn-off"),
        confirm_label: "Turn off",
        kind: ButtonKind::Primary,
        cancel_href: &path_of(app, ""),
        hidden: &[],
    })
}

async fn ask_turn_off(State(server): State<Server>, who: SignedIn, Path(id): Path<String>) -> Outcome {
    who.require_change()?;
    let (app, _) = connected(&server.store, &id).await?;
    Ok(app_page(&server, &who, &app, "Turn off", StatusCode::OK, None, turn_off_body(&app)))
}

async fn turn_off(State(server): State<Server>, who: SignedIn, Path(id): Path<String>) -> Outcome {
    who.require_change()?;
    let (app, connection) = connected(&server.store, &id).await?;
    connections::turn_off(&server.store, &who.principal.actor, connection.id).await?;
    let text = format!("Autoprovisioning for {} is off. Nothing more is sent.", app.name);
    Ok(redirect_with_notice(&app_path(&app), &Notice::success(text)))
}

fn delete_body(app: &App, accounts: u64, active: bool) -> Markup {
    let text = format!(
        "Access token, endpoint, mapping, scope and deprovisioning settings go, with our records of {}. Nothing is sent: the accounts in {} stay and can be used. When you set up again, accounts of users who should have one are adopted.",
        counted(accounts, "account"),
        app.name
    );
    let more = if active {
        html! { p { "Autoprovisioning is on; it stops with the configuration." } }
    } else {
        html! {}
    };
    confirm_with(Confirm {
        title: &format!("Delete the autoprovisioning configuration of {}?", app.name),
        text: &text,
        body: more,
        action: &path_of(app, "delete"),
        confirm_label: "Delete",
        kind: ButtonKind::Danger,
        cancel_href: &path_of(app, ""),
        hidden: &[],
    })
}

async fn ask_delete(State(server): State<Server>, who: SignedIn, Path(id): Path<String>) -> Outcome {
    who.require_change()?;
    let (app, connection) = connected(&server.store, &id).await?;
    let counts = accounts::counts(&server.store, connection.id, server.store.now()).await?;
    let active = connection.status == ConnectionStatus::Active;
    let body = delete_body(&app, counts.total(), active);
    Ok(app_page(&server, &who, &app, "Delete configuration", StatusCode::OK, None, body))
}

async fn delete(State(server): State<Server>, who: SignedIn, Path(id): Path<String>) -> Outcome {
    who.require_change()?;
    let (app, connection) = connected(&server.store, &id).await?;
    connections::delete_configuration(&server.store, &who.principal.actor, connection.id).await?;
    let text = format!("The autoprovisioning configuration of {} was deleted. Its accounts stay as they are.", app.name);
    Ok(redirect_with_notice(&app_path(&app), &Notice::success(text)))
}

async fn sync(State(server): State<Server>, who: SignedIn, Path(id): Path<String>) -> Outcome {
    who.require_change()?;
    let (app, connection) = connected(&server.store, &id).await?;
    if connection.status == ConnectionStatus::Inactive {
        let notice = Notice::error("Autoprovisioning is off and sends nothing: turn it on first.");
        return Ok(redirect_with_notice(&app_path(&app), &notice));
    }
    connections::sync_now(&server.store, &who.principal.actor, connection.id).await?;
    Ok(redirect_with_notice(&app_path(&app), &Notice::success("Everybody is being looked at again.")))
}

async fn probe(State(server): State<Server>, who: SignedIn, Path(id): Path<String>) -> Outcome {
    who.require_change()?;
    let (app, connection) = connected(&server.store, &id).await?;
    health::probe_now(&server.store, connection.id).await?;
    let text = format!("{} is being asked whether it works again.", app.name);
    Ok(redirect_with_notice(&app_path(&app), &Notice::success(text)))
}
