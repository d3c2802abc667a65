//! Replacing (RFC 7644 section 3.5.1).

use crate::answer::Stop;
use crate::requirement::{Need, Requirement, check};
use crate::session::Session;
use crate::values::{ENTERPRISE, USER, user, user_with};
use provost_scim::ScimType::{InvalidValue, Uniqueness};
use serde_json::{Value, json};

#[rustfmt::skip]
pub(super) static REQUIREMENTS: &[Requirement] = &[
    check("put-200", "RFC 7644 3.5.1", "answers a replace with 200 and the resource", &[], |s| Box::pin(replaced(s))),
    check("put-omitted-cleared", "RFC 7644 3.5.1", "clears what the new resource does not have", &[], |s| Box::pin(cleared(s))),
    check("put-read-only-ignored", "RFC 7644 3.5.1", "ignores readOnly attributes", &[], |s| Box::pin(read_only(s))),
    check("put-meta", "RFC 7643 3.1", "keeps meta.created, and moves meta.lastModified on", &[], |s| Box::pin(meta(s))),
    check("put-lasts", "RFC 7644 3.5.1", "shows the new values in the next get", &[], |s| Box::pin(lasts(s))),
    check("put-missing-user-name", "RFC 7644 3.5.1", "refuses a new resource without userName with invalidValue", &[], |s| Box::pin(no_user_name(s))),
    check("put-refused-unchanged", "RFC 7644 3.5.1", "leaves the resource as it was when it refuses", &[], |s| Box::pin(unchanged(s))),
    check("put-duplicate", "RFC 7644 3.12", "refuses another user's name with 409 uniqueness", &[], |s| Box::pin(duplicate(s))),
    check("put-own-name", "RFC 7644 3.5.1", "takes the user's own name in another case", &[], |s| Box::pin(own_name(s))),
    check("put-unknown", "RFC 7644 3.5.1", "answers 404 for an unknown id and creates nothing", &[], |s| Box::pin(unknown(s))),
    check("put-extension", "RFC 7644 3.5.1", "clears an extension that the new resource does not have", &[Need::Enterprise], |s| Box::pin(extension(s))),
];

async fn replaced(session: &Session) -> Result<(), Stop> {
    let (path, created) = session.make_user().await?;
    let body = user_with(created.text("userName")?, json!({ "displayName": "Augusta Ada King" }));
    let answer = session.put(&path, &body).await?.is(&[200])?;
    answer.has("displayName", &json!("Augusta Ada King"))?;
    answer.has("id", &json!(created.text("id")?))
}

async fn cleared(session: &Session) -> Result<(), Stop> {
    let (path, created) = session.make_user().await?;
    let body = json!({ "schemas": [USER], "userName": created.text("userName")? });
    session.put(&path, &body).await?.is(&[200])?;
    let read = session.get(&path).await?.is(&[200])?;
    for name in ["displayName", "name.givenName", "title", "emails"] {
        read.lacks(name)?;
    }
    Ok(())
}

async fn read_only(session: &Session) -> Result<(), Stop> {
    let (path, created) = session.make_user().await?;
    let members = json!({ "groups": [{ "value": "conformance-no-such-group" }], "meta": { "created": "1999-12-31T00:00:00Z" } });
    let answer = session.put(&path, &user_with(created.text("userName")?, members)).await?.is(&[200])?;
    answer.lacks("groups")?;
    answer.has("meta.created", &json!(created.text("meta.created")?))
}

async fn meta(session: &Session) -> Result<(), Stop> {
    let (path, created) = session.make_user().await?;
    let body = user_with(created.text("userName")?, json!({ "title": "Duchess" }));
    let answer = session.put(&path, &body).await?.is(&[200])?;
    answer.has("meta.created", &json!(created.text("meta.created")?))?;
    let (before, after) = (created.text("meta.lastModified")?, answer.text("meta.lastModified")?);
    answer.demand(after >= before, &format!("lastModified went from {before} to {after}"))
}

async fn lasts(session: &Session) -> Result<(), Stop> {
    let (path, created) = session.make_user().await?;
    let body = user_with(created.text("userName")?, json!({ "active": false, "title": "Duchess" }));
    session.put(&path, &body).await?.is(&[200])?;
    let read = session.get(&path).await?.is(&[200])?;
    read.has("active", &json!(false))?;
    read.has("title", &json!("Duchess"))
}

async fn no_user_name(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user().await?;
    session.put(&path, &json!({ "schemas": [USER], "title": "Nobody" })).await?.error(400, &[InvalidValue]).map(drop)
}

async fn unchanged(session: &Session) -> Result<(), Stop> {
    let (path, created) = session.make_user().await?;
    let bad = user_with(created.text("userName")?, json!({ "title": "Changed", "name": "no complex value" }));
    session.put(&path, &bad).await?.refused()?;
    session.get(&path).await?.has("title", created.get("title").unwrap_or(&Value::Null))
}

async fn duplicate(session: &Session) -> Result<(), Stop> {
    let (_, first) = session.make_user().await?;
    let (path, _) = session.make_user().await?;
    session.put(&path, &user(first.text("userName")?)).await?.error(409, &[Uniqueness]).map(drop)
}

async fn own_name(session: &Session) -> Result<(), Stop> {
    let (path, created) = session.make_user().await?;
    session.put(&path, &user(&created.text("userName")?.to_uppercase())).await?.is(&[200]).map(drop)
}

async fn unknown(session: &Session) -> Result<(), Stop> {
    let path = format!("{}/9c1185a5-5de9-619c-b372-000000000000", session.users());
    session.put(&path, &user(&session.name())).await?.error(404, &[])?;
    session.get(&path).await?.error(404, &[]).map(drop)
}

async fn extension(session: &Session) -> Result<(), Stop> {
    let members = json!({ "schemas": [USER, ENTERPRISE], (ENTERPRISE): { "department": "Engines" } });
    let (path, created) = session.make_user_with(members).await?;
    session.put(&path, &user(created.text("userName")?)).await?.is(&[200])?;
    session.get(&path).await?.lacks(&format!("{ENTERPRISE}/department"))
}
