//! The bounded queue in front of a writer or of a set of readers: two lanes, interactive before bulk.
//!
//! Callers wait asynchronously for room. The side that takes may be a thread ([`Queue::take_blocking`]) or a task
//! ([`Queue::take`]). It knows nothing of what it carries but the weight.

use crate::batch::Lane;
use crate::error::DbError;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// A queue of `T`; share it in an `Arc`.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    lanes: Mutex<Lanes<T>>,
    for_threads: Condvar,
    for_tasks: Notify,
    interactive_room: Arc<Semaphore>,
    bulk_room: Arc<Semaphore>,
}

#[derive(Debug)]
struct Lanes<T> {
    interactive: VecDeque<Waiting<T>>,
    bulk: VecDeque<Waiting<T>>,
    closed: bool,
}

#[derive(Debug)]
struct Waiting<T> {
    item: T,
    weight: usize,
    /// Its place in the queue, given back when it is taken.
    _place: OwnedSemaphorePermit,
}

/// Closes the queue when its taker ends for whatever reason, so that nobody waits for an answer that cannot come.
#[derive(Debug)]
pub(crate) struct CloseOnDrop<T>(pub(crate) Arc<Queue<T>>);

impl<T> Drop for CloseOnDrop<T> {
    fn drop(&mut self) {
        self.0.close();
        let mut lanes = self.0.lock();
        lanes.interactive.clear();
        lanes.bulk.clear();
    }
}

