//! SQLite names the columns of a broken unique key, PostgreSQL names the index; callers see the index on both.

use rusqlite::Connection;
use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_ROWID, SQLITE_CONSTRAINT_UNIQUE};
use std::collections::HashMap;

/// The names found so far, by SQLite's message.
#[derive(Debug, Default)]
pub(super) struct UniqueNames(HashMap<String, String>);

impl UniqueNames {
    /// The name of the broken key, or `None` when the error is another one.
    pub(super) fn broken(&mut self, connection: &Connection, error: &rusqlite::Error) -> Option<String> {
        let rusqlite::Error::SqliteFailure(code, Some(message)) = error else { return None };
        let primary = match code.extended_code {
            SQLITE_CONSTRAINT_PRIMARYKEY | SQLITE_CONSTRAINT_ROWID => true,
            SQLITE_CONSTRAINT_UNIQUE => false,
            _ => return None,
        };
        if let Some(name) = self.0.get(message) {
            return Some(name.clone());
        }
        let name = name_of(connection, message, primary).unwrap_or_else(|| message.clone());
        self.0.insert(message.clone(), name.clone());
        Some(name)
    }
}

/// `UNIQUE constraint failed: t.a, t.b`, or `UNIQUE constraint failed: index 'name'` for an index over expressions.
fn name_of(connection: &Connection, message: &str, primary: bool) -> Option<String> {
    let named = message.strip_prefix("UNIQUE constraint failed: ")?;
    if let Some(index) = named.strip_prefix("index '") {
        return Some(index.trim_end_matches('\'').to_owned());
    }
    let mut columns = Vec::new();
    let mut table = "";
    for part in named.split(", ") {
        let (of, column) = part.split_once('.')?;
        table = of;
        columns.push(column.to_owned());
    }
    if primary {
        return Some(format!("{table}_pkey"));
    }
    let indexes = unique_indexes(connection, table).ok()?;
    let found = indexes.into_iter().find(|index| index.columns == columns)?;
    // A UNIQUE inside CREATE TABLE has no name here; PostgreSQL makes this one.
    Some(if found.made_by_name { found.name } else { format!("{table}_{}_key", columns.join("_")) })
}

struct UniqueIndex {
    name: String,
    made_by_name: bool,
    columns: Vec<String>,
}

fn unique_indexes(connection: &Connection, table: &str) -> rusqlite::Result<Vec<UniqueIndex>> {
    let mut statement = connection.prepare(
        "SELECT l.name, l.origin = 'c', i.name FROM pragma_index_list(?1) AS l, pragma_index_info(l.name) AS i \
         WHERE l.\"unique\" = 1 AND i.name IS NOT NULL ORDER BY l.name, i.seqno",
    )?;
    let mut rows = statement.query([table])?;
    let mut indexes: Vec<UniqueIndex> = Vec::new();
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        let column: String = row.get(2)?;
        match indexes.last_mut() {
            Some(last) if last.name == name => last.columns.push(column),
            _ => indexes.push(UniqueIndex { name, made_by_name: row.get(1)?, columns: vec![column] }),
        }
    }
    Ok(indexes)
}
