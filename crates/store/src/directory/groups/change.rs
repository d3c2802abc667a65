//! Adding, editing and deleting groups.

use super::get;
use crate::directory::address::{self, Bearer};
use crate::directory::domains::{self, Domains};
use crate::directory::{ATTEMPTS_MAX, clean_name};
use crate::log::{LogEvent, append_all, names};
use crate::schedule::{SweepTarget, mark_sweep};
use crate::{Actor, Store, StoreError};
use provost_core::directory::{Domain, DomainKind, Group, email_domain};
use provost_core::ids::GroupId;
use provost_db::{Batch, CommitError, Query};
use serde_json::{Value, json};

/// The longest description, in characters.
const DESCRIPTION_LENGTH_MAX: usize = 4_096;

/// What to change of a group; `None` leaves it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupEdit {
    /// Another address.
    pub email: Option<String>,
    /// The display name.
    pub name: Option<String>,
    /// Free text.
    pub description: Option<String>,
}

fn event(name: &'static str, group: &Group, mut detail: Value) -> LogEvent {
    if let Some(fields) = detail.as_object_mut() {
        fields.insert("group".to_owned(), group.email.clone().into());
        fields.insert("group_id".to_owned(), group.id.to_string().into());
    }
    LogEvent { detail, ..LogEvent::of(name) }
}

fn clean_description(text: &str) -> Result<String, StoreError> {
    if text.chars().count() > DESCRIPTION_LENGTH_MAX {
        return Err(StoreError::Invalid(format!(
            "the description is longer than {DESCRIPTION_LENGTH_MAX} characters: shorten it"
        )));
    }
    Ok(text.trim().to_owned())
}

/// The name of a group that was given none: the part of the address before the `@`.
pub(crate) fn name_from_address(email: &str) -> &str {
    email.split('@').next().unwrap_or(email)
}

/// Adds a group; an empty name becomes the part of the address before the `@`.
pub async fn add(store: &Store, by: &Actor, email: &str, name: &str, description: &str) -> Result<Group, StoreError> {
    let domains = Domains::load(store).await?;
    let email = domains.own_address(email)?;
    let name = if name.trim().is_empty() { name_from_address(&email) } else { name };
    let name = clean_name("group's name", name)?;
    let description = clean_description(description)?;
    address::check_free(store, &email, None).await?;
    let group = Group { id: store.id(), email, name, description, revision: 1 };
    let now = store.now();
    let mut batch = Batch::new();
    if domains.all.is_empty() {
        let name = email_domain(&group.email).to_owned();
        domains::insert(&mut batch, store, by, &Domain { id: store.id(), name, kind: DomainKind::Primary });
    }
    batch.run(
        "INSERT INTO directory_group (id, email, name, description, deleted_since, revision) VALUES ($1, $2, $3, $4, NULL, 1)",
        [group.id.get().into(), group.email.as_str().into(), group.name.as_str().into(), group.description.as_str().into()],
    );
    address::expect_no_user(&mut batch, &[&group.email]);
    address::join_group(&mut batch, group.id, &group.email);
    append_all(&mut batch, store, by, now, [event(names::CREATE_GROUP, &group, json!({}))]);
    match store.db.commit(batch).await {
        Err(CommitError::Unique { .. } | CommitError::Conflict { .. }) => {
            address::check_free(store, &group.email, None).await?;
            return Err(StoreError::Stale { what: "the directory", by: String::new() });
        }
        answer => answer?,
    };
    Ok(group)
}

