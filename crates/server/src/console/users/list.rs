//! The list of users.

use super::{USERS, shown_name, state_chip, user_href};
use crate::Server;
use crate::console::form::{Asked, href};
use crate::console::frame::{answer, page};
use crate::console::session::SignedIn;
use axum::extract::State;
use axum::response::Response;
use provost_core::directory::{User, UserState};
use provost_core::ids::OrgUnitId;
use provost_store::directory::users::{self, UserQuery};
use provost_store::directory::{Page, groups, org_units};
use provost_store::{Store, StoreError};
use provost_web::{
    ButtonKind, FilterBar, Markup, Table, breakable, data_table, filter_bar, html, link_button, page_header, pager, person,
    search_field, select,
};
use serde::Deserialize;
use std::collections::BTreeMap;

const PAGE_USERS: usize = 50;
/// Of more groups than this, the filter offers the first ones; a group's own page leads to the list of any.
const GROUPS_OFFERED: usize = 500;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Filter {
    q: String,
    state: String,
    org_unit: String,
    group: String,
    after: String,
}

pub(super) async fn show(State(server): State<Server>, who: SignedIn, Asked(filter): Asked<Filter>) -> Response {
    answer(&server, &who, list(&server, &who, &filter).await)
}

fn state_of(word: &str) -> Option<UserState> {
    [UserState::Active, UserState::Suspended, UserState::Archived, UserState::Deleted]
        .into_iter()
        .find(|state| state.word() == word)
}

async fn list(server: &Server, who: &SignedIn, filter: &Filter) -> Result<Response, StoreError> {
    let store = &server.store;
    let query = UserQuery {
        text: filter.q.clone(),
        state: state_of(&filter.state),
        org_unit: filter.org_unit.parse().ok(),
        group: filter.group.parse().ok(),
        after: Some(filter.after.clone()).filter(|after| !after.is_empty()),
        limit: PAGE_USERS,
    };
    let found = users::list(store, &query).await?;
    let units = org_units::list_all(store).await?;
    let paths: BTreeMap<OrgUnitId, &str> = units.iter().map(|unit| (unit.id, unit.path.as_str())).collect();
    let unit_options: Vec<(String, String)> = std::iter::once((String::new(), "Any".to_owned()))
        .chain(units.iter().map(|unit| (unit.id.to_string(), unit.path.clone())))
        .collect();
    let group_options = group_options(store, &filter.group).await?;
    let fields = html! {
        (search_field("Search users", "q", &filter.q))
        (select("State", "state", &STATES, &filter.state))
        (select("Organizational unit", "org_unit", &unit_options, &filter.org_unit))
        (select("Group", "group", &group_options, &filter.group))
    };
    let add = who.may_change().then(|| link_button("Add user", "/directory/users/add", ButtonKind::Primary));
    let body = html! {
        (page_header("Users", html! { @if let Some(add) = add { (add) } }))
        p.muted { (counts(store).await?) }
        (filter_bar(FilterBar { action: USERS, target: "user-list", fields, actions: html! {} }))
        div #user-list { (rows(&found, &paths)) (pages(filter, &found)) }
    };
    Ok(page(server, who, "Users", USERS, &[], None, body))
}

const STATES: [(&str, &str); 5] = [
    ("", "All but deleted"),
    ("active", "Active"),
    ("suspended", "Suspended"),
    ("archived", "Archived"),
    ("deleted", "Deleted (can be restored)"),
];

async fn group_options(store: &Store, chosen: &str) -> Result<Vec<(String, String)>, StoreError> {
    let mut options = vec![(String::new(), "Any".to_owned())];
    let offered = groups::list(store, "", None, GROUPS_OFFERED).await?;
    options.extend(offered.items.into_iter().map(|group| (group.id.to_string(), group.name)));
    if let Ok(id) = chosen.parse()
        && !options.iter().any(|(value, _)| value == chosen)
        && let Ok(group) = groups::get(store, id).await
    {
        options.push((group.id.to_string(), group.name));
    }
    Ok(options)
}

async fn counts(store: &Store) -> Result<String, StoreError> {
    let counted = users::count_by_state(store).await?;
    let parts: Vec<String> =
        counted.iter().filter(|(_, count)| *count > 0).map(|(state, count)| format!("{count} {}", state.word())).collect();
    Ok(if parts.is_empty() { "The directory has no users yet.".to_owned() } else { parts.join(" · ") })
}

fn rows(found: &Page<User>, paths: &BTreeMap<OrgUnitId, &str>) -> Markup {
    let rows: Vec<Vec<Markup>> = found
        .items
        .iter()
        .map(|user| {
            vec![
                person(&shown_name(user), &user.primary_email, &user_href(user.id)),
                state_chip(user.status.state()),
                html! { @match paths.get(&user.org_unit) { Some(path) => (breakable(path)), None => span.muted { "gone" } } },
            ]
        })
        .collect();
    let headers = ["Name", "State", "Organizational unit"];
    data_table(Table { caption: "Users", headers: &headers, numbers: &[], rows: &rows, empty: "No user matches." })
}

fn pages(filter: &Filter, found: &Page<User>) -> Markup {
    let to = |after: &str| {
        let values = [("q", &*filter.q), ("state", &filter.state), ("org_unit", &filter.org_unit), ("group", &filter.group)];
        href(USERS, &[&values[..], &[("after", after)]].concat())
    };
    html! {
        div.actions {
            @if !filter.after.is_empty() { (link_button("First page", &to(""), ButtonKind::Text)) }
            (pager(None, found.next.as_deref().map(to).as_deref()))
        }
    }
}
