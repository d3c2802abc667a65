//! Organizational units: the tree, one unit, and what can be done to it.

mod change;
mod tree;
mod unit;

use crate::Server;
use axum::Router;
use axum::routing::get;
use provost_core::directory::OrgUnit;
use provost_core::ids::OrgUnitId;

/// The tree's address.
const UNITS: &str = "/directory/org-units";

pub(super) fn router() -> Router<Server> {
    Router::new()
        .route(UNITS, get(tree::show))
        .route("/directory/org-units/add", get(change::show_add).post(change::add))
        .route("/directory/org-units/{id}", get(unit::show))
        .route("/directory/org-units/{id}/edit", get(change::show_edit).post(change::edit))
        .route("/directory/org-units/{id}/delete", get(change::show_delete).post(change::delete))
}

fn unit_href(id: OrgUnitId) -> String {
    format!("{UNITS}/{id}")
}

/// The unit's name; the root has none.
fn unit_name(unit: &OrgUnit) -> &str {
    if unit.parent.is_none() { "Whole organization" } else { &unit.name }
}

fn users_text(count: u64) -> String {
    match count {
        0 => "no users".to_owned(),
        1 => "1 user".to_owned(),
        _ => format!("{count} users"),
    }
}
