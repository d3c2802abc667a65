//! Reading what pages send: paths, questions behind `?`, forms. What cannot be read is answered with a page that says so.

use super::session::SignedIn;
use crate::Server;
use axum::Form;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use provost_core::time::Timestamp;
use provost_web::{error_page, not_found};
use serde::de::DeserializeOwned;
use url::form_urlencoded::Serializer;

/// A date that was typed, whose first moment counts, or nothing.
pub(super) fn read_date(text: &str) -> Result<Option<Timestamp>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let instant = format!("{text}T00:00:00Z").parse::<jiff::Timestamp>();
    instant
        .map(|at| Some(Timestamp(at.as_microsecond())))
        .map_err(|_| format!("\"{text}\" is not a date: write it like 2027-11-23."))
}

/// Who asks for the page of a change. Whoever may only read is refused.
#[derive(Debug)]
pub(super) struct Changer(pub(super) SignedIn);

impl FromRequestParts<Server> for Changer {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Response> {
        let who = SignedIn::from_request_parts(parts, server).await?;
        who.require_change()?;
        Ok(Self(who))
    }
}

/// A posted form, and who posted it. Whoever may only read is refused before the form is read.
#[derive(Debug)]
pub(super) struct Posted<T> {
    pub(super) who: SignedIn,
    pub(super) form: T,
}

impl<T: DeserializeOwned> FromRequest<Server> for Posted<T> {
    type Rejection = Response;

    async fn from_request(request: Request, server: &Server) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let Changer(who) = Changer::from_request_parts(&mut parts, server).await?;
        let Sent(form) = Sent::from_request(Request::from_parts(parts, body), server).await?;
        Ok(Self { who, form })
    }
}

/// A posted form of somebody who is not signed in.
#[derive(Debug)]
pub(super) struct Sent<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Server> for Sent<T> {
    type Rejection = Response;

    async fn from_request(request: Request, server: &Server) -> Result<Self, Response> {
        match Form::<T>::from_request(request, server).await {
            Ok(Form(form)) => Ok(Self(form)),
            Err(rejection) => Err(unreadable(rejection.status())),
        }
    }
}

/// Nothing but a button was pressed.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Nothing {}

/// The variable parts of the path; what is not an id leads nowhere.
#[derive(Debug)]
pub(super) struct At<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Server> for At<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Response> {
        Path::<T>::from_request_parts(parts, server).await.map(|Path(path)| Self(path)).map_err(|_| not_found())
    }
}

/// What stands behind `?`.
#[derive(Debug)]
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<Server> for Asked<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Response> {
        match Query::<T>::from_request_parts(parts, server).await {
            Ok(Query(asked)) => Ok(Self(asked)),
            Err(_) => Err(unreadable(StatusCode::BAD_REQUEST)),
        }
    }
}

fn unreadable(status: StatusCode) -> Response {
    error_page(
        status,
        "The form cannot be read",
        "A part of it is missing or has another form than this page sends, so nothing was changed. Go back, load the page anew and try again.",
    )
}

/// `path` with what stands behind `?`; empty values are left out.
pub(super) fn href(path: &str, values: &[(&str, &str)]) -> String {
    let mut query = Serializer::new(String::new());
    query.extend_pairs(values.iter().filter(|(_, value)| !value.is_empty()));
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

#[cfg(test)]
mod tests {
    use super::href;

    #[test]
    fn links_carry_only_what_is_set_and_encoded() {
        assert_eq!(href("/directory/users", &[("q", ""), ("state", "")]), "/directory/users");
        assert_eq!(href("/directory/users", &[("q", "a b&c"), ("after", "ö/1")]), "/directory/users?q=a+b%26c&after=%C3%B6%2F1");
    }
}
