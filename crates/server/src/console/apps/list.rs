//! The list of apps.

use super::form::link;
use super::{NAV, Outcome, app_path};
use crate::Server;
use crate::console::frame;
use crate::console::session::SignedIn;
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use provost_core::app::{Access, App, Connection, ConnectionStatus, ServiceStatus, profile};
use provost_store::apps::{self, connections};
use provost_web::{
    ButtonKind, Icon, Markup, Table, Tone, chip, data_table, empty_state_with, html, link_button, page_header, person,
};

pub(super) fn routes() -> Router<Server> {
    Router::new().route("/apps", get(show))
}

async fn show(State(server): State<Server>, who: SignedIn) -> Outcome {
    let apps = apps::list(&server.store).await?;
    let connections = connections::list(&server.store).await?;
    let body = body(&apps, &connections, who.may_change());
    Ok(frame::page(&server, &who, "Web and mobile apps", NAV, &[], None, body))
}

fn body(apps: &[App], connections: &[Connection], may_change: bool) -> Markup {
    let add = if may_change {
        link_button("Add app", &link("/apps/add", &[]), ButtonKind::Primary)
    } else {
        html! {}
    };
    let rows: Vec<Vec<Markup>> = apps
        .iter()
        .map(|app| {
            let connection = connections.iter().find(|connection| connection.app_id == app.id);
            let kind = profile(&app.catalogue).map_or(app.catalogue.as_str(), |profile| profile.name.as_str());
            vec![person(&app.name, kind, &app_path(app)), html! { "SAML" }, access_chip(&app.access), details(connection)]
        })
        .collect();
    html! {
        (page_header("Web and mobile apps", if apps.is_empty() { html! {} } else { add.clone() }))
        @if apps.is_empty() {
            (empty_state_with(Icon::Apps, "No apps yet", "Add an app to say who may use it, and to provision accounts into it.", add))
        } @else {
            (data_table(Table { caption: "Apps", headers: &["Name", "Platform", "User access", "Details"], numbers: &[], rows: &rows, empty: "" }))
        }
    }
}

/// The *Details* column.
pub(super) fn details(connection: Option<&Connection>) -> Markup {
    match connection {
        None => html! { span.muted { "Autoprovisioning not configured" } },
        Some(connection) => match (connection.status, &connection.halt) {
            (ConnectionStatus::Active, Some(_)) => html! { "Autoprovisioning On " (chip("needs reauthorization", Tone::Bad)) },
            (ConnectionStatus::Active, None) => html! { "Autoprovisioning On" },
            (ConnectionStatus::Inactive, Some(_)) => {
                html! { "Autoprovisioning Off " (chip("needs reauthorization", Tone::Warn)) }
            }
            (ConnectionStatus::Inactive, None) => html! { "Autoprovisioning Off" },
        },
    }
}

/// For whom the app is ON, in a word.
pub(super) fn access_chip(access: &Access) -> Markup {
    match access.default {
        ServiceStatus::On if all(access, ServiceStatus::On) => chip("ON for everyone", Tone::Good),
        ServiceStatus::Off if all(access, ServiceStatus::Off) && access.groups.is_empty() => {
            chip("OFF for everyone", Tone::Neutral)
        }
        ServiceStatus::On | ServiceStatus::Off => chip("ON for some", Tone::Info),
    }
}

fn all(access: &Access, status: ServiceStatus) -> bool {
    access.org_units.values().all(|setting| *setting == status)
}
