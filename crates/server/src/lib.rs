//! The inbound shell: console, management API, sign-in.
//!
//! What comes in is parsed at the edge, handed to a verb of the store, and answered. Nothing here calls an app: a
//! connection test is a row that is written and that the engine answers. There is no SQL here.

pub mod access;
pub mod api;
pub mod config;
pub mod confirmation;
pub mod console;
mod failures_file;
mod log_file;
mod plans;

use axum::Router;
use ipnet::IpNet;
use provost_store::Store;
use provost_web::{LoginThrottle, Protection, Sessions};
use std::sync::Arc;

use access::Principal;
use plans::Plans;

/// The console's session cookie. The tenant's console has another, because cookies do not know ports.
const SESSION_COOKIE: &str = "provost_console";

/// Wrong passwords for one account before the sign-in form makes one wait.
const FREE_SIGN_IN_ATTEMPTS: u32 = 5;

/// What every handler needs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Server {
    /// The store.
    pub store: Store,
    /// Sessions of signed-in administrators.
    pub sessions: Sessions,
    /// Slows down guessing at the sign-in form.
    pub throttle: Arc<LoginThrottle>,
    /// Networks that are not public and may nevertheless hold an endpoint.
    pub allowed_private: Arc<Vec<IpNet>>,
    /// Plans of a large directory, which are made behind the pages.
    plans: Plans,
    /// Whether provisioning's clock can be moved: pages then show its date.
    pub simulated: bool,
    /// Whether browsers come over https only.
    https: bool,
}

impl Server {
    /// A server over an open store. Endpoints in private networks are refused but for those in `allowed_private`.
    pub fn new(store: Store, allowed_private: Vec<IpNet>) -> Self {
        Self {
            sessions: Sessions::new(store.db.clone(), SESSION_COOKIE),
            throttle: Arc::new(LoginThrottle::new(FREE_SIGN_IN_ATTEMPTS)),
            allowed_private: Arc::new(allowed_private),
            plans: Plans::new(),
            simulated: store.clock.is_adjustable(),
            https: false,
            store,
        }
    }

    /// The same for a listener behind a proxy that lets browsers in over https only: cookies go no other way.
    #[must_use]
    pub fn over_https(self, https: bool) -> Self {
        Self { sessions: self.sessions.over_https(https), https, ..self }
    }
}

/// Everything a listener serves: console, management API, assets; with the protection around it.
pub fn router(server: Server) -> Router {
    let protection = Protection { https: server.https, ..Protection::default() };
    let all =
        Router::new().merge(console::router(server.clone())).merge(api::router(server, None)).merge(provost_web::assets_router());
    provost_web::protect_with(all, protection)
}

/// The management API alone, for a command line that works on a data directory itself. With `as_role` every request is
/// that principal's and needs no key; never put such a router on a listener.
#[expect(clippy::needless_pass_by_value, reason = "callers make it for this call")]
pub fn api_router(server: Server, as_role: Option<Principal>) -> Router {
    api::router(server, as_role.as_ref())
}
