//! One seed, played from its first day to its last: time, changes, faults, and processes that are killed.

use super::change::{self, Kind};
use super::dice::Dice;
use super::plan::{Mode, Plan, Size};
use super::rest::{self, Look};
use super::scene::Scene;
use super::trace::Trace;
use super::wire::{self, Shared, lock};
use super::world::World;
use provost_core::time::{Span, Timestamp};
use provost_engine::Settings;
use provost_platform::{HttpClient, simulation};
use provost_store::{StoreError, remote};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// 2026-01-01T00:00:00Z: day 0 of every history.
const START: Timestamp = Timestamp(1_767_225_600_000_000);

/// The waits after the last fault, in days: they cover the longest grace period, the retries of a day, and what an approval
/// sets off.
const LAST_DAYS: [i64; 14] = [1, 1, 2, 3, 3, 3, 3, 3, 3, 1, 1, 1, 1, 1];

/// What to play.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How much happens.
    pub size: Size,
    /// What must hold.
    pub mode: Mode,
    /// Whether lines for people are kept.
    pub keeps_lines: bool,
}

/// What one seed has come to.
#[derive(Debug)]
pub struct Report {
    /// The rules that were broken, with their time; none in a good product.
    pub broken: Vec<String>,
    /// A number that every run of the seed shares.
    pub hash: u64,
    /// The lines, where they were asked for.
    pub lines: Vec<String>,
    /// Requests that the app has seen.
    pub requests: u64,
    /// Days that have passed.
    pub days: i64,
}

/// Plays one seed.
pub fn play(seed: u64, options: Options) -> Report {
    simulation::seed(seed);
    let mut dice = Dice::new(seed);
    let plan = Plan::draw(&mut dice, options.size, options.mode);
    let scene = Scene::new(plan, Dice::new(dice.number()), Trace::new(options.keeps_lines));
    let mut history = History { scene: Arc::new(Mutex::new(scene)), dice, now: START, steps: 0 };
    let mut world = None;
    loop {
        match history.life(world.take()) {
            Ok(Life::Ended) => break,
            Ok(Life::Killed(left)) => world = Some(left),
            Err(error) => {
                lock(&history.scene).break_rule(history.now, &format!("the store fails: {error}"));
                break;
            }
        }
    }
    simulation::leave();
    let mut scene = lock(&history.scene);
    Report {
        broken: std::mem::take(&mut scene.broken),
        hash: scene.trace.hash,
        lines: std::mem::take(&mut scene.trace.lines),
        requests: scene.requests(),
        days: (history.now - START).as_seconds() / 86_400,
    }
}

/// How a process ends.
enum Life {
    Killed(World),
    Ended,
}

struct History {
    scene: Shared,
    dice: Dice,
    now: Timestamp,
    /// Taken so far.
    steps: usize,
}

impl History {
    /// One process, from its start until it is killed or the history has ended.
    fn life(&mut self, world: Option<World>) -> Result<Life, StoreError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let runtime = runtime.expect("a runtime of one thread can be made");
        let life = runtime.block_on(async {
            simulation::enter(self.now.0);
            let world = match world {
                Some(world) => world.reopened(),
                None => World::set_up(Arc::clone(&self.scene)).await?,
            };
            let look_every = lock(&self.scene).plan.look_every;
            let http = HttpClient::simulated(wire::target(&self.scene, &world.store.clock));
            let stop = CancellationToken::new();
            tokio::spawn(provost_engine::run_with(world.store.clone(), http, Settings { look_every }, stop));
            let killed = self.steps(&world).await?;
            if !killed {
                self.last_days(&world).await?;
            }
            self.now = world.store.now();
            Ok(if killed { Life::Killed(world) } else { Life::Ended })
        });
        // Everybody who waits is dropped where they wait, as a process that is killed would be.
        drop(runtime);
        lock(&self.scene).kill(self.now);
        life
    }

    /// Takes the steps that are left; whether the process was killed before the last one.
    async fn steps(&mut self, world: &World) -> Result<bool, StoreError> {
        let plan = lock(&self.scene).plan.clone();
        if self.steps == 0 {
            change::make(world, Kind::TurnOn).await?;
        }
        while self.steps < plan.steps {
            self.steps += 1;
            sleep(self.pause()).await;
            if self.dice.chance(plan.kill_permille) {
                lock(&self.scene).trace.note(world.store.now(), || "the process is killed".to_owned());
                return Ok(true);
            }
            let at_once = if self.dice.chance(200) { self.dice.between(2, 5) } else { 1 };
            for _ in 0..at_once {
                change::make(world, self.dice.pick(&plan.kinds)).await?;
            }
            if self.dice.chance(250) {
                sleep(Span::seconds(1_500)).await;
                rest::check(world, Look::Passing).await?;
            }
        }
        Ok(false)
    }

    fn pause(&mut self) -> Span {
        match self.dice.below(10) {
            0..=2 => Span(self.dice.between(0, 3_000_000)),
            3..=5 => Span(self.dice.between(0, 3_600_000_000)),
            6 | 7 => Span(self.dice.between(0, 86_400_000_000)),
            // The moments at which something falls due, and just before and after.
            _ => {
                let due = self.dice.pick(&[Span::hours(1), Span::hours(24), Span::days(6), Span::days(7), Span::days(20)]);
                Span(due.0 + self.dice.between(-2_000_000, 2_000_000))
            }
        }
    }

    /// The faults are over. What waits is tried again, what is held is approved, and in the end the app is as the directory
    /// says, or a user stands in the failure list for a reason that is true.
    async fn last_days(&mut self, world: &World) -> Result<(), StoreError> {
        let drifted = {
            let mut scene = lock(&self.scene);
            scene.quiet = true;
            let plan = &scene.plan;
            plan.kinds.iter().any(|kind| kind.leaves_drift()) || plan.faults.iter().any(|fault| fault.leaves_drift())
        };
        for kind in [Kind::Reauthorize, Kind::TurnOn, Kind::Retry] {
            change::make(world, kind).await?;
        }
        for (index, days) in LAST_DAYS.into_iter().enumerate() {
            sleep(Span(Span::days(days).0 + Span::seconds(60).0)).await;
            change::make(world, Kind::Approve).await?;
            // A refused token may have been read after the faults had ended.
            change::make(world, Kind::Reauthorize).await?;
            let left = LAST_DAYS.len() - index;
            if left == 4 && drifted {
                change::make(world, Kind::DriftCheck).await?;
            }
            if left == 3 {
                change::make(world, Kind::Retry).await?;
            }
            self.confirm_listing(world).await?;
        }
        // Whoever fails for ever may be tried again at this very moment.
        for _ in 0..5 {
            if rest::why_not_at_rest(world).await?.is_some() {
                sleep(Span::seconds(600)).await;
            }
        }
        rest::check(world, Look::Last).await
    }

    /// Too many accounts are gone for the check to believe it; the administrator knows that they are.
    async fn confirm_listing(&self, world: &World) -> Result<(), StoreError> {
        match remote::confirm(&world.store, &change::BY, world.connection).await {
            Ok(_) | Err(StoreError::Invalid(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

pub(super) async fn sleep(span: Span) {
    tokio::time::sleep(Duration::from_micros(u64::try_from(span.0).unwrap_or(0))).await;
}
