//! The plan of a connection: the same walk through everybody as a pass, and the same decision, without a write; what is due is
//! passed through the guard.

use super::entries::{Outline, PlanAction, PlanEntry, entry, fails, outline};
use crate::accounts::pass::{PART_USERS, Part, walk};
use crate::accounts::twins::SharedNames;
use crate::accounts::{Rules, Subject, counts, load_rules, outside_members, removals};
use crate::{Store, StoreError};
use provost_core::app::Trigger;
use provost_core::provisioning::{REMOVAL_WINDOW, RemovalCandidate, RemovalKind, decide, guard};
use provost_core::time::Timestamp;
use provost_platform::hex;
use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// Above this many creates a plan needs to be confirmed.
const CREATES_UNCONFIRMED_MAX: u64 = 100;

/// Progress is told after so many users.
const PROGRESS_USERS: u64 = 1_000;

/// The most outside members that are listed.
const OUTSIDE_MAX: usize = 1_000;

/// How many of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct PlanCounts {
    /// Accounts to be made.
    pub create: u64,
    /// Accounts to be brought up to date.
    pub update: u64,
    /// Accounts to be suspended now, held ones included.
    pub suspend: u64,
    /// Accounts to be restored.
    pub restore: u64,
    /// Accounts to be hard deleted now, held ones included.
    pub hard_delete: u64,
    /// Accounts to be looked up first.
    pub look_up: u64,
    /// Accounts that will be suspended at a date.
    pub suspend_later: u64,
    /// Accounts that will be hard deleted at a date.
    pub hard_delete_later: u64,
    /// Removals due now that the guard would hold.
    pub held: u64,
    /// Users whom a rule leaves out.
    pub skipped: u64,
    /// Users for whom something is wanted that waits.
    pub waiting: u64,
    /// Users who would fail, and do not fail now.
    pub would_fail: u64,
    /// Accounts that stay as they are.
    pub unchanged: u64,
    /// Users without an account, for whom none is to be made.
    pub no_account: u64,
}

impl PlanCounts {
    /// How many users these are; held ones are among those to be removed.
    pub const fn users(&self) -> u64 {
        self.create
            + self.update
            + self.suspend
            + self.restore
            + self.hard_delete
            + self.look_up
            + self.suspend_later
            + self.hard_delete_later
            + self.skipped
            + self.waiting
            + self.would_fail
            + self.unchanged
            + self.no_account
    }

    /// What is asked about before it is done, wherever it is asked for: it removes somebody, now or later, creates for many, or lets
    /// users fail who do not fail now.
    const fn need_confirmation(&self) -> bool {
        let removed = self.suspend + self.hard_delete + self.suspend_later + self.hard_delete_later;
        removed > 0 || self.create > CREATES_UNCONFIRMED_MAX || self.would_fail > 0
    }
}

/// A kind of removal that the guard would hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "PlannedHold")]
pub struct HeldKind {
    /// Suspends or hard deletes.
    pub kind: RemovalKind,
    /// How many may go in 24 hours.
    pub limit: u64,
    /// How many went in the last 24 hours.
    pub sent: u64,
    /// How many would wait.
    pub waiting: u64,
}

/// What would become of everybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Plan {
    /// How many of each.
    pub counts: PlanCounts,
    /// The accounts that the app holds now.
    pub accounts: u64,
    /// What the guard would hold.
    pub holds: Vec<HeldKind>,
    /// The first entries, by user id; what is sent, and who would fail, stands before what only waits or is skipped.
    pub entries: Vec<PlanEntry>,
    /// How many entries there are in all.
    pub entries_total: u64,
    /// SHA-256 over all entries' users, actions and causes, in hex: what a confirmation names.
    pub hash: String,
    /// Whether the plan must be confirmed: it removes somebody, now or later, creates for more than 100 users, or lets users fail
    /// who do not fail now.
    pub needs_confirmation: bool,
}

struct Planning {
    /// The rules that are stored, where others are proposed.
    before: Option<Rules>,
    counts: PlanCounts,
    entries: Vec<PlanEntry>,
    minor: Vec<PlanEntry>,
    total: u64,
    due: Vec<RemovalCandidate>,
    hasher: Sha256,
}

/// What the rules would do to everybody now, with up to `entries_limit` entries in words. Memory is bounded by a part of the
/// users, the entries kept, and the removals due; where the mapping may give two users one name, also by a number for each name.
pub async fn plan(store: &Store, rules: &Rules, entries_limit: usize) -> Result<Plan, StoreError> {
    plan_watched(store, rules, entries_limit, &mut |_| {}).await
}

