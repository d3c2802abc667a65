//! Writing every user and group as a line, chunk by chunk.

use super::resource::{group_line, user_line};
use crate::groups::{self, GroupSelection};
use crate::{Tenant, users};
use provost_db::DbError;
use provost_scim::Resource;
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
    loop {
        let (_, chunk) = groups::page(tenant, &GroupSelection::All, exported.groups, GROUPS_AT_ONCE).await?;
        for group in &chunk {
            let members = groups::members(&tenant.inner.db, group.position).await?;
            // Whoever came since is not in this file, and a file is complete in itself.
            let members = members.iter().filter(|member| member.position <= last_user).map(|member| member.id.as_str());
            write_line(out, &group_line(group, members))?;
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

fn write_line(out: &mut impl Write, line: &Resource) -> std::io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}
