//! The whole tenant as a text: one SCIM resource a line (JSON lines), users before groups, for backups, moves between
//! databases and test data.
//!
//! Flow of an import: every line is read and checked against the schemas, the lines before it and the tenant; only when all
//! are good are they read again and stored in bulk, in their order.
//!
//! Guarantees: a file with a bad line stores nothing. Ids and `meta.created` and `meta.lastModified` are kept. What is here
//! already and says the same stays as it is, so that an import can be repeated, also one that was interrupted. Memory: a
//! chunk of lines, and about 40 bytes for each line of the file.
//!
//! A group may hold groups of later lines; these are put into it at the end, so that an import that ends between is told by the
//! next one as a group that differs.
//!
//! An import adds; it never changes or removes what is here. Not in the file: administrators, tokens, settings, the request
//! log, `meta.version`, and users that were deleted and left a tombstone. An export reads chunk by chunk: for an exact copy
//! nobody may write meanwhile.

mod check;
mod existing;
mod export;
mod lines;
mod resource;
mod store;

pub use export::{ExportError, Exported, export};

use crate::Tenant;
use provost_db::{CommitError, DbError};
use std::io::{BufRead, Seek};

/// Bad lines that a refusal lists; the others are counted.
pub const BAD_LINES_LISTED_MAX: usize = 20;

/// How far an import has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// This many lines have been checked.
    Checked(u64),
    /// This many lines have been stored or passed over, of how many.
    Stored(u64, u64),
}

/// What an import has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Imported {
    /// New users.
    pub users: u64,
    /// New groups.
    pub groups: u64,
    /// Lines that say what is here already.
    pub unchanged: u64,
}

/// A line that cannot be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// Counted from 1.
    pub line: u64,
    /// What is wrong, why, and what to do.
    pub reason: String,
}

/// Why nothing, or not all, was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Lines are bad; nothing was stored.
    #[error("{count} of {lines} lines cannot be imported, so nothing was stored: mend them and import again")]
    Refused {
        /// The first [`BAD_LINES_LISTED_MAX`].
        bad: Vec<BadLine>,
        /// All that are bad.
        count: u64,
        /// All that hold something.
        lines: u64,
    },
    /// The file cannot be read.
    #[error("the file cannot be read: {0}")]
    Read(#[from] std::io::Error),
    /// The file is not what it was when it was checked.
    #[error(
        "line {0} has changed since the file was checked: import a file that nobody writes; what was stored before this line stays"
    )]
    FileChanged(u64),
    /// Somebody else wrote at the same time.
    #[error(
        "before line {0} could be stored, somebody else wrote the same id or name: import again; what was stored before stays and is passed over"
    )]
    TenantChanged(u64),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The database did not keep what it was given.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// Imports a file: checks all of it, then stores it.
pub async fn import<S: BufRead + Seek>(
    tenant: &Tenant,
    source: &mut S,
    mut progress: impl FnMut(Progress),
) -> Result<Imported, ImportError> {
    source.rewind()?;
    let lines = check::all(tenant, source, &mut progress).await?;
    source.rewind()?;
    store::all(tenant, source, lines, &mut progress).await
}
