//! What the oracle says of each request when it is sent, and of the app after every step.

use super::wire::expected_body;
use super::{Change, World, user_name};
use provost_core::provisioning::{Hold, Operation, RemovalKind};
use provost_core::time::Span;
use provost_oracle::Oracle;

impl World {
    /// Not too early, not for the wrong user: called before a request is sent.
    pub(super) fn judge(&self, id: i64, operation: &Operation) {
        let (oracle, now) = (&self.oracle, self.now);
        assert!(self.sends(), "{id}: {} is sent while the connection is off", operation.kind().word());
        assert!(!oracle.left_alone(id), "{id}: {} is sent for an archived user at {now}", operation.kind().word());
        let remote_id = match operation {
            Operation::LookUp { .. } => return,
            Operation::Create { .. } => {
                assert!(oracle.wanted(id), "{id}: an account is made for a user who is to have none, at {now}");
                assert_eq!(self.accounts_of(id), Vec::<String>::new(), "{id}: a second account at {now}");
                return;
            }
            Operation::Update { remote_id, .. } | Operation::Restore { remote_id, .. } => {
                assert_eq!(oracle.first_cause(id), None, "{id}: updated while a cause holds, at {now}");
                // Without a living scope group only creates and removals are held.
                let on = oracle.facts(id).service_on && self.no_living_group();
                assert!(oracle.wanted(id) || on, "{id}: updated and not entitled, at {now}");
                remote_id
            }
            Operation::Remove(removal) => {
                let (kind, removal) = (removal.candidate().removal.kind, removal.candidate());
                let due = oracle.may_go(id, kind);
                assert!(!oracle.wanted(id), "{id}: {kind:?} of an entitled, active user at {now}");
                assert!(due.is_some_and(|due| due <= now), "{id}: {kind:?} at {now}, due at {due:?}");
                assert!(!self.no_living_group(), "{id}: {kind:?} while the scope has no living group");
                &removal.remote_id
            }
        };
        let owner = self.app.accounts.get(remote_id).and_then(|account| account.owner);
        assert!(owner.is_none_or(|owner| owner == id), "{id}: touches the account of {owner:?}");
    }

    /// A record has been settled: a remote id belongs to one user, and nobody's account is taken up without a reason.
    pub(super) fn linked_to(&mut self, id: i64, operation: &Operation, before: Option<&str>) {
        let Some(remote_id) = self.records[&id].remote_id.clone().filter(|now| Some(now.as_str()) != before) else { return };
        let others = self.records.iter().filter(|(other, record)| **other != id && record.remote_id.as_ref() == Some(&remote_id));
        assert_eq!(others.count(), 0, "{id}: {remote_id} is linked twice");
        let wanted = self.oracle.wanted(id);
        let looked = matches!(operation, Operation::LookUp { .. });
        let Some(account) = self.app.accounts.get_mut(&remote_id) else { return };
        assert!(account.owner.is_none_or(|owner| owner == id), "{id}: adopts the account of {:?}", account.owner);
        if account.owner.is_none() {
            assert!(wanted || !looked, "{id}: adopts an account that is not ours, and is to have none");
            account.owner = Some(id);
        }
    }

    pub(super) fn check_hold(&self, hold: &Hold) {
        let (gone, limit) = (hold.sent, Oracle::limit(self.linked()) as u64);
        assert!(
            gone + hold.candidates.len() as u64 > limit,
            "{:?} held without need: {gone} + {}",
            hold.kind,
            hold.candidates.len()
        );
    }

    /// The app's accounts that were made for this user, or adopted.
    pub(crate) fn accounts_of(&self, id: i64) -> Vec<String> {
        self.app.accounts.iter().filter(|(_, account)| account.owner == Some(id)).map(|(remote, _)| remote.clone()).collect()
    }

    /// Not too late, not forgotten: whatever is due has been done, unless it is held, failing, or off.
    pub(super) fn check_nothing_is_late(&self) {
        if !self.sends() {
            return;
        }
        for (id, record) in &self.records {
            let accounts = self.accounts_of(*id);
            assert!(accounts.len() <= 1, "{id}: has {accounts:?}");
            let excused = record.failure.is_some() || record.intent.is_some() || self.oracle.left_alone(*id);
            let held =
                |kind: RemovalKind| self.held.iter().any(|held| held.user_id == record.user_id && held.removal.kind == kind);
            if excused || self.no_living_group() {
                continue;
            }
            let account = accounts.first().map(|remote| &self.app.accounts[remote]);
            let due = |kind: RemovalKind| self.oracle.must_go(*id, kind).is_some_and(|due| due <= self.now);
            if due(RemovalKind::HardDelete) {
                let gone = account.is_none() || held(RemovalKind::HardDelete);
                assert!(gone, "{id}: still there at {}, due {:?}", self.now, self.oracle.must_go(*id, RemovalKind::HardDelete));
            } else if due(RemovalKind::Suspend) {
                let active = account.is_some_and(|account| account.body["active"] == true);
                assert!(!active || held(RemovalKind::Suspend), "{id}: still active at {}", self.now);
            } else if self.oracle.wanted(*id) {
                let body = account.map(|account| account.body.clone());
                assert_eq!(
                    body,
                    Some(expected_body(&self.people[id].user, &self.name_of(*id))),
                    "{id}: not as the directory says at {}",
                    self.now
                );
            }
        }
    }

    /// The faults are over: whatever waits is tried again, everything held is approved, and in the end the app is as the
    /// directory says, or the user stands in the failures with a reason that is true.
    pub(crate) fn finish(&mut self) {
        self.faults.clear();
        self.in_flight.clear();
        self.change(Change::TurnOn);
        for _ in 0..25 {
            self.advance(Span::days(2));
            self.change(Change::Approve);
            self.process();
        }
        self.change(Change::TurnOn);
        self.advance(Span::days(3));
        for (id, record) in &self.records {
            assert!(record.intent.is_none() || self.oracle.left_alone(*id) || !self.oracle.wanted(*id), "{id}: left uncertain");
            let Some(failure) = &record.failure else { continue };
            let name = self.name_of(*id);
            let own = self.accounts_of(*id);
            let rival = self.app.search(&name).into_iter().any(|remote| !own.contains(&remote));
            let waits = self.oracle.left_alone(*id) || self.no_living_group();
            let shared = self.oracle.wanted(*id)
                && self.people.keys().any(|other| other != id && self.oracle.wanted(*other) && self.name_of(*other) == name);
            assert!(rival || waits || shared, "{id}: fails without a reason: {failure:?}");
        }
        let names: Vec<&str> = self.app.accounts.values().map(|account| user_name(&account.body)).collect();
        let distinct: std::collections::BTreeSet<&str> = names.iter().copied().collect();
        assert!(!self.app.unique || distinct.len() == names.len(), "the app has a name twice");
    }
}
