//! How soon the program serves, and what it holds while nothing happens.

use super::report::Line;
use super::rows::{Figures, memory_mib};
use super::{Measured, organization};
use anyhow::{Context, ensure};
use provost_store::apps::connections;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::Command;

/// How long it may take at the most.
const STARTING_MAX: Duration = Duration::from_secs(30);

/// Memory is read after this time without a request.
const IDLE: Duration = Duration::from_secs(3);

/// Starts `provost serve` over the data of the run, until it answers its first request with a page.
pub(super) async fn start(program: &Path, data: &Path) -> anyhow::Result<Line> {
    // Nothing is to be sent: the app of the run is no more.
    let store = organization::open(data).await?;
    let connection = organization::connection(&store).await?;
    connections::turn_off(&store, &organization::BY, connection.id).await?;
    drop(store);
    let address = free_address().await?;
    let (client, page) = (organization::browser()?, format!("http://{address}/sign-in"));
    let begun = Instant::now();
    let mut child = Command::new(program)
        .arg("serve")
        .arg("--data")
        .arg(data)
        .args(["--listen", &address.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))?;
    let answer = loop {
        ensure!(begun.elapsed() < STARTING_MAX, "{} did not answer in time", program.display());
        ensure!(child.try_wait()?.is_none(), "{} ended before it answered", program.display());
        match client.get(&page).send().await {
            Ok(answer) => break answer,
            Err(_) => tokio::time::sleep(Duration::from_millis(2)).await,
        }
    };
    ensure!(answer.status().is_success(), "the first page was answered with {}", answer.status());
    let seconds = begun.elapsed().as_secs_f64();
    tokio::time::sleep(IDLE).await;
    let id = child.id().context("the program is running")?;
    let memory_mib = memory_mib(&id.to_string(), "VmRSS:");
    child.kill().await.context("cannot end the program")?;
    let figures = Figures { seconds, memory_mib, first_seconds: Some(seconds), ..Figures::default() };
    Ok(Line::of("start to serving; idle memory", &Measured { figures, writes: 0, reads: 0 }).first_max(0.3).memory_max(64))
}

async fn free_address() -> anyhow::Result<SocketAddr> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.context("cannot listen on the loopback address")?;
    listener.local_addr().context("the listener has no address")
}
