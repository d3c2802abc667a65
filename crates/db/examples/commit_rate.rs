//! Prints how many batches a second are committed, by one caller and by 64.
//!
//! `cargo run --release -p provost-db --features testing --example commit_rate`: SQLite in a file, and PostgreSQL when
//! `PROVOST_TEST_POSTGRES` names a server.

use provost_db::testing::{POSTGRES_URL, postgres_database, sqlite_file};
use provost_db::{Batch, CommitError, Db, Location, Migration};
use std::time::{Duration, Instant};

const MIGRATIONS: &[Migration] = &[Migration {
    version: 1,
    name: "row",
    sql: "CREATE TABLE row (id BIGINT PRIMARY KEY, revision BIGINT NOT NULL, label TEXT NOT NULL);",
}];
const ROWS: i64 = 10_000;
const SPAN: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (location, _file) = sqlite_file();
    measure("SQLite", &location).await?;
    if std::env::var_os(POSTGRES_URL).is_some() {
        let (location, _database) = postgres_database();
        measure("PostgreSQL", &location).await?;
    }
    Ok(())
}

async fn measure(name: &str, location: &Location) -> Result<(), Box<dyn std::error::Error>> {
    let db = Db::open(location, MIGRATIONS).await?;
    for start in (0..ROWS).step_by(1_000) {
        let mut batch = Batch::bulk();
        let params = (start..start + 1_000).flat_map(|id| [id.into(), 0.into(), "label".into()]);
        batch.expect(1_000, format!("INSERT INTO row (id, revision, label) VALUES {}", provost_db::rows(1_000, 3)), params);
        db.commit(batch).await?;
    }
    for callers in [1, 64] {
        let started = Instant::now();
        let tasks: Vec<_> = (0..callers).map(|caller| tokio::spawn(update_rows(db.clone(), caller, callers, started))).collect();
        let mut batches = 0;
        for task in tasks {
            batches += task.await??;
        }
        println!("{name}, {callers} callers: {:.0} batches/s", f64::from(batches) / started.elapsed().as_secs_f64());
    }
    Ok(())
}

/// Each batch raises the revision of two rows, as a settlement does.
async fn update_rows(db: Db, caller: i64, callers: i64, started: Instant) -> Result<u32, CommitError> {
    let mut batches = 0;
    let mut at = caller;
    while started.elapsed() < SPAN {
        let mut batch = Batch::new();
        for id in [at % ROWS, (at + callers) % ROWS] {
            batch.expect(1, "UPDATE row SET revision = revision + 1, label = $2 WHERE id = $1", [id.into(), "changed".into()]);
        }
        db.commit(batch).await?;
        at += 2 * callers;
        batches += 1;
    }
    Ok(batches)
}
