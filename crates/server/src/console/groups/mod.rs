//! Groups: list, page with members, adding, editing, deleting.

mod change;
mod list;
mod members;
mod profile;

use crate::Server;
use axum::Router;
use axum::routing::{get, post};
use provost_core::ids::GroupId;

/// The list's address.
const GROUPS: &str = "/directory/groups";

pub(super) fn router() -> Router<Server> {
    Router::new()
        .route(GROUPS, get(list::show))
        .route("/directory/groups/add", get(change::show_add).post(change::add))
        .route("/directory/groups/{id}", get(profile::show))
        .route("/directory/groups/{id}/edit", get(change::show_edit).post(change::edit))
        .route("/directory/groups/{id}/delete", get(change::show_delete).post(change::delete))
        .route("/directory/groups/{id}/members/add", post(members::add))
        .route("/directory/groups/{id}/members/remove", get(members::show_remove).post(members::remove))
}

/// The group's own page.
fn group_href(id: GroupId) -> String {
    format!("{GROUPS}/{id}")
}
