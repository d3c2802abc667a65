//! Who may use the token API: an administrator, by the console's session or by HTTP Basic with e-mail and password (for
//! scripts; every request of theirs costs a password check, and wrong ones are slowed down).

use super::answer;
use crate::{Tenant, admins};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use base64::prelude::{BASE64_STANDARD_NO_PAD, Engine};
use provost_db::DbError;

/// The administrator who asks.
#[derive(Debug, Clone)]
pub(super) struct SignedIn {
    pub(super) email: String,
}

/// What became of the credentials.
enum Credentials {
    Good(String),
    Bad,
    TooOften { wait_seconds: u64 },
    Missing,
}

/// Lets administrators through.
pub(super) async fn gate(State(tenant): State<Tenant>, mut request: Request, next: Next) -> Response {
    match who(&tenant, request.headers()).await {
        Ok(Credentials::Good(email)) => {
            request.extensions_mut().insert(SignedIn { email });
            next.run(request).await
        }
        Ok(Credentials::Bad) => unauthorized("the e-mail address or the password is wrong"),
        Ok(Credentials::Missing) => unauthorized("sign in to the console, or send e-mail and password by HTTP Basic"),
        Ok(Credentials::TooOften { wait_seconds }) => {
            let text = format!("too many failed attempts: try again in {wait_seconds} s");
            let mut response = answer::message(StatusCode::TOO_MANY_REQUESTS, &text);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait_seconds));
            response
        }
        Err(error) => {
            tracing::error!(%error, "an administrator was not admitted: the database failed");
            answer::message(StatusCode::SERVICE_UNAVAILABLE, "the tenant cannot reach its storage: try again later")
        }
    }
}

async fn who(tenant: &Tenant, headers: &HeaderMap) -> Result<Credentials, DbError> {
    let Some((email, password)) = basic(headers) else {
        let session = tenant.inner.sessions.current(headers).await?;
        return Ok(session.map_or(Credentials::Missing, |session| Credentials::Good(session.subject)));
    };
    let email = email.trim().to_lowercase();
    if let Err(wait_seconds) = crate::console::throttle_check(tenant, &email) {
        return Ok(Credentials::TooOften { wait_seconds });
    }
    let found = admins::check(tenant, &email, &password).await?;
    crate::console::throttle_note(tenant, &email, found.is_some());
    Ok(found.map_or(Credentials::Bad, |admin| Credentials::Good(admin.email)))
}

/// E-mail and password of `Authorization: Basic` (RFC 7617).
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let bytes = BASE64_STANDARD_NO_PAD.decode(encoded.trim().trim_end_matches('=')).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (email, password) = text.split_once(':')?;
    Some((email.to_owned(), password.to_owned()))
}

fn unauthorized(text: &str) -> Response {
    let mut response = answer::message(StatusCode::UNAUTHORIZED, &format!("Unauthorized: {text}"));
    // Not Basic: a browser would open its own dialog over the console.
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Session"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_a_password_are_read_as_written_and_anything_else_is_refused() {
        let read = |value: &'static str| basic(&HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(value))]));
        for (value, password) in [("Basic YTpi", "b"), ("basic YTpiYw==", "bc"), ("Basic YTpiYw", "bc"), ("Basic YTrDvA==", "ü")]
        {
            assert_eq!(read(value), Some(("a".to_owned(), password.to_owned())), "{value}");
        }
        for value in ["Basic", "Basic A", "Basic YTp*", "Basic YT pi", "Basic YWI=", "Bearer YTpi"] {
            assert_eq!(read(value), None, "{value}");
        }
    }
}
