//! Migrations: a table of SQL texts, applied in order, each in a transaction of its own.
//!
//! Each engine runs them itself; here is what they have in common. They only go forward: nothing here can undo a step.

use crate::error::OpenError;

/// One step of a schema. Forward only; a published step is never edited.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// 1, 2, 3, … without gaps.
    pub version: i64,
    /// For errors.
    pub name: &'static str,
    /// Statements separated by `;` at the end of a line. What differs between the engines stands in braces: `{blob}` is the
    /// type of bytes, `{binary_text}` a text that is ordered by its bytes, `{integer_key}` makes a number the key that the
    /// table's rows lie in the order of, `{clustered}` behind a table does so with its primary key, and `{generated}` ends a column
    /// that is worked out from others, so that it can stand in an index.
    pub sql: &'static str,
}

/// Whose dialect a step is written out in.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// One row for each step that has been run.
pub(crate) const VERSION_TABLE: &str =
    "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY, name TEXT NOT NULL)";

/// The version of the data; 0 when new.
pub(crate) const VERSION_QUERY: &str = "SELECT COALESCE(max(version), 0) FROM schema_version";

/// The latest version known, after a check that the steps are numbered 1, 2, 3, ….
pub(crate) fn check(migrations: &[Migration]) -> Result<i64, OpenError> {
    let mut known = 0;
    for step in migrations {
        if step.version != known + 1 {
            let message = format!("it follows step {known}; steps are numbered 1, 2, 3, … without gaps");
            return Err(OpenError::Migration { version: step.version, name: step.name, message });
        }
        known = step.version;
    }
    Ok(known)
}

/// The step's SQL for an engine.
pub(crate) fn text_for(step: &Migration, engine: Engine) -> String {
    let differing = match engine {
        Engine::Sqlite => [
            ("{blob}", "BLOB"),
            ("{binary_text}", "TEXT"),
            // Only this spelling makes the key the row's own number, which every index holds anyway.
            ("{integer_key}", "INTEGER PRIMARY KEY"),
            ("{clustered}", " WITHOUT ROWID"),
            // A stored one cannot be added to a table that is there.
            ("{generated}", "VIRTUAL"),
        ],
        Engine::Postgres => [
            ("{blob}", "BYTEA"),
            ("{binary_text}", "TEXT COLLATE \"C\""),
            ("{integer_key}", "BIGINT PRIMARY KEY"),
            ("{clustered}", ""),
            ("{generated}", "STORED"),
        ],
    };
    differing.iter().fold(step.sql.to_owned(), |sql, (name, text)| sql.replace(name, text))
}
