//! Security Cloud > Users: what clients have provisioned. Read only, as users made over the API are changed over the API.

use super::error::PageError;
use super::membership;
use super::parts::{ListParameters, ROWS, grouped, paging, resource_card};
use super::view::View;
use crate::api::scim::raw;
use crate::groups::GroupOfUser;
use crate::users::{self, UserRecord, UserSelection};
use axum::extract::{Path, Query};
use axum::http::HeaderMap;
use axum::response::Response;
use provost_web::{
    FilterBar, Markup, Table, Tone, card, card_with, chip, data_table, definition_list, empty_state, filter_bar, hint, html,
    not_found, page_header, pager, person, search_field, stack, time,
};
use serde_json::Value;

const PATH: &str = "/security-cloud/users";

pub(super) async fn list(view: View, Query(parameters): Query<ListParameters>) -> Result<Response, PageError> {
    let search = parameters.search();
    let page = parameters.page_number();
    let selection = if search.is_empty() { UserSelection::All } else { UserSelection::Search(search.clone()) };
    let (total, found) = users::page(&view.tenant, &selection, (page - 1) * ROWS as u64, ROWS).await?;
    let paging = paging(PATH, &search, page, total, "user");
    let rows: Vec<Vec<Markup>> = found.iter().map(row).collect();
    let empty = if search.is_empty() { "No users yet: no client has provisioned any." } else { "No user matches." };
    let table = data_table(Table {
        caption: "Users",
        headers: &["User", "Status", "External ID", "Created", "Changed"],
        numbers: &[],
        rows: &rows,
        empty,
    });
    let body = html! {
        (page_header("Users", html! {}))
        (card("", html! {
            (filter_bar(FilterBar {
                action: PATH,
                target: "users",
                fields: search_field("Search name or address", "q", &search),
                actions: html! {},
            }))
            div #users { (hint(&paging.text)) (table) (pager(paging.previous.as_deref(), paging.next.as_deref())) }
        }))
    };
    Ok(view.page("Users", PATH, &[("Security Cloud", PATH), ("Users", PATH)], body))
}

pub(super) async fn detail(view: View, Path(id): Path<String>, headers: HeaderMap) -> Result<Response, PageError> {
    let Some(user) = users::get(&view.tenant, &id).await? else { return Ok(not_found()) };
    let (groups, groups_count) = membership::groups_of(&view.tenant.inner.db, user.position).await?;
    let title = full_name(&user).unwrap_or_else(|| user.user_name.clone());
    let resource = raw::user(&view.tenant, user.clone(), &groups, crate::api::scim_base(&headers)).await?;
    let remark = (groups_count > groups.len() as u64)
        .then(|| format!("with the first {} of {} groups.", groups.len(), grouped(groups_count)));
    let cards = [
        card("Account", facts(&user)),
        card_with(&format!("Groups ({})", grouped(groups_count)), html! {}, groups_list(&groups, groups_count)),
        resource_card(&resource, remark),
    ];
    let body = html! { (page_header(&title, state(&user))) (stack(&cards)) };
    Ok(view.page(&title, PATH, &[("Security Cloud", PATH), ("Users", PATH), (&title, "")], body))
}

fn facts(user: &UserRecord) -> Markup {
    let text = |name: &str| user.body.get(name).and_then(Value::as_str).unwrap_or("–");
    definition_list(&[
        ("User name", html! { (user.user_name) }),
        ("Status", state(user)),
        ("E-mail", html! { @for email in emails(user) { div { (email) } } @if emails(user).is_empty() { "–" } }),
        ("Display name", html! { (text("displayName")) }),
        ("Title", html! { (text("title")) }),
        ("External ID", html! { code { (user.external_id.as_deref().unwrap_or("–")) } }),
        ("ID", html! { code { (user.id) } }),
        ("Created", time(user.created_at)),
        ("Last changed", time(user.modified_at)),
        ("Changes", html! { (user.revision - 1) }),
    ])
}

fn groups_list(groups: &[GroupOfUser], count: u64) -> Markup {
    if groups.is_empty() {
        return empty_state("In no group.");
    }
    html! {
        ul.plain-list {
            @for group in groups {
                li {
                    a href=(format!("/security-cloud/groups/{}", group.id)) { (group.display_name) }
                    @if !group.is_direct { span.muted { " through another group" } }
                }
            }
        }
        @if count > groups.len() as u64 { (hint(&format!("The first {} of {} groups.", groups.len(), grouped(count)))) }
    }
}

fn row(user: &UserRecord) -> Vec<Markup> {
    let href = format!("{PATH}/{}", user.id);
    let name = full_name(user).unwrap_or_else(|| user.user_name.clone());
    vec![
        person(&name, &user.user_name, &href),
        state(user),
        html! { code { (user.external_id.as_deref().unwrap_or("–")) } },
        time(user.created_at),
        time(user.modified_at),
    ]
}

fn state(user: &UserRecord) -> Markup {
    if user.active { chip("Active", Tone::Good) } else { chip("Inactive", Tone::Warn) }
}

fn full_name(user: &UserRecord) -> Option<String> {
    let name = user.body.get("name").and_then(Value::as_object);
    let part = |key: &str| name?.get(key)?.as_str();
    let whole = [part("givenName"), part("familyName")].into_iter().flatten().collect::<Vec<_>>().join(" ");
    (!whole.trim().is_empty()).then_some(whole)
}

fn emails(user: &UserRecord) -> Vec<String> {
    let list = user.body.get("emails").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    list.iter()
        .filter_map(|email| {
            let value = email.get("value")?.as_str()?;
            let primary = email.get("primary") == Some(&Value::Bool(true));
            Some(if primary { format!("{value} (primary)") } else { value.to_owned() })
        })
        .collect()
}
