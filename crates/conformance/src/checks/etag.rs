//! Versions (RFC 7644 section 3.14).

use crate::answer::{Answer, Stop};
use crate::requirement::{Need, Requirement, check};
use crate::session::{Request, Session};
use crate::values::{operation, patch, user_with};
use provost_platform::Method;
use serde_json::{Value, json};

const ETAG: &[Need] = &[Need::Etag];
const PATCHED: &[Need] = &[Need::Etag, Need::Patch];
/// A version that no server draws.
const OTHER: &str = "W/\"conformance-no-such-version\"";

#[rustfmt::skip]
pub(super) static REQUIREMENTS: &[Requirement] = &[
    check("etag-header", "RFC 7644 3.14", "gives ETag, equal to meta.version", ETAG, |s| Box::pin(header(s))),
    check("etag-changes", "RFC 7644 3.14", "gives another version after a change", ETAG, |s| Box::pin(changes(s))),
    check("etag-stays", "RFC 7644 3.14", "gives the same version while nothing changes", ETAG, |s| Box::pin(stays(s))),
    check("etag-none-match", "RFC 7644 3.14", "answers 304 to If-None-Match with the version", ETAG, |s| Box::pin(none_match(s))),
    check("etag-none-match-other", "RFC 7644 3.14", "answers 200 to If-None-Match with another version", ETAG, |s| Box::pin(none_match_other(s))),
    check("etag-match-put", "RFC 7644 3.14", "replaces with If-Match and the version", ETAG, |s| Box::pin(match_put(s))),
    check("etag-mismatch-put", "RFC 7644 3.14", "answers 412 to a replace with another version, and changes nothing", ETAG, |s| Box::pin(mismatch_put(s))),
    check("etag-match-patch", "RFC 7644 3.14", "changes with If-Match and the version", PATCHED, |s| Box::pin(match_patch(s))),
    check("etag-mismatch-patch", "RFC 7644 3.14", "answers 412 to a PATCH with another version, and changes nothing", PATCHED, |s| Box::pin(mismatch_patch(s))),
    check("etag-old-version", "RFC 7644 3.14", "answers 412 to the version before the last change", PATCHED, |s| Box::pin(old_version(s))),
    check("etag-mismatch-delete", "RFC 7644 3.14", "answers 412 to a delete with another version, and deletes nothing", ETAG, |s| Box::pin(mismatch_delete(s))),
    check("etag-match-delete", "RFC 7644 3.14", "deletes with If-Match and the version", ETAG, |s| Box::pin(match_delete(s))),
    check("etag-match-any", "RFC 9110 13.1.1", "takes If-Match: * for any version", ETAG, |s| Box::pin(match_any(s))),
];

async fn made(session: &Session) -> Result<(String, Answer, String), Stop> {
    let (path, answer) = session.make_user().await?;
    let version = answer.text("meta.version")?.to_owned();
    Ok((path, answer, version))
}

fn change() -> Value {
    patch(vec![operation("replace", "displayName", json!("Augusta"))])
}

async fn header(session: &Session) -> Result<(), Stop> {
    let (path, created, version) = made(session).await?;
    let read = session.get(&path).await?.is(&[200])?;
    for answer in [&created, &read] {
        answer
            .demand(answer.header("etag") == Some(&version), &format!("ETag is {}", answer.header("etag").unwrap_or("absent")))?;
        answer.has("meta.version", &json!(version))?;
    }
    Ok(())
}

async fn changes(session: &Session) -> Result<(), Stop> {
    let (path, created, version) = made(session).await?;
    let body = user_with(created.text("userName")?, json!({ "title": "Duchess" }));
    let answer = session.put(&path, &body).await?.is(&[200])?;
    answer.demand(answer.text("meta.version")? != version, "the version is the old one")
}

async fn stays(session: &Session) -> Result<(), Stop> {
    let (path, _, version) = made(session).await?;
    for _ in 0..2 {
        session.get(&path).await?.has("meta.version", &json!(version))?;
    }
    Ok(())
}

async fn none_match(session: &Session) -> Result<(), Stop> {
    let (path, _, version) = made(session).await?;
    let answer = session.send(Request::new(Method::Get, path).header("if-none-match", &version)).await?.is(&[304])?;
    answer.demand(answer.is_empty(), "a 304 has a body")
}

async fn none_match_other(session: &Session) -> Result<(), Stop> {
    let (path, _, _) = made(session).await?;
    session.send(Request::new(Method::Get, path).header("if-none-match", OTHER)).await?.is(&[200]).map(drop)
}

async fn match_put(session: &Session) -> Result<(), Stop> {
    let (path, created, version) = made(session).await?;
    let body = user_with(created.text("userName")?, json!({ "title": "Duchess" }));
    session.send(Request::new(Method::Put, path).json(&body).header("if-match", &version)).await?.is(&[200]).map(drop)
}

async fn mismatch_put(session: &Session) -> Result<(), Stop> {
    let (path, created, _) = made(session).await?;
    let body = user_with(created.text("userName")?, json!({ "title": "Duchess" }));
    session.send(Request::new(Method::Put, path.as_str()).json(&body).header("if-match", OTHER)).await?.error(412, &[])?;
    session.get(&path).await?.has("title", &json!("Countess"))
}

async fn match_patch(session: &Session) -> Result<(), Stop> {
    let (path, _, version) = made(session).await?;
    session.send(Request::new(Method::Patch, path).json(&change()).header("if-match", &version)).await?.is(&[200, 204]).map(drop)
}

async fn mismatch_patch(session: &Session) -> Result<(), Stop> {
    let (path, _, _) = made(session).await?;
    session.send(Request::new(Method::Patch, path.as_str()).json(&change()).header("if-match", OTHER)).await?.error(412, &[])?;
    session.get(&path).await?.has("displayName", &json!("Ada Lovelace"))
}

async fn old_version(session: &Session) -> Result<(), Stop> {
    let (path, _, version) = made(session).await?;
    let request = || Request::new(Method::Patch, path.as_str()).header("if-match", &version);
    session.send(request().json(&change())).await?.is(&[200, 204])?;
    let second = patch(vec![operation("replace", "displayName", json!("Second"))]);
    session.send(request().json(&second)).await?.error(412, &[]).map(drop)
}

async fn mismatch_delete(session: &Session) -> Result<(), Stop> {
    let (path, _, _) = made(session).await?;
    session.send(Request::new(Method::Delete, path.as_str()).header("if-match", OTHER)).await?.error(412, &[])?;
    session.get(&path).await?.is(&[200]).map(drop)
}

async fn match_delete(session: &Session) -> Result<(), Stop> {
    let (path, _, version) = made(session).await?;
    session.send(Request::new(Method::Delete, path).header("if-match", &version)).await?.is(&[204]).map(drop)
}

async fn match_any(session: &Session) -> Result<(), Stop> {
    let (path, _, _) = made(session).await?;
    session.send(Request::new(Method::Delete, path).header("if-match", "*")).await?.is(&[204]).map(drop)
}
