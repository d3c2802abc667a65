//! The SCIM API behind the gate: reads the body, asks the pure provider what the request means, carries it out on the rows,
//! and lets the provider word the answer.

mod all;
mod bulk;
mod groups;
pub(crate) mod raw;
mod scan;
mod size;
mod users;

use super::answer::{self, Refused};
use super::body;
use super::gate::Caller;
use crate::Tenant;
use crate::find::keys::CHARACTERS_MAX;
use crate::find::rows::Stored;
use crate::options::Options;
use crate::profile::Behaviour;
use crate::tokens::Grant;
use crate::users::WriteError;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use provost_scim::provider::{self, EntityTags, Meta, Method, Preconditions, Provider, ProviderRequest, ResourceKind};
use provost_scim::{Resource, ScimError};
use serde_json::Value;

/// How often a change is tried again when another process changed the resource in between.
const ATTEMPTS_MAX: usize = 5;

/// What every operation needs.
struct Context<'a> {
    tenant: &'a Tenant,
    options: &'a Options,
    /// What the token may do.
    grants: &'a [Grant],
    provider: &'a Provider,
    /// `http://host/api/v2/scim`.
    base: String,
    /// Obeyed where the profile has versions.
    preconditions: Preconditions,
}

/// Answers a request that the gate has let through.
pub(super) async fn answer(tenant: &Tenant, caller: &Caller, parts: &Parts, body: Body) -> Response {
    let mut response = decide(tenant, caller, parts, body).await;
    if response.status() == StatusCode::METHOD_NOT_ALLOWED
        && let Ok(allowed) = HeaderValue::from_str(&allowed_methods(parts.uri.path()))
    {
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    response
}

/// What to say in `Allow`; what can be read can be asked for by HEAD too.
fn allowed_methods(path: &str) -> String {
    let methods = provider::allowed_methods(path.strip_prefix(super::SCIM_PATH).unwrap_or_default());
    let words = methods.iter().flat_map(|method| match method {
        Method::Get => ["GET", "HEAD"].as_slice(),
        Method::Post => &["POST"],
        Method::Put => &["PUT"],
        Method::Patch => &["PATCH"],
        Method::Delete => &["DELETE"],
    });
    words.copied().collect::<Vec<_>>().join(", ")
}

async fn decide(tenant: &Tenant, caller: &Caller, parts: &Parts, body: Body) -> Response {
    let Caller { behaviour, grants } = caller;
    let Behaviour { options, provider } = behaviour.as_ref();
    let base = super::scim_base(&parts.headers);
    let tags = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(EntityTags::parse);
    let preconditions = if provider.profile.etags {
        Preconditions { if_match: tags(header::IF_MATCH), if_none_match: tags(header::IF_NONE_MATCH) }
    } else {
        Preconditions::default()
    };
    let context = Context { tenant, options, grants, provider, base, preconditions };
    let decided = match read(&context, parts, body).await {
        Ok(ProviderRequest::Bulk(request)) => bulk::carry_out_all(&context, caller, request).await,
        Ok(request) => carry_out(&context, request).await,
        Err(error) => Err(error.into()),
    };
    let mut decided = decided.unwrap_or_else(|refused| provider::failed(context.provider, &refused.0));
    let plain_json = context.provider.profile.plain_json_on_request && body::wants_plain_json(&parts.headers);
    if let (true, Some(content_type)) = (plain_json, &mut decided.content_type) {
        "application/json".clone_into(content_type);
    }
    answer::scim(decided)
}

async fn read(context: &Context<'_>, parts: &Parts, body: Body) -> Result<ProviderRequest, ScimError> {
    let path = parts.uri.path().strip_prefix(super::SCIM_PATH).unwrap_or_default();
    let name = if parts.method == axum::http::Method::HEAD { "GET" } else { parts.method.as_str() };
    let method = Method::parse(name).ok_or_else(|| ScimError::new(405, "SCIM knows GET, POST, PUT, PATCH and DELETE."))?;
    let bytes = match method {
        Method::Get | Method::Delete => axum::body::Bytes::new(),
        Method::Post | Method::Put | Method::Patch => body::bytes(&parts.headers, body).await?,
    };
    provider::plan(context.provider, &provider::Request { method, path, query: parts.uri.query(), body: &bytes })
}

async fn carry_out(context: &Context<'_>, request: ProviderRequest) -> Result<provider::Response, Refused> {
    use ResourceKind::{Group, User};
    let Context { provider, base, .. } = context;
    match request {
        ProviderRequest::List { kind: User, query } => users::list(context, &query).await,
        ProviderRequest::List { kind: Group, query } => groups::list(context, &query).await,
        ProviderRequest::ListAll { query } => all::list(context, query).await,
        ProviderRequest::Get { kind: User, id, projection } => users::get(context, &id, &projection).await,
        ProviderRequest::Get { kind: Group, id, projection } => groups::get(context, &id, &projection).await,
        ProviderRequest::Create { kind: User, resource, projection } => users::create(context, resource, &projection).await,
        ProviderRequest::Create { kind: Group, resource, projection } => groups::create(context, resource, &projection).await,
        ProviderRequest::Replace { kind: User, id, incoming, projection } => {
            users::replace(context, &id, &incoming, &projection).await
        }
        ProviderRequest::Replace { kind: Group, id, incoming, projection } => {
            groups::replace(context, &id, &incoming, &projection).await
        }
        ProviderRequest::Patch { kind: User, id, request, projection } => users::patch(context, &id, &request, &projection).await,
        ProviderRequest::Patch { kind: Group, id, request, projection } => {
            groups::patch(context, &id, &request, &projection).await
        }
        ProviderRequest::Delete { kind: User, id } => users::delete(context, &id).await,
        ProviderRequest::Delete { kind: Group, id } => groups::delete(context, &id).await,
        ProviderRequest::ServiceProviderConfig => Ok(provider::service_provider_config(provider, base)),
        ProviderRequest::ResourceTypes => Ok(provider::resource_types(provider, base)),
        ProviderRequest::ResourceType { name } => Ok(provider::resource_type(provider, &name, base)?),
        ProviderRequest::Schemas => Ok(provider::schemas(provider, base)),
        ProviderRequest::Schema { urn } => Ok(provider::schema(provider, &urn, base)?),
        ProviderRequest::Bulk(_) => Err(ScimError::invalid_value("A bulk request cannot be an operation of another one.").into()),
        ProviderRequest::NotImplemented { what } => Err(ScimError::new(501, format!("{what} is not supported.")).into()),
    }
}

/// What the provider says about a resource that was made and last changed at these instants, when it is shown with this from
/// other rows.
fn meta(context: &Context<'_>, row: &Stored, also_shown: Option<&Value>) -> Meta {
    let version = context.provider.profile.etags.then(|| provider::version(row.revision, also_shown));
    Meta { id: row.id.clone(), created: instant(row.created_at), last_modified: instant(row.modified_at), version }
}

/// The entity tag of a revision.
fn version(revision: i64) -> String {
    provider::version(revision, None)
}

/// In microseconds, but no finer than what is shown: what looks the same in `meta` is the same.
fn now(context: &Context<'_>) -> i64 {
    let now = context.tenant.inner.clock.now_micros();
    now - now.rem_euclid(1_000)
}

/// RFC 3339 in UTC, to the millisecond.
fn instant(micros: i64) -> String {
    let at = jiff::Timestamp::from_microsecond(micros).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    format!("{at:.3}")
}

/// A text that is searched by an index: not too long, and without control characters.
fn key(body: &Resource, name: &str) -> Result<Option<String>, ScimError> {
    let Some(text) = body.get(name).and_then(Value::as_str) else { return Ok(None) };
    if text.chars().count() > CHARACTERS_MAX {
        return Err(ScimError::invalid_value(format!("{name} is longer than {CHARACTERS_MAX} characters.")));
    }
    if text.contains(char::is_control) {
        return Err(ScimError::invalid_value(format!("{name} holds control characters.")));
    }
    Ok(Some(text.to_owned()))
}

/// The same for a text that must be there.
fn required_key(body: &Resource, name: &str) -> Result<String, ScimError> {
    key(body, name)?.ok_or_else(|| ScimError::invalid_value(format!("{name} is required.")))
}

/// The error for an id that is nobody's; a long one is cut.
fn not_found(id: &str) -> Refused {
    ScimError::not_found(&id.chars().take(64).collect::<String>()).into()
}

fn not_kept(error: WriteError) -> Refused {
    match error {
        WriteError::Commit(error) => error.into(),
        WriteError::Duplicate | WriteError::Stale => {
            ScimError::new(503, "The resource was changed by others at the same time; try again.").into()
        }
    }
}
