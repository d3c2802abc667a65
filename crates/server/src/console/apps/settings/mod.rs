//! Autoprovisioning settings: every part with how it is set, and the page that changes it.

mod authorization;
mod edit;
mod forms;
mod token_expiry;

use super::details::app_page;
use super::parts::announcement::announcement;
use super::parts::deprovisioning;
use super::{Outcome, app_path, connected, path_of};
use crate::Server;
use crate::console::session::SignedIn;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use provost_core::app::{App, ConnectionStatus, ScopeMembers, ScopeMode};
use provost_core::time::Timestamp;
use provost_store::apps;
use provost_store::apps::connections::{self, ConnectionDetails};
use provost_store::directory::groups;
use provost_store::{Store, StoreError};
use provost_web::{
    ButtonKind, Markup, Notice, Setting, Tone, breakable, card, chip, html, link_button, notice_box, page_header, setting_row,
    tabs, time,
};

pub(super) fn routes() -> Router<Server> {
    Router::new()
        .route("/apps/{app}/autoprovisioning", get(show))
        .merge(authorization::routes())
        .merge(token_expiry::routes())
        .merge(edit::routes())
}

/// The sections of a connection's pages; `current` is the last part of the path.
pub(super) fn sections(app: &App, current: &str) -> Markup {
    let items = [
        ("Settings", path_of(app, "")),
        ("Sync log", path_of(app, "log")),
        ("Failures", path_of(app, "failures")),
        ("Accounts", path_of(app, "accounts")),
        ("Plan", path_of(app, "plan")),
        ("Held removals", path_of(app, "held")),
        ("Drift", path_of(app, "drift")),
        ("Not managed", path_of(app, "not-managed")),
        ("Explain", path_of(app, "explain")),
    ];
    let items: Vec<(&str, &str)> = items.iter().map(|(label, href)| (*label, href.as_str())).collect();
    tabs(&items, &path_of(app, current))
}

async fn show(State(server): State<Server>, who: SignedIn, Path(id): Path<String>) -> Outcome {
    let (app, connection) = connected(&server.store, &id).await?;
    let details = connections::details(&server.store, connection.id).await?;
    let scope = scope_summary(&server.store, &app, &details).await?;
    let announced = announcement(apps::announcement::get(&server.store, connection.id).await?.as_ref());
    let expires_at = apps::token_expiry::get(&server.store, connection.id).await?;
    let body = html! { (body(&app, &details, expires_at, &scope, who.may_change())) (announced) };
    Ok(app_page(&server, &who, &app, "Autoprovisioning", StatusCode::OK, None, body))
}

async fn scope_summary(store: &Store, app: &App, details: &ConnectionDetails) -> Result<Markup, StoreError> {
    let scope = &details.connection.config.scope;
    match scope.mode {
        ScopeMode::Everyone => return Ok(html! { "All users with access to " (app.name) }),
        ScopeMode::Groups => {}
    }
    let mut lines = Vec::new();
    for entry in &scope.groups {
        let members = match entry.members {
            ScopeMembers::Direct => "direct members",
            ScopeMembers::All => "all members",
        };
        lines.push(match groups::get(store, entry.group).await {
            Ok(group) => html! { (group.email) " (" (members) ")" },
            Err(StoreError::NotFound { .. }) => html! { (chip("deleted group", Tone::Warn)) " " (entry.group) },
            Err(error) => return Err(error),
        });
    }
    Ok(html! { @for line in &lines { div { (line) } } })
}

fn body(app: &App, details: &ConnectionDetails, expires_at: Option<Timestamp>, scope: &Markup, may_change: bool) -> Markup {
    let config = &details.connection.config;
    let mandatory = config.mapping.iter().filter(|row| details.connection.profile.is_mandatory(&row.target)).count();
    let active = match details.connection.status {
        ConnectionStatus::Active => true,
        ConnectionStatus::Inactive => false,
    };
    let token = match details.credential_set_at {
        Some(at) => html! { "Access token entered " (time(at.0)) },
        None => chip("no access token", Tone::Bad),
    };
    let status = html! {
        @if active { (chip("Active", Tone::Good)) } @else { (chip("Inactive", Tone::Neutral)) }
        @if details.connection.halt.is_some() { " " (chip("needs reauthorization", Tone::Bad)) }
    };
    let rows = [
        ("App authorization", token, "Reauthorize", "reauthorize"),
        ("Access token expires", token_expiry::summary(expires_at), "Edit", "token-expiry"),
        ("Endpoint URL", breakable(&config.endpoint), "Edit", "edit/endpoint"),
        (
            "Attribute mapping",
            html! { (config.mapping.len()) " attributes, " (mandatory) " of them mandatory" },
            "Edit",
            "edit/mapping",
        ),
        ("Provisioning scope", scope.clone(), "Edit", "edit/scope"),
        ("Deprovisioning", deprovisioning::summary(&config.deprovisioning), "Edit", "edit/deprovisioning"),
        ("Status", status, if active { "Turn off" } else { "Turn on" }, if active { "turn-off" } else { "turn-on" }),
        ("Delete configuration", html! { "Accounts in " (app.name) " stay as they are." }, "Delete", "delete"),
    ];
    html! {
        (page_header("Autoprovisioning", link_button("Back to the app", &app_path(app), ButtonKind::Text)))
        (sections(app, ""))
        @for warning in crate::config::warnings(config) { (notice_box(&Notice::warning(warning))) }
        (card("", html! {
            @for (label, value, action, path) in &rows {
                @let href = path_of(app, path);
                (setting_row(&Setting { label, value: value.clone(), action: may_change.then_some((*action, href.as_str())) }))
            }
        }))
    }
}
