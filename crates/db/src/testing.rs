//! Fresh databases for tests, one on each engine. Behind the feature `testing`; no part of the product.
//!
//! A test that needs PostgreSQL fails when there is no server: a skipped test proves nothing.

use crate::db::{Db, Shared};
use crate::error::DbError;
use crate::location::Location;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use tempfile::TempDir;
use tokio_postgres::NoTls;

/// The environment variable with the URL of a maintenance database, on a server where databases may be made and dropped.
pub const POSTGRES_URL: &str = "PROVOST_TEST_POSTGRES";

/// Removes the file or drops the database; keep it as long as the database is used.
#[derive(Debug)]
pub struct Guard(Kind);

#[derive(Debug)]
enum Kind {
    Folder { _folder: TempDir },
    Database { server: String, name: String },
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Kind::Database { server, name } = &self.0 {
            on_server(server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

/// A fresh, empty place on each engine: its name, where it is, and what removes it.
///
/// # Panics
/// Without a PostgreSQL server; the message says how to start one.
pub fn locations() -> Vec<(&'static str, Location, Guard)> {
    let (file, folder) = sqlite_file();
    let (database, dropper) = postgres_database();
    vec![("sqlite", file, folder), ("postgres", database, dropper)]
}

/// A fresh SQLite file.
pub fn sqlite_file() -> (Location, Guard) {
    let folder = TempDir::new().expect("a folder for temporary files can be made");
    let path: PathBuf = folder.path().join("test.db");
    (Location::File(path), Guard(Kind::Folder { _folder: folder }))
}

/// A fresh PostgreSQL database.
pub fn postgres_database() -> (Location, Guard) {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let server = std::env::var(POSTGRES_URL).unwrap_or_else(|_| {
        panic!(
            "this test needs a PostgreSQL server and {POSTGRES_URL} is not set. Start a throw-away one and name it:\n  \
             export {POSTGRES_URL}=$(tests/postgres.sh start /tmp/provost-postgres)\nand afterwards: tests/postgres.sh stop /tmp/provost-postgres"
        )
    });
    let name = format!("provost_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    // A process that was killed may have left one of this name.
    on_server(&server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
    on_server(&server, &format!("CREATE DATABASE {name}"));
    let url = with_database(&server, &name);
    (Location::Postgres(url), Guard(Kind::Database { server, name }))
}

/// The server's URL with another database: `scheme://authority/NAME?options`.
fn with_database(server: &str, name: &str) -> String {
    let (address, options) =
        server.split_once('?').map_or((server, String::new()), |(before, after)| (before, format!("?{after}")));
    let start = address.find("://").map_or(0, |at| at + 3);
    let end = address[start..].find('/').map_or(address.len(), |at| start + at);
    format!("{}/{name}{options}", &address[..end])
}

impl Db {
    /// A backup of a database in memory as it stands now; `None` of any other.
    pub fn copied(&self) -> Result<Option<Self>, DbError> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        match self.shared() {
            Shared::Inline(inline) => {
                let name = format!("copy{}", NEXT.fetch_add(1, Ordering::Relaxed));
                inline.copy(&name).map(|copy| Some(Self::over(Shared::Inline(copy))))
            }
            Shared::File(_) | Shared::Server(_) => Ok(None),
        }
    }
}

/// Runs one statement on a thread of its own: the caller may or may not be inside a runtime.
fn on_server(server: &str, sql: &str) {
    let run = || -> Result<(), String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
        runtime.block_on(async {
            let (client, connection) =
                tokio_postgres::connect(server, NoTls).await.map_err(|error| crate::postgres::error_chain(&error))?;
            tokio::spawn(connection);
            client.batch_execute(sql).await.map_err(|error| crate::postgres::error_chain(&error))
        })
    };
    let done = thread::scope(|scope| scope.spawn(run).join()).unwrap_or_else(|_| Err("it ended with a panic".to_owned()));
    match done {
        Ok(()) => {}
        // A test that fails already drops its guard: a second panic would hide the first.
        Err(message) if thread::panicking() => eprintln!("{sql}: {message}"),
        Err(message) => panic!("the test server of {POSTGRES_URL} refused `{sql}`: {message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::with_database;
    use crate::{Batch, Db, Location, Migration, Query};

    #[tokio::test]
    async fn a_copy_goes_its_own_way() {
        let migrations = [Migration { version: 1, name: "one", sql: "CREATE TABLE number (value BIGINT NOT NULL)" }];
        let db = Db::open(&Location::Memory, &migrations).await.unwrap();
        let add = |value: i64| {
            let mut batch = Batch::new();
            batch.run("INSERT INTO number (value) VALUES ($1)", [value.into()]);
            batch
        };
        db.commit(add(1)).await.unwrap();
        let copy = db.copied().unwrap().expect("it is in memory");
        db.commit(add(2)).await.unwrap();
        copy.commit(add(10)).await.unwrap();
        for (db, expected) in [(&db, 3), (&copy, 11)] {
            let rows = db.read(Query::new("SELECT sum(value) FROM number", [])).await.unwrap();
            assert_eq!(rows[0].get::<i64>(0).unwrap(), expected);
        }
    }

    #[test]
    fn only_the_database_is_replaced() {
        assert_eq!(with_database("postgres://u:p@h:5/postgres", "x"), "postgres://u:p@h:5/x");
        assert_eq!(with_database("postgres://u@h:5?a=b/c", "x"), "postgres://u@h:5/x?a=b/c");
    }
}
