//! How fast a connection may send: a token bucket by the profile's rate, a pause the app asked for, and a breaker that
//! stops a storm of failures while the app does not answer at all.
//!
//! Real time, since apps live in it; the instants an app names are in the store's time and are waited for there.

use provost_core::app::Profile;
use provost_core::time::Timestamp;
use std::time::Duration;
use tokio::time::Instant;

/// The first pause of the breaker; each further failure in a row doubles it.
const BREAK_FIRST: Duration = Duration::from_millis(250);

/// The longest pause of the breaker.
const BREAK_MAX: Duration = Duration::from_secs(15);

/// The pace of one connection.
#[derive(Debug)]
pub(crate) struct Pace {
    rate: f64,
    burst: f64,
    tokens: f64,
    filled: Instant,
    failures_in_row: u32,
    broken_until: Option<Instant>,
    throttled_until: Option<Timestamp>,
}

impl Pace {
    /// A full bucket for an app with this profile.
    pub(crate) fn new(profile: &Profile) -> Self {
        let rate = f64::from(profile.requests_per_second.max(1));
        let burst = f64::from(profile.concurrency.max(1)).max(rate / 4.0);
        Self { rate, burst, tokens: burst, filled: Instant::now(), failures_in_row: 0, broken_until: None, throttled_until: None }
    }

    /// How many of `wanted` requests may start now; takes that many tokens.
    pub(crate) fn take(&mut self, wanted: usize, now: Timestamp) -> usize {
        if self.throttled_until.is_some_and(|until| until > now) || self.broken_for() > Duration::ZERO {
            return 0;
        }
        let elapsed = self.filled.elapsed().as_secs_f64();
        self.filled = Instant::now();
        self.tokens = (self.tokens + elapsed * self.rate).min(self.burst);
        // While the app has not answered since the breaker opened, one request tries.
        let wanted = if self.failures_in_row > 0 { wanted.min(1) } else { wanted };
        let mut taken = 0;
        while taken < wanted && self.tokens >= 1.0 {
            self.tokens -= 1.0;
            taken += 1;
        }
        taken
    }

    /// How long [`Self::take`] will surely answer 0; the throttle, being in store time, apart.
    pub(crate) fn wait(&self) -> Duration {
        let for_token = Duration::from_secs_f64(((1.0 - self.tokens) / self.rate).max(0.0));
        self.broken_for().max(for_token)
    }

    /// Until when the app asked us to wait.
    pub(crate) const fn throttled_until(&self) -> Option<Timestamp> {
        self.throttled_until
    }

    /// The app answered.
    pub(crate) const fn answered(&mut self) {
        self.failures_in_row = 0;
        self.broken_until = None;
    }

    /// The app did not answer.
    pub(crate) fn did_not_answer(&mut self) {
        // Requests that were under way together count once.
        if self.broken_for() > Duration::ZERO {
            return;
        }
        let pause = BREAK_FIRST.saturating_mul(1 << self.failures_in_row.min(8)).min(BREAK_MAX);
        self.failures_in_row = self.failures_in_row.saturating_add(1);
        self.broken_until = Some(Instant::now() + pause);
    }

    /// The app asked us to wait; without an instant, for a second.
    pub(crate) fn throttled(&mut self, until: Timestamp) {
        self.throttled_until = Some(self.throttled_until.map_or(until, |earlier| earlier.max(until)));
    }

    fn broken_for(&self) -> Duration {
        self.broken_until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use provost_core::time::Span;

    fn pace() -> Pace {
        Pace::new(provost_core::app::profile("generic").expect("the catalogue has it"))
    }

    #[test]
    fn a_burst_is_bounded_by_the_bucket() {
        let mut pace = pace();
        let taken = pace.take(1_000, Timestamp(0));
        assert!((25..30).contains(&taken), "{taken}");
        assert!(pace.take(1_000, Timestamp(0)) <= 1);
    }

    #[test]
    fn nothing_starts_before_the_instant_the_app_named() {
        let mut pace = pace();
        pace.throttled(Timestamp(0) + Span::seconds(30));
        assert_eq!(pace.take(1, Timestamp(0) + Span::seconds(29)), 0);
        assert_eq!(pace.take(1, Timestamp(0) + Span::seconds(30)), 1);
    }

    #[test]
    fn an_app_that_does_not_answer_is_tried_with_one_request_after_a_pause() {
        let mut pace = pace();
        pace.did_not_answer();
        assert_eq!(pace.take(5, Timestamp(0)), 0);
        pace.broken_until = Some(Instant::now());
        assert_eq!(pace.take(5, Timestamp(0)), 1);
        pace.answered();
        assert_eq!(pace.take(5, Timestamp(0)), 5);
    }
}
