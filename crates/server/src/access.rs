//! Who may do what. One rule for the API and the console: whoever has no permission is refused, and a route without a
//! permission cannot be made.

use crate::Server;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use provost_core::ids::AdminId;
use provost_store::admins::{self, Role};
use provost_store::{Actor, StoreError};

/// What a route asks of whoever calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Reading; secrets are never among what is read.
    Read,
    /// Changing anything, or having something sent.
    Change,
}

/// Somebody whose key or session was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// What the admin log names.
    pub actor: Actor,
    /// What they may do.
    pub role: Role,
}

impl Principal {
    /// Somebody at the command line, who has the data directory itself and may do everything.
    pub const fn command_line() -> Self {
        Self { actor: Actor::CommandLine, role: Role::SuperAdmin }
    }

    /// Whether the role has the permission.
    pub const fn may(&self, permission: Permission) -> bool {
        match (self.role, permission) {
            (Role::SuperAdmin, Permission::Read | Permission::Change) | (Role::Auditor, Permission::Read) => true,
            (Role::Auditor, Permission::Change) => false,
        }
    }
}

/// The principal of the API key in `Authorization: Bearer …`; `None` when it is missing, malformed, unknown, expired or
/// revoked.
pub async fn principal_of_key(server: &Server, headers: &HeaderMap) -> Result<Option<Principal>, StoreError> {
    let Some(presented) = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()) else { return Ok(None) };
    // RFC 9110, 11.1: the scheme is case-insensitive.
    let Some((scheme, key)) = presented.split_once(' ') else { return Ok(None) };
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Ok(None);
    }
    let key = admins::authenticate_key(&server.store, key.trim()).await?;
    Ok(key.map(|key| Principal { actor: Actor::ApiKey { id: key.id, name: key.name }, role: key.role }))
}

/// Under which subject an administrator's sessions are kept: the id, so that another address ends none.
pub fn session_subject(admin: AdminId) -> String {
    admin.to_string()
}

/// The principal of the session that the request's cookie names. The administrator is read at every request, so that one
/// who was disabled is out at once, and a changed role holds at once.
pub async fn principal_of_session(server: &Server, headers: &HeaderMap) -> Result<Option<Principal>, StoreError> {
    let Some(session) = server.sessions.current(headers).await? else { return Ok(None) };
    let Ok(id) = session.subject.parse::<AdminId>() else { return Ok(None) };
    match admins::get(&server.store, id).await {
        Ok(admin) if admin.disabled_since.is_none() => {
            Ok(Some(Principal { actor: Actor::Admin { id, email: admin.email }, role: admin.role }))
        }
        Ok(_) | Err(StoreError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Sets an administrator's password and ends their sessions, but for one that these headers are of.
pub async fn set_password(
    server: &Server,
    by: &Actor,
    id: AdminId,
    password: &str,
    headers: &HeaderMap,
) -> Result<(), StoreError> {
    admins::set_password(&server.store, by, id, password).await?;
    Ok(server.sessions.end_others_of(&session_subject(id), headers).await?)
}

/// Disables an administrator and signs them out.
pub async fn disable(server: &Server, by: &Actor, id: AdminId) -> Result<(), StoreError> {
    admins::disable(&server.store, by, id).await?;
    Ok(server.sessions.end_all_of(&session_subject(id)).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who may change anything makes administrators and keys, of any role: a role that may change and may not do everything needs
    /// a rule of its own for that.
    #[test]
    fn nobody_can_give_a_role_that_may_more_than_their_own() {
        for role in Role::ALL {
            let giver = Principal { actor: Actor::CommandLine, role };
            for given in Role::ALL.into_iter().filter(|_| giver.may(Permission::Change)) {
                let given = Principal { actor: Actor::CommandLine, role: given };
                for permission in [Permission::Read, Permission::Change] {
                    assert!(giver.may(permission) || !given.may(permission), "{giver:?} {given:?}");
                }
            }
        }
    }

    #[test]
    fn an_auditor_reads_and_changes_nothing() {
        let auditor = Principal { actor: Actor::CommandLine, role: Role::Auditor };
        assert!(auditor.may(Permission::Read));
        assert!(!auditor.may(Permission::Change));
        assert!(Principal::command_line().may(Permission::Read));
        assert!(Principal::command_line().may(Permission::Change));
    }
}
