//! Held removals: too many at once, so that an administrator says yes or no.

use super::super::card::removals_are;
use super::super::details::app_page;
use super::super::form::{Fields, link};
use super::super::plans::trigger_text;
use super::super::settings::sections;
use super::super::{Outcome, connected, path_of};
use crate::Server;
use crate::console::session::SignedIn;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use provost_core::app::{App, Trigger};
use provost_core::provisioning::{RemovalCandidate, RemovalKind};
use provost_core::time::Timestamp;
use provost_platform::hex;
use provost_store::accounts::load_rules;
use provost_store::accounts::removals::{self, ShownRemoval, StoredHold};
use provost_store::accounts::standstill::{self, Standstill, StandstillReason};
use provost_web::{
    ButtonKind, Confirm, Markup, Notice, Table, button_named, check_all, check_row, confirm_with, counted, data_table, hint,
    html, notice_box, page_header, pager, redirect_with_notice, time, time_text,
};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

pub(super) fn routes() -> Router<Server> {
    Router::new().route("/apps/{app}/autoprovisioning/held", get(show).post(decide))
}

/// So many are shown at once. Where there are more, "all" means everybody who is held as [`as_listed`] says.
const ROWS: usize = 500;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Place {
    /// From 1.
    page: usize,
}

async fn show(State(server): State<Server>, who: SignedIn, Path(id): Path<String>, Query(place): Query<Place>) -> Outcome {
    let store = &server.store;
    let (app, connection) = connected(store, &id).await?;
    let holds = removals::holds(store, connection.id).await?;
    let waiting = removals::held(store, &load_rules(store, connection.id).await?, store.now()).await?;
    let still = standstill::standing(store, connection.id).await?;
    let body = html! {
        (page_header("Held removals", html! {}))
        (sections(&app, "held"))
        @for still in still.iter().filter(|still| still.holds()) { (standstill_box(&app, still, who.may_change())) }
        (body(&app, &holds, &waiting, place.page, who.may_change()))
    };
    Ok(app_page(&server, &who, &app, "Held removals", StatusCode::OK, None, body))
}

const fn kind_text(kind: RemovalKind) -> &'static str {
    match kind {
        RemovalKind::Suspend => "Suspend",
        RemovalKind::HardDelete => "Hard delete",
    }
}

fn body(app: &App, holds: &[StoredHold], waiting: &[RemovalCandidate], page: usize, may_change: bool) -> Markup {
    let pages = waiting.chunks(ROWS).count();
    let page = page.clamp(1, pages.max(1));
    let shown = waiting.chunks(ROWS).nth(page - 1).unwrap_or_default();
    let rows: Vec<Vec<Markup>> = shown.iter().map(|candidate| row(app, candidate, may_change)).collect();
    let list = data_table(Table {
        caption: "Held removals",
        headers: &["", "User", "What", "Why", "Due since"],
        numbers: &[],
        rows: &rows,
        empty: "No removal is held.",
    });
    let to = |page: usize| link(&path_of(app, "held"), &[("page", &page.to_string())]);
    let (previous, next) = ((page > 1).then(|| to(page - 1)), (page < pages).then(|| to(page + 1)));
    html! {
        @for hold in holds.iter().filter(|_| !waiting.is_empty()) {
            (notice_box(&Notice::warning(format!(
                "{}: more than the {} that may go within 24 hours ({} went already). All of them wait since {}. Everything else goes on.",
                kind_text(hold.kind), hold.limit, hold.sent, time_text(hold.created_at.0)
            ))))
        }
        @if pages > 1 { (hint(&format!("{} removals are held; page {page} of {pages}.", waiting.len()))) }
        @if may_change && !waiting.is_empty() {
            form.stack method="post" action=(path_of(app, "held")) {
                (list)
                div.actions {
                    (check_all(if pages > 1 { "All on this page" } else { "All" }, "removal"))
                    (button_named("Approve selected", ButtonKind::Secondary, "go", "approve"))
                    (button_named("Reject selected", ButtonKind::Secondary, "go", "reject"))
                    (button_named(&all_of("Approve", waiting, pages), ButtonKind::Danger, "go", "approve-all"))
                    (button_named(&all_of("Reject", waiting, pages), ButtonKind::Text, "go", "reject-all"))
                }
                @if pages > 1 { (provost_web::hidden("everybody", &as_listed(waiting))) }
                @else { @for candidate in waiting { (provost_web::hidden("listed", &value_of(candidate))) } }
                p.muted { "An approval holds for this account, this action and this cause. When the cause ends before, nothing is sent. What was rejected is not sent while its cause holds." }
            }
        } @else { (list) }
        (pager(previous.as_deref(), next.as_deref()))
    }
}

/// "Approve all", or "Approve all 12345" where they are not all on the page.
fn all_of(verdict: &str, waiting: &[RemovalCandidate], pages: usize) -> String {
    if pages > 1 { format!("{verdict} all {}", waiting.len()) } else { format!("{verdict} all") }
}

