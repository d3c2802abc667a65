//! The two CSV files that the Google Admin console works with, as they are: the user download and the group members
//! list.
//!
//! Both are streamed: a thousand rows are read, decided and committed, then the next thousand. A broken row is reported
//! with its line, and the good ones are kept. Passwords are never read.

mod columns;
pub mod records;
mod report;

pub use report::{ImportReport, MemberCounts, REJECTED_LISTED_MAX, Rejected, UserCounts};

use columns::{Header, MemberColumn, UserColumn, member_header, user_header};
use provost_core::directory::MemberRole;
use provost_store::import::{self, Absentees, CHUNK_ROWS_MAX, Import, MemberKind, MemberRow, RowStatus, UserRow};
use provost_store::{Actor, Store, StoreError};
use records::{Record, Records};
use schemars::JsonSchema;
use serde::Serialize;
use std::io::Read;

/// Which of the two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "ImportFile")]
pub enum File {
    /// The user download.
    Users,
    /// The group members list.
    Members,
}

impl std::fmt::Display for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Users => "users file",
            Self::Members => "members file",
        })
    }
}

/// What becomes of active users that the users file does not name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Absent {
    /// Nothing.
    #[default]
    Keep,
    /// They are suspended, unless rows were rejected or they are too many.
    Suspend,
}

/// How to import.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Says what it would do, and writes nothing.
    pub dry_run: bool,
    /// What becomes of active users that the users file does not name.
    pub absent: Absent,
    /// Suspends up to this many absent users, whatever the file looks like; without it up to 20 % of those who were active
    /// before the import.
    pub absent_max: Option<u64>,
}

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// In which file.
    pub file: File,
    /// Rows of that file done.
    pub rows: u64,
    /// Bytes of that file read.
    pub bytes: u64,
}

