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
use tokio::time::Instant;

/// A closed gate ends the waiting within this time.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Cheap to clone; all clones share one pace.
#[derive(Debug, Clone)]
pub(crate) struct Pacer {
    pace: Arc<Mutex<Pace>>,
    clock: Clock,
}

impl Pacer {
    /// The pace for an app with this profile; see [`Pace::new`].
    pub(crate) fn new(profile: &Profile, paused_until: Option<Timestamp>, clock: &Clock) -> Self {
        Self { pace: Arc::new(Mutex::new(Pace::new(profile, paused_until, Instant::now()))), clock: clock.clone() }
    }

    /// Waits until a request of this kind may start, and counts it. `false` when the gate closed meanwhile or the wait is
    /// longer than `patience`: then nothing may be sent.
    pub(crate) async fn permit(&self, kind: RequestKind, patience: Duration, gate: &Gate) -> bool {
        loop {
            if gate.is_closed() {
                return false;
            }
            let permit = self.lock().ask(kind, Instant::now(), self.now());
            match permit {
                Permit::Granted => return true,
                Permit::Wait(wait) if wait > patience => return false,
                Permit::Wait(wait) => tokio::time::sleep(wait.min(LOOK_EVERY)).await,
            }
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

    /// How many operations may be under way.
    pub(crate) fn places(&self) -> usize {
        self.lock().places()
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
