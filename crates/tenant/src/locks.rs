//! One lock per resource, so that reading, changing and writing one resource is one step for everybody in this process.
//! Other processes are kept out by the revision that every write expects.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OwnedMutexGuard;

/// The locks that somebody holds or waits for.
#[derive(Debug, Default)]
pub(crate) struct ResourceLocks {
    held: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

impl ResourceLocks {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Waits for the resource `id`, first come first served, and holds it until the answer is dropped.
    pub(crate) async fn hold(&self, id: &str) -> OwnedMutexGuard<()> {
        let lock = {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            // A lock that only the map knows is held by nobody.
            if held.len() >= 1_024 {
                held.retain(|_, lock| Arc::strong_count(lock) > 1);
            }
            Arc::clone(held.entry(id.to_owned()).or_default())
        };
        lock.lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_same_resource_waits_and_another_does_not() {
        let locks = ResourceLocks::new();
        let first = locks.hold("a").await;
        let _other = locks.hold("b").await;
        let waiting = locks.hold("a");
        tokio::pin!(waiting);
        assert!(tokio::time::timeout(std::time::Duration::from_millis(20), &mut waiting).await.is_err());
        drop(first);
        waiting.await;
    }
}
