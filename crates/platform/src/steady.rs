//! Time that runs evenly, whatever is done to the machine's clock.
//!
//! The machine's clock is followed while it agrees with the time that has passed since it was last looked at. Where the
//! two differ by more than [`DISAGREEMENT_MAX_MICROS`] somebody has set it: time then goes on by what has passed, and the
//! difference is reported until it is gone or accepted. Pure: both clocks are arguments.

/// Up to this difference the machine's clock is followed: what time servers correct is less.
pub const DISAGREEMENT_MAX_MICROS: i64 = 5 * 60 * 1_000_000;

/// How often the two clocks are set equal, so that their different pace does not add up to a disagreement.
const ANCHOR_MICROS: i64 = 60 * 1_000_000;

/// What the clocks of the machine show at one moment, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Since 1970; can be set.
    pub(crate) wall: i64,
    /// Since some start; cannot be set, and stands still while the machine sleeps.
    pub(crate) monotonic: i64,
}

/// Even time, as far as it has come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Steady {
    at: Reading,
    /// Since the machine's start, sleep included, at the same moment; where the system tells.
    booted: Option<i64>,
    /// What is added to the wall clock: it was set back once, and time does not run backwards.
    ahead: i64,
    latest: i64,
    disagreement: i64,
}

impl Steady {
    /// Time as the machine's clock shows it now.
    pub(crate) const fn new(at: Reading, booted: Option<i64>) -> Self {
        Self { at, booted, ahead: 0, latest: at.wall, disagreement: 0 }
    }

    /// The present. `booted` tells the time since the machine's start; it is asked about once a minute.
    pub(crate) fn now(&mut self, reading: Reading, booted: impl FnOnce() -> Option<i64>) -> i64 {
        let reading = Reading { wall: reading.wall.saturating_add(self.ahead), ..reading };
        let passed = reading.monotonic - self.at.monotonic;
        let mut expected = self.at.wall + passed;
        let mut asked = None;
        if (reading.wall - expected).abs() > DISAGREEMENT_MAX_MICROS {
            asked = booted();
            // The time that the machine has slept has passed too.
            expected += self.booted.zip(asked).map_or(0, |(then, now)| (now - then - passed).max(0));
        } else if passed >= ANCHOR_MICROS {
            asked = booted();
        }
        let difference = reading.wall - expected;
        if difference.abs() > DISAGREEMENT_MAX_MICROS {
            self.disagreement = difference;
            self.latest = self.latest.max(expected);
        } else {
            self.disagreement = 0;
            self.latest = self.latest.max(reading.wall);
            if asked.is_some() || passed >= ANCHOR_MICROS {
                (self.at, self.booted) = (reading, asked);
            }
        }
        self.latest
    }

    /// By how much the machine's clock is ahead of even time; 0 while they agree.
    pub(crate) const fn disagreement(&self) -> i64 {
        self.disagreement
    }

    /// Takes the machine's clock for right from now on. Time that is ahead of it stays ahead: it does not run backwards.
    pub(crate) fn accept(&mut self, reading: Reading, booted: Option<i64>) {
        let wall = reading.wall.saturating_add(self.ahead);
        self.ahead += (self.latest - wall).max(0);
        self.at = Reading { wall: reading.wall.saturating_add(self.ahead), ..reading };
        self.booted = booted;
        self.disagreement = 0;
    }

    /// Goes on from `at`, the latest time that is known to have been, if that lies ahead.
    pub(crate) fn continue_from(&mut self, at: i64) {
        let behind = (at - self.latest).max(0);
        // Even time has come to `at`; the machine's clock has not, and says so with the next reading.
        self.at.wall += behind;
        self.latest += behind;
        if behind <= DISAGREEMENT_MAX_MICROS {
            self.ahead += behind;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000_000;
    const DAY: i64 = 24 * 60 * MINUTE;
    const START: i64 = 20_000 * DAY;

    fn at(wall: i64, monotonic: i64) -> Reading {
        Reading { wall: START + wall, monotonic }
    }

    fn steady() -> Steady {
        Steady::new(at(0, 0), Some(1_000))
    }

    #[test]
    fn the_machines_clock_is_followed_while_it_agrees() {
        let mut steady = steady();
        for minute in 1..=10_000 {
            // A pace that is wrong by a second an hour adds up to hours, and to no disagreement.
            let drift = minute * MINUTE / 3_600;
            let now = steady.now(at(minute * MINUTE + drift, minute * MINUTE), || Some(1_000 + minute * MINUTE));
            assert_eq!((now, steady.disagreement()), (START + minute * MINUTE + drift, 0));
        }
    }

    #[test]
    fn a_clock_that_is_set_is_not_followed_until_it_is_set_right() {
        for jump in [400 * DAY, -400 * DAY, 6 * MINUTE, -6 * MINUTE] {
            let mut steady = steady();
            let now = steady.now(at(jump + MINUTE, MINUTE), || Some(1_000 + MINUTE));
            assert_eq!((now, steady.disagreement()), (START + MINUTE, jump));
            let later = steady.now(at(jump + 3 * MINUTE, 3 * MINUTE), || Some(1_000 + 3 * MINUTE));
            assert_eq!((later, steady.disagreement()), (START + 3 * MINUTE, jump), "time goes on");
            let right = steady.now(at(4 * MINUTE, 4 * MINUTE), || Some(1_000 + 4 * MINUTE));
            assert_eq!((right, steady.disagreement()), (START + 4 * MINUTE, 0));
        }
    }

    #[test]
    fn a_clock_that_is_accepted_is_followed_and_time_does_not_run_backwards() {
        for (jump, then) in [(400 * DAY, 400 * DAY + 2 * MINUTE), (-400 * DAY, 2 * MINUTE)] {
            let mut steady = steady();
            steady.now(at(jump + MINUTE, MINUTE), || None);
            steady.accept(at(jump + MINUTE, MINUTE), None);
            assert_eq!(steady.disagreement(), 0);
            let now = steady.now(at(jump + 2 * MINUTE, 2 * MINUTE), || None);
            assert_eq!((now, steady.disagreement()), (START + then, 0), "after {jump}");
        }
    }

    #[test]
    fn sleep_is_no_disagreement() {
        let mut steady = steady();
        let now = steady.now(at(DAY, MINUTE), || Some(1_000 + DAY));
        assert_eq!((now, steady.disagreement()), (START + DAY, 0));
    }

    #[test]
    fn time_goes_on_from_what_is_known_to_have_been() {
        let mut back = steady();
        back.continue_from(START + DAY);
        let now = back.now(at(MINUTE, MINUTE), || None);
        assert_eq!((now, back.disagreement()), (START + DAY + MINUTE, -DAY), "a clock a day behind");
        let mut little = steady();
        little.continue_from(START + 2 * MINUTE);
        let now = little.now(at(MINUTE, MINUTE), || None);
        assert_eq!((now, little.disagreement()), (START + 3 * MINUTE, 0));
        let mut past = steady();
        past.continue_from(START - DAY);
        assert_eq!(past.now(at(MINUTE, MINUTE), || None), START + MINUTE);
    }
}
