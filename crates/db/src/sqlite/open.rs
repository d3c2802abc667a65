//! Opens connections and brings the schema up to date.

use crate::error::OpenError;
use crate::migration::{self, Engine, Migration};
use rusqlite::config::DbConfig;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use sha2::{Digest, Sha256};
use std::fs::OpenOptions;
use std::path::Path;
use std::time::{Duration, Instant};

/// A second process may write too (the commands that create things), so that a lock is waited for this long.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
const CACHED_STATEMENTS: usize = 256;

/// The writer's page cache: an import touches the indexes of a hundred thousand addresses at random.
const WRITER_CACHE_KIB: i64 = 32 * 1024;

/// A reader's page cache; there are a few readers, and pages are read only when they are used.
const READER_CACHE_KIB: i64 = 8 * 1024;

/// The writing connection of a file, its schema up to date.
pub(super) fn open_writer(path: &Path, migrations: &[Migration]) -> Result<Connection, OpenError> {
    let location = path.display().to_string();
    create_private(path).map_err(|error| OpenError::Unreachable { location: location.clone(), message: error.to_string() })?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(|error| not_opened(&location, &error))?;
    let prepared = prepare(&connection).and_then(|()| use_wal(&connection)).and_then(|()| {
        connection.pragma_update(None, "synchronous", "FULL")?;
        // A long stream makes the WAL grow; this gives the space back afterwards.
        connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
        connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)
    });
    prepared.map_err(|error| not_opened(&location, &error))?;
    migrate(&mut connection, migrations, &location)?;
    Ok(connection)
}

/// The page cache of a stream, which goes through its pages once. A larger one would only be filled anew by each.
const STREAM_CACHE_KIB: i64 = 1024;

/// A connection of a file that only reads.
pub(super) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    open_to_read(path, READER_CACHE_KIB)
}

/// A connection of a file for one stream.
pub(super) fn open_stream(path: &Path) -> rusqlite::Result<Connection> {
    open_to_read(path, STREAM_CACHE_KIB)
}

fn open_to_read(path: &Path, cache_kib: i64) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    prepare(&connection)?;
    connection.pragma_update(None, "cache_size", -cache_kib)?;
    Ok(connection)
}

/// The only connection of a database in memory.
pub(super) fn open_memory(migrations: &[Migration]) -> Result<Connection, OpenError> {
    let unreachable = |error: rusqlite::Error| not_opened("memory", &error);
    let mut connection = Connection::open_in_memory().map_err(unreachable)?;
    prepare(&connection).map_err(unreachable)?;
    migrate(&mut connection, migrations, "memory")?;
    Ok(connection)
}

/// Why a file cannot be opened.
pub(super) fn not_opened(location: &str, error: &rusqlite::Error) -> OpenError {
    let (location, message) = (location.to_owned(), error.to_string());
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => OpenError::Damaged { location, message },
        _ => OpenError::Unreachable { location, message },
    }
}

/// A connection to a copy in memory of the database of another one.
#[cfg(feature = "testing")]
pub(super) fn copy_memory(of: &Connection, name: &str) -> rusqlite::Result<Connection> {
    // Lives as long as somebody is connected to it.
    let location = format!("file:{name}?mode=memory&cache=shared");
    let copy = Connection::open(&location)?;
    of.execute("VACUUM INTO ?1", [&location])?;
    prepare(&copy)?;
    Ok(copy)
}

/// SQLite gives a new file the usual permissions, and its WAL those of the file. It holds secrets, so that only its owner may read it.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    // Otherwise a kept statement is planned anew for each new value, which costs more than running it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    // PostgreSQL has it built in.
    connection.create_scalar_function("sha256", 1, flags, |context| {
        Ok(match context.get_raw(0) {
            ValueRef::Null => None,
            ValueRef::Blob(bytes) | ValueRef::Text(bytes) => Some(Sha256::digest(bytes).to_vec()),
            ValueRef::Integer(_) | ValueRef::Real(_) => {
                return Err(rusqlite::Error::UserFunctionError("sha256 takes bytes".into()));
            }
        })
    })
}

/// Two processes that turn to WAL at the same moment may see "busy" at once, whatever the timeout is.
fn use_wal(connection: &Connection) -> rusqlite::Result<()> {
    let give_up = Instant::now() + BUSY_TIMEOUT;
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && Instant::now() < give_up => {
                std::thread::sleep(Duration::from_millis(20));
            }
            result => return result,
        }
    }
}

/// Every step looks up the version inside its own write transaction, so that two processes never run the same step.
fn migrate(connection: &mut Connection, migrations: &[Migration], location: &str) -> Result<(), OpenError> {
    let known = migration::check(migrations)?;
    let unreachable = |error: rusqlite::Error| not_opened(location, &error);
    connection.execute_batch(migration::VERSION_TABLE).map_err(unreachable)?;
    let found: i64 = connection.query_row(migration::VERSION_QUERY, [], |row| row.get(0)).map_err(unreachable)?;
    if found > known {
        return Err(OpenError::Newer { found, known });
    }
    for step in migrations.iter().filter(|step| step.version > found) {
        run_step(connection, step).map_err(|error| OpenError::Migration {
            version: step.version,
            name: step.name,
            message: error.to_string(),
        })?;
    }
    Ok(())
}

fn run_step(connection: &mut Connection, step: &Migration) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: i64 = transaction.query_row(migration::VERSION_QUERY, [], |row| row.get(0))?;
    if found < step.version {
        transaction.execute_batch(&migration::text_for(step, Engine::Sqlite))?;
        transaction.execute("INSERT INTO schema_version (version, name) VALUES (?1, ?2)", (step.version, step.name))?;
    }
    transaction.commit()
}
