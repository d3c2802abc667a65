//! The tree of organizational units.

use super::{UNITS, unit_href, unit_name, users_text};
use crate::Server;
use crate::console::frame::{answer, page};
use crate::console::session::SignedIn;
use axum::extract::State;
use axum::response::Response;
use provost_core::directory::OrgUnit;
use provost_core::ids::OrgUnitId;
use provost_store::StoreError;
use provost_store::directory::{org_units, users};
use provost_web::{ButtonKind, TreeNode, card, html, link_button, page_header, tree};
use std::collections::BTreeMap;

/// Units at this depth and below are closed at first.
const OPEN_DEPTH: usize = 2;

pub(super) async fn show(State(server): State<Server>, who: SignedIn) -> Response {
    answer(&server, &who, whole(&server, &who).await)
}

async fn whole(server: &Server, who: &SignedIn) -> Result<Response, StoreError> {
    let units = org_units::list_all(&server.store).await?;
    let counts = users::count_by_unit(&server.store).await?;
    let mut children: BTreeMap<Option<OrgUnitId>, Vec<&OrgUnit>> = BTreeMap::new();
    for unit in &units {
        children.entry(unit.parent).or_default().push(unit);
    }
    let nodes = branch(None, 0, &children, &counts);
    let add = who.may_change().then(|| link_button("Add organizational unit", "/directory/org-units/add", ButtonKind::Primary));
    let body = html! {
        (page_header("Organizational units", html! { @if let Some(add) = add { (add) } }))
        (card("", html! {
            p.muted { "Every user stands in one unit. Whether an app is on for a user goes by the nearest unit, upwards, that says so." }
            (tree(&nodes))
        }))
    };
    Ok(page(server, who, "Organizational units", UNITS, &[], None, body))
}

fn branch(
    parent: Option<OrgUnitId>,
    depth: usize,
    children: &BTreeMap<Option<OrgUnitId>, Vec<&OrgUnit>>,
    counts: &BTreeMap<OrgUnitId, u64>,
) -> Vec<TreeNode> {
    let below = children.get(&parent).map(Vec::as_slice).unwrap_or_default();
    below
        .iter()
        .map(|unit| {
            let count = counts.get(&unit.id).copied().unwrap_or(0);
            TreeNode {
                label: html! { a href=(unit_href(unit.id)) { (unit_name(unit)) } " " span.muted { (users_text(count)) } },
                children: branch(Some(unit.id), depth + 1, children, counts),
                open: depth < OPEN_DEPTH,
            }
        })
        .collect()
}
