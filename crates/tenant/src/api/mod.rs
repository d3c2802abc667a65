//! `/api/v2`: the token API for administrators and the SCIM API for token bearers.

mod admin_gate;
mod answer;
mod body;
mod gate;
pub(crate) mod scim;
mod tokens;

use crate::Tenant;
use axum::Router;
use axum::http::HeaderMap;
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get};

/// Where the SCIM API begins.
pub(crate) const SCIM_PATH: &str = "/api/v2/scim";

/// The routes below `/api/v2`. Nothing of SCIM runs before the gate has let its request through.
pub(crate) fn router(tenant: &Tenant) -> Router {
    let scim = Router::new()
        .route(SCIM_PATH, any(gate::answer))
        .route("/api/v2/scim/", any(gate::answer))
        .route("/api/v2/scim/{*rest}", any(gate::answer));
    let tokens = provost_web::protect(
        Router::new()
            .route("/api/v2/auth/tokens", get(tokens::list).post(tokens::create))
            .route("/api/v2/auth/tokens/{id}", get(tokens::get).patch(tokens::patch).delete(tokens::delete))
            .layer(from_fn_with_state(tenant.clone(), admin_gate::gate)),
    );
    scim.merge(tokens).with_state(tenant.clone())
}

/// The SCIM API's URL, as the client called this server; only the path when it did not say. The tenant itself speaks no TLS; a
/// proxy in front of it says so in `X-Forwarded-Proto`.
pub(crate) fn scim_base(headers: &HeaderMap) -> String {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let scheme = if text("x-forwarded-proto") == Some("https") { "https" } else { "http" };
    let is_host = |host: &&str| {
        !host.is_empty() && host.len() <= 255 && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
    };
    let origin = text("host").filter(is_host).map_or_else(String::new, |host| format!("{scheme}://{host}"));
    format!("{origin}{SCIM_PATH}")
}
