//! One seed, played from its first day to its last: time, changes, faults, apps that die, and processes that are killed.

use super::change::{self, Kind};
use super::dice::Dice;
use super::plan::{Mode, Plan, Size};
use super::rest::{self, Look, PROMPT};
use super::scene::Scene;
use super::trace::Trace;
use super::wire::{self, Shared, lock};
use super::world::{Site, World};
use provost_core::time::{Span, Timestamp};
use provost_db::Db;
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

/// The waits after a backup was put back, in hours. It is older than the last days of the history, which cover every grace period:
/// whatever it says is to go is due at once.
const RESTORED_HOURS: [i64; 2] = [1, 2];

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
    let trace = Trace::new(options.keeps_lines);
    let several = plan.apps.len() > 1;
    let scenes = plan.apps.iter().enumerate().map(|(number, app)| {
        let scene = Scene::new(app.clone(), Dice::new(dice.number()), trace.of(several.then_some(number)));
        Arc::new(Mutex::new(scene))
    });
    let scenes: Vec<Shared> = scenes.collect();
    let mut history = History { plan, scenes, trace, dice, now: START, steps: 0, backup: None };
    if let Err(error) = history.play() {
        history.trace.break_rule(history.now, &format!("the store fails: {error}"));
    }
    simulation::leave();
    let mut lines = history.trace.lock();
    Report {
        broken: std::mem::take(&mut lines.broken),
        hash: lines.hash,
        lines: std::mem::take(&mut lines.kept),
        requests: history.scenes.iter().map(|scene| lock(scene).requests()).sum(),
        days: (history.now - START).as_seconds() / 86_400,
    }
}

/// How a process ends.
enum Life {
    Killed(World),
    Ended(World),
}

struct History {
    plan: Plan,
    /// One for each app.
    scenes: Vec<Shared>,
    trace: Trace,
    dice: Dice,
    now: Timestamp,
    /// Taken so far.
    steps: usize,
    backup: Option<Db>,
}

impl History {
    /// One process after the other.
    fn play(&mut self) -> Result<(), StoreError> {
        let mut world = None;
        loop {
            match self.life(world.take())? {
                Life::Killed(left) => world = Some(left),
                Life::Ended(left) => {
                    return self.backup.take().map_or(Ok(()), |backup| self.after_restore(left, backup));
                }
            }
        }
    }

    /// One process, from its start until it is killed or the history has ended.
    fn life(&mut self, world: Option<World>) -> Result<Life, StoreError> {
        let runtime = runtime();
        let life = runtime.block_on(async {
            simulation::enter(self.now.0);
            let world = match world {
                Some(world) => world.reopened(),
                None => World::set_up(&self.plan, &self.scenes).await?,
            };
            self.start_engine(&world);
            let killed = self.steps(&world).await?;
            if !killed {
                self.last_days(&world).await?;
            }
            self.now = world.store.now();
            Ok(if killed { Life::Killed(world) } else { Life::Ended(world) })
        });
        // Everybody who waits is dropped where they wait, as a process that is killed would be.
        drop(runtime);
        for scene in &self.scenes {
            lock(scene).kill(self.now);
        }
        life
    }

    fn start_engine(&self, world: &World) {
        let http = HttpClient::simulated(wire::target(&self.scenes, &world.store.clock));
        let settings = Settings { look_every: self.plan.look_every };
        tokio::spawn(provost_engine::run_with(world.store.clone(), http, settings, CancellationToken::new()));
    }

    /// After everything an old backup is put back, and nobody says that its directory is up to date: nothing is removed.
    fn after_restore(&mut self, world: World, backup: Db) -> Result<(), StoreError> {
        let runtime = runtime();
        runtime.block_on(async {
            simulation::enter(self.now.0);
            let world = world.restored(backup).await?;
            self.start_engine(&world);
            for kind in [Kind::Reauthorize, Kind::TurnOn, Kind::Retry] {
                change::make_everywhere(&world, kind).await?;
            }
            for hours in RESTORED_HOURS {
                sleep(Span::hours(hours)).await;
                change::make_everywhere(&world, Kind::SyncNow).await?;
            }
            self.now = world.store.now();
            Ok(())
        })
    }

