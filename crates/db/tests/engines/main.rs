//! The same tests on every engine: SQLite in a file, SQLite in memory, PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

mod commit;
mod concurrency;
mod durability;
mod long_reads;
mod lost_commit;
mod migrations;
mod nodes;
mod proxy;
mod reading;
mod support;