/// Changes a group's address, name or description. With `expected_revision` a group changed since then is left alone.
pub async fn edit(
    store: &Store,
    by: &Actor,
    id: GroupId,
    expected_revision: Option<i64>,
    edit: GroupEdit,
) -> Result<Group, StoreError> {
    let before = get(store, id).await?;
    let stale = || StoreError::Stale { what: "the group", by: String::new() };
    if expected_revision.is_some_and(|expected| expected != before.revision) {
        return Err(stale());
    }
    let mut after = Group { revision: before.revision + 1, ..before.clone() };
    if let Some(email) = &edit.email {
        after.email = Domains::load(store).await?.own_address(email)?;
    }
    if let Some(name) = &edit.name {
        after.name = clean_name("group's name", name)?;
    }
    if let Some(description) = &edit.description {
        after.description = clean_description(description)?;
    }
    let events = edit_events(&before, &after);
    if events.is_empty() {
        return Ok(before);
    }
    let now = store.now();
    let mut batch = Batch::new();
    let params = [
        id.get().into(),
        before.revision.into(),
        after.email.as_str().into(),
        after.name.as_str().into(),
        after.description.as_str().into(),
    ];
    let sql = "UPDATE directory_group SET email = $3, name = $4, description = $5, revision = revision + 1 \
               WHERE id = $1 AND revision = $2 AND deleted_since IS NULL";
    batch.expect(1, sql, params);
    if before.email != after.email {
        address::check_free(store, &after.email, Some(Bearer::Group(id))).await?;
        refuse_cycle_by_rename(store, &after).await?;
        address::expect_no_user(&mut batch, &[&after.email]);
        address::join_group(&mut batch, id, &after.email);
    }
    append_all(&mut batch, store, by, now, events);
    match store.db.commit(batch).await {
        Err(CommitError::Conflict { .. }) => Err(stale()),
        Err(CommitError::Unique { .. }) => Err(StoreError::Taken { what: "the address", key: after.email }),
        answer => {
            answer?;
            Ok(after)
        }
    }
}

fn edit_events(before: &Group, after: &Group) -> Vec<LogEvent> {
    let fields = [
        (names::CHANGE_GROUP_EMAIL, &before.email, &after.email),
        (names::CHANGE_GROUP_NAME, &before.name, &after.name),
        (names::CHANGE_GROUP_DESCRIPTION, &before.description, &after.description),
    ];
    let changed = fields.into_iter().filter(|(_, from, to)| from != to);
    changed.map(|(name, from, to)| event(name, after, json!({ "from": from, "to": to }))).collect()
}

/// The new address may be an outside member of a group that is nested in this one: then the group would contain itself.
async fn refuse_cycle_by_rename(store: &Store, group: &Group) -> Result<(), StoreError> {
    let sql = "WITH RECURSIVE inside(id) AS (SELECT CAST($1 AS BIGINT) UNION SELECT m.nested_id FROM group_member m \
               JOIN inside ON m.group_id = inside.id WHERE m.nested_id IS NOT NULL) \
               SELECT g.email FROM group_member m JOIN inside ON m.group_id = inside.id \
               JOIN directory_group g ON g.id = m.group_id WHERE m.outside_email = $2 LIMIT 1";
    let rows = store.db.read(Query::new(sql, [group.id.get().into(), group.email.as_str().into()])).await?;
    match rows.first() {
        None => Ok(()),
        Some(row) => Err(StoreError::Invalid(format!(
            "{} is a member of {}, so the group would contain itself: remove that member first",
            group.email,
            row.get::<String>(0)?
        ))),
    }
}

/// Deletes a group with its memberships. Scopes keep a tombstone of it, so that losing the last group never means
/// everyone.
pub async fn delete(store: &Store, by: &Actor, id: GroupId) -> Result<(), StoreError> {
    for _ in 0..ATTEMPTS_MAX {
        let group = get(store, id).await?;
        let now = store.now();
        let mut batch = Batch::new();
        let sql =
            "UPDATE directory_group SET deleted_since = $1, revision = revision + 1 WHERE id = $2 AND deleted_since IS NULL";
        batch.expect(1, sql, [now.0.into(), id.get().into()]);
        batch.run("DELETE FROM group_member WHERE group_id = $1 OR nested_id = $1", [id.get().into()]);
        append_all(&mut batch, store, by, now, [event(names::DELETE_GROUP, &group, json!({}))]);
        crate::apps::group_deleted(store, &mut batch, id, now).await?;
        mark_sweep(&mut batch, store.id::<()>().get(), None, SweepTarget::Everyone, now);
        match store.db.commit(batch).await {
            // An app that lists the group was edited meanwhile: read and decide again.
            Err(CommitError::Conflict { .. }) => {}
            answer => {
                answer?;
                store.wake();
                return Ok(());
            }
        }
    }
    Err(StoreError::Stale { what: "the group", by: String::new() })
}
