//! Security Cloud > Groups: what clients have pushed. Read only.

use super::error::PageError;
use super::membership;
use super::parts::{ListParameters, ROWS, grouped, paging, resource_card};
use super::view::View;
use crate::api::scim::raw;
use crate::groups::{self, GroupSelection, MemberRecord};
use axum::extract::{Path, Query};
use axum::http::HeaderMap;
use axum::response::Response;
use provost_scim::provider::ResourceKind;
use provost_web::{
    FilterBar, Markup, Table, card, data_table, definition_list, filter_bar, hint, html, not_found, page_header, pager, person,
    search_field, stack, time,
};

const PATH: &str = "/security-cloud/groups";

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
                html! { (grouped(count)) },
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

pub(super) async fn detail(view: View, Path(id): Path<String>, headers: HeaderMap) -> Result<Response, PageError> {
    let Some(group) = groups::get(&view.tenant, &id).await? else { return Ok(not_found()) };
    let (members, count) = membership::members_of(&view.tenant.inner.db, group.position).await?;
    let facts = definition_list(&[
        ("Display name", html! { (group.display_name) }),
        ("Members", html! { (grouped(count)) }),
        ("ID", html! { code { (group.id) } }),
        ("Created", time(group.created_at)),
        ("Last changed", time(group.modified_at)),
        ("Changes", html! { (group.revision - 1) }),
    ]);
    let remark =
        (count > members.len() as u64).then(|| format!("with the first {} of {} members.", members.len(), grouped(count)));
    let resource = raw::group(&view.tenant, group.clone(), &members, crate::api::scim_base(&headers)).await?;
    let cards = [
        card("Group", facts),
        card(&format!("Members ({})", grouped(count)), members_table(&members, count)),
        resource_card(&resource, remark),
    ];
    let body = html! { (page_header(&group.display_name, html! {})) (stack(&cards)) };
    let crumbs = [("Security Cloud", "/security-cloud/users"), ("Groups", PATH), (group.display_name.as_str(), "")];
    Ok(view.page(&group.display_name, PATH, &crumbs, body))
}

fn members_table(members: &[MemberRecord], count: u64) -> Markup {
    let rows: Vec<Vec<Markup>> = members
        .iter()
        .map(|member| {
            let kind = match member.kind {
                ResourceKind::User => "User",
                ResourceKind::Group => "Group",
            };
            let section = kind.to_lowercase();
            let href = format!("/security-cloud/{section}s/{}", member.id);
            vec![person(&member.user_name, &member.id, &href), html! { (kind) }]
        })
        .collect();
    html! {
        (data_table(Table { caption: "Members", headers: &["Member", "Type"], numbers: &[], rows: &rows, empty: "No members." }))
        @if count > members.len() as u64 { (hint(&format!("The first {} of {} members.", members.len(), grouped(count)))) }
    }
}
