//! For tests: what a database says it would do for a statement.

use provost_db::{Batch, Db, Location, Query};

/// A database with the whole schema, filled by these statements, and these tables counted where plans go by that.
pub(crate) async fn filled(location: &Location, engine: &str, statements: &[&'static str], tables: &str) -> Db {
    let db = Db::open(location, crate::migrations::ALL).await.unwrap();
    let mut batch = Batch::new();
    for sql in statements {
        batch.run(*sql, []);
    }
    if engine != "sqlite" {
        batch.run(format!("ANALYZE {tables}"), []);
    }
    db.commit(batch).await.unwrap();
    db
}

/// The plan of a statement, a line each. PostgreSQL is asked what it does where it has to use an index.
pub(crate) async fn explained(db: &Db, engine: &str, query: &Query) -> Vec<String> {
    let explain = |word: &str| Query::new(format!("{word} {}", query.sql), query.params.clone());
    if engine == "sqlite" {
        let rows = db.read(explain("EXPLAIN QUERY PLAN")).await.unwrap();
        return rows.iter().map(|row| row.get(3).unwrap()).collect();
    }
    let off = |setting: &str| Query::new(format!("SELECT set_config('{setting}', 'off', true)"), []);
    let queries = vec![off("enable_seqscan"), off("enable_bitmapscan"), explain("EXPLAIN (COSTS OFF)")];
    let answers = db.read_all(queries).await.unwrap();
    answers.last().into_iter().flatten().map(|row| row.get(0).unwrap()).collect()
}

/// Whether this line of a plan goes through a whole table; SQLite calls each by its name in the statement.
pub(crate) fn scans(engine: &str, line: &str, names: &[&str]) -> bool {
    if engine == "sqlite" { names.iter().any(|name| line == format!("SCAN {name}")) } else { line.contains("Seq Scan") }
}

/// Whether this line of a plan sorts.
pub(crate) fn sorts(engine: &str, line: &str) -> bool {
    line.contains(if engine == "sqlite" { "TEMP B-TREE FOR ORDER" } else { "->  Sort" })
}
