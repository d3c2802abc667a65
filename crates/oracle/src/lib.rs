//! The oracle of the tests: its own clocks of every cause, kept from the history of changes alone. It shares no line with
//! the code under test, and it is two-sided: it says what may happen now, and what must have happened by now.
//!
//! It knows one connection, and users by the number of their id. The random histories of `core` and the simulator ask it.

use provost_core::app::{GracePeriod, Trigger};
use provost_core::provisioning::RemovalKind;
use provost_core::time::{Span, Timestamp};
use std::collections::BTreeMap;

const HOUR: i64 = 3_600_000_000;

/// How one user stands in the directory, and for the connection, after a change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "facts of a table, which combine freely")]
pub struct Facts {
    /// Suspended in the directory.
    pub suspended: bool,
    /// Archived in the directory.
    pub archived: bool,
    /// Deleted from the directory, whether or not the directory has forgotten the user since.
    pub deleted: bool,
    /// The app is ON for the user.
    pub service_on: bool,
    /// In the provisioning scope.
    pub in_scope: bool,
    /// The scope is one of groups, and none of them is alive.
    pub no_living_group: bool,
}

impl Facts {
    /// ON and in scope.
    pub fn entitled(self) -> bool {
        self.service_on && self.in_scope && !self.no_living_group
    }

