//! Slows down guessing at the sign-in form. In memory only: a restart forgives.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

const WAIT_SECONDS_MAX: u64 = 15 * 60;
/// An untouched key is forgotten after this time.
const MEMORY_MICROS: i64 = 3_600_000_000;
const KEYS_MAX: usize = 10_000;
const MICROS: i64 = 1_000_000;

/// Back-off per key. One with few free attempts is for accounts, another with more of them for addresses, behind which many
/// people may sit. Cheap to clone; all clones count together.
#[derive(Clone, Debug)]
pub struct LoginThrottle {
    free_attempts: u32,
    attempts: Arc<Mutex<HashMap<String, Attempts>>>,
}

#[derive(Clone, Copy, Debug)]
struct Attempts {
    count: u32,
    latest_at: i64,
    blocked_until: i64,
}

impl LoginThrottle {
    /// After `free_attempts` the wait is 1 s, and doubles with each further failure up to 15 minutes.
    pub fn new(free_attempts: u32) -> Self {
        Self { free_attempts, attempts: Arc::default() }
    }

    /// Whether `key` may try now, or how many seconds it must wait. An allowed attempt counts as failed until
    /// [`LoginThrottle::succeeded`] says otherwise, so that many attempts at once do not slip through. `now` is in
    /// microseconds of real time.
    pub fn check(&self, key: &str, now: i64) -> Result<(), u64> {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        let known = attempts.get(key).copied().filter(|known| now - known.latest_at < MEMORY_MICROS);
        if let Some(wait_micros) = known.map(|known| known.blocked_until - now).filter(|wait| *wait > 0) {
            return Err(u64::try_from((wait_micros + MICROS - 1) / MICROS).unwrap_or(WAIT_SECONDS_MAX));
        }
        if attempts.len() >= KEYS_MAX && !attempts.contains_key(key) {
            make_room(&mut attempts, now);
        }
        let count = known.map_or(0, |known| known.count).saturating_add(1);
        attempts.insert(key.to_owned(), Attempts { count, latest_at: now, blocked_until: now + self.wait_micros(count) });
        Ok(())
    }

    /// The attempt has failed: the wait begins now, not when the attempt began.
    pub fn failed(&self, key: &str, now: i64) {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = attempts.get_mut(key) {
            known.latest_at = now;
            known.blocked_until = now + self.wait_micros(known.count);
        }
    }

    /// The attempt has succeeded: the key starts afresh.
    pub fn succeeded(&self, key: &str) {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    fn wait_micros(&self, count: u32) -> i64 {
        let Some(doublings) = count.checked_sub(self.free_attempts).and_then(|beyond| beyond.checked_sub(1)) else { return 0 };
        let seconds = 1_u64.checked_shl(doublings.min(30)).unwrap_or(WAIT_SECONDS_MAX).min(WAIT_SECONDS_MAX);
        i64::try_from(seconds).expect("at most 15 minutes") * MICROS
    }
}

/// Forgets what is old; if nothing is, the key that has been quiet longest.
fn make_room(attempts: &mut HashMap<String, Attempts>, now: i64) {
    attempts.retain(|_, known| now - known.latest_at < MEMORY_MICROS);
    if attempts.len() >= KEYS_MAX {
        let oldest = attempts.iter().min_by_key(|(_, known)| known.latest_at).map(|(key, _)| key.clone());
        oldest.and_then(|key| attempts.remove(&key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fail(throttle: &LoginThrottle, now: i64) -> Result<(), u64> {
        throttle.check("ada", now)?;
        throttle.failed("ada", now);
        Ok(())
    }

    #[test]
    fn waits_double_after_the_free_attempts_and_end() {
        let throttle = LoginThrottle::new(3);
        let mut now = 0;
        for _ in 0..3 {
            assert_eq!(fail(&throttle, now), Ok(()));
        }
        for wait in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900] {
            assert_eq!(fail(&throttle, now), Ok(()));
            assert_eq!(fail(&throttle, now), Err(wait));
            assert_eq!(fail(&throttle, now + wait.cast_signed() * MICROS - 1), Err(1));
            now += wait.cast_signed() * MICROS;
        }
    }

    #[test]
    fn success_and_time_forgive_and_other_keys_are_not_touched() {
        let throttle = LoginThrottle::new(0);
        assert_eq!(fail(&throttle, 0), Ok(()));
        assert_eq!(fail(&throttle, 0), Err(1));
        assert_eq!(throttle.check("bob", 0), Ok(()));
        throttle.succeeded("ada");
        assert_eq!(fail(&throttle, 0), Ok(()));
        assert_eq!(fail(&throttle, MEMORY_MICROS), Ok(()));
        assert_eq!(fail(&throttle, MEMORY_MICROS + MICROS), Ok(()), "the count began anew");
    }

    #[test]
    fn attempts_at_once_count_before_they_have_failed() {
        let throttle = LoginThrottle::new(5);
        let allowed = (0..100).filter(|_| throttle.check("ada", 0).is_ok()).count();
        assert_eq!(allowed, 6);
    }

    #[test]
    fn memory_is_bounded() {
        let throttle = LoginThrottle::new(5);
        for number in 0..KEYS_MAX + 100 {
            assert_eq!(throttle.check(&number.to_string(), i64::try_from(number).unwrap()), Ok(()));
        }
        assert_eq!(throttle.attempts.lock().unwrap().len(), KEYS_MAX);
    }
}
