//! The sync log: every event of one connection, newest first, by event and user.

use super::super::details::app_page;
use super::super::form::{Asked, link};
use super::super::settings::sections;
use super::super::{Outcome, connected, path_of};
use super::PAGE_ROWS;
use crate::Server;
use crate::console::session::SignedIn;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use provost_core::app::{App, Connection};
use provost_core::ids::UserId;
use provost_store::accounts::{self, AccountQuery};
use provost_store::directory::users;
use provost_store::log::names::{self, LABELS, label};
use provost_store::log::{LogEntry, LogQuery, list};
use provost_store::{Actor, Store, StoreError};
use provost_web::{
    FilterBar, Markup, Table, Tone, chip, data_table, expander, filter_bar, html, page_header, pager, search_field, select, time,
};
use serde_json::Value;

pub(super) fn routes() -> Router<Server> {
    Router::new().route("/apps/{app}/autoprovisioning/log", get(show))
}

async fn show(State(server): State<Server>, who: SignedIn, Path(id): Path<String>, Asked(asked): Asked) -> Outcome {
    let store = &server.store;
    let (app, connection) = connected(store, &id).await?;
    let (event, user) = (asked.text("event"), asked.text("user"));
    let chosen = if user.is_empty() { Some(None) } else { user_id(store, &connection, user).await?.map(Some) };
    let (entries, next) = match chosen {
        // Somebody of whom nothing is known has no events.
        None => (Vec::new(), None),
        Some(user) => {
            let query = LogQuery {
                name: Some(event.to_owned()).filter(|event| !event.is_empty()),
                connection: Some(connection.id),
                user,
                after: asked.given("after").map(str::to_owned),
                limit: PAGE_ROWS,
                ..LogQuery::default()
            };
            let page = list(store, &query).await?;
            (page.items, page.next)
        }
    };
    let next = next.map(|after| link(&path_of(&app, "log"), &[("event", event), ("user", user), ("after", &after)]));
    let body = body(&app, &entries, event, user, next.as_deref());
    Ok(app_page(&server, &who, &app, "Sync log", StatusCode::OK, None, body))
}

/// The user of an address or id; of people whom the directory has forgotten, by the account's last address.
async fn user_id(store: &Store, connection: &Connection, key: &str) -> Result<Option<UserId>, StoreError> {
    if let Ok(id) = key.parse() {
        return Ok(Some(id));
    }
    match users::find(store, key).await {
        Ok(user) => return Ok(Some(user.id)),
        Err(StoreError::NotFound { .. }) => {}
        Err(error) => return Err(error),
    }
    let query = AccountQuery { text: key.to_owned(), limit: 1, ..AccountQuery::default() };
    Ok(accounts::list(store, connection.id, &query).await?.items.first().map(|account| account.user_id))
}

fn body(app: &App, entries: &[LogEntry], event: &str, user: &str, next: Option<&str>) -> Markup {
    let path = path_of(app, "log");
    let provisioning = LABELS.iter().filter(|(name, _)| name.contains("AUTO_PROV"));
    let mut options: Vec<(&str, &str)> = vec![("", "All events")];
    options.extend(provisioning.copied());
    let fields = html! { (select("Event", "event", &options, event)) (search_field("User (address)", "user", user)) };
    let rows: Vec<Vec<Markup>> = entries.iter().map(|entry| row(app, entry)).collect();
    html! {
        (page_header("Sync log", html! {}))
        (sections(app, "log"))
        (filter_bar(FilterBar { action: &path, target: "log", fields, actions: html! {} }))
        div id="log" {
            (data_table(Table { caption: "Sync log", headers: &["When", "Event", "User", "Details"], numbers: &[], rows: &rows,
                empty: "No event fits." }))
            (pager(None, next))
        }
    }
}

fn row(app: &App, entry: &LogEntry) -> Vec<Markup> {
    let name = label(&entry.name);
    let by_engine = entry.actor == Actor::Engine.label();
    let event = html! {
        @if entry.name == names::AUTO_PROV_FAILURE { (chip("Failure", Tone::Bad)) } @else { (name) }
        @if !by_engine { br; span.muted { "by " (entry.actor) } }
    };
    let shown = entry.user_email.clone().or_else(|| entry.user_id.map(|id| id.to_string()));
    let user = html! {
        @match (entry.user_id, &shown) {
            (Some(id), Some(shown)) => { a href=(link(&path_of(app, "explain"), &[("user", &id.to_string())])) { (shown) } }
            (None, Some(shown)) => { (shown) }
            (Some(_) | None, None) => { "–" }
        }
    };
    vec![time(entry.at.0), event, user, details(&entry.detail)]
}

/// The detail's members; the app's name says nothing on this page.
fn details(detail: &Value) -> Markup {
    let Some(members) = detail.as_object() else { return html! {} };
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let shown: Vec<(&String, String)> = members
        .iter()
        .filter(|(name, value)| *name != "APPLICATION_NAME" && !value.is_null())
        .map(|(name, value)| (name, text(value)))
        .collect();
    let message = members.get("message").and_then(Value::as_str);
    html! {
        @if let Some(message) = message { (message) }
        @if !shown.is_empty() {
            (expander("Details", false, html! { ul { @for (name, value) in &shown { li { (name) ": " (value) } } } }))
        }
    }
}
