//! Quarantine: a connection most of whose requests fail rests, and is probed at a growing interval.
//!
//! Judged over a sliding count of what came of operations. It says nothing of a refused token, which halts the connection
//! at once, nor of requests that the app understood and refused, which are their users' failures.

use super::Outcome;
use crate::ids::UserId;
use crate::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// What is older does not count.
const WINDOW: Span = Span::seconds(600);

/// Outcomes are counted together within this time.
const SLOT: Span = Span::seconds(60);

/// Fewer outcomes than this say nothing.
const OUTCOMES_MIN: u32 = 20;

/// More than this share of them must have failed; whole percent.
const FAILED_PERCENT: u32 = 60;

/// And of at least this many users, so that nobody alone rests an app.
const USERS_MIN: usize = 3;

/// The first wait for a probe; each probe that fails doubles it.
const PROBE_FIRST: Span = Span::seconds(60);

/// The longest wait for a probe.
const PROBE_MAX: Span = Span::hours(1);

/// What an outcome says of the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It answered, whatever it said.
    Answers,
    /// It did not answer, or said that it cannot.
    Fails,
}

impl Health {
    /// `None` where the outcome says nothing: not sent, asked to wait, or the token at fault.
    pub fn of(outcome: &Outcome) -> Option<Self> {
        match outcome {
            Outcome::Unavailable { .. } | Outcome::Unknown { .. } => Some(Self::Fails),
            Outcome::NotStarted | Outcome::Throttled { .. } | Outcome::Unauthorized { .. } => None,
            Outcome::Applied { .. }
            | Outcome::Found { .. }
            | Outcome::FoundHeld { .. }
            | Outcome::NotFound
            | Outcome::Ambiguous { .. }
            | Outcome::AlreadyGone
            | Outcome::Conflict { .. }
            | Outcome::Rejected { .. }
            | Outcome::Stale => Some(Self::Answers),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Slot {
    begun: Timestamp,
    answers: u32,
    fails: u32,
}

/// The sliding count of one connection.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Outcomes {
    /// Oldest first.
    slots: VecDeque<Slot>,
    /// The last users whose operations failed, each with when; no more than the judgement needs.
    failing: Vec<(UserId, Timestamp)>,
}

impl Outcomes {
    /// Counts what came of one operation.
    pub fn note(&mut self, user: UserId, health: Health, now: Timestamp) {
        self.slots.retain(|slot| now - slot.begun < WINDOW);
        if self.slots.back().is_none_or(|slot| now - slot.begun >= SLOT) {
            self.slots.push_back(Slot { begun: now, answers: 0, fails: 0 });
        }
        let slot = self.slots.back_mut().expect("one was pushed if there was none");
        match health {
            Health::Answers => slot.answers = slot.answers.saturating_add(1),
            Health::Fails => {
                slot.fails = slot.fails.saturating_add(1);
                self.failing.retain(|(failing, _)| *failing != user);
                if self.failing.len() >= USERS_MIN {
                    self.failing.remove(0);
                }
                self.failing.push((user, now));
            }
        }
    }

    /// How many failed of how many, within the window that ends now.
    pub fn counts(&self, now: Timestamp) -> (u32, u32) {
        let counted = self.slots.iter().filter(|slot| now - slot.begun < WINDOW);
        counted.fold((0, 0), |(fails, all), slot| (fails + slot.fails, all + slot.fails + slot.answers))
    }

    /// Whether most requests of the app fail, and not those of one or two users alone.
    pub fn are_mostly_failures(&self, now: Timestamp) -> bool {
        let (fails, all) = self.counts(now);
        let users = self.failing.iter().filter(|(_, at)| now - *at < WINDOW).count();
        users >= USERS_MIN && all >= OUTCOMES_MIN && u64::from(fails) * 100 > u64::from(all) * u64::from(FAILED_PERCENT)
    }
}

/// The rest of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantine {
    /// When it began.
    pub since: Timestamp,
    /// Probes that failed.
    pub probes: u32,
    /// When the next one may go.
    pub next_probe_at: Timestamp,
    /// What happened last, in the app's words where it had some.
    pub message: String,
}

impl Quarantine {
    /// A rest that begins now.
    pub fn begin(message: &str, now: Timestamp) -> Self {
        Self { since: now, probes: 0, next_probe_at: now + PROBE_FIRST, message: message.to_owned() }
    }

    /// After a probe that failed.
    pub fn prolonged(&self, message: &str, now: Timestamp) -> Self {
        let probes = self.probes.saturating_add(1);
        let wait = Span(PROBE_FIRST.0 << probes.min(6)).0.min(PROBE_MAX.0);
        Self { since: self.since, probes, next_probe_at: now + Span(wait), message: message.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp(1_800_000_000_000_000);

    /// So many answers, then so many failures of so many users, a second apart.
    fn after(answers: u32, fails: u32, users: i64) -> (Outcomes, Timestamp) {
        let mut outcomes = Outcomes::default();
        let mut now = NOON;
        for number in 0..answers + fails {
            let health = if number < answers { Health::Answers } else { Health::Fails };
            outcomes.note(UserId::new(i64::from(number) % users), health, now);
            now = now + Span::seconds(1);
        }
        (outcomes, now)
    }

    #[test]
    fn most_of_many_must_fail_and_not_for_one_user_alone() {
        let table = [
            ("all fail", 0, 20, 10, true),
            ("too few", 0, 19, 10, false),
            ("not more than 60 %", 8, 12, 10, false),
            ("more than 60 %", 8, 13, 10, true),
            ("one user, often", 0, 500, 1, false),
            ("two users, often", 0, 500, 2, false),
            ("three users", 0, 21, 3, true),
        ];
        for (what, answers, fails, users, expected) in table {
            let (outcomes, now) = after(answers, fails, users);
            assert_eq!(outcomes.are_mostly_failures(now), expected, "{what}");
        }
    }

    #[test]
    fn what_is_older_than_the_window_is_forgotten() {
        let (mut outcomes, now) = after(0, 40, 10);
        assert!(outcomes.are_mostly_failures(now + Span::seconds(500)));
        assert!(!outcomes.are_mostly_failures(now + WINDOW));
        let later = now + WINDOW + Span::seconds(60);
        for number in 0..100_000 {
            outcomes.note(UserId::new(number), Health::Answers, later);
        }
        assert_eq!(outcomes.counts(later), (0, 100_000));
        assert_eq!((outcomes.slots.len(), outcomes.failing.len()), (1, 3), "bounded, whatever comes");
    }

    #[test]
    fn probes_come_at_a_growing_interval_up_to_an_hour() {
        let mut rest = Quarantine::begin("503", NOON);
        let mut now = NOON;
        let mut minutes = Vec::new();
        for _ in 0..9 {
            minutes.push((rest.next_probe_at - now).as_seconds() / 60);
            now = rest.next_probe_at;
            rest = rest.prolonged("503", now);
        }
        assert_eq!(minutes, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!((rest.since, rest.probes), (NOON, 9));
    }
}
