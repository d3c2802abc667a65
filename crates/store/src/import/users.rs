//! A chunk of user rows: what each of them means for the directory.

use super::directory::{Surroundings, groups};
use super::slots::AttributeSlot;
use super::users_batch::{Changed, commit_batch};
use super::{CHUNK_ROWS_MAX, ChunkReport, Import, RowError};
use crate::directory::users::rows::{COLUMNS, from_row};
use crate::directory::users::{Told, counts};
use crate::directory::{ATTEMPTS_MAX, address, clean_name, org_units};
use crate::log::names;
use crate::{Actor, Store, StoreError};
use provost_core::directory::{Domain, InvalidTransition, OrgUnit, User, UserState, UserStatus};
use provost_core::ids::{GroupId, UserId};
use provost_core::time::Timestamp;
use provost_db::{CommitError, Query, Value, list};
use serde_json::{Map, json};
use std::collections::{HashMap, HashSet};

/// The status that a row asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowStatus {
    /// Neither suspended nor archived.
    Active,
    /// Suspended, not archived.
    Suspended,
    /// Archived; a suspension stays beside it.
    Archived,
}

/// A user as one row of a file describes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRow {
    /// Where the row starts in its file, counted from 1.
    pub line: u64,
    /// By which the row is joined to a user.
    pub email: String,
    /// Renames the user.
    pub new_email: Option<String>,
    /// First name.
    pub given_name: String,
    /// Last name.
    pub family_name: String,
    /// Made when it is missing.
    pub org_unit_path: String,
    /// `None` leaves it; a new user is active.
    pub status: Option<RowStatus>,
    /// The attributes that the file has columns for; an empty text means that the user has no such attribute.
    pub attributes: Vec<(AttributeSlot, String)>,
}

/// Imports up to 1,000 rows in one transaction. In a dry run it only says what it would do.
pub async fn users_chunk(store: &Store, by: &Actor, import: &mut Import, rows: &[UserRow]) -> Result<ChunkReport, StoreError> {
    if rows.len() > CHUNK_ROWS_MAX {
        return Err(StoreError::Invalid(format!("a chunk holds at most {CHUNK_ROWS_MAX} rows: split it")));
    }
    for _ in 0..ATTEMPTS_MAX {
        let mut chunk = Chunk::load(store, import, rows).await?;
        for row in rows {
            if let Err(error) = chunk.take(store, row) {
                chunk.report.rejected.push(RowError { line: row.line, reason: error.to_string() });
            }
        }
        if !import.dry_run {
            match commit_batch(store, by, &chunk.surroundings, &chunk.changed, chunk.now).await {
                // Somebody changed one of these users meanwhile: read and decide again.
                Err(StoreError::Commit(CommitError::Conflict { .. } | CommitError::Unique { .. })) => continue,
                answer => answer?,
            }
        }
        let (report, effects) = chunk.finish();
        effects.remember(import);
        return Ok(report);
    }
    Err(StoreError::Stale { what: "the directory", by: String::new() })
}

/// The directory as this chunk sees it, changing row by row.
struct Chunk<'a> {
    import: &'a HashMap<String, u64>,
    seen: HashMap<String, u64>,
    surroundings: Surroundings,
    users: HashMap<String, User>,
    groups: HashMap<String, GroupId>,
    touched: HashSet<UserId>,
    changed: Vec<Changed>,
    left: Vec<String>,
    report: ChunkReport,
    now: Timestamp,
}

