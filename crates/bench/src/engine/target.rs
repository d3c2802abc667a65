//! The fastest app that we can think of: it takes every create and change, keeps nothing, and tells when it was asked.
//!
//! It runs in the process that measures, beside the process that is measured.

use crate::sink::{created, marked, now_micros};
use anyhow::Context;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

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
    /// When each marked change came, in microseconds since 1970.
    changes: Mutex<HashMap<u64, i64>>,
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
        let none = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0,"startIndex":1,"itemsPerPage":0,"Resources":[]}"#;
        return ([(header::CONTENT_TYPE, "application/scim+json")], none).into_response();
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
