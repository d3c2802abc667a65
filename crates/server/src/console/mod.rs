//! The administrator's pages: what is read is shown, what is posted goes to a verb of the store.
//!
//! Every handler takes `session::SignedIn`, so that a page without a sign-in cannot be made by forgetting a check; a
//! handler that changes something takes `form::Posted` or `form::Changer`, or asks
//! `session::SignedIn::require_change` first.

mod admins;
pub mod apps;
mod domains;
mod form;
pub mod frame;
mod groups;
mod home;
mod log;
mod org_units;
pub mod session;
mod sign_in;
mod standing;
mod users;

use crate::Server;
use axum::Router;
use axum::response::Response;
use axum::routing::get;

/// Every page of the console.
pub fn router(server: Server) -> Router {
    let directory: Router<Server> = Router::new()
        .route("/", get(home::show))
        .merge(sign_in::router())
        .merge(users::router())
        .merge(groups::router())
        .merge(org_units::router())
        .merge(domains::router())
        .merge(log::router())
        .merge(admins::router())
        .fallback(not_found);
    directory.with_state(server.clone()).merge(apps::router(server))
}

async fn not_found() -> Response {
    provost_web::not_found()
}
