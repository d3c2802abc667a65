//! What an import did.

use super::File;
use provost_store::import::{ChunkReport, RowError};
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::{Display, Formatter};

/// The most rejected rows that a report lists; all are counted.
pub const REJECTED_LISTED_MAX: usize = 1_000;
/// A reason may quote what stands in the file, which may be a megabyte.
const REASON_CHARACTERS_MAX: usize = 500;

/// A row that was not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "RejectedRow")]
pub struct Rejected {
    /// Which file.
    pub file: File,
    /// Where the row starts, counted from 1.
    pub line: u64,
    /// Why, and what to do.
    pub reason: String,
}

/// What happened to the users.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ImportedUsers")]
pub struct UserCounts {
    /// Rows read, also rejected ones.
    pub rows: u64,
    /// Users added.
    pub added: u64,
    /// Users changed in any way.
    pub changed: u64,
    /// Rows that say what is there already.
    pub unchanged: u64,
    /// Of the changed ones: those with a new address.
    pub renamed: u64,
    /// Users that became suspended, or were added as such.
    pub suspended: u64,
    /// Users that became archived, or were added as such.
    pub archived: u64,
    /// Users that became active.
    pub reactivated: u64,
    /// Users suspended because they are not in the file; not counted among the changed ones.
    pub absent_suspended: u64,
}

/// What happened to the members.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ImportedMembers")]
pub struct MemberCounts {
    /// Rows read, also rejected ones.
    pub rows: u64,
    /// Memberships added.
    pub added: u64,
    /// Members whose role changed.
    pub changed: u64,
    /// Rows that say what is there already.
    pub unchanged: u64,
    /// Of the added ones: addresses that the directory does not know.
    pub outside: u64,
    /// Groups made.
    pub groups_created: u64,
}

/// What an import did, or in a dry run would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ImportReport {
    /// Nothing was written.
    pub dry_run: bool,
    /// What happened to the users.
    pub users: UserCounts,
    /// What happened to the members.
    pub members: MemberCounts,
    /// Paths of org units made.
    pub org_units_created: Vec<String>,
    /// Names of domains made.
    pub domains_created: Vec<String>,
    /// Columns that are not known and were skipped.
    pub unknown_columns: Vec<String>,
    /// How many rows were not kept.
    pub rejected_count: u64,
    /// The first 1,000 of them.
    pub rejected: Vec<Rejected>,
    /// Why absent users were not suspended although that was asked for.
    pub absent_refused: Option<String>,
}

impl ImportReport {
    /// Notes a row that was not kept.
    pub(super) fn reject(&mut self, file: File, line: u64, reason: &str) {
        self.rejected_count += 1;
        if self.rejected.len() < REJECTED_LISTED_MAX {
            self.rejected.push(Rejected { file, line, reason: shortened(reason, REASON_CHARACTERS_MAX) });
        }
    }

    /// Adds what a chunk did.
    pub(super) fn absorb(&mut self, file: File, chunk: ChunkReport) {
        match file {
            File::Users => {
                self.users.added += chunk.added;
                self.users.changed += chunk.changed;
                self.users.unchanged += chunk.unchanged;
                self.users.renamed += chunk.renamed;
                self.users.suspended += chunk.suspended;
                self.users.archived += chunk.archived;
                self.users.reactivated += chunk.reactivated;
            }
            File::Members => {
                self.members.added += chunk.added;
                self.members.changed += chunk.changed;
                self.members.unchanged += chunk.unchanged;
                self.members.outside += chunk.outside;
                self.members.groups_created += chunk.groups_created;
            }
        }
        self.org_units_created.extend(chunk.org_units_created);
        self.domains_created.extend(chunk.domains_created);
        for RowError { line, reason } in chunk.rejected {
            self.reject(file, line, &reason);
        }
    }
}

impl Display for ImportReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let users = &self.users;
        writeln!(f, "{}", if self.dry_run { "Dry run: nothing was written. The import would do this." } else { "Imported." })?;
        writeln!(
            f,
            "Users: {} rows, {} added, {} changed ({} renamed), {} unchanged; {} became suspended, {} archived, {} active",
            users.rows,
            users.added,
            users.changed,
            users.renamed,
            users.unchanged,
            users.suspended,
            users.archived,
            users.reactivated
        )?;
        if users.absent_suspended > 0 {
            writeln!(f, "Suspended because they are not in the file: {}", users.absent_suspended)?;
        }
        if let Some(refused) = &self.absent_refused {
            writeln!(f, "Absent users were not suspended: {refused}")?;
        }
        let members = &self.members;
        if members.rows > 0 {
            writeln!(
                f,
                "Members: {} rows, {} added ({} outside), {} with another role, {} unchanged; {} groups created",
                members.rows, members.added, members.outside, members.changed, members.unchanged, members.groups_created
            )?;
        }
        for (what, names) in [
            ("Org units created", &self.org_units_created),
            ("Domains created", &self.domains_created),
            ("Unknown columns skipped", &self.unknown_columns),
        ] {
            if !names.is_empty() {
                let more = if names.len() > 20 { format!(" and {} more", names.len() - 20) } else { String::new() };
                writeln!(f, "{what}: {}{more}", names[..names.len().min(20)].join(", "))?;
            }
        }
        if self.rejected_count > 0 {
            writeln!(f, "Rows not kept: {}", self.rejected_count)?;
        }
        for rejected in &self.rejected {
            writeln!(f, "  {} line {}: {}", rejected.file, rejected.line, rejected.reason)?;
        }
        if self.rejected_count > self.rejected.len() as u64 {
            writeln!(f, "  … and {} more", self.rejected_count - self.rejected.len() as u64)?;
        }
        Ok(())
    }
}

/// The first characters of a text, with a sign where something was left out.
pub(super) fn shortened(text: &str, characters_max: usize) -> String {
    let mut characters = text.chars();
    let mut short: String = characters.by_ref().take(characters_max).collect();
    if characters.next().is_some() {
        short.push('…');
    }
    short
}
