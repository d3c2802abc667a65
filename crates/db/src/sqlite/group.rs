//! Group commit: many batches in one transaction, a savepoint each, one COMMIT for all.

use super::names::UniqueNames;
use super::open::BUSY_TIMEOUT;
use super::statement::{Failure, control, db_error, execute};
use crate::batch::{Batch, Outcome, check};
use crate::error::{CommitError, DbError, end_process};
use rusqlite::{Connection, ErrorCode};
use std::time::Duration;

/// The connection that writes.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) connection: Connection,
    names: UniqueNames,
}

enum Attempt {
    /// Committed; each batch has its own outcome.
    Finished(Vec<Outcome>),
    /// SQLite has undone the whole transaction; why.
    RolledBack(DbError),
    /// The transaction could not begin; why.
    NotBegun(rusqlite::Error),
}

impl Writer {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection, names: UniqueNames::default() }
    }

    /// Commits the batches, as far as each of them can be; outcomes in the same order. When SQLite undoes the whole
    /// group (a full disk, memory), each batch is run again alone, so that one cannot spoil the others.
    pub(super) fn commit(&mut self, batches: &[&Batch]) -> Vec<Outcome> {
        match self.attempt(batches) {
            Attempt::Finished(outcomes) => outcomes,
            Attempt::NotBegun(error) => batches.iter().map(|_| Err(CommitError::Db(not_begun(&error)))).collect(),
            Attempt::RolledBack(error) if batches.len() == 1 => vec![Err(CommitError::Db(error))],
            Attempt::RolledBack(_) => batches.iter().flat_map(|batch| self.commit(&[batch])).collect(),
        }
    }

    /// Commits one batch, or answers `None` when another process is writing to the file: whoever asks here cannot wait.
    pub(super) fn commit_at_once(&mut self, batch: &Batch) -> Option<Outcome> {
        if let Err(error) = self.connection.busy_timeout(Duration::ZERO) {
            return Some(Err(CommitError::Db(DbError::Engine(error.to_string()))));
        }
        let begun = control(&self.connection, "BEGIN IMMEDIATE");
        let is_busy = matches!(&begun, Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy));
        let outcome = if is_busy { None } else { Some(self.finish(begun, &[batch])) };
        if let Err(error) = self.connection.busy_timeout(BUSY_TIMEOUT) {
            tracing::warn!(%error, "the writer's waiting time cannot be set");
        }
        match outcome? {
            Attempt::Finished(mut outcomes) => outcomes.pop(),
            Attempt::NotBegun(error) => Some(Err(CommitError::Db(not_begun(&error)))),
            Attempt::RolledBack(error) => Some(Err(CommitError::Db(error))),
        }
    }

    fn attempt(&mut self, batches: &[&Batch]) -> Attempt {
        let begun = control(&self.connection, "BEGIN IMMEDIATE");
        self.finish(begun, batches)
    }

    fn finish(&mut self, begun: rusqlite::Result<()>, batches: &[&Batch]) -> Attempt {
        if let Err(error) = begun {
            return Attempt::NotBegun(error);
        }
        let outcomes = match batches {
            // Alone in its transaction it needs no savepoint, for which SQLite would copy each page before it is changed.
            [batch] => self.run_or_lose(batch).map(|outcome| vec![outcome]),
            batches => batches.iter().map(|batch| self.run_in_savepoint(batch)).collect(),
        };
        let outcomes = match outcomes {
            Ok(outcomes) => outcomes,
            Err(error) => {
                self.roll_back();
                return Attempt::RolledBack(error);
            }
        };
        if let ([_], [Err(_)]) = (batches, outcomes.as_slice()) {
            self.roll_back();
            return Attempt::Finished(outcomes);
        }
        if let Err(error) = control(&self.connection, "COMMIT") {
            self.roll_back();
            // A write or a sync that failed may still have reached the disk, and come back with the next start.
            if error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure) {
                end_process(&error.to_string());
            }
            return Attempt::RolledBack(db_error(&error, error.to_string()));
        }
        Attempt::Finished(outcomes)
    }

    /// The outer error means that the transaction is gone.
    fn run_or_lose(&mut self, batch: &Batch) -> Result<Outcome, DbError> {
        let outcome = self.run(batch);
        if !self.connection.is_autocommit() {
            return Ok(outcome);
        }
        Err(match outcome {
            Err(CommitError::Db(error)) => error,
            Ok(_) | Err(CommitError::Conflict { .. } | CommitError::Unique { .. }) => {
                DbError::Engine("SQLite has undone the transaction".to_owned())
            }
        })
    }

    /// The outer error means that the transaction is gone.
    fn run_in_savepoint(&mut self, batch: &Batch) -> Result<Outcome, DbError> {
        let lost = |error: rusqlite::Error| db_error(&error, error.to_string());
        control(&self.connection, "SAVEPOINT batch").map_err(lost)?;
        let outcome = self.run_or_lose(batch)?;
        if outcome.is_err() {
            control(&self.connection, "ROLLBACK TO batch").map_err(lost)?;
        }
        control(&self.connection, "RELEASE batch").map_err(lost)?;
        Ok(outcome)
    }

    fn run(&mut self, batch: &Batch) -> Outcome {
        let mut answers = Vec::with_capacity(batch.statements.len());
        for (number, (query, expect)) in batch.statements.iter().enumerate() {
            let answer = match execute(&self.connection, query) {
                Ok(answer) => answer,
                Err(failure) => return Err(self.refused(number, failure)),
            };
            check(number, *expect, answer.count)?;
            answers.push(answer);
        }
        Ok(answers)
    }

    fn refused(&mut self, statement: usize, failure: Failure) -> CommitError {
        if let Failure::Sqlite(error, _) = &failure
            && let Some(constraint) = self.names.broken(&self.connection, error)
        {
            return CommitError::Unique { statement, constraint };
        }
        CommitError::Db(failure.into_db_error())
    }

    /// After a failure the transaction may be gone already; then there is nothing to do.
    fn roll_back(&self) {
        if !self.connection.is_autocommit()
            && let Err(error) = control(&self.connection, "ROLLBACK")
        {
            tracing::error!(%error, "a transaction cannot be undone");
        }
    }
}

fn not_begun(error: &rusqlite::Error) -> DbError {
    if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) {
        return DbError::Busy;
    }
    db_error(error, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn insert(sql: &'static str) -> Batch {
        let mut batch = Batch::new();
        batch.run(sql, []);
        batch
    }

    #[test]
    fn when_sqlite_undoes_the_group_each_batch_runs_again_alone() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (id BIGINT PRIMARY KEY); INSERT INTO t VALUES (0)").unwrap();
        let mut writer = Writer::new(connection);
        let batches = [
            insert("INSERT INTO t VALUES (1)"),
            // This one undoes the whole transaction, not only its statement.
            insert("INSERT OR ROLLBACK INTO t VALUES (0)"),
            insert("INSERT INTO t VALUES (2)"),
        ];
        let outcomes = writer.commit(&batches.iter().collect::<Vec<_>>());
        assert!(outcomes[0].is_ok() && outcomes[1].is_err() && outcomes[2].is_ok(), "{outcomes:?}");
        let kept: i64 = writer.connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap();
        assert_eq!(kept, 3);
        assert!(writer.connection.is_autocommit());
    }
}
