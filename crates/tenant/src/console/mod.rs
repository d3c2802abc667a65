//! The tenant's console: sign-in, Home, the REST API v2 page with its tokens, the users and groups that clients made, and the
//! requests they sent. Rendered on the server; every form works without script.

mod behaviour;
mod error;
mod groups;
mod home;
mod membership;
mod parts;
mod requests;
mod rest_api;
mod sign_in;
mod token_form;
mod token_menu;
mod token_pages;
mod token_usage;
mod users;
mod view;

pub(crate) use sign_in::{throttle_check, throttle_note};

use crate::Tenant;
use axum::Router;
use axum::routing::{get, post};

/// The page *Settings > Tools > REST API v2*.
const REST_API: &str = "/settings/tools/rest-api-v2";

/// The console's routes.
pub(crate) fn router(tenant: &Tenant) -> Router {
    let tokens = Router::new()
        .route("/new", get(token_pages::new).post(token_pages::create))
        .route("/{id}/edit", get(token_pages::edit).post(token_pages::change))
        .route("/{id}/expiration", get(token_menu::expiration).post(token_menu::change_expiration))
        .route("/{id}/reissue", get(token_menu::confirm_reissue).post(token_menu::reissue))
        .route("/{id}/revoke", get(token_menu::confirm_revoke).post(token_menu::revoke))
        .route("/{id}/delete", get(token_menu::confirm_delete).post(token_menu::delete));
    let pages = Router::new()
        .route("/sign-in", get(sign_in::page).post(sign_in::submit))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/", get(home::page))
        .route(REST_API, get(rest_api::page))
        .route("/settings/tools/rest-api-v2/status", get(rest_api::confirm_status).post(rest_api::set_status))
        .route("/settings/tools/rest-api-v2/rate-limit", get(rest_api::rate_limit).post(rest_api::set_rate_limit))
        .nest("/settings/tools/rest-api-v2/tokens", tokens)
        .route(behaviour::PATH, get(behaviour::page).post(behaviour::save))
        .route("/security-cloud/users", get(users::list))
        .route("/security-cloud/users/{id}", get(users::detail))
        .route("/security-cloud/groups", get(groups::list))
        .route("/security-cloud/groups/{id}", get(groups::detail))
        .route("/security-cloud/requests", get(requests::page))
        .fallback(view::not_found);
    provost_web::protect(pages.merge(provost_web::assets_router())).with_state(tenant.clone())
}
