//! Apps > Web and mobile apps: apps, their service status, and their autoprovisioning.
//!
//! A page is a plain function that returns markup; beside it stands the handler that reads what the page shows. A form
//! that is not finished carries its fields itself; only the assistant keeps a draft, because of the token. What a change
//! would do is planned by the store and shown before it is done.

mod access;
mod add;
mod awaited;
mod card;
mod details;
mod form;
mod list;
mod page;
mod parts;
mod plans;
mod reports;
mod settings;
mod status;
mod testing;
mod turn_on;
mod wizard;

use super::frame;
use super::session::SignedIn;
use crate::Server;
use axum::Router;
use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use provost_core::app::{App, Connection};
use provost_store::apps::{self, connections};
use provost_store::{Store, StoreError};
use provost_web::not_found;
use std::sync::Arc;

/// The navigation's item of all these pages.
const NAV: &str = "/apps";

/// Every page about apps.
pub fn router(server: Server) -> Router {
    Router::new()
        .merge(list::routes())
        .merge(add::routes())
        .merge(page::routes())
        .merge(details::routes())
        .merge(access::routes())
        .merge(wizard::routes())
        .merge(turn_on::routes())
        .merge(settings::routes())
        .merge(status::routes())
        .merge(reports::routes())
        .layer(from_fn_with_state(server.clone(), show_refusals))
        .with_state(server)
}

/// What a handler answers.
type Outcome = Result<Response, Refused>;

/// Why a handler has no page: the store refuses, or the answer is made already.
#[derive(Debug)]
enum Refused {
    Store(Arc<StoreError>),
    Answer(Box<Response>),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

impl From<Response> for Refused {
    fn from(response: Response) -> Self {
        Self::Answer(Box::new(response))
    }
}

/// Travels from a handler to [`show_refusals`], which knows who asked.
#[derive(Clone)]
struct Refusal(Arc<StoreError>);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Answer(response) => *response,
            Self::Store(error) => {
                let mut response = frame::broken();
                response.extensions_mut().insert(Refusal(error));
                response
            }
        }
    }
}

/// Shows a refusal of the store within the frame of a page.
async fn show_refusals(State(server): State<Server>, request: Request, next: Next) -> Response {
    let (mut kept, body) = request.into_parts();
    let mut response = next.run(Request::from_parts(kept.clone(), body)).await;
    let Some(Refusal(error)) = response.extensions_mut().remove::<Refusal>() else { return response };
    match SignedIn::from_request_parts(&mut kept, &server).await {
        Ok(who) => frame::refused(&server, &who, &error),
        Err(answer) => answer,
    }
}

/// The app that a path names by its id.
async fn app_of(store: &Store, id: &str) -> Result<App, Refused> {
    let Ok(id) = id.parse() else { return Err(not_found().into()) };
    Ok(apps::get(store, id).await?)
}

/// The app that a path names, and its connection; without one the refusal says that it is not configured.
async fn connected(store: &Store, id: &str) -> Result<(App, Connection), Refused> {
    let app = app_of(store, id).await?;
    let connection = connections::required_of_app(store, app.id).await?;
    Ok((app, connection))
}

/// The path of the app's page.
fn app_path(app: &App) -> String {
    format!("/apps/{}", app.id)
}

/// A path below the app's autoprovisioning.
fn path_of(app: &App, rest: &str) -> String {
    let slash = if rest.is_empty() || rest.starts_with('?') { "" } else { "/" };
    format!("/apps/{}/autoprovisioning{slash}{rest}", app.id)
}
