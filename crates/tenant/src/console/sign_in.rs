//! Signing in and out. Wrong passwords are slowed down per account; sessions are on real time.

use super::error::PageError;
use super::view::PRODUCT;
use crate::{Tenant, admins};
use axum::Form;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use provost_platform::Clock;
use provost_web::{
    ButtonKind, Field, FieldKind, Notice, bare_page, button, centered, code_block, field, form, form_actions, hidden, html,
    html_response_with, notice_box, see_other,
};
use serde::Deserialize;

/// `?next=/…`.
#[derive(Debug, Deserialize)]
pub(super) struct Next {
    #[serde(default)]
    next: String,
}

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct Credentials {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

pub(super) async fn page(
    State(tenant): State<Tenant>,
    Query(next): Query<Next>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    if tenant.inner.sessions.current(&headers).await?.is_some() {
        return Ok(see_other(&next.next));
    }
    if !admins::exists_any(&tenant).await? {
        return Ok(nobody_yet());
    }
    Ok(sign_in_page(StatusCode::OK, "", &next.next, None))
}

pub(super) async fn submit(State(tenant): State<Tenant>, Form(sent): Form<Credentials>) -> Result<Response, PageError> {
    let email = sent.email.trim().to_lowercase();
    if let Err(wait_seconds) = throttle_check(&tenant, &email) {
        let text = format!("Too many failed attempts. Try again in {wait_seconds} s.");
        return Ok(sign_in_page(StatusCode::TOO_MANY_REQUESTS, &email, &sent.next, Some(&text)));
    }
    let found = admins::check(&tenant, &email, &sent.password).await?;
    throttle_note(&tenant, &email, found.is_some());
    let Some(admin) = found else {
        let text = "The e-mail address or the password is wrong.";
        return Ok(sign_in_page(StatusCode::UNAUTHORIZED, &email, &sent.next, Some(text)));
    };
    admins::signed_in(&tenant, &admin.email).await?;
    let cookie = tenant.inner.sessions.start(&admin.email).await?;
    Ok((cookie, see_other(&sent.next)).into_response())
}

pub(super) async fn sign_out(State(tenant): State<Tenant>, headers: HeaderMap) -> Result<Response, PageError> {
    let cookie = tenant.inner.sessions.end(&headers).await?;
    Ok((cookie, see_other("/sign-in")).into_response())
}

/// Whether this account may try to sign in now, or how many seconds it must wait.
pub(crate) fn throttle_check(tenant: &Tenant, email: &str) -> Result<(), u64> {
    tenant.inner.throttle.check(email, Clock::system().now_micros())
}

/// Notes how an attempt went.
pub(crate) fn throttle_note(tenant: &Tenant, email: &str, succeeded: bool) {
    if succeeded {
        tenant.inner.throttle.succeeded(email);
    } else {
        tenant.inner.throttle.failed(email, Clock::system().now_micros());
    }
}

fn sign_in_page(status: StatusCode, email: &str, next: &str, error: Option<&str>) -> Response {
    let fields = html! {
        (hidden("next", next))
        (field(Field { label: "E-mail", name: "email", value: email, kind: FieldKind::Email, required: true, ..Field::default() }))
        (field(Field { label: "Password", name: "password", kind: FieldKind::Password, required: true, ..Field::default() }))
        (form_actions(button("Sign in", ButtonKind::Primary)))
    };
    let body = html! {
        h1 { "Sign in" }
        p.muted { "For administrators of this tenant." }
        @if let Some(error) = error { (notice_box(&Notice::error(error))) }
        (form("/sign-in", fields))
    };
    html_response_with(status, bare_page(&format!("Sign in – {PRODUCT}"), centered(Some(PRODUCT), body)))
}

fn nobody_yet() -> Response {
    let body = html! {
        h1 { "No administrator yet" }
        p { "Make the first one on the machine where this tenant runs, then load this page again:" }
        (code_block("provost tenant admin create --data DIR --email you@example.com --password-stdin"))
    };
    html_response_with(StatusCode::OK, bare_page(&format!("Welcome – {PRODUCT}"), centered(Some(PRODUCT), body)))
}
