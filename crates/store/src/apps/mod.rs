//! Apps: what they are, for whom they are ON, and their connections.
//!
//! # For the directory half
//! `directory::groups::delete` calls [`group_deleted`] while it builds its batch.

pub mod announcement;
pub mod connections;
pub(crate) mod events;
pub mod health;
pub mod tests;
pub mod token_expiry;

use crate::log::names;
use crate::{Actor, Store, StoreError, schedule};
use events::event;
use provost_core::app::{Access, App, ScopeMode, ServiceStatus, SsoDetails, catalogue, profile};
use provost_core::ids::{AppId, GroupId};
use provost_core::time::Timestamp;
use provost_db::{Batch, CommitError, Query, Row, list as placeholders};
use serde_json::json;

const SELECT: &str = "SELECT id, name, catalogue, sso, access, revision FROM app";
const NAME_CHARACTERS_MAX: usize = 100;

/// What [`edit`] changes; `None` leaves a part as it is.
#[derive(Debug, Clone, Default)]
pub struct AppEdit {
    /// The new name.
    pub name: Option<String>,
    /// The new SSO details, or none any more.
    pub sso: Option<Option<SsoDetails>>,
}

/// Adds an app of the catalogue, OFF for everyone. The name must be free, whatever its case.
pub async fn create(store: &Store, by: &Actor, name: &str, catalogue_key: &str) -> Result<App, StoreError> {
    let name = checked_name(name)?;
    if profile(catalogue_key).is_none() {
        let known: Vec<&str> = catalogue().iter().map(|profile| profile.key.as_str()).collect();
        return Err(StoreError::Invalid(format!(
            "the catalogue has no app \"{catalogue_key}\": choose one of {}",
            known.join(", ")
        )));
    }
    let app =
        App { id: store.id(), name, catalogue: catalogue_key.to_owned(), sso: None, access: Access::default(), revision: 1 };
    let now = store.now();
    let mut batch = Batch::new();
    batch.run(
        "INSERT INTO app (id, name, name_key, catalogue, sso, access, revision, created_at) VALUES ($1, $2, $3, $4, NULL, $5, 1, $6)",
        [
            app.id.get().into(),
            app.name.as_str().into(),
            app.name.to_lowercase().into(),
            app.catalogue.as_str().into(),
            serde_json::to_string(&app.access)?.into(),
            now.0.into(),
        ],
    );
    let detail = json!({ "APPLICATION_NAME": app.name, "catalogue": app.catalogue });
    crate::log::append(&mut batch, store, by, now, event(names::ADD_APPLICATION, app.id, None, detail));
    commit_app(store, batch, &app.name).await?;
    Ok(app)
}

/// The app with this id.
pub async fn get(store: &Store, id: AppId) -> Result<App, StoreError> {
    let rows = store.db.read(Query::new(format!("{SELECT} WHERE id = $1"), [id.get().into()])).await?;
    rows.first().map(from_row).transpose()?.ok_or_else(|| not_found(&id.to_string()))
}

/// The app with this name, whatever its case, or else with this id.
pub async fn find(store: &Store, key: &str) -> Result<App, StoreError> {
    let name = key.trim().to_lowercase();
    let rows = store.db.read(Query::new(format!("{SELECT} WHERE name_key = $1"), [name.into()])).await?;
    if let Some(row) = rows.first() {
        return from_row(row);
    }
    let id: AppId = key.trim().parse().map_err(|_| not_found(key))?;
    get(store, id).await
}

/// Every app, by name.
pub async fn list(store: &Store) -> Result<Vec<App>, StoreError> {
    let rows = store.db.read(Query::new(format!("{SELECT} ORDER BY name_key"), [])).await?;
    rows.iter().map(from_row).collect()
}

/// Changes name and SSO details. `expected_revision` is the revision the caller has seen; `None` takes the present one.
pub async fn edit(
    store: &Store,
    by: &Actor,
    id: AppId,
    expected_revision: Option<i64>,
    edit: AppEdit,
) -> Result<App, StoreError> {
    let old = get(store, id).await?;
    check_revision("the app", old.revision, expected_revision)?;
    let mut new = old.clone();
    if let Some(name) = &edit.name {
        new.name = checked_name(name)?;
    }
    if let Some(sso) = &edit.sso {
        new.sso = sso.as_ref().map(checked_sso).transpose()?;
    }
    if new == old {
        return Ok(old);
    }
    if new.sso.is_none() && old.sso.is_some() && connections::of_app(store, id).await?.is_some() {
        return Err(StoreError::Invalid(
            "the SSO details cannot be removed while autoprovisioning is configured: delete its configuration first".to_owned(),
        ));
    }
    new.revision += 1;
    let now = store.now();
    let mut batch = Batch::new();
    batch.expect(
        1,
        "UPDATE app SET name = $3, name_key = $4, sso = $5, revision = revision + 1 WHERE id = $1 AND revision = $2",
        [
            id.get().into(),
            old.revision.into(),
            new.name.as_str().into(),
            new.name.to_lowercase().into(),
            new.sso.as_ref().map(serde_json::to_string).transpose()?.into(),
        ],
    );
    if new.name != old.name {
        let detail = json!({ "APPLICATION_NAME": new.name, "old_name": old.name });
        crate::log::append(&mut batch, store, by, now, event(names::CHANGE_APPLICATION, id, None, detail));
    }
    if new.sso != old.sso {
        let detail = json!({ "APPLICATION_NAME": new.name, "sso": new.sso });
        crate::log::append(&mut batch, store, by, now, event(names::UPDATE_APPLICATION_SSO, id, None, detail));
    }
    commit_app(store, batch, &new.name).await?;
    Ok(new)
}

