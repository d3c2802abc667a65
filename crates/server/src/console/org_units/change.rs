//! Adding, renaming, moving and deleting organizational units.

use super::{UNITS, unit_href, users_text};
use crate::Server;
use crate::console::form::{Asked, At, Changer, Nothing, Posted};
use crate::console::frame::{answer, page_with, refusal, refused_status};
use crate::console::session::SignedIn;
use crate::console::users::org_unit_options;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use provost_core::directory::OrgUnit;
use provost_core::ids::OrgUnitId;
use provost_store::StoreError;
use provost_store::directory::{org_units, users};
use provost_web::{
    ButtonKind, Field, Notice, button, card, confirm_form, counted, field, form, form_actions, html, link_button, notice_box,
    page_header, redirect_with_notice, select,
};
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Below {
    #[serde(default)]
    parent: String,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Typed {
    name: String,
    parent: String,
}

/// The form of a new unit (`unit` is `None`) or of one that is there.
async fn form_page(
    server: &Server,
    who: &SignedIn,
    status: StatusCode,
    unit: Option<&OrgUnit>,
    typed: &Typed,
    notice: Option<&Notice>,
) -> Result<Response, StoreError> {
    let (title, label, action, back) = match unit {
        None => ("Add organizational unit", "Add", "/directory/org-units/add".to_owned(), UNITS.to_owned()),
        Some(unit) => ("Rename or move", "Save", format!("{}/edit", unit_href(unit.id)), unit_href(unit.id)),
    };
    let mut parents = org_unit_options(&server.store).await?;
    if let Some(unit) = unit {
        let inside = format!("{}/", unit.path);
        parents.retain(|(path, _)| *path != unit.path && !path.starts_with(&inside));
    }
    let fields = html! {
        (field(Field { label: "Name", name: "name", value: &typed.name, required: true, ..Field::default() }))
        (select("Below", "parent", &parents, &typed.parent))
        (form_actions(html! { (button(label, ButtonKind::Primary)) (link_button("Cancel", &back, ButtonKind::Text)) }))
    };
    let body = html! {
        (page_header(title, html! {}))
        (card("", html! {
            @if unit.is_some() {
                p { "Users and units below move along. Settings that were made for a unit stay with it. If an app is thereby turned off for users, their grace periods begin; if it is turned on, accounts are made." }
            }
            (form(&action, fields))
        }))
    };
    let crumbs: &[(&str, &str)] = match unit {
        None => &[("Organizational units", UNITS), ("Add", "")],
        Some(unit) => &[("Organizational units", UNITS), (&unit.name, &back), ("Rename or move", "")],
    };
    Ok(page_with(status, server, who, title, UNITS, crumbs, notice, body))
}

pub(super) async fn show_add(State(server): State<Server>, Changer(who): Changer, Asked(below): Asked<Below>) -> Response {
    let parent = if below.parent.is_empty() { "/".to_owned() } else { below.parent };
    let typed = Typed { parent, ..Typed::default() };
    answer(&server, &who, form_page(&server, &who, StatusCode::OK, None, &typed, None).await)
}

pub(super) async fn add(State(server): State<Server>, Posted { who, form }: Posted<Typed>) -> Response {
    let result = match org_units::add(&server.store, &who.principal.actor, &form.parent, &form.name).await {
        Ok(unit) => Ok(redirect_with_notice(&unit_href(unit.id), &Notice::success(format!("{} was added.", unit.path)))),
        Err(error) => match refusal(&error) {
            Some(text) => form_page(&server, &who, refused_status(&error), None, &form, Some(&Notice::error(text))).await,
            None => Err(error),
        },
    };
    answer(&server, &who, result)
}

pub(super) async fn show_edit(State(server): State<Server>, Changer(who): Changer, At(id): At<OrgUnitId>) -> Response {
    let result = async {
        let unit = org_units::get(&server.store, id).await?;
        let typed = Typed { name: unit.name.clone(), parent: parent_path(&unit).to_owned() };
        form_page(&server, &who, StatusCode::OK, Some(&unit), &typed, None).await
    };
    answer(&server, &who, result.await)
}

/// The path of the unit above.
fn parent_path(unit: &OrgUnit) -> &str {
    unit.path.strip_suffix(&unit.name).map(|path| path.trim_end_matches('/')).filter(|path| !path.is_empty()).unwrap_or("/")
}

pub(super) async fn edit(State(server): State<Server>, At(id): At<OrgUnitId>, Posted { who, form }: Posted<Typed>) -> Response {
    let result = async {
        let before = org_units::get(&server.store, id).await?;
        match org_units::move_(&server.store, &who.principal.actor, id, &form.parent, &form.name).await {
            Ok(unit) => Ok(redirect_with_notice(&unit_href(id), &Notice::success(format!("The unit is now {}.", unit.path)))),
            Err(error) => match refusal(&error) {
                Some(text) => {
                    let notice = Notice::error(text);
                    form_page(&server, &who, refused_status(&error), Some(&before), &form, Some(&notice)).await
                }
                None => Err(error),
            },
        }
    };
    answer(&server, &who, result.await)
}

pub(super) async fn show_delete(State(server): State<Server>, Changer(who): Changer, At(id): At<OrgUnitId>) -> Response {
    answer(&server, &who, ask_delete(&server, &who, id, StatusCode::OK, None).await)
}

/// The question, or the reason why it cannot be.
async fn ask_delete(
    server: &Server,
    who: &SignedIn,
    id: OrgUnitId,
    status: StatusCode,
    notice: Option<&Notice>,
) -> Result<Response, StoreError> {
    let unit = org_units::get(&server.store, id).await?;
    let users = users::count_by_unit(&server.store).await?.get(&id).copied().unwrap_or(0);
    let below = org_units::list_all(&server.store).await?.iter().filter(|other| other.parent == Some(id)).count();
    let back = unit_href(id);
    let body = if users == 0 && below == 0 {
        let text = "It has no users and no units below it, so no account changes. Settings made for it go with it.";
        confirm_form(&format!("Delete {}?", unit.path), text, &format!("{back}/delete"), "DELETE", &back, &[])
    } else {
        let reason = format!(
            "{} cannot be deleted yet: it has {} and {} below it. Move them elsewhere first.",
            unit.path,
            users_text(users),
            counted(below as u64, "unit")
        );
        html! {
            (page_header(&format!("Delete {}", unit.path), html! {}))
            (notice_box(&Notice::warning(reason)))
            div.actions { (link_button("Back", &back, ButtonKind::Secondary)) }
        }
    };
    let crumbs = [("Organizational units", UNITS), (&*unit.name, &*back), ("Delete", "")];
    Ok(page_with(status, server, who, "Delete organizational unit", UNITS, &crumbs, notice, body))
}

pub(super) async fn delete(
    State(server): State<Server>,
    At(id): At<OrgUnitId>,
    Posted { who, form: Nothing {} }: Posted<Nothing>,
) -> Response {
    let result = match org_units::delete(&server.store, &who.principal.actor, id).await {
        Ok(()) => Ok(redirect_with_notice(UNITS, &Notice::success("The organizational unit was deleted."))),
        Err(error @ StoreError::NotFound { .. }) => Err(error),
        Err(error) => match refusal(&error) {
            Some(text) => ask_delete(&server, &who, id, refused_status(&error), Some(&Notice::error(text))).await,
            None => Err(error),
        },
    };
    answer(&server, &who, result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_above_is_read_off_the_path() {
        let unit = |path: &str, name: &str| OrgUnit {
            id: OrgUnitId::new(1),
            parent: None,
            name: name.to_owned(),
            path: path.to_owned(),
        };
        for (path, name, above) in
            [("/Sales", "Sales", "/"), ("/Sales/EMEA", "EMEA", "/Sales"), ("/A/A", "A", "/A"), ("/", "", "/")]
        {
            assert_eq!(parent_path(&unit(path, name)), above, "{path}");
        }
    }
}
