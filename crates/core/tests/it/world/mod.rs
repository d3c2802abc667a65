//! A small world around the deciding functions: a directory, an app that can fail, virtual time, and the loop
//! view → decide → guard → settle as the engine runs it. Every request is judged by the [`Oracle`] at the moment it is
//! sent, and after every step the app is compared with what the oracle says must have happened by then.

mod app;
mod change;
mod check;
mod drive;
mod twins;
mod wire;

pub(crate) use app::{Fault, RemoteAccount, user_name};
pub(crate) use change::{Address, Change};

use crate::kit::{self, START, connection, object};
use app::FakeApp;
use provost_core::app::{ArchivedRule, Connection, ConnectionStatus, ScopeMembers};
use provost_core::directory::{User, email_domain};
use provost_core::ids::UserId;
use provost_core::provisioning::{
    Account, Approval, Decision, RemovalCandidate, ScopeVerdict, SentRemoval, ServiceVerdict, UserView, decide,
};
use provost_core::time::Timestamp;
use provost_oracle::{Facts, Oracle};
use serde_json::json;
use std::collections::{BTreeMap, VecDeque};

/// One user of the directory, with the memberships that count.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "memberships, which combine freely")]
pub(crate) struct Person {
    pub(crate) user: User,
    /// The directory has forgotten the user.
    pub(crate) purged: bool,
    /// A direct member of the scope group.
    pub(crate) direct: bool,
    /// A member of a group nested in the scope group.
    pub(crate) nested: bool,
    /// A member of the access group.
    pub(crate) vip: bool,
    /// Stands in the org unit that can be turned OFF.
    pub(crate) contractor: bool,
}

/// The scope as the administrator set it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScopeSetting {
    Everyone,
    Group(ScopeMembers),
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) now: Timestamp,
    pub(crate) people: BTreeMap<i64, Person>,
    pub(crate) app_on: bool,
    pub(crate) contractors_on: bool,
    pub(crate) scope: ScopeSetting,
    pub(crate) group_alive: bool,
    pub(crate) connection: Connection,
    pub(crate) app: FakeApp,
    pub(crate) records: BTreeMap<i64, Account>,
    pub(crate) sent: Vec<SentRemoval>,
    pub(crate) approvals: Vec<Approval>,
    pub(crate) held: Vec<RemovalCandidate>,
    /// For the next requests, in this order.
    pub(crate) faults: VecDeque<Option<Fault>>,
    /// Committed while the next request is under way.
    pub(crate) in_flight: VecDeque<Change>,
    /// What happened, for transcripts.
    pub(crate) log: Vec<String>,
    pub(crate) requests: u32,
    oracle: Oracle,
}

/// `day 3 01:00:00`.
pub(crate) fn moment(at: Timestamp) -> String {
    let seconds = (at - START).as_seconds();
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    format!("day {days} {:02}:{:02}:{:02}", rest / 3_600, rest / 60 % 60, rest % 60)
}

impl World {
    /// People 1 to `people`, entitled by default, in an app of this profile; nothing ticked.
    pub(crate) fn new(profile: &str, people: i64) -> Self {
        let connection = connection(profile);
        let mut world = Self {
            now: START,
            people: BTreeMap::new(),
            app_on: true,
            contractors_on: true,
            scope: ScopeSetting::Everyone,
            group_alive: true,
            app: FakeApp::new(connection.profile.matching_unique),
            connection,
            records: BTreeMap::new(),
            sent: Vec::new(),
            approvals: Vec::new(),
            held: Vec::new(),
            faults: VecDeque::new(),
            in_flight: VecDeque::new(),
            log: Vec::new(),
            requests: 0,
            oracle: Oracle::default(),
        };
        for id in 1..=people {
            world.add(id, &format!("user{id}@example.com"));
        }
        world
    }

    /// Archived users are treated as suspended.
    pub(crate) fn archived_as_suspended(mut self) -> Self {
        self.connection.config.archived = ArchivedRule::AsSuspended;
        self.oracle.archived_as_suspended = true;
        self
    }

