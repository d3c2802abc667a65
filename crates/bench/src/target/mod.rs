//! The servers that are measured. Each is a process that this one started and ends.

mod ceiling;
mod ours;
mod peer;

pub(crate) use ceiling::start as start_ceiling;
pub(crate) use ours::{fill, start as start_ours, start_in_memory};
pub(crate) use peer::{install, start as start_peer};

use anyhow::Context;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

const STARTING_MAX: Duration = Duration::from_secs(30);

/// A running server with its users.
#[derive(Debug)]
pub(crate) struct Target {
    /// Ends with this value.
    pub(crate) child: Child,
    /// What requests are made from.
    pub(crate) service: Arc<Service>,
    /// How long storing the users took.
    pub(crate) loaded_seconds: f64,
    /// Removed with this value.
    pub(crate) _data: Option<tempfile::TempDir>,
}

/// Where a server is, and whom it holds.
#[derive(Debug)]
pub(crate) struct Service {
    /// `127.0.0.1:PORT`.
    pub(crate) host: String,
    /// `/path`, without a slash at its end.
    pub(crate) path: String,
    /// Its bearer token.
    pub(crate) token: String,
    /// The ids of the stored users, by their number.
    pub(crate) ids: Vec<String>,
    pub(crate) checks: Checks,
}

/// What of an answer must be as expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Checks {
    Whole,
    /// The server answers everybody with the same user.
    Status,
}

impl Target {
    /// How much memory the server's process has in use, in MiB; `None` where the system does not tell.
    pub(crate) fn memory_mib(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()?)).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kib / 1_024)
    }

    /// Ends the server and waits for its end.
    pub(crate) async fn stop(mut self) {
        // It may have ended by itself.
        let _ = self.child.kill().await;
    }
}

/// A server that this program has started as a process of its own.
struct Served {
    child: Child,
    host: String,
    path: String,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Served {
    /// What it says next.
    async fn next_line(&mut self) -> anyhow::Result<String> {
        let line =
            tokio::time::timeout(STARTING_MAX, self.lines.next_line()).await.context("the server did not start in time")??;
        line.context("the server ended before it said where it is")
    }
}

/// Starts this program once more, as a server over a directory.
async fn serve_here(command: &[&str], data: &Path) -> anyhow::Result<Served> {
    let program = std::env::current_exe().context("cannot find this program")?;
    let mut child = Command::new(program)
        .args(command)
        .arg(data)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("cannot start the server")?;
    let stdout = child.stdout.take().context("the server has no standard output")?;
    let lines = BufReader::new(stdout).lines();
    let mut served = Served { child, host: String::new(), path: String::new(), lines };
    let base = served.next_line().await?;
    let place = base.trim_start_matches("http://");
    let (host, path) = place.split_at(place.find('/').unwrap_or(place.len()));
    (served.host, served.path) = (host.to_owned(), path.to_owned());
    Ok(served)
}
