//! PATCH of attributes with one value (RFC 7644 section 3.5.2).

use crate::answer::Stop;
use crate::requirement::{Need, Requirement, check};
use crate::session::Session;
use crate::values::{ENTERPRISE, USER, operation, removal};
use serde_json::{Value, json};

const PATCH: &[Need] = &[Need::Patch];
const TITLE: &[Need] = &[Need::Patch, Need::UserAttribute("title")];
const NAME: &[Need] = &[Need::Patch, Need::UserAttribute("name")];
const EXTENSION: &[Need] = &[Need::Patch, Need::Enterprise];

#[rustfmt::skip]
pub(super) static REQUIREMENTS: &[Requirement] = &[
    check("patch-answer", "RFC 7644 3.5.2", "answers a PATCH with 200 and the whole resource, or with 204", PATCH, |s| Box::pin(answer(s))),
    check("patch-answer-attributes", "RFC 7644 3.5.2", "answers a PATCH that asks for attributes with 200 and those", PATCH, |s| Box::pin(answer_attributes(s))),
    check("patch-add", "RFC 7644 3.5.2.1", "adds a value where there was none", TITLE, |s| Box::pin(add(s))),
    check("patch-add-replaces", "RFC 7644 3.5.2.1", "replaces an attribute's one value with the added one", TITLE, |s| Box::pin(add_replaces(s))),
    check("patch-add-without-path", "RFC 7644 3.5.2.1", "adds every attribute of a value without path", TITLE, |s| Box::pin(add_without_path(s))),
    check("patch-add-sub-attribute", "RFC 7644 3.5.2.1", "adds a sub-attribute and keeps its siblings", NAME, |s| Box::pin(add_sub_attribute(s))),
    check("patch-add-complex", "RFC 7644 3.5.2.1", "merges a complex value into the one that is there", NAME, |s| Box::pin(add_complex(s))),
    check("patch-replace", "RFC 7644 3.5.2.3", "replaces a value", TITLE, |s| Box::pin(replace(s))),
    check("patch-replace-absent", "RFC 7644 3.5.2.3", "treats a replace where there is no value as an add", TITLE, |s| Box::pin(replace_absent(s))),
    check("patch-replace-without-path", "RFC 7644 3.5.2.3", "replaces the attributes of a value without path, and no others", TITLE, |s| Box::pin(replace_without_path(s))),
    check("patch-replace-sub-attribute", "RFC 7644 3.5.2.3", "replaces a sub-attribute and keeps its siblings", NAME, |s| Box::pin(replace_sub_attribute(s))),
    check("patch-remove", "RFC 7644 3.5.2.2", "removes a value", TITLE, |s| Box::pin(remove(s))),
    check("patch-remove-absent", "RFC 7644 3.5.2.2", "is content when an attribute to remove has no value", TITLE, |s| Box::pin(remove_absent(s))),
    check("patch-remove-sub-attribute", "RFC 7644 3.5.2.2", "removes a sub-attribute and keeps its siblings", NAME, |s| Box::pin(remove_sub_attribute(s))),
    check("patch-active", "RFC 7644 3.5.2.3", "switches active off and on", &[Need::Patch, Need::UserAttribute("active")], |s| Box::pin(active(s))),
    check("patch-user-name", "RFC 7644 3.5.2.3", "changes userName and keeps the id", PATCH, |s| Box::pin(user_name(s))),
    check("patch-in-order", "RFC 7644 3.5.2", "carries operations out in their order", TITLE, |s| Box::pin(in_order(s))),
    check("patch-op-case", "RFC 7643 2.2", "takes op in any case, as texts are compared unless a schema says otherwise", TITLE, |s| Box::pin(op_case(s))),
    check("patch-path-case", "RFC 7643 2.1", "takes the names in a path in any case", NAME, |s| Box::pin(path_case(s))),
    check("patch-path-urn", "RFC 7644 3.10", "takes a path with the URN of the core schema", TITLE, |s| Box::pin(path_urn(s))),
    check("patch-extension", "RFC 7644 3.10", "adds an attribute of an extension by its URN, and names it in schemas", EXTENSION, |s| Box::pin(extension(s))),
    check("patch-extension-without-path", "RFC 7644 3.5.2.1", "adds an extension's attributes from a value without path", EXTENSION, |s| Box::pin(extension_without_path(s))),
    check("patch-extension-remove", "RFC 7644 3.5.2.2", "removes an attribute of an extension", EXTENSION, |s| Box::pin(extension_remove(s))),
    check("patch-modified", "RFC 7644 3.5.2.1", "does not move lastModified on when nothing changes", TITLE, |s| Box::pin(modified(s))),
    check("patch-password-hidden", "RFC 7643 4.1.1", "takes a new password and does not return it", &[Need::Patch, Need::UserAttribute("password")], |s| Box::pin(password(s))),
];

