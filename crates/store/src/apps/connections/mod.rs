//! Connections: the provisioning configuration of an app, its credential, and whether it is being worked.
//!
//! The verbs of the administrator's flow stand in files of their own; what the plan of a change says, and whether it was
//! confirmed, is asked before them, not here.

mod configure;
mod credential;
mod edit;
mod endpoint;
mod status;

pub use configure::configure;
pub use credential::{credential, forget_unreadable, read_token, reauthorize, sealed_with_another_key};
pub use edit::{edit, previewed};
pub use endpoint::{normalized_endpoint, origin};
pub use status::{delete_configuration, set_halt, start_pass, sync_now, turn_off, turn_on};

pub(crate) use status::delete_rows;

use crate::{Store, StoreError};
use provost_core::app::{Announced, Connection, ConnectionStatus, Profile};
use provost_core::ids::{AppId, ConnectionId};
use provost_core::time::Timestamp;
use provost_db::{Batch, CommitError, Query, Row};

const SELECT: &str = "SELECT c.id, c.app_id, a.catalogue, c.config, c.status, c.halt, c.revision, CASE WHEN c.credential IS NULL THEN CAST(0 AS BIGINT) ELSE CAST(1 AS BIGINT) END, \
     c.credential_set_at, c.created_at, c.last_pass_at, n.announced FROM connection c JOIN app a ON a.id = c.app_id \
     LEFT JOIN app_announcement n ON n.connection_id = c.id AND n.endpoint_key = c.endpoint_key";

/// What the store knows of a connection beside what the engine needs.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectionDetails {
    /// The connection.
    pub connection: Connection,
    /// Whether a credential is stored.
    pub has_credential: bool,
    /// When the credential was entered.
    pub credential_set_at: Option<Timestamp>,
    /// When the configuration was made.
    pub created_at: Timestamp,
    /// When the last full pass began.
    pub last_pass_at: Option<Timestamp>,
}

/// The connection with this id.
pub async fn get(store: &Store, id: ConnectionId) -> Result<Connection, StoreError> {
    Ok(details(store, id).await?.connection)
}

/// The connection with this id and what else the store knows of it.
pub async fn details(store: &Store, id: ConnectionId) -> Result<ConnectionDetails, StoreError> {
    let rows = store.db.read(Query::new(format!("{SELECT} WHERE c.id = $1"), [id.get().into()])).await?;
    rows.first().map(from_row).transpose()?.ok_or_else(|| StoreError::NotFound { what: "connection", key: id.to_string() })
}

/// The app's connection, when autoprovisioning is configured.
pub async fn of_app(store: &Store, app: AppId) -> Result<Option<Connection>, StoreError> {
    let rows = store.db.read(Query::new(format!("{SELECT} WHERE c.app_id = $1"), [app.get().into()])).await?;
    Ok(rows.first().map(from_row).transpose()?.map(|details| details.connection))
}

/// The app's connection, or an error that says that autoprovisioning is not configured.
pub async fn required_of_app(store: &Store, app: AppId) -> Result<Connection, StoreError> {
    of_app(store, app)
        .await?
        .ok_or_else(|| StoreError::Invalid("autoprovisioning is not configured for this app: configure it first".to_owned()))
}

/// Every connection, oldest first.
pub async fn list(store: &Store) -> Result<Vec<Connection>, StoreError> {
    Ok(list_details(store).await?.into_iter().map(|details| details.connection).collect())
}

/// Every connection and what else the store knows of it, oldest first.
pub async fn list_details(store: &Store) -> Result<Vec<ConnectionDetails>, StoreError> {
    let rows = store.db.read(Query::new(format!("{SELECT} ORDER BY c.id"), [])).await?;
    rows.iter().map(from_row).collect()
}

fn from_row(row: &Row) -> Result<ConnectionDetails, StoreError> {
    let catalogue: String = row.get(2)?;
    let announced: Option<Announced> = row.get::<Option<String>>(11)?.map(|json| serde_json::from_str(&json)).transpose()?;
    let connection = Connection {
        id: ConnectionId::new(row.get(0)?),
        app_id: AppId::new(row.get(1)?),
        profile: Profile::learned(&catalogue, announced.as_ref())
            .ok_or_else(|| StoreError::Corrupt(format!("the catalogue has no app \"{catalogue}\"")))?,
        config: serde_json::from_str(&row.get::<String>(3)?)?,
        status: status_from_word(&row.get::<String>(4)?)?,
        halt: row.get::<Option<String>>(5)?.map(|json| serde_json::from_str(&json)).transpose()?,
        revision: row.get(6)?,
    };
    Ok(ConnectionDetails {
        connection,
        has_credential: row.get(7)?,
        credential_set_at: row.get::<Option<i64>>(8)?.map(Timestamp),
        created_at: Timestamp(row.get(9)?),
        last_pass_at: row.get::<Option<i64>>(10)?.map(Timestamp),
    })
}

pub(crate) const fn status_word(status: ConnectionStatus) -> &'static str {
    match status {
        ConnectionStatus::Active => "active",
        ConnectionStatus::Inactive => "inactive",
    }
}

fn status_from_word(word: &str) -> Result<ConnectionStatus, StoreError> {
    [ConnectionStatus::Active, ConnectionStatus::Inactive]
        .into_iter()
        .find(|status| status_word(*status) == word)
        .ok_or_else(|| StoreError::Corrupt(format!("a connection of status \"{word}\"")))
}

/// Commits a batch that expects the connection's revision; the endpoint's unique key becomes an error that says what to do.
async fn commit(store: &Store, batch: Batch, endpoint: &str) -> Result<(), StoreError> {
    match store.db.commit(batch).await {
        Ok(_) => {
            store.wake();
            Ok(())
        }
        Err(CommitError::Conflict { .. }) => Err(StoreError::Stale { what: "the connection", by: String::new() }),
        Err(CommitError::Unique { constraint, .. }) if constraint == "connection_endpoint" => Err(StoreError::Invalid(format!(
            "another app is connected to {endpoint} already, and two connections would fight over its accounts: use that one, or delete its configuration first"
        ))),
        Err(CommitError::Unique { .. }) => {
            Err(StoreError::Invalid("autoprovisioning is configured for this app already: edit it instead".to_owned()))
        }
        Err(error @ CommitError::Db(_)) => Err(error.into()),
    }
}
