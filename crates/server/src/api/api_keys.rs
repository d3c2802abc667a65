//! Keys of this API. The secret is in the answer that a new key comes with, and nowhere else.

use super::ProblemKind::{Conflict, Invalid};
use super::extract::{At, Body};
use super::json::{Answer, CreatedPlain, Listed, Shown, instant, ok, parse_instant, whole};
use super::{Noun, change, read};
use crate::Server;
use crate::access::Principal;
use axum::Extension;
use axum::extract::State;
use axum::http::Method;
use provost_core::ids::ApiKeyId;
use provost_core::time::{Rfc3339, Timestamp};
use provost_store::admins::{self, ApiKeyEntry, ApiKeyState, NewApiKey, Role};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(super) fn routes() -> Noun {
    Noun {
        name: "API keys",
        about: "What programs call this API with.",
        routes: vec![
            read("/api-keys", "List API keys", list)
                .told("All of them, also those that work no more, in the order of their names."),
            change(Method::POST, "/api-keys", "Make an API key", add)
                .told("The answer holds the key itself. It is not kept and cannot be shown again.")
                .sending(r#"{"name":"backup-script","role":"auditor","expires_at":"2099-12-31"}"#)
                .refuses(&[Conflict, Invalid]),
            read("/api-keys/{key}", "Show an API key", show),
            change(Method::POST, "/api-keys/{key}/revoke", "Revoke an API key", revoke)
                .told("It stops working at once, and cannot be made to work again. Its record stays, and so its name is taken."),
        ],
    }
}

/// A key, without its secret.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ApiKey")]
struct KeyBody {
    id: ApiKeyId,
    /// Unique, also among those that work no more.
    name: String,
    role: Role,
    state: ApiKeyState,
    created_at: Rfc3339,
    /// To the minute.
    last_used_at: Option<Rfc3339>,
    /// From then on it works no more; null: it has no end.
    expires_at: Option<Rfc3339>,
    /// Null as long as nobody has revoked it.
    revoked_at: Option<Rfc3339>,
}

fn key_body(entry: ApiKeyEntry, now: Timestamp) -> KeyBody {
    KeyBody {
        state: entry.state(now),
        id: entry.key.id,
        name: entry.key.name,
        role: entry.key.role,
        created_at: Rfc3339(entry.created_at),
        last_used_at: instant(entry.last_used_at),
        expires_at: instant(entry.expires_at),
        revoked_at: instant(entry.revoked_at),
    }
}

async fn list(State(server): State<Server>) -> Answer<Shown<Listed<KeyBody>>> {
    let now = server.store.now();
    ok(whole(admins::list_keys(&server.store).await?.into_iter().map(|entry| key_body(entry, now)).collect()))
}

/// A key to be made.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewApiKey")]
struct Added {
    /// What uses it.
    name: String,
    role: Role,
    /// From when on it works no more: RFC 3339, or a date, which it does not reach; left out: it has no end.
    expires_at: Option<String>,
}

/// A key that was just made. It is not printed: its secret is for the caller alone.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ApiKeyWithSecret", description = "A key that was just made.")]
struct MadeKey {
    #[serde(flatten)]
    key: KeyBody,
    /// What to send behind `Authorization: Bearer`. It is shown only this once.
    secret: String,
}

async fn add(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    Body(new): Body<Added>,
) -> Answer<CreatedPlain<MadeKey>> {
    let store = &server.store;
    let expires_at = new.expires_at.as_deref().map(parse_instant).transpose()?;
    let NewApiKey { entry, secret } = admins::create_key(store, &caller.actor, &new.name, new.role, expires_at).await?;
    Ok(CreatedPlain(MadeKey { key: key_body(entry, store.now()), secret: secret.expose().to_owned() }))
}

async fn show(State(server): State<Server>, At(key): At<String>) -> Answer<Shown<KeyBody>> {
    ok(key_body(admins::find_key(&server.store, &key).await?, server.store.now()))
}

async fn revoke(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
) -> Answer<Shown<KeyBody>> {
    let entry = admins::find_key(&server.store, &key).await?;
    admins::revoke_key(&server.store, &caller.actor, entry.key.id).await?;
    ok(key_body(admins::get_key(&server.store, entry.key.id).await?, server.store.now()))
}
