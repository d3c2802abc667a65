//! Not managed: accounts of the app that are linked to nobody.

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
use provost_core::app::App;
use provost_store::directory::Page;
use provost_store::remote::{self, Listing, Unmanaged};
use provost_web::{
    FilterBar, Markup, Table, Tone, chip, counted, data_table, filter_bar, hint, html, page_header, pager, search_field, time,
};

pub(super) fn routes() -> Router<Server> {
    Router::new().route("/apps/{app}/autoprovisioning/not-managed", get(show))
}

async fn show(State(server): State<Server>, who: SignedIn, Path(id): Path<String>, Asked(asked): Asked) -> Outcome {
    let store = &server.store;
    let (app, connection) = connected(store, &id).await?;
    let text = asked.text("q");
    let found = remote::unmanaged(store, connection.id, text, asked.given("after"), PAGE_ROWS).await?;
    let count = remote::unmanaged_count(store, connection.id).await?;
    let whole = remote::last_whole(store, connection.id).await?;
    let body = body(&app, &found, count, whole.as_ref(), text);
    Ok(app_page(&server, &who, &app, "Not managed", StatusCode::OK, None, body))
}

fn body(app: &App, found: &Page<Unmanaged>, count: u64, whole: Option<&Listing>, text: &str) -> Markup {
    let next = found.next.as_deref().map(|after| link(&path_of(app, "not-managed"), &[("q", text), ("after", after)]));
    let rows: Vec<Vec<Markup>> = found.items.iter().map(row).collect();
    html! {
        (page_header("Not managed", html! {}))
        (sections(app, "not-managed"))
        @match whole.and_then(|listing| listing.finished_at) {
            Some(at) => p { (counted(count, "account")) " of " (app.name) @if count == 1 { " belongs" } @else { " belong" } " to no user of the directory who should have one. As listed " (time(at.0)) "." },
            None => p { "The accounts of " (app.name) " were not listed as a whole yet: a " a href=(path_of(app, "drift")) { "drift check" } " lists them." },
        }
        (hint("They are never touched. An account is adopted when a user of that name should have one."))
        (filter_bar(FilterBar { action: &path_of(app, "not-managed"), target: "accounts", fields: search_field("Name in the app", "q", text), actions: html! {} }))
        div id="accounts" {
            (data_table(Table { caption: "Accounts that are not managed", headers: &["Name in the app", "ID in the app", "State", "externalId", "Last seen"],
                numbers: &[], rows: &rows, empty: "No account fits." }))
            (pager(None, next.as_deref()))
        }
    }
}

fn row(account: &Unmanaged) -> Vec<Markup> {
    vec![
        html! { (account.name) },
        html! { code { (account.remote_id) } },
        if account.active { chip("active", Tone::Good) } else { chip("inactive", Tone::Neutral) },
        html! { @match &account.external_id { Some(id) => { code { (id) } } None => { "–" } } },
        time(account.seen_at.0),
    ]
}
