//! Runs one statement on a connection: binds, steps, reads the values.

use super::placeholders::numbered;
use crate::batch::{Answer, Query};
use crate::error::{DbError, excerpt};
use crate::value::{Row, Value};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, ErrorCode, ToSql};

/// A statement that failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// SQLite refused or failed; the statement's text for the message.
    Sqlite(rusqlite::Error, String),
    /// What it was given or what it answered does not fit this crate.
    Unfit(String),
}

impl Failure {
    pub(super) fn into_db_error(self) -> DbError {
        match self {
            Self::Sqlite(error, sql) => db_error(&error, format!("{error} (in: {sql})")),
            Self::Unfit(message) => DbError::Engine(message),
        }
    }
}

/// A failure of SQLite's, with `message` for those that nobody acts on.
pub(super) fn db_error(error: &rusqlite::Error, message: String) -> DbError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => DbError::Full,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => DbError::Damaged(message),
        _ => DbError::Engine(message),
    }
}

struct Parameter<'a>(&'a Value);

impl ToSql for Parameter<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Integer(number) => ValueRef::Integer(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// Begins or ends something: a transaction, a savepoint.
pub(super) fn control(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.raw_execute().map(|_| ())
}

/// Runs a statement that may write, to its end.
pub(super) fn execute(connection: &Connection, query: &Query) -> Result<Answer, Failure> {
    let mut statement = prepare(connection, query)?;
    let failed = |error| Failure::Sqlite(error, excerpt(&query.sql));
    if statement.column_count() > 0 {
        let mut rows = Vec::new();
        step(&mut statement, query, |row| {
            rows.push(row);
            Ok(())
        })?;
        return Ok(Answer { count: rows.len() as u64, rows });
    }
    // `changes` keeps the number of an earlier statement when this one is not an INSERT, UPDATE or DELETE.
    let before = connection.total_changes();
    let changed = statement.raw_execute().map_err(failed)?;
    let count = if connection.total_changes() == before { 0 } else { changed as u64 };
    Ok(Answer { count, rows: Vec::new() })
}

/// Runs a query that may not write; `each` gets every row and may end it with an error.
pub(super) fn select(
    connection: &Connection,
    query: &Query,
    each: impl FnMut(Row) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut statement = prepare(connection, query)?;
    if !statement.readonly() {
        return Err(Failure::Unfit(format!("a read may not write (in: {})", excerpt(&query.sql))));
    }
    step(&mut statement, query, each)
}

fn prepare<'c>(connection: &'c Connection, query: &Query) -> Result<CachedStatement<'c>, Failure> {
    let failed = |error| Failure::Sqlite(error, excerpt(&query.sql));
    let mut statement = connection.prepare_cached(&numbered(&query.sql)).map_err(failed)?;
    if statement.parameter_count() != query.params.len() {
        return Err(Failure::Unfit(format!(
            "the statement has {} parameters, {} values were given (in: {})",
            statement.parameter_count(),
            query.params.len(),
            excerpt(&query.sql)
        )));
    }
    for (index, value) in query.params.iter().enumerate() {
        statement.raw_bind_parameter(index + 1, Parameter(value)).map_err(failed)?;
    }
    Ok(statement)
}

fn step(
    statement: &mut CachedStatement<'_>,
    query: &Query,
    mut each: impl FnMut(Row) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let failed = |error| Failure::Sqlite(error, excerpt(&query.sql));
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(failed)? {
        // Asked at every row: the first step prepares the statement anew when the table has changed since.
        let columns = row.as_ref().column_count();
        let mut values = Vec::with_capacity(columns);
        for column in 0..columns {
            let value = owned(row.get_ref(column).map_err(failed)?);
            values.push(
                value.map_err(|what| Failure::Unfit(format!("column {column} holds {what} (in: {})", excerpt(&query.sql))))?,
            );
        }
        each(Row(values))?;
    }
    Ok(())
}

fn owned(value: ValueRef<'_>) -> Result<Value, &'static str> {
    match value {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Integer(number) => Ok(Value::Integer(number)),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Value::Text(text.to_owned())),
            Err(_) => Err("text that is not UTF-8"),
        },
        ValueRef::Blob(bytes) => Ok(Value::Blob(bytes.to_vec())),
        ValueRef::Real(_) => Err("a fraction: cast it to BIGINT"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migration::Migration;
    use crate::sqlite::open;
    use rusqlite::StatementStatus;

    #[test]
    fn a_kept_statement_is_planned_once_whatever_values_it_gets() {
        let sql = "CREATE TABLE a (id BIGINT PRIMARY KEY);\nCREATE TABLE b (id BIGINT PRIMARY KEY)";
        let connection = open::open_memory(&[Migration { version: 1, name: "a-b", sql }]).unwrap();
        // One of the shapes for which SQLite asks for the values.
        let query = |number: i64| Query::new("SELECT a.id FROM a LEFT JOIN b ON b.id = a.id WHERE a.id = $1", [number.into()]);
        for number in 0..5 {
            select(&connection, &query(number), |_| Ok(())).unwrap();
        }
        let statement = prepare(&connection, &query(5)).unwrap();
        assert_eq!(statement.get_status(StatementStatus::Run), 5, "the same statement each time");
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
    }
}
