//! One organizational unit.

use super::{UNITS, unit_href, unit_name, users_text};
use crate::Server;
use crate::console::form::{At, href};
use crate::console::frame::{answer, page};
use crate::console::session::SignedIn;
use crate::console::users::USERS;
use axum::extract::State;
use axum::response::Response;
use provost_core::directory::OrgUnit;
use provost_core::ids::OrgUnitId;
use provost_store::StoreError;
use provost_store::directory::{org_units, users};
use provost_web::{
    ButtonKind, Icon, Markup, Table, app_header, breakable, card, card_with, data_table, definition_list, html, icon_link,
    link_button, two_columns,
};

pub(super) async fn show(State(server): State<Server>, who: SignedIn, At(id): At<OrgUnitId>) -> Response {
    answer(&server, &who, unit_page(&server, &who, id).await)
}

async fn unit_page(server: &Server, who: &SignedIn, id: OrgUnitId) -> Result<Response, StoreError> {
    let unit = org_units::get(&server.store, id).await?;
    let all = org_units::list_all(&server.store).await?;
    let counts = users::count_by_unit(&server.store).await?;
    let count = |id: OrgUnitId| counts.get(&id).copied().unwrap_or(0);
    let rows: Vec<Vec<Markup>> = all
        .iter()
        .filter(|below| below.parent == Some(id))
        .map(|below| vec![html! { a href=(unit_href(below.id)) { (below.name) } }, html! { (count(below.id)) }])
        .collect();
    let items = [
        ("Path", breakable(&unit.path)),
        ("Users in it", html! { (users_text(count(id))) }),
        ("Directory ID", html! { code { (id) } }),
    ];
    let left = html! {
        section.card { (app_header(unit_name(&unit), &unit.path)) (definition_list(&items)) }
        @if who.may_change() { (card("Actions", actions(&unit))) }
    };
    let users = link_button("Show its users", &href(USERS, &[("org_unit", &id.to_string())]), ButtonKind::Text);
    let table = Table {
        caption: "Units below",
        headers: &["Name", "Users"],
        numbers: &[1],
        rows: &rows,
        empty: "No unit is below this one.",
    };
    let right = card_with("Units below", users, data_table(table));
    let crumbs = [("Organizational units", UNITS), (unit_name(&unit), "")];
    Ok(page(server, who, unit_name(&unit), UNITS, &crumbs, None, two_columns(left, right)))
}

fn actions(unit: &OrgUnit) -> Markup {
    let base = unit_href(unit.id);
    html! {
        (icon_link(Icon::Add, "Add a unit below", &href("/directory/org-units/add", &[("parent", &unit.path)])))
        @if unit.parent.is_some() {
            (icon_link(Icon::Pencil, "Rename or move", &format!("{base}/edit")))
            (icon_link(Icon::Bin, "Delete", &format!("{base}/delete")))
        }
    }
}
