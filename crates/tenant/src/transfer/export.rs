//! Writing every user and group as a line, chunk by chunk.

use super::resource::{group_line, user_line};
use crate::groups::{self, GroupSelection};
use crate::{Tenant, users};
use provost_db::DbError;
use provost_scim::Resource;
use provost_scim::provider::ResourceKind;
use std::io::Write;

/// Rows that are read at once.
const USERS_AT_ONCE: usize = 1_000;
const GROUPS_AT_ONCE: usize = 100;

/// How much was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exported {
    /// Lines that are users.
    pub users: u64,
    /// Lines that are groups.
    pub groups: u64,
}

/// Why an export ended early.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The file cannot be written.
    #[error("the file cannot be written: {0}")]
    Write(#[from] std::io::Error),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Writes all users, then all groups, oldest first.
pub async fn export(tenant: &Tenant, out: &mut impl Write, mut progress: impl FnMut(Exported)) -> Result<Exported, ExportError> {
    let mut exported = Exported::default();
    let mut last_user = i64::MIN;
    loop {
        let chunk = users::after(tenant, last_user, USERS_AT_ONCE).await?;
        let Some(last) = chunk.last() else { break };
        last_user = last.position;
        for user in &chunk {
            write_line(out, &user_line(user))?;
        }
        exported.users += chunk.len() as u64;
        progress(exported);
    }
    let last_group = last_group(tenant).await?;
    loop {
        let (_, chunk) = groups::page(tenant, &GroupSelection::All, exported.groups, GROUPS_AT_ONCE).await?;
        for group in &chunk {
            let members = groups::members_of(&tenant.inner.db, &[group.position]).await?.remove(&group.position);
            let members = members.iter().flatten().filter(|member| match member.kind {
                // Whoever came since is not in this file, and a file is complete in itself.
                ResourceKind::User => member.position <= last_user,
                ResourceKind::Group => member.position <= last_group,
            });
            write_line(out, &group_line(group, members.map(|member| (member.id.as_str(), member.kind))))?;
        }
        exported.groups += chunk.len() as u64;
        progress(exported);
        if chunk.len() < GROUPS_AT_ONCE {
            break;
        }
    }
    out.flush()?;
    Ok(exported)
}

/// The position of the group that is last in the file, if no other comes or goes.
async fn last_group(tenant: &Tenant) -> Result<i64, DbError> {
    let count = groups::count(tenant).await?;
    let (_, last) = groups::page(tenant, &GroupSelection::All, count.saturating_sub(1), 1).await?;
    Ok(last.first().map_or(i64::MIN, |group| group.position))
}

fn write_line(out: &mut impl Write, line: &Resource) -> std::io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}
