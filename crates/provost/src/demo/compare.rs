//! The comparison at the end: what the directory's tables say, against what the tenant really lists.
//!
//! Deliberately not made with the code that decides: the tables are read and the vendor's rules are applied here once
//! more, by hand, so that a mistake there is not made here too.

use anyhow::{Context, bail};
use provost_db::{Query, Row};
use provost_platform::Secret;
use provost_store::Store;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

use super::people::{PRIMARY, STAFF, VIP};

/// The tenant's users in one list page.
const PAGE: usize = 100;

/// What was compared.
pub(super) struct Comparison {
    /// Accounts that are as the directory says.
    pub equal: usize,
    /// Differences, each in a sentence; none when the tenant is exact.
    pub differences: Vec<String>,
}

/// Compares the tenant at `endpoint` with the directory's tables.
pub(super) async fn compare(store: &Store, endpoint: &str, token: &Secret) -> anyhow::Result<Comparison> {
    let wanted = wanted(store).await?;
    let listed = listed(endpoint, token).await?;
    let mut comparison = Comparison { equal: 0, differences: Vec::new() };
    for (name, account) in &wanted {
        match listed.get(name) {
            None => comparison.differences.push(format!("{name} is entitled and has no account")),
            Some(found) if found == account => comparison.equal += 1,
            Some(found) => comparison.differences.push(format!("{name} should be {account} and is {found}")),
        }
    }
    for name in listed.keys().filter(|name| !wanted.contains_key(*name)) {
        comparison.differences.push(format!("{name} has an account and is not entitled"));
    }
    Ok(comparison)
}

/// The accounts that should be there, by user name: active users of the primary domain who are in the staff group or in a
/// group in it, and whose org unit is not /Contractors or below, unless they are in the access group.
async fn wanted(store: &Store) -> anyhow::Result<BTreeMap<String, Value>> {
    let queries = vec![
        Query::new("SELECT id, email FROM directory_group WHERE deleted_since IS NULL", []),
        Query::new("SELECT group_id, user_id, nested_id FROM group_member", []),
        Query::new(
            "SELECT u.id, u.primary_email, u.given_name, u.family_name, u.attributes, o.path FROM directory_user u \
             JOIN org_unit o ON o.id = u.org_unit_id \
             WHERE u.suspended_since IS NULL AND u.archived_since IS NULL AND u.deleted_since IS NULL",
            [],
        ),
    ];
    let mut answers = store.db.read_all(queries).await?.into_iter();
    let (groups, members, users) = (answers.next(), answers.next(), answers.next());
    let (groups, members) = (groups.unwrap_or_default(), members.unwrap_or_default());
    let staff = reached(&groups, &members, STAFF)?;
    let vip = reached(&groups, &members, VIP)?;
    let mut wanted = BTreeMap::new();
    for row in users.unwrap_or_default() {
        let (id, email): (i64, String) = (row.get(0)?, row.get(1)?);
        let path: String = row.get(5)?;
        let off = path == "/Contractors" || path.starts_with("/Contractors/");
        if email.ends_with(&format!("@{PRIMARY}")) && staff.contains(&id) && (!off || vip.contains(&id)) {
            wanted.insert(email.clone(), account(&row, id, &email)?);
        }
    }
    Ok(wanted)
}

/// The account of a user as the demonstration's mapping makes it.
fn account(row: &Row, id: i64, email: &str) -> anyhow::Result<Value> {
    let (given, family): (String, String) = (row.get(2)?, row.get(3)?);
    let attributes: Value = serde_json::from_str(&row.get::<String>(4)?).context("a user's attributes are not JSON")?;
    let organization = &attributes["organizations"][0];
    Ok(json!({
        "userName": email,
        "emails": [{ "value": email, "primary": true, "type": "work" }],
        "name": { "givenName": given, "familyName": family },
        "displayName": format!("{given} {family}"),
        "externalId": id.to_string(),
        "title": organization["title"],
        "department": organization["department"],
        "active": true,
    }))
}

/// The ids of the users in a group and in the groups nested in it.
fn reached(groups: &[Row], members: &[Row], address: &str) -> anyhow::Result<BTreeSet<i64>> {
    let mut waiting = Vec::new();
    for group in groups {
        if group.get::<String>(1)? == address {
            waiting.push(group.get::<i64>(0)?);
        }
    }
    let (mut seen, mut users) = (BTreeSet::new(), BTreeSet::new());
    while let Some(group) = waiting.pop() {
        if !seen.insert(group) {
            continue;
        }
        for member in members {
            if member.get::<i64>(0)? == group {
                users.extend(member.get::<Option<i64>>(1)?);
                waiting.extend(member.get::<Option<i64>>(2)?);
            }
        }
    }
    Ok(users)
}

/// What the tenant lists, by user name, with the same fields.
async fn listed(endpoint: &str, token: &Secret) -> anyhow::Result<BTreeMap<String, Value>> {
    let client = super::http_client()?;
    let mut users = BTreeMap::new();
    let mut seen = 0;
    loop {
        let url = format!("{endpoint}/Users?startIndex={}&count={PAGE}", seen + 1);
        let answer = client.get(url).bearer_auth(token.expose()).send().await.context("the tenant does not answer")?;
        let list: Value = answer.json().await.context("the tenant's list is not JSON")?;
        let page = list["Resources"].as_array().cloned().unwrap_or_default();
        if page.is_empty() {
            return Ok(users);
        }
        seen += page.len();
        for user in page {
            let name = user["userName"].as_str().unwrap_or_default().to_owned();
            let enterprise = &user["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"];
            let email = &user["emails"][0];
            let account = json!({
                "userName": user["userName"],
                "emails": [{ "value": email["value"], "primary": email["primary"], "type": email["type"] }],
                "name": { "givenName": user["name"]["givenName"], "familyName": user["name"]["familyName"] },
                "displayName": user["displayName"],
                "externalId": user["externalId"],
                "title": user["title"],
                "department": enterprise["department"],
                "active": user["active"],
            });
            if user["emails"].as_array().map_or(0, Vec::len) != 1 {
                bail!("{name} has more than one address in the tenant");
            }
            if users.insert(name.clone(), account).is_some() {
                bail!("{name} has two accounts in the tenant");
            }
        }
    }
}
