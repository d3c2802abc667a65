//! SQLite: a file with one writer, a writing thread and a few reading ones, or a database in memory.
//!
//! The file is in WAL mode with synchronous=FULL: an acknowledged commit survives a power cut. What is short runs on the caller's
//! thread ([`direct`], [`writing`]), where nobody has to be woken up for it; what is long, and what waits for others, runs on ours.

mod direct;
mod group;
mod names;
mod open;
mod placeholders;
mod statement;
mod writing;

use crate::batch::{Batch, Lane, Outcome, Query};
use crate::error::{DbError, OpenError};
use crate::migration::Migration;
use crate::queue::{CloseOnDrop, Queue};
use crate::stream::{CHUNK_ROWS, Chunk, STREAMS_MAX};
use crate::value::Row;
use direct::Direct;
use group::Writer;
use rusqlite::Connection;
use statement::Failure;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, mpsc, oneshot};
use writing::{Callers, Writing};

/// Batches that may wait in each lane, and reads that may wait.
const QUEUE_CAPACITY: usize = 1_024;
/// After work of this length on a caller's thread, other tasks of that thread come first.
const TURN_MAX: Duration = Duration::from_micros(200);
/// So many commits wait for the disk on their callers' threads before one of them makes way. Whoever answers a request makes way by
/// itself, and doing so after each commit would wake another thread for nothing.
const COMMITS_A_TURN: u32 = 8;

type ReadResult = Result<Vec<Vec<Row>>, DbError>;

struct ReadJob {
    queries: Vec<Query>,
    answer: oneshot::Sender<ReadResult>,
}

/// A file and the threads that work on it. They end when this is dropped, after the batches that wait.
pub(crate) struct File {
    path: PathBuf,
    writing: Callers,
    direct: Direct,
    /// Commits on callers' threads.
    commits: AtomicU32,
    reads: Arc<Queue<ReadJob>>,
    streams: Arc<Semaphore>,
}

impl Drop for File {
    fn drop(&mut self) {
        self.reads.close();
    }
}

impl File {
    pub(crate) async fn open(path: &Path, migrations: &[Migration]) -> Result<Self, OpenError> {
        let unreachable = |message: String| OpenError::Unreachable { location: path.display().to_string(), message };
        let (opened, opening) = oneshot::channel();
        let (owned_path, steps) = (path.to_owned(), migrations.to_vec());
        let write = move || match open::open_writer(&owned_path, &steps) {
            Ok(connection) => {
                let (callers, writing) = Writing::new(Writer::new(connection));
                // When whoever opens has gone away, the callers' end is dropped, and there is nothing to do.
                let _ = opened.send(Ok(callers));
                writing.run();
            }
            Err(error) => drop(opened.send(Err(error))),
        };
        thread::Builder::new().name("db-writer".to_owned()).spawn(write).map_err(|error| unreachable(error.to_string()))?;
        let writing = opening.await.map_err(|_| unreachable("the writer ended while opening".to_owned()))??;
        let file = Self {
            path: path.to_owned(),
            writing,
            direct: Direct::open(path, readers()).map_err(|error| open::not_opened(&path.display().to_string(), &error))?,
            commits: AtomicU32::new(0),
            reads: Arc::new(Queue::new(QUEUE_CAPACITY)),
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
        };
        for _ in 0..readers() {
            let connection = open::open_reader(path).map_err(|error| open::not_opened(&path.display().to_string(), &error))?;
            let reads = Arc::clone(&file.reads);
            let read = move || read_loop(&connection, reads);
            thread::Builder::new().name("db-reader".to_owned()).spawn(read).map_err(|error| unreachable(error.to_string()))?;
        }
        Ok(file)
    }

    pub(crate) async fn commit(&self, batch: Batch) -> Outcome {
        let started = Instant::now();
        match self.writing.commit_here(&batch) {
            Some(outcome) => {
                if self.commits.fetch_add(1, Ordering::Relaxed).is_multiple_of(COMMITS_A_TURN) {
                    end_turn(started).await;
                } else {
                    tokio::task::consume_budget().await;
                }
                outcome
            }
            None => self.writing.commit(batch).await,
        }
    }

    pub(crate) async fn read_all(&self, queries: Vec<Query>) -> ReadResult {
        let started = Instant::now();
        if let Some(answer) = self.direct.read(&queries) {
            end_turn(started).await;
            return answer;
        }
        let (answer, answered) = oneshot::channel();
        self.reads.push(Lane::Interactive, 1, ReadJob { queries, answer }).await?;
        answered.await.unwrap_or(Err(DbError::Closed))
    }

