//! Brings what the write-ahead log holds into the file, beside the writer. A commit that did so by itself, as SQLite's own would, takes
//! as long as a hundred others.
//!
//! A thread copies what the log holds while commits add to it. Little is left then, which the writer copies at its next commit, so that
//! the log begins anew: without that it would grow for as long as somebody writes. What cannot be copied, because of a full disk or
//! because a stream still reads what was there before, stays in the log and is tried again; nothing of it is lost.

use super::open;
use rusqlite::hooks::Wal;
use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, ErrorCode, MAIN_DB};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// Pages in the log from which on they are copied.
const PAGES: i32 = 1_000;
/// The thread begins once more when more than this were added while it copied.
const LEFT_MAX: i32 = PAGES / 4;
/// So often at most, before the writer copies the rest.
const ROUNDS_MAX: usize = 4;

/// Where a checkpoint stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// None is due.
    Idle,
    /// The thread copies.
    Copying,
    /// The rest is the writer's.
    Rest,
    /// The writer has gone.
    Closed,
}

#[derive(Debug)]
struct State {
    stage: Stage,
    /// Pages in the log after the last commit.
    pages: i32,
    /// Pages in the log from which on a checkpoint is due.
    due_at: i32,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes how many pages the log holds after a commit. Whether the writer is to copy now.
    fn committed(&self, pages: i32) -> bool {
        let mut state = self.state();
        if pages < state.pages {
            // The log has begun anew.
            state.due_at = PAGES;
        }
        state.pages = pages;
        match state.stage {
            Stage::Idle if pages >= state.due_at => {
                state.stage = Stage::Copying;
                self.changed.notify_one();
                false
            }
            Stage::Rest => {
                state.stage = Stage::Idle;
                // Where a reader keeps the log from beginning anew, this is not tried at every commit.
                state.due_at = pages.saturating_add(PAGES);
                true
            }
            Stage::Idle | Stage::Copying | Stage::Closed => false,
        }
    }

    /// The thread: copies whenever it is due, until the writer has gone.
    fn copy(&self, connection: &Connection) {
        loop {
            let due = self.changed.wait_while(self.state(), |state| matches!(state.stage, Stage::Idle | Stage::Rest));
            if due.unwrap_or_else(PoisonError::into_inner).stage == Stage::Closed {
                return;
            }
            for _ in 0..ROUNDS_MAX {
                let Some(copied) = copied(connection) else { break };
                if self.state().pages - copied <= LEFT_MAX {
                    break;
                }
            }
            let mut state = self.state();
            if state.stage == Stage::Copying {
                state.stage = Stage::Rest;
            }
        }
    }
}

/// Copies what it can; how many pages of the log are in the file then.
fn copied(connection: &Connection) -> Option<i32> {
    told(connection.wal_checkpoint_v2(Some(MAIN_DB), CheckpointMode::PASSIVE))
}

fn told(checkpoint: rusqlite::Result<(i32, i32)>) -> Option<i32> {
    match checkpoint {
        Ok((_, copied)) => Some(copied),
        // Another process does it.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => None,
        Err(error) => {
            tracing::warn!(%error, "the write-ahead log was not copied into the database; it is kept, and tried again");
            None
        }
    }
}

/// The thread, for as long as the writer works.
#[derive(Debug)]
pub(super) struct Checkpoints {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpoints {
    /// Takes over from SQLite's own checkpoints after commits of the writing connection.
    pub(super) fn beside(writer: &mut Connection, path: &Path) -> rusqlite::Result<Self> {
        let state = Mutex::new(State { stage: Stage::Idle, pages: 0, due_at: PAGES });
        let shared = Arc::new(Shared { state, changed: Condvar::new() });
        let copying = open::open_copier(path)?;
        let thread = {
            let shared = Arc::clone(&shared);
            let copy = move || shared.copy(&copying);
            thread::Builder::new().name("db-checkpoint".to_owned()).spawn(copy)
        };
        let thread = thread.map_err(|error| rusqlite::Error::UserFunctionError(error.into()))?;
        let committed = Arc::clone(&shared);
        let hook = move |log: &mut Wal, pages| {
            if committed.committed(pages) {
                // The commit is kept, whatever comes of this.
                told(log.checkpoint_v2(CheckpointMode::PASSIVE));
            }
            Ok(())
        };
        writer.wal_hook(Some(hook))?;
        Ok(Self { shared, thread: Some(thread) })
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.shared.state().stage = Stage::Closed;
        self.shared.changed.notify_one();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that copies the write-ahead log ended badly");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sixteen pages.
    const COMMIT: &str = "INSERT INTO t (body) VALUES (zeroblob(65000))";
    const PAGE_BYTES: u64 = 4_096;

    fn writer() -> (Connection, Checkpoints, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let mut connection = open::open_writer(&path, &[]).unwrap();
        connection.execute_batch("CREATE TABLE t (body BLOB)").unwrap();
        let checkpoints = Checkpoints::beside(&mut connection, &path).unwrap();
        (connection, checkpoints, folder)
    }

    fn log_pages(folder: &tempfile::TempDir) -> u64 {
        std::fs::metadata(folder.path().join("test.db-wal")).unwrap().len() / PAGE_BYTES
    }

    #[test]
    fn the_log_begins_anew_however_much_is_written() {
        let (connection, checkpoints, folder) = writer();
        for _ in 0..2_000 {
            connection.execute_batch(COMMIT).unwrap();
        }
        // 32,000 pages went through it.
        let pages = log_pages(&folder);
        assert!(pages < 16_000, "{pages} pages");
        drop(checkpoints);
        drop(connection);
        let size = std::fs::metadata(folder.path().join("test.db")).unwrap().len() / PAGE_BYTES;
        assert!(size > 30_000 && !folder.path().join("test.db-wal").exists(), "all is in the file: {size} pages");
    }

    #[test]
    fn a_reader_keeps_the_log_and_its_end_frees_it() {
        let (connection, _checkpoints, folder) = writer();
        connection.execute_batch(COMMIT).unwrap();
        let reader = open::open_reader(&folder.path().join("test.db")).unwrap();
        reader.execute_batch("BEGIN; SELECT count(*) FROM t").unwrap();
        for _ in 0..500 {
            connection.execute_batch(COMMIT).unwrap();
        }
        let held = log_pages(&folder);
        assert!(held > 8_000, "{held} pages: what the reader sees is not copied over");
        reader.execute_batch("ROLLBACK").unwrap();
        for _ in 0..500 {
            connection.execute_batch(COMMIT).unwrap();
        }
        let pages = log_pages(&folder);
        assert!(pages < held + 8_000, "{pages} pages: the log began anew");
    }
}
