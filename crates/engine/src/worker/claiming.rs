//! What a worker decides: those who are due, as many as it can send for soon; and of everybody else, whose turn may be an hour
//! away, the clocks.

use super::Worker;
use super::finishing::store_settled;
use crate::listing::adopted;
use crate::sending::{Marks, Ready, as_decided, seen_after_marks};
use crate::settling::of_decision;
use provost_core::app::Connection;
use provost_core::provisioning::{Operation, decide};
use provost_store::accounts::Seen;
use provost_store::{StoreError, accounts};

/// The accounts that are decided in one go.
const GROUP: usize = 256;

impl Worker {
    /// Decides what is due; what needs no request is settled at once. Returns how many accounts were decided.
    pub(super) async fn claim(&mut self, connection: &Connection, sending: bool) -> Result<usize, StoreError> {
        if !self.ready.is_empty() {
            return Ok(0);
        }
        let now = self.store.now();
        let due = accounts::due_versions(&self.store, self.id, now, GROUP + self.in_flight.len()).await?;
        let marks: Marks = due.into_iter().filter(|(user, _)| !self.in_flight.contains(user)).collect();
        if marks.is_empty() {
            return Ok(0);
        }
        let (rules, due) = seen_after_marks(&self.store, self.id, &marks).await?;
        let decided = due.len();
        if rules.connection.revision != connection.revision {
            // Turned on or off, or edited, since this round began: whether to send was asked of the old row.
            return Ok(decided);
        }
        let mut quiet = Vec::new();
        for subject in due {
            let decision = decide(&rules.view(&subject), &subject.account, &rules.connection, now);
            if let Some(operation) = decision.operation.clone().filter(|_| sending) {
                self.ready.push_back(Ready::of(subject, &decision, operation));
                continue;
            }
            self.hinted |= decision.removal_due.is_some();
            let email = subject.user.as_ref().map_or(subject.account.email.clone(), |user| user.primary_email.clone());
            quiet.push(of_decision(&rules.connection, subject.account, &email, &decision, now));
        }
        let creates = self.ready.iter().any(|ready| matches!(ready.operation, Operation::Create { .. }));
        if creates && !self.lister.may_create(&self.store, &rules.connection).await? {
            // They stay due: the app is listed first.
            self.ready.retain(|ready| !matches!(ready.operation, Operation::Create { .. }));
        }
        quiet.extend(adopted(&self.store, &rules.connection, &mut self.ready).await?);
        store_settled(&self.store, &rules.connection, quiet).await?;
        Ok(decided)
    }

    /// Starts and ends the clocks of those who cannot be claimed now: the app has asked for a pause or is in quarantine, the queue
    /// is longer than the rate, or a request of theirs is under way. A loss of access that ends and begins again meanwhile would
    /// else keep its first clock. They stay due, and whoever of them is in the queue is claimed again. Returns how many there were.
    pub(super) async fn look(&mut self) -> Result<usize, StoreError> {
        let marks: Marks = accounts::unseen_versions(&self.store, self.id, GROUP).await?.into_iter().collect();
        if marks.is_empty() {
            return Ok(0);
        }
        let (rules, subjects) = seen_after_marks(&self.store, self.id, &marks).await?;
        let now = self.store.now();
        let decided = subjects.into_iter().map(|subject| {
            let decision = decide(&rules.view(&subject), &subject.account, &rules.connection, now);
            Seen { after: as_decided(subject.account.clone(), &decision), before: subject.account }
        });
        accounts::see(&self.store, &rules.connection, &decided.collect::<Vec<_>>()).await?;
        self.ready.retain(|ready| !marks.contains_key(&ready.subject.account.user_id));
        Ok(marks.len())
    }
}
