//! Keys of the management API. Only their hashes are kept; a key is shown once, when it is made.

use super::{Role, read_role};
use crate::directory::clean_name;
use crate::log::{LogEvent, append, names};
use crate::{Actor, Store, StoreError};
use provost_core::ids::ApiKeyId;
use provost_core::time::{Span, Timestamp};
use provost_db::{Batch, CommitError, Query};
use provost_platform::{Secret, mint_token, token_checksum_ok, token_hash};
use serde::Serialize;
use serde_json::json;

/// How our API keys begin.
const PREFIX: &str = "pvk";
/// A key's last use is noted at most this often.
const USE_NOTED_EVERY: Span = Span::seconds(60);

/// A key that authenticates a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ApiKey {
    /// Immutable.
    pub id: ApiKeyId,
    /// Unique.
    pub name: String,
    /// What it may do.
    pub role: Role,
}

/// A key as the list shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ApiKeyEntry {
    /// The key.
    pub key: ApiKey,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// Set when it no longer works.
    pub revoked_at: Option<Timestamp>,
}

/// A key that was just made.
#[derive(Debug)]
pub struct NewApiKey {
    /// As the list shows it from now on.
    pub entry: ApiKeyEntry,
    /// The key itself, which is not kept.
    pub secret: Secret,
}

/// Makes a key.
pub async fn create_key(store: &Store, by: &Actor, name: &str, role: Role) -> Result<NewApiKey, StoreError> {
    let name = clean_name("key's name", name)?;
    let secret = mint_token(PREFIX);
    let now = store.now();
    let mut batch = Batch::new();
    let id: ApiKeyId = store.id();
    batch.run(
        "INSERT INTO api_key (id, name, key_hash, role, created_at) VALUES ($1, $2, $3, $4, $5)",
        [id.get().into(), name.as_str().into(), token_hash(secret.expose()).into(), role.word().into(), now.0.into()],
    );
    let detail = json!({ "key": name, "role": role });
    append(&mut batch, store, by, now, LogEvent { detail, ..LogEvent::of(names::CREATE_API_KEY) });
    match store.db.commit(batch).await {
        Err(CommitError::Unique { .. }) => Err(StoreError::Taken { what: "the API key", key: name }),
        answer => {
            answer?;
            let entry = ApiKeyEntry { key: ApiKey { id, name, role }, created_at: now, last_used_at: None, revoked_at: None };
            Ok(NewApiKey { entry, secret })
        }
    }
}

/// All keys, also revoked ones, in the order of their names.
pub async fn list_keys(store: &Store) -> Result<Vec<ApiKeyEntry>, StoreError> {
    let sql = "SELECT id, name, role, created_at, last_used_at, revoked_at FROM api_key ORDER BY name";
    let rows = store.db.read(Query::new(sql, [])).await?;
    rows.iter()
        .map(|row| {
            let role = read_role(&row.get::<String>(2)?)?;
            Ok(ApiKeyEntry {
                key: ApiKey { id: ApiKeyId::new(row.get(0)?), name: row.get(1)?, role },
                created_at: Timestamp(row.get(3)?),
                last_used_at: row.get::<Option<i64>>(4)?.map(Timestamp),
                revoked_at: row.get::<Option<i64>>(5)?.map(Timestamp),
            })
        })
        .collect()
}

/// The key with this name or id, also a revoked one.
pub async fn find_key(store: &Store, key: &str) -> Result<ApiKeyEntry, StoreError> {
    let (wanted, keys) = (key.trim(), list_keys(store).await?);
    let named = keys.iter().position(|entry| entry.key.name == wanted);
    let found = named.or_else(|| keys.iter().position(|entry| entry.key.id.to_string() == wanted));
    let not_found = || StoreError::NotFound { what: "API key", key: wanted.to_owned() };
    found.and_then(|index| keys.into_iter().nth(index)).ok_or_else(not_found)
}

/// Revokes a key: it stops working at once, its record stays.
pub async fn revoke_key(store: &Store, by: &Actor, id: ApiKeyId) -> Result<(), StoreError> {
    let entry = list_keys(store).await?.into_iter().find(|entry| entry.key.id == id);
    let entry = entry.ok_or_else(|| StoreError::NotFound { what: "API key", key: id.to_string() })?;
    if entry.revoked_at.is_some() {
        return Ok(());
    }
    let now = store.now();
    let mut batch = Batch::new();
    batch.expect(1, "UPDATE api_key SET revoked_at = $1 WHERE id = $2", [now.0.into(), id.get().into()]);
    let detail = json!({ "key": entry.key.name });
    append(&mut batch, store, by, now, LogEvent { detail, ..LogEvent::of(names::REVOKE_API_KEY) });
    store.db.commit(batch).await?;
    Ok(())
}

/// The key that was presented; `None` when it is malformed, unknown or revoked.
pub async fn authenticate_key(store: &Store, presented: &str) -> Result<Option<ApiKey>, StoreError> {
    if !token_checksum_ok(PREFIX, presented) {
        return Ok(None);
    }
    let sql = "SELECT id, name, role, last_used_at FROM api_key WHERE key_hash = $1 AND revoked_at IS NULL";
    let rows = store.db.read(Query::new(sql, [token_hash(presented).into()])).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let key = ApiKey { id: ApiKeyId::new(row.get(0)?), name: row.get(1)?, role: read_role(&row.get::<String>(2)?)? };
    let now = store.now();
    let last_used = row.get::<Option<i64>>(3)?.map(Timestamp);
    if last_used.is_none_or(|at| now - at >= USE_NOTED_EVERY) {
        let mut batch = Batch::new();
        batch.run("UPDATE api_key SET last_used_at = $1 WHERE id = $2", [now.0.into(), key.id.get().into()]);
        store.db.commit(batch).await?;
    }
    Ok(Some(key))
}
