//! The second pass: what was checked is stored, users and groups in the order of their lines, a chunk of rows at a time.

use super::existing;
use super::lines::Lines;
use super::resource::{Incoming, Kind, Rules};
use super::{ImportError, Imported, Progress};
use crate::Tenant;
use crate::groups::{self, GroupRecord};
use crate::users::{self, UserRecord, WriteError};
use std::io::BufRead;

/// Stores every line that is not here already.
pub(super) async fn all<S: BufRead>(
    tenant: &Tenant,
    source: &mut S,
    lines_count: u64,
    progress: &mut impl FnMut(Progress),
) -> Result<Imported, ImportError> {
    let rules = Rules::new();
    let mut lines = Lines::new(source);
    let mut imported = Imported::default();
    let mut done = 0;
    loop {
        let chunk = lines.chunk()?;
        let Some(first) = chunk.first().map(|line| line.number) else { return Ok(imported) };
        let mut read = Vec::with_capacity(chunk.len());
        for line in &chunk {
            read.push((line.number, rules.read(&line.bytes).map_err(|_| ImportError::FileChanged(line.number))?));
        }
        done += chunk.len() as u64;
        drop(chunk);
        store_chunk(tenant, first, read, &mut imported).await?;
        progress(Progress::Stored(done, lines_count));
    }
}

async fn store_chunk(
    tenant: &Tenant,
    first_line: u64,
    read: Vec<(u64, Incoming)>,
    imported: &mut Imported,
) -> Result<(), ImportError> {
    let existing = existing::load(&tenant.inner.db, &read).await?;
    let now = tenant.inner.clock.now_micros();
    let mut users = Vec::new();
    let mut groups = Vec::new();
    for (line, incoming) in read {
        let Incoming { id, name, body, created_at, modified_at, kind } = incoming;
        let position = tenant.inner.ids.next();
        let (created_at, modified_at) = (created_at.unwrap_or(now), modified_at.or(created_at).unwrap_or(now));
        match kind {
            Kind::User { .. } if existing.users.contains_key(&id) => imported.unchanged += 1,
            Kind::Group { .. } if existing.groups.contains_key(&id) => imported.unchanged += 1,
            Kind::User { external_id, active } => {
                users.push(UserRecord {
                    position,
                    id,
                    user_name: name,
                    external_id,
                    active,
                    body,
                    created_at,
                    modified_at,
                    revision: 1,
                });
            }
            Kind::Group { members } => {
                let group = GroupRecord { position, id, display_name: name, body, created_at, modified_at, revision: 1 };
                groups.push((line, group, members.into_iter().collect::<Vec<String>>()));
            }
        }
    }
    // A chunk's users come before its groups, whose members they may be; no line's group is a member of anything.
    store_users(tenant, &users).await.map_err(|error| not_stored(error, first_line))?;
    imported.users += users.len() as u64;
    for (line, group, members) in &groups {
        let found = groups::users_with_ids(&tenant.inner.db, members).await?;
        if found.len() != members.len() {
            return Err(ImportError::TenantChanged(*line));
        }
        let positions: Vec<i64> = found.iter().map(|member| member.position).collect();
        groups::insert(&tenant.inner.db, group, &positions).await.map_err(|error| not_stored(error, *line))?;
        imported.groups += 1;
    }
    Ok(())
}

async fn store_users(tenant: &Tenant, users: &[UserRecord]) -> Result<(), WriteError> {
    for user in users {
        users::insert(&tenant.inner.db, user).await?;
    }
    Ok(())
}

fn not_stored(error: WriteError, line: u64) -> ImportError {
    match error {
        WriteError::Duplicate | WriteError::Stale => ImportError::TenantChanged(line),
        WriteError::Commit(error) => error.into(),
    }
}
