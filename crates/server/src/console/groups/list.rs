//! The list of groups.

use super::{GROUPS, group_href};
use crate::Server;
use crate::console::form::{Asked, href};
use crate::console::frame::{answer, page};
use crate::console::session::SignedIn;
use axum::extract::State;
use axum::response::Response;
use provost_store::StoreError;
use provost_store::directory::groups;
use provost_web::{
    ButtonKind, FilterBar, Markup, Table, data_table, filter_bar, html, link_button, page_header, pager, person, search_field,
};
use serde::Deserialize;

const PAGE_GROUPS: usize = 50;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Filter {
    q: String,
    after: String,
}

pub(super) async fn show(State(server): State<Server>, who: SignedIn, Asked(filter): Asked<Filter>) -> Response {
    answer(&server, &who, list(&server, &who, &filter).await)
}

async fn list(server: &Server, who: &SignedIn, filter: &Filter) -> Result<Response, StoreError> {
    let after = Some(&*filter.after).filter(|after| !after.is_empty());
    let found = groups::list(&server.store, &filter.q, after, PAGE_GROUPS).await?;
    let mut rows: Vec<Vec<Markup>> = Vec::new();
    for group in &found.items {
        let members = groups::member_count(&server.store, group.id).await?;
        rows.push(vec![
            person(&group.name, &group.email, &group_href(group.id)),
            html! { (group.description) },
            html! { (members) },
        ]);
    }
    let add = who.may_change().then(|| link_button("Add group", "/directory/groups/add", ButtonKind::Primary));
    let headers = ["Name", "Description", "Direct members"];
    let table = Table { caption: "Groups", headers: &headers, numbers: &[2], rows: &rows, empty: "No group matches." };
    let to = |after: &str| href(GROUPS, &[("q", &filter.q), ("after", after)]);
    let body = html! {
        (page_header("Groups", html! { @if let Some(add) = add { (add) } }))
        (filter_bar(FilterBar { action: GROUPS, target: "group-list", fields: search_field("Search groups", "q", &filter.q), actions: html! {} }))
        div #group-list {
            (data_table(table))
            div.actions {
                @if after.is_some() { (link_button("First page", &to(""), ButtonKind::Text)) }
                (pager(None, found.next.as_deref().map(to).as_deref()))
            }
        }
    };
    Ok(page(server, who, "Groups", GROUPS, &[], None, body))
}
