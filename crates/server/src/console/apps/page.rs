//! The app page: what the app is at the left, its cards at the right.

use super::list::access_chip;
use super::{NAV, Outcome, app_of, app_path, card as autoprovisioning};
use crate::Server;
use crate::console::frame;
use crate::console::session::SignedIn;
use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use provost_core::app::{App, profile};
use provost_store::apps::connections;
use provost_web::{
    ButtonKind, Icon, Markup, app_header, breakable, card, card_with, definition_list, html, icon_link, link_button, live,
    two_columns,
};

pub(super) fn routes() -> Router<Server> {
    Router::new().route("/apps/{app}", get(show))
}

async fn show(State(server): State<Server>, who: SignedIn, Path(id): Path<String>) -> Outcome {
    let app = app_of(&server.store, &id).await?;
    let path = app_path(&app);
    let card = match connections::of_app(&server.store, app.id).await? {
        Some(connection) => {
            let standing = autoprovisioning::standing(&server.store, connection).await?;
            live("autoprovisioning", &path, autoprovisioning::configured(&app, &standing, who.may_change()))
        }
        None => autoprovisioning::not_configured(&app, who.may_change()),
    };
    let body = body(&app, &card, who.may_change());
    let crumbs = [("Apps", "/apps"), ("Web and mobile apps", "/apps"), (app.name.as_str(), "")];
    Ok(frame::page(&server, &who, &app.name, NAV, &crumbs, None, body))
}

fn body(app: &App, autoprovisioning: &Markup, may_change: bool) -> Markup {
    let path = app_path(app);
    let description = profile(&app.catalogue).map_or("", |profile| profile.description.as_str());
    let left = card(
        "",
        html! {
            (app_header(&app.name, "SAML"))
            p.muted { (description) }
            @if may_change {
                div {
                    (icon_link(Icon::Pencil, "EDIT DETAILS", &format!("{path}/edit")))
                    (icon_link(Icon::Bin, "DELETE APP", &format!("{path}/delete")))
                }
            }
        },
    );
    two_columns(left, html! { (user_access(app, &path)) (service_provider(app, &path, may_change)) (autoprovisioning) })
}

fn user_access(app: &App, path: &str) -> Markup {
    let link = link_button("View details", &format!("{path}/access"), ButtonKind::Text);
    let (units, groups) = (app.access.org_units.len(), app.access.groups.len());
    card_with(
        "User access",
        link,
        html! {
            p.muted { "Choose org units or groups to make the app available to them." }
            p {
                (access_chip(&app.access))
                @if units + groups > 0 {
                    " " span.muted {
                        (units) " org unit" @if units != 1 { "s" } " with own settings, "
                        (groups) " access group" @if groups != 1 { "s" }
                    }
                }
            }
        },
    )
}

fn service_provider(app: &App, path: &str, may_change: bool) -> Markup {
    let edit = if may_change {
        link_button("Edit", &format!("{path}/sso"), ButtonKind::Text)
    } else {
        html! {}
    };
    let content = if let Some(sso) = &app.sso {
        definition_list(&[("ACS URL", breakable(&sso.acs_url)), ("Entity ID", breakable(&sso.entity_id))])
    } else {
        html! { p { "Not set up. Enter ACS URL and entity ID; autoprovisioning needs them first." } }
    };
    card_with("Service provider details", edit, content)
}
