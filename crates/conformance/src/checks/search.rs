//! Searching with POST (RFC 7644 section 3.4.3).

use crate::answer::{Answer, Stop};
use crate::cast::{Cast, ours};
use crate::requirement::{Need, Requirement, check};
use crate::session::Session;
use crate::values::{LIST, SEARCH, with};
use provost_scim::ScimType::InvalidFilter;
use serde_json::{Value, json};

const FILTER: &[Need] = &[Need::Filter];

#[rustfmt::skip]
pub(super) static REQUIREMENTS: &[Requirement] = &[
    check("search-users", "RFC 7644 3.4.3", "answers POST /Users/.search as it answers the same list", FILTER, |s| Box::pin(users(s))),
    check("search-page", "RFC 7644 3.4.3", "obeys count and startIndex in a search", FILTER, |s| Box::pin(page(s))),
    check("search-attributes", "RFC 7644 3.4.3", "obeys attributes and excludedAttributes in a search, which are lists there", FILTER, |s| Box::pin(attributes(s))),
    check("search-sort", "RFC 7644 3.4.3", "obeys sortBy and sortOrder in a search", &[Need::Filter, Need::Sort], |s| Box::pin(sorted(s))),
    check("search-bad-filter", "RFC 7644 3.12", "refuses a broken filter in a search with invalidFilter", FILTER, |s| Box::pin(bad_filter(s))),
    check("search-root", "RFC 7644 3.4.3", "finds users with POST /.search at the root, or answers 501", FILTER, |s| Box::pin(root(s))),
    check("search-root-types", "RFC 7644 3.4.2.1", "finds users and groups in one search at the root, or answers 501", &[Need::Filter, Need::Groups], |s| Box::pin(root_types(s))),
];

async fn search(session: &Session, path: &str, members: Value) -> Result<Answer, Stop> {
    session.post(path, &with(json!({ "schemas": [SEARCH], "filter": ours(session) }), members)).await
}

async fn in_users(session: &Session, members: Value) -> Result<Answer, Stop> {
    Cast::of(session).await?;
    let answer = search(session, &format!("{}/.search", session.users()), members).await?.is(&[200])?;
    answer.has_schema(LIST)?;
    Ok(answer)
}

async fn users(session: &Session) -> Result<(), Stop> {
    let cast = Cast::of(session).await?;
    let list = in_users(session, json!({})).await?;
    list.has("totalResults", &json!(cast.len()))?;
    list.demand(cast.on_page(&list).len() == cast.len(), "the cast is not whole")
}

async fn page(session: &Session) -> Result<(), Stop> {
    let list = in_users(session, json!({ "count": 2, "startIndex": 4 })).await?;
    list.demand(list.resources().len() == 2, &format!("{} resources", list.resources().len()))?;
    list.has("startIndex", &json!(4))
}

async fn attributes(session: &Session) -> Result<(), Stop> {
    let cast = Cast::of(session).await?;
    let list = in_users(session, json!({ "attributes": ["userName", "title"] })).await?;
    list.demand(list.listed("title").len() == 4 && list.listed("displayName").is_empty(), "other attributes are shown")?;
    let list = in_users(session, json!({ "excludedAttributes": ["displayName"] })).await?;
    list.demand(cast.on_page(&list).len() == cast.len() && list.listed("displayName").is_empty(), "displayName is shown")
}

async fn sorted(session: &Session) -> Result<(), Stop> {
    let cast = Cast::of(session).await?;
    let list = in_users(session, json!({ "sortBy": "userName", "sortOrder": "descending" })).await?;
    list.demand(cast.on_page(&list) == ["eve", "dan", "cyd", "bob", "ada"], &cast.on_page(&list).join(" "))
}

async fn bad_filter(session: &Session) -> Result<(), Stop> {
    let body = json!({ "schemas": [SEARCH], "filter": "userName zz" });
    session.post(&format!("{}/.search", session.users()), &body).await?.error(400, &[InvalidFilter]).map(drop)
}

/// RFC 7644 section 3.4.2.1: a provider may refuse queries over several types.
async fn root(session: &Session) -> Result<(), Stop> {
    let cast = Cast::of(session).await?;
    let list = search(session, "/.search", json!({})).await?;
    if list.status == 501 {
        return Ok(());
    }
    let list = list.is(&[200])?;
    list.demand(cast.on_page(&list).len() == cast.len(), "the cast is not whole")
}

async fn root_types(session: &Session) -> Result<(), Stop> {
    let name = session.name();
    let user = session.create(&crate::values::user_with(&session.name(), json!({ "displayName": name }))).await?;
    let group = session.post(session.groups(), &crate::values::group(&name, &[])).await?.is(&[201])?;
    let body = json!({ "schemas": [SEARCH], "filter": format!("displayName eq \"{name}\"") });
    let list = session.post("/.search", &body).await?;
    if list.status == 501 {
        return Ok(());
    }
    let list = list.is(&[200])?;
    let found = list.listed("id");
    list.demand(found.contains(&user.text("id")?) && found.contains(&group.text("id")?), "one of the two is not found")
}
