//! What callers hand to the database: queries, and batches of statements with expectations.

use crate::error::CommitError;
use crate::value::{Row, Value};
use std::borrow::Cow;

/// A query with its parameters.
#[derive(Debug, Clone)]
pub struct Query {
    /// SQL with `$1`, `$2`, … placeholders; each may stand in several places.
    pub sql: Cow<'static, str>,
    /// The values of the placeholders, in order.
    pub params: Vec<Value>,
}

impl Query {
    /// A query from its text and its parameters.
    pub fn new(sql: impl Into<Cow<'static, str>>, params: impl IntoIterator<Item = Value>) -> Self {
        Self { sql: sql.into(), params: params.into_iter().collect() }
    }
}

/// How many rows a statement must touch for its batch to be committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// Any number.
    Any,
    /// This many, or the batch fails with [`crate::CommitError::Conflict`].
    Exactly(u64),
}

/// Which queue a batch waits in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lane {
    /// Before bulk work: somebody waits for it.
    #[default]
    Interactive,
    /// Imports, sweeps, settlements in groups.
    Bulk,
}

/// A list of statements that are committed together.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// In this order.
    pub statements: Vec<(Query, Expect)>,
    /// Which queue it waits in.
    pub lane: Lane,
}

impl Batch {
    /// An empty batch of the interactive lane.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty batch of the bulk lane.
    pub fn bulk() -> Self {
        Self { statements: Vec::new(), lane: Lane::Bulk }
    }

    /// Adds a statement that may touch any number of rows.
    pub fn run(&mut self, sql: impl Into<Cow<'static, str>>, params: impl IntoIterator<Item = Value>) -> &mut Self {
        self.push(Query::new(sql, params), Expect::Any)
    }

    /// Adds a statement that must touch exactly `count` rows.
    pub fn expect(
        &mut self,
        count: u64,
        sql: impl Into<Cow<'static, str>>,
        params: impl IntoIterator<Item = Value>,
    ) -> &mut Self {
        self.push(Query::new(sql, params), Expect::Exactly(count))
    }

    /// Adds a statement.
    pub fn push(&mut self, query: Query, expect: Expect) -> &mut Self {
        self.statements.push((query, expect));
        self
    }
}

/// What a statement of a batch answered.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// Rows touched; for a statement with `RETURNING`, rows returned.
    pub count: u64,
    /// The `RETURNING` rows.
    pub rows: Vec<Row>,
}

/// What became of a batch.
pub(crate) type Outcome = Result<Vec<Answer>, CommitError>;

/// Whether the statement touched as many rows as its batch asked for.
pub(crate) fn check(statement: usize, expect: Expect, found: u64) -> Result<(), CommitError> {
    match expect {
        Expect::Exactly(expected) if expected != found => Err(CommitError::Conflict { statement, expected, found }),
        Expect::Exactly(_) | Expect::Any => Ok(()),
    }
}
