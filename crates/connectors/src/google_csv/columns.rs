//! The columns of the Google Admin console's files.

use super::records::{Record, Records};
use super::report::shortened;
use super::{File, ImportError};
use provost_store::import::AttributeSlot;
use std::io::Read;

/// What a column of the users file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UserColumn {
    GivenName,
    FamilyName,
    Email,
    OrgUnitPath,
    NewEmail,
    Status,
    NewStatus,
    Attribute(AttributeSlot),
    /// Known and of no use here: a password (`****`), a storage figure.
    Ignored,
}

/// What a column of the members file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MemberColumn {
    Group,
    Member,
    Kind,
    Role,
    Ignored,
}

const fn primary(list: &'static str, field: &'static str) -> UserColumn {
    UserColumn::Attribute(AttributeSlot::Primary { list, field })
}

const fn typed(list: &'static str, kind: &'static str, field: &'static str) -> UserColumn {
    UserColumn::Attribute(AttributeSlot::Typed { list, kind, field })
}

/// The user download's columns; the first four are required.
const USER_COLUMNS: &[(&str, UserColumn)] = &[
    ("First Name", UserColumn::GivenName),
    ("Last Name", UserColumn::FamilyName),
    ("Email Address", UserColumn::Email),
    ("Org Unit Path", UserColumn::OrgUnitPath),
    ("New Primary Email", UserColumn::NewEmail),
    ("Status", UserColumn::Status),
    ("New Status", UserColumn::NewStatus),
    ("Recovery Email", UserColumn::Attribute(AttributeSlot::Field("recoveryEmail"))),
    ("Recovery Phone", UserColumn::Attribute(AttributeSlot::Field("recoveryPhone"))),
    ("Home Secondary Email", typed("emails", "home", "address")),
    ("Work Secondary Email", typed("emails", "work", "address")),
    ("Work Phone", typed("phones", "work", "value")),
    ("Home Phone", typed("phones", "home", "value")),
    ("Mobile Phone", typed("phones", "mobile", "value")),
    ("Work Address", typed("addresses", "work", "formatted")),
    ("Home Address", typed("addresses", "home", "formatted")),
    ("Employee ID", typed("externalIds", "organization", "value")),
    ("Employee Type", primary("organizations", "description")),
    ("Employee Title", primary("organizations", "title")),
    ("Manager Email", typed("relations", "manager", "value")),
    ("Department", primary("organizations", "department")),
    ("Cost Center", primary("organizations", "costCenter")),
    ("Building ID", primary("locations", "buildingId")),
    ("Floor Name", primary("locations", "floorName")),
    ("Floor Section", primary("locations", "floorSection")),
    ("Password", UserColumn::Ignored),
    ("Password Hash Function", UserColumn::Ignored),
    ("Last Sign In", UserColumn::Ignored),
    ("2sv Enrolled", UserColumn::Ignored),
    ("2sv Enforced", UserColumn::Ignored),
    ("Email Usage", UserColumn::Ignored),
    ("Drive Usage", UserColumn::Ignored),
    ("Photos Usage", UserColumn::Ignored),
    ("Storage Limit", UserColumn::Ignored),
    ("Storage Used", UserColumn::Ignored),
    ("Change Password at Next Sign-In", UserColumn::Ignored),
    ("Licenses", UserColumn::Ignored),
    ("New Licenses", UserColumn::Ignored),
    ("Advanced Protection Program Enrollment", UserColumn::Ignored),
];
const USER_COLUMNS_REQUIRED: usize = 4;

/// The members list's columns; the first two are required.
const MEMBER_COLUMNS: &[(&str, MemberColumn)] = &[
    ("Group Email", MemberColumn::Group),
    ("Member Email", MemberColumn::Member),
    ("Member Type", MemberColumn::Kind),
    ("Member Role", MemberColumn::Role),
    ("Group Name", MemberColumn::Ignored),
    ("Member Name", MemberColumn::Ignored),
    ("Member ID", MemberColumn::Ignored),
];
const MEMBER_COLUMNS_REQUIRED: usize = 2;

