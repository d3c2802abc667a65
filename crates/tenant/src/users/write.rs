//! Writing users: each write keeps the side columns, the addresses and the counts, and expects the revision that was read.

use super::{UserRecord, WriteError};
use crate::find::blocks::{self, Change};
use crate::find::{code, keys};
use provost_db::{Batch, CommitError, Db, DbError, Expect, Query, Value, rows};
use provost_scim::provider::ResourceKind;
use std::collections::BTreeSet;

/// Rows in one statement.
const CHUNK: usize = 400;
const COLUMNS: &str = "position, id, user_name, user_name_key, external_id, external_id_key, display_name_key, active, search, \
                       body, created_at, modified_at, revision";
const COLUMNS_COUNT: usize = 13;

/// Keeps a new user.
pub(crate) async fn insert(db: &Db, user: &UserRecord) -> Result<(), WriteError> {
    let mut batch = Batch::new();
    insert_many(&mut batch, std::slice::from_ref(user))?;
    db.commit(batch).await?;
    Ok(())
}

/// Keeps new users, in the batch that the caller commits.
pub(crate) fn insert_many(batch: &mut Batch, users: &[UserRecord]) -> Result<(), CommitError> {
    for chunk in users.chunks(CHUNK) {
        let mut values = Vec::with_capacity(chunk.len() * COLUMNS_COUNT);
        for user in chunk {
            values.extend(row(user)?);
        }
        let sql = format!("INSERT INTO tenant_user ({COLUMNS}) VALUES {}", rows(chunk.len(), COLUMNS_COUNT));
        batch.expect(chunk.len() as u64, sql, values);
    }
    let addresses: Vec<(String, i64)> =
        users.iter().flat_map(|user| keys::emails(&user.body).into_iter().map(|address| (address, user.position))).collect();
    add_addresses(batch, &addresses);
    let changes = users.iter().map(|user| Change { position: user.position, resources: 1, active: i64::from(user.active) });
    blocks::note(batch, ResourceKind::User, changes);
    Ok(())
}

fn row(user: &UserRecord) -> Result<[Value; COLUMNS_COUNT], CommitError> {
    Ok([
        user.position.into(),
        user.id.clone().into(),
        user.user_name.clone().into(),
        keys::user_name(&user.user_name).into(),
        user.external_id.clone().into(),
        keys::exact_or_absent(user.external_id.as_deref()).into(),
        keys::folded_or_absent(keys::text(&user.body, "displayName")).into(),
        user.active.into(),
        search_text(user).into(),
        body_text(user)?.into(),
        user.created_at.into(),
        user.modified_at.into(),
        user.revision.into(),
    ])
}

/// Puts `after` in the place of `before`, whose revision the row must have.
pub(crate) async fn replace(db: &Db, before: &UserRecord, after: &UserRecord) -> Result<(), WriteError> {
    let mut batch = Batch::new();
    batch.push(update(before, after)?, Expect::Exactly(1));
    let (old, new) = (keys::emails(&before.body), keys::emails(&after.body));
    remove_addresses(&mut batch, after.position, old.difference(&new));
    let added: Vec<(String, i64)> = new.difference(&old).map(|address| (address.clone(), after.position)).collect();
    add_addresses(&mut batch, &added);
    let active = i64::from(after.active) - i64::from(before.active);
    blocks::note(&mut batch, ResourceKind::User, [Change { position: after.position, resources: 0, active }]);
    db.commit(batch).await?;
    Ok(())
}

/// Sets what differs: a column that is named is taken out of its index and put into it again, whether or not it is the same, and with
/// many users each index is another page to read, to write and to sync.
fn update(before: &UserRecord, after: &UserRecord) -> Result<Query, CommitError> {
    let mut values: Vec<Value> = vec![after.position.into(), before.revision.into()];
    let mut sets = Vec::new();
    let mut set = |column: &str, value: Value| {
        values.push(value);
        sets.push(format!("{column} = ${}", values.len()));
    };
    set("body", body_text(after)?.into());
    set("modified_at", after.modified_at.into());
    set("revision", after.revision.into());
    if after.user_name != before.user_name {
        set("user_name", after.user_name.clone().into());
        set("user_name_key", keys::user_name(&after.user_name).into());
    }
    if after.external_id != before.external_id {
        set("external_id", after.external_id.clone().into());
        set("external_id_key", keys::exact_or_absent(after.external_id.as_deref()).into());
    }
    let display_name = |user: &UserRecord| keys::folded_or_absent(keys::text(&user.body, "displayName"));
    if display_name(after) != display_name(before) {
        set("display_name_key", display_name(after).into());
    }
    if after.active != before.active {
        set("active", after.active.into());
    }
    let search = search_text(after);
    if search != search_text(before) {
        set("search", search.into());
    }
    let sets = sets.join(", ");
    let sql = format!("UPDATE tenant_user SET {sets} WHERE position = $1 AND revision = $2 AND deleted_at IS NULL");
    Ok(Query::new(sql, values))
}

