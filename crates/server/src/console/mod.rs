//! The administrator's pages.

use crate::Server;
use axum::Router;

/// Every page of the console.
pub fn router(server: Server) -> Router {
    Router::new().with_state(server)
}
