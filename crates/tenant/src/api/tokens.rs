//! `/api/v2/auth/tokens`: the token API, for administrators.

use super::admin_gate::SignedIn;
use super::answer;
use super::body::json_object;
use crate::Tenant;
use crate::tokens::{self, Grant, NewToken, Permission, Token, TokenChange, TokenError};
use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use provost_platform::Secret;
use provost_scim::Resource;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// `?fields=id,name`.
#[derive(Debug, Deserialize)]
pub(super) struct Fields {
    fields: Option<String>,
}

pub(super) async fn list(State(tenant): State<Tenant>, Query(fields): Query<Fields>) -> Response {
    let now = tenant.inner.clock.now_micros();
    match tokens::list(&tenant).await {
        Ok(list) => {
            let records: Vec<Value> = list.iter().map(|token| chosen(record(token, now, None), &fields)).collect();
            answer::plain(StatusCode::OK, &Value::from(records))
        }
        Err(error) => refuse(&error.into()),
    }
}

pub(super) async fn get(State(tenant): State<Tenant>, Path(id): Path<String>, Query(fields): Query<Fields>) -> Response {
    let now = tenant.inner.clock.now_micros();
    match tokens::get(&tenant, number(&id)).await {
        Ok(token) => answer::plain(StatusCode::OK, &chosen(record(&token, now, None), &fields)),
        Err(error) => refuse(&error),
    }
}

pub(super) async fn create(
    State(tenant): State<Tenant>,
    Extension(admin): Extension<SignedIn>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let wanted = match json_object(&headers, body).await {
        Ok(object) => read_change(&object),
        Err(error) => return answer::message(status(error.status), &error.detail),
    };
    let change = match wanted {
        Ok(change) => change,
        Err(text) => return answer::message(StatusCode::BAD_REQUEST, &text),
    };
    let (Some(name), Some(grants), Some(expires_at)) = (change.name, change.grants, change.expires_at) else {
        return answer::message(StatusCode::BAD_REQUEST, "a new token needs name, expires (Unix seconds) and endpoints");
    };
    let new = NewToken { name, grants, expires_at, created_by: Some(admin.email) };
    match tokens::create_as(&tenant, new).await {
        Ok((token, secret)) => {
            answer::plain(StatusCode::CREATED, &record(&token, tenant.inner.clock.now_micros(), Some(&secret)))
        }
        Err(error) => refuse(&error),
    }
}

pub(super) async fn patch(State(tenant): State<Tenant>, Path(id): Path<String>, headers: HeaderMap, body: Body) -> Response {
    let object = match json_object(&headers, body).await {
        Ok(object) => object,
        Err(error) => return answer::message(status(error.status), &error.detail),
    };
    let result = match object.get("operation") {
        Some(_) if object.len() > 1 => {
            return answer::message(StatusCode::BAD_REQUEST, "an operation stands alone: send no other field with it");
        }
        Some(Value::String(operation)) if operation == "reissue" => {
            tokens::reissue(&tenant, number(&id)).await.map(|(token, secret)| (token, Some(secret)))
        }
        Some(Value::String(operation)) if operation == "revoke" => {
            tokens::revoke(&tenant, number(&id)).await.map(|token| (token, None))
        }
        Some(_) => return answer::message(StatusCode::BAD_REQUEST, "operation is \"reissue\" or \"revoke\""),
        None => match read_change(&object) {
            Ok(change) => tokens::change(&tenant, number(&id), change).await.map(|token| (token, None)),
            Err(text) => return answer::message(StatusCode::BAD_REQUEST, &text),
        },
    };
    match result {
        Ok((token, secret)) => answer::plain(StatusCode::OK, &record(&token, tenant.inner.clock.now_micros(), secret.as_ref())),
        Err(error) => refuse(&error),
    }
}

pub(super) async fn delete(State(tenant): State<Tenant>, Path(id): Path<String>) -> Response {
    match tokens::delete(&tenant, number(&id)).await {
        Ok(()) => answer::empty(),
        Err(error) => refuse(&error),
    }
}