/// Removes the user, also from groups. With a tombstone, the row stays for nobody to see and the name is free.
pub(crate) async fn remove(db: &Db, user: &UserRecord, tombstone_at: Option<i64>, now: i64) -> Result<(), WriteError> {
    let key: [Value; 2] = [user.position.into(), user.revision.into()];
    let mut batch = Batch::new();
    match tombstone_at {
        None => batch.expect(1, "DELETE FROM tenant_user WHERE position = $1 AND revision = $2 AND deleted_at IS NULL", key),
        Some(at) => {
            let parameters = key.into_iter().chain([at.into()]);
            batch.expect(
                1,
                "UPDATE tenant_user SET deleted_at = $3 WHERE position = $1 AND revision = $2 AND deleted_at IS NULL",
                parameters,
            )
        }
    };
    remove_addresses(&mut batch, user.position, &keys::emails(&user.body));
    leave_groups(&mut batch, ResourceKind::User, user.position, now);
    let change = Change { position: user.position, resources: -1, active: -i64::from(user.active) };
    blocks::note(&mut batch, ResourceKind::User, [change]);
    db.commit(batch).await?;
    Ok(())
}

/// Takes a resource that goes out of the groups that it is in; they have changed by that.
pub(crate) fn leave_groups(batch: &mut Batch, kind: ResourceKind, position: i64, now: i64) {
    batch.run(
        "UPDATE tenant_group SET member_count = member_count - 1, revision = revision + 1, modified_at = $3 WHERE position IN \
         (SELECT group_position FROM tenant_group_member WHERE member_kind = $1 AND member_position = $2)",
        [code(kind).into(), position.into(), now.into()],
    );
    batch.run(
        "DELETE FROM tenant_group_member WHERE member_kind = $1 AND member_position = $2",
        [code(kind).into(), position.into()],
    );
}

fn add_addresses(batch: &mut Batch, addresses: &[(String, i64)]) {
    for chunk in addresses.chunks(CHUNK) {
        let sql = format!("INSERT INTO tenant_user_email (address, user_position) VALUES {}", rows(chunk.len(), 2));
        batch.run(sql, chunk.iter().flat_map(|(address, position)| [Value::from(address.as_str()), (*position).into()]));
    }
}

fn remove_addresses<'a>(batch: &mut Batch, position: i64, addresses: impl IntoIterator<Item = &'a String>) {
    for address in addresses {
        let key = [Value::from(address.as_str()), position.into()];
        batch.run("DELETE FROM tenant_user_email WHERE address = $1 AND user_position = $2", key);
    }
}

fn body_text(user: &UserRecord) -> Result<String, CommitError> {
    serde_json::to_string(&user.body).map_err(|error| CommitError::Db(DbError::Engine(error.to_string())))
}

/// What people search for: names and addresses, in lower case, without what no text column can hold.
fn search_text(user: &UserRecord) -> String {
    let mut parts = BTreeSet::from([user.user_name.as_str()]);
    parts.extend(user.external_id.as_deref());
    parts.extend(user.body.get("displayName").and_then(|name| name.as_str()));
    if let Some(name) = user.body.get("name").and_then(|name| name.as_object()) {
        let whole: Vec<&str> = ["givenName", "familyName"].iter().filter_map(|part| name.get(*part)?.as_str()).collect();
        parts.extend(whole);
    }
    if let Some(emails) = user.body.get("emails").and_then(|emails| emails.as_array()) {
        parts.extend(emails.iter().filter_map(|email| email.get("value")?.as_str()));
    }
    parts.into_iter().collect::<Vec<_>>().join(" ").replace('\0', "").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use provost_scim::Resource;
    use serde_json::json;

    fn user(body: &serde_json::Value) -> UserRecord {
        let body: Resource = body.as_object().cloned().expect("an object");
        UserRecord {
            position: 1,
            id: "u".to_owned(),
            user_name: keys::text(&body, "userName").unwrap_or_default().to_owned(),
            external_id: keys::text(&body, "externalId").map(str::to_owned),
            active: body.get("active") != Some(&json!(false)),
            body,
            created_at: 0,
            modified_at: 0,
            revision: 1,
        }
    }

    #[test]
    fn only_the_columns_that_differ_are_set() {
        let before = json!({ "userName": "ada", "displayName": "Ada", "externalId": "7" });
        for (name, value, columns) in [
            ("title", json!("Countess"), ""),
            ("displayName", json!("ADA"), ""),
            ("displayName", json!("Lady Ada"), ", display_name_key, search"),
            ("userName", json!("lovelace"), ", user_name, user_name_key, search"),
            ("userName", json!("Ada"), ", user_name, user_name_key, search"),
            ("externalId", json!("8"), ", external_id, external_id_key, search"),
            ("active", json!(false), ", active"),
            ("emails", json!([{ "value": "ada@example.com" }]), ", search"),
        ] {
            let mut after = before.clone();
            after[name] = value;
            let update = update(&user(&before), &user(&after)).expect("it can be written");
            let (sets, _) = update.sql.trim_start_matches("UPDATE tenant_user SET ").split_once(" WHERE ").expect("a condition");
            let set: Vec<&str> = sets.split(", ").map(|set| set.split(' ').next().unwrap_or_default()).collect();
            assert_eq!(set.join(", "), format!("body, modified_at, revision{columns}"), "{after}");
            assert_eq!(update.params.len(), 2 + set.len(), "{after}");
        }
    }
}