/// Sets or removes the SSO details.
pub async fn set_sso(
    store: &Store,
    by: &Actor,
    id: AppId,
    expected_revision: Option<i64>,
    sso: Option<SsoDetails>,
) -> Result<App, StoreError> {
    edit(store, by, id, expected_revision, AppEdit { name: None, sso: Some(sso) }).await
}

/// Sets for whom the app is ON. Every org unit and group named must exist. The users of the app's connection are looked
/// at again.
pub async fn set_access(
    store: &Store,
    by: &Actor,
    id: AppId,
    expected_revision: Option<i64>,
    access: Access,
) -> Result<App, StoreError> {
    let old = get(store, id).await?;
    check_revision("the app", old.revision, expected_revision)?;
    if access == old.access {
        return Ok(old);
    }
    let settings = described_access(store, &access).await?;
    let connection = connections::of_app(store, id).await?.map(|connection| connection.id);
    let now = store.now();
    let mut batch = Batch::new();
    batch.expect(
        1,
        "UPDATE app SET access = $3, revision = revision + 1 WHERE id = $1 AND revision = $2",
        [id.get().into(), old.revision.into(), serde_json::to_string(&access)?.into()],
    );
    if let Some(connection) = connection {
        schedule::mark_sweep(&mut batch, store.id::<()>().get(), Some(connection), schedule::SweepTarget::Everyone, now);
    }
    let detail = json!({ "APPLICATION_NAME": old.name, "access": settings });
    crate::log::append(&mut batch, store, by, now, event(names::CHANGE_SERVICE_STATUS, id, connection, detail));
    commit_app(store, batch, &old.name).await?;
    store.wake();
    Ok(App { access, revision: old.revision + 1, ..old })
}

/// Removes an app. Autoprovisioning must be off; its configuration and records go with it, and nothing is sent.
pub async fn delete(store: &Store, by: &Actor, id: AppId) -> Result<(), StoreError> {
    let app = get(store, id).await?;
    let connection = connections::of_app(store, id).await?;
    let now = store.now();
    let mut batch = Batch::new();
    if let Some(connection) = &connection {
        if connection.status == provost_core::app::ConnectionStatus::Active {
            return Err(StoreError::Invalid(format!(
                "autoprovisioning of \"{}\" is on: turn it off before you delete the app",
                app.name
            )));
        }
        connections::delete_rows(&mut batch, connection);
        let detail = json!({ "APPLICATION_NAME": app.name });
        crate::log::append(&mut batch, store, by, now, event(names::DELETE_AUTO_PROV_CONFIG, id, Some(connection.id), detail));
    }
    batch.run("DELETE FROM connection_test WHERE app_id = $1", [id.get().into()]);
    batch.expect(1, "DELETE FROM app WHERE id = $1 AND revision = $2", [id.get().into(), app.revision.into()]);
    let detail = json!({ "APPLICATION_NAME": app.name });
    crate::log::append(&mut batch, store, by, now, event(names::DELETE_APPLICATION, id, None, detail));
    commit_app(store, batch, &app.name).await
}

/// Adds to the batch that deletes a group what the apps need: a tombstone in every scope that lists the group, so that
/// losing the last group never means everyone, and its removal from every app's access groups. The caller also adds a
/// sweep of everyone.
pub async fn group_deleted(store: &Store, batch: &mut Batch, group: GroupId, now: Timestamp) -> Result<(), StoreError> {
    for app in list(store).await? {
        let mut access = app.access.clone();
        if access.groups.remove(&group) {
            batch.expect(
                1,
                "UPDATE app SET access = $3, revision = revision + 1 WHERE id = $1 AND revision = $2",
                [app.id.get().into(), app.revision.into(), serde_json::to_string(&access)?.into()],
            );
        }
    }
    for connection in connections::list(store).await? {
        let mut config = connection.config.clone();
        let mut entries = config.scope.groups.iter_mut().filter(|entry| entry.group == group && entry.deleted_since.is_none());
        let Some(entry) = entries.next() else { continue };
        entry.deleted_since = Some(now);
        batch.expect(
            1,
            "UPDATE connection SET config = $3, revision = revision + 1 WHERE id = $1 AND revision = $2",
            [connection.id.get().into(), connection.revision.into(), serde_json::to_string(&config)?.into()],
        );
    }
    Ok(())
}

