//! Settings > Tools > REST API v2: the tenant-wide switch, the rate limit, and the table of tokens.

use super::REST_API;
use super::error::PageError;
use super::parts::{grouped, permission_chip, token_chip};
use super::token_usage::usage_card;
use super::view::{View, done};
use crate::options::Options;
use crate::tokens::{self, Token, TokenState};
use axum::Form;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use provost_web::{
    ButtonKind, Confirm, Field, FieldKind, Icon, Markup, Setting, Switch, Table, button, card, card_with, confirm_with,
    data_table, date, empty_state_with, field, form, form_actions, html, link_button, menu, menu_link, page_header,
    relative_time, setting_row, stack, switch_link,
};
use serde::Deserialize;

pub(super) const TITLE: &str = "REST API v2";
/// The way to the pages below this one.
pub(super) const CRUMBS: [(&str, &str); 3] = [("Settings", "/settings/tools/behaviour"), ("Tools", REST_API), (TITLE, REST_API)];
const RATE_MAX: u32 = 1_000_000;

pub(super) async fn page(view: View, headers: HeaderMap) -> Result<Response, PageError> {
    let options = view.tenant.options().await?;
    let tokens = tokens::list(&view.tenant).await?;
    let body = html! {
        (page_header(TITLE, html! {}))
        (stack(&[
            access_card(&options, &crate::api::scim_base(&headers)),
            tokens_card(&tokens, view.now()),
            usage_card(&view, &tokens),
        ]))
    };
    Ok(view.page(TITLE, REST_API, &CRUMBS, body))
}

fn access_card(options: &Options, base: &str) -> Markup {
    let (state, text, purpose) = if options.rest_api_enabled {
        (Switch::On, "Enabled", "disable all tokens")
    } else {
        (Switch::Off, "Disabled", "enable all tokens")
    };
    let rows = [
        Setting {
            label: "REST API Status",
            value: switch_link(state, text, purpose, "/settings/tools/rest-api-v2/status"),
            action: Some(("Edit status", "/settings/tools/rest-api-v2/status")),
        },
        Setting {
            label: "Global Rate Limit",
            value: html! { (rate_text(options.requests_per_second)) },
            action: Some(("Edit limit", "/settings/tools/rest-api-v2/rate-limit")),
        },
        Setting { label: "SCIM base URL", value: html! { code { (base) } }, action: None },
    ];
    card("API access", html! { @for row in &rows { (setting_row(row)) } })
}

fn rate_text(per_second: u32) -> String {
    match per_second {
        0 => "No limit".to_owned(),
        1 => "1 request per second".to_owned(),
        rate => format!("{} requests per second", grouped(u64::from(rate))),
    }
}

fn tokens_card(tokens: &[Token], now: i64) -> Markup {
    let new = link_button("New Token", "/settings/tools/rest-api-v2/tokens/new", ButtonKind::Primary);
    if tokens.is_empty() {
        let text = "A program that provisions users here needs one: with a name, an expiry, and the endpoint /api/v2/scim/Users.";
        return card("Tokens", empty_state_with(Icon::Key, "No tokens yet", text, new));
    }
    let rows: Vec<Vec<Markup>> = tokens.iter().map(|token| row(token, now)).collect();
    let headers = &["Name", "Endpoints", "Expires", "Last used", "State", ""];
    let table = data_table(Table { caption: "Tokens", headers, numbers: &[], rows: &rows, empty: "" });
    card_with("Tokens", new, table)
}

fn row(token: &Token, now: i64) -> Vec<Markup> {
    let by = token.created_by.as_deref().unwrap_or("the command line");
    let state = token.state(now);
    vec![
        html! { div { strong { (token.name) } div.muted { "by " (by) } } },
        html! { div { @for grant in &token.grants { div { code { (grant.endpoint) } " " (permission_chip(grant.permission)) } } } },
        html! { div { (date(token.expires_at)) div.muted { (relative_time(token.expires_at, now)) } } },
        html! {
            @if let Some(at) = token.last_used_at { div { (date(at)) div.muted { (relative_time(at, now)) } } }
            @else { span.muted { "Never" } }
        },
        token_chip(state),
        actions(token, state),
    ]
}

