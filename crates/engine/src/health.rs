//! What the worker knows of its app's health, and its quarantine: while most requests fail, one operation at a growing
//! interval is the probe, and everything else waits without burning attempts.
//!
//! Removals are no probes: nothing is removed in quarantine. What is judged stands in `core::provisioning`; what outlives
//! the process in `store::apps::health`.

use crate::client::Client;
use provost_core::app::Connection;
use provost_core::ids::{ConnectionId, UserId};
use provost_core::provisioning::{Health, Outcome, Quarantine};
use provost_core::time::{Span, Timestamp};
use provost_store::apps::health::{self, ConnectionHealth};
use provost_store::{Store, StoreError};
use std::collections::HashSet;
use tokio::task::JoinHandle;

/// Counts with failures in them are kept this often.
const KEEP_EVERY: Span = Span::seconds(10);

/// Shorter pauses are not worth a row.
const PAUSE_KEPT: Span = Span::seconds(1);

/// Who asks in quarantine whether the app is back.
#[derive(Debug)]
enum Probe {
    /// The operation of this user.
    Operation(UserId),
    /// A page of one account, where no operation waits.
    Listing(JoinHandle<Result<(), String>>),
}

/// What a round may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MayStart {
    /// As many as the pace allows.
    All,
    /// One operation, as a probe.
    OneProbe,
    /// Nothing.
    Nothing,
}

/// The health of one connection's app.
#[derive(Debug)]
pub(crate) struct AppHealth {
    kept: ConnectionHealth,
    present: ConnectionHealth,
    kept_at: Timestamp,
    probe: Option<Probe>,
}

impl AppHealth {
    /// What was kept.
    pub(crate) async fn load(store: &Store, id: ConnectionId) -> Result<Self, StoreError> {
        let kept = health::get(store, id).await?;
        Ok(Self { present: kept.clone(), kept, kept_at: store.now(), probe: None })
    }

    /// Until when the app asked us to wait, as it was kept.
    pub(crate) const fn paused_until(&self) -> Option<Timestamp> {
        self.kept.paused_until
    }

    /// Whether the connection is in quarantine.
    pub(crate) const fn in_quarantine(&self) -> bool {
        self.present.quarantine.is_some()
    }

    /// When the next probe may go, in quarantine.
    pub(crate) fn next_probe_at(&self) -> Option<Timestamp> {
        self.present.quarantine.as_ref().map(|rest| rest.next_probe_at)
    }

    /// What may start now, with the operations of these users under way. Looks at the store in quarantine, where an
    /// administrator may have asked for a probe.
    pub(crate) async fn may_start(
        &mut self,
        store: &Store,
        id: ConnectionId,
        in_flight: &HashSet<UserId>,
    ) -> Result<MayStart, StoreError> {
        let Some(rest) = &mut self.present.quarantine else { return Ok(MayStart::All) };
        if matches!(&self.probe, Some(Probe::Operation(user)) if !in_flight.contains(user)) {
            // Its row had moved, and nothing was sent.
            self.probe = None;
        }
        let asked = health::get(store, id).await?.quarantine;
        if let Some(asked) = asked.filter(|asked| asked.since == rest.since) {
            rest.next_probe_at = rest.next_probe_at.min(asked.next_probe_at);
        }
        let due = rest.next_probe_at <= store.now();
        Ok(if due && self.probe.is_none() { MayStart::OneProbe } else { MayStart::Nothing })
    }

    /// The operation of this user is the probe.
    pub(crate) fn probing(&mut self, user: UserId) {
        self.probe = Some(Probe::Operation(user));
    }

    /// No operation waits: a page of one account is the probe.
    pub(crate) fn probe_by_listing(&mut self, client: &Client, store: &Store) {
        let (client, store) = (client.clone(), store.clone());
        self.probe = Some(Probe::Listing(tokio::spawn(async move {
            let answers = match client.list(1, 1).await {
                Ok(answer) if answer.status >= 500 || answer.status == 429 => Err(answer.message),
                Ok(_) => Ok(()),
                Err(lost) => Err(lost.words()),
            };
            store.wake();
            answers
        })));
    }

    /// Notes what the listing has told, if it was asked and has come back.
    pub(crate) async fn hear_listing(&mut self, now: Timestamp) {
        let Some(Probe::Listing(listing)) = &mut self.probe else { return };
        if !listing.is_finished() {
            return;
        }
        let answers = listing.await.unwrap_or_else(|error| Err(error.to_string()));
        self.probe = None;
        self.probed(answers.err().as_deref(), now);
    }

    /// Notes what came of a user's operation.
    pub(crate) fn note(&mut self, user: UserId, outcome: &Outcome, now: Timestamp) {
        let health = Health::of(outcome);
        if self.in_quarantine() {
            // What was under way when it began says nothing new.
            if !matches!(self.probe, Some(Probe::Operation(probing)) if probing == user) {
                return;
            }
            self.probe = None;
            match (health, outcome) {
                (Some(Health::Answers), _) => self.probed(None, now),
                (Some(Health::Fails), _) | (None, Outcome::Throttled { .. }) => self.probed(Some(words(outcome)), now),
                (None, _) => {}
            }
        } else if let Some(health) = health {
            self.present.outcomes.note(user, health, now);
            if health == Health::Fails && self.present.outcomes.are_mostly_failures(now) {
                self.present.quarantine = Some(Quarantine::begin(words(outcome), now));
            }
        }
    }

    fn probed(&mut self, failure: Option<&str>, now: Timestamp) {
        let Some(rest) = &self.present.quarantine else { return };
        match failure {
            Some(message) => self.present.quarantine = Some(rest.prolonged(message, now)),
            // The count begins anew: what failed before says nothing of the app as it is now.
            None => self.present = ConnectionHealth { paused_until: self.present.paused_until, ..ConnectionHealth::default() },
        }
    }

    /// Keeps what has changed and matters after a restart.
    pub(crate) async fn keep(
        &mut self,
        store: &Store,
        connection: &Connection,
        paused_until: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let now = store.now();
        if let Some(until) = paused_until.filter(|until| *until > now + PAUSE_KEPT) {
            self.present.paused_until = Some(until);
        }
        let counted = self.present.outcomes != self.kept.outcomes
            && (self.present.outcomes.counts(now).0 > 0 || self.kept.outcomes.counts(now).0 > 0)
            && now - self.kept_at >= KEEP_EVERY;
        let told = self.present.quarantine != self.kept.quarantine || self.present.paused_until != self.kept.paused_until;
        if told || counted {
            health::set(store, connection, &self.kept, &self.present).await?;
            self.kept = self.present.clone();
            self.kept_at = now;
        }
        Ok(())
    }
}

fn words(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Unavailable { message, .. }
        | Outcome::Unknown { message }
        | Outcome::Throttled { message, .. }
        | Outcome::Conflict { message }
        | Outcome::Rejected { message, .. }
        | Outcome::Unauthorized { message } => message,
        Outcome::Applied { .. }
        | Outcome::Found { .. }
        | Outcome::FoundHeld { .. }
        | Outcome::NotFound
        | Outcome::Ambiguous { .. }
        | Outcome::AlreadyGone
        | Outcome::Stale
        | Outcome::NotStarted => "",
    }
}
