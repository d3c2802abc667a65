//! Drift: the last check and what it found, and how checks are set.

use super::super::details::app_page;
use super::super::form::{Asked, Fields, link};
use super::super::settings::sections;
use super::super::{Outcome, connected, path_of};
use super::PAGE_ROWS;
use crate::Server;
use crate::console::session::SignedIn;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use provost_core::app::{App, Connection, ConnectionConfig, ConnectionStatus, DriftRule, DriftSettings};
use provost_core::provisioning::{DriftChange, DriftKind};
use provost_core::time::{Span, Timestamp};
use provost_store::apps::connections;
use provost_store::directory::Page;
use provost_store::remote::{self, DriftAction, FoundDifference, Listing, ListingState};
use provost_web::{
    ButtonKind, Markup, Notice, Table, Tone, button, card, chip, counted, data_table, definition_list, hint, html, notice_box,
    page_header, pager, redirect_with_notice, select, time,
};
use serde_json::Value;

/// The intervals that the page offers, in hours; 0 is never.
const INTERVALS: [(i64, &str); 5] =
    [(24, "every day"), (168, "every week"), (336, "every two weeks"), (720, "every 30 days"), (0, "only on demand")];

pub(super) fn routes() -> Router<Server> {
    Router::new()
        .route("/apps/{app}/autoprovisioning/drift", get(show).post(check))
        .route("/apps/{app}/autoprovisioning/drift/confirm", post(confirm))
        .route("/apps/{app}/autoprovisioning/drift/cancel", post(cancel))
        .route("/apps/{app}/autoprovisioning/drift/settings", post(set))
}

struct Seen {
    connection: Connection,
    check: Option<Listing>,
    differences: Page<FoundDifference>,
    unmanaged: u64,
    next: Option<Timestamp>,
}

async fn show(State(server): State<Server>, who: SignedIn, Path(id): Path<String>, Asked(asked): Asked) -> Outcome {
    let store = &server.store;
    let (app, connection) = connected(store, &id).await?;
    let check = remote::last_check(store, connection.id).await?;
    let differences = match &check {
        Some(check) => remote::differences(store, check, asked.given("after"), PAGE_ROWS).await?,
        None => Page { items: Vec::new(), next: None },
    };
    let unmanaged = remote::unmanaged_count(store, connection.id).await?;
    let next = remote::next_check(store, &connection).await?;
    let body = body(&app, &Seen { connection, check, differences, unmanaged, next }, who.may_change());
    Ok(app_page(&server, &who, &app, "Drift", StatusCode::OK, None, body))
}

fn body(app: &App, seen: &Seen, may_change: bool) -> Markup {
    let open = seen.check.as_ref().is_some_and(|check| check.state.is_open());
    let more = seen.differences.next.as_deref().map(|after| link(&path_of(app, "drift"), &[("after", after)]));
    let rows: Vec<Vec<Markup>> = seen.differences.items.iter().map(|found| row(app, found)).collect();
    html! {
        (page_header("Drift", html! {
            @if may_change && !open { form method="post" action=(path_of(app, "drift")) { (button("Check for drift", ButtonKind::Primary)) } }
        }))
        (sections(app, "drift"))
        p { "A drift check lists the accounts in " (app.name) " and compares them with what was last confirmed there. Accounts that are not ours are never touched." }
        @match &seen.check {
            None => { (hint("No check was made yet.")) }
            Some(check) => { (last(app, seen, check, may_change)) }
        }
        @if seen.check.is_some() {
            (data_table(Table { caption: "Differences", headers: &["User", "What", "Attribute: ours → theirs", "What was done", "Found"], numbers: &[],
                rows: &rows, empty: "No difference was found." }))
            (pager(None, more.as_deref()))
        }
        (settings(app, &seen.connection.config.drift, may_change))
    }
}

fn state_chip(state: ListingState) -> Markup {
    match state {
        ListingState::Waiting => chip("waiting", Tone::Info),
        ListingState::Listing => chip("listing", Tone::Info),
        ListingState::Verifying => chip("looking up those not listed", Tone::Info),
        ListingState::Held => chip("held", Tone::Warn),
        ListingState::Done => chip("done", Tone::Good),
        ListingState::Failed => chip("failed", Tone::Bad),
        ListingState::Cancelled => chip("cancelled", Tone::Neutral),
        ListingState::Skipped => chip("skipped", Tone::Neutral),
    }
}

fn last(app: &App, seen: &Seen, check: &Listing, may_change: bool) -> Markup {
    let counts = &check.counts;
    let waits = match seen.connection.status {
        ConnectionStatus::Active => seen.connection.halt.is_some(),
        ConnectionStatus::Inactive => true,
    };
    let summary = format!(
        "{} changed, {} suspended by somebody else, {} reactivated by somebody else, {} missing",
        counts.changed, counts.suspended, counts.reactivated, counts.missing
    );
    let items = [
        ("State", html! { (state_chip(check.state)) }),
        ("Asked for", html! { (time(check.requested_at.0)) " by " (check.requested_by) }),
        ("Over", html! { @match check.finished_at { Some(at) => { (time(at.0)) } None => { "–" } } }),
        ("Listed", html! { (counted(check.listed, "account")) " on " (counted(check.pages, "page")) }),
        ("Differences", html! { @if check.state.is_open() { "so far as listed below" } @else { (summary) } }),
        ("Done about them", html! { (counts.repaired) " being repaired, " (counts.accepted) " accepted" }),
        (
            "Not managed",
            html! { a href=(path_of(app, "not-managed")) { (counted(seen.unmanaged, "account")) } @if counts.unmanaged_new > 0 { ", " (counts.unmanaged_new) " of them new" } },
        ),
        (
            "Next check",
            html! { @match seen.next { Some(at) => { (time(at.0)) } None => { @if check.state.is_open() { "after this one" } @else { "on demand" } } } },
        ),
    ];
    html! {
        @if let Some(message) = &check.message {
            (notice_box(&if check.state == ListingState::Failed { Notice::error(message.clone()) } else { Notice::warning(message.clone()) }))
        }
        @if check.state.is_open() && waits { (notice_box(&Notice::warning("Autoprovisioning sends nothing now: the check goes on when it is active."))) }
        (card("Last check", html! {
            (definition_list(&items))
            @if may_change {
                div.actions {
                    @if check.state == ListingState::Held {
                        form method="post" action=(path_of(app, "drift/confirm")) { (button("They are gone: go on", ButtonKind::Danger)) }
                    }
                    @if check.state.is_open() || check.state == ListingState::Held {
                        form method="post" action=(path_of(app, "drift/cancel")) { (button("Cancel the check", ButtonKind::Text)) }
                    }
                }
            }
        }))
    }
}

