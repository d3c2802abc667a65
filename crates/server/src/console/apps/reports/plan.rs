//! The plan: what would be sent now and later, and whom a rule leaves out. Nothing is sent by looking. In a large directory the page
//! tells first how far the plan is.

use super::super::details::app_page;
use super::super::form::{Asked, link};
use super::super::settings::sections;
use super::super::{Outcome, awaited, connected, path_of, plans};
use crate::Server;
use crate::console::session::SignedIn;
use crate::plans::{Look, Ready};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use provost_core::app::App;
use provost_store::accounts::load_rules;
use provost_store::planning::{PlanAction, PlanEntry};
use provost_web::{FilterBar, Markup, counted, filter_bar, html, page_header, see_other, select};

/// Users in words.
const ENTRIES: usize = 2_000;

pub(super) fn routes() -> Router<Server> {
    Router::new()
        .route("/apps/{app}/autoprovisioning/plan", get(show))
        .route("/apps/{app}/autoprovisioning/plan/{number}", get(progress))
}

/// What the list shows.
const CHOICES: [(&str, &str); 7] = [
    ("", "Everything"),
    ("create", "Creates"),
    ("update", "Updates and restores"),
    ("remove", "Removals, now and later"),
    ("skipped", "Not provisioned, by a rule"),
    ("waiting", "Waiting"),
    ("would_fail", "Would fail"),
];

async fn show(State(server): State<Server>, who: SignedIn, Path(id): Path<String>, Asked(asked): Asked) -> Outcome {
    let (app, connection) = connected(&server.store, &id).await?;
    let (path, what) = (path_of(&app, "plan"), format!("plan of {} {} {}", app.revision, connection.id, connection.revision));
    if asked.ticked("again") {
        server.plans.forget(&what).await;
        return Ok(see_other(&path));
    }
    let rules = load_rules(&server.store, connection.id).await?;
    let show = asked.text("show");
    let content = match server.plans.look(&server.store, &what, rules, ENTRIES).await? {
        Look::UnderWay(progress) => awaited::by_path(&progress, &link(&path, &[("show", show)])),
        Look::Ready(ready) => html! { div.stack id=(awaited::LIVE) { (content(&app, &ready, show)) } },
    };
    let body = html! {
        (page_header("Plan", html! {}))
        (sections(&app, "plan"))
        p.muted { "What Provost would do now, and what it will do at a date. Looking at this sends nothing." }
        (content)
    };
    Ok(app_page(&server, &who, &app, "Plan", StatusCode::OK, None, body))
}

/// How far a plan is that a form waits for.
async fn progress(State(server): State<Server>, who: SignedIn, Path((id, number)): Path<(String, String)>) -> Outcome {
    let (app, _) = connected(&server.store, &id).await?;
    let progress = match number.parse() {
        Ok(number) => server.plans.progress(number).await,
        Err(_) => None,
    };
    let body = awaited::in_form(&app, progress.as_ref());
    Ok(app_page(&server, &who, &app, "Plan", StatusCode::OK, None, body))
}

fn fits(show: &str, entry: &PlanEntry) -> bool {
    let group = match entry.action {
        PlanAction::Create => "create",
        PlanAction::Update | PlanAction::Restore | PlanAction::LookUp => "update",
        PlanAction::Suspend | PlanAction::HardDelete => "remove",
        PlanAction::Skipped => "skipped",
        PlanAction::Waiting => "waiting",
        PlanAction::WouldFail => "would_fail",
    };
    show.is_empty() || show == group
}

fn content(app: &App, ready: &Ready, show: &str) -> Markup {
    let plan = &ready.plan;
    let entries: Vec<PlanEntry> = plan.entries.iter().filter(|entry| fits(show, entry)).cloned().collect();
    let path = path_of(app, "plan");
    html! {
        (awaited::made(ready, Some(&link(&path, &[("again", "1")]))))
        (plans::counts(plan))
        (plans::holds(app, plan))
        (filter_bar(FilterBar { action: &path, target: "plan", fields: select("Show", "show", &CHOICES, show), actions: html! {} }))
        div id="plan" {
            (plans::entries(app, &entries))
            @if plan.entries_total > plan.entries.len() as u64 {
                p.muted { "Chosen from the first " (plan.entries.len()) " of " (counted(plan.entries_total, "user")) "; the command line lists them all: provost plan. "
                    a href=(link(&path, &[("show", "skipped")])) { "Not provisioned" } }
            }
        }
    }
}
