//! Adding and editing users, and the one path that every change of a user takes.

use super::{counts, get, rows};
use crate::directory::address::{self, Bearer};
use crate::directory::domains::{self, Domains};
use crate::directory::{ATTEMPTS_MAX, clean_name, org_units};
use crate::log::{LogEvent, LogQuery, append_all, names};
use crate::schedule::mark_users;
use crate::{Actor, Store, StoreError};
use provost_core::directory::{Domain, DomainKind, User, UserStatus, email_domain};
use provost_core::ids::{OrgUnitId, UserId};
use provost_core::time::Timestamp;
use provost_db::{Batch, CommitError};
use serde_json::{Map, Value, json};

/// The most bytes a user's attributes take as JSON.
const ATTRIBUTES_BYTES_MAX: usize = 64 * 1024;

/// A user to be added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewUser {
    /// In one of the organization's domains; in an empty directory its domain becomes the primary one.
    pub primary_email: String,
    /// First name.
    pub given_name: String,
    /// Last name.
    pub family_name: String,
    /// An org unit that exists.
    pub org_unit_path: String,
    /// In the shape of Google's Directory API.
    pub attributes: Map<String, Value>,
}

/// What to change of a user; `None` leaves it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserEdit {
    /// Renames: the user, the memberships and the accounts stay.
    pub primary_email: Option<String>,
    /// First name.
    pub given_name: Option<String>,
    /// Last name.
    pub family_name: Option<String>,
    /// Moves.
    pub org_unit_path: Option<String>,
    /// Replaces all attributes.
    pub attributes: Option<Map<String, Value>>,
}