/// Stands for everybody who is held, with action and cause: it is another one as soon as anybody joins, goes, or waits for another
/// reason.
fn as_listed(waiting: &[RemovalCandidate]) -> String {
    let mut hash = Sha256::new();
    for removal in waiting.iter().map(ShownRemoval::from).collect::<BTreeSet<_>>() {
        hash.update(value_of(removal));
        hash.update("\n");
    }
    hex::encode(&hash.finalize())
}

/// A reason for which every removal waits, with the button that says that it may not.
fn standstill_box(app: &App, still: &Standstill, may_change: bool) -> Markup {
    html! {
        (notice_box(&Notice::warning(format!("{} Since {}. Everything but removals goes on.", still.message, time_text(still.since.0)))))
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
        html! { @if may_change { (check_row(&candidate.email, "removal", &value_of(candidate), None)) } },
        html! { a href=(link(&path_of(app, "explain"), &[("user", &id)])) { (candidate.email) } },
        html! { (kind_text(removal.kind)) },
        html! { (trigger_text(removal.trigger)) " since " (time(removal.since.0)) },
        time(removal.due.0),
    ]
}

/// A held removal as the form sends it back: what the page showed is what the verdict is on.
fn value_of(removal: impl Into<ShownRemoval>) -> String {
    let ShownRemoval { user_id, kind, trigger, since } = removal.into();
    format!("{user_id}.{}.{}.{}", kind.word(), trigger.word(), since.0)
}

fn shown_by(value: &str) -> Option<ShownRemoval> {
    let mut parts = value.split('.');
    let (user_id, kind, trigger, since) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    Some(ShownRemoval {
        user_id: user_id.parse().ok()?,
        kind: RemovalKind::parse(kind)?,
        trigger: Trigger::ALL.into_iter().find(|known| known.word() == trigger)?,
        since: Timestamp(since.parse().ok()?),
    })
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
        "approve" => (true, "removal"),
        "reject" => (false, "removal"),
        // "All" means all that the page listed: who came to be held since then was not looked at.
        "approve-all" => (true, "listed"),
        "reject-all" => (false, "listed"),
        _ => return Ok(redirect_with_notice(&path, &Notice::error("Choose what to do with the held removals."))),
    };
    let shown = match (field, fields.text("everybody")) {
        ("listed", listed) if !listed.is_empty() => {
            let rules = load_rules(&server.store, connection.id).await?;
            let waiting = removals::held(&server.store, &rules, server.store.now()).await?;
            if as_listed(&waiting) != listed {
                return Ok(redirect_with_notice(&path, &changed_notice(waiting.len())));
            }
            waiting.iter().map(ShownRemoval::from).collect()
        }
        _ => fields.all(field).filter_map(shown_by).collect::<BTreeSet<_>>(),
    };
    if shown.is_empty() {
        return Ok(redirect_with_notice(&path, &Notice::error("Nobody was selected. Tick the users, then approve or reject.")));
    }
    let deletes = shown.iter().filter(|removal| removal.kind == RemovalKind::HardDelete).count();
    if approve && field == "listed" && deletes > 0 && !fields.ticked("sure") {
        let body = sure_body(&app, deletes as u64, shown.len() as u64, &fields);
        return Ok(app_page(&server, &who, &app, "Approve all", StatusCode::OK, None, body));
    }
    let decided = removals::decide_shown(&server.store, by, connection.id, &shown, approve).await?;
    Ok(redirect_with_notice(&path, &decided_notice(decided, shown.len() as u64, approve)))
}

/// Asks before everything that is held goes, as before whatever cannot be undone.
fn sure_body(app: &App, deletes: u64, all: u64, fields: &Fields) -> Markup {
    let text = format!(
        "{} in {} will be permanently removed as soon as they can be sent. A hard delete cannot be undone.",
        counted(deletes, "account"),
        app.name
    );
    confirm_with(Confirm {
        title: &format!("Approve {}?", counted(all, "removal")),
        text: &text,
        body: fields.again(&["go", "removal"]),
        action: &path_of(app, "held"),
        confirm_label: &format!("Approve all {all}"),
        kind: ButtonKind::Danger,
        cancel_href: &path_of(app, "held"),
        hidden: &[("go", "approve-all"), ("sure", "yes")],
    })
}

fn changed_notice(held: usize) -> Notice {
    Notice::warning(format!(
        "Nothing was decided: {} held now, and not all of them as they were listed. Look at the list again, then decide.",
        removals_are(held as u64)
    ))
}

fn decided_notice(decided: u64, chosen: u64, approve: bool) -> Notice {
    let word = if approve { "approved" } else { "rejected" };
    let removals = |count: u64| if count == 1 { "1 removal was".to_owned() } else { format!("{count} removals were") };
    let done = format!("{} {word}.", removals(decided));
    match chosen.saturating_sub(decided) {
        0 => Notice::success(done),
        dropped => Notice::warning(format!(
            "{done} {} not held any more as the page had shown: the cause has ended or is another one, or somebody else has decided.",
            removals(dropped)
        )),
    }
}
