//! A pause while the app does not answer at all, so that a storm of changes does not become a storm of failures.
//!
//! It opens after a few failures in a row, so that one user whose request always fails opens nothing. When the pause is
//! over, one request tries.

use std::time::Duration;
use tokio::time::Instant;

/// It opens after this many failures without an answer between them.
const FAILURES_IN_ROW: u32 = 3;

/// The first pause; each further failure doubles it.
const PAUSE_FIRST: Duration = Duration::from_millis(250);

/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(15);

/// A request that tries is waited for so long before another one may; longer than any request takes.
const TRY_TIMEOUT: Duration = Duration::from_mins(1);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    failures_in_row: u32,
    opened_at: Option<Instant>,
    closed_at: Option<Instant>,
}

impl Breaker {
    /// How long it stays open.
    pub(super) fn wait(&self, at: Instant) -> Duration {
        self.closed_at.map_or(Duration::ZERO, |closed| closed.saturating_duration_since(at))
    }

    /// Whether the next request is one that tries.
    pub(super) const fn is_trying(&self) -> bool {
        self.failures_in_row >= FAILURES_IN_ROW
    }

    /// A request begins.
    pub(super) fn begun(&mut self, at: Instant) {
        if self.is_trying() {
            self.closed_at = Some(at + TRY_TIMEOUT);
        }
    }

    /// The app answered.
    pub(super) const fn answered(&mut self) {
        self.failures_in_row = 0;
        self.opened_at = None;
        self.closed_at = None;
    }

    /// It did not answer a request that began at `begun`, or said that it cannot.
    pub(super) fn failed(&mut self, begun: Instant, at: Instant) {
        if self.opened_at.is_some_and(|opened| begun < opened) {
            // Requests that were under way together count once.
            return;
        }
        self.failures_in_row = self.failures_in_row.saturating_add(1);
        if let Some(further) = self.failures_in_row.checked_sub(FAILURES_IN_ROW) {
            let pause = PAUSE_FIRST.saturating_mul(1 << further.min(8)).min(PAUSE_MAX);
            self.opened_at = Some(at);
            self.closed_at = Some(at + pause);
        }
    }
}
