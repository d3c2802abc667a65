//! The gate before every request: closed by a 401 at once, and by an administrator's "Turn off" within a quarter second.

use provost_core::app::ConnectionStatus;
use provost_core::ids::ConnectionId;
use provost_store::Store;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

/// A look at the connection's row is good for this long.
const LOOK_IS_FRESH: Duration = Duration::from_millis(250);

const HELD: &str = "nothing panics while it holds a part of the gate";

/// The app's words when it last refused a token of a connection; all its gates share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Refusal(Arc<Mutex<Option<String>>>);

impl Refusal {
    /// The words, if the app has refused a token since [`Self::forget`].
    pub(crate) fn words(&self) -> Option<String> {
        self.0.lock().expect(HELD).clone()
    }

    /// The connection is stopped for it.
    pub(crate) fn forget(&self) {
        *self.0.lock().expect(HELD) = None;
    }
}

/// The gate of one connection; or one that is always open, for tests of an endpoint that is not configured yet.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    watched: Option<(Store, ConnectionId)>,
    closed: Arc<AtomicBool>,
    refusal: Refusal,
    looked: Arc<Mutex<Option<Instant>>>,
}

impl Gate {
    /// The gate of a connection.
    pub(crate) fn of(store: &Store, connection: ConnectionId, refusal: &Refusal) -> Self {
        Self { watched: Some((store.clone(), connection)), refusal: refusal.clone(), ..Self::open() }
    }

    /// A gate that only [`Self::close`] closes.
    pub(crate) fn open() -> Self {
        Self { watched: None, closed: Arc::default(), refusal: Refusal::default(), looked: Arc::default() }
    }

    /// Closes the gate for good: its connection gets a new one when it may send again.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    /// The app has refused the token, in these words: nothing starts after that, whoever read it.
    pub(crate) fn refuse(&self, words: &str) {
        self.close();
        self.refusal.0.lock().expect(HELD).get_or_insert_with(|| words.to_owned());
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
