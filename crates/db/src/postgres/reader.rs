//! Reads: a few connections that only read, and streams with a connection of their own.

use super::session::{Purpose, Session, Step, chain, engine_error, in_one_flight, is_lost, is_stale};
use super::values::{Parameter, owned};
use crate::batch::Query;
use crate::error::DbError;
use crate::stream::{CHUNK_ROWS, Chunk, STREAMS_MAX};
use crate::value::Row;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Semaphore, mpsc};
use tokio_postgres::{Config, Error, IsolationLevel};

/// Connections for reads.
const READERS: usize = 4;
/// A read is tried this often when its connection is lost or its plan is stale; it changes nothing, so that it may be.
const TRIES_MAX: usize = 3;

/// The connections for reads; made when needed, kept when a read succeeds.
pub(super) struct Readers {
    config: Config,
    places: Semaphore,
    streams: Arc<Semaphore>,
    idle: Mutex<Vec<Session>>,
}

impl Readers {
    pub(super) fn new(config: Config) -> Self {
        Self {
            config,
            places: Semaphore::new(READERS),
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
            idle: Mutex::new(Vec::new()),
        }
    }

    /// Several queries from one snapshot. A caller that goes away half-way takes the connection with it.
    pub(super) async fn read_all(&self, queries: &[Query]) -> Result<Vec<Vec<Row>>, DbError> {
        let _place = self.places.acquire().await.map_err(|_| DbError::Closed)?;
        let mut last = DbError::Closed;
        for _ in 0..TRIES_MAX {
            let mut session = match self.connected().await {
                Ok(session) => session,
                Err(error) => {
                    last = DbError::Engine(chain(&error));
                    continue;
                }
            };
            let (error, sql) = match read_snapshot(&mut session, queries).await {
                Ok(answers) => {
                    self.keep(session);
                    return Ok(answers);
                }
                Err(failure) => failure,
            };
            let (lost, stale) = (is_lost(&error, &session.client), is_stale(&error));
            last = engine_error(&error, sql);
            if lost {
                // The others were made before and have most likely gone with it.
                self.lock().clear();
            } else if session.control("ROLLBACK").await.is_ok() {
                if stale {
                    session.forget_statements();
                }
                self.keep(session);
            }
            if !lost && !stale {
                break;
            }
        }
        Err(last)
    }

    /// Starts a task with a connection of its own that hands over chunks as fast as they are taken.
    pub(super) async fn stream(&self, query: Query) -> Result<mpsc::Receiver<Chunk>, DbError> {
        let place = Arc::clone(&self.streams).acquire_owned().await.map_err(|_| DbError::Closed)?;
        let connected = Session::connect(&self.config, Purpose::Read).await;
        let mut session = connected.map_err(|error| DbError::Engine(chain(&error)))?;
        let (chunks, received) = mpsc::channel(1);
        tokio::spawn(async move {
            let last = match send_chunks(&mut session, &query, &chunks).await {
                Ok(()) => Chunk::End,
                Err(error) => Chunk::Failed(engine_error(&error, &query.sql)),
            };
            // Nobody listens when the stream was dropped half-way.
            let _ = chunks.send(last).await;
            drop(place);
        });
        Ok(received)
    }

    async fn connected(&self) -> Result<Session, Error> {
        let kept = self.lock().pop();
        match kept {
            Some(session) if !session.client.is_closed() => Ok(session),
            Some(_) | None => Session::connect(&self.config, Purpose::Read).await,
        }
    }

    fn keep(&self, session: Session) {
        self.lock().push(session);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Session>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An error comes with the statement it belongs to.
async fn read_snapshot<'q>(session: &mut Session, queries: &'q [Query]) -> Result<Vec<Vec<Row>>, (Error, &'q str)> {
    let mut statements = Vec::with_capacity(queries.len());
    for query in queries {
        statements.push(session.prepare(&query.sql).await.map_err(|error| (error, &*query.sql))?);
    }
    let pairs = queries.iter().zip(&statements);
    let reads = pairs.map(|(query, statement)| (&*query.sql, Box::pin(session.run(statement, query)) as Step<'_>));
    // One statement sees one snapshot anyway; several need a transaction.
    let (begin, commit) = ("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "COMMIT");
    let alone = queries.len() == 1;
    let (sql, flight): (Vec<&str>, Vec<Step<'_>>) = if alone {
        reads.unzip()
    } else {
        let before = std::iter::once((begin, Box::pin(session.control(begin)) as Step<'_>));
        before.chain(reads).chain(std::iter::once((commit, Box::pin(session.control(commit)) as Step<'_>))).unzip()
    };
    let mut answers = Vec::with_capacity(flight.len());
    for (answer, sql) in in_one_flight(flight).await.into_iter().zip(sql) {
        answers.push(answer.map_err(|error| (error, sql))?.rows);
    }
    if !alone {
        answers.pop();
        answers.remove(0);
    }
    Ok(answers)
}

/// Ends early when nobody wants more.
async fn send_chunks(session: &mut Session, query: &Query, chunks: &mpsc::Sender<Chunk>) -> Result<(), Error> {
    let statement = session.prepare(&query.sql).await?;
    let beginning = session.client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true);
    let transaction = beginning.start().await?;
    let params: Vec<Parameter<'_>> = query.params.iter().map(Parameter).collect();
    let portal = transaction.bind_raw(&statement, params).await?;
    loop {
        let rows = transaction.query_portal(&portal, i32::try_from(CHUNK_ROWS).unwrap_or(i32::MAX)).await?;
        let full = rows.len() == CHUNK_ROWS;
        let chunk = rows.iter().map(owned).collect::<Result<Vec<Row>, Error>>()?;
        if (!chunk.is_empty() && chunks.send(Chunk::Rows(chunk)).await.is_err()) || !full {
            return Ok(());
        }
    }
}
