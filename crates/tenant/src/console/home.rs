//! Home: what there is, in numbers.

use super::REST_API;
use super::error::PageError;
use super::parts::request_table;
use super::view::View;
use crate::request_log::Place;
use crate::tokens::{self, TokenState};
use crate::{groups, users};
use axum::response::Response;
use provost_web::{ButtonKind, Tone, card_with, chip, html, link_button, page_header, stack, tile, tiles};

const RECENT_REQUESTS: usize = 8;

pub(super) async fn page(view: View) -> Result<Response, PageError> {
    let (user_count, active_count) = users::count(&view.tenant).await?;
    let group_count = groups::count(&view.tenant).await?;
    let options = view.tenant.options().await?;
    let now = view.now();
    let tokens = tokens::list(&view.tenant).await?;
    let active_tokens = tokens.iter().filter(|token| token.state(now) == TokenState::Active).count() as u64;
    let recent = view.tenant.inner.requests.page(Place::Newest, RECENT_REQUESTS, |_| true).entries;
    let status =
        if options.rest_api_enabled { chip("REST API enabled", Tone::Good) } else { chip("REST API disabled", Tone::Bad) };
    let numbers = tiles(&[
        tile("Users", user_count, &format!("{active_count} active"), None),
        tile("Groups", group_count, "pushed by clients", None),
        tile("Tokens", active_tokens, &format!("active, of {}", tokens.len()), None),
        tile("Provisioning requests", view.tenant.requests_total(), "since the server was started", None),
    ]);
    let hint = if tokens.is_empty() {
        card_with(
            "Next: make a token",
            link_button("REST API v2", REST_API, ButtonKind::Primary),
            html! { p { "A client needs a token with the endpoint " code { "/api/v2/scim/Users" } " to create users here: Settings > Tools > REST API v2 > New Token." } },
        )
    } else {
        html! {}
    };
    let requests = card_with(
        "Last provisioning requests",
        link_button("Show all", "/security-cloud/requests", ButtonKind::Text),
        request_table(&recent, "No request yet: nobody has called the SCIM API since the server was started."),
    );
    let body = html! { (page_header("Home", status)) (stack(&[numbers, hint, requests])) };
    Ok(view.page("Home", "/", &[], body))
}
