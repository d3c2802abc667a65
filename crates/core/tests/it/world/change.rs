//! What people do to the directory and to the configuration.

use super::{Person, ScopeSetting, World};
use crate::kit;
use provost_core::app::{Action, ConnectionStatus, GracePeriod, ScopeMembers, Trigger};
use provost_core::directory::{RESTORE_WINDOW, UserStatus};
use provost_core::provisioning::{Approval, RemovalKind};
use provost_core::time::Timestamp;

/// One change. Those that are not possible as things stand are refused and change nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Suspend(i64),
    Unsuspend(i64),
    Archive(i64),
    Unarchive(i64),
    Delete(i64),
    Restore(i64),
    /// A new person with this address.
    Join(Address),
    Rename(i64, Address),
    /// A title that nobody had before.
    Retitle(i64),
    /// Into or out of the org unit for contractors.
    Move(i64, bool),
    Direct(i64, bool),
    Nested(i64, bool),
    Vip(i64, bool),
    AppOn(bool),
    ContractorsOn(bool),
    ScopeEveryone,
    /// Accounts are named by the part before the `@`, which two users can share; or by the whole address.
    LocalNames(bool),
    /// A living scope group, with these members.
    ScopeGroup(ScopeMembers),
    /// The scope group is deleted from the directory; the entry stays as a tombstone.
    DeleteScopeGroup,
    Policy {
        trigger: Trigger,
        kind: RemovalKind,
        period: Option<GracePeriod>,
        confirmed: bool,
    },
    TurnOff,
    TurnOn,
    /// An administrator of the app makes an account by hand.
    Foreign(Address),
    /// An administrator of the app deletes our account by hand; then the user's title changes.
    LoseRemote(i64),
    /// Everything that is held now is approved.
    Approve,
}

/// An address: a number, and whether it is in the secondary domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Address(pub i64, pub bool);

impl Address {
    pub(crate) fn text(self) -> String {
        format!("user{}@{}", self.0, if self.1 { "second.example" } else { "example.com" })
    }
}

impl World {
    /// Commits a change, with its marks. Refused ones return `false`.
    pub(crate) fn change(&mut self, change: Change) -> bool {
        let now = self.now;
        match change {
            Change::Suspend(id) => self.status(id, |status| status.suspend("", now).ok()),
            Change::Unsuspend(id) => self.status(id, |status| status.unsuspend().ok()),
            Change::Archive(id) => self.status(id, |status| status.archive(now).ok()),
            Change::Unarchive(id) => self.status(id, |status| status.unarchive(now).ok()),
            Change::Delete(id) => self.status(id, |status| status.delete(now).ok()),
            Change::Restore(id) => {
                let free = self.people.get(&id).is_some_and(|person| !self.taken(&person.user.primary_email));
                free && self.status(id, |status| status.restore(now).ok())
            }
            Change::Join(address) => self.join(&address.text()),
            Change::Rename(id, address) => {
                let email = address.text();
                let free = !self.taken(&email);
                free && self.edit(id, |person| person.user.primary_email = email)
            }
            Change::Retitle(id) => {
                let title = format!("Title {}.{}", now.0 / 1_000_000, self.records.get(&id).map_or(0, |record| record.marked));
                self.edit(id, |person| person.user.attributes["organizations"][0]["title"] = title.into())
            }
            Change::Move(id, contractor) => self.edit(id, |person| person.contractor = contractor),
            Change::Direct(id, member) => self.edit(id, |person| person.direct = member),
            Change::Nested(id, member) => self.edit(id, |person| person.nested = member),
            Change::Vip(id, member) => self.edit(id, |person| person.vip = member),
            Change::LoseRemote(id) => {
                // Only with an edit to be sent: what nothing is sent for, a drift check finds.
                let living = self.people.get(&id).is_some_and(|person| person.user.status.deleted_since.is_none());
                let ours = self.records.get(&id).filter(|_| living).and_then(|record| record.remote_id.clone());
                let lost = ours.is_some_and(|remote_id| self.app.accounts.remove(&remote_id).is_some());
                lost && self.change(Change::Retitle(id))
            }
            Change::Foreign(address) => {
                self.foreign(&address.text());
                true
            }
            Change::AppOn(_)
            | Change::ContractorsOn(_)
            | Change::LocalNames(_)
            | Change::ScopeEveryone
            | Change::ScopeGroup(_)
            | Change::DeleteScopeGroup
            | Change::Policy { .. }
            | Change::TurnOff
            | Change::TurnOn
            | Change::Approve => self.configure(change),
        }
    }