impl<'a> Chunk<'a> {
    async fn load(store: &Store, import: &'a Import, rows: &[UserRow]) -> Result<Self, StoreError> {
        let surroundings = Surroundings::load(store, import).await?;
        let named = rows.iter().flat_map(|row| std::iter::once(&row.email).chain(&row.new_email));
        let emails: HashSet<String> =
            named.filter_map(|email| Some(surroundings.domains.canonical(&address::normalized(email).ok()?))).collect();
        let emails: Vec<String> = emails.into_iter().collect();
        let sql = format!(
            "SELECT {COLUMNS} FROM directory_user u WHERE u.deleted_since IS NULL AND u.primary_email IN {}",
            list(1, emails.len())
        );
        let found = store.db.read(Query::new(sql, emails.iter().map(|email| Value::from(email.as_str())))).await?;
        let mut users = HashMap::new();
        for user in found.iter().map(from_row) {
            let user = user?;
            users.insert(user.primary_email.clone(), user);
        }
        users.retain(|email, _| !import.planned.addresses_left.contains(email));
        let groups = groups(store, import, &emails).await?;
        Ok(Self {
            import: &import.seen,
            seen: HashMap::new(),
            surroundings,
            users,
            groups,
            touched: HashSet::new(),
            changed: Vec::new(),
            left: Vec::new(),
            report: ChunkReport::default(),
            now: store.now(),
        })
    }

    /// Decides one row. Whatever can refuse it comes before anything is changed.
    fn take(&mut self, store: &Store, row: &UserRow) -> Result<(), StoreError> {
        let email = self.surroundings.domains.canonical(&address::normalized(&row.email)?);
        self.refuse_seen(&email)?;
        let new_email = match &row.new_email {
            Some(new) => Some(self.surroundings.domains.canonical(&address::normalized(new)?)).filter(|new| *new != email),
            None => None,
        };
        if let Some(new) = &new_email {
            self.refuse_seen(new)?;
        }
        self.seen.insert(email.clone(), row.line);
        let given_name = clean_name("first name", &row.given_name)?;
        let family_name = clean_name("last name", &row.family_name)?;
        if row.org_unit_path.trim().is_empty() {
            return Err(StoreError::Invalid("the org unit path is empty: give one, / for the root".to_owned()));
        }
        let path = org_units::clean_path(&row.org_unit_path)?;
        let address = new_email.clone().unwrap_or_else(|| email.clone());
        let before = self.joined(&email, new_email.as_deref())?;
        if self.groups.contains_key(&address) {
            return Err(StoreError::Invalid(format!("{address} is the address of a group: a user cannot have it")));
        }
        if before.as_ref().is_some_and(|user| !self.touched.insert(user.id)) {
            return Err(StoreError::Invalid(format!("a line before this one has changed the user {email} already: keep one")));
        }
        if let Some(new) = new_email {
            self.seen.insert(new, row.line);
        }
        self.surroundings.ensure_domain(store, &address);
        let org_unit =
            self.surroundings.ensure_unit(store, &path).ok_or_else(|| StoreError::Corrupt("no root org unit".to_owned()))?;
        let base = before.clone().unwrap_or_else(|| User {
            id: store.id(),
            primary_email: address.clone(),
            given_name: String::new(),
            family_name: String::new(),
            org_unit,
            status: UserStatus::default(),
            attributes: Map::new(),
            created_at: self.now,
            revision: 0,
        });
        let mut user = User { primary_email: address, given_name, family_name, org_unit, ..base };
        for (slot, text) in &row.attributes {
            slot.set(&mut user.attributes, text.trim());
        }
        self.settle(before, user, row.status, &path)
    }

    fn refuse_seen(&self, email: &str) -> Result<(), StoreError> {
        match self.import.get(email).or_else(|| self.seen.get(email)) {
            None => Ok(()),
            Some(line) => {
                Err(StoreError::Invalid(format!("duplicate e-mail: line {line} has {email} already; keep one of them")))
            }
        }
    }

    /// The user that the row is about. A rename that was done already is joined by the new address.
    fn joined(&self, email: &str, new_email: Option<&str>) -> Result<Option<User>, StoreError> {
        let by_new = new_email.and_then(|new| self.users.get(new));
        match (self.users.get(email), by_new) {
            (Some(_), Some(other)) => Err(StoreError::Invalid(format!(
                "{email} cannot be renamed to {}: another user has that address",
                other.primary_email
            ))),
            (found, by_new) => Ok(found.or(by_new).cloned()),
        }
    }

