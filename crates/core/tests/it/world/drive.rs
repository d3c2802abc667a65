//! The loop as the engine runs it, over virtual time.

use super::World;
use provost_core::provisioning::{
    Account, Decision, FailureKind, Intent, Jitter, Operation, OperationKind, ProvisioningEvent, RemovalCandidate, RemovalKind,
    SentRemoval, failure_after_look, guard, is_at_rest, settle,
};
use provost_core::time::{Span, Timestamp};

impl World {
    /// Lets time pass; everything that falls due on the way happens at its moment.
    pub(crate) fn advance(&mut self, span: Span) {
        let end = self.now + span;
        self.process();
        while let Some(next) = self.next_moment().filter(|next| *next <= end) {
            self.now = next;
            self.purge();
            self.process();
        }
        self.now = end;
        self.purge();
        self.process();
    }

    fn next_moment(&self) -> Option<Timestamp> {
        let due = self.records.values().filter_map(|record| record.due_at);
        // Removals that are held pass when older ones leave the window.
        let window = self.sent.iter().map(|sent| sent.at + Span::days(1));
        due.chain(window).filter(|at| *at > self.now).min()
    }

    /// Works until nothing is due, then compares.
    pub(crate) fn process(&mut self) {
        for round in 0.. {
            assert!(round < 100, "the loop does not come to rest at {}: {:?}", self.now, self.log.last());
            let due = |due_at: Option<Timestamp>| due_at.is_some_and(|due_at| due_at <= self.now);
            let due: Vec<i64> = self.records.iter().filter(|(_, record)| due(record.due_at)).map(|(id, _)| *id).collect();
            for id in &due {
                self.look(*id);
            }
            if !self.removals() && due.is_empty() {
                break;
            }
        }
        self.check_nothing_is_late();
    }

    fn look(&mut self, id: i64) {
        let decision = self.decision(id);
        let before = self.records[&id].clone();
        let record = self.looked_at(id, before.clone(), &decision);
        self.records.insert(id, record);
        self.wake_twins(id, &before);
        if let Some(operation) = decision.operation.filter(|_| self.sends()) {
            self.send(id, &operation);
        }
    }

    /// The record as a look that decides so leaves it.
    fn looked_at(&self, id: i64, mut record: Account, decision: &Decision) -> Account {
        let now = self.now;
        record.email.clone_from(&self.people[&id].user.primary_email);
        record.causes = decision.causes;
        record.removal = decision.removal;
        record.due_at = decision.wake_at;
        record.failure = failure_after_look(&record, decision, now);
        record
    }

    /// Whether a pass leaves the person unmarked; which it does exactly when a look would store nothing and send nothing.
    pub(super) fn rests(&self, id: i64) -> bool {
        let record = &self.records[&id];
        let marked = Account { marked: record.marked + 1, entitlement_marked_at: self.now, ..record.clone() };
        let decision = self.decision_on(id, &marked);
        let rests = is_at_rest(&marked, &self.people[&id].user.primary_email, &decision);
        let stored = self.looked_at(id, marked.clone(), &decision);
        // A removal that failed is tried again with the mark; the look itself neither stores nor sends it.
        let tried_again = marked.failure.is_some() && decision.removal_due.is_some();
        let idle = decision.operation.is_none() && marked.intent.is_none() && stored == marked && !tried_again;
        assert_eq!(rests, idle, "{}: {marked:?} is left as {stored:?} by {decision:?}", self.now);
        rests
    }

