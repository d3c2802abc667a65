//! The ceiling (see [`crate::ceiling`]), served by a child process of this program.

use super::{Checks, Served, Service, Target};
use anyhow::Context;
use std::sync::Arc;

/// Starts it over a fresh database.
pub(crate) async fn start() -> anyhow::Result<Target> {
    let data = tempfile::Builder::new().prefix("provost-bench-").tempdir().context("cannot make a temporary directory")?;
    let Served { child, host, path, .. } = super::serve_here(&["ceiling"], data.path()).await?;
    let service = Service { host, path, token: "bench".to_owned(), ids: vec!["0".to_owned()], checks: Checks::Status };
    Ok(Target { child, service: Arc::new(service), loaded_seconds: 0.0, _data: Some(data) })
}
