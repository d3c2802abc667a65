//! The world of a simulation: time, randomness and the network of one thread, all drawn from one seed.
//!
//! Behind the feature `simulation`, which only the testkit asks for; a release has no way in. What [`enter`] sets holds for
//! the thread that called it, so that tests beside a simulation see real time. It simulates no disk and no threads.

use crate::http::{HttpError, HttpRequest, HttpResponse};
use crate::steady::{Reading, Steady};
use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use tokio::time::Instant;

/// What one request comes to.
pub type Exchange = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send>>;

/// The clocks of the machine of a simulation. The runtime's paused clock, which moves only when everybody waits, is the one that
/// nobody can set.
#[derive(Clone, Copy)]
struct Machine {
    /// The simulated time at an instant of the runtime.
    origin: i64,
    began: Instant,
    /// By how much somebody has set the machine's clock.
    set_by: i64,
    steady: Steady,
}

impl Machine {
    fn reading(&self) -> Reading {
        let passed = i64::try_from(self.began.elapsed().as_micros()).unwrap_or(i64::MAX);
        let monotonic = self.origin.saturating_add(passed);
        Reading { wall: monotonic.saturating_add(self.set_by), monotonic }
    }
}

thread_local! {
    static MACHINE: Cell<Option<Machine>> = const { Cell::new(None) };
    static RANDOM: Cell<Option<u64>> = const { Cell::new(None) };
}

/// The other end of a simulated network.
#[derive(Clone)]
pub struct Target(Arc<dyn Fn(HttpRequest) -> Exchange + Send + Sync>);

impl fmt::Debug for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Target")
    }
}

impl Target {
    /// A target that answers each request with what `answer` makes of it.
    pub fn new(answer: impl Fn(HttpRequest) -> Exchange + Send + Sync + 'static) -> Self {
        Self(Arc::new(answer))
    }

    /// As a real client would: no answer after the request's timeout.
    pub(crate) async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let timeout = request.timeout;
        let late = || HttpError::NoAnswer { message: "the request timed out".to_owned() };
        tokio::time::timeout(timeout, (self.0)(request)).await.unwrap_or_else(|_| Err(late()))
    }
}

/// From here on this thread's clocks show `now_micros` plus what passes in the tokio runtime it is called in. Called again
/// in the next runtime, with the time at which the last one ended: as a process that starts anew, on a machine whose clock
/// is right.
pub fn enter(now_micros: i64) {
    let at = Reading { wall: now_micros, monotonic: now_micros };
    MACHINE.set(Some(Machine { origin: now_micros, began: Instant::now(), set_by: 0, steady: Steady::new(at, None) }));
}

/// Lets time pass in which nobody does anything.
pub fn pass(micros: i64) {
    MACHINE.set(MACHINE.get().map(|machine| Machine { origin: machine.origin.saturating_add(micros), ..machine }));
}

/// Somebody sets the machine's clock, forward or back.
pub fn set_machine_clock(by_micros: i64) {
    MACHINE.set(MACHINE.get().map(|machine| Machine { set_by: machine.set_by.saturating_add(by_micros), ..machine }));
}

/// From here on this thread's randomness follows from `seed`.
pub fn seed(seed: u64) {
    RANDOM.set(Some(seed));
}

/// This thread has real time and real randomness again.
pub fn leave() {
    MACHINE.set(None);
    RANDOM.set(None);
}

/// The simulated time; `None` outside a simulation.
pub fn now_micros() -> Option<i64> {
    looked_at().map(|(now, _)| now)
}

/// By how much the machine's clock is ahead of even time; `None` outside a simulation.
pub(crate) fn disagreement() -> Option<i64> {
    looked_at().map(|(_, machine)| machine.steady.disagreement())
}

/// The machine's clock is taken for right; whether this is a simulation.
pub(crate) fn accept_machine_clock() -> bool {
    let Some((_, mut machine)) = looked_at() else { return false };
    machine.steady.accept(machine.reading(), None);
    MACHINE.set(Some(machine));
    true
}

fn looked_at() -> Option<(i64, Machine)> {
    let mut machine = MACHINE.get()?;
    let now = machine.steady.now(machine.reading(), || None);
    MACHINE.set(Some(machine));
    Some((now, machine))
}

/// A number from the thread's seed; `None` outside a simulation.
pub fn draw() -> Option<u64> {
    // SplitMix64, by Steele, Lea and Flood.
    let state = RANDOM.get()?.wrapping_add(0x9e37_79b9_7f4a_7c15);
    RANDOM.set(Some(state));
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    Some(mixed ^ (mixed >> 31))
}

/// Fills `bytes` from the thread's seed; whether there is one.
pub(crate) fn fill(bytes: &mut [u8]) -> bool {
    if RANDOM.get().is_none() {
        return false;
    }
    for chunk in bytes.chunks_mut(8) {
        let drawn = draw().unwrap_or_default().to_le_bytes();
        chunk.copy_from_slice(&drawn[..chunk.len()]);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Clock, Ids, random};
    use std::time::Duration;

    fn drawn(with: u64) -> ([u8; 16], i64) {
        seed(with);
        (random::bytes(), Ids::new().next())
    }

    #[tokio::test(start_paused = true)]
    async fn one_seed_gives_one_time_and_one_randomness_and_idle_days_cost_nothing() {
        enter(1_800_000_000_000_000);
        assert_eq!(drawn(7), drawn(7));
        assert_ne!(drawn(7).0, drawn(8).0);
        let clock = Clock::system();
        clock.sleep_until(clock.now_micros() + 70 * 86_400_000_000).await;
        assert_eq!(clock.now_micros(), 1_800_000_000_000_000 + 70 * 86_400_000_000);
        leave();
        assert!(Clock::system().now_micros() != clock.now_micros() + 1 && now_micros().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_machine_whose_clock_is_set_is_not_followed_until_that_is_accepted() {
        const DAY: i64 = 86_400_000_000;
        let start = 1_800_000_000_000_000;
        enter(start);
        let clock = Clock::system();
        set_machine_clock(-DAY);
        pass(7);
        assert_eq!((clock.now_micros(), clock.disagreement_micros()), (start + 7, -DAY));
        clock.accept_machine_clock();
        tokio::time::sleep(Duration::from_hours(1)).await;
        assert_eq!((clock.now_micros(), clock.disagreement_micros()), (start + 7 + DAY / 24, 0), "and never backwards");
        leave();
    }

    #[tokio::test(start_paused = true)]
    async fn a_target_that_does_not_answer_is_given_up_after_the_timeout() {
        let target = Target::new(|_| Box::pin(std::future::pending()));
        let request = HttpRequest {
            method: crate::Method::Get,
            url: "https://app.example".to_owned(),
            headers: Vec::new(),
            body: None,
            timeout: Duration::from_secs(30),
        };
        let begun = Instant::now();
        assert!(matches!(target.send(request).await, Err(HttpError::NoAnswer { .. })));
        assert_eq!(begun.elapsed(), Duration::from_secs(30));
    }
}
