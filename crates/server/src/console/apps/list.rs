//! The list of apps.

use super::form::link;
use super::{NAV, Outcome, app_path};
use crate::Server;
use crate::console::frame;
use crate::console::session::SignedIn;
use crate::console::standing::Standing;
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use provost_core::app::{Access, App, Connection, ServiceStatus, profile};
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
    let mut standing = Vec::new();
    for connection in connections {
        standing.push((Standing::read(&server.store, &connection).await?, connection));
    }
    let body = body(&apps, &standing, who.may_change());
    Ok(frame::page(&server, &who, "Web and mobile apps", NAV, &[], None, body))
}

fn body(apps: &[App], connections: &[(Standing, Connection)], may_change: bool) -> Markup {
    let add = if may_change {
        link_button("Add app", &link("/apps/add", &[]), ButtonKind::Primary)
    } else {
        html! {}
    };
    let rows: Vec<Vec<Markup>> = apps
        .iter()
        .map(|app| {
            let connection = connections.iter().find(|(_, connection)| connection.app_id == app.id);
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
fn details(connection: Option<&(Standing, Connection)>) -> Markup {
    let Some((standing, connection)) = connection else {
        return html! { span.muted { "Autoprovisioning not configured" } };
    };
    match standing {
        Standing::Syncing => html! { "Autoprovisioning On" },
        Standing::Inactive => html! {
            "Autoprovisioning Off" @if connection.halt.is_some() { " " (chip("needs reauthorization", Tone::Warn)) }
        },
        Standing::Halted(_) | Standing::Quarantine | Standing::RemovalsStopped => {
            html! { "Autoprovisioning On " (standing.chip()) }
        }
    }
}

/// Whether nobody at all has access.
pub(super) fn off_for_everyone(access: &Access) -> bool {
    access.default == ServiceStatus::Off && all(access, ServiceStatus::Off) && access.groups.is_empty()
}

/// For whom the app is ON, in a word.
pub(super) fn access_chip(access: &Access) -> Markup {
    match access.default {
        ServiceStatus::On if all(access, ServiceStatus::On) => chip("ON for everyone", Tone::Good),
        ServiceStatus::Off if off_for_everyone(access) => chip("OFF for everyone", Tone::Neutral),
        ServiceStatus::On | ServiceStatus::Off => chip("ON for some", Tone::Info),
    }
}

fn all(access: &Access, status: ServiceStatus) -> bool {
    access.org_units.values().all(|setting| *setting == status)
}
