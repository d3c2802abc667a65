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

/// Where the clock of `app_off` can stand. Who decides looks at how things stand, and does not see what was undone before the
/// look: a loss of access that ends at once may count or not.
#[derive(Debug, Clone, Copy, Default)]
struct AppOff {
    /// The earliest beginning that it can have.
    first: Option<Timestamp>,
    /// The latest; `None` too where the clock may not have begun at all.
    last: Option<Timestamp>,
    /// The earliest beginning of the loss before, and when it ended.
    before: Option<(Timestamp, Timestamp)>,
}

impl AppOff {
    /// Access is lost, or still lost.
    fn lose(&mut self, now: Timestamp, unseen: Span) {
        self.first = self.first.or_else(|| self.unseen_before(now, unseen)).or(Some(now));
        self.last = self.last.or(Some(now));
    }

    /// There is access.
    fn gain(&mut self, now: Timestamp) {
        if let Some(first) = self.first {
            self.before = Some((first, now));
        }
        (self.first, self.last) = (None, None);
    }

    /// Nothing is said of access: what runs goes on.
    fn freeze(&mut self, now: Timestamp, unseen: Span) {
        self.first = self.first.or_else(|| self.unseen_before(now, unseen));
        self.last = self.last.filter(|last| now - *last >= unseen);
        // From here on no look comes between any more.
        self.before = None;
    }

