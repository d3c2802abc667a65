//! The same tests on every engine: SQLite in a file, SQLite in memory, PostgreSQL.

mod commit;
mod concurrency;
mod durability;
mod migrations;
mod reading;
mod support;
