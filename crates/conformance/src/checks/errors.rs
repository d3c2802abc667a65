//! Errors, authentication and media types (RFC 7644 sections 2, 3.1 and 3.12).

use crate::answer::Stop;
use crate::requirement::{Need, Requirement, check};
use crate::session::{MEDIA_TYPE, Request, Session};
use crate::values::{ERROR, USER, user};
use provost_platform::Method;
use provost_scim::ScimType;
use serde_json::{Value, json};

const AUTHENTICATED: &[Need] = &[Need::Authentication];

#[rustfmt::skip]
pub(super) static REQUIREMENTS: &[Requirement] = &[
    check("error-schema", "RFC 7644 3.12", "names the error schema in an error", &[], |s| Box::pin(schema(s))),
    check("error-status-text", "RFC 7644 3.12", "gives the status in an error as a text, equal to the answer's", &[], |s| Box::pin(status_text(s))),
    check("error-scim-type", "RFC 7644 3.12", "gives scimType as one of the known keywords", &[], |s| Box::pin(scim_type(s))),
    check("error-detail", "RFC 7644 3.12", "says in detail what is wrong", &[], |s| Box::pin(detail(s))),
    check("error-media-type", "RFC 7644 3.1", "answers errors with application/scim+json", &[], |s| Box::pin(media_type(s))),
    check("error-unknown-endpoint", "RFC 7644 3.12", "answers 404 at an unknown endpoint", &[], |s| Box::pin(unknown_endpoint(s))),
    check("error-method", "RFC 7644 3.2", "refuses methods that an endpoint does not have", &[], |s| Box::pin(method(s))),
    check("auth-missing", "RFC 7644 2", "answers 401 without a token", AUTHENTICATED, |s| Box::pin(no_token(s))),
    check("auth-wrong", "RFC 7644 2", "answers 401 with a wrong token", AUTHENTICATED, |s| Box::pin(wrong_token(s))),
    check("auth-before-parsing", "RFC 7644 2", "answers 401, not 400, to a broken body without a token", AUTHENTICATED, |s| Box::pin(before_parsing(s))),
    check("auth-before-existence", "RFC 7644 2", "answers 401, not 404, for an unknown id without a token", AUTHENTICATED, |s| Box::pin(before_existence(s))),
    check("auth-challenge", "RFC 7235 3.1", "names a scheme in WWW-Authenticate beside a 401", AUTHENTICATED, |s| Box::pin(challenge(s))),
    check("auth-changes-nothing", "RFC 7644 2", "does not delete without a token", AUTHENTICATED, |s| Box::pin(changes_nothing(s))),
];

/// A user without its required attribute.
fn incomplete() -> Value {
    json!({ "schemas": [USER], "displayName": "without userName" })
}

async fn schema(session: &Session) -> Result<(), Stop> {
    session.post(session.users(), &incomplete()).await?.is(&[400])?.has_schema(ERROR)
}

async fn status_text(session: &Session) -> Result<(), Stop> {
    session.post(session.users(), &incomplete()).await?.is(&[400])?.has("status", &json!("400"))?;
    session.get("/Users/conformance-unknown").await?.is(&[404])?.has("status", &json!("404"))
}

async fn scim_type(session: &Session) -> Result<(), Stop> {
    let answer = session.post(session.users(), &incomplete()).await?.is(&[400])?;
    let known = ScimType::ALL.iter().any(|keyword| answer.get("scimType") == Some(&json!(keyword.word())));
    answer.demand(known, "scimType is none of the keywords")
}

async fn detail(session: &Session) -> Result<(), Stop> {
    let answer = session.post(session.users(), &incomplete()).await?.is(&[400])?;
    answer.demand(answer.text("detail")?.len() > 3, "detail says nothing")
}

async fn media_type(session: &Session) -> Result<(), Stop> {
    super::discovery::is_scim(&session.post(session.users(), &incomplete()).await?.is(&[400])?)
}

async fn unknown_endpoint(session: &Session) -> Result<(), Stop> {
    session.get("/ConformanceUnknown").await?.is(&[404]).map(drop)
}

async fn method(session: &Session) -> Result<(), Stop> {
    for method in [Method::Put, Method::Patch, Method::Delete] {
        session.send(Request::new(method, session.users()).json(&json!({}))).await?.is(&[400, 404, 405, 501])?;
    }
    Ok(())
}

async fn no_token(session: &Session) -> Result<(), Stop> {
    session.send(Request::new(Method::Get, session.users()).without_token()).await?.is(&[401]).map(drop)
}

async fn wrong_token(session: &Session) -> Result<(), Stop> {
    session.send(Request::new(Method::Get, session.users()).with_token("conformance-wrong")).await?.is(&[401]).map(drop)
}

async fn before_parsing(session: &Session) -> Result<(), Stop> {
    let request = Request::new(Method::Post, session.users()).raw(MEDIA_TYPE, b"{ not json".to_vec());
    session.send(request.without_token()).await?.is(&[401]).map(drop)
}

async fn before_existence(session: &Session) -> Result<(), Stop> {
    let path = format!("{}/conformance-unknown", session.users());
    session.send(Request::new(Method::Get, path).without_token()).await?.is(&[401]).map(drop)
}

async fn challenge(session: &Session) -> Result<(), Stop> {
    let answer = session.send(Request::new(Method::Get, session.users()).without_token()).await?.is(&[401])?;
    answer.demand(answer.header("www-authenticate").is_some_and(|scheme| !scheme.is_empty()), "there is no WWW-Authenticate")
}

async fn changes_nothing(session: &Session) -> Result<(), Stop> {
    let created = session.create(&user(&session.name())).await?;
    let path = format!("{}/{}", session.users(), created.text("id")?);
    session.send(Request::new(Method::Delete, path.as_str()).without_token()).await?.is(&[401])?;
    session.get(&path).await?.is(&[200]).map(drop)
}
