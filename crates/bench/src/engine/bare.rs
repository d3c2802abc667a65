//! What bounds a full pass: reading its rows, and reading them, building the bodies and comparing them.

use super::organization;
use super::rows::Figures;
use anyhow::Context;
use provost_core::app::desired_body;
use provost_db::Row;
use provost_store::directory::users;
use provost_store::{Store, accounts};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::time::Instant;

/// Reads the rows of a pass through `Db::stream`, and nothing else.
pub(super) async fn stream(store: &Store) -> anyhow::Result<Figures> {
    let connection = organization::connection(store).await?;
    let begun = Instant::now();
    let mut rows = store.db.stream(accounts::everybody(connection.id, 0, i64::MAX));
    let mut count = 0;
    let mut first_seconds = None;
    while let Some(chunk) = rows.next().await {
        count += chunk?.len() as u64;
        first_seconds.get_or_insert_with(|| begun.elapsed().as_secs_f64());
    }
    Ok(Figures { seconds: begun.elapsed().as_secs_f64(), count, first_seconds, ..Figures::default() })
}

/// Streams, builds, hashes and compares: the body that each user is to have beside the one that the app last confirmed.
pub(super) async fn build_and_compare(store: &Store) -> anyhow::Result<Figures> {
    let connection = organization::connection(store).await?;
    let begun = Instant::now();
    let mut rows = store.db.stream(accounts::everybody(connection.id, 0, i64::MAX));
    let mut figures = Figures::default();
    while let Some(chunk) = rows.next().await {
        for mut row in chunk? {
            let user = Row(row.0.split_off(accounts::ACCOUNT_COLUMNS));
            let user = users::from_row(&user)?;
            let mut body = desired_body(&user, &connection.config.mapping, connection.profile)?;
            body.insert("active".to_owned(), Value::Bool(true));
            let wanted = Sha256::digest(serde_json::to_string(&body).context("a body always has a text")?);
            let applied: Option<String> = row.get(accounts::APPLIED_COLUMN)?;
            figures.found += u64::from(applied.is_none_or(|applied| Sha256::digest(applied) != wanted));
            figures.count += 1;
        }
        figures.first_seconds.get_or_insert_with(|| begun.elapsed().as_secs_f64());
    }
    figures.seconds = begun.elapsed().as_secs_f64();
    Ok(figures)
}
