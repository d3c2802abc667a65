//! What a worker does with answers: settles them, many at a time, until none is outstanding.

use super::Worker;
use crate::settling::of_outcome;
use provost_core::app::Connection;
use provost_core::ids::UserId;
use provost_store::accounts::{SettleResult, Settled};
use provost_store::{Store, StoreError, accounts, apps};
use std::time::Duration;

/// The accounts that are settled in one go.
const SETTLE: usize = 400;

/// Where operations are begun ahead, so many answers are worth a commit of their own.
const GROUP: usize = 64;

/// How long they are waited for.
const GATHER: Duration = Duration::from_millis(2);

impl Worker {
    /// While more operations are begun than there are places, nobody waits for the answers that have come: a few more come
    /// meanwhile, and one commit stores them all.
    pub(super) async fn gather(&mut self) {
        let places = self.app.as_ref().map_or(usize::MAX, |(_, pacer, _)| pacer.places());
        if self.in_flight.len() > places && self.finished.len() + self.results.len() < GROUP {
            tokio::time::sleep(GATHER).await;
        }
    }

    /// The answers that have come, as they are to be stored. Their users stay in flight until [`Self::let_go`].
    pub(super) async fn take_finished(&mut self, connection: &Connection) -> Result<Vec<Settled>, StoreError> {
        let mut settled = Vec::new();
        let now = self.store.now();
        while settled.len() < SETTLE {
            let Some(finished) = self.finished.pop_front().or_else(|| self.results.try_recv().ok()) else { break };
            if let Some((_, _, health)) = &mut self.app {
                health.note(finished.account.user_id, &finished.outcome, now);
            }
            let one = of_outcome(connection, finished, now);
            if let (Some(remote_id), None) = (&one.before.remote_id, &one.after.remote_id) {
                self.lister.removed(remote_id);
            }
            settled.push(one);
        }
        if let Some((_, pacer, health)) = &mut self.app {
            health.hear_listing(now).await;
            health.keep(&self.store, connection, pacer.paused_until()).await?;
        }
        Ok(settled)
    }

    /// These users are no longer in flight.
    pub(super) fn let_go(&mut self, users: &[UserId]) {
        self.settling = 0;
        for user in users {
            self.in_flight.remove(user);
        }
    }

    /// Waits for the requests under way, and settles them.
    pub(super) async fn drain(&mut self) {
        if let Some((_, client)) = &self.client {
            client.gate.close();
        }
        while !self.in_flight.is_empty() {
            let Some(finished) = self.results.recv().await else { return };
            self.finished.push_back(finished);
            if let Err(error) = self.settle_finished().await {
                tracing::error!(connection = %self.id, %error, "requests under way could not be settled; they are looked up at the next start");
                return;
            }
        }
    }

    async fn settle_finished(&mut self) -> Result<(), StoreError> {
        let connection = apps::connections::get(&self.store, self.id).await?;
        let settled = self.take_finished(&connection).await?;
        self.heed_refusals(&connection).await?;
        let users: Vec<UserId> = settled.iter().map(|one| one.before.user_id).collect();
        store_settled(&self.store, &connection, settled).await?;
        self.let_go(&users);
        Ok(())
    }
}

pub(super) async fn store_settled(store: &Store, connection: &Connection, settled: Vec<Settled>) -> Result<(), StoreError> {
    if settled.is_empty() {
        return Ok(());
    }
    let users: Vec<UserId> = settled.iter().map(|one| one.before.user_id).collect();
    let results = accounts::settle(store, connection, settled).await?;
    for (user, result) in users.into_iter().zip(results) {
        match result {
            SettleResult::Stored => {}
            // Another account of ours took the remote id in between: the intent stands, and the look-up finds its holder.
            SettleResult::RemoteHeld => {
                tracing::warn!(connection = %connection.id, %user, "the account found belongs to another user");
            }
            SettleResult::Moved => {
                tracing::warn!(connection = %connection.id, %user, "the account's row has moved; it is decided anew");
            }
        }
    }
    Ok(())
}
