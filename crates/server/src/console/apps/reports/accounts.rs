//! Accounts: our record of each user's account in the app, and its next removal.

use super::super::details::app_page;
use super::super::form::{Asked, link};
use super::super::plans::trigger_text;
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
use provost_core::provisioning::{Account, AccountState, RemovalKind};
use provost_store::accounts::{self, AccountQuery, coming};
use provost_web::{
    FilterBar, Markup, Table, Tone, chip, data_table, filter_bar, html, page_header, pager, search_field, select, time,
};

pub(super) fn routes() -> Router<Server> {
    Router::new().route("/apps/{app}/autoprovisioning/accounts", get(show))
}

async fn show(State(server): State<Server>, who: SignedIn, Path(id): Path<String>, Asked(asked): Asked) -> Outcome {
    let (app, connection) = connected(&server.store, &id).await?;
    let (show, text) = (asked.text("show"), asked.text("q"));
    let query = AccountQuery {
        state: AccountState::parse(show),
        failing: show == "failing",
        leaving: show == "leaving",
        text: text.to_owned(),
        after: asked.given("after").map(str::to_owned),
        limit: PAGE_ROWS,
    };
    let found = accounts::list(&server.store, connection.id, &query).await?;
    let next = found.next.map(|after| link(&path_of(&app, "accounts"), &[("show", show), ("q", text), ("after", &after)]));
    let rejected = coming::rejected(&server.store, connection.id, &found.items).await?;
    let rows: Vec<Vec<Markup>> =
        found.items.iter().map(|account| row(&app, account, rejected.contains(&account.user_id))).collect();
    let body = body(&app, &rows, show, text, next.as_deref());
    Ok(app_page(&server, &who, &app, "Accounts", StatusCode::OK, None, body))
}

fn body(app: &App, rows: &[Vec<Markup>], show: &str, text: &str, next: Option<&str>) -> Markup {
    let options = [
        ("", "All accounts in the app"),
        ("linked", "In use"),
        ("suspended", "Suspended by Provost"),
        ("leaving", "With a removal ahead, next first"),
        ("failing", "Failing now"),
        ("absent", "Without an account"),
    ];
    let fields = html! { (search_field("User (address)", "q", text)) (select("Show", "show", &options, show)) };
    html! {
        (page_header("Accounts", html! {}))
        (sections(app, "accounts"))
        (filter_bar(FilterBar { action: &path_of(app, "accounts"), target: "accounts", fields, actions: html! {} }))
        div id="accounts" {
            (data_table(Table { caption: "Accounts", headers: &["User", "State", "ID in the app", "Next removal"], numbers: &[], rows,
                empty: "No account fits." }))
            (pager(None, next))
        }
    }
}

fn row(app: &App, account: &Account, rejected: bool) -> Vec<Markup> {
    let state = match account.state {
        AccountState::Absent => chip("no account", Tone::Neutral),
        AccountState::Linked => chip("in use", Tone::Good),
        AccountState::Suspended => chip("suspended", Tone::Warn),
    };
    let removal = match &account.removal {
        None => html! { "–" },
        Some(removal) => html! {
            @match removal.kind { RemovalKind::Suspend => { "Suspend" } RemovalKind::HardDelete => { "Hard delete" } }
            " " (time(removal.due.0)) @if rejected { " " (chip("rejected", Tone::Neutral)) } br; span.muted { (trigger_text(removal.trigger)) " since " (time(removal.since.0)) }
        },
    };
    vec![
        html! { a href=(link(&path_of(app, "explain"), &[("user", &account.user_id.to_string())])) { (account.email) } },
        html! { (state) @if account.failure.is_some() { " " (chip("failing", Tone::Bad)) } @if account.intent.is_some() { " " (chip("answer outstanding", Tone::Info)) } },
        html! { @match &account.remote_id { Some(id) => { code { (id) } } None => { "–" } } },
        removal,
    ]
}
