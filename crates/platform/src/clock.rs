//! The clock: real time, or real time plus an offset that tests and the demo move forward.
//!
//! It runs evenly, and never backwards within the process, also when the machine's clock is set: what time does then, and
//! what it reports, is said in [`crate::steady`].

use crate::steady::{Reading, Steady};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;

/// When this process first looked at a clock.
static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The time of this process.
static STEADY: LazyLock<Mutex<Steady>> = LazyLock::new(|| Mutex::new(Steady::new(reading(), booted_micros())));

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

    /// By how much the machine's clock is ahead of the time that has passed, when somebody has set it: more than five
    /// minutes, or 0. A negative number is a clock that was set back.
    pub fn disagreement_micros(&self) -> i64 {
        #[cfg(feature = "simulation")]
        if let Some(disagreement) = crate::simulation::disagreement() {
            return disagreement;
        }
        real_micros();
        steady().disagreement()
    }

    /// Takes the machine's clock for right: an administrator has confirmed it.
    pub fn accept_machine_clock(&self) {
        #[cfg(feature = "simulation")]
        if crate::simulation::accept_machine_clock() {
            return;
        }
        let (reading, booted) = (reading(), booted_micros());
        steady().accept(reading, booted);
    }

    /// Goes on from `at_micros` where that lies ahead: the latest time that an earlier process has written down.
    pub fn continue_from(&self, at_micros: i64) {
        if self.is_adjustable() {
            self.advance_micros(at_micros.saturating_sub(self.now_micros()));
        } else {
            steady().continue_from(at_micros);
        }
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

/// Within a simulation idle days are to cost nothing: nobody sleeps through a machine's clock that is set forward, since nobody
/// there accepts such a one.
fn sleep_max() -> Duration {
    #[cfg(feature = "simulation")]
    if crate::simulation::now_micros().is_some() {
        return Duration::MAX;
    }
    SLEEP_MAX
}

/// Real time in microseconds since 1970, never running backwards within the process.
pub(crate) fn real_micros() -> i64 {
    #[cfg(feature = "simulation")]
    if let Some(now) = crate::simulation::now_micros() {
        return now;
    }
    // Read under the lock: a reading that waited for it would be an old one.
    let mut steady = steady();
    steady.now(reading(), booted_micros)
}

fn steady() -> MutexGuard<'static, Steady> {
    STEADY.lock().expect("nothing panics while it holds the time")
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the system's clock")]
fn reading() -> Reading {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Reading {
        wall: i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX),
        monotonic: i64::try_from(STARTED.elapsed().as_micros()).unwrap_or(i64::MAX),
    }
}

/// The time since the machine's start, sleep included, as Linux tells it.
fn booted_micros() -> Option<i64> {
    let text = std::fs::read_to_string("/proc/uptime").ok()?;
    let (seconds, rest) = text.split_whitespace().next()?.split_once('.')?;
    let hundredths: i64 = rest.parse().ok()?;
    Some(seconds.parse::<i64>().ok()? * 1_000_000 + hundredths * 10_000)
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
