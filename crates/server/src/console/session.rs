//! Who is signed in.

use crate::Server;
use crate::access::{Permission, Principal, principal_of_session};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use provost_web::{Notice, error_page, see_other, take_notice};
use url::form_urlencoded::byte_serialize;

/// The administrator of the request's session. Without one, the request is sent to the sign-in page.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// What they may do, and what the admin log names.
    pub principal: Principal,
    /// Their address.
    pub email: String,
    /// The notice that the page before left; [`super::frame::page`] shows it.
    pub notice: Option<Notice>,
}

impl SignedIn {
    /// Whether they may change anything: pages show their buttons by it.
    pub const fn may_change(&self) -> bool {
        self.principal.may(Permission::Change)
    }

    /// Refuses whoever may only read, with a page that says so.
    #[expect(clippy::result_large_err, reason = "the error is the answer itself")]
    pub fn require_change(&self) -> Result<(), Response> {
        if self.may_change() {
            return Ok(());
        }
        Err(error_page(
            StatusCode::FORBIDDEN,
            "You may look, not change",
            "Your role is Auditor, which reads everything and changes nothing. Ask a super admin to do this, or to change your role.",
        ))
    }
}

impl FromRequestParts<Server> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Response> {
        match principal_of_session(server, &parts.headers).await {
            Ok(Some(principal)) => {
                let email = principal.actor.label();
                Ok(Self { principal, email, notice: take_notice(&parts.headers) })
            }
            Ok(None) => Err(see_other(&sign_in_path(parts))),
            Err(error) => {
                tracing::error!(%error, "the session could not be read");
                Err(super::frame::broken())
            }
        }
    }
}

/// The sign-in page, which leads back to a page that was asked for.
fn sign_in_path(parts: &Parts) -> String {
    let asked = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    if parts.method != Method::GET || asked == "/" {
        return "/sign-in".to_owned();
    }
    format!("/sign-in?next={}", byte_serialize(asked.as_bytes()).collect::<String>())
}
