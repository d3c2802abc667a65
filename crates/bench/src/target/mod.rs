//! The servers that are measured. Each is a process that this one started and ends.

mod ours;
mod peer;

pub(crate) use ours::start as start_ours;
pub(crate) use peer::{install, start as start_peer};

use std::sync::Arc;
use tokio::process::Child;

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
    /// `http://127.0.0.1:PORT/path`, without a slash at its end.
    pub(crate) base: String,
    /// Its bearer token.
    pub(crate) token: String,
    /// The ids of the stored users, by their number.
    pub(crate) ids: Vec<String>,
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