    /// Compares and notes the change, if there is one.
    fn settle(&mut self, before: Option<User>, mut user: User, status: Option<RowStatus>, path: &str) -> Result<(), StoreError> {
        crate::directory::users::check_attributes(&user.attributes)?;
        let status_told = if let Some(wanted) = status {
            let (status, told) = with_status(user.status.clone(), wanted, self.now)?;
            user.status = status;
            told
        } else {
            Vec::new()
        };
        let (told, entitlement, claims) = match &before {
            None => {
                let detail = json!({ "org_unit": path, "status": user.status.state() });
                (vec![(names::CREATE_USER, detail)], true, true)
            }
            Some(before) => {
                let (mut told, entitlement) = crate::directory::users::differences(before, &user, path);
                let entitlement = entitlement || !status_told.is_empty();
                told.extend(status_told);
                (told, entitlement, before.primary_email != user.primary_email)
            }
        };
        if told.is_empty() {
            self.report.unchanged += 1;
            return Ok(());
        }
        self.count(before.as_ref(), &user);
        let stood = before.as_ref().map(counts::place);
        if let Some(before) = before
            && claims
        {
            self.users.remove(&before.primary_email);
            self.left.push(before.primary_email);
        }
        user.revision += 1;
        self.users.insert(user.primary_email.clone(), user.clone());
        self.changed.push(Changed { user, stood, told, entitlement, claims });
        Ok(())
    }

    fn count(&mut self, before: Option<&User>, user: &User) {
        match before {
            None => self.report.added += 1,
            Some(before) => {
                self.report.changed += 1;
                self.report.renamed += u64::from(before.primary_email != user.primary_email);
            }
        }
        let was = before.map_or(UserState::Active, |before| before.status.state());
        match user.status.state() {
            is if is == was => {}
            UserState::Active => self.report.reactivated += 1,
            UserState::Suspended => self.report.suspended += 1,
            UserState::Archived => self.report.archived += 1,
            UserState::Deleted => {}
        }
    }

    fn finish(mut self) -> (ChunkReport, Effects) {
        let Surroundings { new_domains: domains, new_units: units, .. } = self.surroundings;
        self.report.domains_created = domains.iter().map(|domain| domain.name.clone()).collect();
        self.report.org_units_created = units.iter().map(|unit| unit.path.clone()).collect();
        let users = self.changed.into_iter().map(|one| (one.user.primary_email, one.user.id)).collect();
        (self.report, Effects { seen: self.seen, domains, units, left: self.left, users })
    }
}

/// What the import remembers of a chunk that was kept.
struct Effects {
    seen: HashMap<String, u64>,
    domains: Vec<Domain>,
    units: Vec<OrgUnit>,
    left: Vec<String>,
    users: Vec<(String, UserId)>,
}

impl Effects {
    /// The import remembers the rows, and in a dry run what they would have made.
    fn remember(self, import: &mut Import) {
        import.seen.extend(self.seen);
        if import.dry_run {
            import.planned.domains.extend(self.domains);
            import.planned.org_units.extend(self.units);
            import.planned.addresses_left.extend(self.left);
            import.planned.users.extend(self.users);
        }
    }
}

fn with_status(status: UserStatus, wanted: RowStatus, now: Timestamp) -> Result<(UserStatus, Vec<Told>), InvalidTransition> {
    let mut told = Vec::new();
    let mut status = status;
    let mut note = |name: &'static str| told.push((name, serde_json::Value::Null));
    if status.archived_since.is_some() && wanted != RowStatus::Archived {
        status = status.unarchive(now)?;
        note(names::UNARCHIVE_USER);
    }
    match wanted {
        RowStatus::Active if status.suspended.is_some() => {
            status = status.unsuspend()?;
            note(names::UNSUSPEND_USER);
        }
        RowStatus::Suspended if status.suspended.is_none() => {
            status = status.suspend("", now)?;
            note(names::SUSPEND_USER);
        }
        RowStatus::Archived if status.archived_since.is_none() => {
            status = status.archive(now)?;
            note(names::ARCHIVE_USER);
        }
        RowStatus::Active | RowStatus::Suspended | RowStatus::Archived => {}
    }
    Ok((status, told))
}