async fn answer(session: &Session) -> Result<(), Stop> {
    let (path, created) = session.make_user().await?;
    let answer = session.patch(&path, vec![operation("replace", "displayName", json!("Augusta"))]).await?.is(&[200, 204])?;
    if answer.status == 204 {
        return answer.demand(answer.is_empty(), "a 204 has a body");
    }
    answer.has("id", &json!(created.text("id")?))?;
    answer.has_schema(USER)?;
    answer.has("displayName", &json!("Augusta"))
}

async fn answer_attributes(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user().await?;
    let asked = format!("{path}?attributes=userName");
    let answer = session.patch(&asked, vec![operation("replace", "displayName", json!("Augusta"))]).await?.is(&[200])?;
    answer.text("userName")?;
    answer.lacks("displayName")
}

async fn add(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user_with(json!({ "title": null })).await?;
    session.patched(&path, vec![operation("add", "title", json!("Duchess"))]).await?.has("title", &json!("Duchess"))
}

async fn add_replaces(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user().await?;
    session.patched(&path, vec![operation("add", "title", json!("Duchess"))]).await?.has("title", &json!("Duchess"))
}

async fn add_without_path(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user_with(json!({ "title": null })).await?;
    let value = json!({ "title": "Duchess", "name": { "middleName": "Augusta" } });
    let read = session.patched(&path, vec![json!({ "op": "add", "value": value })]).await?;
    read.has("title", &json!("Duchess"))?;
    read.has("name.middleName", &json!("Augusta"))?;
    read.has("name.givenName", &json!("Ada"))
}

async fn add_sub_attribute(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user().await?;
    let read = session.patched(&path, vec![operation("add", "name.middleName", json!("Augusta"))]).await?;
    read.has("name.middleName", &json!("Augusta"))?;
    read.has("name.familyName", &json!("Lovelace"))
}

async fn add_complex(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user().await?;
    let read = session.patched(&path, vec![operation("add", "name", json!({ "middleName": "Augusta" }))]).await?;
    read.has("name.middleName", &json!("Augusta"))?;
    read.has("name.givenName", &json!("Ada"))
}

async fn replace(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user().await?;
    let read = session.patched(&path, vec![operation("replace", "title", json!("Duchess"))]).await?;
    read.has("title", &json!("Duchess"))?;
    read.has("displayName", &json!("Ada Lovelace"))
}

async fn replace_absent(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user_with(json!({ "title": null })).await?;
    session.patched(&path, vec![operation("replace", "title", json!("Duchess"))]).await?.has("title", &json!("Duchess"))
}

async fn replace_without_path(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user().await?;
    let value = json!({ "title": "Duchess", "displayName": "Augusta" });
    let read = session.patched(&path, vec![json!({ "op": "replace", "value": value })]).await?;
    read.has("title", &json!("Duchess"))?;
    read.has("displayName", &json!("Augusta"))?;
    read.has("name.givenName", &json!("Ada"))
}

async fn replace_sub_attribute(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user().await?;
    let read = session.patched(&path, vec![operation("replace", "name.givenName", json!("Augusta"))]).await?;
    read.has("name.givenName", &json!("Augusta"))?;
    read.has("name.familyName", &json!("Lovelace"))
}