    /// Starts a thread with a connection of its own that hands over chunks as fast as they are taken.
    pub(crate) async fn stream(&self, query: Query) -> Result<mpsc::Receiver<Chunk>, DbError> {
        let place = Arc::clone(&self.streams).acquire_owned().await.map_err(|_| DbError::Closed)?;
        let (chunks, received) = mpsc::channel(1);
        let path = self.path.clone();
        let run = move || {
            let last = match open::open_stream(&path) {
                Ok(connection) => send_chunks(&connection, &query, |rows| chunks.blocking_send(Chunk::Rows(rows)).is_ok()),
                Err(error) => Err(statement::db_error(&error, error.to_string())),
            };
            // Nobody listens when the stream was dropped half-way.
            let _ = chunks.blocking_send(last.map_or_else(Chunk::Failed, |()| Chunk::End));
            drop(place);
        };
        thread::Builder::new().name("db-stream".to_owned()).spawn(run).map_err(|error| DbError::Engine(error.to_string()))?;
        Ok(received)
    }
}

/// A database in memory, on the caller's thread: one seed gives one trace.
pub(crate) struct Inline(Mutex<Writer>);

impl Inline {
    pub(crate) fn open(migrations: &[Migration]) -> Result<Self, OpenError> {
        open::open_memory(migrations).map(|connection| Self(Mutex::new(Writer::new(connection))))
    }

    /// A copy as it stands now, under a name that no other copy of this process has.
    #[cfg(feature = "testing")]
    pub(crate) fn copy(&self, name: &str) -> Result<Self, DbError> {
        let writer = self.0.lock().map_err(|_| DbError::Closed)?;
        open::copy_memory(&writer.connection, name)
            .map(|connection| Self(Mutex::new(Writer::new(connection))))
            .map_err(|error| DbError::Engine(error.to_string()))
    }

    pub(crate) fn commit(&self, batch: &Batch) -> Outcome {
        let mut writer = self.0.lock().map_err(|_| DbError::Closed)?;
        writer.commit(&[batch]).pop().unwrap_or(Err(DbError::Closed.into()))
    }

    pub(crate) fn read_all(&self, queries: &[Query]) -> ReadResult {
        let writer = self.0.lock().map_err(|_| DbError::Closed)?;
        read_snapshot(&writer.connection, queries)
    }

    /// All chunks at once: with one connection, a stream that stayed open would see later writes.
    pub(crate) fn stream(&self, query: &Query) -> Result<Vec<Vec<Row>>, DbError> {
        let writer = self.0.lock().map_err(|_| DbError::Closed)?;
        let mut chunks = Vec::new();
        send_chunks(&writer.connection, query, |rows| {
            chunks.push(rows);
            true
        })?;
        Ok(chunks)
    }
}

fn readers() -> usize {
    thread::available_parallelism().map_or(2, |cores| cores.get().clamp(2, 4))
}

/// A task that asks the database in a loop never waits when all is answered on its own thread. It makes way for others here.
async fn end_turn(started: Instant) {
    if started.elapsed() > TURN_MAX {
        tokio::task::yield_now().await;
    } else {
        tokio::task::consume_budget().await;
    }
}

fn read_loop(connection: &Connection, queue: Arc<Queue<ReadJob>>) {
    let queue = CloseOnDrop(queue);
    while let Some(jobs) = queue.0.take_blocking(1) {
        for job in jobs {
            if !job.answer.is_closed() {
                let _ = job.answer.send(read_snapshot(connection, &job.queries));
            }
        }
    }
}

/// One statement sees one snapshot anyway; several need a transaction.
fn read_snapshot(connection: &Connection, queries: &[Query]) -> ReadResult {
    let _snapshot = if queries.len() > 1 { Some(Snapshot::begin(connection)?) } else { None };
    let answers = queries.iter().map(|query| {
        let mut rows = Vec::new();
        let read = statement::select(connection, query, |row| {
            rows.push(row);
            Ok(())
        });
        read.map(|()| rows).map_err(Failure::into_db_error)
    });
    answers.collect()
}

/// A transaction that only reads. What begins and ends it is kept prepared, as every statement is.
struct Snapshot<'c>(&'c Connection);

impl<'c> Snapshot<'c> {
    fn begin(connection: &'c Connection) -> Result<Self, DbError> {
        let begun = statement::control(connection, "BEGIN");
        begun.map_err(|error| statement::db_error(&error, error.to_string()))?;
        Ok(Self(connection))
    }
}

impl Drop for Snapshot<'_> {
    fn drop(&mut self) {
        // A failure may have ended it already.
        if !self.0.is_autocommit()
            && let Err(error) = statement::control(self.0, "ROLLBACK")
        {
            tracing::error!(%error, "a transaction that reads could not be ended");
        }
    }
}

/// Hands over the rows in chunks until `send` says that nobody wants more.
fn send_chunks(connection: &Connection, query: &Query, mut send: impl FnMut(Vec<Row>) -> bool) -> Result<(), DbError> {
    let mut chunk = Vec::new();
    let read = statement::select(connection, query, |row| {
        chunk.push(row);
        if chunk.len() == CHUNK_ROWS && !send(std::mem::take(&mut chunk)) {
            return Err(Failure::Unfit("the stream was dropped".to_owned()));
        }
        Ok(())
    });
    read.map_err(Failure::into_db_error)?;
    if !chunk.is_empty() {
        send(chunk);
    }
    Ok(())
}
