//! Groups and their members (RFC 7643 sections 4.1.2 and 4.2, RFC 7644 section 3.5.2).

use crate::answer::{Answer, Stop};
use crate::requirement::{Need, Requirement, check};
use crate::session::{Session, encoded};
use crate::values::{GROUP, group, items, operation, removal, texts};
use provost_scim::ScimType::{InvalidValue, Mutability};
use serde_json::json;

const GROUPS: &[Need] = &[Need::Groups];
const PATCHED: &[Need] = &[Need::Groups, Need::Patch];
const FOLLOWED: &[Need] = &[Need::Groups, Need::Patch, Need::UserAttribute("groups")];

#[rustfmt::skip]
pub(super) static REQUIREMENTS: &[Requirement] = &[
    check("group-create", "RFC 7644 3.3", "creates a group with its members", GROUPS, |s| Box::pin(created(s))),
    check("group-meta", "RFC 7643 3.1", "gives groups their schema, meta.resourceType and location", GROUPS, |s| Box::pin(meta(s))),
    check("group-missing-name", "RFC 7643 4.2", "refuses a group without displayName with invalidValue", GROUPS, |s| Box::pin(no_name(s))),
    check("group-filter", "RFC 7644 3.4.2.2", "finds groups by displayName", &[Need::Groups, Need::Filter], |s| Box::pin(by_name(s))),
    check("group-filter-member", "RFC 7644 3.4.2.2", "finds groups by a member's id", &[Need::Groups, Need::Filter], |s| Box::pin(by_member(s))),
    check("group-put", "RFC 7644 3.5.1", "replaces name and members", GROUPS, |s| Box::pin(put(s))),
    check("group-rename", "RFC 7644 3.5.2.3", "renames with a PATCH and keeps the members", PATCHED, |s| Box::pin(rename(s))),
    check("group-add", "RFC 7644 3.5.2.1", "adds members with a PATCH", PATCHED, |s| Box::pin(add(s))),
    check("group-add-same", "RFC 7644 3.5.2.1", "does not add a member twice", PATCHED, |s| Box::pin(add_same(s))),
    check("group-remove", "RFC 7644 3.5.2.2", "removes one member by a value path", PATCHED, |s| Box::pin(remove(s))),
    check("group-remove-all", "RFC 7644 3.5.2.2", "removes all members", PATCHED, |s| Box::pin(remove_all(s))),
    check("group-replace", "RFC 7644 3.5.2.3", "replaces all members", PATCHED, |s| Box::pin(replace(s))),
    check("group-replace-part", "RFC 7643 4.2", "keeps a member whose other parts are replaced by a value path, or refuses that", PATCHED, |s| Box::pin(replace_part(s))),
    check("group-excluded-members", "RFC 7644 3.9", "leaves members out when they are excluded", GROUPS, |s| Box::pin(excluded(s))),
    check("group-user-groups", "RFC 7643 4.1.2", "shows in a user's groups what it is a member of", FOLLOWED, |s| Box::pin(user_groups(s))),
    check("group-user-groups-left", "RFC 7643 4.1.2", "no longer shows a group that the user has left", FOLLOWED, |s| Box::pin(user_left(s))),
    check("group-user-groups-deleted", "RFC 7643 4.1.2", "no longer shows a group that is deleted", FOLLOWED, |s| Box::pin(group_deleted(s))),
    check("group-user-groups-read-only", "RFC 7643 4.1.2", "refuses to change a user's groups with mutability", FOLLOWED, |s| Box::pin(read_only(s))),
    check("group-user-deleted", "RFC 7644 3.6", "takes a deleted user out of its groups", GROUPS, |s| Box::pin(user_deleted(s))),
    check("group-nested", "RFC 7643 4.2", "takes a group for a member, or refuses it with 400", GROUPS, |s| Box::pin(nested(s))),
];

/// Two users and a group with the first of them: the group's path, and the users' ids.
async fn world(session: &Session) -> Result<(String, String, String), Stop> {
    let first = session.make_user().await?.1.text("id")?.to_owned();
    let second = session.make_user().await?.1.text("id")?.to_owned();
    let made = session.post(session.groups(), &group(&session.name(), &[&first])).await?.is(&[201])?;
    Ok((format!("{}/{}", session.groups(), made.text("id")?), first, second))
}

