//! Security Cloud > Last provisioning requests.

use super::error::PageError;
use super::parts::{ROWS, escaped, grouped, request_table};
use super::view::View;
use crate::request_log::{Place, REQUESTS_KEPT, RequestEntry, RequestPage};
use crate::tokens;
use axum::extract::Query;
use axum::response::Response;
use provost_web::{FilterBar, Markup, card_with, filter_bar, hint, html, page_header, pager, search_field, select};
use serde::Deserialize;
use std::collections::BTreeSet;

/// The page's path.
pub(super) const PATH: &str = "/security-cloud/requests";
const TITLE: &str = "Last provisioning requests";
const METHODS: [(&str, &str); 6] =
    [("", "All methods"), ("GET", "GET"), ("POST", "POST"), ("PUT", "PUT"), ("PATCH", "PATCH"), ("DELETE", "DELETE")];
const CLASSES: [(&str, &str); 5] =
    [("", "All results"), ("2", "2xx Succeeded"), ("3", "3xx Not modified"), ("4", "4xx Refused"), ("5", "5xx Failed")];
/// The choice of requests that bore no known token. A token's name stands behind a sign, so that no name is this word.
const NO_TOKEN: &str = "none";

/// Filter and place.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Parameters {
    #[serde(default)]
    q: String,
    #[serde(default)]
    token: String,
    #[serde(default)]
    method: String,
    #[serde(default)]
    class: String,
    #[serde(default)]
    before: String,
    #[serde(default)]
    after: String,
}

impl Parameters {
    fn search(&self) -> String {
        self.q.trim().chars().take(200).collect()
    }

    fn place(&self) -> Place {
        match (self.before.parse(), self.after.parse()) {
            (Ok(number), _) => Place::Before(number),
            (Err(_), Ok(number)) => Place::After(number),
            (Err(_), Err(_)) => Place::Newest,
        }
    }

    /// The path of another place with the same filter.
    fn href(&self, place: &str, number: u64) -> String {
        let parts = [("q", &self.search()), ("token", &self.token), ("method", &self.method), ("class", &self.class)];
        let filter: Vec<String> =
            parts.iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| format!("{name}={}&", escaped(text))).collect();
        format!("{PATH}?{}{place}={number}", filter.concat())
    }

    fn wants(&self, entry: &RequestEntry, needle: &str) -> bool {
        let token = match self.token.as_str() {
            "" => true,
            NO_TOKEN => entry.token.is_none(),
            named => entry.token.as_deref().is_some_and(|token| named.strip_prefix('=') == Some(token)),
        };
        token
            && (self.method.is_empty() || self.method == entry.method)
            && (self.class.is_empty() || self.class == (entry.status / 100).to_string())
            && (needle.is_empty() || holds(entry, needle))
    }
}

/// The path of the page with one token's requests.
pub(super) fn of_token(name: Option<&str>) -> String {
    format!("{PATH}?token={}", escaped(&name.map_or_else(|| NO_TOKEN.to_owned(), |name| format!("={name}"))))
}

pub(super) async fn page(view: View, Query(parameters): Query<Parameters>) -> Result<Response, PageError> {
    let log = &view.tenant.inner.requests;
    let needle = parameters.search().to_lowercase();
    let found = log.page(parameters.place(), ROWS, |entry| parameters.wants(entry, &needle));
    // A place whose requests have been forgotten, or a filter that changed meanwhile.
    let found = if found.entries.is_empty() && found.newer > 0 {
        log.page(Place::Newest, ROWS, |entry| parameters.wants(entry, &needle))
    } else {
        found
    };
    let mut names: BTreeSet<String> = tokens::list(&view.tenant).await?.into_iter().map(|token| token.name).collect();
    names.extend(log.usage().into_keys().flatten());
    let newer = found.entries.first().filter(|_| found.newer > 0).map(|first| parameters.href("after", first.number));
    let older = found.entries.last().filter(|_| found.older > 0).map(|last| parameters.href("before", last.number));
    let empty = if view.tenant.requests_total() == 0 {
        "No request yet: nobody has called the SCIM API since the server was started."
    } else {
        "No request matches."
    };
    let body = html! {
        (page_header(TITLE, html! {}))
        (card_with("", html! {}, html! {
            (filter_bar(FilterBar { action: PATH, target: "requests", fields: fields(&parameters, &names), actions: html! {} }))
            div #requests {
                (hint(&position(&found)))
                (request_table(&found.entries, empty))
                (pager(newer.as_deref(), older.as_deref()))
            }
            (hint(&format!(
                "Newest first, times in UTC. The last {} requests since the server was started are kept, without bodies and secrets.",
                grouped(REQUESTS_KEPT as u64)
            )))
        }))
    };
    Ok(view.page(TITLE, PATH, &[("Security Cloud", "/security-cloud/users"), (TITLE, PATH)], body))
}

fn fields(parameters: &Parameters, names: &BTreeSet<String>) -> Markup {
    let mut tokens = vec![(String::new(), "All tokens".to_owned())];
    tokens.extend(names.iter().map(|name| (format!("={name}"), name.clone())));
    tokens.push((NO_TOKEN.to_owned(), "No known token".to_owned()));
    html! {
        (search_field("Search path", "q", &parameters.search()))
        (select("Token", "token", &tokens, &parameters.token))
        (select("Method", "method", &METHODS, &parameters.method))
        (select("Result", "class", &CLASSES, &parameters.class))
    }
}

/// "51–100 of 2,345 requests"
fn position(page: &RequestPage) -> String {
    let shown = page.entries.len() as u64;
    let total = page.newer + shown + page.older;
    match total {
        0 => "No requests".to_owned(),
        1 => "1 request".to_owned(),
        _ => format!("{}–{} of {} requests", grouped(page.newer + 1), grouped(page.newer + shown), grouped(total)),
    }
}

/// Path and query are searched as they came and as they are shown.
fn holds(entry: &RequestEntry, needle: &str) -> bool {
    let whole = super::parts::whole_path(entry);
    whole.to_lowercase().contains(needle) || super::parts::readable(&whole).to_lowercase().contains(needle)
}
