//! Rows handed over in chunks, without holding all of them.

use crate::batch::Query;
use crate::db::Shared;
use crate::error::DbError;
use crate::value::Row;
use std::fmt;
use std::sync::Arc;
use std::vec;
use tokio::sync::mpsc;

/// Rows in a chunk.
pub(crate) const CHUNK_ROWS: usize = 1_000;
/// Streams at the same time; further ones wait. Each holds a connection and a snapshot.
pub(crate) const STREAMS_MAX: usize = 8;

/// What the reading side sends. Without an explicit end, a reader that broke off would look like the end of the data.
#[derive(Debug)]
pub(crate) enum Chunk {
    Rows(Vec<Row>),
    Failed(DbError),
    End,
}

/// Rows handed over in chunks of up to 1,000. The snapshot is taken when the first chunk is asked for. While a stream is
/// open it holds that snapshot: anything slower than a local fold should page by key instead.
pub struct RowStream(State);

enum State {
    Ready(Arc<Shared>, Query),
    Running(mpsc::Receiver<Chunk>),
    Collected(vec::IntoIter<Vec<Row>>),
    Ended,
}

impl fmt::Debug for RowStream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RowStream").finish_non_exhaustive()
    }
}

impl RowStream {
    pub(crate) fn new(shared: Arc<Shared>, query: Query) -> Self {
        Self(State::Ready(shared, query))
    }

    pub(crate) fn running(chunks: mpsc::Receiver<Chunk>) -> Self {
        Self(State::Running(chunks))
    }

    pub(crate) fn collected(chunks: Vec<Vec<Row>>) -> Self {
        Self(State::Collected(chunks.into_iter()))
    }

    /// The next chunk, or `None` at the end.
    pub async fn next(&mut self) -> Option<Result<Vec<Row>, DbError>> {
        if let State::Ready(shared, query) = &self.0 {
            match shared.start_stream(query.clone()).await {
                Ok(started) => *self = started,
                Err(error) => {
                    self.0 = State::Ended;
                    return Some(Err(error));
                }
            }
        }
        let chunk = match &mut self.0 {
            State::Running(chunks) => chunks.recv().await.unwrap_or(Chunk::Failed(DbError::Closed)),
            State::Collected(chunks) => chunks.next().map_or(Chunk::End, Chunk::Rows),
            State::Ready(..) | State::Ended => Chunk::End,
        };
        match chunk {
            Chunk::Rows(rows) => Some(Ok(rows)),
            Chunk::Failed(error) => {
                self.0 = State::Ended;
                Some(Err(error))
            }
            Chunk::End => {
                self.0 = State::Ended;
                None
            }
        }
    }
}
