//! The fastest app that we can think of: it takes every create and change, keeps nothing, and tells when it was asked. What it
//! lists was read before the measuring begins.
//!
//! It runs in the process that measures, beside the process that is measured.

use crate::sink::{created, marked, now_micros};
use anyhow::Context;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use provost_core::ids::ConnectionId;
use provost_db::Query;
use provost_store::Store;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// What marks a change whose arrival is noted; a number and a quotation mark follow.
pub(crate) const CHANGE: &str = "change-";

/// The running app.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// The SCIM base URL.
    pub(crate) endpoint: String,
    seen: Arc<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    writes: AtomicU64,
    reads: AtomicU64,
    ids: AtomicU64,
    /// The accounts that it lists.
    held: RwLock<Held>,
    /// When each marked change came, in microseconds since 1970.
    changes: Mutex<HashMap<u64, i64>>,
}

/// Resources as text, one behind the other.
#[derive(Debug, Default)]
struct Held {
    text: String,
    /// Where each of them ends.
    ends: Vec<usize>,
}

impl Held {
    fn add(&mut self, id: &str, body: &str) {
        // A body is an object, which the id opens anew.
        for part in ["{\"id\":\"", id, "\",", body.trim_start_matches('{')] {
            self.text.push_str(part);
        }
        self.ends.push(self.text.len());
    }

    /// RFC 7644 section 3.4.2.4: `count` resources from the first one, which is number 1.
    fn page(&self, start_index: usize, count: usize) -> String {
        let first = start_index.max(1) - 1;
        let last = first.saturating_add(count).min(self.ends.len());
        let shown: Vec<&str> = (first..last).map(|number| self.resource(number)).collect();
        format!(
            r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":{},"startIndex":{},"itemsPerPage":{},"Resources":[{}]}}"#,
            self.ends.len(),
            first + 1,
            shown.len(),
            shown.join(",")
        )
    }

    fn resource(&self, number: usize) -> &str {
        let begin = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[begin..self.ends[number]]
    }
}

impl Target {
    /// Starts it on a free port of the loopback address; it ends with the process.
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.context("cannot listen on the loopback address")?;
        let address = listener.local_addr().context("the listener has no address")?;
        let seen = Arc::new(Seen::default());
        let router = Router::new().fallback(answer).with_state(Arc::clone(&seen));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { endpoint: format!("http://{address}/scim/v2"), seen })
    }

    /// How many requests have come that write.
    pub(crate) fn writes(&self) -> u64 {
        self.seen.writes.load(Ordering::Relaxed)
    }

    /// How many requests have come that only read.
    pub(crate) fn reads(&self) -> u64 {
        self.seen.reads.load(Ordering::Relaxed)
    }

    /// From now on it lists the accounts as they were last confirmed; returns how many.
    pub(crate) async fn hold(&self, store: &Store, connection: ConnectionId) -> anyhow::Result<u64> {
        let sql = "SELECT remote_id, applied FROM account WHERE connection_id = $1 AND remote_id IS NOT NULL ORDER BY user_id";
        let mut held = Held::default();
        let mut rows = store.db.stream(Query::new(sql, [connection.get().into()]));
        while let Some(chunk) = rows.next().await {
            for row in chunk? {
                held.add(&row.get::<String>(0)?, row.text(1)?.context("a confirmed account has a body")?);
            }
        }
        let count = held.ends.len() as u64;
        *self.seen.held.write().unwrap_or_else(PoisonError::into_inner) = held;
        Ok(count)
    }

    /// It lists nobody again.
    pub(crate) fn let_go(&self) {
        *self.seen.held.write().unwrap_or_else(PoisonError::into_inner) = Held::default();
    }

    /// When the marked change with this number came.
    pub(crate) fn came(&self, number: u64) -> Option<i64> {
        self.seen.changes.lock().ok()?.get(&number).copied()
    }
}

async fn answer(State(seen): State<Arc<Seen>>, method: Method, uri: Uri, body: Bytes) -> Response {
    let at = now_micros();
    if uri.path().ends_with("/ServiceProviderConfig") {
        // It announces nothing, and is asked once for it by every engine that starts: no work that is measured.
        return StatusCode::NOT_FOUND.into_response();
    }
    if method == Method::GET {
        seen.reads.fetch_add(1, Ordering::Relaxed);
        let page = match (number(&uri, "startIndex"), number(&uri, "count")) {
            (Some(start_index), Some(count)) => seen.held.read().unwrap_or_else(PoisonError::into_inner).page(start_index, count),
            // A search finds nobody, whoever is listed: it is asked only for who has no account yet.
            _ => Held::default().page(1, 0),
        };
        return ([(header::CONTENT_TYPE, "application/scim+json")], page).into_response();
    }
    seen.writes.fetch_add(1, Ordering::Relaxed);
    if let Some(number) = marked(&body, CHANGE)
        && let Ok(mut changes) = seen.changes.lock()
    {
        changes.entry(number).or_insert(at);
    }
    if method != Method::POST {
        return StatusCode::NO_CONTENT.into_response();
    }
    created(&body, &format!("r{at}-{}", seen.ids.fetch_add(1, Ordering::Relaxed)))
}

/// A number in the query.
fn number(uri: &Uri, name: &str) -> Option<usize> {
    let mut pairs = uri.query()?.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| *key == name).and_then(|(_, value)| value.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn pages_show_everybody_once() {
        let mut held = Held::default();
        for number in 0..5 {
            held.add(&format!("b{number}"), &format!(r#"{{"userName":"user{number}"}}"#));
        }
        let page = |start, count| serde_json::from_str::<Value>(&held.page(start, count)).expect("a page is JSON");
        let ids = |page: &Value| {
            let shown = page["Resources"].as_array().expect("a list").iter();
            shown.map(|resource| resource["id"].as_str().expect("a text").to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(ids(&page(1, 2)), ["b0", "b1"]);
        assert_eq!(ids(&page(3, 2)), ["b2", "b3"]);
        assert_eq!(ids(&page(5, 2)), ["b4"]);
        assert!(ids(&page(6, 2)).is_empty());
        assert_eq!((page(5, 2)["totalResults"].as_u64(), page(5, 2)["itemsPerPage"].as_u64()), (Some(5), Some(1)));
        assert_eq!(page(1, 1)["Resources"][0]["userName"], "user0");
        assert_eq!(Held::default().page(1, 100), page_of_nobody());
    }

    fn page_of_nobody() -> String {
        r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0,"startIndex":1,"itemsPerPage":0,"Resources":[]}"#.to_owned()
    }
}
