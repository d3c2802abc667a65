//! What a worker does with answers: settles them, many at a time, until none is outstanding.

use super::Worker;
use crate::settling::of_outcome;
use provost_core::app::Connection;
use provost_core::ids::UserId;
use provost_store::accounts::{SettleResult, Settled};
use provost_store::{StoreError, accounts, apps};

/// The accounts that are settled in one go.
const SETTLE: usize = 200;

impl Worker {
    pub(super) async fn settle_finished(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let mut settled = Vec::new();
        let mut halted = None;
        let now = self.store.now();
        while settled.len() < SETTLE {
            let Some(finished) = self.finished.pop_front().or_else(|| self.results.try_recv().ok()) else { break };
            if let Some((_, _, health)) = &mut self.app {
                health.note(finished.account.user_id, &finished.outcome, now);
            }
            let (one, halt) = of_outcome(connection, finished, now);
            halted = halt.or(halted);
            settled.push(one);
        }
        if let Some((_, pacer, health)) = &mut self.app {
            health.hear_listing(now).await;
            health.keep(&self.store, connection, pacer.paused_until()).await?;
        }
        if let Some(halt) = halted {
            self.halt(&halt).await?;
        }
        let users: Vec<UserId> = settled.iter().map(|one| one.before.user_id).collect();
        self.store_settled(connection, settled).await?;
        for user in users {
            self.in_flight.remove(&user);
        }
        Ok(())
    }

    pub(super) async fn store_settled(&mut self, connection: &Connection, settled: Vec<Settled>) -> Result<(), StoreError> {
        if settled.is_empty() {
            return Ok(());
        }
        let users: Vec<UserId> = settled.iter().map(|one| one.before.user_id).collect();
        let results = accounts::settle(&self.store, connection, settled).await?;
        for (user, result) in users.into_iter().zip(results) {
            match result {
                SettleResult::Stored => {}
                // Another account of ours took the remote id in between: the intent stands, and the look-up finds its holder.
                SettleResult::RemoteHeld => {
                    tracing::warn!(connection = %self.id, %user, "the account found belongs to another user");
                }
                SettleResult::Moved => {
                    tracing::warn!(connection = %self.id, %user, "the account's row has moved; it is decided anew");
                }
            }
        }
        Ok(())
    }

    /// Waits for the requests under way, and settles them.
    pub(super) async fn drain(&mut self) {
        if let Some((_, client)) = &self.client {
            client.gate.close();
        }
        while !self.in_flight.is_empty() {
            let Some(finished) = self.results.recv().await else { return };
            self.finished.push_back(finished);
            let settled = match apps::connections::get(&self.store, self.id).await {
                Ok(connection) => self.settle_finished(&connection).await,
                Err(error) => Err(error),
            };
            if let Err(error) = settled {
                tracing::error!(connection = %self.id, %error, "requests under way could not be settled; they are looked up at the next start");
                return;
            }
        }
    }
}
