//! The plan: what would be sent now and later, and whom a rule leaves out. Nothing is sent by looking.

use super::super::details::app_page;
use super::super::form::{Asked, link};
use super::super::settings::sections;
use super::super::{Outcome, connected, path_of, plans};
use crate::Server;
use crate::console::session::SignedIn;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use provost_core::app::App;
use provost_store::accounts::load_rules;
use provost_store::planning::{Plan, PlanAction, PlanEntry, plan};
use provost_web::{FilterBar, Markup, filter_bar, html, page_header, select};

/// Users in words.
const ENTRIES: usize = 2_000;

pub(super) fn routes() -> Router<Server> {
    Router::new().route("/apps/{app}/autoprovisioning/plan", get(show))
}

/// What the list shows.
const CHOICES: [(&str, &str); 6] = [
    ("", "Everything"),
    ("create", "Creates"),
    ("update", "Updates and restores"),
    ("remove", "Removals, now and later"),
    ("skipped", "Not provisioned, by a rule"),
    ("waiting", "Waiting"),
];

async fn show(State(server): State<Server>, who: SignedIn, Path(id): Path<String>, Asked(asked): Asked) -> Outcome {
    let (app, connection) = connected(&server.store, &id).await?;
    let rules = load_rules(&server.store, connection.id).await?;
    let plan = plan(&server.store, &rules, ENTRIES).await?;
    let body = body(&app, &plan, asked.text("show"));
    Ok(app_page(&server, &who, &app, "Plan", StatusCode::OK, None, body))
}

fn fits(show: &str, entry: &PlanEntry) -> bool {
    let group = match entry.action {
        PlanAction::Create => "create",
        PlanAction::Update | PlanAction::Restore | PlanAction::LookUp => "update",
        PlanAction::Suspend | PlanAction::HardDelete => "remove",
        PlanAction::Skipped => "skipped",
        PlanAction::Waiting => "waiting",
    };
    show.is_empty() || show == group
}

fn body(app: &App, plan: &Plan, show: &str) -> Markup {
    let entries: Vec<PlanEntry> = plan.entries.iter().filter(|entry| fits(show, entry)).cloned().collect();
    let path = path_of(app, "plan");
    html! {
        (page_header("Plan", html! {}))
        (sections(app, "plan"))
        p.muted { "What Provost would do now, and what it will do at a date. Looking at this sends nothing." }
        (plans::counts(plan))
        (plans::holds(app, plan))
        (filter_bar(FilterBar { action: &path, target: "plan", fields: select("Show", "show", &CHOICES, show), actions: html! {} }))
        div id="plan" {
            (plans::entries(app, &entries))
            @if plan.entries_total > plan.entries.len() as u64 {
                p.muted { "Chosen from the first " (plan.entries.len()) " of " (plan.entries_total) " users; the command line lists them all: provost plan. "
                    a href=(link(&path, &[("show", "skipped")])) { "Not provisioned" } }
            }
        }
    }
}
