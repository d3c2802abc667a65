//! Small hostile inputs: each is refused or kept, and the server answers on. Nothing here is large enough to harm.

use crate::answer::{Answer, Stop};
use crate::requirement::{Need, Requirement, check};
use crate::session::{MEDIA_TYPE, Request, Session, encoded};
use crate::values::{operation, user, user_with};
use provost_platform::Method;
use provost_scim::ScimType::InvalidSyntax;
use serde_json::json;

#[rustfmt::skip]
pub(super) static REQUIREMENTS: &[Requirement] = &[
    check("hostile-bad-json", "RFC 7644 3.12", "refuses a body that is no JSON with invalidSyntax", &[], |s| Box::pin(bad_json(s))),
    check("hostile-no-object", "RFC 7644 3.12", "refuses a body that is no object with invalidSyntax", &[], |s| Box::pin(no_object(s))),
    check("hostile-empty-body", "RFC 7644 3.12", "refuses an empty body", &[], |s| Box::pin(empty_body(s))),
    check("hostile-no-utf-8", "RFC 7644 3.12", "refuses a body that is no UTF-8", &[], |s| Box::pin(no_utf8(s))),
    check("hostile-deep-json", "RFC 7644 3.12", "refuses JSON of a thousand levels", &[], |s| Box::pin(deep_json(s))),
    check("hostile-media-type", "RFC 7644 3.1", "refuses a body of another media type, or reads it as JSON", &[], |s| Box::pin(media_type(s))),
    check("hostile-deep-filter", "RFC 7644 3.12", "answers a filter of a thousand parentheses without breaking", &[Need::Filter], |s| Box::pin(deep_filter(s))),
    check("hostile-long-filter", "RFC 7644 3.12", "answers a filter of three hundred terms without breaking", &[Need::Filter], |s| Box::pin(long_filter(s))),
    check("hostile-nul", "RFC 7643 2.3.1", "refuses or keeps a NUL in a text", &[], |s| Box::pin(nul(s))),
    check("hostile-long-text", "RFC 7643 2.3.1", "refuses or keeps a text of 100,000 letters", &[], |s| Box::pin(long_text(s))),
    check("hostile-huge-number", "RFC 7644 3.12", "answers a huge count without breaking", &[], |s| Box::pin(huge_number(s))),
    check("hostile-many-operations", "RFC 7644 3.5.2", "refuses or carries out a PATCH of a thousand operations", &[Need::Patch], |s| Box::pin(many_operations(s))),
    check("hostile-alive", "RFC 7644 3.12", "still answers after all this", &[], |s| Box::pin(alive(s))),
];

async fn post_raw(session: &Session, body: &[u8]) -> Result<Answer, Stop> {
    session.send(Request::new(Method::Post, session.users()).raw(MEDIA_TYPE, body.to_vec())).await
}

async fn bad_json(session: &Session) -> Result<(), Stop> {
    post_raw(session, b"{ \"schemas\": [").await?.error(400, &[InvalidSyntax]).map(drop)
}

async fn no_object(session: &Session) -> Result<(), Stop> {
    for body in [&b"[]"[..], b"\"text\"", b"null", b"17"] {
        post_raw(session, body).await?.error(400, &[InvalidSyntax])?;
    }
    Ok(())
}

async fn empty_body(session: &Session) -> Result<(), Stop> {
    post_raw(session, b"").await?.refused().map(drop)
}

async fn no_utf8(session: &Session) -> Result<(), Stop> {
    post_raw(session, b"{\"schemas\":[],\"userName\":\"\xff\xfe\"}").await?.refused().map(drop)
}

async fn deep_json(session: &Session) -> Result<(), Stop> {
    let deep = format!("{{\"userName\":{}{}}}", "[".repeat(1_000), "]".repeat(1_000));
    post_raw(session, deep.as_bytes()).await?.refused().map(drop)
}

async fn media_type(session: &Session) -> Result<(), Stop> {
    let body = user(&session.name()).to_string().into_bytes();
    let request = Request::new(Method::Post, session.users()).raw("text/plain", body);
    session.send(request).await?.is(&[201, 400, 415]).map(drop)
}

async fn deep_filter(session: &Session) -> Result<(), Stop> {
    let filter = format!("{}userName pr{}", "(".repeat(1_000), ")".repeat(1_000));
    let answer = session.get(&format!("{}?filter={}", session.users(), encoded(&filter))).await?;
    answer.demand(answer.status < 500, "the server breaks")
}

async fn long_filter(session: &Session) -> Result<(), Stop> {
    let filter = vec!["title eq \"x\""; 300].join(" or ");
    let answer = session.get(&format!("{}?filter={}", session.users(), encoded(&filter))).await?;
    answer.demand(answer.status < 500, "the server breaks")
}

async fn nul(session: &Session) -> Result<(), Stop> {
    let body = user_with(&session.name(), json!({ "displayName": "a\u{0}b" }));
    kept_or_refused(&session.post(session.users(), &body).await?, "displayName", "a\u{0}b")
}

async fn long_text(session: &Session) -> Result<(), Stop> {
    let text = "a".repeat(100_000);
    let body = user_with(&session.name(), json!({ "displayName": text }));
    kept_or_refused(&session.post(session.users(), &body).await?, "displayName", &text)
}

/// Neither broken nor silently shortened.
fn kept_or_refused(answer: &Answer, name: &str, text: &str) -> Result<(), Stop> {
    match answer.status {
        201 => answer.demand(answer.text(name)? == text, "the text is not what was sent"),
        _ => answer.demand((400..500).contains(&answer.status), "neither kept nor refused"),
    }
}

async fn huge_number(session: &Session) -> Result<(), Stop> {
    for count in ["99999999999999999999999", "2147483648", "1e300"] {
        let answer = session.get(&format!("{}?count={count}&startIndex={count}", session.users())).await?;
        answer.is(&[200, 400])?;
    }
    Ok(())
}

async fn many_operations(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user().await?;
    let operations = (0..1_000).map(|number| operation("replace", "displayName", json!(format!("name {number}")))).collect();
    let answer = session.patch(&path, operations).await?;
    let read = session.get(&path).await?.is(&[200])?;
    match answer.status {
        200 | 204 => read.has("displayName", &json!("name 999")),
        _ => {
            answer.refused()?;
            read.has("displayName", &json!("Ada Lovelace"))
        }
    }
}

async fn alive(session: &Session) -> Result<(), Stop> {
    session.make_user().await.map(drop)
}
