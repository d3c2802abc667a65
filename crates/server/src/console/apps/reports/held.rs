//! Held removals: too many at once, so that an administrator says yes or no.

use super::super::details::app_page;
use super::super::form::{Fields, link};
use super::super::plans::trigger_text;
use super::super::settings::sections;
use super::super::{Outcome, connected, path_of};
use crate::Server;
use crate::console::session::SignedIn;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use provost_core::app::App;
use provost_core::ids::UserId;
use provost_core::provisioning::{RemovalCandidate, RemovalKind};
use provost_store::accounts::load_rules;
use provost_store::accounts::removals::{self, StoredHold};
use provost_store::accounts::standstill::{self, Standstill, StandstillReason};
use provost_web::{
    ButtonKind, Markup, Notice, Table, button_named, check_all, check_row, data_table, html, notice_box, page_header,
    redirect_with_notice, time,
};

pub(super) fn routes() -> Router<Server> {
    Router::new().route("/apps/{app}/autoprovisioning/held", get(show).post(decide))
}

async fn show(State(server): State<Server>, who: SignedIn, Path(id): Path<String>) -> Outcome {
    let store = &server.store;
    let (app, connection) = connected(store, &id).await?;
    let holds = removals::holds(store, connection.id).await?;
    let waiting = removals::held(store, &load_rules(store, connection.id).await?, store.now()).await?;
    let still = standstill::standing(store, connection.id).await?;
    let body = html! {
        (page_header("Held removals", html! {}))
        (sections(&app, "held"))
        @for still in still.iter().filter(|still| still.holds()) { (standstill_box(&app, still, who.may_change())) }
        (body(&app, &holds, &waiting, who.may_change()))
    };
    Ok(app_page(&server, &who, &app, "Held removals", StatusCode::OK, None, body))
}

const fn kind_text(kind: RemovalKind) -> &'static str {
    match kind {
        RemovalKind::Suspend => "Suspend",
        RemovalKind::HardDelete => "Hard delete",
    }
}

fn body(app: &App, holds: &[StoredHold], waiting: &[RemovalCandidate], may_change: bool) -> Markup {
    let rows: Vec<Vec<Markup>> = waiting.iter().map(|candidate| row(app, candidate, may_change)).collect();
    let list = data_table(Table {
        caption: "Held removals",
        headers: &["", "User", "What", "Why", "Due since"],
        numbers: &[],
        rows: &rows,
        empty: "No removal is held.",
    });
    html! {
        @for hold in holds.iter().filter(|_| !waiting.is_empty()) {
            (notice_box(&Notice::warning(format!(
                "{}: more than the {} that may go within 24 hours ({} went already). All of them wait since {}. Everything else goes on.",
                kind_text(hold.kind), hold.limit, hold.sent, hold.created_at
            ))))
        }
        @if may_change && !waiting.is_empty() {
            form method="post" action=(path_of(app, "held")) {
                (list)
                div.actions {
                    (check_all("All", "user"))
                    (button_named("Approve selected", ButtonKind::Secondary, "go", "approve"))
                    (button_named("Reject selected", ButtonKind::Secondary, "go", "reject"))
                    (button_named("Approve all", ButtonKind::Danger, "go", "approve-all"))
                    (button_named("Reject all", ButtonKind::Text, "go", "reject-all"))
                }
                @for candidate in waiting { (provost_web::hidden("listed", &candidate.user_id.to_string())) }
                p.muted { "An approval holds for this account, this action and this cause. When the cause ends before, nothing is sent. What was rejected is not sent while its cause holds." }
            }
        } @else { (list) }
    }
}

/// A reason for which every removal waits, with the button that says that it may not.
fn standstill_box(app: &App, still: &Standstill, may_change: bool) -> Markup {
    html! {
        (notice_box(&Notice::warning(format!("{} Since {}. Everything but removals goes on.", still.message, still.since))))
        @if may_change {
            form method="post" action=(path_of(app, "held")) {
                (provost_web::hidden("reason", still.reason.word()))
                div.actions { (button_named("Confirm, and let removals go on", ButtonKind::Danger, "go", "confirm")) }
            }
        }
    }
}

fn row(app: &App, candidate: &RemovalCandidate, may_change: bool) -> Vec<Markup> {
    let id = candidate.user_id.to_string();
    let removal = candidate.removal;
    vec![
        html! { @if may_change { (check_row(&candidate.email, "user", &id, None)) } },
        html! { a href=(link(&path_of(app, "explain"), &[("user", &id)])) { (candidate.email) } },
        html! { (kind_text(removal.kind)) },
        html! { (trigger_text(removal.trigger)) " since " (time(removal.since.0)) },
        time(removal.due.0),
    ]
}

async fn decide(State(server): State<Server>, who: SignedIn, Path(id): Path<String>, fields: Fields) -> Outcome {
    who.require_change()?;
    let (app, connection) = connected(&server.store, &id).await?;
    let path = path_of(&app, "held");
    let by = &who.principal.actor;
    if let Some(reason) = StandstillReason::parse(fields.text("reason")).filter(|_| fields.text("go") == "confirm") {
        standstill::confirm(&server.store, by, connection.id, reason).await?;
        return Ok(redirect_with_notice(&path, &Notice::success("Confirmed: removals that are due go on.")));
    }
    let (approve, field) = match fields.text("go") {
        "approve" => (true, "user"),
        "reject" => (false, "user"),
        // "All" means all that the page listed: who came to be held since then was not looked at.
        "approve-all" => (true, "listed"),
        "reject-all" => (false, "listed"),
        _ => return Ok(redirect_with_notice(&path, &Notice::error("Choose what to do with the held removals."))),
    };
    let users: Vec<UserId> = fields.all(field).filter_map(|id| id.parse().ok()).collect();
    if users.is_empty() {
        return Ok(redirect_with_notice(&path, &Notice::error("Nobody was selected. Tick the users, then approve or reject.")));
    }
    let decided = removals::decide_held(&server.store, by, connection.id, None, Some(&users), approve).await?;
    let word = if approve { "approved" } else { "rejected" };
    let plural = if decided == 1 { "removal was" } else { "removals were" };
    Ok(redirect_with_notice(&path, &Notice::success(format!("{decided} {plural} {word}."))))
}
