//! What stands before every SCIM request, in this order: the tenant's switch, the token, its grant, the rate limit. Neither
//! the query nor the body is looked at before all four are passed. The request log is written here too, so that it misses
//! nothing.

use super::{answer, scim};
use crate::Tenant;
use crate::limiter::{Verdict, Window};
use crate::options::Options;
use crate::profile::Behaviour;
use crate::request_log::RequestEntry;
use crate::tokens::{Grant, Permission, Presented, SECRET_PREFIX, TokenState, presented_from_row, presented_query};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use provost_db::DbError;
use provost_scim::ScimError;
use provost_scim::provider::{ProviderProfile, ResourceKind};
use std::sync::Arc;
use std::time::Instant;

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// What handlers know of an admitted request.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    /// As it stood when the request came.
    pub(super) behaviour: Arc<Behaviour>,
    /// Those of the token; none where no token is needed.
    pub(super) grants: Vec<Grant>,
}

/// Who may pass, and what the answer carries then.
struct Admitted {
    caller: Caller,
    window: Option<Window>,
}

/// A refusal: its status, its text, and the limiter's figures when it was the limiter.
struct Refusal {
    status: StatusCode,
    message: String,
    window: Option<Window>,
}

impl Refusal {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), window: None }
    }
}

/// Lets a request through or refuses it, and logs it.
pub(super) async fn answer(State(tenant): State<Tenant>, request: Request) -> Response {
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    let mut entry = RequestEntry {
        number: 0,
        at_micros: tenant.inner.clock.now_micros(),
        token: None,
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().map(str::to_owned),
        status: 0,
        duration_ms: 0,
    };
    let mut response = match admit(&tenant, &parts, &mut entry.token).await {
        Ok(admitted) => {
            let mut response = scim::answer(&tenant, &admitted.caller, &parts, body).await;
            show_window(&mut response, admitted.window);
            response
        }
        Err(refusal) => refuse(tenant.inner.providers.traits(), &refusal),
    };
    if let Ok(id) = HeaderValue::from_str(&provost_platform::random::uuid_v4()) {
        response.headers_mut().insert("x-request-id", id);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    entry.status = response.status().as_u16();
    entry.duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    tenant.inner.requests.add(entry);
    response
}

async fn admit(tenant: &Tenant, parts: &Parts, token_name: &mut Option<String>) -> Result<Admitted, Refusal> {
    let (method, path) = (&parts.method, parts.uri.path());
    let secret = presented_secret(&parts.headers);
    let (behaviour, presented) = load(tenant, secret).await.map_err(|error| unavailable(&error))?;
    let options = &behaviour.options;
    *token_name = presented.as_ref().map(|presented| presented.token.name.clone());
    if !options.rest_api_enabled {
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "REST API v2 is disabled for this tenant (Settings > Tools > REST API v2)",
        ));
    }
    let traits = tenant.inner.providers.traits();
    let grants = if is_public(traits, method, path) {
        Vec::new()
    } else {
        let presented = live_token(tenant, options, secret.is_some(), presented).await?;
        if traits.guards_every_path || leads_to_resources(path) {
            check_grant(&presented.token.grants, method, path)?;
        }
        presented.token.grants
    };
    let window = match tenant.inner.limiter.take(options.requests_per_second, Instant::now()) {
        None => None,
        Some(Verdict::Pass(window)) => Some(window),
        Some(Verdict::Wait(window)) => {
            let message = format!("API rate limit exceeded: try again in {} s", window.reset_seconds);
            return Err(Refusal { status: StatusCode::TOO_MANY_REQUESTS, message, window: Some(window) });
        }
    };
    Ok(Admitted { caller: Caller { behaviour, grants }, window })
}

/// The behaviour, and the token that has this secret: one snapshot. A text that cannot be a secret of ours is not looked up.
async fn load(tenant: &Tenant, secret: Option<&str>) -> Result<(Arc<Behaviour>, Option<Presented>), DbError> {
    let secret = secret.filter(|secret| provost_platform::token_checksum_ok(SECRET_PREFIX, secret));
    let rows = tenant.inner.db.read(presented_query(secret)).await?;
    let (options, presented) = rows.first().map(presented_from_row).transpose()?.unwrap_or_default();
    Ok((tenant.inner.providers.by(options)?, presented))
}