/// One log event of a change: its name and its detail.
pub(crate) type Told = (&'static str, Value);

/// A user as they are to be, what the log tells of it, and whether it can touch who is entitled.
pub(super) struct Change {
    pub(super) user: User,
    pub(super) told: Vec<Told>,
    pub(super) entitlement: bool,
}

/// Refuses attributes that are too large to keep.
pub(crate) fn check_attributes(attributes: &Map<String, Value>) -> Result<(), StoreError> {
    let size = serde_json::to_string(attributes).map_or(0, |text| text.len());
    if size > ATTRIBUTES_BYTES_MAX {
        let kibibytes = ATTRIBUTES_BYTES_MAX / 1024;
        return Err(StoreError::Invalid(format!("the user's attributes take more than {kibibytes} KiB: shorten them")));
    }
    Ok(())
}

/// Adds a user.
pub async fn add(store: &Store, by: &Actor, new: NewUser) -> Result<User, StoreError> {
    let domains = Domains::load(store).await?;
    let primary_email = domains.own_address(&new.primary_email)?;
    let given_name = clean_name("first name", &new.given_name)?;
    let family_name = clean_name("last name", &new.family_name)?;
    check_attributes(&new.attributes)?;
    let unit = org_units::find_by_path(store, &new.org_unit_path).await?;
    address::check_free(store, &primary_email, None).await?;
    let user = User {
        id: store.id(),
        primary_email,
        given_name,
        family_name,
        org_unit: unit.id,
        status: UserStatus::default(),
        attributes: new.attributes,
        created_at: store.now(),
        revision: 1,
    };
    let mut batch = Batch::new();
    if domains.all.is_empty() {
        let name = email_domain(&user.primary_email).to_owned();
        domains::insert(&mut batch, store, by, &Domain { id: store.id(), name, kind: DomainKind::Primary });
    }
    org_units::expect_exists(&mut batch, unit.id);
    write(&mut batch, (None, &user), true);
    let detail = json!({ "org_unit": unit.path });
    record(&mut batch, store, by, user.created_at, &user, vec![(names::CREATE_USER, detail)], true);
    match store.db.commit(batch).await {
        Err(CommitError::Unique { .. } | CommitError::Conflict { .. }) => {
            address::check_free(store, &user.primary_email, None).await?;
            return Err(StoreError::Stale { what: "the directory", by: String::new() });
        }
        answer => answer?,
    };
    store.wake();
    Ok(user)
}

/// Changes a user's names, address, org unit or attributes. With `expected_revision` a user changed since then is left
/// alone. Nothing is written when nothing differs.
pub async fn edit(
    store: &Store,
    by: &Actor,
    id: UserId,
    expected_revision: Option<i64>,
    edit: UserEdit,
) -> Result<User, StoreError> {
    let email = match &edit.primary_email {
        Some(email) => Some(Domains::load(store).await?.own_address(email)?),
        None => None,
    };
    let given = edit.given_name.map(|name| clean_name("first name", &name)).transpose()?;
    let family = edit.family_name.map(|name| clean_name("last name", &name)).transpose()?;
    if let Some(attributes) = &edit.attributes {
        check_attributes(attributes)?;
    }
    let unit = match &edit.org_unit_path {
        Some(path) => Some(org_units::find_by_path(store, path).await?),
        None => None,
    };
    change(store, by, id, expected_revision, |before, _| {
        if before.status.deleted_since.is_some() {
            return Err(provost_core::directory::InvalidTransition::Deleted.into());
        }
        let mut user = before.clone();
        user.primary_email = email.clone().unwrap_or(user.primary_email);
        user.given_name = given.clone().unwrap_or(user.given_name);
        user.family_name = family.clone().unwrap_or(user.family_name);
        user.org_unit = unit.as_ref().map_or(user.org_unit, |unit| unit.id);
        user.attributes = edit.attributes.clone().unwrap_or(user.attributes);
        let path = unit.as_ref().map_or("", |unit| unit.path.as_str());
        let (told, entitlement) = differences(before, &user, path);
        Ok(Change { user, told, entitlement })
    })
    .await
}

/// What the log tells of the differences between two states of a user, and whether they can touch who is entitled.
pub(crate) fn differences(before: &User, after: &User, new_path: &str) -> (Vec<Told>, bool) {
    let mut told = Vec::new();
    let from_to = |from: &str, to: &str| json!({ "from": from, "to": to });
    let renamed = before.primary_email != after.primary_email;
    if renamed {
        told.push((names::RENAME_USER, from_to(&before.primary_email, &after.primary_email)));
    }
    if before.given_name != after.given_name {
        told.push((names::CHANGE_FIRST_NAME, from_to(&before.given_name, &after.given_name)));
    }
    if before.family_name != after.family_name {
        told.push((names::CHANGE_LAST_NAME, from_to(&before.family_name, &after.family_name)));
    }
    let moved = before.org_unit != after.org_unit;
    if moved {
        told.push((names::MOVE_USER_TO_ORG_UNIT, json!({ "org_unit": new_path, "from_id": before.org_unit })));
    }
    let changed = changed_keys(&before.attributes, &after.attributes);
    if !changed.is_empty() {
        told.push((names::CHANGE_USER_ATTRIBUTES, json!({ "attributes": changed })));
    }
    (told, renamed || moved)
}

fn changed_keys(before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<String> {
    let gone = before.keys().filter(|key| !after.contains_key(*key));
    let new = after.iter().filter(|(key, value)| before.get(*key) != Some(value)).map(|(key, _)| key);
    gone.chain(new).cloned().collect()
}

/// The path of every change of a user: read, decide, commit the row with its log events and its mark. Without
/// `expected_revision` it reads and decides again when somebody was faster.
pub(super) async fn change(
    store: &Store,
    by: &Actor,
    id: UserId,
    expected_revision: Option<i64>,
    decide: impl Fn(&User, Timestamp) -> Result<Change, StoreError>,
) -> Result<User, StoreError> {
    for _ in 0..ATTEMPTS_MAX {
        let before = get(store, id).await?;
        if expected_revision.is_some_and(|expected| expected != before.revision) {
            return Err(stale(store, id).await);
        }
        let now = store.now();
        let Change { user, told, entitlement } = decide(&before, now)?;
        if told.is_empty() {
            return Ok(before);
        }
        let user = User { revision: before.revision + 1, ..user };
        let restored = before.status.deleted_since.is_some() && user.status.deleted_since.is_none();
        let claims = restored || user.primary_email != before.primary_email;
        if claims {
            address::check_free(store, &user.primary_email, Some(Bearer::User(id))).await?;
        }
        let mut batch = Batch::new();
        if restored || user.org_unit != before.org_unit {
            org_units::expect_exists(&mut batch, user.org_unit);
        }
        write(&mut batch, (Some(counts::place(&before)), &user), claims);
        record(&mut batch, store, by, now, &user, told, entitlement);
        match store.db.commit(batch).await {
            Err(CommitError::Conflict { .. } | CommitError::Unique { .. }) => {}
            answer => {
                answer?;
                store.wake();
                return Ok(user);
            }
        }
    }
    Err(stale(store, id).await)
}

fn write(batch: &mut Batch, saved: rows::Saved<'_>, claims_address: bool) {
    rows::save(batch, &[saved]);
    let (_, user) = saved;
    if claims_address {
        address::expect_no_group(batch, &[&user.primary_email]);
        address::join_users(batch, &[&user.primary_email]);
    }
}

fn record(batch: &mut Batch, store: &Store, by: &Actor, now: Timestamp, user: &User, told: Vec<Told>, entitlement: bool) {
    let events = told.into_iter().map(|(name, detail)| LogEvent::of_user(name, user.id, &user.primary_email, detail));
    append_all(batch, store, by, now, events);
    mark_users(batch, &[(user.id, &user.primary_email)], now, entitlement);
}

async fn stale(store: &Store, id: UserId) -> StoreError {
    let query = LogQuery { user: Some(id), limit: 1, ..LogQuery::default() };
    let by = match crate::log::list(store, &query).await {
        Ok(page) => page.items.first().map(|entry| format!(" by {} at {}", entry.actor, entry.at)),
        Err(_) => None,
    };
    StoreError::Stale { what: "the user", by: by.unwrap_or_default() }
}

/// The org unit a restored user comes back to: the one named, or else the former one, or else the root.
pub(super) async fn org_unit_for_restore(store: &Store, user: &User, path: Option<&str>) -> Result<OrgUnitId, StoreError> {
    if let Some(path) = path {
        return Ok(org_units::find_by_path(store, path).await?.id);
    }
    match org_units::get(store, user.org_unit).await {
        Ok(unit) => Ok(unit.id),
        Err(StoreError::NotFound { .. }) => Ok(org_units::find_by_path(store, "/").await?.id),
        Err(error) => Err(error),
    }
}
