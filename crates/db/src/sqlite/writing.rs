//! Who commits: the caller itself while it is alone, otherwise the writing thread, for all that wait at once.
//!
//! A commit waits for the disk. Alone, a caller saves two wake-ups by waiting on its own thread; as soon as a second one appears,
//! they share a COMMIT, and nobody's runtime waits. On a disk that is slow, the thread is the better place always.

use super::group::Writer;
use crate::batch::{Batch, Lane, Outcome};
use crate::error::DbError;
use crate::queue::{CloseOnDrop, Queue};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Batches that may wait in each lane.
const QUEUE_CAPACITY: usize = 1_024;
/// Statements that share a COMMIT.
const GROUP_STATEMENTS_MAX: usize = 512;
/// A batch of more statements is nothing for the caller's thread.
const HERE_STATEMENTS_MAX: usize = 16;
/// A commit that took longer was nothing for it either.
const HERE_TIME_MAX: Duration = Duration::from_millis(5);
/// So many groups of one must follow before a caller may commit itself again.
const DETOURS: u32 = 32;

struct Job {
    batch: Batch,
    answer: oneshot::Sender<Outcome>,
}

/// The writer and those who wait for it.
pub(super) struct Writing {
    writer: Mutex<Writer>,
    queue: Arc<Queue<Job>>,
    /// How many more go through the thread, because callers met.
    detours: AtomicU32,
}

/// The callers' end. When it is dropped, new batches are refused, and the thread commits those that wait and ends.
pub(super) struct Callers(Arc<Writing>);

impl Drop for Callers {
    fn drop(&mut self) {
        self.0.queue.close();
    }
}

impl std::ops::Deref for Callers {
    type Target = Writing;

    fn deref(&self) -> &Writing {
        &self.0
    }
}

impl Writing {
    /// The callers' end and the thread's.
    pub(super) fn new(writer: Writer) -> (Callers, Arc<Self>) {
        let queue = Arc::new(Queue::new(QUEUE_CAPACITY));
        let writing = Arc::new(Self { writer: Mutex::new(writer), queue, detours: AtomicU32::new(0) });
        (Callers(Arc::clone(&writing)), writing)
    }

    /// Commits on this thread; `None` when the batch is for the writing thread.
    pub(super) fn commit_here(&self, batch: &Batch) -> Option<Outcome> {
        let is_small = batch.lane == Lane::Interactive && batch.statements.len() <= HERE_STATEMENTS_MAX;
        if !is_small || self.detours.load(Ordering::Relaxed) > 0 || !self.queue.is_empty() {
            return None;
        }
        let Ok(mut writer) = self.writer.try_lock() else {
            self.detours.store(DETOURS, Ordering::Relaxed);
            return None;
        };
        let started = Instant::now();
        let outcome = writer.commit_at_once(batch);
        drop(writer);
        if outcome.is_none() || started.elapsed() > HERE_TIME_MAX {
            self.detours.store(DETOURS, Ordering::Relaxed);
        }
        outcome
    }

    /// Commits on the writing thread, with whatever waits at the same time.
    pub(super) async fn commit(&self, batch: Batch) -> Outcome {
        let (answer, answered) = oneshot::channel();
        let (lane, weight) = (batch.lane, batch.statements.len());
        self.queue.push(lane, weight, Job { batch, answer }).await?;
        answered.await.unwrap_or(Err(DbError::Closed.into()))
    }

    /// The writing thread.
    pub(super) fn run(&self) {
        let queue = CloseOnDrop(Arc::clone(&self.queue));
        while queue.0.wait_blocking() {
            // A panic in the writer leaves nobody knows what: the database is closed.
            let Ok(mut writer) = self.writer.lock() else { return };
            // Taken now: whoever came while another was committing shares the next COMMIT.
            let Some(jobs) = queue.0.take_blocking(GROUP_STATEMENTS_MAX) else { return };
            let batches: Vec<&Batch> = jobs.iter().map(|job| &job.batch).collect();
            let outcomes = writer.commit(&batches);
            drop(writer);
            let detours = if jobs.len() > 1 { DETOURS } else { self.detours.load(Ordering::Relaxed).saturating_sub(1) };
            self.detours.store(detours, Ordering::Relaxed);
            for (job, outcome) in jobs.into_iter().zip(outcomes) {
                // A caller that has gone away does not undo its batch.
                let _ = job.answer.send(outcome);
            }
        }
    }
}
