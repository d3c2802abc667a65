//! The second pass: what was checked is stored, users and groups in the order of their lines, a chunk of rows at a time.

use super::existing;
use super::lines::Lines;
use super::resource::{Incoming, Kind, Rules};
use super::{ImportError, Imported, Progress};
use crate::Tenant;
use crate::find::positions;
use crate::groups::{self, GroupRecord, MemberSet};
use crate::users::{self, UserRecord, WriteError};
use provost_db::{Batch, CommitError, Db};
use provost_scim::provider::ResourceKind;
use std::collections::BTreeSet;
use std::io::BufRead;

/// Members that one batch adds; a group with more has a batch of its own.
const BATCH_MEMBERS: usize = 20_000;

/// Stores every line that is not here already.
pub(super) async fn all<S: BufRead>(
    tenant: &Tenant,
    source: &mut S,
    lines_count: u64,
    progress: &mut impl FnMut(Progress),
) -> Result<Imported, ImportError> {
    let rules = Rules::new();
    let mut lines = Lines::new(source);
    let mut store = Store { tenant, imported: Imported::default(), nested: Vec::new() };
    let mut done = 0;
    loop {
        let chunk = lines.chunk()?;
        let Some(first) = chunk.first().map(|line| line.number) else { break };
        let mut read = Vec::with_capacity(chunk.len());
        for line in &chunk {
            read.push((line.number, rules.read(&line.bytes).map_err(|_| ImportError::FileChanged(line.number))?));
        }
        done += chunk.len() as u64;
        drop(chunk);
        store.chunk(first, read).await?;
        progress(Progress::Stored(done, lines_count));
    }
    store.nest().await?;
    Ok(store.imported)
}

struct Store<'a> {
    tenant: &'a Tenant,
    imported: Imported,
    /// Groups that hold groups, by id: these are put in when all are there, for they may stand in later lines.
    nested: Vec<(u64, GroupRecord, BTreeSet<String>)>,
}

/// A group that is to be stored.
struct NewGroup {
    line: u64,
    record: GroupRecord,
    users: Vec<String>,
    groups: BTreeSet<String>,
}

impl Store<'_> {
    async fn chunk(&mut self, first_line: u64, read: Vec<(u64, Incoming)>) -> Result<(), ImportError> {
        let db = &self.tenant.inner.db;
        let existing = existing::load(db, &read).await?;
        let now = self.tenant.inner.clock.now_micros();
        let (mut new_users, mut new_groups) = (Vec::new(), Vec::new());
        for (line, incoming) in read {
            let Incoming { id, name, body, created_at, modified_at, kind } = incoming;
            let (created_at, modified_at) = (created_at.unwrap_or(now), modified_at.or(created_at).unwrap_or(now));
            let (position, revision) = (0, 1);
            match kind {
                Kind::User { .. } if existing.users.contains_key(&id) => self.imported.unchanged += 1,
                Kind::Group { .. } if existing.groups.contains_key(&id) => self.imported.unchanged += 1,
                Kind::User { external_id, active } => {
                    let user_name = name;
                    let user =
                        UserRecord { position, id, user_name, external_id, active, body, created_at, modified_at, revision };
                    new_users.push(user);
                }
                Kind::Group { users, groups } => {
                    let display_name = name;
                    let record = GroupRecord { position, id, display_name, body, created_at, modified_at, revision };
                    new_groups.push(NewGroup { line, record, users: users.into_iter().collect(), groups });
                }
            }
        }
        // A chunk's users come before its groups, whose members they may be.
        self.users(first_line, new_users).await?;
        self.groups(new_groups).await
    }

    async fn users(&mut self, line: u64, mut users: Vec<UserRecord>) -> Result<(), ImportError> {
        let db = &self.tenant.inner.db;
        if users.is_empty() {
            return Ok(());
        }
        let positions = drawn(db, ResourceKind::User, users.len()).await?;
        for (user, position) in users.iter_mut().zip(positions) {
            user.position = position;
        }
        let mut batch = Batch::bulk();
        users::insert_many(&mut batch, &users)?;
        db.commit(batch).await.map_err(|error| not_stored(error, line))?;
        self.imported.users += users.len() as u64;
        Ok(())
    }

    async fn groups(&mut self, new: Vec<NewGroup>) -> Result<(), ImportError> {
        let db = &self.tenant.inner.db;
        if new.is_empty() {
            return Ok(());
        }
        let positions = drawn(db, ResourceKind::Group, new.len()).await?;
        let (mut batch, mut batch_line, mut members) = (Batch::bulk(), 0, 0);
        for (mut group, position) in new.into_iter().zip(positions) {
            group.record.position = position;
            let found = groups::users_with_ids(db, &group.users).await?;
            if found.len() != group.users.len() {
                return Err(ImportError::TenantChanged(group.line));
            }
            if batch.statements.is_empty() {
                batch_line = group.line;
            }
            let users: Vec<i64> = found.iter().map(|member| member.position).collect();
            groups::insert_group_with_members(&mut batch, &group.record, &users)?;
            members += users.len();
            self.imported.groups += 1;
            if !group.groups.is_empty() {
                self.nested.push((group.line, group.record, group.groups));
            }
            if members >= BATCH_MEMBERS {
                db.commit(std::mem::replace(&mut batch, Batch::bulk())).await.map_err(|error| not_stored(error, batch_line))?;
                members = 0;
            }
        }
        db.commit(batch).await.map_err(|error| not_stored(error, batch_line))?;
        Ok(())
    }

    /// Puts groups into groups.
    async fn nest(&mut self) -> Result<(), ImportError> {
        let db = &self.tenant.inner.db;
        for (line, record, ids) in std::mem::take(&mut self.nested) {
            let ids: Vec<String> = ids.into_iter().collect();
            let found = groups::with_ids(db, ResourceKind::Group, &ids).await?;
            if found.len() != ids.len() {
                return Err(ImportError::TenantChanged(line));
            }
            let after = GroupRecord { revision: record.revision + 1, ..record };
            let changed = groups::change_members(db, &after, &MemberSet::of(&found), &MemberSet::default()).await;
            changed.map_err(|error| match error {
                WriteError::Commit(error) => not_stored(error, line),
                WriteError::Duplicate | WriteError::Stale => ImportError::TenantChanged(line),
            })?;
        }
        Ok(())
    }
}

async fn drawn(db: &Db, kind: ResourceKind, count: usize) -> Result<std::ops::Range<i64>, CommitError> {
    positions::draw(db, kind, i64::try_from(count).expect("a chunk has at most a thousand lines")).await
}

/// What was checked a moment ago and cannot be stored was changed by somebody else.
fn not_stored(error: CommitError, line: u64) -> ImportError {
    match error {
        CommitError::Unique { .. } | CommitError::Conflict { .. } => ImportError::TenantChanged(line),
        CommitError::Db(error) => error.into(),
    }
}
