//! Keys of this API. The secret is in the answer that a new key comes with, and nowhere else.

use super::ProblemKind::{Conflict, Invalid};
use super::extract::{At, Body};
use super::json::{Answer, CreatedPlain, Listed, Shown, instant, ok, whole};
use super::{Noun, change, read};
use crate::Server;
use crate::access::Principal;
use axum::Extension;
use axum::extract::State;
use axum::http::Method;
use provost_core::ids::ApiKeyId;
use provost_core::time::Rfc3339;
use provost_store::admins::{self, ApiKeyEntry, NewApiKey, Role};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(super) fn routes() -> Noun {
    Noun {
        name: "API keys",
        about: "What programs call this API with.",
        routes: vec![
            read("/api-keys", "List API keys", list).told("All of them, also revoked ones, in the order of their names."),
            change(Method::POST, "/api-keys", "Make an API key", add)
                .told("The answer holds the key itself. It is not kept and cannot be shown again.")
                .sending(r#"{"name":"backup-script","role":"auditor"}"#)
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
    /// Unique, also among revoked ones.
    name: String,
    role: Role,
    created_at: Rfc3339,
    /// To the minute.
    last_used_at: Option<Rfc3339>,
    /// Null as long as it works.
    revoked_at: Option<Rfc3339>,
}

fn key_body(entry: ApiKeyEntry) -> KeyBody {
    KeyBody {
        id: entry.key.id,
        name: entry.key.name,
        role: entry.key.role,
        created_at: Rfc3339(entry.created_at),
        last_used_at: instant(entry.last_used_at),
        revoked_at: instant(entry.revoked_at),
    }
}

async fn list(State(server): State<Server>) -> Answer<Shown<Listed<KeyBody>>> {
    ok(whole(admins::list_keys(&server.store).await?.into_iter().map(key_body).collect()))
}

/// A key to be made.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewApiKey")]
struct Added {
    /// What uses it.
    name: String,
    role: Role,
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
    let NewApiKey { entry, secret } = admins::create_key(&server.store, &caller.actor, &new.name, new.role).await?;
    Ok(CreatedPlain(MadeKey { key: key_body(entry), secret: secret.expose().to_owned() }))
}

async fn show(State(server): State<Server>, At(key): At<String>) -> Answer<Shown<KeyBody>> {
    ok(key_body(admins::find_key(&server.store, &key).await?))
}

async fn revoke(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
) -> Answer<Shown<KeyBody>> {
    let entry = admins::find_key(&server.store, &key).await?;
    admins::revoke_key(&server.store, &caller.actor, entry.key.id).await?;
    ok(key_body(admins::find_key(&server.store, &entry.key.id.to_string()).await?))
}
