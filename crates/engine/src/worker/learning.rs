//! What a worker does with what its app announces.

use super::{Next, Worker};
use crate::announcement::Turn;
use provost_core::app::Connection;
use provost_store::StoreError;

impl Worker {
    /// Learns what the app announces; answers what the round does instead of going on, if anything.
    pub(super) async fn learn(&mut self, connection: &Connection, sending: bool) -> Result<Option<Next>, StoreError> {
        let (true, Some((_, client)), Some((_, _, health))) = (sending, &self.client, &self.app) else { return Ok(None) };
        match self.learner.step(&self.store, connection, client, health.in_quarantine()).await? {
            Turn::GoOn => Ok(None),
            Turn::Wait => Ok(Some(Next::Wait(self.look_every))),
            Turn::Learned => Ok(Some(Next::Again)),
        }
    }
}
