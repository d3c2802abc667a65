//! Users: reading them. What changes them stands beside: [`add`], [`edit`], the status verbs, [`purge_expired`].

mod change;
pub(crate) mod counts;
#[cfg(test)]
mod indexes;
mod list;
mod purge;
pub(crate) mod rows;
mod status;
mod ways;
mod words;

pub use change::{NewUser, UserEdit, add, edit};
pub(crate) use change::{Told, check_attributes, differences};
pub use counts::{count_by_state, count_by_unit};
pub use list::{UserQuery, list};
pub use purge::purge_expired;
pub use rows::{COLUMNS, from_row};
pub use status::{archive, delete, restore, suspend, unarchive, unsuspend};
pub use words::complete_words;

use super::domains::Domains;
use crate::{Store, StoreError};
use provost_core::directory::User;
use provost_core::ids::UserId;
use provost_db::Query;

/// Lists of states, as SQL has them.
const ANY_STATE: &str = "'active', 'suspended', 'archived', 'deleted'";
const DELETED: &str = "'deleted'";

fn not_found(key: &str) -> StoreError {
    StoreError::NotFound { what: "user", key: key.to_owned() }
}

/// The user of this id, also a deleted one.
pub async fn get(store: &Store, id: UserId) -> Result<User, StoreError> {
    by_id(store, id).await?.ok_or_else(|| not_found(&id.to_string()))
}

async fn by_id(store: &Store, id: UserId) -> Result<Option<User>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM directory_user u WHERE u.id = $1");
    store.db.read(Query::new(sql, [id.get().into()])).await?.first().map(from_row).transpose()
}

/// The user with this id or address: a living one first, then the one deleted last. An address in an alias domain
/// stands for the one in the primary domain.
pub async fn find(store: &Store, key: &str) -> Result<User, StoreError> {
    if let Ok(id) = key.trim().parse()
        && let Some(user) = by_id(store, id).await?
    {
        return Ok(user);
    }
    by_address(store, key, ANY_STATE).await
}

/// The deleted user with this id or address; of several the one deleted last.
pub async fn find_deleted(store: &Store, key: &str) -> Result<User, StoreError> {
    if let Ok(id) = key.trim().parse()
        && let Some(user) = by_id(store, id).await?
    {
        return if user.status.deleted_since.is_some() { Ok(user) } else { Err(not_deleted(key)) };
    }
    by_address(store, key, DELETED).await.map_err(|error| match error {
        StoreError::NotFound { .. } => not_deleted(key),
        other => other,
    })
}

fn not_deleted(key: &str) -> StoreError {
    StoreError::NotFound { what: "deleted user", key: key.to_owned() }
}

async fn by_address(store: &Store, key: &str, states: &str) -> Result<User, StoreError> {
    let email = Domains::load(store).await?.canonical(&key.trim().to_lowercase());
    let rows = store.db.read(of_address(email, states)).await?;
    rows.first().map_or_else(|| Err(not_found(key)), from_row)
}

/// Each of the states is a range of an index.
fn of_address(email: String, states: &str) -> Query {
    let sql = format!(
        "SELECT {COLUMNS} FROM directory_user u WHERE u.state IN ({states}) AND u.primary_email = $1 \
         ORDER BY CASE WHEN u.deleted_since IS NULL THEN 0 ELSE 1 END, u.deleted_since DESC LIMIT 1"
    );
    Query::new(sql, [email.into()])
}
