//! How fast a connection may send, as a pure value: time comes in with every call.
//!
//! Five things hold requests back, each in a small part of its own: the profile's rates ([`bucket`]), what the app says is
//! left of its own rate (`allowance`), a pause that the app asked for, a [`breaker`] while it does not answer at all, and
//! the number of requests under way ([`concurrency`]). Two clocks come in: pauses that an app names are instants of the
//! store, since they outlive the process; everything else is measured on the process's own clock.
//!
//! It neither waits nor sends: [`crate::pacer`] does the waiting.

mod breaker;
mod bucket;
mod concurrency;

use breaker::Breaker;
use bucket::Bucket;
use concurrency::Concurrency;
use provost_core::app::{Profile, RequestKind};
use provost_core::time::{Span, Timestamp};
use std::time::Duration;
use tokio::time::Instant;

/// The pause after a 429 that names none; each further one in a row doubles it.
const PAUSE_FIRST: Span = Span::seconds(1);

/// The longest pause that an app gets without asking for it.
const PAUSE_MAX: Span = Span::seconds(60);

/// Whether a request may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Permit {
    /// Now; it has been counted.
    Granted,
    /// Not before this long. To be asked again then.
    Wait(Duration),
}

/// What an answer says of the pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Heard {
    /// The HTTP status.
    pub(crate) status: u16,
    /// From `Retry-After`.
    pub(crate) retry_at: Option<Timestamp>,
    /// How many requests the app says are left, and how long until it counts anew.
    pub(crate) left: Option<(u64, Duration)>,
}

/// The pace of one connection.
#[derive(Debug)]
pub(crate) struct Pace {
    buckets: Vec<Bucket>,
    concurrency: Concurrency,
    breaker: Breaker,
    /// What the app has told to be left of its rate, and until when that holds.
    allowance: Option<(u64, Instant)>,
    under_way: u64,
    paused_until: Option<Timestamp>,
    pauses_in_row: u32,
    /// When the app last asked us to wait.
    paused_at: Option<Instant>,
}

impl Pace {
    /// The pace for an app with this profile that asked, before this process began, not to be sent anything before
    /// `paused_until`. It begins without a burst, since nobody knows what was sent a moment ago.
    pub(crate) fn new(profile: &Profile, paused_until: Option<Timestamp>, at: Instant) -> Self {
        Self {
            buckets: profile.rates.iter().map(|rate| Bucket::new(rate, at)).collect(),
            concurrency: Concurrency::new(profile.concurrency),
            breaker: Breaker::default(),
            allowance: None,
            under_way: 0,
            paused_until,
            pauses_in_row: 0,
            paused_at: None,
        }
    }

    /// Whether a request may start, at `at` on the process's clock and `now` on the store's; counts it if so.
    pub(crate) fn ask(&mut self, kind: RequestKind, at: Instant, now: Timestamp) -> Permit {
        let wait = self.wait(kind, at, now);
        if wait > Duration::ZERO {
            return Permit::Wait(wait);
        }
        for bucket in self.buckets.iter_mut().filter(|bucket| bucket.counts(kind)) {
            bucket.take(at);
        }
        if let Some((left, _)) = &mut self.allowance {
            *left = left.saturating_sub(1);
        }
        self.under_way += 1;
        self.breaker.begun(at);
        Permit::Granted
    }

    /// How long no request of this kind may start.
    pub(crate) fn wait(&self, kind: RequestKind, at: Instant, now: Timestamp) -> Duration {
        let paused = self.paused_until.map_or(0, |until| (until - now).0);
        let paused = Duration::from_micros(u64::try_from(paused).unwrap_or(0));
        let used_up = self.allowance.filter(|(left, _)| *left == 0).map(|(_, until)| until.saturating_duration_since(at));
        let buckets = self.buckets.iter().filter(|bucket| bucket.counts(kind)).map(|bucket| bucket.wait(at));
        buckets.chain(used_up).fold(paused.max(self.breaker.wait(at)), Duration::max)
    }

    /// How many requests of this kind could start at once.
    pub(crate) fn room(&self, kind: RequestKind, at: Instant, now: Timestamp) -> usize {
        if self.wait(kind, at, now) > Duration::ZERO {
            return 0;
        }
        let left = self.allowance.filter(|(_, until)| *until > at).map(|(left, _)| usize::try_from(left).unwrap_or(usize::MAX));
        let buckets = self.buckets.iter().filter(|bucket| bucket.counts(kind)).map(|bucket| bucket.room(at));
        let room = buckets.chain(left).min().unwrap_or(usize::MAX);
        if self.breaker.is_trying() { room.min(1) } else { room }
    }

    /// How many requests of operations may be under way.
    pub(crate) const fn places(&self) -> usize {
        self.concurrency.places()
    }

    /// How many operations may be begun beyond the places. None where the app's rate or its trouble is what bounds us: they
    /// would only grow old.
    pub(crate) fn ahead(&self) -> usize {
        let bounded = !self.buckets.is_empty() || self.allowance.is_some() || self.breaker.is_trying();
        if bounded { 0 } else { self.concurrency.ahead() }
    }

    /// Until when the app asked us to wait; in the past where it did not, or no longer.
    pub(crate) const fn paused_until(&self) -> Option<Timestamp> {
        self.paused_until
    }

    /// The app answered a request that was granted and began at `begun`.
    pub(crate) fn answered(&mut self, heard: &Heard, begun: Instant, at: Instant, now: Timestamp) {
        self.under_way = self.under_way.saturating_sub(1);
        if let Some((left, until)) = heard.left {
            // The app may not have counted what is still on its way.
            self.allowance = Some((left.saturating_sub(self.under_way), at + until));
        }
        if heard.status == 429 || (heard.status == 503 && heard.retry_at.is_some()) {
            self.pause(heard.retry_at, begun, at, now);
            self.concurrency.went_badly(begun, at);
            self.breaker.answered();
        } else if heard.status >= 500 || heard.status == 408 {
            self.concurrency.went_badly(begun, at);
            self.breaker.failed(begun, at);
        } else {
            self.pauses_in_row = 0;
            self.concurrency.went_well(begun, at);
            self.breaker.answered();
        }
    }

    /// There was no answer to a request that was granted and began at `begun`.
    pub(crate) fn not_answered(&mut self, begun: Instant, at: Instant) {
        self.under_way = self.under_way.saturating_sub(1);
        self.concurrency.went_badly(begun, at);
        self.breaker.failed(begun, at);
    }

    /// A request that was granted was not sent after all. Its turn is lost.
    pub(crate) fn not_sent(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }

    /// An app that says "at once", or names no time, would be asked in a circle: it gets a pause of its own.
    fn pause(&mut self, named: Option<Timestamp>, begun: Instant, at: Instant, now: Timestamp) {
        let own = Span((PAUSE_FIRST.0 << self.pauses_in_row.min(6)).min(PAUSE_MAX.0));
        let until = named.map_or(now + own, |named| named.max(now + own));
        self.paused_until = Some(self.paused_until.map_or(until, |earlier| earlier.max(until)));
        // Requests that were under way together count once.
        if self.paused_at.is_none_or(|paused| begun >= paused) {
            self.pauses_in_row = self.pauses_in_row.saturating_add(1);
            self.paused_at = Some(at);
        }
    }
}

#[cfg(test)]
mod tests;
