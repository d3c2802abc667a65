//! Reading the rows of either kind: some by their positions, or many in an order, from a place on.

use super::order::{Column, Order};
use provost_db::{Db, DbError, Query, Row, Value, list};
use provost_scim::Resource;
use provost_scim::provider::ResourceKind;
use std::collections::HashMap;

/// Rows in one statement.
const CHUNK: usize = 400;

/// What users and groups have in common.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stored {
    pub(crate) position: i64,
    pub(crate) id: String,
    /// Without `id`, `meta`, `groups` and `members`.
    pub(crate) body: Resource,
    pub(crate) created_at: i64,
    pub(crate) modified_at: i64,
    pub(crate) revision: i64,
}

/// A place in an order, between two rows or at one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// What the column of the order holds; nothing when the order is by position.
    pub(crate) key: Option<String>,
    pub(crate) position: i64,
}

/// The table of a kind, and what only living rows fulfil.
pub(crate) const fn table(kind: ResourceKind) -> (&'static str, &'static str) {
    match kind {
        ResourceKind::User => ("tenant_user", "deleted_at IS NULL"),
        ResourceKind::Group => ("tenant_group", "0 = 0"),
    }
}

/// The rows at these positions, in their order; those that have gone are missing.
pub(crate) async fn at(db: &Db, kind: ResourceKind, positions: &[i64]) -> Result<Vec<Stored>, DbError> {
    let mut found = HashMap::with_capacity(positions.len());
    for chunk in positions.chunks(CHUNK) {
        for row in db.read(at_query(kind, chunk)).await? {
            let stored = stored(&row)?;
            found.insert(stored.position, stored);
        }
    }
    Ok(positions.iter().filter_map(|position| found.remove(position)).collect())
}

pub(super) fn at_query(kind: ResourceKind, positions: &[i64]) -> Query {
    let (table, living) = table(kind);
    let sql = format!(
        "SELECT position, id, body, created_at, modified_at, revision FROM {table} WHERE {living} AND position IN {}",
        list(1, positions.len())
    );
    Query::new(sql, positions.iter().map(|&position| position.into()))
}

/// The next `limit` rows after a place, or the first ones, each with its own place.
pub(crate) async fn after(
    db: &Db,
    kind: ResourceKind,
    order: Order,
    place: Option<&Place>,
    limit: usize,
) -> Result<Vec<(Place, Stored)>, DbError> {
    let rows = db.read(after_query(kind, order, place, limit)).await?;
    rows.iter().map(|row| Ok((place_of(row, order.column)?, stored(row)?))).collect()
}

pub(super) fn after_query(kind: ResourceKind, order: Order, place: Option<&Place>, limit: usize) -> Query {
    let (table, living) = table(kind);
    let column = order.column.sql();
    let sign = order.sign();
    let (condition, parameters) = match place {
        None => (String::new(), Vec::new()),
        Some(place) if order.column == Column::Position => (format!(" AND position {sign} $1"), vec![place.position.into()]),
        Some(place) => {
            (format!(" AND ({column}, position) {sign} ($1, $2)"), vec![key_value(order.column, place), place.position.into()])
        }
    };
    let ordered = order.sql();
    let sql = format!(
        "SELECT position, id, body, created_at, modified_at, revision, {column} FROM {table} WHERE {living}{condition} \
         ORDER BY {ordered} LIMIT {limit}"
    );
    Query::new(sql, parameters)
}

/// Where these rows stand in the order of a column; those that have gone are missing.
pub(crate) async fn places(db: &Db, kind: ResourceKind, column: Column, positions: &[i64]) -> Result<Vec<Place>, DbError> {
    let (table, living) = table(kind);
    let mut found = Vec::with_capacity(positions.len());
    for chunk in positions.chunks(CHUNK) {
        let sql =
            format!("SELECT position, {} FROM {table} WHERE {living} AND position IN {}", column.sql(), list(1, chunk.len()));
        for row in db.read(Query::new(sql, chunk.iter().map(|&position| position.into()))).await? {
            found.push(Place { key: key_text(&row, 1, column)?, position: row.get(0)? });
        }
    }
    Ok(found)
}

/// The positions of `limit` rows after the first `skip` in an order; only the index is looked at. In the order of positions it
/// starts from one of them.
pub(crate) async fn positions(
    db: &Db,
    kind: ResourceKind,
    order: Order,
    place: (i64, i64),
    limit: u64,
) -> Result<Vec<i64>, DbError> {
    db.read(positions_query(kind, order, place, limit)).await?.iter().map(|row| Ok(row.get(0)?)).collect()
}

pub(super) fn positions_query(kind: ResourceKind, order: Order, (from, skip): (i64, i64), limit: u64) -> Query {
    let (table, living) = table(kind);
    let (condition, parameters) = match order.column {
        Column::Position => (" AND position >= $1", vec![from.into()]),
        Column::Id | Column::UserName | Column::DisplayName | Column::ExternalId | Column::Created | Column::Modified => {
            ("", Vec::new())
        }
    };
    let ordered = order.sql();
    let sql = format!("SELECT position FROM {table} WHERE {living}{condition} ORDER BY {ordered} LIMIT {limit} OFFSET {skip}");
    Query::new(sql, parameters)
}

pub(super) fn key_value(column: Column, place: &Place) -> Value {
    let key = place.key.as_deref().unwrap_or_default();
    // A number that is none is nobody's: the list begins at its beginning.
    if column.is_number() { key.parse::<i64>().unwrap_or(i64::MIN).into() } else { key.replace('\0', "").into() }
}

fn place_of(row: &Row, column: Column) -> Result<Place, DbError> {
    let key = if column == Column::Position { None } else { key_text(row, 6, column)? };
    Ok(Place { key, position: row.get(0)? })
}

pub(super) fn key_text(row: &Row, index: usize, column: Column) -> Result<Option<String>, DbError> {
    Ok(Some(if column.is_number() { row.get::<i64>(index)?.to_string() } else { row.get(index)? }))
}

fn stored(row: &Row) -> Result<Stored, DbError> {
    let body: String = row.get(2)?;
    Ok(Stored {
        position: row.get(0)?,
        id: row.get(1)?,
        body: serde_json::from_str(&body).map_err(|error| DbError::Engine(format!("a body is not readable: {error}")))?,
        created_at: row.get(3)?,
        modified_at: row.get(4)?,
        revision: row.get(5)?,
    })
}
