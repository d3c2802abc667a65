//! The last requests at the SCIM API, in memory: the page *Provisioning requests* shows them and tests count them. Bodies and
//! secrets are not kept.

use std::collections::{BTreeMap, VecDeque};
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

/// Where a page of the log begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Newest,
    /// With what came before the request of this number.
    Before(u64),
    /// So that it ends with what came after the request of this number.
    After(u64),
}

/// Some of the requests that match.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RequestPage {
    /// Newest first.
    pub(crate) entries: Vec<RequestEntry>,
    /// How many that match are newer than these.
    pub(crate) newer: u64,
    /// And older.
    pub(crate) older: u64,
}

/// What requests came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) requests: u64,
    /// By the first digit of the status: 2xx, 3xx, 4xx, 5xx.
    pub(crate) by_class: [u64; 4],
    /// When the latest one came.
    pub(crate) last_at_micros: i64,
}

impl Usage {
    fn add(&mut self, entry: &RequestEntry) {
        self.requests += 1;
        if let Some(count) = usize::from(entry.status / 100).checked_sub(2).and_then(|class| self.by_class.get_mut(class)) {
            *count += 1;
        }
        self.last_at_micros = self.last_at_micros.max(entry.at_micros);
    }
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

    /// At most `limit` of those that match, newest first, from this place on.
    pub(crate) fn page(&self, place: Place, limit: usize, wanted: impl Fn(&RequestEntry) -> bool) -> RequestPage {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let matching: Vec<&RequestEntry> = ring.entries.iter().rev().filter(|entry| wanted(entry)).collect();
        let last_start = matching.len().saturating_sub(limit);
        let start = match place {
            Place::Newest => 0,
            Place::Before(number) => matching.partition_point(|entry| entry.number >= number),
            Place::After(number) => matching.partition_point(|entry| entry.number > number).saturating_sub(limit).min(last_start),
        };
        let entries: Vec<RequestEntry> = matching.iter().skip(start).take(limit).map(|&entry| entry.clone()).collect();
        RequestPage { newer: start as u64, older: (matching.len() - start - entries.len()) as u64, entries }
    }

    /// What each token's requests came to, by the token's name; requests without a known token stand under `None`.
    pub(crate) fn usage(&self) -> BTreeMap<Option<String>, Usage> {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let mut usage: BTreeMap<Option<String>, Usage> = BTreeMap::new();
        for entry in &ring.entries {
            match usage.get_mut(&entry.token) {
                Some(known) => known.add(entry),
                None => usage.entry(entry.token.clone()).or_default().add(entry),
            }
        }
        usage
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
    fn pages_lead_both_ways_while_requests_come() {
        let log = RequestLog::new();
        for number in 0..100 {
            log.add(entry(if number % 2 == 0 { "/even" } else { "/odd" }));
        }
        let odd = |entry: &RequestEntry| entry.path == "/odd";
        let numbers = |page: &RequestPage| (page.entries[0].number, page.entries[page.entries.len() - 1].number);
        let first = log.page(Place::Newest, 20, odd);
        assert_eq!((numbers(&first), first.newer, first.older), ((100, 62), 0, 30));
        let second = log.page(Place::Before(62), 20, odd);
        assert_eq!((numbers(&second), second.newer, second.older), ((60, 22), 20, 10));
        let last = log.page(Place::Before(22), 20, odd);
        assert_eq!((numbers(&last), last.newer, last.older), ((20, 2), 40, 0));
        log.add(entry("/odd"));
        assert_eq!(log.page(Place::After(20), 20, odd).entries, second.entries, "back, whatever has come");
        let top = log.page(Place::After(60), 20, odd);
        assert_eq!((numbers(&top), top.newer), ((100, 62), 1));
        let over = log.page(Place::After(98), 20, odd);
        assert_eq!((over.entries.len(), over.newer), (20, 0), "a page at the top is full");
        assert_eq!(log.page(Place::Before(1), 20, odd), RequestPage { entries: Vec::new(), newer: 51, older: 0 });
        assert_eq!(log.page(Place::After(5), 20, |_| false), RequestPage { entries: Vec::new(), newer: 0, older: 0 });
    }

    #[test]
    fn usage_counts_by_token_and_class() {
        let log = RequestLog::new();
        for (at, token, status) in
            [(5, Some("a"), 200), (9, Some("a"), 204), (7, Some("a"), 409), (1, None, 401), (2, Some("b"), 503)]
        {
            log.add(RequestEntry { at_micros: at, token: token.map(str::to_owned), status, ..entry("/x") });
        }
        let usage = log.usage();
        assert_eq!(usage[&Some("a".to_owned())], Usage { requests: 3, by_class: [2, 0, 1, 0], last_at_micros: 9 });
        assert_eq!(usage[&None].by_class, [0, 0, 1, 0]);
        assert_eq!(usage[&Some("b".to_owned())].by_class, [0, 0, 0, 1]);
    }

    #[test]
    fn a_long_path_is_cut_between_characters() {
        let log = RequestLog::new();
        log.add(entry(&"é".repeat(2_000)));
        assert!(log.entries()[0].path.len() < 600);
    }
}
