//! `provost-sim`: plays seeded histories of the whole engine and judges each of them; see `provost_testkit::simulator`.
//!
//! It opens no port and writes no file. The exit code is 0 when no rule was broken in any history, 1 when one was, and 3 when a
//! history did not come to rest in time.

use clap::{Parser, ValueEnum};
use provost_testkit::simulator::{Mode, Options, Report, Size, play};
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

// The product's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The exit code of a history that does not come to rest.
const RESTLESS: i32 = 3;

/// At most this many failed seeds are told; the others are counted.
const TOLD_MAX: usize = 5;

/// Plays seeded histories of the whole engine, and judges every request and every moment.
#[derive(Debug, Clone, Parser)]
#[command(name = "provost-sim", version)]
struct Cli {
    /// How many seeds to play
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 1)]
    start: u64,
    /// How much happens in each
    #[arg(long, value_enum, default_value_t = SizeName::Small)]
    size: SizeName,
    /// What must hold
    #[arg(long, value_enum, default_value_t = ModeName::Safety)]
    mode: ModeName,
    /// Play each seed twice: both must be the same history
    #[arg(long)]
    twice: bool,
    /// Print every line of each history
    #[arg(long)]
    trace: bool,
    /// End with the first seed that fails
    #[arg(long)]
    first: bool,
    /// How many seeds are played at the same time; 0: one for each processor
    #[arg(long, default_value_t = 0)]
    jobs: usize,
    /// A seed that takes longer does not come to rest
    #[arg(long, default_value_t = 120)]
    seed_seconds_max: u64,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum SizeName {
    /// Up to 12 people and 40 steps before one app, or fewer before two or three
    Small,
    /// Up to 60 people and 200 steps, before three apps
    Big,
    /// 200 people and 3,000 steps, before three apps
    Full,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ModeName {
    /// Faults anywhere; when they end, everything must come right
    Safety,
    /// One user's requests fail for ever, or an app is dead for ever; all others must come right
    Liveness,
}

impl Cli {
    fn options(&self) -> Options {
        let size = match self.size {
            SizeName::Small => Size::Small,
            SizeName::Big => Size::Big,
            SizeName::Full => Size::Full,
        };
        let mode = match self.mode {
            ModeName::Safety => Mode::Safety,
            ModeName::Liveness => Mode::Liveness,
        };
        Options { size, mode, keeps_lines: self.trace }
    }

    /// The command that plays one seed again.
    fn replay(&self, seed: u64) -> String {
        let name = |value: Option<clap::builder::PossibleValue>| value.map_or(String::new(), |value| value.get_name().to_owned());
        let (size, mode) = (name(self.size.to_possible_value()), name(self.mode.to_possible_value()));
        format!("provost-sim --start {seed} --seeds 1 --size {size} --mode {mode} --trace")
    }
}

thread_local! {
    static PANICS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// What all threads share.
#[derive(Default)]
struct Progress {
    next: AtomicU64,
    played: AtomicU64,
    requests: AtomicU64,
    days: AtomicU64,
    failed: Mutex<Vec<(u64, Vec<String>)>>,
    /// Each thread's seed, and when it began.
    now: Mutex<Vec<Option<(u64, Instant)>>>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    // A task that panics takes its connection down and nothing else: the history must not pass for a good one.
    std::panic::set_hook(Box::new(|panic| PANICS.with_borrow_mut(|panics| panics.push(panic.to_string()))));
    let jobs = if cli.jobs > 0 { cli.jobs } else { thread::available_parallelism().map_or(1, std::num::NonZero::get) };
    let progress = Progress { now: Mutex::new(vec![None; jobs]), ..Progress::default() };
    let begun = Instant::now();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs)
            .map(|job| {
                scope.spawn({
                    let (cli, progress) = (&cli, &progress);
                    move || work(cli, progress, job)
                })
            })
            .collect();
        while workers.iter().any(|worker| !worker.is_finished()) {
            thread::sleep(Duration::from_millis(50));
            end_if_stuck(&cli, &progress);
        }
    });
    let seconds = begun.elapsed().as_secs_f64();
    let count = |number: &AtomicU64| number.load(Ordering::Relaxed);
    let (played, requests, days) = (count(&progress.played), count(&progress.requests), count(&progress.days));
    let failed = progress.failed.lock().unwrap_or_else(PoisonError::into_inner);
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = played as f64 / seconds.max(0.001);
    println!(
        "{played} seeds ({:?}, {:?}), {requests} requests, {days} days in {seconds:.1} s: {rate:.1} seeds/s, {} with a broken rule",
        cli.size,
        cli.mode,
        failed.len()
    );
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn work(cli: &Cli, progress: &Progress, job: usize) {
    loop {
        let offset = progress.next.fetch_add(1, Ordering::Relaxed);
        if offset >= cli.seeds || (cli.first && !failures(progress).is_empty()) {
            return;
        }
        let seed = cli.start + offset;
        now_plays(progress, job, Some((seed, Instant::now())));
        let report = judged(seed, cli);
        now_plays(progress, job, None);
        progress.played.fetch_add(1, Ordering::Relaxed);
        progress.requests.fetch_add(report.requests, Ordering::Relaxed);
        progress.days.fetch_add(u64::try_from(report.days).unwrap_or(0), Ordering::Relaxed);
        if cli.trace {
            println!("{}", report.lines.join("\n"));
        }
        if !report.broken.is_empty() {
            tell(cli, progress, seed, report.broken);
        }
    }
}

