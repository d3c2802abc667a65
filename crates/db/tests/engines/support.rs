//! A small schema, and a fresh database of it on each engine.

use provost_db::testing::{Guard, locations};
use provost_db::{Answer, Batch, Db, Location, Migration, Query, Row, Value};

/// A table with every kind of key, and one that refers to it.
pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "items",
        sql: "CREATE TABLE item (id BIGINT PRIMARY KEY, label TEXT, amount BIGINT, bytes {blob});\n\
              CREATE UNIQUE INDEX item_label ON item (label);\n\
              CREATE TABLE pair (a BIGINT NOT NULL, b BIGINT NOT NULL, kind TEXT, PRIMARY KEY (a, b));\n\
              CREATE UNIQUE INDEX pair_b_kind ON pair (b, kind);",
    },
    Migration {
        version: 2,
        name: "parts",
        sql: "CREATE TABLE part (id BIGINT PRIMARY KEY, item_id BIGINT NOT NULL REFERENCES item (id));",
    },
];

/// An open database and what removes it.
pub(crate) struct Place {
    pub(crate) name: &'static str,
    pub(crate) location: Location,
    pub(crate) db: Db,
    _guard: Option<Guard>,
}

/// One for each engine.
pub(crate) async fn places() -> Vec<Place> {
    let mut places = Vec::new();
    for (name, location, guard) in locations() {
        places.push(Place { name, db: open(&location).await, location, _guard: Some(guard) });
    }
    let location = Location::Memory;
    places.push(Place { name: "memory", db: open(&location).await, location, _guard: None });
    places
}

/// One for each engine that keeps its data.
pub(crate) async fn lasting_places() -> Vec<Place> {
    places().await.into_iter().filter(|place| !matches!(place.location, Location::Memory)).collect()
}

pub(crate) async fn open(location: &Location) -> Db {
    Db::open(location, MIGRATIONS).await.unwrap()
}

pub(crate) fn add(id: i64, label: &str) -> Batch {
    let mut batch = Batch::new();
    batch.expect(1, "INSERT INTO item (id, label, amount) VALUES ($1, $2, 0)", [id.into(), label.into()]);
    batch
}

pub(crate) async fn rows(db: &Db, sql: &'static str, params: impl IntoIterator<Item = Value>) -> Vec<Row> {
    db.read(Query::new(sql, params)).await.unwrap()
}

pub(crate) async fn count(db: &Db) -> i64 {
    rows(db, "SELECT count(*) FROM item", []).await[0].get(0).unwrap()
}

pub(crate) fn counts(answers: &[Answer]) -> Vec<u64> {
    answers.iter().map(|answer| answer.count).collect()
}
