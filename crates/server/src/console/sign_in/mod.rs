//! Signing in and out, and the page that makes the first administrator.

mod first_start;

use super::form::{Asked, Sent};
use super::frame::{PRODUCT, banner, broken};
use crate::Server;
use crate::access::{principal_of_session, session_subject};
use axum::Router;
use axum::extract::State;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use provost_platform::Clock;
use provost_store::admins;
use provost_web::{
    ButtonKind, Field, FieldKind, Markup, Notice, bare_page, button, centered, field, hidden, hint, html, html_response_with,
    notice_box, safe_path, see_other, take_notice,
};
use serde::Deserialize;

pub(super) fn router() -> Router<Server> {
    Router::new()
        .route("/sign-in", get(show).post(sign_in))
        .route("/sign-out", post(sign_out))
        .route("/first-start", get(first_start::show).post(first_start::make))
}

#[derive(Deserialize)]
struct Next {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
struct Credentials {
    email: String,
    password: String,
    #[serde(default)]
    next: String,
}

async fn show(State(server): State<Server>, headers: HeaderMap, Asked(asked): Asked<Next>) -> Response {
    if let Ok(Some(_)) = principal_of_session(&server, &headers).await {
        return see_other(safe_path(&asked.next));
    }
    if matches!(admins::exists_any(&server.store).await, Ok(false)) {
        return nobody_yet(&server);
    }
    form(&server, StatusCode::OK, "", &asked.next, take_notice(&headers).as_ref())
}

fn form(server: &Server, status: StatusCode, email: &str, next: &str, notice: Option<&Notice>) -> Response {
    let body = html! {
        h1 { "Sign in" }
        @if let Some(notice) = notice { (notice_box(notice)) }
        form.form method="post" action="/sign-in" {
            (field(Field { label: "E-mail", name: "email", value: email, kind: FieldKind::Email, required: true, ..Field::default() }))
            (field(Field { label: "Password", name: "password", kind: FieldKind::Password, required: true, ..Field::default() }))
            @if !next.is_empty() { (hidden("next", safe_path(next))) }
            (button("Sign in", ButtonKind::Primary))
        }
        @if let Some(text) = banner(server) { (hint(&text)) }
    };
    outside(status, "Sign in", body)
}

/// A page for who is not signed in.
fn outside(status: StatusCode, title: &str, body: Markup) -> Response {
    html_response_with(status, bare_page(&format!("{title} – {PRODUCT}"), centered(Some(PRODUCT), body)))
}

fn nobody_yet(server: &Server) -> Response {
    let body = html! {
        h1 { "Set up Provost" }
        p { "There is no administrator yet. Open the first-start link that the server printed when it started: it makes the first super admin." }
        (hint("The link is gone? Start the server again, and it prints another."))
        @if let Some(text) = banner(server) { (hint(&text)) }
    };
    outside(StatusCode::OK, "Set up", body)
}

async fn sign_in(State(server): State<Server>, Sent(sent): Sent<Credentials>) -> Response {
    let email = sent.email.trim().to_lowercase();
    let key: String = email.chars().take(254).collect();
    let refused = |status, text: String| form(&server, status, &email, &sent.next, Some(&Notice::error(text)));
    if let Err(seconds) = server.throttle.check(&key, real_now()) {
        let text = format!(
            "There were too many wrong passwords for this address. Try again in {}; a right password is not looked at before.",
            waiting(seconds)
        );
        return ([(RETRY_AFTER, seconds.to_string())], refused(StatusCode::TOO_MANY_REQUESTS, text)).into_response();
    }
    match admins::check_password(&server.store, &email, &sent.password).await {
        Ok(Some(admin)) => {
            server.throttle.succeeded(&key);
            start_session(&server, &session_subject(admin.id), see_other(safe_path(&sent.next))).await
        }
        Ok(None) => {
            server.throttle.failed(&key, real_now());
            let text = "The e-mail or the password is wrong, or the administrator is disabled. Check both and try again.";
            refused(StatusCode::UNPROCESSABLE_ENTITY, text.to_owned())
        }
        Err(error) => {
            tracing::error!(%error, "a sign-in could not be checked");
            broken()
        }
    }
}

/// `answer` with the cookie of a new session.
async fn start_session(server: &Server, subject: &str, answer: Response) -> Response {
    match server.sessions.start(subject).await {
        Ok(cookie) => (cookie, answer).into_response(),
        Err(error) => {
            tracing::error!(%error, "a session could not be started");
            broken()
        }
    }
}

async fn sign_out(State(server): State<Server>, headers: HeaderMap) -> Response {
    match server.sessions.end(&headers).await {
        Ok(cookie) => {
            let notice = Notice::success("You are signed out.");
            (cookie, provost_web::redirect_with_notice("/sign-in", &notice)).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "a session could not be ended");
            broken()
        }
    }
}

/// Sign-in lives in real time, whatever provisioning's clock says.
fn real_now() -> i64 {
    Clock::system().now_micros()
}

fn waiting(seconds: u64) -> String {
    match seconds {
        1 => "1 second".to_owned(),
        2..=90 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}