    /// Judges all removals that are due, and sends those that pass. Returns whether any did.
    fn removals(&mut self) -> bool {
        let due: Vec<RemovalCandidate> = self.records.keys().filter_map(|id| self.candidate(*id)).collect();
        self.held.clear();
        if !self.sends() {
            return false;
        }
        // A removal whose answer is not known may have been done.
        let uncertain =
            self.records.values().filter_map(|record| record.intent.as_ref()).filter_map(|intent| match intent.kind {
                OperationKind::Suspend => Some(RemovalKind::Suspend),
                OperationKind::HardDelete => Some(RemovalKind::HardDelete),
                OperationKind::LookUp | OperationKind::Create | OperationKind::Update | OperationKind::Restore => None,
            });
        let mut sent = self.sent.clone();
        sent.extend(uncertain.map(|kind| SentRemoval { kind, at: self.now }));
        let limits = self.connection.config.limits;
        let guarded = guard(&due, &sent, self.linked() as u64, &limits, &self.approvals, self.now);
        for hold in guarded.holds {
            self.check_hold(&hold);
            self.held.extend(hold.candidates);
        }
        let passed = !guarded.passed.is_empty();
        let revision = self.connection.revision;
        for removal in guarded.passed {
            let (id, marked) = (removal.candidate().user_id.get(), removal.candidate().marked);
            // The intent expects that nothing has moved since the guard looked.
            if self.sends() && self.connection.revision == revision && self.records[&id].marked == marked {
                self.send(id, &Operation::Remove(removal));
            }
        }
        passed && self.sends()
    }

    fn candidate(&self, id: i64) -> Option<RemovalCandidate> {
        let record = &self.records[&id];
        record.removal.filter(|removal| removal.due <= self.now)?;
        Some(RemovalCandidate {
            user_id: record.user_id,
            email: record.email.clone(),
            remote_id: record.remote_id.clone()?,
            removal: self.decision(id).removal_due?,
            marked: record.marked,
            revision: record.revision,
        })
    }

    fn send(&mut self, id: i64, operation: &Operation) {
        self.judge(id, operation);
        let matching = match operation {
            Operation::Create { matching, .. } => Some(matching.clone()),
            Operation::LookUp { .. } | Operation::Update { .. } | Operation::Restore { .. } | Operation::Remove(_) => None,
        };
        let record = self.record(id);
        if operation.kind() != OperationKind::LookUp {
            record.intent = Some(Intent { kind: operation.kind(), matching });
        }
        let begun = record.clone();
        let fault = self.faults.pop_front().flatten();
        let outcome = self.request(id, operation, fault);
        if let Some(change) = self.in_flight.pop_front() {
            self.change(change);
        }
        let settlement = settle(operation, &outcome, begun.clone(), &self.connection, self.now, Jitter(0.5));
        let (now, record) = (self.now, self.record(id));
        let moved = record.marked != begun.marked;
        let due_at = if moved { Some(now) } else { settlement.account.due_at };
        let (marked, entitlement_marked_at) = (record.marked, record.entitlement_marked_at);
        *record = Account { marked, entitlement_marked_at, due_at, ..settlement.account };
        self.connection.halt = settlement.halt.or(self.connection.halt.take());
        self.wake_twins(id, &begun);
        self.linked_to(id, operation, begun.remote_id.as_deref());
        let said = settlement.event.map_or("no event".to_owned(), |event| format!("{event:?}").to_lowercase());
        let when = super::moment(now);
        self.log.push(format!("{when} {} {}: {said}", operation.kind().word(), self.records[&id].email));
        let kind = match settlement.event {
            Some(ProvisioningEvent::Suspended) => Some(RemovalKind::Suspend),
            Some(ProvisioningEvent::HardDeleted) => Some(RemovalKind::HardDelete),
            _ => None,
        };
        self.sent.extend(kind.map(|kind| SentRemoval { kind, at: now }));
        self.wake_those_behind(id);
    }

    /// Those whose address was held by this account look again when it has been settled.
    fn wake_those_behind(&mut self, id: i64) {
        let now = self.now;
        if self.records[&id].failure.is_some() || self.records[&id].intent.is_some() {
            return;
        }
        for record in self.records.values_mut() {
            let Some(failure) = &mut record.failure else { continue };
            if matches!(&failure.kind, FailureKind::AddressHeld { by, .. } if by.get() == id) && failure.at < now {
                (failure.retry_at, record.due_at) = (Some(now), Some(now));
            }
        }
    }
}
