//! Requests: how soon after a change, and how many a second.

use super::organization::{self, Engine};
use super::rows::Figures;
use super::target::CHANGE;
use crate::sink::now_micros;
use anyhow::{Context, ensure};
use provost_core::app::desired_body;
use provost_core::ids::UserId;
use provost_db::Query;
use provost_platform::{HttpRequest, Method};
use provost_store::Store;
use provost_store::apps::connections;
use provost_store::directory::users::{self, UserEdit};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Changes a second.
const CHANGES_PER_SECOND: u32 = 100;

/// Bodies that the bare loop sends again and again.
const BODIES: usize = 10_000;

const USER_SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

/// How long a request of the bare loop may take.
const REQUEST_MAX: Duration = Duration::from_secs(30);

async fn some_users(store: &Store, count: usize) -> anyhow::Result<Vec<UserId>> {
    let limit = i64::try_from(count).context("a small number")?;
    let rows = store.db.read(Query::new("SELECT id FROM directory_user ORDER BY id LIMIT $1", [limit.into()])).await?;
    rows.iter().map(|row| Ok(UserId::new(row.get(0)?))).collect()
}

/// Changes one user after the other, at an even pace, and waits until everything is sent.
pub(super) async fn latency(store: &Store, seconds: f64) -> anyhow::Result<Figures> {
    let connection = organization::connection(store).await?;
    let engine = Engine::start(store)?;
    organization::quiet(store, connection.id).await?;
    let step = Duration::from_secs(1) / CHANGES_PER_SECOND;
    let wanted = Duration::from_secs_f64(seconds).as_millis() / step.as_millis();
    let people = some_users(store, usize::try_from(wanted).context("a bounded time")?).await?;
    let begun = Instant::now();
    let mut changes = Vec::new();
    for (number, user) in people.into_iter().enumerate() {
        let due = step * u32::try_from(number).context("a bounded number of changes")?;
        tokio::time::sleep(due.saturating_sub(begun.elapsed())).await;
        let store = store.clone();
        changes.push(tokio::spawn(async move {
            let at = now_micros();
            let edit = UserEdit { family_name: Some(format!("{CHANGE}{number}")), ..UserEdit::default() };
            users::edit(&store, &organization::BY, user, None, edit).await.map(|_| at)
        }));
    }
    let mut figures = Figures::default();
    for change in changes {
        figures.changed_at.push(change.await.context("a change ended badly")??);
    }
    organization::quiet(store, connection.id).await?;
    figures.seconds = begun.elapsed().as_secs_f64();
    figures.count = figures.changed_at.len() as u64;
    engine.end().await?;
    Ok(figures)
}

/// As many creates as there are users, over the engine's client with the profile's concurrency, and nothing else.
pub(super) async fn bare_sync(store: &Store) -> anyhow::Result<Figures> {
    let connection = organization::connection(store).await?;
    let mut bodies = Vec::new();
    for id in some_users(store, BODIES).await? {
        let mut body = desired_body(&users::get(store, id).await?, &connection.config.mapping, connection.profile)?;
        body.insert("active".to_owned(), Value::Bool(true));
        body.insert("schemas".to_owned(), Value::Array(vec![USER_SCHEMA.into()]));
        bodies.push(serde_json::to_vec(&body)?);
    }
    ensure!(!bodies.is_empty(), "there is nobody");
    let count: i64 = {
        let rows = store.db.read(Query::new("SELECT count(*) FROM directory_user", [])).await?;
        rows.first().context("a count")?.get(0)?
    };
    let count = usize::try_from(count)?;
    let (http, bodies, next) = (organization::http()?, Arc::new(bodies), Arc::new(AtomicUsize::new(0)));
    let begun = Instant::now();
    let mut tasks = Vec::new();
    for _ in 0..connection.profile.concurrency {
        let (http, bodies, next) = (http.clone(), Arc::clone(&bodies), Arc::clone(&next));
        let url = format!("{}/Users", connection.config.endpoint);
        tasks.push(tokio::spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return anyhow::Ok(());
                }
                let headers = vec![
                    ("authorization".to_owned(), "Bearer benchmark".to_owned()),
                    ("content-type".to_owned(), "application/scim+json".to_owned()),
                ];
                let body = Some(bodies[number % bodies.len()].clone());
                let request = HttpRequest { method: Method::Post, url: url.clone(), headers, body, timeout: REQUEST_MAX };
                let answer = http.send(request).await?;
                let read: Value = serde_json::from_slice(&answer.body)?;
                ensure!(answer.status == 201 && read["id"].is_string(), "an answer that was not expected: {}", answer.status);
            }
        }));
    }
    for task in tasks {
        task.await.context("a task of the bare loop ended badly")??;
    }
    Ok(Figures { seconds: begun.elapsed().as_secs_f64(), count: count as u64, ..Figures::default() })
}

/// Turns the connection on and waits until everybody has an account.
pub(super) async fn first_sync(store: &Store) -> anyhow::Result<Figures> {
    let connection = organization::connection(store).await?;
    let engine = Engine::start(store)?;
    let begun = Instant::now();
    connections::turn_on(store, &organization::BY, connection.id, None).await?;
    store.wake();
    organization::quiet(store, connection.id).await?;
    let seconds = begun.elapsed().as_secs_f64();
    engine.end().await?;
    let count = super::rows::everybody(store, connection.id).await?;
    Ok(Figures { seconds, count, ..Figures::default() })
}
