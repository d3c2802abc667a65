//! Who may use the token API: an administrator, by the console's session or by HTTP Basic with e-mail and password (for
//! scripts; every request of theirs costs a password check, and wrong ones are slowed down).

use super::answer;
use crate::{Tenant, admins};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
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
    let bytes = base64_decoded(encoded.trim())?;
    let text = String::from_utf8(bytes).ok()?;
    let (email, password) = text.split_once(':')?;
    Some((email.to_owned(), password.to_owned()))
}

/// Base 64 with the standard alphabet (RFC 4648); `None` for anything else.
fn base64_decoded(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    if digits.len() % 4 == 1 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len());
    let (mut buffer, mut bits) = (0_u32, 0_u32);
    for digit in digits.bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        buffer = ((buffer << 6) | u32::from(value)) & 0x00FF_FFFF;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((buffer >> bits) & 0xFF).ok()?);
        }
    }
    Some(bytes)
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
    fn base64_is_read_as_written_and_anything_else_is_refused() {
        for (text, plain) in [("YTpi", "a:b"), ("YTpiYw==", "a:bc"), ("YTpiYw", "a:bc"), ("w6k6w7w=", "é:ü"), ("", "")] {
            assert_eq!(base64_decoded(text).as_deref(), Some(plain.as_bytes()), "{text}");
        }
        for text in ["A", "YTp*", "YT pi", "é"] {
            assert_eq!(base64_decoded(text), None, "{text}");
        }
    }
}
