//! The management API under `/api/v1`: JSON over bearer keys, problem details for errors.
//!
//! Every route stands in one table with what it asks of its caller and what is to be said of it; the key is checked before anything of
//! the request is read. Handlers parse, call a verb of the store, and answer. The reference is made of the table.

mod admins;
mod api_keys;
mod apps;
mod config;
mod directory;
mod extract;
mod groups;
mod import;
mod json;
mod log;
mod problem;
mod reference;
mod users;

pub use problem::{Problem, ProblemKind, Trouble};
pub(crate) use reference::PAGE_AT;
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
use reference::{Endpoint, Schemas, Shape};

/// Where the API begins.
const PREFIX: &str = "/api/v1";

/// The largest body, but for imports, which stream.
const BODY_BYTES_MAX: usize = 2 * 1024 * 1024;

/// What routes are about. Every route stands under one.
struct Noun {
    name: &'static str,
    about: &'static str,
    routes: Vec<Route>,
}

/// One row of the table of routes.
struct Route {
    method: Method,
    path: &'static str,
    permission: Permission,
    handler: MethodRouter<Server>,
    /// What its handler reads and answers, by the handler's type.
    describe: fn(&mut Shape, &mut Schemas),
    /// What it does, in a few words.
    summary: &'static str,
    /// What is not obvious of it.
    description: &'static str,
    /// How it can go wrong, besides what follows from what it reads.
    problems: &'static [ProblemKind],
    /// A body that can be sent.
    example: Option<&'static str>,
}

impl Route {
    /// Says what is not obvious.
    fn told(self, description: &'static str) -> Self {
        Self { description, ..self }
    }

    /// Says how it can go wrong, besides what follows from what it reads.
    fn refuses(self, problems: &'static [ProblemKind]) -> Self {
        Self { problems, ..self }
    }

    /// Gives an example of the body; `@name` is a file.
    fn sending(self, example: &'static str) -> Self {
        Self { example: Some(example), ..self }
    }
}

/// A GET.
fn read<H, T: 'static, In>(path: &'static str, summary: &'static str, handler: H) -> Route
where
    H: Handler<T, Server> + Endpoint<In>,
{
    Route { permission: Permission::Read, ..change(Method::GET, path, summary, handler) }
}

/// A POST that changes nothing: its question needs a body.
fn ask<H, T: 'static, In>(path: &'static str, summary: &'static str, handler: H) -> Route
where
    H: Handler<T, Server> + Endpoint<In>,
{
    Route { permission: Permission::Read, ..change(Method::POST, path, summary, handler) }
}

/// Anything that changes something, or has something sent.
fn change<H, T: 'static, In>(method: Method, path: &'static str, summary: &'static str, handler: H) -> Route
where
    H: Handler<T, Server> + Endpoint<In>,
{
    let filter = MethodFilter::try_from(method.clone()).expect("the table holds only methods that axum routes");
    Route {
        method,
        path,
        permission: Permission::Change,
        handler: on(filter, handler),
        describe: <H as Endpoint<In>>::describe,
        summary,
        description: "",
        problems: &[],
        example: None,
    }
}

/// The table of routes, by what they are about.
fn nouns() -> Vec<Noun> {
    let mut nouns = vec![users::routes(), groups::routes()];
    nouns.extend(directory::routes());
    nouns.push(import::routes());
    nouns.extend(apps::routes());
    nouns.extend([admins::routes(), api_keys::routes(), log::routes(), config::routes()]);
    nouns
}

/// The table of routes.
fn table() -> impl Iterator<Item = Route> {
    nouns().into_iter().flat_map(|noun| noun.routes)
}

/// Every route: its method, its path, and what it asks of its caller.
pub fn routes() -> Vec<(Method, String, Permission)> {
    table().map(|route| (route.method, format!("{PREFIX}{}", route.path), route.permission)).collect()
}

/// The API as an `OpenAPI` 3.1 document, as the server answers it.
pub fn openapi() -> &'static serde_json::Value {
    reference::openapi()
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
    Router::new().route("/healthz", get(healthz)).merge(reference::router()).nest(PREFIX, api).with_state(server)
}

/// Lets through who may; what comes behind finds the [`Principal`] among the request's extensions.
async fn check(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    let principal = match gate.as_role {
        Some(principal) => Ok(Some(principal)),
        None => principal_of_key(&gate.server, request.headers()).await,
    };
    match principal {
        Err(error) => Problem::from(error).into_response(),
        Ok(None) => {
            Problem::of(ProblemKind::Unauthorized, "the API key is missing, mistyped, expired or revoked").into_response()
        }
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