/// The members are exactly these.
fn are(answer: &Answer, expected: &[&str]) -> Result<(), Stop> {
    let mut found = texts(items(answer.get("members")), "value");
    let mut expected = expected.to_vec();
    found.sort_unstable();
    expected.sort_unstable();
    answer.demand(found == expected, &format!("the members are [{}], not [{}]", found.join(" "), expected.join(" ")))
}

async fn members(session: &Session, path: &str, expected: &[&str]) -> Result<(), Stop> {
    are(&session.get(path).await?.is(&[200])?, expected)
}

async fn created(session: &Session) -> Result<(), Stop> {
    let (path, first, _) = world(session).await?;
    members(session, &path, &[&first]).await
}

async fn meta(session: &Session) -> Result<(), Stop> {
    let (path, _, _) = world(session).await?;
    let read = session.get(&path).await?.is(&[200])?;
    read.has_schema(GROUP)?;
    read.has("meta.resourceType", &json!("Group"))?;
    read.demand(read.text("meta.location")?.ends_with(&path), "meta.location is another one")
}

async fn no_name(session: &Session) -> Result<(), Stop> {
    session.post(session.groups(), &json!({ "schemas": [GROUP] })).await?.error(400, &[InvalidValue]).map(drop)
}

async fn by_name(session: &Session) -> Result<(), Stop> {
    let name = session.name();
    let made = session.post(session.groups(), &group(&name, &[])).await?.is(&[201])?;
    let filter = encoded(&format!("displayName eq \"{name}\""));
    let list = session.get(&format!("{}?filter={filter}", session.groups())).await?.is(&[200])?;
    list.demand(list.listed("id") == [made.text("id")?], "another list than that one group")
}

async fn by_member(session: &Session) -> Result<(), Stop> {
    let (path, first, second) = world(session).await?;
    for (id, found) in [(first, true), (second, false)] {
        let filter = encoded(&format!("members.value eq \"{id}\""));
        let list = session.get(&format!("{}?filter={filter}", session.groups())).await?.is(&[200])?;
        let there = list.listed("id").iter().any(|id| path.ends_with(id));
        list.demand(there == found, if found { "the group is not found" } else { "the group is found by another's id" })?;
    }
    Ok(())
}

async fn put(session: &Session) -> Result<(), Stop> {
    let (path, _, second) = world(session).await?;
    let name = session.name();
    session.put(&path, &group(&name, &[&second])).await?.is(&[200])?;
    let read = session.get(&path).await?.is(&[200])?;
    read.has("displayName", &json!(name))?;
    are(&read, &[&second])
}

async fn rename(session: &Session) -> Result<(), Stop> {
    let (path, first, _) = world(session).await?;
    let name = session.name();
    session.patch(&path, vec![operation("replace", "displayName", json!(name))]).await?.is(&[200, 204])?;
    let read = session.get(&path).await?.is(&[200])?;
    read.has("displayName", &json!(name))?;
    are(&read, &[&first])
}

async fn add(session: &Session) -> Result<(), Stop> {
    let (path, first, second) = world(session).await?;
    session.patch(&path, vec![operation("add", "members", json!([{ "value": second }]))]).await?.is(&[200, 204])?;
    members(session, &path, &[&first, &second]).await
}

async fn add_same(session: &Session) -> Result<(), Stop> {
    let (path, first, _) = world(session).await?;
    session.patch(&path, vec![operation("add", "members", json!([{ "value": first }]))]).await?.is(&[200, 204])?;
    members(session, &path, &[&first]).await
}

async fn remove(session: &Session) -> Result<(), Stop> {
    let (path, first, second) = world(session).await?;
    let change = operation("add", "members", json!([{ "value": second }]));
    session.patch(&path, vec![change]).await?.is(&[200, 204])?;
    session.patch(&path, vec![removal(&format!("members[value eq \"{first}\"]"))]).await?.is(&[200, 204])?;
    members(session, &path, &[&second]).await
}

