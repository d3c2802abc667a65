//! The last requests at the SCIM API, in memory: the page *Provisioning requests* shows them and tests count them. Bodies and
//! secrets are not kept.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// How many requests are kept.
pub const REQUESTS_KEPT: usize = 10_000;

/// Longer paths and filters are cut in the log.
const TEXT_LENGTH_MAX: usize = 512;

/// One request and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestEntry {
    /// 1, 2, 3, … since the tenant was opened.
    pub number: u64,
    /// When it came, microseconds since 1970 on the tenant's clock.
    pub at_micros: i64,
    /// The name of the token it bore; none when it bore none that is known.
    pub token: Option<String>,
    /// `GET`, `POST`, …
    pub method: String,
    /// Without the query.
    pub path: String,
    /// The query as it came, without `?`.
    pub query: Option<String>,
    /// The answer's status.
    pub status: u16,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

#[derive(Debug)]
struct Ring {
    entries: VecDeque<RequestEntry>,
    total: u64,
}

/// The ring of the last requests.
#[derive(Debug)]
pub(crate) struct RequestLog {
    ring: Mutex<Ring>,
}

impl RequestLog {
    pub(crate) fn new() -> Self {
        Self { ring: Mutex::new(Ring { entries: VecDeque::new(), total: 0 }) }
    }

    /// Adds a request, numbers it, and forgets the oldest when there are too many.
    pub(crate) fn add(&self, mut entry: RequestEntry) {
        entry.path = cut(entry.path);
        entry.query = entry.query.map(cut);
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        ring.total += 1;
        entry.number = ring.total;
        if ring.entries.len() >= REQUESTS_KEPT {
            ring.entries.pop_front();
        }
        ring.entries.push_back(entry);
    }

    pub(crate) fn entries(&self) -> Vec<RequestEntry> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner).entries.iter().cloned().collect()
    }

    /// At most `limit`, newest first, older than `before` and matching `wanted`; and whether there are more.
    pub(crate) fn page(&self, before: u64, limit: usize, wanted: impl Fn(&RequestEntry) -> bool) -> (Vec<RequestEntry>, bool) {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found: Vec<RequestEntry> =
            ring.entries.iter().rev().filter(|entry| entry.number < before && wanted(entry)).take(limit + 1).cloned().collect();
        let more = found.len() > limit;
        found.truncate(limit);
        (found, more)
    }

    pub(crate) fn total(&self) -> u64 {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner).total
    }
}

fn cut(mut text: String) -> String {
    if text.len() > TEXT_LENGTH_MAX {
        let end = (0..=TEXT_LENGTH_MAX).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str) -> RequestEntry {
        RequestEntry {
            number: 0,
            at_micros: 0,
            token: None,
            method: "GET".to_owned(),
            path: path.to_owned(),
            query: None,
            status: 200,
            duration_ms: 1,
        }
    }

    #[test]
    fn the_oldest_go_and_the_total_stays() {
        let log = RequestLog::new();
        for _ in 0..REQUESTS_KEPT + 5 {
            log.add(entry("/a"));
        }
        assert_eq!(log.entries().len(), REQUESTS_KEPT);
        assert_eq!(log.entries()[0].number, 6);
        assert_eq!(log.total(), REQUESTS_KEPT as u64 + 5);
    }

    #[test]
    fn a_long_path_is_cut_between_characters() {
        let log = RequestLog::new();
        log.add(entry(&"é".repeat(2_000)));
        assert!(log.entries()[0].path.len() < 600);
    }
}
