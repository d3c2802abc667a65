//! Security Cloud > Last provisioning requests.

use super::error::PageError;
use super::parts::{ROWS, escaped, request_table};
use super::view::View;
use crate::request_log::{REQUESTS_KEPT, RequestEntry};
use axum::extract::Query;
use axum::response::Response;
use provost_web::{FilterBar, card_with, filter_bar, hint, html, page_header, pager, search_field, select};
use serde::Deserialize;

const PATH: &str = "/security-cloud/requests";
const TITLE: &str = "Last provisioning requests";
const RESULTS: [(&str, &str); 3] = [("", "All results"), ("ok", "Succeeded"), ("failed", "Refused or failed")];

/// Filter and place.
#[derive(Debug, Deserialize)]
pub(super) struct Parameters {
    #[serde(default)]
    q: String,
    #[serde(default)]
    result: String,
    #[serde(default)]
    before: String,
}

pub(super) async fn page(view: View, Query(parameters): Query<Parameters>) -> Result<Response, PageError> {
    let search: String = parameters.q.trim().chars().take(200).collect();
    let before = parameters.before.parse().unwrap_or(u64::MAX);
    let needle = search.to_lowercase();
    let wanted = |entry: &RequestEntry| has_result(entry, &parameters.result) && holds(entry, &needle);
    let (entries, more) = view.tenant.inner.requests.page(before, ROWS, wanted);
    let next = entries
        .last()
        .filter(|_| more)
        .map(|last| format!("{PATH}?q={}&result={}&before={}", escaped(&search), escaped(&parameters.result), last.number));
    let fields = html! {
        (search_field("Search method, path, status, token", "q", &search))
        (select("Result", "result", &RESULTS, &parameters.result))
    };
    let body = html! {
        (page_header(TITLE, html! {}))
        (card_with("", html! {}, html! {
            (filter_bar(FilterBar { action: PATH, target: "requests", fields, actions: html! {} }))
            div #requests {
                (request_table(&entries, "No request matches."))
                (pager((before != u64::MAX).then_some(PATH), next.as_deref()))
            }
            (hint(&format!("The last {REQUESTS_KEPT} requests since the server was started are kept, without bodies and secrets.")))
        }))
    };
    Ok(view.page(TITLE, PATH, &[("Security Cloud", "/security-cloud/users"), (TITLE, PATH)], body))
}

fn has_result(entry: &RequestEntry, result: &str) -> bool {
    match result {
        "ok" => entry.status < 400,
        "failed" => entry.status >= 400,
        _ => true,
    }
}

fn holds(entry: &RequestEntry, needle: &str) -> bool {
    let text = format!(
        "{} {} {} {} {}",
        entry.method,
        entry.path,
        entry.query.as_deref().unwrap_or_default(),
        entry.status,
        entry.token.as_deref().unwrap_or_default()
    );
    text.to_lowercase().contains(needle)
}
