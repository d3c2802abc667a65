//! The clock: real time, or real time plus an offset that tests and the demo move forward.
//!
//! It never runs backwards within the process, also when the machine's clock is set back; it then stands still until real
//! time has caught up. It does not judge whether the machine's clock is right.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;

/// The latest real time this process has seen, in microseconds since 1970.
static LATEST_REAL_MICROS: AtomicI64 = AtomicI64::new(0);

/// A sleep is cut into pieces of this length, so that a machine's clock that is set forward is noticed.
const SLEEP_MAX: Duration = Duration::from_mins(1);

/// Tells the time. Cheap to clone; all clones of an adjustable clock move together.
#[derive(Clone, Debug)]
pub struct Clock {
    offset_micros: Option<Arc<watch::Sender<i64>>>,
}

impl Clock {
    /// Real time; cannot be moved.
    pub fn system() -> Clock {
        Clock { offset_micros: None }
    }

    /// Real time plus an offset that starts at zero and can be raised.
    pub fn adjustable() -> Clock {
        Clock { offset_micros: Some(Arc::new(watch::Sender::new(0))) }
    }

    /// Microseconds since 1970, UTC. Never less than an earlier answer of this clock.
    pub fn now_micros(&self) -> i64 {
        real_micros().saturating_add(self.offset_micros())
    }

    /// Whether [`Clock::advance_micros`] has an effect.
    pub fn is_adjustable(&self) -> bool {
        self.offset_micros.is_some()
    }

    /// Moves an adjustable clock forward and wakes those who sleep until a time that has now come. Does nothing to a system
    /// clock; a negative `by` counts as zero.
    pub fn advance_micros(&self, by: i64) {
        if let Some(offset) = &self.offset_micros {
            offset.send_modify(|offset| *offset = offset.saturating_add(by.max(0)));
        }
    }

    /// How far this clock is ahead of real time.
    pub fn offset_micros(&self) -> i64 {
        self.offset_micros.as_ref().map_or(0, |offset| *offset.borrow())
    }

    /// Returns as soon as this clock shows `at_micros` or later, whether real time passes or the clock is moved.
    pub async fn sleep_until(&self, at_micros: i64) {
        let mut moves = self.offset_micros.as_ref().map(|offset| offset.subscribe());
        loop {
            // Marked as seen before the clock is read: a move after this line ends the sleep below.
            if let Some(moves) = &mut moves {
                moves.mark_unchanged();
            }
            let left_micros = at_micros.saturating_sub(self.now_micros());
            let Ok(left_micros @ 1..) = u64::try_from(left_micros) else { return };
            let sleep = tokio::time::sleep(Duration::from_micros(left_micros).min(sleep_max()));
            match &mut moves {
                Some(moves) => tokio::select! {
                    () = sleep => {}
                    _ = moves.changed() => {}
                },
                None => sleep.await,
            }
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

/// Within a simulation nothing sets the machine's clock, and idle days are to cost nothing.
fn sleep_max() -> Duration {
    #[cfg(feature = "simulation")]
    if crate::simulation::now_micros().is_some() {
        return Duration::MAX;
    }
    SLEEP_MAX
}

/// Real time in microseconds since 1970, never running backwards within the process.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the system's clock")]
pub(crate) fn real_micros() -> i64 {
    #[cfg(feature = "simulation")]
    if let Some(now) = crate::simulation::now_micros() {
        return now;
    }
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX);
    LATEST_REAL_MICROS.fetch_max(now, Ordering::SeqCst).max(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000_000;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the system's clock is what ours is compared with")]
    fn a_system_clock_shows_real_time_and_cannot_be_moved() {
        let clock = Clock::system();
        let before = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros();
        assert!(u128::try_from(clock.now_micros()).unwrap() >= before);
        clock.advance_micros(HOUR);
        assert_eq!((clock.offset_micros(), clock.is_adjustable()), (0, false));
        assert!(clock.now_micros() < real_micros() + HOUR);
    }

    #[test]
    fn an_adjustable_clock_moves_forward_for_all_its_clones_and_never_back() {
        let clock = Clock::adjustable();
        let clone = clock.clone();
        let before = clone.now_micros();
        clock.advance_micros(HOUR);
        clock.advance_micros(-HOUR);
        assert_eq!((clone.offset_micros(), clone.is_adjustable()), (HOUR, true));
        assert!(clone.now_micros() >= before + HOUR);
    }

    #[test]
    fn no_thread_ever_sees_time_run_backwards() {
        let clock = Clock::adjustable();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut latest = 0;
                    for round in 0..5_000 {
                        if round % 100 == 0 {
                            clock.advance_micros(1_000);
                        }
                        let now = clock.now_micros();
                        assert!(now >= latest, "{now} after {latest}");
                        latest = now;
                    }
                });
            }
        });
    }

    #[tokio::test]
    async fn a_sleeper_wakes_when_the_clock_is_moved_far_enough_and_not_before() {
        let clock = Clock::adjustable();
        let until = clock.now_micros() + 2 * HOUR;
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move {
                clock.sleep_until(until).await;
                clock.now_micros()
            }
        });
        tokio::task::yield_now().await;
        clock.advance_micros(HOUR);
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        clock.advance_micros(HOUR);
        let woke = tokio::time::timeout(Duration::from_secs(10), sleeper).await.expect("woken by the move").unwrap();
        assert!(woke >= until);
    }

    #[tokio::test]
    async fn a_sleeper_wakes_when_real_time_has_passed_and_at_once_for_the_past() {
        let clock = Clock::system();
        clock.sleep_until(clock.now_micros() - HOUR).await;
        clock.sleep_until(i64::MIN).await;
        let until = clock.now_micros() + 20_000;
        clock.sleep_until(until).await;
        assert!(clock.now_micros() >= until);
    }
}
