//! One connection, its prepared statements, and statements sent in one flight.

use super::values::{Parameter, owned};
use crate::batch::{Answer, Query};
use crate::error::{DbError, excerpt};
use futures_util::TryStreamExt;
use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use tokio_postgres::error::{Severity, SqlState};
use tokio_postgres::{Client, Config, Error, NoTls, Statement};

/// Statements that a connection keeps prepared; when there are more, all are forgotten.
const CACHED_STATEMENTS: usize = 512;

/// A step of a flight.
pub(super) type Step<'a> = Pin<Box<dyn Future<Output = Result<Answer, Error>> + Send + 'a>>;

/// A connection. Dropping it closes it, and the server undoes what was not committed.
pub(super) struct Session {
    pub(super) client: Client,
    statements: HashMap<String, Statement>,
}

/// What a connection is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    Write,
    Read,
}

impl Session {
    pub(super) async fn connect(config: &Config, purpose: Purpose) -> Result<Self, Error> {
        let (client, connection) = config.connect(NoTls).await?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::warn!(error = chain(&error), "a connection to PostgreSQL has ended");
            }
        });
        if let Purpose::Read = purpose {
            client.batch_execute("SET default_transaction_read_only = on").await?;
        }
        Ok(Self { client, statements: HashMap::new() })
    }

    /// The statement, prepared; from the second time on without a round trip.
    pub(super) async fn prepare(&mut self, sql: &str) -> Result<Statement, Error> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql).await?;
        if self.statements.len() >= CACHED_STATEMENTS {
            self.statements.clear();
        }
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    /// Another node has changed a table: the plans made before no longer fit.
    pub(super) fn forget_statements(&mut self) {
        self.statements.clear();
    }

    /// `BEGIN`, `COMMIT`, ….
    pub(super) async fn control(&self, sql: &'static str) -> Result<Answer, Error> {
        self.client.batch_execute(sql).await.map(|()| Answer::default())
    }

    /// One prepared statement.
    pub(super) async fn run(&self, statement: &Statement, query: &Query) -> Result<Answer, Error> {
        let params: Vec<Parameter<'_>> = query.params.iter().map(Parameter).collect();
        let mut stream = pin!(self.client.query_raw(statement, params).await?);
        let mut rows = Vec::new();
        while let Some(row) = stream.try_next().await? {
            rows.push(owned(&row)?);
        }
        let returned = if statement.columns().is_empty() { stream.rows_affected() } else { None };
        Ok(Answer { count: returned.unwrap_or(rows.len() as u64), rows })
    }
}

/// Sends all steps at once, in this order, then collects their answers in the same order: one round trip. The client
/// sends a request when its future is first polled, so that the first poll of each, one after the other, sets the order.
pub(super) async fn in_one_flight(steps: Vec<Step<'_>>) -> Vec<Result<Answer, Error>> {
    let mut sent = Vec::with_capacity(steps.len());
    for mut step in steps {
        let first = poll_fn(|context| Poll::Ready(step.as_mut().poll(context))).await;
        sent.push((step, first));
    }
    let mut answers = Vec::with_capacity(sent.len());
    for (step, first) in sent {
        answers.push(match first {
            Poll::Ready(answer) => answer,
            Poll::Pending => step.await,
        });
    }
    answers
}

/// The connection is gone, or will be: what it was asked may or may not have been done.
pub(super) fn is_lost(error: &Error, client: &Client) -> bool {
    let ended_by_server = error.as_db_error().is_some_and(|refusal| match refusal.parsed_severity() {
        Some(Severity::Fatal | Severity::Panic) => true,
        Some(Severity::Error | Severity::Warning | Severity::Notice | Severity::Debug | Severity::Info | Severity::Log)
        | None => false,
    });
    error.is_closed() || ended_by_server || client.is_closed()
}

/// A prepared statement that the server has dropped or that no longer fits its tables: to be prepared again.
pub(super) fn is_stale(error: &Error) -> bool {
    error.code().is_some_and(|code| *code == SqlState::FEATURE_NOT_SUPPORTED || *code == SqlState::INVALID_SQL_STATEMENT_NAME)
}

/// Two nodes stood in each other's way: the same statement may succeed now.
pub(super) fn is_collision(error: &Error) -> bool {
    error.code().is_some_and(|code| *code == SqlState::T_R_DEADLOCK_DETECTED || *code == SqlState::T_R_SERIALIZATION_FAILURE)
}

/// The error for callers, with the beginning of the statement.
pub(super) fn engine_error(error: &Error, sql: &str) -> DbError {
    DbError::Engine(format!("{} (in: {})", chain(error), excerpt(sql)))
}

/// An error with its causes, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text.replace('\n', " ")
}
