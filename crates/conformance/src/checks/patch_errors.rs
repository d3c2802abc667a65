//! PATCH requests that must be refused (RFC 7644 sections 3.5.2 and 3.12), and leave the resource as it was.

use crate::answer::{Answer, Stop};
use crate::requirement::{Need, Requirement, check};
use crate::session::{Request, Session};
use crate::values::{operation, removal};
use provost_platform::Method;
use provost_scim::ScimType::{self, InvalidPath, InvalidSyntax, InvalidValue, Mutability, NoTarget, Uniqueness};
use serde_json::{Value, json};

const PATCH: &[Need] = &[Need::Patch];
const TITLE: &[Need] = &[Need::Patch, Need::UserAttribute("title")];

#[rustfmt::skip]
pub(super) static REQUIREMENTS: &[Requirement] = &[
    check("patch-remove-without-path", "RFC 7644 3.5.2.2", "refuses a remove without path with noTarget", PATCH, |s| Box::pin(remove_without_path(s))),
    check("patch-remove-required", "RFC 7644 3.5.2.2", "refuses to remove a required attribute", PATCH, |s| Box::pin(remove_required(s))),
    check("patch-read-only", "RFC 7644 3.5.2", "refuses to change a readOnly attribute with mutability", PATCH, |s| Box::pin(read_only(s))),
    check("patch-read-only-without-path", "RFC 7644 3.5.2", "does not change a readOnly attribute without a path either", PATCH, |s| Box::pin(read_only_without_path(s))),
    check("patch-remove-read-only", "RFC 7644 3.5.2.2", "refuses to remove a readOnly attribute with mutability", PATCH, |s| Box::pin(remove_read_only(s))),
    check("patch-bad-path", "RFC 7644 3.12", "refuses a path that cannot be read with invalidPath", PATCH, |s| Box::pin(bad_path(s))),
    check("patch-unknown-attribute", "RFC 7644 3.12", "refuses a path that leads to no attribute", PATCH, |s| Box::pin(unknown_attribute(s))),
    check("patch-unknown-sub-attribute", "RFC 7644 3.12", "refuses a path that leads to no sub-attribute", PATCH, |s| Box::pin(unknown_sub_attribute(s))),
    check("patch-bad-value-filter", "RFC 7644 3.12", "refuses a value path with a broken filter", PATCH, |s| Box::pin(bad_filter(s))),
    check("patch-wrong-type", "RFC 7644 3.12", "refuses a value of another type with invalidValue", TITLE, |s| Box::pin(wrong_type(s))),
    check("patch-unknown-op", "RFC 7644 3.5.2", "refuses an unknown op", PATCH, |s| Box::pin(unknown_op(s))),
    check("patch-no-operations", "RFC 7644 3.5.2", "refuses a request without operations", PATCH, |s| Box::pin(no_operations(s))),
    check("patch-add-without-value", "RFC 7644 3.5.2.1", "refuses an add without value", TITLE, |s| Box::pin(add_without_value(s))),
    check("patch-text-without-path", "RFC 7644 3.5.2.1", "refuses a text without path", PATCH, |s| Box::pin(text_without_path(s))),
    check("patch-duplicate", "RFC 7644 3.12", "refuses another user's name with 409 uniqueness", PATCH, |s| Box::pin(duplicate(s))),
    check("patch-atomic", "RFC 7644 3.5.2", "changes nothing when the last operation fails", TITLE, |s| Box::pin(atomic(s))),
    check("patch-atomic-duplicate", "RFC 7644 3.5.2", "changes nothing when the new name is taken", TITLE, |s| Box::pin(atomic_duplicate(s))),
    check("patch-unknown", "RFC 7644 3.12", "answers 404 for an unknown id", TITLE, |s| Box::pin(unknown(s))),
];

/// One operation on a fresh user is refused with 400 and one of these keywords.
async fn refused(session: &Session, operation: Value, keywords: &[ScimType]) -> Result<Answer, Stop> {
    let (path, _) = session.make_user().await?;
    session.patch(&path, vec![operation]).await?.error(400, keywords)
}

async fn remove_without_path(session: &Session) -> Result<(), Stop> {
    refused(session, json!({ "op": "remove" }), &[NoTarget]).await.map(drop)
}

async fn remove_required(session: &Session) -> Result<(), Stop> {
    refused(session, removal("userName"), &[Mutability, InvalidValue]).await.map(drop)
}

async fn read_only(session: &Session) -> Result<(), Stop> {
    for (path, value) in [("id", json!("other")), ("meta.created", json!("1999-12-31T00:00:00Z"))] {
        refused(session, operation("replace", path, value), &[Mutability]).await?;
    }
    Ok(())
}

