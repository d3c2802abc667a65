//! Security Cloud > Groups: what clients have pushed. Read only.

use super::error::PageError;
use super::parts::{ListParameters, ROWS, paging};
use super::view::View;
use crate::groups::{self, GroupSelection};
use axum::extract::{Path, Query};
use axum::response::Response;
use provost_web::{
    FilterBar, Markup, Table, card, data_table, definition_list, filter_bar, hint, html, not_found, page_header, pager, person,
    search_field, stack, table, time,
};

const PATH: &str = "/security-cloud/groups";
/// Members shown on a group's page.
const MEMBERS_SHOWN: usize = 500;

pub(super) async fn list(view: View, Query(parameters): Query<ListParameters>) -> Result<Response, PageError> {
    let search = parameters.search();
    let page = parameters.page_number();
    let selection = if search.is_empty() { GroupSelection::All } else { GroupSelection::Search(search.clone()) };
    let (total, found) = groups::page(&view.tenant, &selection, (page - 1) * ROWS as u64, ROWS).await?;
    let counts = groups::member_counts(&view.tenant.inner.db, &found).await?;
    let paging = paging(PATH, &search, page, total, "group");
    let rows: Vec<Vec<Markup>> = found
        .iter()
        .zip(counts)
        .map(|(group, count)| {
            let href = format!("{PATH}/{}", group.id);
            vec![
                html! { a href=(href) { (group.display_name) } },
                html! { (count) },
                time(group.created_at),
                time(group.modified_at),
            ]
        })
        .collect();
    let empty = if search.is_empty() { "No groups yet: no client has pushed any." } else { "No group matches." };
    let table = data_table(Table {
        caption: "Groups",
        headers: &["Group", "Members", "Created", "Changed"],
        numbers: &[1],
        rows: &rows,
        empty,
    });
    let body = html! {
        (page_header("Groups", html! {}))
        (card("", html! {
            (filter_bar(FilterBar { action: PATH, target: "groups", fields: search_field("Search name", "q", &search), actions: html! {} }))
            div #groups { (hint(&paging.text)) (table) (pager(paging.previous.as_deref(), paging.next.as_deref())) }
        }))
    };
    Ok(view.page("Groups", PATH, &[("Security Cloud", "/security-cloud/users"), ("Groups", PATH)], body))
}

pub(super) async fn detail(view: View, Path(id): Path<String>) -> Result<Response, PageError> {
    let Some(group) = groups::get(&view.tenant, &id).await? else { return Ok(not_found()) };
    let members = groups::members(&view.tenant.inner.db, group.position).await?;
    let rows: Vec<Vec<Markup>> = members
        .iter()
        .take(MEMBERS_SHOWN)
        .map(|member| vec![person(&member.user_name, &member.id, &format!("/security-cloud/users/{}", member.id))])
        .collect();
    let facts = definition_list(&[
        ("Display name", html! { (group.display_name) }),
        ("Members", html! { (members.len()) }),
        ("ID", html! { code { (group.id) } }),
        ("Created", time(group.created_at)),
        ("Last changed", time(group.modified_at)),
    ]);
    let shown = html! {
        (table(&["Member"], &rows))
        @if members.len() > MEMBERS_SHOWN { (hint(&format!("The first {MEMBERS_SHOWN} of {} members.", members.len()))) }
    };
    let body = html! { (page_header(&group.display_name, html! {})) (stack(&[card("Group", facts), card("Members", shown)])) };
    let crumbs = [("Security Cloud", "/security-cloud/users"), ("Groups", PATH), (group.display_name.as_str(), "")];
    Ok(view.page(&group.display_name, PATH, &crumbs, body))
}
