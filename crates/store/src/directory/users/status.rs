//! The verbs that change a user's status. The rules of the flags are the domain's; here they become rows.

use super::change::{Change, change, org_unit_for_restore};
use super::get;
use crate::directory::domains::Domains;
use crate::log::names;
use crate::{Actor, Store, StoreError};
use provost_core::directory::{InvalidTransition, User, UserStatus};
use provost_core::ids::UserId;
use provost_core::time::Timestamp;
use serde_json::{Value, json};

/// The longest reason, in characters.
const REASON_LENGTH_MAX: usize = 500;

async fn transition(
    store: &Store,
    by: &Actor,
    id: UserId,
    event: &'static str,
    detail: Value,
    flags: impl Fn(UserStatus, Timestamp) -> Result<UserStatus, InvalidTransition>,
) -> Result<User, StoreError> {
    change(store, by, id, None, |before, now| {
        let user = User { status: flags(before.status.clone(), now)?, ..before.clone() };
        Ok(Change { user, told: vec![(event, detail.clone())], entitlement: true })
    })
    .await
}

/// Suspends; `reason` may be empty.
pub async fn suspend(store: &Store, by: &Actor, id: UserId, reason: &str) -> Result<User, StoreError> {
    let reason: String = reason.trim().chars().filter(|c| !c.is_control()).take(REASON_LENGTH_MAX).collect();
    let detail = json!({ "reason": reason });
    transition(store, by, id, names::SUSPEND_USER, detail, |status, now| status.suspend(&reason, now)).await
}

/// Takes the suspended flag away.
pub async fn unsuspend(store: &Store, by: &Actor, id: UserId) -> Result<User, StoreError> {
    transition(store, by, id, names::UNSUSPEND_USER, Value::Null, |status, _| status.unsuspend()).await
}

/// Archives: from now on provisioning leaves the user alone.
pub async fn archive(store: &Store, by: &Actor, id: UserId) -> Result<User, StoreError> {
    transition(store, by, id, names::ARCHIVE_USER, Value::Null, UserStatus::archive).await
}

/// Takes the archived flag away.
pub async fn unarchive(store: &Store, by: &Actor, id: UserId) -> Result<User, StoreError> {
    transition(store, by, id, names::UNARCHIVE_USER, Value::Null, UserStatus::unarchive).await
}

/// Deletes: the address is free at once, memberships are kept for a restore within 20 days.
pub async fn delete(store: &Store, by: &Actor, id: UserId) -> Result<User, StoreError> {
    transition(store, by, id, names::DELETE_USER, Value::Null, UserStatus::delete).await
}

/// Restores a deleted user, with memberships and other flags, into `org_unit_path`, or else where they were. Refused
/// when the address is taken, its domain is gone, or 20 days are over.
pub async fn restore(store: &Store, by: &Actor, id: UserId, org_unit_path: Option<&str>) -> Result<User, StoreError> {
    let deleted = get(store, id).await?;
    deleted.status.clone().restore(store.now())?;
    let email = Domains::load(store).await?.own_address(&deleted.primary_email)?;
    let org_unit = org_unit_for_restore(store, &deleted, org_unit_path).await?;
    change(store, by, id, None, |before, now| {
        let status = before.status.clone().restore(now)?;
        let user = User { status, org_unit, primary_email: email.clone(), ..before.clone() };
        Ok(Change { user, told: vec![(names::UNDELETE_USER, Value::Null)], entitlement: true })
    })
    .await
}
