//! The database side of an import: rows in chunks of up to 1,000, each chunk one transaction.
//!
//! A row is joined to a user by its address. A row that cannot be kept is rejected with its line and reason, the others
//! go on. Org units and domains that the rows name are made. Nothing here reads a file format.

mod absent;
mod directory;
mod members;
mod slots;
mod users;
mod users_batch;

pub use absent::{Absentees, absentees, suspend_absent};
pub use members::{MemberKind, MemberRow, members_chunk};
pub use slots::AttributeSlot;
pub use users::{RowStatus, UserRow, users_chunk};

use provost_core::directory::{Domain, OrgUnit};
use provost_core::ids::{GroupId, UserId};
use serde::Serialize;
use std::collections::{HashMap, HashSet};

/// The most rows a chunk holds.
pub const CHUNK_ROWS_MAX: usize = 1_000;

/// A row that was not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowError {
    /// Where the row starts in its file, counted from 1.
    pub line: u64,
    /// Why, and what to do.
    pub reason: String,
}

/// What a chunk did, or in a dry run would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ChunkReport {
    /// Users or members added.
    pub added: u64,
    /// Users changed in any way, or members whose role changed.
    pub changed: u64,
    /// Rows that say what is there already.
    pub unchanged: u64,
    /// Of the changed users: those with a new address.
    pub renamed: u64,
    /// Users that became suspended, or were added as such.
    pub suspended: u64,
    /// Users that became archived, or were added as such.
    pub archived: u64,
    /// Users that became active.
    pub reactivated: u64,
    /// Of the added members: addresses that the directory does not know.
    pub outside: u64,
    /// Groups made.
    pub groups_created: u64,
    /// Paths of org units made.
    pub org_units_created: Vec<String>,
    /// Names of domains made.
    pub domains_created: Vec<String>,
    /// Rows not kept.
    pub rejected: Vec<RowError>,
}

/// One import: what its rows have said so far. A dry run also remembers what it would have made.
#[derive(Debug, Default)]
pub struct Import {
    dry_run: bool,
    /// Addresses of user rows, with their lines.
    seen: HashMap<String, u64>,
    /// Memberships of member rows, with their lines.
    seen_members: HashMap<(String, String), u64>,
    planned: Planned,
}

/// What a dry run would have made by now.
#[derive(Debug, Default)]
struct Planned {
    domains: Vec<Domain>,
    org_units: Vec<OrgUnit>,
    users: HashMap<String, UserId>,
    addresses_left: HashSet<String>,
    groups: HashMap<String, GroupId>,
    nested: Vec<(GroupId, GroupId)>,
}

impl Import {
    /// The start of an import. A dry run writes nothing.
    pub fn begin(dry_run: bool) -> Self {
        Self { dry_run, ..Self::default() }
    }

    /// Whether nothing is written.
    pub const fn is_dry_run(&self) -> bool {
        self.dry_run
    }
}