fn row(app: &App, found: &FoundDifference) -> Vec<Markup> {
    let kind = match found.kind {
        DriftKind::Changed => chip("changed", Tone::Info),
        DriftKind::Suspended => chip("suspended by somebody else", Tone::Warn),
        DriftKind::Reactivated => chip("reactivated by somebody else", Tone::Warn),
        DriftKind::Missing => chip("missing", Tone::Bad),
    };
    let action = match found.action {
        DriftAction::Reported => "reported",
        DriftAction::Repaired => "made due for repair",
        DriftAction::Accepted => "accepted until the directory changes it",
    };
    vec![
        html! { a href=(link(&path_of(app, "explain"), &[("user", &found.user_id.to_string())])) { (found.email) } },
        kind,
        html! { @for change in &found.changes { div { (change_text(change)) } } @if found.changes.is_empty() { "–" } },
        html! { (action) },
        time(found.found_at.0),
    ]
}

fn change_text(change: &DriftChange) -> Markup {
    let value = |value: &Option<Value>| match value {
        None => "nothing".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    html! { code { (change.attribute) } ": " (value(&change.ours)) " → " (value(&change.theirs)) }
}

fn settings(app: &App, drift: &DriftSettings, may_change: bool) -> Markup {
    let rules = [
        (DriftRule::Repair.word(), "Repair: bring the account back to what the directory says"),
        (DriftRule::Report.word(), "Report: list it and send nothing"),
        (DriftRule::Accept.word(), "Accept: leave it until the directory changes that attribute"),
    ];
    let hours = drift.every.map_or(0, |every| every.as_seconds() / 3_600);
    let mut intervals: Vec<(String, String)> =
        INTERVALS.iter().map(|(hours, label)| (hours.to_string(), (*label).to_owned())).collect();
    if !INTERVALS.iter().any(|(offered, _)| *offered == hours) {
        intervals.push((hours.to_string(), format!("every {hours} hours")));
    }
    card(
        "How checks are made",
        html! {
            @if may_change {
                form method="post" action=(path_of(app, "drift/settings")) {
                    (select("A difference is", "rule", &rules, drift.rule.word()))
                    (select("A check begins", "hours", &intervals, &hours.to_string()))
                    div.actions { (button("Save", ButtonKind::Secondary)) }
                }
            } @else {
                p { @for (_, label) in intervals.iter().filter(|(value, _)| *value == hours.to_string()) { "A check begins " (label) "." } }
            }
            (hint("A repair sends the smallest change. It never removes an account by itself: removals need their cause, their grace period and the guard. A missing account is looked up before it is made again, and only if the user should have one."))
        },
    )
}

async fn check(State(server): State<Server>, who: SignedIn, Path(id): Path<String>) -> Outcome {
    who.require_change()?;
    let (app, connection) = connected(&server.store, &id).await?;
    remote::request_check(&server.store, &who.principal.actor, connection.id, None).await?;
    Ok(back(&app, "The check was asked for. Reload the page to see how far it is."))
}

async fn confirm(State(server): State<Server>, who: SignedIn, Path(id): Path<String>) -> Outcome {
    who.require_change()?;
    let (app, connection) = connected(&server.store, &id).await?;
    remote::confirm(&server.store, &who.principal.actor, connection.id).await?;
    Ok(back(&app, "Confirmed: those who were not listed are looked up one by one."))
}

async fn cancel(State(server): State<Server>, who: SignedIn, Path(id): Path<String>) -> Outcome {
    who.require_change()?;
    let (app, connection) = connected(&server.store, &id).await?;
    remote::cancel(&server.store, &who.principal.actor, connection.id).await?;
    Ok(back(&app, "The check was cancelled. What it has found so far is listed."))
}

async fn set(State(server): State<Server>, who: SignedIn, Path(id): Path<String>, fields: Fields) -> Outcome {
    who.require_change()?;
    let (app, connection) = connected(&server.store, &id).await?;
    let hours: Option<i64> = fields.text("hours").parse().ok().filter(|hours| (0..=8_760).contains(hours));
    let (Some(rule), Some(hours)) = (DriftRule::parse(fields.text("rule")), hours) else {
        let notice = Notice::error("Choose what is done about a difference, and how often a check begins.");
        return Ok(redirect_with_notice(&path_of(&app, "drift"), &notice));
    };
    let drift = DriftSettings { rule, every: (hours > 0).then_some(Span::hours(hours)) };
    let config = ConnectionConfig { drift, ..connection.config.clone() };
    let by = &who.principal.actor;
    connections::edit(&server.store, by, connection.id, Some(connection.revision), config, false).await?;
    Ok(back(&app, "Saved."))
}

fn back(app: &App, said: &str) -> Response {
    redirect_with_notice(&path_of(app, "drift"), &Notice::success(said))
}