/// Whether it is refused or passed over.
async fn read_only_without_path(session: &Session) -> Result<(), Stop> {
    let (path, made) = session.make_user().await?;
    let value = json!({ "meta": { "created": "1999-12-31T00:00:00Z" }, "id": "other" });
    session.patch(&path, vec![json!({ "op": "replace", "value": value })]).await?.is(&[200, 204, 400])?;
    session.get(&path).await?.is(&[200])?.has("id", &json!(made.text("id")?))
}

async fn remove_read_only(session: &Session) -> Result<(), Stop> {
    refused(session, removal("meta.created"), &[Mutability]).await.map(drop)
}

async fn bad_path(session: &Session) -> Result<(), Stop> {
    for path in ["emails[type eq", "..", "name..givenName"] {
        refused(session, operation("replace", path, json!("x")), &[InvalidPath, ScimType::InvalidFilter]).await?;
    }
    Ok(())
}

async fn unknown_attribute(session: &Session) -> Result<(), Stop> {
    let change = operation("replace", "conformanceUnknown", json!("x"));
    refused(session, change, &[InvalidPath, NoTarget, InvalidValue]).await.map(drop)
}

async fn unknown_sub_attribute(session: &Session) -> Result<(), Stop> {
    let change = operation("replace", "name.conformanceUnknown", json!("x"));
    refused(session, change, &[InvalidPath, NoTarget, InvalidValue]).await.map(drop)
}

async fn bad_filter(session: &Session) -> Result<(), Stop> {
    let change = operation("replace", "emails[type zz \"work\"].value", json!("x"));
    refused(session, change, &[InvalidPath, ScimType::InvalidFilter]).await.map(drop)
}

async fn wrong_type(session: &Session) -> Result<(), Stop> {
    refused(session, operation("replace", "title", json!({ "text": "Duchess" })), &[InvalidValue]).await.map(drop)
}

async fn unknown_op(session: &Session) -> Result<(), Stop> {
    refused(session, operation("move", "title", json!("x")), &[InvalidSyntax, InvalidValue]).await.map(drop)
}

async fn no_operations(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user().await?;
    let body = json!({ "schemas": [crate::values::PATCH] });
    let request = Request::new(Method::Patch, path).json(&body);
    session.send(request).await?.error(400, &[InvalidSyntax, InvalidValue]).map(drop)
}

async fn add_without_value(session: &Session) -> Result<(), Stop> {
    refused(session, json!({ "op": "add", "path": "title" }), &[InvalidSyntax, InvalidValue]).await.map(drop)
}

async fn text_without_path(session: &Session) -> Result<(), Stop> {
    refused(session, json!({ "op": "add", "value": "x" }), &[InvalidSyntax, InvalidValue, NoTarget, InvalidPath]).await.map(drop)
}

async fn duplicate(session: &Session) -> Result<(), Stop> {
    let (_, first) = session.make_user().await?;
    let (path, _) = session.make_user().await?;
    let change = operation("replace", "userName", first.get("userName").cloned().unwrap_or_default());
    session.patch(&path, vec![change]).await?.error(409, &[Uniqueness]).map(drop)
}

async fn atomic(session: &Session) -> Result<(), Stop> {
    let (path, before) = session.make_user().await?;
    let operations = vec![
        operation("replace", "title", json!("Changed")),
        operation("add", "emails", json!([{ "value": "new@other.example" }])),
        operation("replace", "id", json!("other")),
    ];
    session.patch(&path, operations).await?.refused()?;
    unchanged(session, &path, &before).await
}

async fn atomic_duplicate(session: &Session) -> Result<(), Stop> {
    let (_, first) = session.make_user().await?;
    let (path, before) = session.make_user().await?;
    let taken = first.get("userName").cloned().unwrap_or_default();
    let operations = vec![operation("replace", "title", json!("Changed")), operation("replace", "userName", taken)];
    session.patch(&path, operations).await?.is(&[409])?;
    unchanged(session, &path, &before).await
}

async fn unchanged(session: &Session, path: &str, before: &Answer) -> Result<(), Stop> {
    let after = session.get(path).await?.is(&[200])?;
    for name in ["title", "emails", "userName", "meta.lastModified"] {
        let expected = before.get(name).cloned().unwrap_or_default();
        after.has(name, &expected)?;
    }
    Ok(())
}

async fn unknown(session: &Session) -> Result<(), Stop> {
    let path = format!("{}/9c1185a5-5de9-619c-b372-000000000000", session.users());
    session.patch(&path, vec![operation("replace", "title", json!("x"))]).await?.error(404, &[]).map(drop)
}
