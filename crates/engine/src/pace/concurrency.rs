//! How many requests may be under way: one more for each round that went well, half after one that did not, and a quarter
//! fewer when answers have become slow; never fewer than one, nor more than the profile says. An app that answers fast has a
//! few operations more begun than there are places, so that no place waits for the store.

use std::time::Duration;
use tokio::time::Instant;

/// Answers faster than this are never called slow.
const SLOW: Duration = Duration::from_secs(1);

/// An answer is slow when it took this many times as long as they usually do.
const SLOW_TIMES: f64 = 4.0;

/// Operations are begun ahead as far as their requests go out within this time.
const AHEAD: Duration = Duration::from_millis(20);

/// The most that are begun ahead: so many more accounts are looked up after a crash.
const AHEAD_MAX: f64 = 256.0;

/// How much one answer moves what is usual.
const MEMORY: f64 = 1.0 / 32.0;

/// See the module.
#[derive(Debug)]
pub(super) struct Concurrency {
    most: f64,
    places: f64,
    /// The last time it was lowered: what began before that says nothing about the lower number.
    lowered_at: Option<Instant>,
    usual_seconds: Option<f64>,
}

impl Concurrency {
    /// Begins at half of what the profile allows.
    pub(super) fn new(most: u32) -> Self {
        let most = f64::from(most.max(1));
        Self { most, places: (most / 2.0).max(1.0), lowered_at: None, usual_seconds: None }
    }

    pub(super) const fn places(&self) -> usize {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 1 and a u32, and rounding down is meant"
        )]
        let places = self.places as usize;
        places
    }

    /// How many operations may be begun beyond the places.
    pub(super) fn ahead(&self) -> usize {
        let rounds = |usual: f64| AHEAD.as_secs_f64() / usual.max(1e-6);
        let ahead = self.usual_seconds.map_or(0.0, |usual| (self.places * rounds(usual)).min(AHEAD_MAX));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and 256, and rounding down is meant"
        )]
        let ahead = ahead as usize;
        ahead
    }

    /// An answer that the app meant came at `at`.
    pub(super) fn went_well(&mut self, begun: Instant, at: Instant) {
        let took = at.saturating_duration_since(begun);
        let usual = *self.usual_seconds.get_or_insert(took.as_secs_f64());
        self.usual_seconds = Some(usual + (took.as_secs_f64() - usual) * MEMORY);
        if took > SLOW && took.as_secs_f64() > usual * SLOW_TIMES {
            self.lower(begun, at, 0.75);
        } else {
            self.places = (self.places + 1.0 / self.places).min(self.most);
        }
    }

    /// No answer, or one that says that the app cannot.
    pub(super) fn went_badly(&mut self, begun: Instant, at: Instant) {
        self.lower(begun, at, 0.5);
    }

    fn lower(&mut self, begun: Instant, at: Instant, to: f64) {
        if self.lowered_at.is_none_or(|lowered| begun >= lowered) {
            self.places = (self.places * to).max(1.0);
            self.lowered_at = Some(at);
        }
    }
}
