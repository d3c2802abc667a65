//! Add app: the catalogue, then name and single sign-on details.

use super::form::{Asked, Fields, link};
use super::{NAV, Outcome, app_path};
use crate::Server;
use crate::console::frame::{self, sentence};
use crate::console::session::SignedIn;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use provost_core::app::{Profile, SsoDetails, catalogue, profile};
use provost_store::{StoreError, apps};
use provost_web::{
    ButtonKind, Field, FieldKind, FilterBar, Markup, Notice, Table, button, card, data_table, field, filter_bar, form,
    form_actions, hint, html, link_button, not_found, page_header, redirect_with_notice, search_field,
};

const CRUMBS: [(&str, &str); 2] = [("Web and mobile apps", "/apps"), ("Add app", "/apps/add")];

pub(super) fn routes() -> Router<Server> {
    Router::new().route("/apps/add", get(choose)).route("/apps/add/{key}", get(show).post(add))
}

async fn choose(State(server): State<Server>, who: SignedIn, Asked(asked): Asked) -> Outcome {
    who.require_change()?;
    let body = catalogue_body(asked.text("q"));
    Ok(frame::page(&server, &who, "Add app", NAV, &CRUMBS, None, body))
}

fn catalogue_body(text: &str) -> Markup {
    let wanted = text.to_lowercase();
    let fits = |profile: &&Profile| {
        [&profile.name, &profile.description, &profile.key].iter().any(|field| field.to_lowercase().contains(&wanted))
    };
    let rows: Vec<Vec<Markup>> = catalogue()
        .iter()
        .filter(fits)
        .map(|profile| {
            let path = format!("/apps/add/{}", profile.key);
            vec![
                html! { a href=(path) { (profile.name) } },
                html! { (profile.description) },
                link_button("Select", &path, ButtonKind::Text),
            ]
        })
        .collect();
    html! {
        (page_header("Add app", html! {}))
        (filter_bar(FilterBar { action: "/apps/add", target: "catalogue", fields: search_field("Search the catalogue", "q", text), actions: html! {} }))
        div id="catalogue" {
            (data_table(Table { caption: "App catalogue", headers: &["App", "Description", ""], numbers: &[], rows: &rows,
                empty: "No app of the catalogue has this in its name. Any app that speaks SCIM 2.0 can be added as generic SCIM." }))
        }
        (hint("An app that is not listed can be added as generic SCIM when it speaks SCIM 2.0."))
    }
}

async fn show(State(server): State<Server>, who: SignedIn, Path(key): Path<String>) -> Outcome {
    who.require_change()?;
    let Some(profile) = profile(&key) else { return Err(not_found().into()) };
    let fields = Fields::of(vec![("name".to_owned(), profile.name.clone())]);
    Ok(frame::page(&server, &who, "Add app", NAV, &CRUMBS, None, body(profile, &fields)))
}

fn body(profile: &Profile, fields: &Fields) -> Markup {
    html! {
        (page_header(&format!("Add {}", profile.name), html! {}))
        (card("", html! {
            (form(&format!("/apps/add/{}", profile.key), html! {
                (field(Field { label: "App name", name: "name", value: fields.text("name"), required: true, ..Field::default() }))
                (sso_fields(fields.text("acs_url"), fields.text("entity_id"), false))
                (form_actions(html! {
                    (link_button("CANCEL", "/apps/add", ButtonKind::Text))
                    (button("Add app", ButtonKind::Primary))
                }))
            }))
        }))
    }
}

/// ACS URL and entity ID.
pub(super) fn sso_fields(acs_url: &str, entity_id: &str, required: bool) -> Markup {
    html! {
        (field(Field { label: "ACS URL", name: "acs_url", value: acs_url, kind: FieldKind::Url, required,
            hint: Some("Where the app takes sign-ins. Copy it from the app's SAML settings."), ..Field::default() }))
        (field(Field { label: "Entity ID", name: "entity_id", value: entity_id, required,
            hint: Some("The app's name in SAML. Autoprovisioning can be configured once both are there."), ..Field::default() }))
    }
}

/// The details that a form holds; `None` when both fields are empty.
pub(super) fn sso_of(fields: &Fields) -> Option<SsoDetails> {
    let (acs_url, entity_id) = (fields.text("acs_url"), fields.text("entity_id"));
    (!acs_url.is_empty() || !entity_id.is_empty())
        .then(|| SsoDetails { acs_url: acs_url.to_owned(), entity_id: entity_id.to_owned() })
}

async fn add(State(server): State<Server>, who: SignedIn, Path(key): Path<String>, fields: Fields) -> Outcome {
    who.require_change()?;
    let Some(profile) = profile(&key) else { return Err(not_found().into()) };
    let by = &who.principal.actor;
    let created = match apps::create(&server.store, by, fields.text("name"), &profile.key).await {
        Ok(app) => app,
        Err(error @ (StoreError::Invalid(_) | StoreError::Taken { .. })) => {
            let notice = Notice::error(sentence(&error.to_string()));
            let body = body(profile, &fields);
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return Ok(frame::page_with(status, &server, &who, "Add app", NAV, &CRUMBS, Some(&notice), body));
        }
        Err(error) => return Err(error.into()),
    };
    let path = app_path(&created);
    let Some(sso) = sso_of(&fields) else {
        let text = format!("{} was added. It is OFF for everyone; enter its service provider details next.", created.name);
        return Ok(redirect_with_notice(&path, &Notice::success(text)));
    };
    match apps::set_sso(&server.store, by, created.id, Some(created.revision), Some(sso)).await {
        Ok(app) => {
            let text = format!("{} was added. It is OFF for everyone until you set its user access.", app.name);
            Ok(redirect_with_notice(&path, &Notice::success(text)))
        }
        Err(error @ StoreError::Invalid(_)) => {
            let text = format!("{} was added, but not its service provider details: {error}.", created.name);
            let back =
                link(&format!("{path}/sso"), &[("acs_url", fields.text("acs_url")), ("entity_id", fields.text("entity_id"))]);
            Ok(redirect_with_notice(&back, &Notice::warning(text)))
        }
        Err(error) => Err(error.into()),
    }
}