    /// To have an account that is up to date.
    pub fn wanted(self) -> bool {
        self.entitled() && !self.suspended && !self.archived && !self.deleted
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Clocks {
    facts: Facts,
    app_off: Option<Timestamp>,
    suspended: Option<Timestamp>,
    archived: Option<Timestamp>,
    deleted: Option<Timestamp>,
}

/// A removal that was carried out at the app.
#[derive(Debug, Clone, Copy)]
struct Gone {
    kind: RemovalKind,
    at: Timestamp,
}

/// A verdict of an administrator: who, what, why, and the cause's beginning.
type Approved = (i64, RemovalKind, Trigger, Option<Timestamp>);

/// What is known of the history so far.
#[derive(Debug, Default)]
pub struct Oracle {
    /// Archived users are treated as suspended.
    pub archived_as_suspended: bool,
    clocks: BTreeMap<i64, Clocks>,
    policy: BTreeMap<(Trigger, RemovalKind), (GracePeriod, Option<Timestamp>)>,
    gone: Vec<Gone>,
    approved: Vec<Approved>,
}

impl Oracle {
    /// A change has been committed at `now`; `facts` is how the user stands after it.
    pub fn see(&mut self, user: i64, facts: Facts, now: Timestamp) {
        let clocks = self.clocks.entry(user).or_default();
        let start = |clock: Option<Timestamp>, holds: bool| if holds { clock.or(Some(now)) } else { None };
        clocks.facts = facts;
        clocks.deleted = start(clocks.deleted, facts.deleted);
        if facts.archived && !self.archived_as_suspended {
            // Left alone; archived and then deleted, only the deletion counts.
            (clocks.app_off, clocks.suspended) = (None, None);
            return;
        }
        clocks.suspended = start(clocks.suspended, facts.suspended);
        clocks.archived = start(clocks.archived, facts.archived);
        // Frozen from the deletion on; and without a living group the scope says nothing about anybody.
        let frozen = facts.deleted || facts.service_on && facts.no_living_group;
        if !frozen {
            clocks.app_off = start(clocks.app_off, !facts.entitled());
        }
    }

    /// A grace period was set, or taken away; `edited` is when, for an edit that nobody confirmed.
    pub fn set_policy(&mut self, trigger: Trigger, kind: RemovalKind, period: Option<GracePeriod>, edited: Option<Timestamp>) {
        match period {
            None => drop(self.policy.remove(&(trigger, kind))),
            Some(period) => {
                let before = self.policy.get(&(trigger, kind)).map(|(before, _)| *before);
                if before != Some(period) {
                    self.policy.insert((trigger, kind), (period, edited));
                }
            }
        }
    }

    /// The administrator has confirmed the earlier removals.
    pub fn confirm_policy(&mut self) {
        self.policy.values_mut().for_each(|(_, edited)| *edited = None);
    }

    /// How the user stands.
    pub fn facts(&self, user: i64) -> Facts {
        self.clocks.get(&user).map(|clocks| clocks.facts).unwrap_or_default()
    }

    /// When a cause began that still holds.
    pub fn since(&self, user: i64, trigger: Trigger) -> Option<Timestamp> {
        let clocks = self.clocks.get(&user)?;
        match trigger {
            Trigger::AppOff => clocks.app_off,
            Trigger::Suspended => clocks.suspended.into_iter().chain(clocks.archived).min(),
            Trigger::Deleted => clocks.deleted,
        }
    }

    /// When the first of the causes that hold began.
    pub fn first_cause(&self, user: i64) -> Option<Timestamp> {
        Trigger::ALL.iter().filter_map(|trigger| self.since(user, *trigger)).min()
    }

    /// Archived, and nothing may be sent.
    pub fn left_alone(&self, user: i64) -> bool {
        let facts = self.facts(user);
        facts.archived && !facts.deleted && !self.archived_as_suspended
    }

    /// To have an account that is up to date.
    pub fn wanted(&self, user: i64) -> bool {
        self.facts(user).wanted()
    }

    /// When the user's account may and must be removed in this way, by the earliest cause.
    pub fn due(&self, user: i64, kind: RemovalKind) -> Option<Timestamp> {
        Trigger::ALL.iter().filter_map(|trigger| self.due_by(user, kind, *trigger)).min()
    }

    /// The same by one cause.
    pub fn due_by(&self, user: i64, kind: RemovalKind, trigger: Trigger) -> Option<Timestamp> {
        let since = self.since(user, trigger)?;
        let (period, edited) = *self.policy.get(&(trigger, kind))?;
        let hours = match (period, kind) {
            (GracePeriod::Within24Hours, RemovalKind::Suspend) => 0,
            (GracePeriod::Within24Hours, RemovalKind::HardDelete) => 1,
            (GracePeriod::Days1, _) => 24,
            (GracePeriod::Days7, _) => 7 * 24,
            (GracePeriod::Days21, _) => 21 * 24,
        };
        let due = Timestamp(since.0 + hours * HOUR);
        let notice = edited.filter(|edited| since < *edited).map(|edited| Timestamp(edited.0 + 24 * HOUR));
        Some(notice.map_or(due, |notice| due.max(notice)))
    }

    /// How many removals of a kind may go in 24 hours from a connection with so many accounts.
    pub fn limit(accounts: usize) -> usize {
        let fifth = (accounts * 20 / 100).min(20);
        3.max(fifth).max(accounts * 5 / 100)
    }

    fn gone_within_a_day(&self, kind: RemovalKind, now: Timestamp) -> usize {
        self.gone.iter().filter(|gone| gone.kind == kind && now - gone.at < Span::days(1)).count()
    }

    /// An administrator approves the removal for the cause as it stands now.
    pub fn approve(&mut self, user: i64, kind: RemovalKind, trigger: Trigger) {
        let since = self.since(user, trigger);
        self.approved.push((user, kind, trigger, since));
    }

    /// The trigger for which the removal is approved as things stand, if any.
    pub fn approved_for(&self, user: i64, kind: RemovalKind) -> Option<Trigger> {
        let is_approved = |trigger: &Trigger| self.approved.contains(&(user, kind, *trigger, self.since(user, *trigger)));
        Trigger::ALL.into_iter().find(|trigger| self.since(user, *trigger).is_some() && is_approved(trigger))
    }

    /// A removal has been carried out. `accounts` is the number of accounts before it. The error says which rule it breaks.
    pub fn removed(
        &mut self,
        user: i64,
        kind: RemovalKind,
        trigger: Trigger,
        approved: bool,
        accounts: usize,
        now: Timestamp,
    ) -> Result<(), String> {
        let due = self.due_by(user, kind, trigger);
        if due.is_none_or(|due| due > now) {
            return Err(format!("{user}: {kind:?} for {trigger:?} at {now}, but it is due at {due:?}"));
        }
        if approved {
            let verdict = (user, kind, trigger, self.since(user, trigger));
            let told = || format!("{user}: {kind:?} on an approval of something else: {verdict:?}");
            return if self.approved.contains(&verdict) { Ok(()) } else { Err(told()) };
        }
        self.gone.push(Gone { kind, at: now });
        let (gone, window) = (self.gone_within_a_day(kind, now), accounts + self.gone_within_a_day(RemovalKind::HardDelete, now));
        if gone > Self::limit(window) {
            return Err(format!("{gone} removals ({kind:?}) within a day from {window} accounts"));
        }
        Ok(())
    }
}
