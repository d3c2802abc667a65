//! Admin log events: the list with its filter, and the same as CSV.

mod detail;
mod filter;

pub(super) use detail::{entry_body, entry_tone};

use super::form::Asked;
use super::frame::{answer, page};
use super::session::SignedIn;
use crate::Server;
use crate::log_file::log_file;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use filter::Filter;
use provost_store::log::{self, LogEntry, LogQuery, names};
use provost_store::{Store, StoreError};
use provost_web::{
    ButtonKind, Field, FieldKind, FilterBar, Markup, Notice, Table, breakable, data_table, field, filter_bar, html, link_button,
    notice_box, page_header, pager, select, time,
};

/// The page's address.
pub(super) const LOG: &str = "/reporting/admin";
const CSV: &str = "/reporting/admin.csv";

const PAGE_EVENTS: usize = 50;

pub(super) fn router() -> Router<Server> {
    Router::new().route(LOG, get(show)).route(CSV, get(download))
}

async fn show(State(server): State<Server>, who: SignedIn, Asked(filter): Asked<Filter>) -> Response {
    answer(&server, &who, list(&server, &who, filter).await)
}

async fn list(server: &Server, who: &SignedIn, filter: Filter) -> Result<Response, StoreError> {
    let filter = filter.with_defaults(server.store.now());
    let (query, trouble) = filter.query(&server.store).await?;
    let found = match &query {
        Some(query) => log::list(&server.store, &LogQuery { limit: PAGE_EVENTS, ..query.clone() }).await?,
        None => provost_store::directory::Page { items: Vec::new(), next: None },
    };
    let date = |label, name, value| field(Field { label, name, value, kind: FieldKind::Date, ..Field::default() });
    let user = Field { label: "User (address or ID)", name: "user", value: &filter.user, ..Field::default() };
    let fields = html! {
        (select("Event", "name", &event_options(), &filter.name))
        (field(user))
        (date("From", "from", &filter.from))
        (date("To", "to", &filter.to))
    };
    let csv = link_button("Download list", &filter.href(CSV, ""), ButtonKind::Text);
    let body = html! {
        (page_header("Admin log events", html! {}))
        (filter_bar(FilterBar { action: LOG, target: "log-list", fields, actions: csv }))
        div #log-list {
            @if let Some(trouble) = trouble { (notice_box(&Notice::warning(trouble))) }
            (rows(&found.items))
            div.actions {
                @if !filter.after.is_empty() { (link_button("Newest", &filter.href(LOG, ""), ButtonKind::Text)) }
                (pager(None, found.next.as_deref().map(|next| filter.href(LOG, next)).as_deref()))
            }
        }
    };
    Ok(page(server, who, "Admin log events", LOG, &[], None, body))
}

fn event_options() -> Vec<(&'static str, &'static str)> {
    std::iter::once(("", "Any")).chain(names::LABELS.iter().copied()).collect()
}

fn rows(entries: &[LogEntry]) -> Markup {
    let rows: Vec<Vec<Markup>> = entries
        .iter()
        .map(|entry| {
            vec![
                time(entry.at.0),
                html! { div { (provost_web::chip(names::label(&entry.name), entry_tone(&entry.name))) (entry_body(entry)) } },
                user_cell(entry),
                breakable(&entry.actor),
            ]
        })
        .collect();
    let headers = ["Time", "Event", "User", "By"];
    data_table(Table { caption: "Events", headers: &headers, numbers: &[], rows: &rows, empty: "No event matches." })
}

fn user_cell(entry: &LogEntry) -> Markup {
    let email = entry.user_email.as_deref().unwrap_or_default();
    html! {
        @match entry.user_id {
            Some(id) => a href=(super::users::user_href(id)) { (breakable(email)) },
            None => span.muted { "–" },
        }
    }
}

async fn download(State(server): State<Server>, who: SignedIn, Asked(filter): Asked<Filter>) -> Response {
    answer(&server, &who, csv(&server.store, filter).await)
}

async fn csv(store: &Store, filter: Filter) -> Result<Response, StoreError> {
    let filter = filter.with_defaults(store.now());
    let (query, _) = filter.query(store).await?;
    log_file(store, query.map(|query| LogQuery { after: None, ..query })).await
}
