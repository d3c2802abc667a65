//! User access, "Service status": for whom the app is ON. The tree of org units and the groups at the left, the chosen
//! one's setting at the right.
//!
//! A setting that is saved on a configured app is planned and shown first; the review carries the proposed access, the
//! app's revision and the plan's hash.

mod change;
mod save;
mod view;

use super::form::Asked;
use super::{Outcome, app_of};
use crate::Server;
use crate::console::session::SignedIn;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use provost_core::app::App;
use provost_core::directory::{Group, OrgUnit};
use provost_core::ids::OrgUnitId;
use provost_store::directory::{groups, org_units};
use provost_store::{Store, StoreError};

/// How many groups a search shows.
const FOUND_MAX: usize = 20;

pub(super) fn routes() -> Router<Server> {
    Router::new().route("/apps/{app}/access", get(show).post(save::save))
}

/// What stands at the right.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    Everyone,
    Unit(OrgUnitId),
    Groups,
}

impl Target {
    /// From the query or the form: `unit=ID`, `groups=1`, or nothing.
    fn of(fields: &super::form::Fields) -> Self {
        match fields.text("unit").parse() {
            Ok(id) => Self::Unit(id),
            Err(_) if fields.ticked("groups") => Self::Groups,
            Err(_) => Self::Everyone,
        }
    }
}

/// The directory as this page needs it.
struct Directory {
    units: Vec<OrgUnit>,
    access_groups: Vec<Group>,
    found: Vec<Group>,
    search: String,
}

impl Directory {
    async fn load(store: &Store, app: &App, search: &str) -> Result<Self, StoreError> {
        let mut access_groups = Vec::new();
        for id in &app.access.groups {
            match groups::get(store, *id).await {
                Ok(group) => access_groups.push(group),
                Err(StoreError::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let mut found = Vec::new();
        if !search.is_empty() {
            found = groups::list(store, search, None, FOUND_MAX + access_groups.len()).await?.items;
            found.retain(|group| !app.access.groups.contains(&group.id));
            found.truncate(FOUND_MAX);
        }
        Ok(Self { units: org_units::list_all(store).await?, access_groups, found, search: search.to_owned() })
    }
}

async fn show(State(server): State<Server>, who: SignedIn, Path(id): Path<String>, Asked(asked): Asked) -> Outcome {
    let app = app_of(&server.store, &id).await?;
    let directory = Directory::load(&server.store, &app, asked.text("q")).await?;
    let body = view::body(&app, &directory, &Target::of(&asked), who.may_change());
    Ok(super::details::app_page(&server, &who, &app, "Service status", StatusCode::OK, None, body))
}
