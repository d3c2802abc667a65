//! Ids of rows: 41 bits of real milliseconds since 2020, then 22 bits that start at random and count up.
//!
//! They are unique and roughly ordered by time; they are not secret and nothing may be concluded from their distance.

use crate::{clock, random};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

const START_OF_2020_MILLIS: i64 = 1_577_836_800_000;
const LOW_BITS: u32 = 22;

/// Draws ids. Cheap to clone; all clones draw from one sequence.
#[derive(Clone, Debug, Default)]
pub struct Ids {
    latest: Arc<AtomicI64>,
}

impl Ids {
    /// A sequence of its own. A process uses one and clones it.
    pub fn new() -> Ids {
        Self::default()
    }

    /// The next id: positive, and greater than every id drawn before from this sequence.
    pub fn next(&self) -> i64 {
        let millis = (clock::real_micros() / 1_000 - START_OF_2020_MILLIS).max(0);
        let start = millis << LOW_BITS;
        let latest = self.latest.load(Ordering::SeqCst);
        // A new millisecond starts at a random place in the lower half of its range, so that two processes that draw in the
        // same millisecond do not meet; within one the ids count up.
        let candidate =
            if latest >= start { start } else { start | i64::from(u32::from_ne_bytes(random::bytes()) >> (33 - LOW_BITS)) };
        let raise = |latest: i64| Some(candidate.max(latest + 1));
        let before = self.latest.fetch_update(Ordering::SeqCst, Ordering::SeqCst, raise).expect("the closure always answers");
        candidate.max(before + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ids_are_strictly_increasing_in_each_thread_and_unique_over_all() {
        let ids = Ids::new();
        let drawn: Vec<Vec<i64>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| (0..20_000).map(|_| ids.next()).collect())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        for thread in &drawn {
            assert!(thread.is_sorted_by(|earlier, later| earlier < later));
        }
        assert_eq!(drawn.iter().flatten().collect::<BTreeSet<_>>().len(), 80_000);
    }

    #[test]
    fn the_high_bits_are_milliseconds_since_2020() {
        let before = clock::real_micros() / 1_000 - START_OF_2020_MILLIS;
        let id = Ids::new().next();
        let after = clock::real_micros() / 1_000 - START_OF_2020_MILLIS;
        assert!((before..=after).contains(&(id >> LOW_BITS)), "{id}");
    }

    #[test]
    fn two_sequences_start_at_different_places() {
        let starts: BTreeSet<i64> = (0..16).map(|_| Ids::new().next() & ((1 << LOW_BITS) - 1)).collect();
        assert!(starts.len() > 8, "{starts:?}");
    }
}
