//! "Configure autoprovisioning": the wizard's last step.

use super::credential::sealed;
use super::{commit, endpoint, status_word};
use crate::apps::events::event;
use crate::log::names;
use crate::{Actor, Store, StoreError};
use provost_core::app::{Connection, ConnectionConfig, ConnectionStatus, Scope, ScopeMode, token_end_told};
use provost_core::ids::{AppId, GroupId};
use provost_db::{Batch, Query, list as placeholders};
use provost_platform::Secret;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Configures autoprovisioning for an app whose SSO details are there. The new connection is inactive: nothing is sent
/// before it is turned on.
pub async fn configure(
    store: &Store,
    by: &Actor,
    app: AppId,
    config: ConnectionConfig,
    token: &Secret,
) -> Result<Connection, StoreError> {
    let app = crate::apps::get(store, app).await?;
    if app.sso.is_none() {
        return Err(StoreError::Invalid(format!(
            "single sign-on is not set up for \"{}\": enter its ACS URL and entity ID first",
            app.name
        )));
    }
    let profile = provost_core::app::profile(&app.catalogue)
        .ok_or_else(|| StoreError::Corrupt(format!("the catalogue has no app \"{}\"", app.catalogue)))?;
    let config = trimmed(config);
    config.check(profile)?;
    let (scope, group_emails) = checked_scope(store, config.scope.clone(), None).await?;
    let config = ConnectionConfig { scope, ..config };
    let connection = Connection {
        id: store.id(),
        app_id: app.id,
        profile,
        config,
        status: ConnectionStatus::Inactive,
        halt: None,
        revision: 1,
    };
    let now = store.now();
    let mut batch = Batch::new();
    batch.run(
        "INSERT INTO connection (id, app_id, endpoint_key, credential, credential_set_at, config, status, revision, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $5)",
        [
            connection.id.get().into(),
            app.id.get().into(),
            endpoint::normalized_endpoint(&connection.config.endpoint).into(),
            sealed(store, connection.id, token)?.into(),
            now.0.into(),
            serde_json::to_string(&connection.config)?.into(),
            status_word(connection.status).into(),
        ],
    );
    crate::apps::token_expiry::add(&mut batch, connection.id, token_end_told(token.expose()));
    let detail = json!({
        "APPLICATION_NAME": app.name,
        "endpoint": connection.config.endpoint,
        "scope": if connection.config.scope.mode == ScopeMode::Everyone { json!("everyone") } else { json!(group_emails.values().collect::<Vec<_>>()) },
        "deprovisioning": connection.config.deprovisioning,
    });
    crate::log::append(&mut batch, store, by, now, event(names::CREATE_AUTO_PROV_CONFIG, app.id, Some(connection.id), detail));
    commit(store, batch, &connection.config.endpoint).await?;
    Ok(connection)
}

/// The endpoint without surrounding space and trailing slashes, as the engine appends paths to it.
pub(super) fn trimmed(config: ConnectionConfig) -> ConnectionConfig {
    ConnectionConfig { endpoint: config.endpoint.trim().trim_end_matches('/').to_owned(), ..config }
}

/// Checks a scope against the directory and sets its tombstones from what `old` and the directory say; also answers the
/// addresses of its groups, living or not. In mode "groups" at least one entry must be there.
pub(super) async fn checked_scope(
    store: &Store,
    mut scope: Scope,
    old: Option<&Scope>,
) -> Result<(Scope, BTreeMap<GroupId, String>), StoreError> {
    if scope.mode == ScopeMode::Groups && scope.groups.is_empty() {
        return Err(StoreError::Invalid(
            "the scope is limited to groups and lists none: choose at least one group, or set the scope to everyone".to_owned(),
        ));
    }
    let ids: BTreeSet<GroupId> = scope.groups.iter().map(|entry| entry.group).collect();
    if ids.len() < scope.groups.len() {
        return Err(StoreError::Invalid("the scope lists a group twice: remove one of the entries".to_owned()));
    }
    let mut asked = ids;
    asked.extend(old.into_iter().flat_map(|old| &old.groups).map(|entry| entry.group));
    let sql = format!("SELECT id, email, deleted_since FROM directory_group WHERE id IN {}", placeholders(1, asked.len()));
    let mut emails = BTreeMap::new();
    let mut deleted = BTreeMap::new();
    for row in store.db.read(Query::new(sql, asked.iter().map(|id| id.get().into()))).await? {
        let id = GroupId::new(row.get(0)?);
        emails.insert(id, row.get::<String>(1)?);
        deleted.insert(id, row.get::<Option<i64>>(2)?.map(provost_core::time::Timestamp));
    }
    for entry in &mut scope.groups {
        let known = old.and_then(|old| old.groups.iter().find(|known| known.group == entry.group));
        match (deleted.get(&entry.group), known) {
            (Some(None), _) => entry.deleted_since = None,
            // A tombstone that the scope has already may stay in it; a deleted group cannot be added.
            (_, Some(known)) => entry.deleted_since = known.deleted_since,
            (Some(Some(_)) | None, None) => {
                return Err(StoreError::NotFound { what: "group", key: entry.group.to_string() });
            }
        }
    }
    Ok((scope, emails))
}