/// A header that was understood: what each column is, `None` for unknown ones, and the names of those.
#[derive(Debug)]
pub(super) struct Header<C> {
    pub(super) columns: Vec<Option<C>>,
    pub(super) unknown: Vec<String>,
}

impl<C: Copy + PartialEq> Header<C> {
    /// The record's text in a column, without white space around it; empty when the file has no such column.
    pub(super) fn text<'r>(&self, record: &'r Record, column: C) -> &'r str {
        let at = self.columns.iter().position(|known| *known == Some(column));
        at.and_then(|at| record.fields.get(at)).map_or("", |text| text.trim())
    }
}

/// A column's name as it is compared: lower case, without the `[Required]` behind it.
fn key(name: &str) -> String {
    let name = name.split('[').next().unwrap_or(name);
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Reads the users file's header.
pub(super) fn user_header(records: &mut Records<impl Read>) -> Result<Header<UserColumn>, ImportError> {
    header(records, File::Users, USER_COLUMNS, USER_COLUMNS_REQUIRED)
}

/// Reads the members file's header.
pub(super) fn member_header(records: &mut Records<impl Read>) -> Result<Header<MemberColumn>, ImportError> {
    header(records, File::Members, MEMBER_COLUMNS, MEMBER_COLUMNS_REQUIRED)
}

fn header<C: Copy + PartialEq>(
    records: &mut Records<impl Read>,
    file: File,
    known: &[(&'static str, C)],
    required: usize,
) -> Result<Header<C>, ImportError> {
    let refused = |message: String| ImportError::Header { file, message };
    let record = match records.next_record().map_err(|source| ImportError::Read { file, source })? {
        Some(Ok(record)) => record,
        Some(Err(broken)) => return Err(refused(format!("line {}: {}", broken.line, broken.problem))),
        None => return Err(refused("the file is empty: it needs a header row".to_owned())),
    };
    let keys: Vec<String> = known.iter().map(|(title, _)| key(title)).collect();
    let mut seen = vec![false; known.len()];
    let mut columns: Vec<Option<C>> = Vec::with_capacity(record.fields.len());
    let mut unknown = Vec::new();
    for name in &record.fields {
        let wanted = key(name);
        let found = keys.iter().position(|key| *key == wanted);
        // Several columns may be of no use, but none may stand there twice.
        if found.is_some_and(|at| std::mem::replace(&mut seen[at], true)) {
            return Err(refused(format!("the column \"{}\" stands there twice: remove one", shortened(name.trim(), 100))));
        }
        if found.is_none() && !name.trim().is_empty() {
            unknown.push(shortened(name.trim(), 100));
        }
        columns.push(found.map(|at| known[at].1));
    }
    let missing: Vec<&str> =
        known[..required].iter().filter(|(_, column)| !columns.contains(&Some(*column))).map(|(title, _)| *title).collect();
    if !missing.is_empty() {
        return Err(refused(missing_text(&missing, &record.fields)));
    }
    records.width = Some(columns.len());
    Ok(Header { columns, unknown })
}

fn missing_text(missing: &[&str], fields: &[String]) -> String {
    let named: Vec<String> = missing.iter().map(|title| format!("\"{title} [Required]\"")).collect();
    let what = if named.len() == 1 { "the column" } else { "the columns" };
    let is = if named.len() == 1 { "is" } else { "are" };
    let text = format!("{what} {} {is} missing from the header row", named.join(", "));
    match fields {
        [one] if one.contains(';') => format!("{text}: the file is separated by semicolons, save it with commas"),
        [one] if one.contains('\t') => format!("{text}: the file is separated by tabs, save it with commas"),
        _ => {
            let found: Vec<String> = fields.iter().take(12).map(|name| shortened(name.trim(), 60)).collect();
            format!("{text}: it has {}", found.join(", "))
        }
    }
}