/// What can be done with a token; what cannot be done is not offered.
fn actions(token: &Token, state: TokenState) -> Markup {
    let item = |label: &str, verb: &str| menu_link(label, &format!("{REST_API}/tokens/{}/{verb}", token.id));
    let edit = [item("Edit", "edit"), item("Change Expiration", "expiration")];
    let delete = item("Delete", "delete");
    let items: Vec<Markup> = match state {
        TokenState::Active => edit.into_iter().chain([item("Reissue", "reissue"), item("Revoke", "revoke"), delete]).collect(),
        TokenState::Expired => edit.into_iter().chain([item("Revoke", "revoke"), delete]).collect(),
        TokenState::Revoked => vec![delete],
    };
    menu(&format!("Actions for token {}", token.name), &items)
}

pub(super) async fn confirm_status(view: View) -> Result<Response, PageError> {
    let enabled = view.tenant.options().await?.rest_api_enabled;
    let (title, text, label, kind) = if enabled {
        let text =
            "All tokens of this tenant stop working at once. None is lost: enable the REST API again and they work as before.";
        ("Disable the REST API?", text, "Disable", ButtonKind::Danger)
    } else {
        ("Enable the REST API?", "All tokens that are neither revoked nor expired work again.", "Enable", ButtonKind::Primary)
    };
    let confirm = Confirm {
        title,
        text,
        body: html! {},
        action: "/settings/tools/rest-api-v2/status",
        confirm_label: label,
        kind,
        cancel_href: REST_API,
        hidden: &[("enabled", if enabled { "no" } else { "yes" })],
    };
    Ok(view.page("REST API Status", REST_API, &below("REST API Status"), confirm_with(confirm)))
}

/// The switch's new position: `yes` or `no`.
#[derive(Debug, Deserialize)]
pub(super) struct Status {
    #[serde(default)]
    enabled: String,
}

pub(super) async fn set_status(view: View, Form(sent): Form<Status>) -> Result<Response, PageError> {
    let rest_api_enabled = match sent.enabled.as_str() {
        "yes" => true,
        "no" => false,
        _ => return Ok(provost_web::see_other(REST_API)),
    };
    let options = Options { rest_api_enabled, ..view.tenant.options().await? };
    view.tenant.set_options(&options).await?;
    Ok(done(REST_API, if rest_api_enabled { "The REST API is enabled." } else { "The REST API is disabled: no token works." }))
}

pub(super) async fn rate_limit(view: View) -> Result<Response, PageError> {
    let rate = view.tenant.options().await?.requests_per_second.to_string();
    Ok(rate_page(&view, StatusCode::OK, &rate, None))
}

/// Requests per second, as typed.
#[derive(Debug, Deserialize)]
pub(super) struct Rate {
    #[serde(default)]
    rate: String,
}

pub(super) async fn set_rate_limit(view: View, Form(sent): Form<Rate>) -> Result<Response, PageError> {
    let Some(requests_per_second) = sent.rate.trim().parse().ok().filter(|rate| *rate <= RATE_MAX) else {
        let error = format!("Write a whole number from 0 to {RATE_MAX}.");
        return Ok(rate_page(&view, StatusCode::UNPROCESSABLE_ENTITY, &sent.rate, Some(&error)));
    };
    let options = Options { requests_per_second, ..view.tenant.options().await? };
    view.tenant.set_options(&options).await?;
    Ok(done(REST_API, format!("Global Rate Limit: {}.", rate_text(requests_per_second))))
}

fn rate_page(view: &View, status: StatusCode, rate: &str, error: Option<&str>) -> Response {
    let fields = html! {
        (field(Field {
            label: "Requests per second",
            name: "rate",
            value: rate,
            kind: FieldKind::Number,
            required: true,
            hint: Some("Over all tokens. A second's worth may come at once; more gets 429 with Retry-After. 0 is no limit."),
            error,
        }))
        (form_actions(html! { (button("Save", ButtonKind::Primary)) (link_button("Cancel", REST_API, ButtonKind::Text)) }))
    };
    let body =
        html! { (page_header("Global Rate Limit", html! {})) (card("", form("/settings/tools/rest-api-v2/rate-limit", fields))) };
    view.page_with(status, "Global Rate Limit", REST_API, &below("Global Rate Limit"), body)
}

/// The breadcrumb of a page below this one.
pub(super) fn below(title: &str) -> [(&str, &str); 4] {
    let [settings, tools, page] = CRUMBS;
    [settings, tools, page, (title, "")]
}
