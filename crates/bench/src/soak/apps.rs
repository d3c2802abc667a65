//! Ten apps that take everything, keep nothing, and note how long each marked change was under way.

use crate::sink::{created, marked, now_micros};
use anyhow::Context;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// What marks a change; the microseconds since 1970 at which it was made follow, and a letter.
pub(super) const CHANGE: &str = "made-";

/// How many there are.
pub(super) const APPS: usize = 10;

#[derive(Debug, Default)]
struct Seen {
    ids: AtomicU64,
    under_way: Mutex<Vec<u32>>,
}

/// The running apps; they end with the process.
#[derive(Debug)]
pub(super) struct Apps {
    /// Their SCIM base URLs.
    pub(super) endpoints: Vec<String>,
    seen: Arc<Seen>,
}

impl Apps {
    /// Starts them on free ports of the loopback address.
    pub(super) async fn start() -> anyhow::Result<Self> {
        let seen = Arc::new(Seen::default());
        let mut endpoints = Vec::with_capacity(APPS);
        for _ in 0..APPS {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.context("cannot listen on the loopback address")?;
            endpoints.push(format!("http://{}/scim/v2", listener.local_addr().context("the listener has no address")?));
            let router = Router::new().fallback(answer).with_state(Arc::clone(&seen));
            tokio::spawn(async move { axum::serve(listener, router).await });
        }
        Ok(Self { endpoints, seen })
    }

    /// Forgets what came so far.
    pub(super) fn forget(&self) {
        drop(self.take());
    }

    /// How long each change was under way, in microseconds.
    pub(super) fn under_way(&self) -> Vec<u32> {
        self.take()
    }

    fn take(&self) -> Vec<u32> {
        std::mem::take(&mut *self.seen.under_way.lock().expect("nothing panics while it holds the list"))
    }
}

async fn answer(State(seen): State<Arc<Seen>>, method: Method, body: Bytes) -> Response {
    let now = now_micros();
    if method == Method::GET {
        return StatusCode::NOT_FOUND.into_response();
    }
    if let Some(made) = marked::<i64>(&body, CHANGE) {
        let micros = u32::try_from((now - made).max(0)).unwrap_or(u32::MAX);
        seen.under_way.lock().expect("nothing panics while it holds the list").push(micros);
    }
    if method != Method::POST {
        return StatusCode::NO_CONTENT.into_response();
    }
    created(&body, &format!("s{}", seen.ids.fetch_add(1, Ordering::Relaxed)))
}
