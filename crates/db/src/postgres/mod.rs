//! PostgreSQL: one connection that writes, a few that read, one for each stream.
//!
//! Connections are not encrypted: the server stands on the same machine or in the same private network.

mod migrate;
mod reader;
mod session;
mod values;
mod writer;

#[cfg(feature = "testing")]
pub(crate) use session::chain as error_chain;

use crate::batch::{Batch, Outcome, Query};
use crate::error::{DbError, OpenError};
use crate::location::without_password;
use crate::migration::Migration;
use crate::queue::{CloseOnDrop, Queue};
use crate::stream::Chunk;
use crate::value::Row;
use reader::Readers;
use session::{Purpose, Session, chain};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::Config;
use writer::Writer;

/// Batches that may wait in each lane.
const QUEUE_CAPACITY: usize = 1_024;
/// Statements that share a COMMIT.
const GROUP_STATEMENTS_MAX: usize = 512;
/// How long a connection may take, and how long a server may stay silent, unless the URL says otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const SILENCE_MAX: Duration = Duration::from_secs(30);

struct WriteJob {
    batch: Batch,
    answer: oneshot::Sender<Outcome>,
}

/// A server's database and the task that writes to it. The task ends when this is dropped, after the batches that wait.
pub(crate) struct Server {
    writes: Arc<Queue<WriteJob>>,
    readers: Readers,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.writes.close();
    }
}

impl Server {
    pub(crate) async fn open(url: &str, migrations: &[Migration]) -> Result<Self, OpenError> {
        let location = without_password(url);
        let unreachable = |message: String| OpenError::Unreachable { location: location.clone(), message };
        let mut config: Config = url.parse().map_err(|error| unreachable(chain(&error)))?;
        if config.get_application_name().is_none() {
            config.application_name("provost");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(SILENCE_MAX).keepalives_idle(SILENCE_MAX);
        }
        let session = Session::connect(&config, Purpose::Write).await.map_err(|error| unreachable(chain(&error)))?;
        migrate::migrate(&session, migrations, &location).await?;
        let writes = Arc::new(Queue::new(QUEUE_CAPACITY));
        tokio::spawn(write_loop(Writer::new(config.clone(), session), Arc::clone(&writes)));
        Ok(Self { writes, readers: Readers::new(config) })
    }

    pub(crate) async fn commit(&self, batch: Batch) -> Outcome {
        let (answer, answered) = oneshot::channel();
        let (lane, weight) = (batch.lane, batch.statements.len());
        self.writes.push(lane, weight, WriteJob { batch, answer }).await?;
        answered.await.unwrap_or(Err(DbError::Closed.into()))
    }

    pub(crate) async fn read_all(&self, queries: &[Query]) -> Result<Vec<Vec<Row>>, DbError> {
        self.readers.read_all(queries).await
    }

    pub(crate) async fn stream(&self, query: Query) -> Result<mpsc::Receiver<Chunk>, DbError> {
        self.readers.stream(query).await
    }
}

async fn write_loop(mut writer: Writer, queue: Arc<Queue<WriteJob>>) {
    let queue = CloseOnDrop(queue);
    while let Some(jobs) = queue.0.take(GROUP_STATEMENTS_MAX).await {
        let batches: Vec<&Batch> = jobs.iter().map(|job| &job.batch).collect();
        let outcomes = writer.commit(&batches).await;
        for (job, outcome) in jobs.into_iter().zip(outcomes) {
            // A caller that has gone away does not undo its batch.
            let _ = job.answer.send(outcome);
        }
    }
}
