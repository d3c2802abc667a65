//! Pages that cannot be had: waited for, asked for again, or given up.

use super::{ATTEMPTS_AT_FIRST_CONTACT, ATTEMPTS_MAX, Desk, Lister, Step};
use crate::client::Answer;
use provost_core::provisioning::{Jitter, Outcome, retry_delay};
use provost_store::remote::{self, Listing, ListingState, Purpose};
use provost_store::{Store, StoreError};

impl Lister {
    pub(super) async fn failed(
        &mut self,
        desk: Desk<'_>,
        listing: &Listing,
        outcome: Outcome,
        answer: &Answer,
    ) -> Result<Step, StoreError> {
        let cursor = answer.scim_type.as_deref().is_some_and(|kind| matches!(kind, "invalidCursor" | "expiredCursor"));
        if cursor && self.attempts < ATTEMPTS_MAX {
            // RFC 9865 section 2.1: a cursor that has expired; the list begins anew.
            self.attempts += 1;
            self.open = Some(remote::restart(desk.store, listing).await?);
            return Ok(Step::Moved);
        }
        self.unanswered(desk, listing, outcome).await
    }

    pub(super) async fn unanswered(&mut self, desk: Desk<'_>, listing: &Listing, outcome: Outcome) -> Result<Step, StoreError> {
        match outcome {
            // A refused token stops the connection.
            Outcome::NotStarted | Outcome::Unauthorized { .. } => {
                self.rest();
                Ok(Step::Rests)
            }
            // The pace has heard it too.
            Outcome::Throttled { .. } => Ok(Step::Moved),
            Outcome::Unavailable { message, .. } | Outcome::Unknown { message } => self.try_again(desk, listing, &message).await,
            Outcome::Rejected { message, .. } | Outcome::Conflict { message } => {
                self.give_up(desk.store, listing, &format!("the app refused the list: {message}")).await?;
                Ok(Step::Moved)
            }
            Outcome::Applied { .. }
            | Outcome::Found { .. }
            | Outcome::FoundHeld { .. }
            | Outcome::NotFound
            | Outcome::Ambiguous { .. }
            | Outcome::AlreadyGone
            | Outcome::Stale => self.try_again(desk, listing, "the app's answer is not a SCIM list").await,
        }
    }

    pub(super) async fn try_again(&mut self, desk: Desk<'_>, listing: &Listing, message: &str) -> Result<Step, StoreError> {
        self.attempts += 1;
        let at_most = match listing.purpose {
            Purpose::FirstContact => ATTEMPTS_AT_FIRST_CONTACT,
            Purpose::DriftCheck => ATTEMPTS_MAX,
        };
        if self.attempts >= at_most {
            self.give_up(desk.store, listing, message).await?;
        } else {
            self.not_before = Some(desk.store.now() + retry_delay(self.attempts, Jitter(0.5)));
        }
        Ok(Step::Moved)
    }

    /// Ends a listing that is not whole. A first contact goes on with look-ups.
    pub(super) async fn give_up(&mut self, store: &Store, listing: &Listing, why: &str) -> Result<(), StoreError> {
        (self.open, self.attempts, self.not_before) = (None, 0, None);
        let state = match listing.purpose {
            Purpose::FirstContact => ListingState::Skipped,
            Purpose::DriftCheck => ListingState::Failed,
        };
        remote::finish(store, listing, state, Some(why), listing.counts).await
    }
}
