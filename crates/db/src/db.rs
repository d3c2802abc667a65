//! The database as callers see it.

use crate::batch::{Answer, Batch, Query};
use crate::error::{CommitError, DbError, OpenError, check_params};
#[cfg(feature = "testing")]
use crate::fate::Watch;
use crate::location::Location;
use crate::migration::Migration;
use crate::postgres;
use crate::sqlite;
use crate::stream::RowStream;
use crate::value::Row;
use std::fmt;
use std::sync::Arc;

/// An open database. Cheap to clone; all clones share one writer. When the last clone is dropped, the batches that wait
/// are still committed.
#[derive(Clone)]
pub struct Db {
    shared: Arc<Shared>,
    #[cfg(feature = "testing")]
    watch: Option<Watch>,
}

/// What all clones share.
pub(crate) enum Shared {
    File(sqlite::File),
    Inline(sqlite::Inline),
    Server(postgres::Server),
}

impl fmt::Debug for Db {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let engine = match &*self.shared {
            Shared::File(_) => "SQLite file",
            Shared::Inline(_) => "SQLite in memory",
            Shared::Server(_) => "PostgreSQL",
        };
        formatter.debug_tuple("Db").field(&engine).finish()
    }
}

impl Shared {
    pub(crate) async fn start_stream(&self, query: Query) -> Result<RowStream, DbError> {
        check_params([&query])?;
        match self {
            Self::File(file) => file.stream(query).await.map(RowStream::running),
            Self::Inline(inline) => inline.stream(&query).map(RowStream::collected),
            Self::Server(server) => server.stream(query).await.map(RowStream::running),
        }
    }
}

impl Db {
    /// Opens the database and brings its schema up to date.
    pub async fn open(location: &Location, migrations: &[Migration]) -> Result<Self, OpenError> {
        let shared = match location {
            Location::File(path) => Shared::File(sqlite::File::open(path, migrations).await?),
            Location::Memory => Shared::Inline(sqlite::Inline::open(migrations)?),
            Location::Postgres(url) => Shared::Server(postgres::Server::open(url, migrations).await?),
        };
        Ok(Self::over(shared))
    }

    pub(crate) fn over(shared: Shared) -> Self {
        Self {
            shared: Arc::new(shared),
            #[cfg(feature = "testing")]
            watch: None,
        }
    }

    /// The same database, at whose commits through this handle somebody stands.
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn watched(&self, watch: Watch) -> Self {
        Self { watch: Some(watch), ..self.clone() }
    }

    #[cfg(feature = "testing")]
    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Answers one query.
    pub async fn read(&self, query: Query) -> Result<Vec<Row>, DbError> {
        Ok(self.read_all(vec![query]).await?.pop().unwrap_or_default())
    }

    /// Answers several queries from one snapshot.
    pub async fn read_all(&self, queries: Vec<Query>) -> Result<Vec<Vec<Row>>, DbError> {
        check_params(&queries)?;
        match &*self.shared {
            Shared::File(file) => file.read_all(queries).await,
            Shared::Inline(inline) => inline.read_all(&queries),
            Shared::Server(server) => server.read_all(&queries).await,
        }
    }

    /// Streams the rows of one query from one snapshot, taken when the first chunk is asked for.
    pub fn stream(&self, query: Query) -> RowStream {
        RowStream::new(Arc::clone(&self.shared), query)
    }

    /// Runs every statement, checks every expectation, and commits; or does nothing and says why. Once begun, a batch
    /// runs to its end even when the caller goes away.
    pub async fn commit(&self, batch: Batch) -> Result<Vec<Answer>, CommitError> {
        check_params(batch.statements.iter().map(|(query, _)| query))?;
        if batch.statements.is_empty() {
            return Ok(Vec::new());
        }
        #[cfg(feature = "testing")]
        if let Some(watch) = &self.watch {
            let failure = |_| DbError::Engine("a test has failed this commit".to_owned()).into();
            return watch.fate(&batch).meet(|| self.carry_out(batch.clone()), failure).await;
        }
        self.carry_out(batch).await
    }

    async fn carry_out(&self, batch: Batch) -> Result<Vec<Answer>, CommitError> {
        match &*self.shared {
            Shared::File(file) => file.commit(batch).await,
            Shared::Inline(inline) => inline.commit(&batch),
            Shared::Server(server) => server.commit(batch).await,
        }
    }
}