/// Why an import stopped. What was committed before stays.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The header row cannot be used; nothing was imported from this file.
    #[error("the {file} cannot be imported: {message}")]
    Header {
        /// Which file.
        file: File,
        /// What is wrong.
        message: String,
    },
    /// The file cannot be read.
    #[error("the {file} cannot be read")]
    Read {
        /// Which file.
        file: File,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A chunk of long rows ends before it has a thousand of them.
const CHUNK_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Of the active users at most this share is suspended for being absent.
const ABSENT_PERCENT_MAX: u64 = 20;
/// This few may be absent whatever their share, but never everybody.
const ABSENT_FEW: u64 = 3;

/// Imports a users file and, if given, a members file. Both headers are checked before anything is written.
pub async fn import(
    store: &Store,
    by: &Actor,
    users: impl Read + Send,
    members: Option<impl Read + Send>,
    options: Options,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<ImportReport, ImportError> {
    let mut users = Records::new(users);
    let user_header = user_header(&mut users)?;
    let mut members = members.map(Records::new);
    let member_header = members.as_mut().map(member_header).transpose()?;
    let mut report = ImportReport { dry_run: options.dry_run, ..ImportReport::default() };
    report.unknown_columns.clone_from(&user_header.unknown);
    report.unknown_columns.extend(member_header.iter().flat_map(|header| header.unknown.clone()));
    let mut run = Import::begin(options.dry_run);
    import_users(store, by, &mut run, &mut users, &user_header, &mut report, progress).await?;
    if options.absent == Absent::Suspend {
        suspend_absent(store, by, &run, users.ended_with_a_line(), options, &mut report).await?;
    }
    if let (Some(mut members), Some(header)) = (members, member_header) {
        import_members(store, by, &mut run, &mut members, &header, &mut report, progress).await?;
    }
    Ok(report)
}

/// Reads up to a chunk of rows; broken ones are reported. The second value is how many rows were read.
fn read_chunk<Row>(
    file: File,
    records: &mut Records<impl Read>,
    report: &mut ImportReport,
    row: impl Fn(&Record) -> Result<Row, String>,
) -> Result<(Vec<Row>, u64), ImportError> {
    let mut chunk = Vec::new();
    let mut count = 0;
    let bytes_max = records.bytes_read() + CHUNK_BYTES_MAX;
    while chunk.len() < CHUNK_ROWS_MAX && (records.bytes_read() < bytes_max || count == 0) {
        let Some(record) = records.next_record().map_err(|source| ImportError::Read { file, source })? else { break };
        count += 1;
        match record {
            Ok(record) => match row(&record) {
                Ok(row) => chunk.push(row),
                Err(reason) => report.reject(file, record.line, &reason),
            },
            Err(broken) => report.reject(file, broken.line, &broken.problem.to_string()),
        }
    }
    Ok((chunk, count))
}

async fn import_users(
    store: &Store,
    by: &Actor,
    run: &mut Import,
    records: &mut Records<impl Read + Send>,
    header: &Header<UserColumn>,
    report: &mut ImportReport,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<(), ImportError> {
    loop {
        let (chunk, count) = read_chunk(File::Users, records, report, |record| user_row(header, record))?;
        if count == 0 {
            return Ok(());
        }
        let done = import::users_chunk(store, by, run, &chunk).await?;
        report.absorb(File::Users, done);
        report.users.rows += count;
        progress(Progress { file: File::Users, rows: report.users.rows, bytes: records.bytes_read() });
    }
}

async fn import_members(
    store: &Store,
    by: &Actor,
    run: &mut Import,
    records: &mut Records<impl Read + Send>,
    header: &Header<MemberColumn>,
    report: &mut ImportReport,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<(), ImportError> {
    loop {
        let (chunk, count) = read_chunk(File::Members, records, report, |record| member_row(header, record))?;
        if count == 0 {
            return Ok(());
        }
        let done = import::members_chunk(store, by, run, &chunk).await?;
        report.absorb(File::Members, done);
        report.members.rows += count;
        progress(Progress { file: File::Members, rows: report.members.rows, bytes: records.bytes_read() });
    }
}

fn user_row(header: &Header<UserColumn>, record: &Record) -> Result<UserRow, String> {
    let text = |column| header.text(record, column);
    let attributes = header.columns.iter().zip(&record.fields).filter_map(|(column, field)| match column {
        Some(UserColumn::Attribute(slot)) => Some((*slot, field.trim().to_owned())),
        Some(
            UserColumn::GivenName
            | UserColumn::FamilyName
            | UserColumn::Email
            | UserColumn::OrgUnitPath
            | UserColumn::NewEmail
            | UserColumn::Status
            | UserColumn::NewStatus
            | UserColumn::Ignored,
        )
        | None => None,
    });
    let new_email = text(UserColumn::NewEmail);
    let status = match text(UserColumn::NewStatus) {
        "" => text(UserColumn::Status),
        new => new,
    };
    Ok(UserRow {
        line: record.line,
        email: text(UserColumn::Email).to_owned(),
        new_email: if new_email.is_empty() { None } else { Some(new_email.to_owned()) },
        given_name: text(UserColumn::GivenName).to_owned(),
        family_name: text(UserColumn::FamilyName).to_owned(),
        org_unit_path: text(UserColumn::OrgUnitPath).to_owned(),
        status: row_status(status)?,
        attributes: attributes.collect(),
    })
}

fn row_status(text: &str) -> Result<Option<RowStatus>, String> {
    match text.to_lowercase().as_str() {
        "" => Ok(None),
        "active" => Ok(Some(RowStatus::Active)),
        "archived" => Ok(Some(RowStatus::Archived)),
        other if other.starts_with("suspended") => Ok(Some(RowStatus::Suspended)),
        _ => Err(format!("the status \"{text}\" is not known: it is Active, Suspended or Archived")),
    }
}

fn member_row(header: &Header<MemberColumn>, record: &Record) -> Result<MemberRow, String> {
    let text = |column| header.text(record, column);
    let kind = match text(MemberColumn::Kind).to_lowercase().as_str() {
        "" | "other" => None,
        "user" => Some(MemberKind::User),
        "group" => Some(MemberKind::Group),
        "customer" | "all users" => {
            return Err("everyone in the organization as one member is not supported: list the members".to_owned());
        }
        other => return Err(format!("the member type \"{other}\" is not known: it is USER or GROUP")),
    };
    let role = match text(MemberColumn::Role) {
        "" => MemberRole::Member,
        word => MemberRole::parse(word)
            .ok_or_else(|| format!("the member role \"{word}\" is not known: it is MEMBER, MANAGER or OWNER"))?,
    };
    Ok(MemberRow {
        line: record.line,
        group_email: text(MemberColumn::Group).to_owned(),
        member_email: text(MemberColumn::Member).to_owned(),
        kind,
        role,
    })
}

/// Suspends who is not in the file, unless the file does not look like the whole directory.
async fn suspend_absent(
    store: &Store,
    by: &Actor,
    run: &Import,
    whole: bool,
    options: Options,
    report: &mut ImportReport,
) -> Result<(), ImportError> {
    let absentees = import::absentees(store, run).await?;
    let refused = refused(report, &absentees, whole, options);
    if refused.is_some() {
        report.absent_refused = refused;
        return Ok(());
    }
    if options.dry_run {
        report.users.absent_suspended = absentees.users.len() as u64;
        return Ok(());
    }
    for some in absentees.users.chunks(CHUNK_ROWS_MAX) {
        report.users.absent_suspended += import::suspend_absent(store, by, some).await?.suspended;
    }
    Ok(())
}

/// Why absent users are not suspended. A file with rejected rows, one that may have been cut, and one that is sharply smaller
/// than the directory never count as "everybody else is gone"; the last two can be confirmed by a number.
fn refused(report: &ImportReport, absentees: &Absentees, whole: bool, options: Options) -> Option<String> {
    if report.rejected_count > 0 {
        let text = "rows of the file were not kept, and their users would count as absent: correct these rows first";
        return Some(text.to_owned());
    }
    let count = absentees.users.len() as u64;
    if count == 0 {
        return None;
    }
    // Those whom the file has only just brought are active by now (in a dry run they are not there yet), and say nothing of how
    // many of the others it lacks.
    let brought = if options.dry_run { 0 } else { report.users.added + report.users.reactivated };
    let before = absentees.active.saturating_sub(brought).max(count);
    let confirm = format!(
        "check that the file is complete, or confirm that up to {count} are suspended (--absent-max {count}, over the API absent_max)"
    );
    match options.absent_max {
        Some(allowed) if count <= allowed => None,
        Some(allowed) => Some(format!(
            "{count} of {before} active users are not in the file, more than the {allowed} that were confirmed: {confirm}"
        )),
        None if !whole => Some(format!(
            "the last line of the file has no end, so the file may have been cut, and {count} of {before} active users are not in \
             it: {confirm}"
        )),
        None => {
            let allowed = (before * ABSENT_PERCENT_MAX / 100).max(ABSENT_FEW.min(before - 1));
            (count > allowed).then(|| {
                format!(
                    "{count} of {before} active users are not in the file, more than the {allowed} that are suspended without \
                     being confirmed: {confirm}"
                )
            })
        }
    }
}