/// The same; `progress` is told the counts so far after each thousand users: the first ones at once, whatever the directory's
/// size.
pub async fn plan_watched(
    store: &Store,
    rules: &Rules,
    entries_limit: usize,
    progress: &mut (dyn FnMut(&PlanCounts) + Send),
) -> Result<Plan, StoreError> {
    let now = store.now();
    let mut planning = Planning {
        before: stored(store, rules).await?,
        counts: PlanCounts::default(),
        entries: Vec::new(),
        minor: Vec::new(),
        total: 0,
        due: Vec::new(),
        hasher: Sha256::new(),
    };
    let mut names = shared_names(store, rules).await?;
    let mut planned = 0_u64;
    let mut after = Some(0);
    while let Some(begin) = after {
        let part = Part::behind(store, begin, PART_USERS).await?;
        walk(store, rules, part, |subject| {
            let mut subject = as_proposed(rules, subject, now);
            names.pair(rules, &mut subject);
            planning.add(rules, &subject, now, entries_limit);
            planned += 1;
            if planned.is_multiple_of(PROGRESS_USERS) {
                progress(&planning.counts);
            }
            Ok(())
        })
        .await?;
        after = part.next();
    }
    for email in outside_members(store, rules, OUTSIDE_MAX).await? {
        planning.add_outside(email, entries_limit);
    }
    finish(store, rules, planning, entries_limit, now).await
}

/// The names that the mapping gives to several users: everybody is gone by for them, where there may be any.
async fn shared_names(store: &Store, rules: &Rules) -> Result<SharedNames, StoreError> {
    let mut names = SharedNames::default();
    let connection = &rules.connection;
    let mut after = Some(0).filter(|_| connection.config.may_repeat_names(connection.profile));
    while let Some(begin) = after {
        let part = Part::behind(store, begin, PART_USERS).await?;
        walk(store, rules, part, |subject| {
            names.note(rules, &subject);
            Ok(())
        })
        .await?;
        after = part.next();
    }
    Ok(names)
}

