//! Users failing now: what was tried, what the app said, the next attempt; Retry, and the list as a file.

use super::super::details::app_page;
use super::super::form::{Asked, Fields, link};
use super::super::settings::sections;
use super::super::{Outcome, connected, path_of};
use super::{PAGE_ROWS, operation_text};
use crate::Server;
use crate::console::session::SignedIn;
use crate::failures_file::failures_file;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use provost_core::app::App;
use provost_core::provisioning::{Account, Failure};
use provost_store::accounts;
use provost_web::{
    ButtonKind, Markup, Notice, Table, button, data_table, hidden, html, link_button, page_header, pager, redirect_with_notice,
    time,
};

pub(super) fn routes() -> Router<Server> {
    Router::new()
        .route("/apps/{app}/autoprovisioning/failures", get(show))
        .route("/apps/{app}/autoprovisioning/failures.csv", get(download))
        .route("/apps/{app}/autoprovisioning/retry", post(retry))
}

async fn show(State(server): State<Server>, who: SignedIn, Path(id): Path<String>, Asked(asked): Asked) -> Outcome {
    let (app, connection) = connected(&server.store, &id).await?;
    let after = asked.given("after").map(str::to_owned);
    let found = accounts::failures(&server.store, connection.id, after, PAGE_ROWS).await?;
    let next = found.next.map(|after| link(&path_of(&app, "failures"), &[("after", &after)]));
    let body = body(&app, &found.items, next.as_deref(), who.may_change());
    Ok(app_page(&server, &who, &app, "Failures", StatusCode::OK, None, body))
}

fn body(app: &App, failing: &[Account], next: Option<&str>, may_change: bool) -> Markup {
    let rows: Vec<Vec<Markup>> =
        failing.iter().filter_map(|account| Some(row(app, account, account.failure.as_ref()?, may_change))).collect();
    let actions = html! {
        (link_button("Download list", &path_of(app, "failures.csv"), ButtonKind::Secondary))
        @if may_change && !rows.is_empty() {
            form method="post" action=(path_of(app, "retry")) { (button("Retry all", ButtonKind::Primary)) }
        }
    };
    html! {
        (page_header("Failures", actions))
        (sections(app, "failures"))
        p.muted { "Users who fail now. The tile on the app's page counts requests that failed in 30 days, which is another number." }
        (data_table(Table { caption: "Failures", headers: &["User", "Tried", "What the app said", "Last attempt", "Next attempt", ""],
            numbers: &[], rows: &rows, empty: "Nobody is failing." }))
        (pager(None, next))
    }
}

fn row(app: &App, account: &Account, failure: &Failure, may_change: bool) -> Vec<Markup> {
    let id = account.user_id.to_string();
    let retry = html! {
        @if may_change {
            form method="post" action=(path_of(app, "retry")) { (hidden("user", &id)) (button("Retry", ButtonKind::Text)) }
        }
    };
    vec![
        html! { a href=(link(&path_of(app, "explain"), &[("user", &id)])) { (account.email) } },
        html! { (operation_text(failure.operation)) },
        html! { @if let Some(status) = failure.status { (status) ": " } (failure.message) },
        html! { (time(failure.at.0)) @if failure.attempts > 1 { br; span.muted { (failure.attempts) " attempts since " (time(failure.since.0)) } } },
        html! { @if let Some(at) = failure.retry_at { (time(at.0)) } @else { "after a change, or Retry" } },
        retry,
    ]
}

async fn download(State(server): State<Server>, _who: SignedIn, Path(id): Path<String>) -> Outcome {
    let (app, connection) = connected(&server.store, &id).await?;
    Ok(failures_file(&server.store, &app, connection.id).await?)
}

async fn retry(State(server): State<Server>, who: SignedIn, Path(id): Path<String>, fields: Fields) -> Outcome {
    who.require_change()?;
    let (app, connection) = connected(&server.store, &id).await?;
    let user = fields.given("user").and_then(|id| id.parse().ok());
    let retried = accounts::retry(&server.store, &who.principal.actor, connection.id, user).await?;
    let notice = match retried {
        0 => Notice::warning("Nobody was failing any more: there was nothing to retry."),
        1 => Notice::success("1 user is tried again."),
        count => Notice::success(format!("{count} users are tried again.")),
    };
    Ok(redirect_with_notice(&path_of(&app, "failures"), &notice))
}
