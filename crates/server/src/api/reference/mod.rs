//! The reference of the API, for programs and for people. It is made of the table of routes and of the types of their handlers, so
//! that it cannot say anything else than what the server does; only the sentences are written by hand, beside each route.
//!
//! It holds nothing secret, and is answered without a key.

mod document;
mod endpoint;
mod example;
mod fields;
mod page;
mod shape;
mod tidy;

pub(super) use endpoint::Endpoint;
pub(super) use shape::{Argument, Content, Reply, Said, Schemas, Shape, without_null};

use super::{Noun, PREFIX, ProblemKind, Route};
use crate::Server;
use crate::access::Permission;
use crate::api::problem::ProblemBody;
use axum::Router;
use axum::http::Method;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use provost_web::PreEscaped;
use serde_json::{Map, Value};
use shape::{Parameter, Place};
use std::sync::LazyLock;

/// What holds for every operation. What stands between backticks is code.
const RULES: [&str; 5] = [
    "Bodies are JSON; unknown fields and parameters are refused. Ids are decimal strings, instants RFC 3339 in UTC.",
    "Errors are problem details (RFC 9457): `type` is for programs, `detail` says what went wrong and why, `help` what to do.",
    "Lists come in pages: send `next` of one page as `after` for the next.",
    "What has an `ETag` is edited safely with `If-Match`: a change that somebody else made meanwhile refuses it.",
    "What removes somebody, creates for many or lets users fail is answered with 409 and its plan first. Send it again with the plan's \
     `hash` as `confirm`, or with `yes`.",
];

/// Where the document is.
const DOCUMENT_AT: &str = "/api/openapi.json";

/// Where the page is.
pub(crate) const PAGE_AT: &str = "/api/docs";

static REFERENCE: LazyLock<Reference> = LazyLock::new(|| Reference::of(super::nouns()));
static DOCUMENT: LazyLock<Value> = LazyLock::new(|| document::of(&REFERENCE));
static DOCUMENT_TEXT: LazyLock<String> = LazyLock::new(|| DOCUMENT.to_string());
static PAGE: LazyLock<String> = LazyLock::new(|| page::of(&REFERENCE).into_string());

/// Everything that is to be said of the API.
#[derive(Debug)]
struct Reference {
    chapters: Vec<Chapter>,
    /// The schemas that bodies refer to, by name.
    schemas: Map<String, Value>,
    /// The schema of every problem.
    problem: Value,
}

/// The operations of one noun.
#[derive(Debug)]
struct Chapter {
    name: &'static str,
    about: &'static str,
    operations: Vec<Operation>,
}

/// One route.
#[derive(Debug)]
struct Operation {
    /// From method and path: `patch-users-key`.
    id: String,
    method: Method,
    path: String,
    permission: Permission,
    summary: &'static str,
    description: &'static str,
    parameters: Vec<Parameter>,
    /// The body, and whether it can be left out.
    body: Option<(Content, bool)>,
    /// A body that can be sent.
    example: Option<&'static str>,
    said: Vec<Said>,
    /// How it can go wrong, by status.
    problems: Vec<ProblemKind>,
}

/// The document and the page.
pub(super) fn router() -> Router<Server> {
    Router::new().route(DOCUMENT_AT, get(document)).route(PAGE_AT, get(show))
}

/// The document itself.
pub(super) fn openapi() -> &'static Value {
    &DOCUMENT
}

async fn document() -> Response {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT_TEXT.as_str()).into_response()
}

async fn show() -> Response {
    provost_web::html_response(PreEscaped(PAGE.clone()))
}

impl Reference {
    fn of(nouns: Vec<Noun>) -> Self {
        let mut schemas = Schemas::new();
        let mut chapters: Vec<Chapter> = Vec::new();
        for Noun { name, about, routes } in nouns {
            let operations = routes.into_iter().map(|route| Operation::of(route, &mut schemas)).collect();
            chapters.push(Chapter { name, about, operations });
        }
        let problem = schemas.told::<ProblemBody>();
        let (told, sent) = (schemas.told.take_definitions(true), schemas.sent.take_definitions(true));
        let operations = chapters.iter_mut().flat_map(|chapter| &mut chapter.operations);
        let mut requests: Vec<&mut Value> = operations.flat_map(Operation::sent_schemas).collect();
        let mut schemas = tidy::merged(told, sent, &mut requests);
        requests.into_iter().for_each(tidy::tidy);
        schemas.values_mut().for_each(tidy::tidy);
        Self { chapters, schemas, problem }
    }
}

impl Operation {
    fn of(route: Route, schemas: &mut Schemas) -> Self {
        let mut shape = Shape::default();
        (route.describe)(&mut shape, schemas);
        let Shape { parameters, body, said, mut problems } = shape;
        problems.extend(route.problems);
        problems.push(ProblemKind::Unauthorized);
        if route.permission == Permission::Change {
            problems.push(ProblemKind::Forbidden);
        }
        let path = format!("{PREFIX}{}", route.path);
        Self {
            id: id(&route.method, route.path),
            parameters: path_parameters(route.path).chain(parameters).collect(),
            method: route.method,
            path,
            permission: route.permission,
            summary: route.summary,
            description: route.description,
            body,
            example: route.example,
            said,
            problems: ProblemKind::ALL.into_iter().filter(|kind| problems.contains(kind)).collect(),
        }
    }

    /// The schemas of everything that is sent.
    fn sent_schemas(&mut self) -> impl Iterator<Item = &mut Value> {
        let parameters = self.parameters.iter_mut().map(|parameter| &mut parameter.schema);
        parameters.chain(self.body.iter_mut().map(|(content, _)| &mut content.schema))
    }
}

/// `PATCH /users/{key}` becomes `patch-users-key`.
fn id(method: &Method, path: &str) -> String {
    let words = path.split('/').map(|part| part.trim_matches(['{', '}']));
    std::iter::once(method.as_str().to_lowercase().as_str())
        .chain(words.filter(|word| !word.is_empty()))
        .collect::<Vec<_>>()
        .join("-")
}

/// The variable parts of a path. What each is follows from what stands before it.
fn path_parameters(path: &'static str) -> impl Iterator<Item = Parameter> {
    let parts = path.split('/').zip(path.split('/').skip(1));
    parts.filter_map(|(before, part)| {
        let name = part.strip_prefix('{')?.strip_suffix('}')?;
        let (description, example) = match before {
            "users" | "explain" => ("The user's address or id.", "ada@example.com"),
            "groups" => ("The group's address or id.", "engineering@example.com"),
            "members" => ("The member's address or id.", "ada@example.com"),
            "org-units" => ("The org unit's id.", "4611686018427387904"),
            "domains" => ("The domain's name or id.", "example.org"),
            "apps" => ("The app's name or id.", "Netskope"),
            "admins" => ("The administrator's address or id.", "sam@example.com"),
            "api-keys" => ("The key's name or id.", "backup-script"),
            _ => ("", ""),
        };
        Some(Parameter {
            name: name.to_owned(),
            place: Place::Path,
            required: true,
            description: description.to_owned(),
            schema: serde_json::json!({ "type": "string" }),
            example: Some(example.to_owned()),
        })
    })
}