impl<T> Queue<T> {
    /// A queue with room for `capacity` items in each lane.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            lanes: Mutex::new(Lanes { interactive: VecDeque::new(), bulk: VecDeque::new(), closed: false }),
            for_threads: Condvar::new(),
            for_tasks: Notify::new(),
            interactive_room: Arc::new(Semaphore::new(capacity)),
            bulk_room: Arc::new(Semaphore::new(capacity)),
        }
    }

    /// Waits for room in the lane, then queues the item. Until it returns, dropping the future withdraws the item.
    pub(crate) async fn push(&self, lane: Lane, weight: usize, item: T) -> Result<(), DbError> {
        let room = match lane {
            Lane::Interactive => &self.interactive_room,
            Lane::Bulk => &self.bulk_room,
        };
        let place = Arc::clone(room).acquire_owned().await.map_err(|_| DbError::Closed)?;
        let mut lanes = self.lock();
        if lanes.closed {
            return Err(DbError::Closed);
        }
        let waiting = Waiting { item, weight, _place: place };
        match lane {
            Lane::Interactive => lanes.interactive.push_back(waiting),
            Lane::Bulk => lanes.bulk.push_back(waiting),
        }
        drop(lanes);
        self.for_threads.notify_one();
        self.for_tasks.notify_one();
        Ok(())
    }

    /// Blocks until something waits; takes at least one item and no more than `weight_max` beyond that.
    /// `None` when the queue is closed and empty.
    pub(crate) fn take_blocking(&self, weight_max: usize) -> Option<Vec<T>> {
        let mut lanes = self.lock();
        loop {
            let taken = lanes.take(weight_max);
            if !taken.is_empty() {
                return Some(taken);
            }
            if lanes.closed {
                return None;
            }
            lanes = self.for_threads.wait(lanes).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// As [`Queue::take_blocking`], for a task.
    pub(crate) async fn take(&self, weight_max: usize) -> Option<Vec<T>> {
        loop {
            {
                let mut lanes = self.lock();
                let taken = lanes.take(weight_max);
                if !taken.is_empty() {
                    return Some(taken);
                }
                if lanes.closed {
                    return None;
                }
            }
            // A notice given between the look above and this wait is kept for it: there is one taker.
            self.for_tasks.notified().await;
        }
    }

    /// Whether nothing waits; it may have changed when the answer is read.
    pub(crate) fn is_empty(&self) -> bool {
        let lanes = self.lock();
        lanes.interactive.is_empty() && lanes.bulk.is_empty()
    }

    /// Blocks until something waits or the queue is closed, and takes nothing. False when it is closed and empty.
    pub(crate) fn wait_blocking(&self) -> bool {
        let mut lanes = self.lock();
        loop {
            if !lanes.interactive.is_empty() || !lanes.bulk.is_empty() {
                return true;
            }
            if lanes.closed {
                return false;
            }
            lanes = self.for_threads.wait(lanes).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Refuses new items; those that wait are still taken.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.interactive_room.close();
        self.bulk_room.close();
        self.for_threads.notify_all();
        self.for_tasks.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Lanes<T>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Lanes<T> {
    /// Interactive items first. One bulk item may follow them, so that a busy lane never starves the other; without
    /// interactive items, bulk items fill the group.
    fn take(&mut self, weight_max: usize) -> Vec<T> {
        let mut taken = Vec::new();
        let mut weight = 0;
        while let Some(next) = pop_within(&mut self.interactive, weight_max.saturating_sub(weight), taken.is_empty()) {
            weight += next.weight;
            taken.push(next.item);
        }
        let bulk_max = if taken.is_empty() { usize::MAX } else { 1 };
        for _ in 0..bulk_max {
            let Some(next) = pop_within(&mut self.bulk, weight_max.saturating_sub(weight), taken.is_empty()) else { break };
            weight += next.weight;
            taken.push(next.item);
        }
        taken
    }
}

fn pop_within<T>(lane: &mut VecDeque<Waiting<T>>, room: usize, first: bool) -> Option<Waiting<T>> {
    let fits = lane.front().is_some_and(|next| first || next.weight <= room);
    if fits { lane.pop_front() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn filled(interactive: &[usize], bulk: &[usize]) -> Queue<&'static str> {
        let queue = Queue::new(100);
        for weight in bulk {
            queue.push(Lane::Bulk, *weight, "bulk").await.unwrap();
        }
        for weight in interactive {
            queue.push(Lane::Interactive, *weight, "interactive").await.unwrap();
        }
        queue
    }

    #[tokio::test]
    async fn interactive_comes_first_and_one_bulk_item_follows() {
        let queue = filled(&[1, 1], &[1, 1, 1]).await;
        assert_eq!(queue.take_blocking(10).unwrap(), ["interactive", "interactive", "bulk"]);
        assert_eq!(queue.take(10).await.unwrap(), ["bulk", "bulk"]);
    }

    #[tokio::test]
    async fn weight_bounds_a_group_but_never_blocks_a_heavy_item() {
        let queue = filled(&[4, 4, 4, 50, 1], &[]).await;
        assert_eq!(queue.take_blocking(8).unwrap().len(), 2);
        assert_eq!(queue.take_blocking(8).unwrap().len(), 1);
        assert_eq!(queue.take_blocking(8).unwrap().len(), 1, "heavier than the bound, so alone");
        assert_eq!(queue.take_blocking(8).unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_full_lane_makes_callers_wait_and_leaves_the_other_open() {
        let queue = Queue::new(1);
        queue.push(Lane::Bulk, 1, 1).await.unwrap();
        let mut second = Box::pin(queue.push(Lane::Bulk, 1, 2));
        assert!(std::future::poll_fn(|context| std::task::Poll::Ready(second.as_mut().poll(context).is_pending())).await);
        queue.push(Lane::Interactive, 1, 3).await.unwrap();
        assert_eq!(queue.take_blocking(10).unwrap(), [3, 1]);
        second.await.unwrap();
        assert_eq!(queue.take_blocking(10).unwrap(), [2]);
    }

    #[tokio::test]
    async fn a_closed_queue_is_emptied_and_takes_nothing_more() {
        let queue = filled(&[1], &[1]).await;
        queue.close();
        assert!(matches!(queue.push(Lane::Interactive, 1, "late").await, Err(DbError::Closed)));
        assert_eq!(queue.take_blocking(10).unwrap().len(), 2);
        assert_eq!(queue.take_blocking(10), None);
        assert_eq!(queue.take(10).await, None);
    }
}
