//! The tenant-wide rate limit: a bucket that holds one second's worth of requests. Real time, whatever the tenant's clock
//! says: it protects a real machine.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// What the limiter says of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Let it through.
    Pass(Window),
    /// Too many; the seconds after which to try again.
    Wait(Window),
}

/// What the `ratelimit-…` headers show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    /// Requests left at once.
    pub(crate) remaining: u32,
    /// Seconds until the next request is allowed (a refusal), or until the bucket is full again.
    pub(crate) reset_seconds: u64,
}

#[derive(Debug)]
struct Bucket {
    level: f64,
    at: Instant,
}

/// The bucket. It starts full.
#[derive(Debug)]
pub(crate) struct Limiter {
    bucket: Mutex<Option<Bucket>>,
}

impl Limiter {
    pub(crate) fn new() -> Self {
        Self { bucket: Mutex::new(None) }
    }

    /// Takes one request out of the bucket of `per_second` (0: no limit, answers `None`).
    pub(crate) fn take(&self, per_second: u32, now: Instant) -> Option<Verdict> {
        if per_second == 0 {
            return None;
        }
        let size = f64::from(per_second);
        let mut guard = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = guard.get_or_insert(Bucket { level: size, at: now });
        let passed = now.saturating_duration_since(bucket.at).as_secs_f64();
        bucket.level = (bucket.level + passed * size).min(size);
        bucket.at = now;
        if bucket.level >= 1.0 {
            bucket.level -= 1.0;
            let reset_seconds = whole_seconds((size - bucket.level) / size);
            return Some(Verdict::Pass(Window { remaining: whole(bucket.level), reset_seconds }));
        }
        Some(Verdict::Wait(Window { remaining: 0, reset_seconds: whole_seconds((1.0 - bucket.level) / size) }))
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and a u32, rounded down")]
fn whole(level: f64) -> u32 {
    level.floor() as u32
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most one second, rounded up, never negative")]
fn whole_seconds(seconds: f64) -> u64 {
    (seconds.ceil() as u64).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_seconds_worth_passes_at_once_and_the_rest_waits() {
        let limiter = Limiter::new();
        let start = Instant::now();
        for left in (0..3).rev() {
            assert_eq!(limiter.take(3, start), Some(Verdict::Pass(Window { remaining: left, reset_seconds: 1 })));
        }
        assert_eq!(limiter.take(3, start), Some(Verdict::Wait(Window { remaining: 0, reset_seconds: 1 })));
        // A third of a second later there is room for exactly one.
        let later = start + Duration::from_millis(334);
        assert!(matches!(limiter.take(3, later), Some(Verdict::Pass(_))));
        assert!(matches!(limiter.take(3, later), Some(Verdict::Wait(_))));
    }

    #[test]
    fn zero_is_no_limit() {
        let limiter = Limiter::new();
        assert!((0..10_000).all(|_| limiter.take(0, Instant::now()).is_none()));
    }
}
