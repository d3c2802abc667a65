//! The shared pace of a connection's requests, and the waiting for it.
//!
//! Whoever wants to send asks here first, so that the limits hold over every request, also the second and third one of an
//! operation. Nobody waits for a long pause: the request is given up as not sent, and decided anew when it may go.

use crate::gate::Gate;
use crate::pace::{Heard, Pace, Permit};
use provost_core::app::{Profile, RequestKind};
use provost_core::time::Timestamp;
use provost_platform::Clock;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// A closed gate ends the waiting within this time.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// How long whoever sends has patience.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// With the app's rate and its pauses.
    pub(crate) pace: Duration,
    /// With requests that take all places; `None` for what needs no place.
    pub(crate) places: Option<Duration>,
}

/// Cheap to clone; all clones share one pace.
#[derive(Debug, Clone)]
pub(crate) struct Pacer {
    pace: Arc<Mutex<Pace>>,
    freed: Arc<Notify>,
    clock: Clock,
}

impl Pacer {
    /// The pace for an app with this profile; see [`Pace::new`].
    pub(crate) fn new(profile: &Profile, paused_until: Option<Timestamp>, clock: &Clock) -> Self {
        let pace = Pace::new(profile, paused_until, Instant::now());
        Self { pace: Arc::new(Mutex::new(pace)), freed: Arc::default(), clock: clock.clone() }
    }

    /// Waits until a request of this kind may start, and counts it. `false` when the gate closed meanwhile or the wait is
    /// longer than the patience: then nothing may be sent.
    pub(crate) async fn permit(&self, kind: RequestKind, patience: Patience, gate: &Gate) -> bool {
        let asked = Instant::now();
        loop {
            if gate.is_closed() {
                return false;
            }
            match (self.ask(kind, patience), patience.places) {
                (Some(Permit::Granted), _) => return true,
                (Some(Permit::Wait(wait)), _) if wait > patience.pace => return false,
                (Some(Permit::Wait(wait)), _) => tokio::time::sleep(wait.min(LOOK_EVERY)).await,
                (None, Some(most)) if asked.elapsed() < most => {
                    // Whoever is not told of a free place looks for one.
                    let _ = tokio::time::timeout(LOOK_EVERY, self.freed.notified()).await;
                }
                (None, _) => return false,
            }
        }
    }

    /// `None` when all places are taken, and one is needed.
    fn ask(&self, kind: RequestKind, patience: Patience) -> Option<Permit> {
        let mut pace = self.lock();
        let has_place = patience.places.is_none() || pace.free_places() > 0;
        has_place.then(|| pace.ask(kind, Instant::now(), self.now()))
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
        self.ended(|pace| pace.answered(heard, begun, Instant::now(), self.now()));
    }

    /// There was no answer to a request that began at `begun`.
    pub(crate) fn not_answered(&self, begun: Instant) {
        self.ended(|pace| pace.not_answered(begun, Instant::now()));
    }

    /// A request that was granted was not sent after all.
    pub(crate) fn not_sent(&self) {
        self.ended(Pace::not_sent);
    }

    /// Notes the end of a request, and tells those who wait for a place. An answer frees one, and may add another.
    fn ended(&self, note: impl FnOnce(&mut Pace)) {
        let free = {
            let mut pace = self.lock();
            note(&mut pace);
            pace.free_places()
        };
        (0..free.min(2)).for_each(|_| self.freed.notify_one());
    }

    fn now(&self) -> Timestamp {
        Timestamp(self.clock.now_micros())
    }

    fn lock(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().expect("nothing panics while it holds the pace")
    }
}
