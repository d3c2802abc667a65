//! Addresses: their form, whose they are, and what happens when somebody gets one.
//!
//! An address belongs to at most one living user or group. An outside member of a group is an address that nobody here
//! bears; as soon as somebody does, the membership becomes theirs.

use crate::{Store, StoreError};
use provost_core::directory::valid_email;
use provost_core::ids::{GroupId, UserId};
use provost_db::{Batch, Query, Value, list};

/// Who bears an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bearer {
    /// A living user.
    User(UserId),
    /// A living group.
    Group(GroupId),
}

/// The address in lower case, without white space around it.
pub(crate) fn normalized(email: &str) -> Result<String, StoreError> {
    let email = email.trim().to_lowercase();
    if valid_email(&email) {
        Ok(email)
    } else {
        let shown: String = email.chars().take(100).collect();
        Err(StoreError::Invalid(format!("\"{shown}\" is not an e-mail address: it needs the form name@domain.example")))
    }
}

/// Who bears `email` now. Deleted users and groups bear none.
pub(crate) async fn bearer(store: &Store, email: &str) -> Result<Option<Bearer>, StoreError> {
    let sql = "SELECT CAST(0 AS BIGINT), id FROM directory_user WHERE primary_email = $1 AND deleted_since IS NULL \
               UNION ALL SELECT CAST(1 AS BIGINT), id FROM directory_group WHERE email = $1 AND deleted_since IS NULL";
    let rows = store.db.read(Query::new(sql, [email.into()])).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let id: i64 = row.get(1)?;
    Ok(Some(if row.get::<bool>(0)? { Bearer::Group(GroupId::new(id)) } else { Bearer::User(UserId::new(id)) }))
}

/// Refuses an address that somebody other than `except` bears.
pub(crate) async fn check_free(store: &Store, email: &str, except: Option<Bearer>) -> Result<(), StoreError> {
    match bearer(store, email).await? {
        Some(bearer) if Some(bearer) != except => Err(StoreError::Taken { what: "the address", key: email.to_owned() }),
        Some(_) | None => Ok(()),
    }
}

/// Lets the batch fail when a living group bears one of `emails` by then. (Two users are told apart by the unique key.)
pub(crate) fn expect_no_group(batch: &mut Batch, emails: &[&str]) {
    let sql = format!(
        "UPDATE directory_group SET revision = revision WHERE deleted_since IS NULL AND email IN {}",
        list(1, emails.len())
    );
    batch.expect(0, sql, emails.iter().map(|email| Value::from(*email)));
}

/// Lets the batch fail when a living user bears one of `emails` by then.
pub(crate) fn expect_no_user(batch: &mut Batch, emails: &[&str]) {
    let sql = format!(
        "UPDATE directory_user SET revision = revision WHERE deleted_since IS NULL AND primary_email IN {}",
        list(1, emails.len())
    );
    batch.expect(0, sql, emails.iter().map(|email| Value::from(*email)));
}

/// Turns outside memberships of `emails` into those of the users who bear the addresses now; comes after the statement
/// that gives them the addresses.
pub(crate) fn join_users(batch: &mut Batch, emails: &[&str]) {
    if emails.is_empty() {
        return;
    }
    let params: Vec<Value> = emails.iter().map(|email| Value::from(*email)).collect();
    let emails = list(1, emails.len());
    let joined = format!(
        "INSERT INTO group_member (group_id, member_key, user_id, nested_id, outside_email, role) \
         SELECT m.group_id, 'u:' || CAST(u.id AS TEXT), u.id, CAST(NULL AS BIGINT), CAST(NULL AS TEXT), m.role \
         FROM group_member m JOIN directory_user u ON u.primary_email = m.outside_email AND u.deleted_since IS NULL \
         WHERE m.outside_email IN {emails} ON CONFLICT (group_id, member_key) DO NOTHING"
    );
    batch.run(joined, params.clone());
    batch.run(format!("DELETE FROM group_member WHERE outside_email IN {emails}"), params);
}

/// As [`join_users`], for a group that now bears `email`.
pub(crate) fn join_group(batch: &mut Batch, group: GroupId, email: &str) {
    batch.run(
        "INSERT INTO group_member (group_id, member_key, user_id, nested_id, outside_email, role) \
         SELECT m.group_id, 'g:' || CAST(g.id AS TEXT), CAST(NULL AS BIGINT), g.id, CAST(NULL AS TEXT), m.role \
         FROM group_member m JOIN directory_group g ON g.id = $1 WHERE m.outside_email = $2 \
         ON CONFLICT (group_id, member_key) DO NOTHING",
        [group.get().into(), email.into()],
    );
    batch.run("DELETE FROM group_member WHERE outside_email = $1", [email.into()]);
}
