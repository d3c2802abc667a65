//! Administrators and API keys: who may come in, and as what. Everybody may look; only super admins change.

mod add;
mod change;
mod keys;
mod list;

use crate::Server;
use axum::Router;
use axum::routing::get;
use provost_core::ids::AdminId;
use provost_store::admins::Role;

/// The list's address.
const ADMINS: &str = "/account/admins";
/// The keys' address.
const KEYS: &str = "/account/api-keys";

pub(super) fn router() -> Router<Server> {
    Router::new()
        .route(ADMINS, get(list::show))
        .route("/account/admins/add", get(add::show).post(add::submit))
        .route("/account/admins/{id}/role", get(change::show_role).post(change::set_role))
        .route("/account/admins/{id}/password", get(change::show_password).post(change::set_password))
        .route("/account/admins/{id}/disable", get(change::show_disable).post(change::disable))
        .route(KEYS, get(keys::show))
        .route("/account/api-keys/create", get(keys::show_create).post(keys::create))
        .route("/account/api-keys/{id}/revoke", get(keys::show_revoke).post(keys::revoke))
}

fn admin_href(id: AdminId) -> String {
    format!("{ADMINS}/{id}")
}

const ROLES: [(&str, &str); 2] =
    [("auditor", "Auditor: reads everything, secrets excepted; changes nothing"), ("super-admin", "Super admin: everything")];

/// The role of a form's word; what is not one may least.
fn role_of(word: &str) -> Role {
    Role::parse(word).unwrap_or(Role::Auditor)
}
