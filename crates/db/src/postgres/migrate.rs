//! Brings the schema of a PostgreSQL database up to date.

use super::session::{Session, chain};
use crate::error::OpenError;
use crate::migration::{self, Engine, Migration};
use tokio_postgres::Error;

/// Whoever changes the schema holds this lock until the end of the transaction, so that two processes take turns.
const LOCK: &str = "BEGIN; SELECT pg_advisory_xact_lock(5785812137215153236)";

/// Runs the steps that are missing.
pub(super) async fn migrate(session: &Session, migrations: &[Migration], location: &str) -> Result<(), OpenError> {
    let known = migration::check(migrations)?;
    let unreachable = |error: Error| OpenError::Unreachable { location: location.to_owned(), message: chain(&error) };
    let found = make_table(session).await.map_err(unreachable)?;
    if found > known {
        return Err(OpenError::Newer { found, known });
    }
    for step in migrations.iter().filter(|step| step.version > found) {
        if let Err(error) = run_step(session, step).await {
            return Err(OpenError::Migration { version: step.version, name: step.name, message: chain(&error) });
        }
    }
    Ok(())
}

/// The version of the data, after making sure that there is a table for it.
async fn make_table(session: &Session) -> Result<i64, Error> {
    let client = &session.client;
    let exists: bool = client.query_one("SELECT to_regclass('schema_version') IS NOT NULL", &[]).await?.try_get(0)?;
    if !exists {
        client.batch_execute(LOCK).await?;
        client.batch_execute(migration::VERSION_TABLE).await?;
        client.batch_execute("COMMIT").await?;
    }
    client.query_one(migration::VERSION_QUERY, &[]).await?.try_get(0)
}

/// An error leaves the transaction open; the connection is closed then, which undoes it.
async fn run_step(session: &Session, step: &Migration) -> Result<(), Error> {
    let client = &session.client;
    client.batch_execute(LOCK).await?;
    let found: i64 = client.query_one(migration::VERSION_QUERY, &[]).await?.try_get(0)?;
    if found < step.version {
        client.batch_execute(&migration::text_for(step, Engine::Postgres)).await?;
        client.execute("INSERT INTO schema_version (version, name) VALUES ($1, $2)", &[&step.version, &step.name]).await?;
    }
    client.batch_execute("COMMIT").await
}