/// The rules that a proposal would replace; none for a connection that is yet to be.
async fn stored(store: &Store, rules: &Rules) -> Result<Option<Rules>, StoreError> {
    if !rules.proposed {
        return Ok(None);
    }
    match load_rules(store, rules.connection.id).await {
        Ok(before) => Ok(Some(before)),
        Err(StoreError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A proposed change would mark everybody when it is committed: causes it begins count from then, and failures are
/// tried again.
fn as_proposed(rules: &Rules, mut subject: Subject, now: Timestamp) -> Subject {
    if rules.proposed {
        subject.account.entitlement_marked_at = now;
        subject.account.marked += 1;
    }
    subject
}

impl Planning {
    fn add(&mut self, rules: &Rules, subject: &Subject, now: Timestamp, limit: usize) {
        let view = rules.view(subject);
        let decision = decide(&view, &subject.account, &rules.connection, now);
        self.due.extend(decision.removal_due.and_then(|removal| removals::candidate(&subject.account, removal)));
        let Some(mut outline) = outline(rules, subject, &view, &decision) else {
            let has_account = subject.account.remote_id.is_some();
            *if has_account { &mut self.counts.unchanged } else { &mut self.counts.no_account } += 1;
            return;
        };
        if fails(&decision) && !self.fails_already(rules, subject, now) {
            outline.action = PlanAction::WouldFail;
        }
        self.count(outline);
        let trigger = outline.removal.map_or("", |removal| removal.trigger.word());
        self.hash(&subject.account.user_id.to_string(), outline, trigger);
        let kept = if is_minor(outline.action) { &mut self.minor } else { &mut self.entries };
        if kept.len() < limit {
            kept.push(entry(rules, subject, &view, &decision, outline, now));
        }
    }

    /// A failure is recorded, or would be if the connection were on: while it is off, nothing is sent, and nobody fails by record.
    fn fails_already(&self, rules: &Rules, subject: &Subject, now: Timestamp) -> bool {
        let by_rules = |before: &Rules| {
            let mut view = before.view(subject);
            // Another mapping gives other names.
            view.twin = view.twin.filter(|_| before.connection.config.mapping == rules.connection.config.mapping);
            fails(&decide(&view, &subject.account, &before.connection, now))
        };
        subject.account.failure.is_some() || self.before.as_ref().is_some_and(by_rules)
    }

    fn add_outside(&mut self, email: String, limit: usize) {
        let outline = Outline { action: PlanAction::Skipped, removal: None, at: None };
        self.count(outline);
        self.hash(&email, outline, "");
        if self.minor.len() < limit {
            let why =
                vec!["Skipped: outside (the address is a member of a scope group and not a user of the directory).".to_owned()];
            let entry = PlanEntry {
                user_id: None,
                email,
                action: PlanAction::Skipped,
                at: None,
                trigger: None,
                since: None,
                held: false,
                why,
                changes: Vec::new(),
            };
            self.minor.push(entry);
        }
    }

    fn count(&mut self, outline: Outline) {
        self.total += 1;
        let later = outline.at.is_some();
        let counts = &mut self.counts;
        *match outline.action {
            PlanAction::Create => &mut counts.create,
            PlanAction::Update => &mut counts.update,
            PlanAction::Suspend if later => &mut counts.suspend_later,
            PlanAction::Suspend => &mut counts.suspend,
            PlanAction::Restore => &mut counts.restore,
            PlanAction::HardDelete if later => &mut counts.hard_delete_later,
            PlanAction::HardDelete => &mut counts.hard_delete,
            PlanAction::LookUp => &mut counts.look_up,
            PlanAction::Skipped => &mut counts.skipped,
            PlanAction::Waiting => &mut counts.waiting,
            PlanAction::WouldFail => &mut counts.would_fail,
        } += 1;
    }

    /// The date is left out: under a proposal it moves with the clock, and the cause says what matters. Whether the
    /// removal is due now is part of it.
    fn hash(&mut self, whom: &str, outline: Outline, trigger: &str) {
        let when = if outline.at.is_some() { "later" } else { "now" };
        self.hasher.update(format!("{whom} {} {when} {trigger}\n", outline.action.word()));
    }
}

const fn is_minor(action: PlanAction) -> bool {
    match action {
        PlanAction::Skipped | PlanAction::Waiting => true,
        PlanAction::Create
        | PlanAction::Update
        | PlanAction::Suspend
        | PlanAction::Restore
        | PlanAction::HardDelete
        | PlanAction::LookUp
        | PlanAction::WouldFail => false,
    }
}

async fn finish(store: &Store, rules: &Rules, planning: Planning, limit: usize, now: Timestamp) -> Result<Plan, StoreError> {
    let connection = rules.connection.id;
    let accounts = counts(store, connection, now).await?.total();
    let sent = removals::sent_within(store, connection, now - REMOVAL_WINDOW).await?;
    let approvals = removals::approvals(store, connection).await?;
    let guarded = guard(&planning.due, &sent, accounts, &rules.connection.config.limits, &approvals, now);
    let mut counts = planning.counts;
    let mut held = BTreeSet::new();
    let mut holds = Vec::new();
    for hold in &guarded.holds {
        held.extend(hold.candidates.iter().map(|candidate| candidate.user_id));
        let waiting = hold.candidates.len() as u64;
        counts.held += waiting;
        holds.push(HeldKind { kind: hold.kind, limit: hold.limit, sent: hold.sent, waiting });
    }
    let rejected: BTreeSet<_> = guarded.rejected.iter().map(|candidate| candidate.user_id).collect();
    let mut entries = planning.entries;
    entries.extend(planning.minor);
    entries.truncate(limit);
    for entry in entries.iter_mut().filter(|entry| entry.at.is_none() && entry.trigger.is_some()) {
        let Some(user) = entry.user_id else { continue };
        if held.contains(&user) {
            entry.held = true;
            entry.why.push("Held: too many removals at once; an administrator must approve them.".to_owned());
        } else if rejected.contains(&user) {
            entry.action = PlanAction::Waiting;
            entry.why.push("Rejected by an administrator: not sent while this cause holds.".to_owned());
        }
    }
    for candidate in &guarded.rejected {
        let count = match candidate.removal.kind {
            RemovalKind::Suspend => &mut counts.suspend,
            RemovalKind::HardDelete => &mut counts.hard_delete,
        };
        *count = count.saturating_sub(1);
        counts.waiting += 1;
    }
    let hash = hex::encode(&planning.hasher.finalize());
    Ok(Plan {
        counts,
        accounts,
        holds,
        entries,
        entries_total: planning.total,
        hash,
        needs_confirmation: counts.need_confirmation(),
    })
}

impl Plan {
    /// The plan's counts in one sentence, for commands and errors.
    pub fn summary(&self) -> String {
        let counts = &self.counts;
        let parts = [
            (counts.create, "to create"),
            (counts.update, "to update"),
            (counts.restore, "to restore"),
            (counts.suspend, "to suspend now"),
            (counts.hard_delete, "to hard delete now"),
            (counts.suspend_later, "to suspend later"),
            (counts.hard_delete_later, "to hard delete later"),
            (counts.look_up, "to look up"),
            (counts.held, "of these held"),
            (counts.would_fail, "who would fail and do not fail now"),
            (counts.waiting, "waiting"),
            (counts.skipped, "skipped"),
        ];
        let named: Vec<String> =
            parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        if named.is_empty() { "nothing to send".to_owned() } else { named.join(", ") }
    }

    /// The first entries that remove because of this trigger, for a confirmation that names them.
    pub fn removals_by(&self, trigger: Trigger) -> impl Iterator<Item = &PlanEntry> {
        self.entries.iter().filter(move |entry| entry.trigger == Some(trigger))
    }
}