    /// Takes the steps that are left; whether the process was killed before the last one.
    async fn steps(&mut self, world: &World) -> Result<bool, StoreError> {
        if self.steps == 0 {
            change::make_everywhere(world, Kind::TurnOn).await?;
        }
        while self.steps < self.plan.steps {
            self.steps += 1;
            sleep(self.pause()).await;
            self.let_die(world).await?;
            if self.plan.backup_after == Some(self.steps) {
                self.backup = world.store.db.copied()?;
            }
            if self.dice.chance(self.plan.kill_permille) {
                self.trace.note(world.store.now(), || "the process is killed".to_owned());
                return Ok(true);
            }
            let at_once = if self.dice.chance(200) { self.dice.between(2, 5) } else { 1 };
            for _ in 0..at_once {
                let kind = self.dice.pick(&self.plan.kinds);
                let site = self.dice.below(world.sites.len() as u64);
                change::make(world, kind, &world.sites[usize::try_from(site).unwrap_or(0)]).await?;
            }
            if self.plan.apps.len() > 1 && self.dice.chance(300) {
                sleep(Span(2 * PROMPT.0)).await;
                rest::check_promptness(world).await?;
            }
            if self.dice.chance(self.plan.look_permille) {
                sleep(Span::seconds(1_500)).await;
                rest::check(world, Look::Passing).await?;
            }
        }
        Ok(false)
    }

    /// The apps whose time has come die. Many people are renamed at that moment, so that enough fails for a quarantine.
    async fn let_die(&self, world: &World) -> Result<(), StoreError> {
        for (site, plan) in world.sites.iter().zip(&self.plan.apps) {
            let Some(outage) = plan.outage.filter(|outage| self.steps > outage.after) else { continue };
            if lock(&site.scene).die(outage, world.store.now()) {
                for _ in 0..self.plan.people {
                    change::make(world, Kind::Retitle, site).await?;
                }
            }
            rest::check_quarantines(world).await?;
        }
        Ok(())
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
        world.each(|scene| scene.quiet = true);
        let changed = self.plan.kinds.iter().any(|kind| kind.leaves_drift());
        let drifted: Vec<&Site> = world.sites.iter().filter(|site| changed || lock(&site.scene).plan.drifts()).collect();
        for kind in [Kind::Reauthorize, Kind::TurnOn, Kind::Retry] {
            change::make_everywhere(world, kind).await?;
        }
        for (index, days) in LAST_DAYS.into_iter().enumerate() {
            sleep(Span(Span::days(days).0 + Span::seconds(60).0)).await;
            rest::check_quarantines(world).await?;
            change::make_everywhere(world, Kind::Approve).await?;
            // A refused token may have been read after the faults had ended.
            change::make_everywhere(world, Kind::Reauthorize).await?;
            let left = LAST_DAYS.len() - index;
            if left == 4 {
                for site in &drifted {
                    change::make(world, Kind::DriftCheck, site).await?;
                }
            }
            if left == 3 {
                change::make_everywhere(world, Kind::Retry).await?;
            }
            confirm_listings(world).await?;
        }
        // Whoever fails for ever may be tried again at this very moment.
        for _ in 0..5 {
            let mut moves = false;
            for site in world.sites.iter().filter(|site| lock(&site.scene).death(world.store.now()).is_none()) {
                moves |= rest::why_not_at_rest(world, site).await?.is_some();
            }
            if moves {
                sleep(Span::seconds(600)).await;
            }
        }
        rest::check(world, Look::Last).await
    }
}

/// Too many accounts are gone for a check to believe it; the administrator knows that they are.
async fn confirm_listings(world: &World) -> Result<(), StoreError> {
    for site in &world.sites {
        match remote::confirm(&world.store, &change::BY, site.connection).await {
            Ok(_) | Err(StoreError::Invalid(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn runtime() -> tokio::runtime::Runtime {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime of one thread can be made")
}

pub(super) async fn sleep(span: Span) {
    tokio::time::sleep(Duration::from_micros(u64::try_from(span.0).unwrap_or(0))).await;
}
