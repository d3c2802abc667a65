//! `provost-bench soak`: the engine under a steady load for as long as one wants, and what it holds meanwhile.
//!
//! The engine works in a process of its own, over a directory of some thousand users in ten apps; each change concerns one
//! user of one app and bears the time at which it was made, so that its app can tell how long it was under way. The apps run
//! in this process.

mod apps;
mod working;

use crate::load::percentile;
use anyhow::{Context, ensure};
use apps::Apps;
use clap::Args;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

pub(crate) use working::work;

/// Goals: what memory may grow by, and how long a change may be under way, 99 times in 100.
const GROWTH_MAX_PERCENT: f64 = 5.0;
const P99_MAX_MILLISECONDS: f64 = 5_000.0;

/// What it holds is looked at this often.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// This share of the time is the warm-up, in which caches fill; memory is compared from then on.
const WARM_UP: f64 = 0.3;

#[derive(Debug, Args)]
pub(crate) struct SoakArguments {
    /// How long the load lasts
    #[arg(long, value_name = "N", default_value_t = 60.0, value_parser = minutes)]
    minutes: f64,
    /// How many changes are made in a second
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=2_000))]
    changes: u32,
    /// How many users the directory has
    #[arg(long, value_name = "N", default_value_t = 4_000, value_parser = clap::value_parser!(u32).range(400..=1_000_000))]
    users: u32,
    /// Fail when a goal is missed
    #[arg(long)]
    check: bool,
}

/// What the hidden command of the engine's process is told.
#[derive(Debug, Args)]
pub(crate) struct WorkArguments {
    data: PathBuf,
    #[arg(long)]
    endpoints: String,
    #[arg(long)]
    users: u32,
    #[arg(long)]
    changes: u32,
    #[arg(long)]
    seconds: f64,
}

fn minutes(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|minutes| (0.1..=10_080.0).contains(minutes))
        .ok_or_else(|| "write minutes from 0.1 to 10080".to_owned())
}

