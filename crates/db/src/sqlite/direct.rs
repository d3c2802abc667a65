//! Short reads on the caller's thread, which saves waking another thread and waking up again. Whatever turns out to be long is
//! interrupted and left to the reading threads: nobody's runtime waits for a scan.
//!
//! It decides only where a read runs, never what it answers: the same statements run on the same kind of connection.

use super::{ReadResult, open, read_snapshot};
use crate::batch::Query;
use rusqlite::Connection;
use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::time::{Duration, Instant};

/// Steps of SQLite's machine between two looks at the budget.
const STEPS_PER_LOOK: i32 = 250;
/// Looks that a read may take: about a millisecond of work.
const LOOKS_MAX: i64 = 80;
/// The same as time, for pages that come slowly from the disk. On a busy machine much of it may pass without any work being done,
/// so a text is not taken for a long one because of it.
const TIME_MAX: Duration = Duration::from_millis(10);
/// How often a text whose read was long is left to the threads before it is tried here again.
const PENALTY: u32 = 64;
/// Texts that are remembered as long.
const LONG_MAX: usize = 256;

/// The connections that callers read with.
pub(super) struct Direct {
    places: Vec<Mutex<Place>>,
    /// Texts that were long, and how often they are passed on yet.
    long: Mutex<HashMap<Cow<'static, str>, u32>>,
    /// How many texts are remembered, so that nobody locks for an empty map.
    long_count: AtomicU64,
}

struct Place {
    connection: Connection,
    budget: Arc<Budget>,
}

/// What a read may still use up.
struct Budget {
    opened: Instant,
    looks_left: AtomicI64,
    /// Microseconds after `opened`.
    until: AtomicU64,
    is_spent: AtomicBool,
    is_long: AtomicBool,
}

impl Budget {
    fn new() -> Self {
        let opened = Instant::now();
        let (is_spent, is_long) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { opened, looks_left: AtomicI64::new(0), until: AtomicU64::new(0), is_spent, is_long }
    }

