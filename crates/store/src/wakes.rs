//! Waking: a hint that something may be due. It carries nothing, and it wakes those who wait in the order in which they
//! came, so that a simulation runs the same way twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Notify;

#[derive(Debug, Default)]
struct Shared {
    count: AtomicU64,
    notify: Notify,
}

/// The side that wakes. All clones are one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Waker(Arc<Shared>);

impl Waker {
    pub(crate) fn wake(&self) {
        self.0.count.fetch_add(1, Ordering::SeqCst);
        self.0.notify.notify_waiters();
    }

    pub(crate) fn wakes(&self) -> Wakes {
        Wakes { seen: self.0.count.load(Ordering::SeqCst), shared: Arc::clone(&self.0) }
    }
}

/// The side that is woken. Each waiter has its own, so that nobody misses a wake while it is busy.
#[derive(Debug)]
pub struct Wakes {
    shared: Arc<Shared>,
    seen: u64,
}

impl Wakes {
    /// Returns when there was a wake since the last return, or since this was made.
    pub async fn changed(&mut self) {
        loop {
            // A wake after this line ends the wait below.
            let woken = self.shared.notify.notified();
            let count = self.shared.count.load(Ordering::SeqCst);
            if count != self.seen {
                self.seen = count;
                return;
            }
            woken.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn a_wake_while_nobody_waits_is_kept_and_several_are_one() {
        let waker = Waker::default();
        let (mut one, mut other) = (waker.wakes(), waker.wakes());
        waker.wake();
        waker.wake();
        one.changed().await;
        other.changed().await;
        assert!(tokio::time::timeout(Duration::from_millis(20), one.changed()).await.is_err());
        let waits = tokio::spawn(async move { one.changed().await });
        tokio::task::yield_now().await;
        waker.wake();
        tokio::time::timeout(Duration::from_secs(10), waits).await.expect("woken").expect("it ends well");
    }
}
