//! Reading and deleting one resource (RFC 7644 sections 3.4.1 and 3.6), and `/Me` (section 3.11).

use crate::answer::Stop;
use crate::cast::list_path;
use crate::requirement::{Need, Requirement, check};
use crate::session::Session;
use crate::values::{USER, user};
use serde_json::json;

#[rustfmt::skip]
pub(super) static REQUIREMENTS: &[Requirement] = &[
    check("get-200", "RFC 7644 3.4.1", "answers a get with what the create answered", &[], |s| Box::pin(get(s))),
    check("get-schemas", "RFC 7643 3", "names the schema in every answer", &[], |s| Box::pin(schemas(s))),
    check("get-unknown", "RFC 7644 3.12", "answers 404 with an error body for an unknown id", &[], |s| Box::pin(unknown(s))),
    check("get-deleted", "RFC 7644 3.6", "answers 404 for a deleted resource", &[], |s| Box::pin(deleted(s))),
    check("get-odd-id", "RFC 7644 3.12", "answers 404 for ids that no server draws", &[], |s| Box::pin(odd_id(s))),
    check("delete-204", "RFC 7644 3.6", "answers a delete with 204 and no body", &[], |s| Box::pin(delete(s))),
    check("delete-unknown", "RFC 7644 3.6", "answers 404 when nothing is there to delete", &[], |s| Box::pin(delete_unknown(s))),
    check("delete-unlisted", "RFC 7644 3.6", "does not list deleted resources", &[Need::Filter], |s| Box::pin(unlisted(s))),
    check("me-alias", "RFC 7644 3.11", "answers /Me with 501, with a redirection, or with the token's user", &[], |s| Box::pin(me(s))),
];

async fn get(session: &Session) -> Result<(), Stop> {
    let (path, created) = session.make_user().await?;
    let read = session.get(&path).await?.is(&[200])?;
    for name in ["id", "userName", "name", "emails", "active", "meta.created", "meta.location"] {
        let expected = created.get(name).cloned().unwrap_or_default();
        read.has(name, &expected)?;
    }
    Ok(())
}

async fn schemas(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user().await?;
    session.get(&path).await?.is(&[200])?.has_schema(USER)
}

async fn unknown(session: &Session) -> Result<(), Stop> {
    session.get(&format!("{}/9c1185a5-5de9-619c-b372-000000000000", session.users())).await?.error(404, &[]).map(drop)
}

async fn odd_id(session: &Session) -> Result<(), Stop> {
    for id in ["0", "-1", "%F0%9F%91%A9", "a%20b", "%22", "99999999999999999999999999"] {
        session.get(&format!("{}/{id}", session.users())).await?.error(404, &[])?;
    }
    Ok(())
}

async fn deleted(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user().await?;
    session.delete(&path).await?.is(&[204])?;
    session.get(&path).await?.error(404, &[]).map(drop)
}

async fn delete(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user().await?;
    let answer = session.delete(&path).await?.is(&[204])?;
    answer.demand(answer.is_empty(), "there is a body")
}

async fn delete_unknown(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user().await?;
    session.delete(&path).await?.is(&[204])?;
    session.delete(&path).await?.error(404, &[]).map(drop)
}

async fn unlisted(session: &Session) -> Result<(), Stop> {
    let name = session.name();
    let created = session.create(&user(&name)).await?;
    let id = created.text("id")?;
    session.delete(&format!("{}/{id}", session.users())).await?.is(&[204])?;
    let list = session.get(&list_path(session, "")).await?.is(&[200])?;
    list.demand(!list.listed("id").contains(&id), "the deleted user is listed")
}

async fn me(session: &Session) -> Result<(), Stop> {
    let answer = session.get("/Me").await?;
    if answer.status == 200 {
        return answer.has("meta.resourceType", &json!("User"));
    }
    // 404: the feature is there, and this token belongs to no user.
    answer.is(&[501, 308, 307, 302, 404]).map(drop)
}