    fn micros(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn begin(&self) {
        self.looks_left.store(LOOKS_MAX, Ordering::Relaxed);
        self.until.store(self.micros() + u64::try_from(TIME_MAX.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.is_spent.store(false, Ordering::Relaxed);
        self.is_long.store(false, Ordering::Relaxed);
    }

    /// Whether the read is to be interrupted. It says so once: what then undoes the transaction is let through.
    fn look(&self) -> bool {
        let looks_left = self.looks_left.fetch_sub(1, Ordering::Relaxed);
        if looks_left <= 0 {
            self.is_long.store(true, Ordering::Relaxed);
        }
        let is_over = looks_left <= 0 || self.micros() > self.until.load(Ordering::Relaxed);
        is_over && !self.is_spent.swap(true, Ordering::Relaxed)
    }
}

impl Direct {
    /// Opens so many connections.
    pub(super) fn open(path: &Path, count: usize) -> rusqlite::Result<Self> {
        let places = (0..count).map(|_| {
            let mut connection = open::open_reader(path)?;
            // A lock is waited for on another thread.
            connection.busy_timeout(Duration::ZERO)?;
            let budget = Arc::new(Budget::new());
            let looking = Arc::clone(&budget);
            connection.progress_handler(STEPS_PER_LOOK, Some(move || looking.look()))?;
            Ok(Mutex::new(Place { connection, budget }))
        });
        let places = places.collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(Self { places, long: Mutex::new(HashMap::new()), long_count: AtomicU64::new(0) })
    }

    /// Answers the queries from one snapshot; `None` when they are for the reading threads: all connections are taken, the
    /// read is a long one, or it failed in a way that another attempt may not.
    pub(super) fn read(&self, queries: &[Query]) -> Option<ReadResult> {
        if self.is_penalized(queries) {
            return None;
        }
        let place = self.places.iter().find_map(|place| match place.try_lock() {
            Ok(place) => Some(place),
            // A panic in here broke off a read, which leaves nothing behind.
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        })?;
        place.budget.begin();
        let answer = read_snapshot(&place.connection, queries);
        let is_spent = place.budget.is_spent.load(Ordering::Relaxed);
        let is_long = place.budget.is_long.load(Ordering::Relaxed);
        drop(place);
        if is_long {
            self.penalize(queries);
        }
        // What failed is asked again where locks are waited for; the second answer counts.
        answer.ok().filter(|_| !is_spent).map(Ok)
    }

    fn is_penalized(&self, queries: &[Query]) -> bool {
        if self.long_count.load(Ordering::Relaxed) == 0 {
            return false;
        }
        let mut long = self.long.lock().unwrap_or_else(PoisonError::into_inner);
        let mut is_long = false;
        for query in queries {
            if let Some(left) = long.get_mut(&query.sql) {
                *left -= 1;
                is_long = true;
                if *left == 0 {
                    long.remove(&query.sql);
                }
            }
        }
        self.long_count.store(long.len() as u64, Ordering::Relaxed);
        is_long
    }

    /// Nobody knows which of several queries it was; the last ones were perhaps not even begun.
    fn penalize(&self, queries: &[Query]) {
        let mut long = self.long.lock().unwrap_or_else(PoisonError::into_inner);
        if long.len() >= LONG_MAX {
            long.clear();
        }
        long.extend(queries.iter().map(|query| (query.sql.clone(), PENALTY)));
        self.long_count.store(long.len() as u64, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Row, Value};

    const COUNTING: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) SELECT count(*) FROM n";

    fn counting(to: i64) -> Query {
        Query::new(COUNTING, [to.into()])
    }

    fn direct() -> (Direct, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        open::open_writer(&path, &[]).unwrap();
        (Direct::open(&path, 2).unwrap(), folder)
    }

    fn number(answer: Option<ReadResult>) -> Option<i64> {
        answer.map(|rows| match rows.unwrap()[0][0] {
            Row(ref values) => match values[0] {
                Value::Integer(number) => number,
                ref other => panic!("{other:?}"),
            },
        })
    }

    #[test]
    fn a_short_read_is_answered_and_a_long_one_is_not() {
        let (direct, _folder) = direct();
        assert_eq!(number(direct.read(&[counting(10)])), Some(10));
        assert!(direct.read(&[counting(100_000_000)]).is_none());
        assert!(direct.read(&[Query::new("SELECT 1", []), counting(100_000_000)]).is_none(), "also within a transaction");
    }

    #[test]
    fn a_text_that_was_long_is_passed_on_for_a_while_and_others_are_not() {
        let (direct, _folder) = direct();
        assert!(direct.read(&[counting(100_000_000)]).is_none());
        for _ in 0..PENALTY {
            assert!(direct.read(&[counting(10)]).is_none());
            assert_eq!(number(direct.read(&[Query::new("SELECT 5", [])])), Some(5));
        }
        assert_eq!(number(direct.read(&[counting(10)])), Some(10));
    }

    #[test]
    fn the_connection_is_good_after_an_interruption() {
        let (direct, _folder) = direct();
        for _ in 0..5 {
            let long = Query::new(format!("{COUNTING} -- {}", direct.long_count.load(Ordering::Relaxed)), [100_000_000.into()]);
            assert!(direct.read(&[Query::new("SELECT 1", []), long]).is_none());
            assert!(direct.places.iter().all(|place| place.lock().unwrap().connection.is_autocommit()));
        }
        assert_eq!(number(direct.read(&[Query::new("SELECT 7", []), Query::new("SELECT 8", [])])), Some(7));
    }

    #[test]
    fn when_all_connections_are_taken_nobody_waits() {
        let (direct, _folder) = direct();
        let held: Vec<_> = direct.places.iter().map(|place| place.lock().unwrap()).collect();
        assert!(direct.read(&[counting(10)]).is_none());
        drop(held);
        assert_eq!(number(direct.read(&[counting(10)])), Some(10));
    }
}