    fn unseen_before(&self, now: Timestamp, unseen: Span) -> Option<Timestamp> {
        self.before.filter(|(_, ended)| now - *ended < unseen).map(|(first, _)| first)
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Clocks {
    facts: Facts,
    app_off: AppOff,
    /// Access is frozen.
    frozen: bool,
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

/// A verdict of an administrator: who, what, why, and the earliest and the latest beginning of the cause.
type Approved = (i64, RemovalKind, Trigger, [Option<Timestamp>; 2]);

/// What is known of the history so far.
#[derive(Debug, Default)]
pub struct Oracle {
    /// Archived users are treated as suspended.
    pub archived_as_suspended: bool,
    /// What is undone within this time may never have been looked at.
    pub unseen: Span,
    clocks: BTreeMap<i64, Clocks>,
    policy: BTreeMap<(Trigger, RemovalKind), (GracePeriod, Option<Timestamp>)>,
    gone: Vec<Gone>,
    approved: Vec<Approved>,
}

impl Oracle {
    /// Of a connection to which archived users are left alone, or suspended.
    pub fn new(archived_as_suspended: bool, unseen: Span) -> Self {
        Self { archived_as_suspended, unseen, ..Self::default() }
    }

    /// A change has been committed at `now`; `facts` is how the user stands after it.
    pub fn see(&mut self, user: i64, facts: Facts, now: Timestamp) {
        let clocks = self.clocks.entry(user).or_default();
        let start = |clock: Option<Timestamp>, holds: bool| if holds { clock.or(Some(now)) } else { None };
        clocks.facts = facts;
        clocks.deleted = start(clocks.deleted, facts.deleted);
        if facts.archived && !self.archived_as_suspended {
            // Left alone; archived and then deleted, only the deletion counts.
            (clocks.app_off, clocks.suspended) = (AppOff::default(), None);
            return;
        }
        clocks.suspended = start(clocks.suspended, facts.suspended);
        clocks.archived = start(clocks.archived, facts.archived);
        // Frozen from the deletion on; and without a living group the scope says nothing about anybody.
        let frozen = facts.deleted || facts.service_on && facts.no_living_group;
        if !frozen && facts.entitled() {
            clocks.app_off.gain(now);
        } else if !frozen {
            clocks.app_off.lose(now, self.unseen);
        } else if !clocks.frozen {
            clocks.app_off.freeze(now, self.unseen);
        }
        clocks.frozen = frozen;
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

    /// When a cause began that still holds: at the earliest, and at the latest.
    fn since(&self, user: i64, trigger: Trigger) -> [Option<Timestamp>; 2] {
        let Some(clocks) = self.clocks.get(&user) else { return [None; 2] };
        match trigger {
            Trigger::AppOff => [clocks.app_off.first, clocks.app_off.last],
            Trigger::Suspended => [clocks.suspended.into_iter().chain(clocks.archived).min(); 2],
            Trigger::Deleted => [clocks.deleted; 2],
        }
    }

    /// When the first of the causes that hold began, at the latest.
    pub fn first_cause(&self, user: i64) -> Option<Timestamp> {
        Trigger::ALL.iter().filter_map(|trigger| self.since(user, *trigger)[1]).min()
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

    /// From when on the user's account may be removed in this way, by the earliest cause.
    pub fn may_go(&self, user: i64, kind: RemovalKind) -> Option<Timestamp> {
        let may = |trigger: &Trigger| self.may_go_by(user, kind, *trigger);
        Trigger::ALL.iter().filter_map(may).min()
    }

    /// The same by one cause, whichever of its beginnings counts.
    fn may_go_by(&self, user: i64, kind: RemovalKind, trigger: Trigger) -> Option<Timestamp> {
        let due = |since: Option<Timestamp>| self.due_after(since, kind, trigger, self.unseen);
        self.since(user, trigger).into_iter().filter_map(due).min()
    }

    /// When it must be removed. Whichever of a cause's beginnings counts: an edit between the two gives notice to the earlier one,
    /// and that may be over later than the grace period of the later one.
    pub fn must_go(&self, user: i64, kind: RemovalKind) -> Option<Timestamp> {
        let must = |trigger: &Trigger| {
            let [first, last] = self.since(user, *trigger);
            let due = |since| self.due_after(since, kind, *trigger, Span(0));
            due(last).max(due(first.filter(|_| last.is_some())))
        };
        Trigger::ALL.iter().filter_map(must).min()
    }

    /// An edit so soon after the cause may have been seen together with it, and gives no notice then.
    fn due_after(&self, since: Option<Timestamp>, kind: RemovalKind, trigger: Trigger, unseen: Span) -> Option<Timestamp> {
        let since = since?;
        let (period, edited) = *self.policy.get(&(trigger, kind))?;
        let hours = match (period, kind) {
            (GracePeriod::Within24Hours, RemovalKind::Suspend) => 0,
            (GracePeriod::Within24Hours, RemovalKind::HardDelete) => 1,
            (GracePeriod::Days1, _) => 24,
            (GracePeriod::Days7, _) => 7 * 24,
            (GracePeriod::Days21, _) => 21 * 24,
        };
        let due = Timestamp(since.0 + hours * HOUR);
        let notice = edited.filter(|edited| since + unseen <= *edited).map(|edited| Timestamp(edited.0 + 24 * HOUR));
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
        Trigger::ALL.into_iter().find(|trigger| self.is_approved(user, kind, *trigger))
    }

    fn is_approved(&self, user: i64, kind: RemovalKind, trigger: Trigger) -> bool {
        let since = self.since(user, trigger);
        let same = |then: &[Option<Timestamp>; 2]| then.iter().flatten().any(|then| since.contains(&Some(*then)));
        self.approved.iter().any(|(who, what, why, then)| (*who, *what, *why) == (user, kind, trigger) && same(then))
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
        let due = self.may_go_by(user, kind, trigger);
        if due.is_none_or(|due| due > now) {
            return Err(format!("{user}: {kind:?} for {trigger:?} at {now}, but it is due at {due:?}"));
        }
        if approved {
            let told = || format!("{user}: {kind:?} for {trigger:?} on an approval of something else");
            return if self.is_approved(user, kind, trigger) { Ok(()) } else { Err(told()) };
        }
        self.gone(kind, accounts, now)
    }

    /// Counts a removal without an approval. `accounts` is the number of accounts before it.
    pub fn gone(&mut self, kind: RemovalKind, accounts: usize, now: Timestamp) -> Result<(), String> {
        self.gone.push(Gone { kind, at: now });
        let (gone, window) = (self.gone_within_a_day(kind, now), accounts + self.gone_within_a_day(RemovalKind::HardDelete, now));
        if gone > Self::limit(window) {
            return Err(format!("{gone} removals ({kind:?}) within a day from {window} accounts"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_that_comes_and_goes_at_once_may_leave_the_notice_of_an_edit_to_the_old_cause() {
        let mut oracle = Oracle::new(false, Span::seconds(2));
        let (off, on) = (Facts::default(), Facts { service_on: true, in_scope: true, ..Facts::default() });
        let edited = Timestamp(0) + Span::days(30);
        let lost_again = edited + Span::seconds(3);
        oracle.see(1, off, Timestamp(0));
        oracle.set_policy(Trigger::AppOff, RemovalKind::HardDelete, Some(GracePeriod::Within24Hours), Some(edited));
        oracle.see(1, on, lost_again - Span(1));
        oracle.see(1, off, lost_again);
        assert_eq!(oracle.may_go(1, RemovalKind::HardDelete), Some(lost_again + Span::hours(1)));
        assert_eq!(oracle.must_go(1, RemovalKind::HardDelete), Some(edited + Span::hours(24)));
    }
}
