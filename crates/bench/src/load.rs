//! The load: so many connections, each one request after the other until the time is over.

use crate::client::Connection;
use crate::operations::{Operation, Turn};
use crate::target::Service;
use anyhow::{Context, bail};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Answers before the measuring: connections are made, caches are as they will be.
const WARM_UP: u64 = 3;
/// Characters of an unexpected answer that are shown.
const ANSWER_SHOWN: usize = 300;

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Measured {
    pub(crate) requests: u64,
    pub(crate) per_second: f64,
    /// Half of the answers came within this time.
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

/// Sends one operation over so many connections for so long; any unexpected answer is an error.
pub(crate) async fn measure(
    service: &Arc<Service>,
    operation: Operation,
    connections: u16,
    seconds: f64,
    run: u32,
) -> anyhow::Result<Measured> {
    let service = Arc::clone(service);
    // One thread: several that wake each other would take the time of the server's.
    let sending = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("the client cannot start")?;
        runtime.block_on(send(&service, operation, connections, seconds, run))
    };
    tokio::task::spawn_blocking(sending).await.context("the client ended badly")?
}

async fn send(
    service: &Arc<Service>,
    operation: Operation,
    connections: u16,
    seconds: f64,
    run: u32,
) -> anyhow::Result<Measured> {
    let mut tasks = Vec::new();
    let warm = Arc::new(tokio::sync::Barrier::new(usize::from(connections)));
    for task in 0..u32::from(connections) {
        let (service, warm) = (Arc::clone(service), Arc::clone(&warm));
        let mut connection = Connection::new(&service.host, &service.token);
        tasks.push(tokio::spawn(async move {
            let turn = |number| Turn { run, task, number };
            let mut warmed = Ok(());
            for number in 0..WARM_UP {
                warmed = warmed.and(once(&mut connection, &service, operation, turn(number)).await);
            }
            // All wait, also for one that has failed: nobody may wait for ever.
            warm.wait().await;
            warmed?;
            let started = Instant::now();
            let until = Duration::from_secs_f64(seconds);
            let mut micros = Vec::new();
            for number in WARM_UP.. {
                let sent = Instant::now();
                once(&mut connection, &service, operation, turn(number)).await?;
                micros.push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
                if started.elapsed() >= until {
                    break;
                }
            }
            anyhow::Ok((micros, started.elapsed()))
        }));
    }
    let mut all = Vec::new();
    let mut per_second = 0.0;
    for task in tasks {
        let (micros, elapsed) = task.await.context("a connection's task ended badly")??;
        per_second += f64::from(u32::try_from(micros.len()).unwrap_or(u32::MAX)) / elapsed.as_secs_f64();
        all.extend(micros);
    }
    all.sort_unstable();
    Ok(Measured { requests: all.len() as u64, per_second, p50_ms: percentile(&all, 50), p99_ms: percentile(&all, 99) })
}

async fn once(connection: &mut Connection, service: &Service, operation: Operation, turn: Turn) -> anyhow::Result<()> {
    let sent = operation.request(service, turn);
    let answer = connection.send(&sent).await.with_context(|| format!("{}: no answer", operation.name()))?;
    if !operation.is_expected(&answer, service, turn) {
        let text: String = String::from_utf8_lossy(&answer.body).chars().take(ANSWER_SHOWN).collect();
        bail!("{}: an answer that was not expected: {} {text}", operation.name(), answer.status);
    }
    Ok(())
}

/// Of sorted microseconds, in milliseconds.
pub(crate) fn percentile(sorted: &[u32], percent: usize) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1).min(last);
    sorted.get(place).map_or(0.0, |&micros| f64::from(micros) / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_occurred() {
        let hundred: Vec<u32> = (1..=100).map(|number| number * 1_000).collect();
        assert_eq!((percentile(&hundred, 50), percentile(&hundred, 99), percentile(&hundred, 100)), (50.0, 99.0, 100.0));
        assert_eq!((percentile(&[7_000], 50), percentile(&[7_000], 99), percentile(&[], 50)), (7.0, 7.0, 0.0));
    }
}
