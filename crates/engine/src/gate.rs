//! The gate before every request: closed by a 401 at once, and by an administrator's "Turn off" within a quarter second.

use provost_core::app::{ConnectionStatus, Halt};
use provost_core::ids::ConnectionId;
use provost_platform::Secret;
use provost_store::Store;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

/// A look at the connection's row is good for this long.
const LOOK_IS_FRESH: Duration = Duration::from_millis(250);

const HELD: &str = "nothing panics while it holds a part of the gate";

/// The tokens that the app has refused, each with the halt that it calls for; all gates of a connection share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Refusals(Arc<Mutex<Vec<(Secret, Halt)>>>);

impl Refusals {
    /// Whether no token was refused since [`Self::forget`].
    pub(crate) fn is_empty(&self) -> bool {
        self.0.lock().expect(HELD).is_empty()
    }

    /// What the refusal of this token calls for, if it was refused since [`Self::forget`].
    pub(crate) fn of(&self, token: &Secret) -> Option<Halt> {
        let refusals = self.0.lock().expect(HELD);
        refusals.iter().find(|(refused, _)| refused == token).map(|(_, halt)| halt.clone())
    }

    /// The connection is stopped for it, or has another token.
    pub(crate) fn forget(&self) {
        self.0.lock().expect(HELD).clear();
    }
}

/// The gate of one connection; or one that is always open, for tests of an endpoint that is not configured yet.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    watched: Option<(Store, ConnectionId)>,
    closed: Arc<AtomicBool>,
    refusals: Refusals,
    looked: Arc<Mutex<Option<Instant>>>,
}

impl Gate {
    /// The gate of a connection.
    pub(crate) fn of(store: &Store, connection: ConnectionId, refusals: &Refusals) -> Self {
        Self { watched: Some((store.clone(), connection)), refusals: refusals.clone(), ..Self::open() }
    }

    /// A gate that only [`Self::close`] closes.
    pub(crate) fn open() -> Self {
        Self { watched: None, closed: Arc::default(), refusals: Refusals::default(), looked: Arc::default() }
    }

    /// Closes the gate for good: its connection gets a new one when it may send again.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    /// The app has refused the token: nothing starts with it after that, whoever read it. The first refusal's halt stays.
    pub(crate) fn refuse(&self, token: &Secret, halt: Halt) {
        self.close();
        let mut refusals = self.refusals.0.lock().expect(HELD);
        if !refusals.iter().any(|(refused, _)| refused == token) {
            refusals.push((token.clone(), halt));
        }
    }

    /// Whether it is closed, as far as is known without a look.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// Whether a request may start now. Looks at the stored connection unless it did so a moment ago.
    pub(crate) async fn may_send(&self) -> bool {
        if self.closed.load(Ordering::SeqCst) {
            return false;
        }
        let Some((store, id)) = &self.watched else { return true };
        if self.looked().is_some_and(|looked| looked.elapsed() < LOOK_IS_FRESH) {
            return true;
        }
        let begun = Instant::now();
        let connection = provost_store::apps::connections::get(store, *id).await;
        let open = connection.is_ok_and(|connection| connection.status == ConnectionStatus::Active && connection.halt.is_none());
        if open {
            *self.looked.lock().expect(HELD) = Some(begun);
        } else {
            self.close();
        }
        open && !self.closed.load(Ordering::SeqCst)
    }

    fn looked(&self) -> Option<Instant> {
        *self.looked.lock().expect(HELD)
    }
}