async fn remove(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user().await?;
    let read = session.patched(&path, vec![removal("title")]).await?;
    read.lacks("title")?;
    read.has("displayName", &json!("Ada Lovelace"))
}

async fn remove_absent(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user_with(json!({ "title": null })).await?;
    session.patched(&path, vec![removal("title")]).await?.lacks("title")
}

async fn remove_sub_attribute(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user().await?;
    let read = session.patched(&path, vec![removal("name.familyName")]).await?;
    read.lacks("name.familyName")?;
    read.has("name.givenName", &json!("Ada"))
}

async fn active(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user().await?;
    for active in [false, true] {
        session.patched(&path, vec![operation("replace", "active", json!(active))]).await?.has("active", &json!(active))?;
    }
    Ok(())
}

async fn user_name(session: &Session) -> Result<(), Stop> {
    let (path, created) = session.make_user().await?;
    let name = session.name();
    let read = session.patched(&path, vec![operation("replace", "userName", json!(name))]).await?;
    read.has("userName", &json!(name))?;
    read.has("id", created.get("id").unwrap_or(&Value::Null))
}

async fn in_order(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user().await?;
    let operations = vec![
        removal("title"),
        operation("add", "title", json!("First")),
        operation("replace", "title", json!("Second")),
        operation("add", "displayName", json!("Augusta")),
    ];
    let read = session.patched(&path, operations).await?;
    read.has("title", &json!("Second"))?;
    read.has("displayName", &json!("Augusta"))
}

async fn op_case(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user().await?;
    let read = session.patched(&path, vec![operation("Replace", "title", json!("Duchess")), removal_in_capitals()]).await?;
    read.has("title", &json!("Duchess"))?;
    read.lacks("displayName")
}

fn removal_in_capitals() -> Value {
    json!({ "op": "REMOVE", "path": "displayName" })
}

async fn path_case(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user().await?;
    let read = session.patched(&path, vec![operation("replace", "NAME.givenname", json!("Augusta"))]).await?;
    read.has("name.givenName", &json!("Augusta"))
}

async fn path_urn(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user().await?;
    let read = session.patched(&path, vec![operation("replace", &format!("{USER}:title"), json!("Duchess"))]).await?;
    read.has("title", &json!("Duchess"))
}

async fn extension(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user().await?;
    let read = session.patched(&path, vec![operation("add", &format!("{ENTERPRISE}:department"), json!("Engines"))]).await?;
    read.has(&format!("{ENTERPRISE}/department"), &json!("Engines"))?;
    read.has_schema(ENTERPRISE)
}

async fn extension_without_path(session: &Session) -> Result<(), Stop> {
    let (path, _) = session.make_user().await?;
    let value = json!({ (ENTERPRISE): { "department": "Engines" } });
    let read = session.patched(&path, vec![json!({ "op": "add", "value": value })]).await?;
    read.has(&format!("{ENTERPRISE}/department"), &json!("Engines"))
}

async fn extension_remove(session: &Session) -> Result<(), Stop> {
    let members = json!({ "schemas": [USER, ENTERPRISE], (ENTERPRISE): { "department": "Engines", "division": "D" } });
    let (path, _) = session.make_user_with(members).await?;
    let read = session.patched(&path, vec![removal(&format!("{ENTERPRISE}:department"))]).await?;
    read.lacks(&format!("{ENTERPRISE}/department"))?;
    read.has(&format!("{ENTERPRISE}/division"), &json!("D"))
}

async fn modified(session: &Session) -> Result<(), Stop> {
    let (path, created) = session.make_user().await?;
    let read = session.patched(&path, vec![operation("add", "title", json!("Countess"))]).await?;
    read.has("meta.lastModified", &json!(created.text("meta.lastModified")?))
}

async fn password(session: &Session) -> Result<(), Stop> {
    let secret = "Conformance-4-secret-Phrase!";
    let (path, _) = session.make_user().await?;
    let answer = session.patch(&path, vec![operation("replace", "password", json!(secret))]).await?.is(&[200, 204])?;
    let read = session.get(&path).await?;
    answer.demand(!answer.contains(secret) && !read.contains(secret), "the password is returned")
}