    fn configure(&mut self, change: Change) -> bool {
        match change {
            Change::AppOn(on) => self.app_on = on,
            Change::ContractorsOn(on) => self.contractors_on = on,
            Change::LocalNames(local) => self.name_by(local),
            Change::ScopeEveryone => self.scope = ScopeSetting::Everyone,
            Change::ScopeGroup(members) => (self.scope, self.group_alive) = (ScopeSetting::Group(members), true),
            Change::DeleteScopeGroup => self.group_alive = false,
            Change::Policy { trigger, kind, period, confirmed } => return self.edit_policy(trigger, kind, period, confirmed),
            Change::TurnOff => self.connection.status = ConnectionStatus::Inactive,
            Change::TurnOn => {
                self.connection.status = ConnectionStatus::Active;
                self.connection.halt = None;
            }
            Change::Approve => {
                self.approve();
                return true;
            }
            other => unreachable!("{other:?} concerns one person"),
        }
        self.pass();
        true
    }

    fn name_by(&mut self, local: bool) {
        let source = kit::row("userName", if local { "user.username" } else { "user.primary_email" }).source;
        let rows = &mut self.connection.config.mapping;
        rows.iter_mut().filter(|row| row.target == "userName").for_each(|row| row.source = source.clone());
    }

    fn status(&mut self, id: i64, step: impl FnOnce(UserStatus) -> Option<UserStatus>) -> bool {
        let Some(person) = self.people.get_mut(&id).filter(|person| !person.purged) else { return false };
        let Some(status) = step(person.user.status.clone()) else { return false };
        person.user.status = status;
        self.mark(id);
        true
    }

    /// An edit of a living person.
    fn edit(&mut self, id: i64, edit: impl FnOnce(&mut Person)) -> bool {
        let Some(person) = self.people.get_mut(&id).filter(|person| person.user.status.deleted_since.is_none()) else {
            return false;
        };
        edit(person);
        self.mark(id);
        true
    }

    fn taken(&self, email: &str) -> bool {
        let living = |person: &&Person| person.user.status.deleted_since.is_none();
        self.people.values().filter(living).any(|person| person.user.primary_email == email)
    }

    fn join(&mut self, email: &str) -> bool {
        if self.taken(email) || self.people.len() >= 40 {
            return false;
        }
        let id = self.people.keys().last().map_or(1, |last| last + 1);
        self.add(id, email);
        true
    }

    pub(super) fn edit_policy(
        &mut self,
        trigger: Trigger,
        kind: RemovalKind,
        period: Option<GracePeriod>,
        confirmed: bool,
    ) -> bool {
        let old = self.connection.config.deprovisioning;
        let mut new = old;
        let action = period.map(|after| Action { after, edited_at: None });
        match kind {
            RemovalKind::Suspend => new.rule_mut(trigger).suspend = action,
            RemovalKind::HardDelete => new.rule_mut(trigger).hard_delete = action,
        }
        if new.check(self.connection.profile.suspend, self.connection.config.within_24_hours_delete).is_err() {
            return false;
        }
        self.connection.config.deprovisioning = new.as_edit_of(&old, confirmed, self.now);
        self.oracle.set_policy(trigger, kind, period, (!confirmed).then_some(self.now));
        if confirmed {
            self.oracle.confirm_policy();
        }
        self.pass();
        true
    }

    fn approve(&mut self) {
        for held in std::mem::take(&mut self.held) {
            let removal = held.removal;
            self.oracle.approve(held.user_id.get(), removal.kind, removal.trigger);
            self.approvals.push(Approval {
                user_id: held.user_id,
                kind: removal.kind,
                trigger: removal.trigger,
                since: removal.since,
                approved: true,
                decided_at: self.now,
            });
        }
    }

    /// Twenty days after the deletion the directory forgets.
    pub(super) fn purge(&mut self) {
        let now = self.now;
        let over = |person: &Person| {
            !person.purged && person.user.status.deleted_since.is_some_and(|since: Timestamp| now - since > RESTORE_WINDOW)
        };
        let over: Vec<i64> = self.people.iter().filter(|(_, person)| over(person)).map(|(id, _)| *id).collect();
        for id in over {
            let person = self.person(id);
            (person.purged, person.direct, person.nested, person.vip) = (true, false, false, false);
            self.mark(id);
        }
    }

    /// A pass: everybody is looked at, and marked unless at rest.
    fn pass(&mut self) {
        self.connection.revision += 1;
        let everybody: Vec<i64> = self.people.keys().copied().collect();
        for id in everybody {
            if self.rests(id) {
                self.observe(id);
            } else {
                self.mark(id);
            }
        }
    }

    pub(super) fn mark(&mut self, id: i64) {
        self.observe(id);
        let now = self.now;
        let record = self.record(id);
        record.marked += 1;
        record.entitlement_marked_at = now;
        record.due_at = Some(now);
    }
}
