//! Security Cloud > Users: what clients have provisioned. Read only, as users made over the API are changed over the API.

use super::error::PageError;
use super::parts::{ListParameters, ROWS, paging};
use super::view::View;
use crate::users::{self, UserRecord, UserSelection};
use axum::extract::{Path, Query};
use axum::response::Response;
use provost_web::{
    FilterBar, Markup, Table, Tone, card, chip, code_block, data_table, definition_list, expander, filter_bar, hint, html,
    not_found, page_header, pager, person, search_field, stack, time,
};
use serde_json::{Value, json};

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

pub(super) async fn detail(view: View, Path(id): Path<String>) -> Result<Response, PageError> {
    let Some(user) = users::get(&view.tenant, &id).await? else { return Ok(not_found()) };
    let title = full_name(&user).unwrap_or_else(|| user.user_name.clone());
    let text = |name: &str| user.body.get(name).and_then(Value::as_str).unwrap_or("–");
    let facts = definition_list(&[
        ("User name", html! { (user.user_name) }),
        ("Status", state(&user)),
        ("E-mail", html! { @for email in emails(&user) { div { (email) } } }),
        ("Display name", html! { (text("displayName")) }),
        ("Title", html! { (text("title")) }),
        ("External ID", html! { code { (user.external_id.as_deref().unwrap_or("–")) } }),
        ("ID", html! { code { (user.id) } }),
        ("Created", time(user.created_at)),
        ("Last changed", time(user.modified_at)),
        ("Changes", html! { (user.revision - 1) }),
    ]);
    let mut raw = serde_json::Map::from_iter([("id".to_owned(), json!(user.id))]);
    raw.extend(user.body.clone());
    let raw = serde_json::to_string_pretty(&raw).unwrap_or_default();
    let body = html! {
        (page_header(&title, state(&user)))
        (stack(&[card("Account", facts), card("Resource", expander("Show the raw resource", true, code_block(&raw)))]))
    };
    Ok(view.page(&title, PATH, &[("Security Cloud", PATH), ("Users", PATH), (&title, "")], body))
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