    fn add(&mut self, id: i64, email: &str) {
        let mut user = kit::user(id, email);
        user.created_at = self.now;
        let person = Person { user, purged: false, direct: true, nested: false, vip: false, contractor: false };
        self.people.insert(id, person);
        self.records.insert(id, Account::new(UserId::new(id), email, self.now));
        self.observe(id);
    }

    fn service(&self, person: &Person) -> ServiceVerdict<'static> {
        match (person.contractor && !self.contractors_on, self.app_on, person.vip) {
            (false, true, _) => ServiceVerdict::OnByOrgUnit("/"),
            (_, _, true) => ServiceVerdict::OnByGroup("vip@example.com"),
            (true, _, false) => ServiceVerdict::OffByOrgUnit("/Contractors"),
            (false, false, false) => ServiceVerdict::OffByOrgUnit("/"),
        }
    }

    fn scope_of(&self, person: &Person) -> ScopeVerdict<'static> {
        let primary = email_domain(&person.user.primary_email) == "example.com";
        match self.scope {
            ScopeSetting::Everyone => ScopeVerdict::Everyone,
            ScopeSetting::Group(_) if self.no_living_group() => ScopeVerdict::NoLivingGroup,
            ScopeSetting::Group(_) if !primary => ScopeVerdict::SecondaryDomain("second.example"),
            ScopeSetting::Group(members) if person.direct || (person.nested && members == ScopeMembers::All) => {
                ScopeVerdict::MemberOf("eng@example.com")
            }
            ScopeSetting::Group(_) => ScopeVerdict::NotMember,
        }
    }

    /// In groups mode, and no group of the scope is alive.
    fn no_living_group(&self) -> bool {
        self.scope != ScopeSetting::Everyone && !self.group_alive
    }

    fn facts(&self, person: &Person) -> Facts {
        let status = &person.user.status;
        let scope = self.scope_of(person);
        Facts {
            suspended: status.suspended.is_some(),
            archived: status.archived_since.is_some(),
            deleted: status.deleted_since.is_some(),
            service_on: (self.app_on && (self.contractors_on || !person.contractor)) || person.vip,
            in_scope: matches!(scope, ScopeVerdict::Everyone | ScopeVerdict::MemberOf(_)),
            no_living_group: self.no_living_group(),
        }
    }

    fn observe(&mut self, id: i64) {
        let person = &self.people[&id];
        if !person.purged {
            self.oracle.see(id, self.facts(person), self.now);
        }
    }

    fn view(&self, id: i64) -> UserView<'_> {
        let person = &self.people[&id];
        let user = (!person.purged).then_some(&person.user);
        UserView {
            user_id: UserId::new(id),
            user,
            service: self.service(person),
            scope: self.scope_of(person),
            swap: None,
            twin: None,
            verdicts: &[],
            as_confirmed: false,
        }
    }

    /// What is decided of a user now.
    pub(crate) fn decision(&self, id: i64) -> Decision {
        self.decision_on(id, &self.records[&id])
    }

    /// What is decided of a user now who has this record.
    fn decision_on(&self, id: i64, record: &Account) -> Decision {
        let twin = self.twin(id);
        decide(&UserView { twin: twin.as_ref(), ..self.view(id) }, record, &self.connection, self.now)
    }

    /// The lines of `provost explain`.
    pub(crate) fn explain(&self, id: i64) -> Vec<String> {
        let (view, record) = (self.view(id), &self.records[&id]);
        provost_core::provisioning::explain(&view, record, &self.connection, &self.decision(id), self.now)
    }

    fn sends(&self) -> bool {
        self.connection.status == ConnectionStatus::Active && self.connection.halt.is_none()
    }

    fn linked(&self) -> usize {
        self.records.values().filter(|record| record.remote_id.is_some()).count()
    }

    fn person(&mut self, id: i64) -> &mut Person {
        self.people.get_mut(&id).expect("changes name people of this world")
    }

    fn record(&mut self, id: i64) -> &mut Account {
        self.records.get_mut(&id).expect("every person has a record")
    }

    /// An account that an administrator of the app made by hand.
    fn foreign(&mut self, email: &str) {
        let body = json!({ "userName": email, "externalId": "made-by-hand", "active": true, "title": "Guest" });
        if self.app.search(email).is_empty() {
            self.app.post(&object(body), None);
        }
    }
}
