//! Which attributes are shown (RFC 7644 sections 3.4.2.5 and 3.9, RFC 7643 section 2.2).

use crate::answer::{Answer, Stop};
use crate::cast::{Cast, list_path};
use crate::requirement::{Need, Requirement, check};
use crate::session::Session;
use crate::values::{ENTERPRISE, USER, items, member, user};
use serde_json::json;

#[rustfmt::skip]
pub(super) static REQUIREMENTS: &[Requirement] = &[
    check("attributes-get", "RFC 7644 3.9", "shows only the attributes asked for, and the id", &[], |s| Box::pin(only(s))),
    check("attributes-several", "RFC 7644 3.9", "takes several attributes, between commas", &[], |s| Box::pin(several(s))),
    check("attributes-sub", "RFC 7644 3.9", "shows only the sub-attribute asked for", &[Need::UserAttribute("name")], |s| Box::pin(sub_attribute(s))),
    check("attributes-values-sub", "RFC 7644 3.9", "shows only the sub-attribute asked for in every value", &[Need::UserAttribute("emails")], |s| Box::pin(values_sub(s))),
    check("attributes-case", "RFC 7643 2.1", "takes names in attributes in any case", &[], |s| Box::pin(any_case(s))),
    check("attributes-list", "RFC 7644 3.4.2.5", "shows only the attributes asked for in a list", &[Need::Filter], |s| Box::pin(in_list(s))),
    check("attributes-create", "RFC 7644 3.9", "shows only the attributes asked for in the answer to a create", &[], |s| Box::pin(on_create(s))),
    check("attributes-extension", "RFC 7644 3.10", "shows an extension's attribute asked for by its URN", &[Need::Enterprise], |s| Box::pin(extension(s))),
    check("attributes-unknown", "RFC 7644 3.9", "does not fail for an attribute that it does not know", &[], |s| Box::pin(unknown(s))),
    check("excluded-get", "RFC 7644 3.9", "leaves out the attributes that are excluded", &[], |s| Box::pin(excluded(s))),
    check("excluded-always", "RFC 7643 2.2", "shows the id even when it is excluded", &[], |s| Box::pin(always(s))),
    check("excluded-sub", "RFC 7644 3.9", "leaves out an excluded sub-attribute, and not its siblings", &[Need::UserAttribute("name")], |s| Box::pin(excluded_sub(s))),
    check("excluded-list", "RFC 7644 3.4.2.5", "leaves out excluded attributes in a list", &[Need::Filter], |s| Box::pin(excluded_in_list(s))),
];

async fn shown(session: &Session, query: &str) -> Result<Answer, Stop> {
    let (path, _) = session.make_user().await?;
    let answer = session.get(&format!("{path}?{query}")).await?.is(&[200])?;
    answer.text("id")?;
    Ok(answer)
}

async fn only(session: &Session) -> Result<(), Stop> {
    let answer = shown(session, "attributes=userName").await?;
    answer.text("userName")?;
    answer.lacks("displayName")?;
    answer.lacks("emails")
}

async fn several(session: &Session) -> Result<(), Stop> {
    let answer = shown(session, "attributes=displayName,title").await?;
    answer.text("displayName")?;
    answer.text("title")?;
    answer.lacks("emails")
}

async fn sub_attribute(session: &Session) -> Result<(), Stop> {
    let answer = shown(session, "attributes=name.givenName").await?;
    answer.text("name.givenName")?;
    answer.lacks("name.familyName")
}

async fn values_sub(session: &Session) -> Result<(), Stop> {
    let answer = shown(session, "attributes=emails.value").await?;
    let emails = items(answer.get("emails"));
    answer.demand(emails.len() == 2, "the values are gone")?;
    let only = emails.iter().all(|email| member(email, "value").is_some() && member(email, "type").is_none());
    answer.demand(only, "a value shows something else")
}

async fn any_case(session: &Session) -> Result<(), Stop> {
    let answer = shown(session, "attributes=DISPLAYNAME").await?;
    answer.text("displayName")?;
    answer.lacks("title")
}

async fn in_list(session: &Session) -> Result<(), Stop> {
    let cast = Cast::of(session).await?;
    let list = session.get(&list_path(session, "&attributes=userName")).await?.is(&[200])?;
    list.demand(cast.on_page(&list).len() == cast.len(), "userName is not shown")?;
    list.demand(list.listed("id").len() == cast.len(), "the id is not shown")?;
    list.demand(list.listed("displayName").is_empty(), "displayName is shown")
}

async fn on_create(session: &Session) -> Result<(), Stop> {
    let path = format!("{}?attributes=userName", session.users());
    let answer = session.post(&path, &user(&session.name())).await?.is(&[201])?;
    answer.text("id")?;
    answer.text("userName")?;
    answer.lacks("displayName")
}

async fn extension(session: &Session) -> Result<(), Stop> {
    let members = json!({ "schemas": [USER, ENTERPRISE], (ENTERPRISE): { "department": "Engines", "division": "D" } });
    let (path, _) = session.make_user_with(members).await?;
    let answer = session.get(&format!("{path}?attributes={ENTERPRISE}:department")).await?.is(&[200])?;
    answer.has(&format!("{ENTERPRISE}/department"), &json!("Engines"))?;
    answer.lacks(&format!("{ENTERPRISE}/division"))?;
    answer.lacks("displayName")
}

async fn unknown(session: &Session) -> Result<(), Stop> {
    shown(session, "attributes=userName,conformanceUnknown").await?.text("userName").map(drop)
}

async fn excluded(session: &Session) -> Result<(), Stop> {
    let answer = shown(session, "excludedAttributes=displayName,emails").await?;
    answer.lacks("displayName")?;
    answer.lacks("emails")?;
    answer.text("title").map(drop)
}

async fn always(session: &Session) -> Result<(), Stop> {
    shown(session, "excludedAttributes=id,displayName").await?.lacks("displayName")
}

async fn excluded_sub(session: &Session) -> Result<(), Stop> {
    let answer = shown(session, "excludedAttributes=name.familyName").await?;
    answer.text("name.givenName")?;
    answer.lacks("name.familyName")
}

async fn excluded_in_list(session: &Session) -> Result<(), Stop> {
    let cast = Cast::of(session).await?;
    let list = session.get(&list_path(session, "&excludedAttributes=displayName")).await?.is(&[200])?;
    list.demand(cast.on_page(&list).len() == cast.len(), "userName is not shown")?;
    list.demand(list.listed("displayName").is_empty(), "displayName is shown")
}
