//! The management API under `/api/v1`: JSON over bearer keys, problem details for errors.
//!
//! Every route stands in one table with what it asks of its caller; the key is checked before anything of the request is
//! read. Handlers parse, call a verb of the store, and answer.

mod apps;
mod config;
mod directory;
mod extract;
mod groups;
mod import;
mod json;
mod log;
mod problem;
mod users;

pub use problem::{Problem, ProblemKind, Trouble};
pub(crate) use users::attributes::set_all as set_attributes;

use crate::Server;
use crate::access::{Permission, Principal, principal_of_key};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::handler::Handler;
use axum::http::{Method, Uri};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, get, on};

/// Where the API begins.
const PREFIX: &str = "/api/v1";

/// The largest body, but for imports, which stream.
const BODY_BYTES_MAX: usize = 2 * 1024 * 1024;

/// One row of the table of routes.
struct Route {
    method: Method,
    path: &'static str,
    permission: Permission,
    handler: MethodRouter<Server>,
}

/// A GET.
fn read<H: Handler<T, Server>, T: 'static>(path: &'static str, handler: H) -> Route {
    Route { method: Method::GET, path, permission: Permission::Read, handler: get(handler) }
}

/// A POST that changes nothing: its question needs a body.
fn ask<H: Handler<T, Server>, T: 'static>(path: &'static str, handler: H) -> Route {
    Route { permission: Permission::Read, ..change(Method::POST, path, handler) }
}

/// Anything that changes something, or has something sent.
fn change<H: Handler<T, Server>, T: 'static>(method: Method, path: &'static str, handler: H) -> Route {
    let filter = MethodFilter::try_from(method.clone()).expect("the table holds only methods that axum routes");
    Route { method, path, permission: Permission::Change, handler: on(filter, handler) }
}

/// The table of routes.
fn table() -> Vec<Route> {
    [users::routes(), groups::routes(), directory::routes(), import::routes(), apps::routes(), log::routes(), config::routes()]
        .into_iter()
        .flatten()
        .collect()
}

/// Every route: its method, its path, and what it asks of its caller.
pub fn routes() -> Vec<(Method, String, Permission)> {
    table().into_iter().map(|route| (route.method, format!("{PREFIX}{}", route.path), route.permission)).collect()
}

#[derive(Clone)]
struct Gate {
    server: Server,
    as_role: Option<Principal>,
    permission: Permission,
}

/// The API; with `as_role` without keys.
pub(crate) fn router(server: Server, as_role: Option<&Principal>) -> Router {
    let mut api: Router<Server> = Router::new();
    for route in table() {
        let gate = Gate { server: server.clone(), as_role: as_role.cloned(), permission: route.permission };
        api = api.route(route.path, route.handler.route_layer(from_fn_with_state(gate, check)));
    }
    let api = api.method_not_allowed_fallback(wrong_method).fallback(unknown_path).layer(DefaultBodyLimit::max(BODY_BYTES_MAX));
    Router::new().route("/healthz", get(healthz)).nest(PREFIX, api).with_state(server)
}

/// Lets through who may; what comes behind finds the [`Principal`] among the request's extensions.
async fn check(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    let principal = match gate.as_role {
        Some(principal) => Ok(Some(principal)),
        None => principal_of_key(&gate.server, request.headers()).await,
    };
    match principal {
        Err(error) => Problem::from(error).into_response(),
        Ok(None) => Problem::of(ProblemKind::Unauthorized, "the API key is missing, mistyped or revoked").into_response(),
        Ok(Some(principal)) if !principal.may(gate.permission) => {
            let detail = format!("a key of role {} changes nothing", principal.role.word());
            Problem::of(ProblemKind::Forbidden, detail).into_response()
        }
        Ok(Some(principal)) => {
            request.extensions_mut().insert(principal);
            next.run(request).await
        }
    }
}

async fn wrong_method(method: Method, uri: Uri) -> Problem {
    Problem::of(ProblemKind::WrongMethod, format!("{method} is not for {}", uri.path()))
}

async fn unknown_path(uri: Uri) -> Problem {
    Problem::of(ProblemKind::NotFound, format!("nothing is at {}", uri.path()))
}

async fn healthz(State(server): State<Server>) -> Response {
    match provost_store::admins::exists_any(&server.store).await {
        Ok(_) => "ok\n".into_response(),
        Err(error) => Problem::from(error).into_response(),
    }
}
