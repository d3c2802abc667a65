//! When a token was last used, without writing a row per request: the row follows at most once a minute.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

const WRITE_EVERY_MICROS: i64 = 60_000_000;

/// The last use of each token that this process has written.
#[derive(Debug, Default)]
pub struct LastUsed {
    written: Mutex<HashMap<i64, i64>>,
}

impl LastUsed {
    /// Nothing is known yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Whether this use is to be written, and if so, notes that it is.
    pub(crate) fn is_due(&self, token: i64, now_micros: i64) -> bool {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if written.get(&token).is_some_and(|at| now_micros - at < WRITE_EVERY_MICROS) {
            return false;
        }
        written.insert(token, now_micros);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_use_is_written_and_then_one_a_minute() {
        let last_used = LastUsed::new();
        assert!(last_used.is_due(1, 0));
        assert!(last_used.is_due(2, 0));
        assert!(!last_used.is_due(1, WRITE_EVERY_MICROS - 1));
        assert!(last_used.is_due(1, WRITE_EVERY_MICROS));
    }
}