/// The token of the request, when it is known and neither revoked nor expired.
async fn live_token(
    tenant: &Tenant,
    options: &Options,
    has_secret: bool,
    presented: Option<Presented>,
) -> Result<Presented, Refusal> {
    let unauthorized = |message: &str| Refusal::new(StatusCode::UNAUTHORIZED, message);
    let Some(presented) = presented else {
        return Err(unauthorized(if has_secret {
            "Unauthorized: the token is not known to this tenant"
        } else {
            "Unauthorized: send a token as Authorization: Bearer or Netskope-Api-Token"
        }));
    };
    let now = tenant.inner.clock.now_micros();
    match presented.token.state(now) {
        TokenState::Active => {}
        TokenState::Expired => return Err(unauthorized("Unauthorized: the token has expired")),
        TokenState::Revoked => return Err(unauthorized("Unauthorized: the token has been revoked")),
    }
    let idle_max = i64::from(options.tokens_end_after_idle_days) * MICROS_PER_DAY;
    if idle_max > 0 && presented.owner_seen_at.is_some_and(|seen| now - seen > idle_max) {
        return Err(unauthorized("Unauthorized: the administrator who made the token has not signed in for too long"));
    }
    if let Err(error) = presented.note_use(tenant, now).await {
        tracing::warn!(token = presented.token.id, %error, "the last use of a token was not written");
    }
    Ok(presented)
}

fn check_grant(grants: &[Grant], method: &Method, path: &str) -> Result<(), Refusal> {
    // Every token that works may ask what the server supports.
    if is_discovery(path) && is_read(method, path) {
        return Ok(());
    }
    // What is shared by the kinds is open to who may use one of them; what is done there is judged kind by kind.
    if is_shared(path) && ResourceKind::ALL.iter().any(|kind| permit(grants, &Method::GET, &path_of(*kind)).is_ok()) {
        return Ok(());
    }
    permit(grants, method, path).map_err(|message| Refusal::new(StatusCode::FORBIDDEN, message))
}

/// Whether these grants allow this; if not, the reason.
pub(super) fn permit(grants: &[Grant], method: &Method, path: &str) -> Result<(), &'static str> {
    let Some(grant) = grants.iter().find(|grant| grant.covers(path)) else {
        return Err("You cannot consume this service: the token has no grant on this endpoint");
    };
    match grant.permission {
        Permission::ReadWrite => Ok(()),
        Permission::Read if is_read(method, path) => Ok(()),
        Permission::Read => Err("You cannot consume this service: the token may only read this endpoint"),
    }
}

/// The path of an endpoint of resources.
pub(super) fn path_of(kind: ResourceKind) -> String {
    format!("{}/{}", super::SCIM_PATH, kind.endpoint())
}

/// Whether something that is kept can be reached there: anything below `/Users` and `/Groups`, and the shared endpoints.
fn leads_to_resources(path: &str) -> bool {
    let rest = path.strip_prefix(super::SCIM_PATH).unwrap_or_default().trim_matches('/');
    let first = rest.split('/').next().unwrap_or_default();
    is_shared(path) || ResourceKind::ALL.iter().any(|kind| kind.endpoint() == first)
}

/// The endpoints of no single kind.
fn is_shared(path: &str) -> bool {
    path.strip_prefix(super::SCIM_PATH).is_some_and(|rest| matches!(rest.trim_matches('/'), "" | ".search" | "Bulk" | "Me"))
}

fn is_public(traits: &ProviderProfile, method: &Method, path: &str) -> bool {
    traits.discovery_is_public && is_read(method, path) && is_discovery(path)
}

fn is_discovery(path: &str) -> bool {
    let last = path.strip_prefix("/api/v2/scim/").unwrap_or_default().split('/').next().unwrap_or_default();
    matches!(last, "ServiceProviderConfig" | "Schemas" | "ResourceTypes")
}

/// RFC 7644 section 3.4.3: a POST to `.search` is a query.
fn is_read(method: &Method, path: &str) -> bool {
    method == Method::GET
        || method == Method::HEAD
        || (method == Method::POST && path.trim_end_matches('/').ends_with("/.search"))
}

/// The secret in either header; `Netskope-Api-Token` wins, being the one made for it.
fn presented_secret(headers: &HeaderMap) -> Option<&str> {
    if let Some(value) = headers.get("netskope-api-token") {
        return Some(value.to_str().unwrap_or_default().trim());
    }
    let value = headers.get(header::AUTHORIZATION)?.to_str().unwrap_or_default();
    let (scheme, secret) = value.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
}

fn unavailable(error: &DbError) -> Refusal {
    tracing::error!(%error, "a request was not admitted: the database failed");
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "the tenant cannot reach its storage: try again later")
}

fn refuse(traits: &ProviderProfile, refusal: &Refusal) -> Response {
    let mut response = if traits.refuses_in_scim {
        answer::scim_error(&ScimError::new(refusal.status.as_u16(), refusal.message.as_str()))
    } else {
        answer::message(refusal.status, &refusal.message)
    };
    if refusal.status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if refusal.status == StatusCode::TOO_MANY_REQUESTS {
        let seconds = refusal.window.map_or(1, |window| window.reset_seconds);
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    show_window(&mut response, refusal.window);
    response
}

fn show_window(response: &mut Response, window: Option<Window>) {
    if let Some(window) = window {
        response.headers_mut().insert("ratelimit-remaining", HeaderValue::from(window.remaining));
        response.headers_mut().insert("ratelimit-reset", HeaderValue::from(window.reset_seconds));
    }
}