/// Runs the load, and prints what became of memory, of open files, and of the changes.
pub(crate) async fn soak(arguments: SoakArguments) -> anyhow::Result<()> {
    println!("{}", crate::machine::line(&crate::machine::facts()));
    let data = tempfile::Builder::new().prefix("provost-soak-").tempdir().context("cannot make a temporary directory")?;
    let apps = Apps::start().await?;
    let seconds = arguments.minutes * 60.0;
    let mut child = Command::new(std::env::current_exe().context("cannot find this program")?)
        .arg("soak-work")
        .arg(data.path())
        .args(["--endpoints", &apps.endpoints.join(","), "--users", &arguments.users.to_string()])
        .args(["--changes", &arguments.changes.to_string(), "--seconds", &seconds.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("cannot start the engine's process")?;
    let id = child.id().context("it has just been started")?.to_string();
    let mut lines = BufReader::new(child.stdout.take().context("it is piped")?).lines();
    ensure!(lines.next_line().await?.as_deref() == Some("ready"), "the engine's process did not get ready");
    apps.forget();
    let looks = observed(&id, Duration::from_secs_f64(seconds)).await;
    let made: u64 = lines.next_line().await?.context("the engine's process said nothing at its end")?.trim().parse()?;
    ensure!(child.wait().await?.success(), "the engine's process failed");
    let (missed, text) = Outcome { looks, made, micros: apps.under_way() }.judge()?;
    print!("{text}");
    ensure!(!arguments.check || missed.is_empty(), "a goal was missed: {}", missed.join(", "));
    Ok(())
}

/// What a process held, look by look.
#[derive(Debug, Default)]
struct Looks {
    /// Memory in KiB.
    memory: Vec<u64>,
    /// Open files and connections.
    files: Vec<u64>,
}

async fn observed(process: &str, time: Duration) -> Looks {
    let begun = Instant::now();
    let mut looks = Looks::default();
    while begun.elapsed() < time {
        tokio::time::sleep(LOOK_EVERY.min(time.saturating_sub(begun.elapsed()))).await;
        looks.memory.extend(resident_kib(process));
        looks.files.extend(open_files(process));
    }
    looks
}

/// How many files and connections a process has open; `None` where the system does not tell.
fn open_files(process: &str) -> Option<u64> {
    Some(std::fs::read_dir(format!("/proc/{process}/fd")).ok()?.count() as u64)
}

/// What a process has in memory; `None` where the system does not tell.
fn resident_kib(process: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status.lines().find(|line| line.starts_with("VmRSS:"))?.split_whitespace().nth(1)?.parse().ok()
}

struct Outcome {
    looks: Looks,
    made: u64,
    /// How long each change was under way.
    micros: Vec<u32>,
}

impl Outcome {
    /// The goals that were missed, and the figures in words.
    fn judge(mut self) -> anyhow::Result<(Vec<&'static str>, String)> {
        ensure!(self.micros.len() as u64 == self.made, "{} changes were made, {} came", self.made, self.micros.len());
        let silent = "this system does not tell what a process holds";
        let (start, end) = start_and_end(&self.looks.memory).context(silent)?;
        let (files_start, files_end) = start_and_end(&self.looks.files).context(silent)?;
        #[expect(clippy::cast_precision_loss, reason = "kibibytes, far below 2^52")]
        let growth = (end as f64 / start as f64 - 1.0) * 100.0;
        self.micros.sort_unstable();
        let [p50, p99] = [50, 99].map(|percent| percentile(&self.micros, percent));
        let text = format!(
            "{} changes, every one of them came\n\
             memory after the warm-up {:.1} MiB, at the end {:.1} MiB: {growth:+.1} % (goal: below {GROWTH_MAX_PERCENT} %)\n\
             open files and connections after the warm-up {files_start}, at the end {files_end} (goal: not more)\n\
             change → request: p50 {p50:.1} ms, p99 {p99:.1} ms (goal: p99 below {P99_MAX_MILLISECONDS} ms)\n",
            self.made,
            mebibytes(start),
            mebibytes(end),
        );
        let goals = [
            (growth < GROWTH_MAX_PERCENT, "memory grows"),
            (files_end <= files_start, "open files grow"),
            (p99 < P99_MAX_MILLISECONDS, "changes take long"),
        ];
        Ok((goals.into_iter().filter(|(reached, _)| !reached).map(|(_, what)| what).collect(), text))
    }
}

fn mebibytes(kib: u64) -> f64 {
    f64::from(u32::try_from(kib).unwrap_or(u32::MAX)) / 1_024.0
}

/// The middle of the first fifth after the warm-up, and of the last fifth: one look says little.
fn start_and_end(memory: &[u64]) -> Option<(u64, u64)> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share of a length"
    )]
    let warm = memory.get((memory.len() as f64 * WARM_UP) as usize..)?;
    let fifth = (warm.len() / 5).max(1);
    let middle = |part: &[u64]| {
        let mut part = part.to_vec();
        part.sort_unstable();
        part.get(part.len() / 2).copied()
    };
    Some((middle(warm.get(..fifth)?)?, middle(warm.get(warm.len() - fifth..)?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(memory: Vec<u64>, files: Vec<u64>, micros: Vec<u32>) -> Outcome {
        Outcome { looks: Looks { memory, files }, made: micros.len() as u64, micros }
    }

    #[test]
    fn what_grows_or_takes_long_is_a_missed_goal() {
        let even = vec![1_000; 100];
        let grows: Vec<u64> = (0..100).map(|look| 1_000 + look).collect();
        let missed = |memory: &[u64], files: &[u64], micros: u32| {
            outcome(memory.to_vec(), files.to_vec(), vec![micros; 10]).judge().expect("there are looks and changes").0
        };
        assert_eq!(missed(&even, &even, 1_000), Vec::<&str>::new());
        assert_eq!(missed(&grows, &even, 1_000), ["memory grows"]);
        assert_eq!(missed(&even, &grows, 1_000), ["open files grow"]);
        assert_eq!(missed(&even, &even, 6_000_000), ["changes take long"]);
        let lost = Outcome { made: 11, ..outcome(even.clone(), even, vec![1; 10]) };
        assert!(lost.judge().is_err(), "a change that never came");
    }

    #[test]
    fn the_warm_up_does_not_count() {
        let mut memory = vec![10; 30];
        memory.extend([1_000; 70]);
        assert_eq!(start_and_end(&memory), Some((1_000, 1_000)));
        assert_eq!(start_and_end(&[]), None);
    }
}
