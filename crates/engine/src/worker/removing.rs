//! The removals of a worker: judged when nothing else waits, and sent like everything else.

use super::Worker;
use crate::removals::judge;
use crate::sending::Ready;
use provost_core::app::Connection;
use provost_core::provisioning::Operation;
use provost_store::StoreError;
use std::time::Duration;
use tokio::time::Instant;

/// While a clock is not believed, the app is asked for its time this often.
const ASK_THE_TIME_EVERY: Duration = Duration::from_mins(1);

/// The shortest wait between two removal passes without a hint.
const JUDGE_EVERY: Duration = Duration::from_millis(500);

impl Worker {
    pub(super) async fn judge_removals(&mut self, connection: &Connection, sending: bool) -> Result<(), StoreError> {
        let rested = self.judged.is_none_or(|judged| judged.elapsed() >= JUDGE_EVERY);
        let rests = self.app.as_ref().is_some_and(|(_, _, health)| health.in_quarantine());
        if !sending || rests || !self.ready.is_empty() || !(rested || self.hinted) {
            return Ok(());
        }
        self.hinted = false;
        self.judged = Some(Instant::now());
        let app_ahead = self.client.as_ref().and_then(|(_, client)| client.app_ahead());
        let judged = judge(&self.store, self.id, app_ahead).await?;
        self.judge_again_at = judged.again_at;
        if judged.unbelieved {
            self.ask_the_time();
        }
        for (removal, subject) in judged.passed {
            if !self.in_flight.contains(&subject.account.user_id) {
                self.ready.push_back(Ready { subject, operation: Operation::Remove(removal) });
            }
        }
        self.start_ready(connection).await?;
        Ok(())
    }

    /// Nothing else may be sent for a while, so the app is asked for a page only to see its clock again.
    fn ask_the_time(&mut self) {
        let Some((_, client)) = &self.client else { return };
        if self.asked_the_time.is_some_and(|asked| asked.elapsed() < ASK_THE_TIME_EVERY) {
            return;
        }
        self.asked_the_time = Some(Instant::now());
        let client = client.aside();
        let store = self.store.clone();
        // Its clock stands in the answer, and whatever else the answer says will be said again.
        tokio::spawn(async move {
            drop(client.list(1, 1).await);
            store.wake();
        });
    }
}
