//! One rate of an app: no more than so many requests in any window, evenly spread but for a small burst.
//!
//! Spread by the generic cell rate algorithm (one instant says how far ahead of the even rate we are); kept exactly by the
//! starts of the last requests, since an even rate with a burst would pass the limit by that burst.

use provost_core::app::{Rate, RequestKind};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// Windows are counted longer by this, since requests that left evenly may arrive closer together.
const ON_THE_WAY: Duration = Duration::from_millis(50);

/// See the module.
#[derive(Debug)]
pub(super) struct Bucket {
    rate: Rate,
    window: Duration,
    /// Between two requests at the even rate.
    interval: Duration,
    /// When the even rate will have caught up with what has been sent.
    even_at: Instant,
    /// The starts that still count, oldest first; at most as many as the rate allows.
    started: VecDeque<Instant>,
}

impl Bucket {
    /// Begins as if a burst had just been sent.
    pub(super) fn new(rate: &Rate, at: Instant) -> Self {
        let window = rate.per.length() + ON_THE_WAY;
        let interval = window / rate.requests.max(1);
        let spent = interval * (rate.burst() - 1);
        Self { rate: *rate, window, interval, even_at: at + spent, started: VecDeque::new() }
    }

    /// Whether requests of this kind count here.
    pub(super) fn counts(&self, kind: RequestKind) -> bool {
        self.rate.of.counts(kind)
    }

    /// How long until one more may start.
    pub(super) fn wait(&self, at: Instant) -> Duration {
        let ahead = self.even_at.saturating_duration_since(at);
        let spread = ahead.saturating_sub(self.interval * (self.rate.burst() - 1));
        let full = self.started.len() >= self.rate.requests as usize;
        let oldest = self.started.front().filter(|_| full).map(|oldest| (*oldest + self.window).saturating_duration_since(at));
        spread.max(oldest.unwrap_or_default())
    }

    /// How many may start at once.
    pub(super) fn room(&self, at: Instant) -> usize {
        let ahead = self.even_at.saturating_duration_since(at);
        let burst = (self.interval * self.rate.burst()).saturating_sub(ahead);
        let spread = usize::try_from(burst.as_nanos() / self.interval.as_nanos().max(1)).unwrap_or(usize::MAX);
        let gone = self.started.partition_point(|started| *started + self.window <= at);
        spread.min((self.rate.requests as usize).saturating_sub(self.started.len() - gone))
    }

    /// One starts.
    pub(super) fn take(&mut self, at: Instant) {
        self.even_at = self.even_at.max(at) + self.interval;
        if self.started.len() >= self.rate.requests.max(1) as usize {
            self.started.pop_front();
        }
        self.started.push_back(at);
    }
}
