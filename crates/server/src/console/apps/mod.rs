//! Apps > Web and mobile apps: apps, their service status, and their autoprovisioning.

use crate::Server;
use axum::Router;

/// Every page about apps.
pub fn router(server: Server) -> Router {
    Router::new().with_state(server)
}
