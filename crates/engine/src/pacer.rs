//! The shared pace of a connection's requests, and the waiting for it.
//!
//! Whoever wants to send asks here first, so that the limits hold over every request, also the second and third one of an
//! operation. Nobody waits for a long pause: the request is given up as not sent, and decided anew when it may go.

use crate::gate::Gate;
use crate::pace::{Heard, Pace, Permit};
use provost_core::app::{Profile, RequestKind};
use provost_core::time::Timestamp;
use provost_platform::Clock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// A closed gate ends the waiting within this time.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What came of asking once.
enum Asked {
    Turn(Turn),
    Wait(Duration),
    /// All places are taken, and one is needed.
    NoPlace,
}

/// How long whoever sends has patience.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// With the app's rate and its pauses.
    pub(crate) pace: Duration,
    /// With requests that take all places; `None` for what needs no place.
    pub(crate) places: Option<Duration>,
}

/// The places of operations that are taken. What is not an operation (a page of a listing, a probe) takes none.
#[derive(Debug, Default)]
struct Places {
    taken: AtomicUsize,
    freed: Notify,
}

/// The right to send one request, and its place until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn(Option<Arc<Places>>);

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(places) = &self.0 {
            places.taken.fetch_sub(1, Ordering::SeqCst);
            places.freed.notify_one();
        }
    }
}

/// Cheap to clone; all clones share one pace.
#[derive(Debug, Clone)]
pub(crate) struct Pacer {
    pace: Arc<Mutex<Pace>>,
    operations: Arc<Places>,
    clock: Clock,
}

impl Pacer {
    /// The pace for an app with this profile; see [`Pace::new`].
    pub(crate) fn new(profile: &Profile, paused_until: Option<Timestamp>, clock: &Clock) -> Self {
        let pace = Pace::new(profile, paused_until, Instant::now());
        Self { pace: Arc::new(Mutex::new(pace)), operations: Arc::default(), clock: clock.clone() }
    }

    /// Waits until a request of this kind may start, and counts it. `None` when the gate closed meanwhile or the wait is
    /// longer than the patience: then nothing may be sent.
    pub(crate) async fn permit(&self, kind: RequestKind, patience: Patience, gate: &Gate) -> Option<Turn> {
        let asked = Instant::now();
        while !gate.is_closed() {
            match (self.ask(kind, patience), patience.places) {
                (Asked::Turn(turn), _) => return Some(turn),
                (Asked::Wait(wait), _) if wait > patience.pace => return None,
                (Asked::Wait(wait), _) => tokio::time::sleep(wait.min(LOOK_EVERY)).await,
                (Asked::NoPlace, Some(most)) if asked.elapsed() < most => {
                    // There may be more places than were freed: whoever is not told looks.
                    let _ = tokio::time::timeout(LOOK_EVERY, self.operations.freed.notified()).await;
                }
                (Asked::NoPlace, _) => return None,
            }
        }
        None
    }

    fn ask(&self, kind: RequestKind, patience: Patience) -> Asked {
        let mut pace = self.lock();
        let needs_place = patience.places.is_some();
        if needs_place && self.operations.taken.load(Ordering::SeqCst) >= pace.places() {
            return Asked::NoPlace;
        }
        match pace.ask(kind, Instant::now(), self.now()) {
            Permit::Wait(wait) => Asked::Wait(wait),
            // Counted under the lock, so that two never take the last place.
            Permit::Granted => Asked::Turn(Turn(needs_place.then(|| {
                self.operations.taken.fetch_add(1, Ordering::SeqCst);
                Arc::clone(&self.operations)
            }))),
        }
    }

    /// How many more requests of this kind could start at once.
    pub(crate) fn room(&self, kind: RequestKind) -> usize {
        self.lock().room(kind, Instant::now(), self.now())
    }

    /// How long no request of this kind may start.
    pub(crate) fn wait(&self, kind: RequestKind) -> Duration {
        self.lock().wait(kind, Instant::now(), self.now())
    }

    /// How many requests of operations may be under way.
    pub(crate) fn places(&self) -> usize {
        self.lock().places()
    }

    /// How many operations may be begun, and wait for a place, beyond those.
    pub(crate) fn ahead(&self) -> usize {
        self.lock().ahead()
    }

    /// Until when the app asked us to wait.
    pub(crate) fn paused_until(&self) -> Option<Timestamp> {
        self.lock().paused_until()
    }

    /// The app answered a request that began at `begun`.
    pub(crate) fn answered(&self, heard: &Heard, begun: Instant) {
        self.lock().answered(heard, begun, Instant::now(), self.now());
    }

    /// There was no answer to a request that began at `begun`.
    pub(crate) fn not_answered(&self, begun: Instant) {
        self.lock().not_answered(begun, Instant::now());
    }

    /// A request that was granted was not sent after all.
    pub(crate) fn not_sent(&self) {
        self.lock().not_sent();
    }

    fn now(&self) -> Timestamp {
        Timestamp(self.clock.now_micros())
    }

    fn lock(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().expect("nothing panics while it holds the pace")
    }
}
