//! The directory and the configuration as the simulator's own history knows them, and what follows for each user.

use provost_core::app::ScopeMembers;
use provost_core::ids::{GroupId, UserId};
use provost_core::time::{Span, Timestamp};
use provost_oracle::{Facts, Oracle};
use std::collections::BTreeMap;

/// What was decided just before a user ceased to be wanted may still be sent within this time: it waits for its turn.
pub(super) const UNDER_WAY: Span = Span::seconds(31);

/// One user, with the memberships that count.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "flags and memberships, which combine freely")]
pub(super) struct Person {
    pub(super) id: UserId,
    pub(super) email: String,
    pub(super) given_name: String,
    pub(super) family_name: String,
    pub(super) suspended: bool,
    pub(super) archived: bool,
    pub(super) deleted: bool,
    /// A direct member of the scope group.
    pub(super) direct: bool,
    /// A member of the group that is nested in it.
    pub(super) nested: bool,
    /// A member of the access group.
    pub(super) vip: bool,
    /// Stands in the org unit that can be turned OFF.
    pub(super) contractor: bool,
}

/// The scope as the administrator set it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScopeSetting {
    Everyone,
    Group(ScopeMembers),
}

/// Where the app is ON.
#[derive(Debug, Clone, Copy)]
pub(super) struct Access {
    /// Where nothing else is said.
    pub(super) app_on: bool,
    /// In the contractors' org unit.
    pub(super) contractors_on: bool,
}

/// Everything that was committed so far.
#[derive(Debug)]
pub(super) struct Model {
    /// In the order in which they joined.
    pub(super) people: Vec<Person>,
    pub(super) access: Access,
    pub(super) scope: ScopeSetting,
    /// The scope group, while it lives.
    pub(super) group: Option<GroupId>,
    pub(super) active: bool,
    pub(super) turned_off_at: Timestamp,
    pub(super) oracle: Oracle,
    /// Since when those are not wanted who are not.
    unwanted_since: BTreeMap<i64, Timestamp>,
}

impl Model {
    pub(super) fn new(archived_as_suspended: bool, unseen: Span) -> Self {
        Self {
            people: Vec::new(),
            access: Access { app_on: true, contractors_on: true },
            scope: ScopeSetting::Everyone,
            group: None,
            active: false,
            turned_off_at: Timestamp(0),
            oracle: Oracle::new(archived_as_suspended, unseen),
            unwanted_since: BTreeMap::new(),
        }
    }

    /// In groups mode, and no group of the scope is alive.
    pub(super) fn no_living_group(&self) -> bool {
        self.scope != ScopeSetting::Everyone && self.group.is_none()
    }

    fn facts(&self, person: &Person) -> Facts {
        let in_scope = match self.scope {
            ScopeSetting::Everyone => true,
            ScopeSetting::Group(members) => {
                let member = person.direct || (person.nested && members == ScopeMembers::All);
                member && !person.email.ends_with("@second.example")
            }
        };
        Facts {
            suspended: person.suspended,
            archived: person.archived,
            deleted: person.deleted,
            service_on: (self.access.app_on && (self.access.contractors_on || !person.contractor)) || person.vip,
            in_scope,
            no_living_group: self.no_living_group(),
        }
    }

    /// Something was committed at `now`: everybody's clocks follow.
    pub(super) fn observe(&mut self, now: Timestamp) {
        for person in &self.people {
            let (id, facts) = (person.id.get(), self.facts(person));
            self.oracle.see(id, facts, now);
            if facts.wanted() {
                self.unwanted_since.remove(&id);
            } else {
                self.unwanted_since.entry(id).or_insert(now);
            }
        }
    }

    /// Wanted now, or so short a time ago that what was decided then may be under way.
    pub(super) fn was_wanted(&self, user: i64, now: Timestamp) -> bool {
        self.unwanted_since.get(&user).is_none_or(|since| now - *since <= UNDER_WAY)
    }

    /// Whether a cause holds for longer than what was decided before it may be under way.
    pub(super) fn is_leaving(&self, user: i64, now: Timestamp) -> bool {
        self.oracle.first_cause(user).is_some_and(|since| now - since > UNDER_WAY)
    }

    /// The living user who bears an address.
    pub(super) fn bearer(&self, email: &str) -> Option<&Person> {
        self.people.iter().find(|person| !person.deleted && person.email.eq_ignore_ascii_case(email))
    }
}
