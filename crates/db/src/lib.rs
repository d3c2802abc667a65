//! Two primitives over SQLite and PostgreSQL: [`Db::read`] (and [`Db::stream`]) and [`Db::commit`], and migrations.
//!
//! Because deciding is pure, nothing thinks in the middle of a transaction: a caller reads rows, decides, and commits a
//! list of statements, each with an expectation, all or nothing. One SQL text serves both engines: `$1` placeholders,
//! `BIGINT` for numbers, truth values and microseconds, `TEXT` for text and JSON.
//!
//! Deliberately absent: a transaction that a caller holds open, an object mapper, any knowledge of the domain.

mod batch;
mod db;
mod error;
#[cfg(feature = "testing")]
mod fate;
mod location;
mod migration;
mod postgres;
mod queue;
mod sqlite;
mod stream;
#[cfg(feature = "testing")]
pub mod testing;
mod value;

pub use batch::{Answer, Batch, Expect, Lane, Query};
pub use db::Db;
pub use error::{CommitError, DbError, OpenError};
#[cfg(feature = "testing")]
pub use fate::{Fate, Watch};
pub use location::Location;
pub use migration::Migration;
pub use stream::RowStream;
pub use value::{FromValue, Row, Value, WrongType, list, list_of, rows};
