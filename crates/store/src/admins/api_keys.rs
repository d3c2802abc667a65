//! Keys of the management API. Only their hashes are kept; a key is shown once, when it is made.

use super::{Role, read_role};
use crate::directory::clean_name;
use crate::log::{LogEvent, append, names};
use crate::{Actor, Store, StoreError};
use provost_core::ids::ApiKeyId;
use provost_core::time::{Span, Timestamp};
use provost_db::{Batch, CommitError, Query};
use provost_platform::{Secret, mint_token, token_checksum_ok, token_hash};
use schemars::JsonSchema;
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
    /// From then on it works no more; without it has no end.
    pub expires_at: Option<Timestamp>,
    /// Set when somebody has ended it.
    pub revoked_at: Option<Timestamp>,
}

/// How a key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ApiKeyState {
    /// It works.
    Active,
    /// Its time is over.
    Expired,
    /// Somebody has ended it.
    Revoked,
}

impl ApiKeyEntry {
    /// How it stands at this instant.
    pub fn state(&self, now: Timestamp) -> ApiKeyState {
        if self.revoked_at.is_some() {
            ApiKeyState::Revoked
        } else if self.expires_at.is_some_and(|at| at <= now) {
            ApiKeyState::Expired
        } else {
            ApiKeyState::Active
        }
    }
}

/// A key that was just made.
#[derive(Debug)]
pub struct NewApiKey {
    /// As the list shows it from now on.
    pub entry: ApiKeyEntry,
    /// The key itself, which is not kept.
    pub secret: Secret,
}

/// Makes a key, which works until `expires_at`, or without an end.
pub async fn create_key(
    store: &Store,
    by: &Actor,
    name: &str,
    role: Role,
    expires_at: Option<Timestamp>,
) -> Result<NewApiKey, StoreError> {
    let name = clean_name("key's name", name)?;
    let now = store.now();
    if let Some(at) = expires_at.filter(|at| *at <= now) {
        return Err(StoreError::Invalid(format!("the key would have expired at {at} already: choose a later time, or none")));
    }
    let secret = mint_token(PREFIX);
    let mut batch = Batch::new();
    let id: ApiKeyId = store.id();
    batch.run(
        "INSERT INTO api_key (id, name, key_hash, role, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
        [
            id.get().into(),
            name.as_str().into(),
            token_hash(secret.expose()).into(),
            role.word().into(),
            now.0.into(),
            expires_at.map(|at| at.0).into(),
        ],
    );
    let mut detail = json!({ "key": name, "role": role });
    if let Some(at) = expires_at {
        detail["expires_at"] = json!(at.to_string());
    }
    append(&mut batch, store, by, now, LogEvent { detail, ..LogEvent::of(names::CREATE_API_KEY) });
    match store.db.commit(batch).await {
        Err(CommitError::Unique { .. }) => Err(StoreError::Taken { what: "the API key", key: name }),
        answer => {
            answer?;
            let key = ApiKey { id, name, role };
            let entry = ApiKeyEntry { key, created_at: now, last_used_at: None, expires_at, revoked_at: None };
            Ok(NewApiKey { entry, secret })
        }
    }
}

/// All keys, also revoked and expired ones, in the order of their names.
pub async fn list_keys(store: &Store) -> Result<Vec<ApiKeyEntry>, StoreError> {
    let sql = "SELECT id, name, role, created_at, last_used_at, expires_at, revoked_at FROM api_key ORDER BY name";
    let rows = store.db.read(Query::new(sql, [])).await?;
    rows.iter()
        .map(|row| {
            let role = read_role(&row.get::<String>(2)?)?;
            Ok(ApiKeyEntry {
                key: ApiKey { id: ApiKeyId::new(row.get(0)?), name: row.get(1)?, role },
                created_at: Timestamp(row.get(3)?),
                last_used_at: row.get::<Option<i64>>(4)?.map(Timestamp),
                expires_at: row.get::<Option<i64>>(5)?.map(Timestamp),
                revoked_at: row.get::<Option<i64>>(6)?.map(Timestamp),
            })
        })
        .collect()
}

/// The key with this id or name, also one that works no more.
pub async fn find_key(store: &Store, key: &str) -> Result<ApiKeyEntry, StoreError> {
    let (wanted, keys) = (key.trim(), list_keys(store).await?);
    let known = keys.iter().position(|entry| entry.key.id.to_string() == wanted);
    let found = known.or_else(|| keys.iter().position(|entry| entry.key.name == wanted));
    let not_found = || StoreError::NotFound { what: "API key", key: wanted.to_owned() };
    found.and_then(|index| keys.into_iter().nth(index)).ok_or_else(not_found)
}

/// One key, also one that works no more.
pub async fn get_key(store: &Store, id: ApiKeyId) -> Result<ApiKeyEntry, StoreError> {
    let found = list_keys(store).await?.into_iter().find(|entry| entry.key.id == id);
    found.ok_or_else(|| StoreError::NotFound { what: "API key", key: id.to_string() })
}

/// Revokes a key: it stops working at once, its record stays.
pub async fn revoke_key(store: &Store, by: &Actor, id: ApiKeyId) -> Result<(), StoreError> {
    let entry = get_key(store, id).await?;
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

/// The key that was presented; `None` when it is malformed, unknown, expired or revoked.
pub async fn authenticate_key(store: &Store, presented: &str) -> Result<Option<ApiKey>, StoreError> {
    if !token_checksum_ok(PREFIX, presented) {
        return Ok(None);
    }
    let now = store.now();
    let sql = "SELECT id, name, role, last_used_at FROM api_key \
               WHERE key_hash = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)";
    let rows = store.db.read(Query::new(sql, [token_hash(presented).into(), now.0.into()])).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let key = ApiKey { id: ApiKeyId::new(row.get(0)?), name: row.get(1)?, role: read_role(&row.get::<String>(2)?)? };
    let last_used = row.get::<Option<i64>>(3)?.map(Timestamp);
    if last_used.is_none_or(|at| now - at >= USE_NOTED_EVERY) {
        let mut batch = Batch::new();
        batch.run("UPDATE api_key SET last_used_at = $1 WHERE id = $2", [now.0.into(), key.id.get().into()]);
        store.db.commit(batch).await?;
    }
    Ok(Some(key))
}
