//! Users: list, page, and one page for each thing that can be done to a user.
//!
//! What changes who has an account asks first, and says per app what provisioning will do ([`effects`]).

mod add;
mod attributes;
mod edit;
mod effects;
mod list;
mod profile;
mod relocate;
mod rename;
mod status;

use crate::Server;
use axum::Router;
use axum::routing::get;
use provost_core::directory::{User, UserState};
use provost_core::ids::UserId;
use provost_store::directory::org_units;
use provost_store::{Store, StoreError};
use provost_web::{Markup, Tone, chip, hint, html};

/// The list's address.
pub(super) const USERS: &str = "/directory/users";

pub(super) fn router() -> Router<Server> {
    Router::new()
        .route(USERS, get(list::show))
        .route("/directory/users/add", get(add::show).post(add::submit))
        .route("/directory/users/{id}", get(profile::show))
        .route("/directory/users/{id}/edit", get(edit::show).post(edit::submit))
        .route("/directory/users/{id}/rename", get(rename::show).post(rename::submit))
        .route("/directory/users/{id}/move", get(relocate::show).post(relocate::submit))
        .route("/directory/users/{id}/{verb}", get(status::show).post(status::submit))
}

/// The user's own page.
pub(super) fn user_href(id: UserId) -> String {
    format!("{USERS}/{id}")
}

/// A user's name, or the address of one without.
fn shown_name(user: &User) -> String {
    let name = user.full_name();
    if name.trim().is_empty() { user.primary_email.clone() } else { name }
}

/// The state as pages show it.
pub(super) fn state_chip(state: UserState) -> Markup {
    match state {
        UserState::Active => chip("Active", Tone::Good),
        UserState::Suspended => chip("Suspended", Tone::Warn),
        UserState::Archived => chip("Archived", Tone::Neutral),
        UserState::Deleted => chip("Deleted", Tone::Bad),
    }
}

/// All org units as a list to choose from: path and path.
pub(super) async fn org_unit_options(store: &Store) -> Result<Vec<(String, String)>, StoreError> {
    let units = org_units::list_all(store).await?;
    Ok(units.into_iter().map(|unit| (unit.path.clone(), unit.path)).collect())
}

/// The path of the user's org unit; `None` when a deleted user's is gone.
async fn org_unit_path(store: &Store, user: &User) -> Result<Option<String>, StoreError> {
    match org_units::get(store, user.org_unit).await {
        Ok(unit) => Ok(Some(unit.path)),
        Err(StoreError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What the end of memberships does to accounts, where apps use the group.
pub(super) fn effects_of_leaving(apps: &[String]) -> Markup {
    if apps.is_empty() {
        return hint("No app uses the group for its scope or access, so no account changes for it directly.");
    }
    html! {
        p {
            "The group is used by " strong { (apps.join(", ")) } ". Whoever is thereby no longer on or in scope there keeps the account for the grace period under "
            "“When an app is turned off for a user”; then what is ticked there is done. Many removals at once are held until you approve them."
        }
    }
}
