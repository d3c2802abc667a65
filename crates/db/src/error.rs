//! What can go wrong, as types that callers can act on.

use crate::batch::Query;
use crate::value::{Value, WrongType};

/// A read that failed.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// A column is not of the type that the caller reads.
    #[error(transparent)]
    WrongType(#[from] WrongType),
    /// The engine refused or failed; its own words.
    #[error("the database failed: {0}")]
    Engine(String),
    /// Another process writes to the database file and does not end: nothing was changed.
    #[error(
        "another process has been writing to the database for more than 10 s, and nothing was changed: wait for it to end, then \
         try again"
    )]
    Busy,
    /// The database file is not as it was written; the engine's own words.
    #[error(
        "the database file is damaged ({0}): stop the server, keep a copy of the data directory, look at the health of the disk, and \
         put the newest backup of the database back, without a -wal or -shm file that is no part of it"
    )]
    Damaged(String),
    /// No room on the disk of the data: nothing was changed.
    #[error("the disk of the data is full, and nothing was changed: make room on it, then try again")]
    Full,
    /// The writer or reader thread has ended: the process is shutting down.
    #[error("the database is closed")]
    Closed,
}

/// A batch that was not committed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// A statement touched another number of rows than expected: something has changed since it was read.
    #[error("statement {statement} touched {found} rows, {expected} were expected: the data has changed since it was read")]
    Conflict {
        /// Counted from 0.
        statement: usize,
        /// What the batch asked for.
        expected: u64,
        /// What happened.
        found: u64,
    },
    /// A unique key would be broken.
    #[error("statement {statement} would break the unique key {constraint}")]
    Unique {
        /// Counted from 0.
        statement: usize,
        /// The name of the unique index, alike on both engines (every unique index is a named `CREATE UNIQUE INDEX`);
        /// a primary key is `table_pkey`.
        constraint: String,
    },
    /// See [`DbError`].
    #[error(transparent)]
    Db(#[from] DbError),
}

/// A database that cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Written by a later version of the program.
    #[error(
        "the data was written by a newer version (schema {found}, this version knows {known}): start that version, or restore a backup"
    )]
    Newer {
        /// The schema's version in the file.
        found: i64,
        /// The latest that this program knows.
        known: i64,
    },
    /// A migration failed; nothing of it was kept.
    #[error("migration {version} ({name}) failed, nothing of it was kept: {message}")]
    Migration {
        /// Which.
        version: i64,
        /// Its name.
        name: &'static str,
        /// The engine's words.
        message: String,
    },
    /// The database file is not as it was written.
    #[error(
        "the database file {location} is damaged ({message}): keep a copy of its directory, look at the health of the disk, and put \
         the newest backup of the database back, without a -wal or -shm file that is no part of it"
    )]
    Damaged {
        /// The file.
        location: String,
        /// The engine's words.
        message: String,
    },
    /// The file or server cannot be opened.
    #[error("cannot open {location}: {message}")]
    Unreachable {
        /// Without the password.
        location: String,
        /// The engine's words.
        message: String,
    },
}

/// Ends the process: a COMMIT was sent and its fate cannot be known. Whoever answered its callers with an error, or sent
/// it again, could be wrong; a fresh start reads what is true.
pub(crate) fn end_process(message: &str) -> ! {
    tracing::error!(
        message,
        "a COMMIT was sent and nobody knows whether it was done: the process ends, its next start reads the truth"
    );
    std::process::abort();
}

/// PostgreSQL cannot store NUL in text. It is refused for SQLite too, so that no data depends on the engine.
pub(crate) fn check_params<'a>(queries: impl IntoIterator<Item = &'a Query>) -> Result<(), DbError> {
    for query in queries {
        for (index, value) in query.params.iter().enumerate() {
            if let Value::Text(text) = value
                && text.contains('\0')
            {
                let (number, sql) = (index + 1, excerpt(&query.sql));
                let message =
                    format!("the text for ${number} holds the character NUL (U+0000), which cannot be stored (in: {sql})");
                return Err(DbError::Engine(message));
            }
        }
    }
    Ok(())
}

/// The beginning of a statement, for messages. It holds no values: those are parameters.
pub(crate) fn excerpt(sql: &str) -> String {
    const CHARACTERS_MAX: usize = 200;
    let words = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(CHARACTERS_MAX) {
        Some((end, _)) => format!("{} …", &words[..end]),
        None => words,
    }
}
