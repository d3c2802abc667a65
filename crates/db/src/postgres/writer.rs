//! Group commit: the statements of many batches in one flight, their counts checked, one COMMIT for all.
//!
//! When a batch of the group cannot be committed, the group is undone and run again with a savepoint for each batch, so
//! that it harms no neighbour. Nothing decides whether a COMMIT was done when its answer is lost: then the process ends.

use super::session::{Purpose, Session, Step, chain, engine_error, in_one_flight, is_collision, is_lost, is_stale};
use crate::batch::{Answer, Batch, Outcome, check};
use crate::error::{CommitError, DbError, end_process};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Config, Error, Statement};

/// How often a batch is tried that collides with another node's, and a group whose connection is lost before COMMIT.
const TRIES_MAX: usize = 3;

/// The connection that writes; made again when it is lost.
pub(super) struct Writer {
    config: Config,
    session: Option<Session>,
}

/// The connection was lost before COMMIT was sent: of the batches without an outcome, nothing was done.
struct Lost(String);

/// A batch, and what became of it once that is certain.
struct Work<'a> {
    batch: &'a Batch,
    outcome: Option<Outcome>,
}

/// Why a batch was not committed.
enum Refusal {
    /// Its caller must know.
    Final(CommitError),
    /// It may succeed when it is run again.
    Again(CommitError),
}

impl Refusal {
    fn into_error(self) -> CommitError {
        match self {
            Self::Final(error) | Self::Again(error) => error,
        }
    }
}

type Tried = Result<Vec<Answer>, Refusal>;

impl Writer {
    pub(super) fn new(config: Config, session: Session) -> Self {
        Self { config, session: Some(session) }
    }

    /// Commits the batches, as far as each of them can be; outcomes in the same order. When a connection is lost, only
    /// the batches that have no outcome yet are run again, and each alone: one of them may be what the server died of.
    pub(super) async fn commit(&mut self, batches: &[&Batch]) -> Vec<Outcome> {
        let mut work: Vec<Work<'_>> = batches.iter().map(|batch| Work { batch, outcome: None }).collect();
        let mut message = String::new();
        for attempt in 0..TRIES_MAX {
            let mut session = match self.connected().await {
                Ok(session) => session,
                Err(error) => {
                    message = chain(&error);
                    continue;
                }
            };
            let done = if attempt == 0 {
                commit_group(&mut session, &mut work).await
            } else {
                commit_open(&mut session, &mut work).await
            };
            match done {
                Ok(()) => {
                    self.session = Some(session);
                    break;
                }
                Err(Lost(why)) => message = why,
            }
        }
        work.into_iter().map(|work| work.outcome.unwrap_or_else(|| Err(DbError::Engine(message.clone()).into()))).collect()
    }

    async fn connected(&mut self) -> Result<Session, Error> {
        match self.session.take() {
            Some(session) if !session.client.is_closed() => Ok(session),
            Some(_) | None => Session::connect(&self.config, Purpose::Write).await,
        }
    }
}