/// Ids are numbers; anything else is the id of nothing.
fn number(id: &str) -> i64 {
    id.parse().unwrap_or(-1)
}

/// Name, expires and endpoints, as far as they are there.
fn read_change(object: &Resource) -> Result<TokenChange, String> {
    let mut change = TokenChange::default();
    for (key, value) in object {
        match (key.as_str(), value) {
            ("name", Value::String(name)) => change.name = Some(name.clone()),
            ("expires", Value::Number(seconds)) => change.expires_at = Some(micros(seconds)?),
            ("endpoints", Value::Array(items)) => change.grants = Some(items.iter().map(read_grant).collect::<Result<_, _>>()?),
            ("name", _) => return Err("name must be a text".to_owned()),
            ("expires", _) => return Err("expires must be a number of Unix seconds".to_owned()),
            ("endpoints", _) => return Err("endpoints must be a list of {\"endpoint\", \"permissions\"}".to_owned()),
            (other, _) => return Err(format!("{:?} is not a field of a token", other.chars().take(80).collect::<String>())),
        }
    }
    Ok(change)
}

fn read_grant(item: &Value) -> Result<Grant, String> {
    let text = |name: &str| item.get(name).and_then(Value::as_str);
    let (Some(endpoint), Some(code)) = (text("endpoint"), text("permissions")) else {
        return Err("each endpoint needs \"endpoint\" and \"permissions\" (\"r\" or \"rw\")".to_owned());
    };
    let permission: Permission = code.parse().map_err(|error: tokens::InvalidGrant| error.to_string())?;
    Grant::new(endpoint, permission).map_err(|error| error.to_string())
}

/// Unix seconds, whole or fractional, as microseconds.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked before")]
fn micros(seconds: &serde_json::Number) -> Result<i64, String> {
    let value = seconds.as_f64().unwrap_or(f64::NAN);
    if (0.0..=9.0e12).contains(&value) { Ok((value * 1_000_000.0) as i64) } else { Err("expires is not an instant".to_owned()) }
}

/// A token as the API shows it; the secret only when it was just made.
fn record(token: &Token, now_micros: i64, secret: Option<&Secret>) -> Value {
    let mut record = json!({
        "id": token.id.to_string(),
        "name": token.name,
        "expires": token.expires_at / 1_000_000,
        "endpoints": token.grants,
        "state": token.state(now_micros).word(),
        "created": token.created_at / 1_000_000,
        "lastUsed": token.last_used_at.map(|at| at / 1_000_000),
    });
    if let Some(secret) = secret {
        record["token"] = Value::from(secret.expose());
    }
    record
}

/// Only the fields that were asked for.
fn chosen(record: Value, fields: &Fields) -> Value {
    let (Some(wanted), Value::Object(object)) = (fields.fields.as_deref(), &record) else { return record };
    let names: Vec<&str> = wanted.split(',').map(str::trim).collect();
    let kept: Map<String, Value> = object
        .iter()
        .filter(|(name, _)| names.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    Value::Object(kept)
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::BAD_REQUEST)
}

fn refuse(error: &TokenError) -> Response {
    let code = match error {
        TokenError::Name | TokenError::NoGrants | TokenError::GrantTwice(_) | TokenError::Grant(_) | TokenError::Expiry => {
            StatusCode::BAD_REQUEST
        }
        TokenError::NameTaken(_) | TokenError::NotActive(..) | TokenError::Changed => StatusCode::CONFLICT,
        TokenError::NotFound => StatusCode::NOT_FOUND,
        TokenError::Db(_) | TokenError::Commit(_) => {
            tracing::error!(%error, "a token request failed: the database failed");
            return answer::message(StatusCode::SERVICE_UNAVAILABLE, "the tenant cannot reach its storage: try again later");
        }
    };
    answer::message(code, &error.to_string())
}
