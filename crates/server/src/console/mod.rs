//! The administrator's pages: what is read is shown, what is posted goes to a verb of the store.
//!
//! Every handler takes [`session::SignedIn`], so that a page without a sign-in cannot be made by forgetting a check; a
//! handler that changes something asks [`session::SignedIn::require_change`] first.

pub mod apps;
pub mod frame;
pub mod session;

use crate::Server;
use axum::Router;

/// Every page of the console.
pub fn router(server: Server) -> Router {
    Router::new().merge(apps::router(server))
}