/// Plays a seed; what panicked, and a second history that differs, are broken rules too.
fn judged(seed: u64, cli: &Cli) -> Report {
    let mut report = played(seed, cli);
    if cli.twice {
        let again = played(seed, cli);
        if again.hash != report.hash {
            report.broken.push(format!("two histories of one seed: {:x} and {:x}", report.hash, again.hash));
        }
    }
    report
}

fn played(seed: u64, cli: &Cli) -> Report {
    let empty = || Report { broken: Vec::new(), hash: 0, lines: Vec::new(), requests: 0, days: 0 };
    let mut report = catch_unwind(AssertUnwindSafe(|| play(seed, cli.options()))).unwrap_or_else(|_| empty());
    report.broken.extend(PANICS.take().into_iter().map(|panic| format!("a panic: {panic}")));
    report
}

fn tell(cli: &Cli, progress: &Progress, seed: u64, broken: Vec<String>) {
    let mut failed = failures(progress);
    if failed.len() < TOLD_MAX {
        println!(
            "seed {seed}: {} broken, first\n  {}",
            broken.len(),
            broken.iter().take(3).cloned().collect::<Vec<_>>().join("\n  ")
        );
        println!("  again: {}", cli.replay(seed));
    }
    failed.push((seed, broken));
}

fn failures(progress: &Progress) -> std::sync::MutexGuard<'_, Vec<(u64, Vec<String>)>> {
    progress.failed.lock().unwrap_or_else(PoisonError::into_inner)
}

fn now_plays(progress: &Progress, job: usize, what: Option<(u64, Instant)>) {
    let mut now = progress.now.lock().unwrap_or_else(PoisonError::into_inner);
    now[job] = what;
}

/// A history in which somebody always has something to do never lets time pass: nothing but the process's end stops it.
fn end_if_stuck(cli: &Cli, progress: &Progress) {
    let now = progress.now.lock().unwrap_or_else(PoisonError::into_inner);
    for (seed, begun) in now.iter().flatten() {
        if begun.elapsed() > Duration::from_secs(cli.seed_seconds_max) {
            println!("seed {seed}: does not come to rest within {} s\n  again: {}", cli.seed_seconds_max, cli.replay(*seed));
            std::process::exit(RESTLESS);
        }
    }
}