async fn commit_group(session: &mut Session, work: &mut [Work<'_>]) -> Result<(), Lost> {
    if work.len() > 1 {
        let batches: Vec<&Batch> = work.iter().map(|work| work.batch).collect();
        let tried = try_together(session, &batches).await?;
        if tried.iter().all(Result::is_ok) {
            for (work, tried) in work.iter_mut().zip(tried) {
                work.outcome = Some(tried.map_err(Refusal::into_error));
            }
        } else {
            commit_with_savepoints(session, work).await?;
        }
    }
    commit_open(session, work).await
}

/// Runs each batch that has no outcome yet in a transaction of its own.
async fn commit_open(session: &mut Session, work: &mut [Work<'_>]) -> Result<(), Lost> {
    for work in work.iter_mut().filter(|work| work.outcome.is_none()) {
        work.outcome = Some(commit_alone(session, work.batch).await?);
    }
    Ok(())
}

async fn commit_alone(session: &mut Session, batch: &Batch) -> Result<Outcome, Lost> {
    let mut last = None;
    for _ in 0..TRIES_MAX {
        match try_together(session, &[batch]).await?.pop() {
            Some(Ok(answers)) => return Ok(Ok(answers)),
            Some(Err(Refusal::Final(error))) => return Ok(Err(error)),
            Some(Err(Refusal::Again(error))) => last = Some(error),
            None => {}
        }
    }
    Ok(Err(last.unwrap_or(CommitError::Db(DbError::Closed))))
}

/// Committed when every batch is `Ok`; otherwise nothing was done, and the first refusal is the true one: after it the
/// server refuses everything.
async fn try_together(session: &mut Session, batches: &[&Batch]) -> Result<Vec<Tried>, Lost> {
    let mut prepared = Vec::with_capacity(batches.len());
    for batch in batches {
        match prepare(session, batch).await? {
            Ok(statements) => prepared.push(statements),
            Err(refusal) => return Ok(vec![Err(refusal)]),
        }
    }
    // Awaited, not sent with the rest: were it refused, each statement would be committed by itself.
    control(session, "BEGIN ISOLATION LEVEL READ COMMITTED").await.map_err(Lost)?;
    let steps = batches.iter().zip(&prepared).flat_map(|(batch, statements)| steps(session, batch, statements)).collect();
    let mut answers = in_one_flight(steps).await.into_iter();
    let mut tried = Vec::with_capacity(batches.len());
    for batch in batches {
        let own: Vec<_> = answers.by_ref().take(batch.statements.len()).collect();
        tried.push(judge(session, batch, own)?);
    }
    if tried.iter().all(Result::is_ok) {
        if let Err(error) = commit(session).await {
            return Ok(batches.iter().map(|_| Err(Refusal::Again(DbError::Engine(chain(&error)).into()))).collect());
        }
    } else {
        control(session, "ROLLBACK").await.map_err(Lost)?;
        forget_if_stale(session, &tried);
    }
    Ok(tried)
}

/// Batches without an outcome afterwards are to be run alone.
async fn commit_with_savepoints(session: &mut Session, work: &mut [Work<'_>]) -> Result<(), Lost> {
    let mut prepared = Vec::with_capacity(work.len());
    for work in work.iter() {
        prepared.push(prepare(session, work.batch).await?);
    }
    control(session, "BEGIN ISOLATION LEVEL READ COMMITTED").await.map_err(Lost)?;
    let mut tried = Vec::with_capacity(work.len());
    for (work, prepared) in work.iter().zip(prepared) {
        tried.push(match prepared {
            Ok(statements) => match try_in_savepoint(session, work.batch, &statements).await? {
                Ok(tried) => tried,
                Err(why) => return undo_group(session, &why).await,
            },
            Err(refusal) => Err(refusal),
        });
    }
    if let Err(error) = commit(session).await {
        return undo_group(session, &chain(&error)).await;
    }
    forget_if_stale(session, &tried);
    // From here on the group is committed: none of it may be run again, whatever happens to the connection.
    for (work, tried) in work.iter_mut().zip(tried) {
        work.outcome = match tried {
            Ok(answers) => Some(Ok(answers)),
            Err(Refusal::Final(error)) => Some(Err(error)),
            Err(Refusal::Again(_)) => None,
        };
    }
    Ok(())
}

/// The engine has given up the whole group.
async fn undo_group(session: &Session, why: &str) -> Result<(), Lost> {
    tracing::warn!(why, "PostgreSQL has undone a group of batches: each is run again alone");
    control(session, "ROLLBACK").await.map_err(Lost)
}

/// The inner error means that the server has given up the whole transaction.
async fn try_in_savepoint(session: &Session, batch: &Batch, statements: &[Statement]) -> Result<Result<Tried, String>, Lost> {
    let mut flight: Vec<Step<'_>> = vec![Box::pin(session.control("SAVEPOINT batch"))];
    flight.extend(steps(session, batch, statements));
    let mut answers = in_one_flight(flight).await.into_iter();
    if let Some(Err(error)) = answers.next() {
        return lost_or(session, &error, Ok(Err(chain(&error))));
    }
    let tried = judge(session, batch, answers.collect())?;
    let end = if tried.is_ok() { "RELEASE SAVEPOINT batch" } else { "ROLLBACK TO SAVEPOINT batch; RELEASE SAVEPOINT batch" };
    match session.control(end).await {
        Ok(_) => Ok(Ok(tried)),
        Err(error) => lost_or(session, &error, Ok(Err(chain(&error)))),
    }
}

async fn prepare(session: &mut Session, batch: &Batch) -> Result<Result<Vec<Statement>, Refusal>, Lost> {
    let mut statements = Vec::with_capacity(batch.statements.len());
    for (number, (query, _)) in batch.statements.iter().enumerate() {
        match session.prepare(&query.sql).await {
            Ok(statement) => statements.push(statement),
            Err(error) => return lost_or(session, &error, Ok(Err(refusal(number, &query.sql, &error)))),
        }
    }
    Ok(Ok(statements))
}

fn steps<'a>(session: &'a Session, batch: &'a Batch, statements: &'a [Statement]) -> Vec<Step<'a>> {
    let pairs = batch.statements.iter().zip(statements);
    pairs.map(|((query, _), statement)| Box::pin(session.run(statement, query)) as Step<'a>).collect()
}

/// Checks errors and counts, in the order of the statements: the first one that fails is why.
fn judge(session: &Session, batch: &Batch, answers: Vec<Result<Answer, Error>>) -> Result<Tried, Lost> {
    let mut kept = Vec::with_capacity(answers.len());
    for (number, (answer, (query, expect))) in answers.into_iter().zip(&batch.statements).enumerate() {
        match answer {
            Ok(answer) => match check(number, *expect, answer.count) {
                Ok(()) => kept.push(answer),
                Err(error) => return Ok(Err(Refusal::Final(error))),
            },
            Err(error) => return lost_or(session, &error, Ok(Err(refusal(number, &query.sql, &error)))),
        }
    }
    Ok(Ok(kept))
}

fn refusal(statement: usize, sql: &str, error: &Error) -> Refusal {
    if error.code() == Some(&SqlState::UNIQUE_VIOLATION) {
        let constraint = error.as_db_error().and_then(|refusal| refusal.constraint()).unwrap_or_default().to_owned();
        return Refusal::Final(CommitError::Unique { statement, constraint });
    }
    let told = CommitError::Db(engine_error(error, sql));
    if is_stale(error) || is_collision(error) { Refusal::Again(told) } else { Refusal::Final(told) }
}

/// Whatever may succeed the next time is prepared anew for it.
fn forget_if_stale(session: &mut Session, tried: &[Tried]) {
    if tried.iter().any(|outcome| matches!(outcome, Err(Refusal::Again(_)))) {
        session.forget_statements();
    }
}

fn lost_or<T>(session: &Session, error: &Error, otherwise: Result<T, Lost>) -> Result<T, Lost> {
    if is_lost(error, &session.client) { Err(Lost(chain(error))) } else { otherwise }
}

/// A transaction command that fails leaves the connection in a state that nobody knows: it is given up.
async fn control(session: &Session, sql: &'static str) -> Result<(), String> {
    session.control(sql).await.map(|_| ()).map_err(|error| chain(&error))
}

/// An error means that the server has said no; when it has said nothing, the process ends.
async fn commit(session: &Session) -> Result<(), Error> {
    match session.control("COMMIT").await {
        Ok(_) => Ok(()),
        Err(error) if is_lost(&error, &session.client) || error.as_db_error().is_none() => end_process(&chain(&error)),
        Err(error) => Err(error),
    }
}
