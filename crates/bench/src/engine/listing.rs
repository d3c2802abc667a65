//! A drift check of everybody, beside a bare loop that reads the same pages.

use super::organization::{self, Engine};
use super::rows::Figures;
use anyhow::{Context, ensure};
use provost_core::app::DriftRule;
use provost_platform::{HttpRequest, Method};
use provost_store::Store;
use provost_store::remote::{self, ListingState};
use serde_json::Value;
use std::time::{Duration, Instant};

/// How long one page may take.
const PAGE_MAX: Duration = Duration::from_secs(30);

/// Reads the app's list to its end over the engine's client, one page after the other as the engine does, and reads each as JSON.
pub(super) async fn bare(store: &Store) -> anyhow::Result<Figures> {
    let connection = organization::connection(store).await?;
    let (http, count) = (organization::http()?, connection.profile.page_size);
    let mut figures = Figures::default();
    let begun = Instant::now();
    loop {
        let url = format!("{}/Users?startIndex={}&count={count}", connection.config.endpoint, figures.count + 1);
        let headers = vec![("authorization".to_owned(), "Bearer benchmark".to_owned())];
        let answer = http.send(HttpRequest { method: Method::Get, url, headers, body: None, timeout: PAGE_MAX }).await?;
        let page: Value = serde_json::from_slice(&answer.body)?;
        figures.count += page["Resources"].as_array().context("a page lists resources")?.len() as u64;
        figures.first_seconds.get_or_insert_with(|| begun.elapsed().as_secs_f64());
        if figures.count >= page["totalResults"].as_u64().context("a page says how many there are")? {
            break;
        }
    }
    figures.seconds = begun.elapsed().as_secs_f64();
    Ok(figures)
}

/// Asks for a check, and waits until the engine has read and compared everybody.
pub(super) async fn drift_check(store: &Store) -> anyhow::Result<Figures> {
    let connection = organization::connection(store).await?;
    let engine = Engine::start(store)?;
    organization::quiet(store, connection.id).await?;
    let begun = Instant::now();
    remote::request_check(store, &organization::BY, connection.id, Some(DriftRule::Report)).await?;
    let check = loop {
        let check = remote::last_check(store, connection.id).await?.context("a check was asked for")?;
        if !check.state.is_open() {
            break check;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    let seconds = begun.elapsed().as_secs_f64();
    engine.end().await?;
    ensure!(check.state == ListingState::Done, "the check ended as {}: {:?}", check.state.word(), check.message);
    let found = check.counts.differences() + check.counts.unmanaged;
    ensure!(found == 0, "the check found differences where there are none: {:?}", check.counts);
    Ok(Figures { seconds, count: check.listed, found, ..Figures::default() })
}