/// The names of the apps in which the group is an access group or a living scope group, for the question before it is
/// deleted.
pub async fn apps_using_group(store: &Store, group: GroupId) -> Result<Vec<String>, StoreError> {
    let scoped = |connection: &provost_core::app::Connection| {
        connection.config.scope.mode == ScopeMode::Groups
            && connection.config.scope.groups.iter().any(|entry| entry.group == group && entry.deleted_since.is_none())
    };
    let connections = connections::list(store).await?;
    let used = |app: &App| app.access.groups.contains(&group) || connections.iter().any(|c| c.app_id == app.id && scoped(c));
    Ok(list(store).await?.into_iter().filter(used).map(|app| app.name).collect())
}

pub(crate) fn from_row(row: &Row) -> Result<App, StoreError> {
    Ok(App {
        id: AppId::new(row.get(0)?),
        name: row.get(1)?,
        catalogue: row.get(2)?,
        sso: row.get::<Option<String>>(3)?.map(|json| serde_json::from_str(&json)).transpose()?,
        access: serde_json::from_str(&row.get::<String>(4)?)?,
        revision: row.get(5)?,
    })
}

/// Refuses what rests on another revision than the one that was found.
pub fn check_revision(what: &'static str, found: i64, expected: Option<i64>) -> Result<(), StoreError> {
    if expected.is_some_and(|expected| expected != found) {
        return Err(StoreError::Stale { what, by: String::new() });
    }
    Ok(())
}

async fn commit_app(store: &Store, batch: Batch, name: &str) -> Result<(), StoreError> {
    match store.db.commit(batch).await {
        Ok(_) => Ok(()),
        Err(CommitError::Conflict { .. }) => Err(StoreError::Stale { what: "the app", by: String::new() }),
        Err(CommitError::Unique { .. }) => Err(StoreError::Taken { what: "an app named", key: name.to_owned() }),
        Err(error @ CommitError::Db(_)) => Err(error.into()),
    }
}

fn not_found(key: &str) -> StoreError {
    StoreError::NotFound { what: "app", key: key.to_owned() }
}

fn checked_name(name: &str) -> Result<String, StoreError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARACTERS_MAX || name.chars().any(char::is_control) {
        return Err(StoreError::Invalid(format!(
            "an app needs a name of 1 to {NAME_CHARACTERS_MAX} characters without line breaks: choose another"
        )));
    }
    Ok(name.to_owned())
}

fn checked_sso(sso: &SsoDetails) -> Result<SsoDetails, StoreError> {
    let sso = SsoDetails { acs_url: sso.acs_url.trim().to_owned(), entity_id: sso.entity_id.trim().to_owned() };
    let host = ["https://", "http://"].iter().find_map(|scheme| sso.acs_url.strip_prefix(scheme)).unwrap_or_default();
    if host.is_empty() || host.starts_with('/') || sso.acs_url.contains(char::is_whitespace) {
        return Err(StoreError::Invalid(format!(
            "the ACS URL \"{}\" is not a web address: copy it from the app's SAML settings, beginning with https://",
            sso.acs_url
        )));
    }
    if sso.entity_id.is_empty() {
        return Err(StoreError::Invalid("the entity ID is empty: copy it from the app's SAML settings".to_owned()));
    }
    Ok(sso)
}

/// Checks that all ids exist, and spells the settings with paths and addresses for the log.
async fn described_access(store: &Store, access: &Access) -> Result<serde_json::Value, StoreError> {
    let word = |status: ServiceStatus| match status {
        ServiceStatus::On => "ON",
        ServiceStatus::Off => "OFF",
    };
    let units = access.org_units.keys().map(|id| id.get().into());
    let units_sql = format!("SELECT id, path FROM org_unit WHERE id IN {}", placeholders(1, access.org_units.len()));
    let groups_sql = format!(
        "SELECT id, email FROM directory_group WHERE deleted_since IS NULL AND id IN {}",
        placeholders(1, access.groups.len())
    );
    let queries = vec![Query::new(units_sql, units), Query::new(groups_sql, access.groups.iter().map(|id| id.get().into()))];
    let answers = store.db.read_all(queries).await?;
    let mut org_units = serde_json::Map::new();
    let found = |rows: &[Row], id: i64, what: &'static str| -> Result<String, StoreError> {
        for row in rows {
            if row.get::<i64>(0)? == id {
                return Ok(row.get(1)?);
            }
        }
        Err(StoreError::NotFound { what, key: id.to_string() })
    };
    for (id, status) in &access.org_units {
        org_units.insert(found(&answers[0], id.get(), "org unit")?, word(*status).into());
    }
    let mut groups = Vec::new();
    for id in &access.groups {
        groups.push(found(&answers[1], id.get(), "group")?);
    }
    Ok(json!({ "default": word(access.default), "org_units": org_units, "groups_on": groups }))
}