async fn remove_all(session: &Session) -> Result<(), Stop> {
    let (path, _, _) = world(session).await?;
    session.patch(&path, vec![removal("members")]).await?.is(&[200, 204])?;
    members(session, &path, &[]).await
}

async fn replace(session: &Session) -> Result<(), Stop> {
    let (path, _, second) = world(session).await?;
    session.patch(&path, vec![operation("replace", "members", json!([{ "value": second }]))]).await?.is(&[200, 204])?;
    members(session, &path, &[&second]).await
}

/// The id of a member is immutable, so a value that does not repeat it cannot take it away.
async fn replace_part(session: &Session) -> Result<(), Stop> {
    let (path, first, _) = world(session).await?;
    let change = operation("replace", &format!("members[value eq \"{first}\"]"), json!({ "type": "User" }));
    session.patch(&path, vec![change]).await?.is(&[200, 204, 400])?;
    members(session, &path, &[&first]).await
}

async fn excluded(session: &Session) -> Result<(), Stop> {
    let (path, _, _) = world(session).await?;
    let read = session.get(&format!("{path}?excludedAttributes=members")).await?.is(&[200])?;
    read.text("displayName")?;
    read.lacks("members")
}

/// The ids in a user's groups.
async fn groups_of(session: &Session, user: &str) -> Result<(Answer, Vec<String>), Stop> {
    let read = session.get(&format!("{}/{user}", session.users())).await?.is(&[200])?;
    let found = texts(items(read.get("groups")), "value").into_iter().map(str::to_owned).collect();
    Ok((read, found))
}

async fn user_groups(session: &Session) -> Result<(), Stop> {
    let (path, first, second) = world(session).await?;
    let (read, found) = groups_of(session, &first).await?;
    read.demand(found.len() == 1 && path.ends_with(&found[0]), &format!("groups holds [{}]", found.join(" ")))?;
    let change = operation("add", "members", json!([{ "value": second }]));
    session.patch(&path, vec![change]).await?.is(&[200, 204])?;
    let (read, found) = groups_of(session, &second).await?;
    read.demand(found.len() == 1 && path.ends_with(&found[0]), &format!("groups holds [{}]", found.join(" ")))
}

async fn user_left(session: &Session) -> Result<(), Stop> {
    let (path, first, _) = world(session).await?;
    session.patch(&path, vec![removal(&format!("members[value eq \"{first}\"]"))]).await?.is(&[200, 204])?;
    let (read, found) = groups_of(session, &first).await?;
    read.demand(found.is_empty(), "the group is still shown")
}

async fn group_deleted(session: &Session) -> Result<(), Stop> {
    let (path, first, _) = world(session).await?;
    session.delete(&path).await?.is(&[204])?;
    let (read, found) = groups_of(session, &first).await?;
    read.demand(found.is_empty(), "the group is still shown")
}

async fn read_only(session: &Session) -> Result<(), Stop> {
    let (path, _, second) = world(session).await?;
    let group = path.rsplit('/').next().unwrap_or_default();
    let user = format!("{}/{second}", session.users());
    let change = operation("add", "groups", json!([{ "value": group }]));
    session.patch(&user, vec![change]).await?.error(400, &[Mutability])?;
    let (read, found) = groups_of(session, &second).await?;
    read.demand(found.is_empty(), "the user is in the group now")
}

async fn user_deleted(session: &Session) -> Result<(), Stop> {
    let (path, first, _) = world(session).await?;
    session.delete(&format!("{}/{first}", session.users())).await?.is(&[204])?;
    members(session, &path, &[]).await
}

async fn nested(session: &Session) -> Result<(), Stop> {
    let inner = session.post(session.groups(), &group(&session.name(), &[])).await?.is(&[201])?;
    let id = inner.text("id")?;
    let body = json!({ "schemas": [GROUP], "displayName": session.name(), "members": [{ "value": id, "type": "Group" }] });
    let outer = session.post(session.groups(), &body).await?.is(&[201, 400])?;
    if outer.status == 201 { are(&outer, &[id]) } else { Ok(()) }
}
