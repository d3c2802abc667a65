//! Writing groups: each write keeps the side columns, the members and the counts, and expects the revision that was read.

use super::{GroupRecord, MemberSet};
use crate::find::blocks::{self, Change};
use crate::find::{code, keys};
use crate::users::{WriteError, leave_groups};
use provost_db::{Batch, CommitError, Db, DbError, Value, list};
use provost_scim::provider::ResourceKind;

/// Rows in one statement.
const CHUNK: usize = 400;

/// Whether two groups may have one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    Free,
    /// Case does not count.
    Unique,
}

/// Keeps a new group whose members are the users at these positions, each once, in the batch that the caller commits; whoever calls
/// has looked at its name.
pub(crate) fn insert_group_with_members(batch: &mut Batch, group: &GroupRecord, members: &[i64]) -> Result<(), CommitError> {
    insert_with(batch, group, &MemberSet { users: members.to_vec(), groups: Vec::new() }, Names::Free)
}

/// Keeps a new group with users and groups as members.
pub(crate) async fn insert_named(db: &Db, group: &GroupRecord, members: &MemberSet, names: Names) -> Result<(), WriteError> {
    let mut batch = Batch::new();
    claim_name(&mut batch, group, names);
    insert_with(&mut batch, group, members, names)?;
    db.commit(batch).await?;
    Ok(())
}

fn insert_with(batch: &mut Batch, group: &GroupRecord, members: &MemberSet, names: Names) -> Result<(), CommitError> {
    batch.expect(
        1,
        "INSERT INTO tenant_group (position, id, display_name, display_name_key, external_id_key, body, created_at, modified_at, \
         revision, member_count, claimed_name) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        [
            group.position.into(),
            group.id.clone().into(),
            group.display_name.clone().into(),
            keys::folded(&group.display_name).into(),
            keys::exact_or_absent(keys::text(&group.body, "externalId")).into(),
            body_text(group)?.into(),
            group.created_at.into(),
            group.modified_at.into(),
            group.revision.into(),
            members.count().into(),
            claimed_name(group, names).into(),
        ],
    );
    add_members(batch, group.position, members);
    blocks::note(batch, ResourceKind::Group, [Change { position: group.position, resources: 1, active: 0 }]);
    Ok(())
}

/// Puts `after` in the place of `before`, whose revision the row must have, adding and removing members.
pub(crate) async fn replace(
    db: &Db,
    before: &GroupRecord,
    after: &GroupRecord,
    (added, removed): (&MemberSet, &MemberSet),
    names: Names,
) -> Result<(), WriteError> {
    let mut batch = Batch::new();
    let mut values: Vec<Value> = vec![
        after.position.into(),
        before.revision.into(),
        after.display_name.clone().into(),
        keys::folded(&after.display_name).into(),
        keys::exact_or_absent(keys::text(&after.body, "externalId")).into(),
        body_text(after)?.into(),
        after.modified_at.into(),
        after.revision.into(),
        (added.count() - removed.count()).into(),
    ];
    // A name that stays is not claimed anew: whoever has had it may keep it.
    let claim = if keys::folded(&after.display_name) == keys::folded(&before.display_name) {
        ""
    } else {
        claim_name(&mut batch, after, names);
        values.push(claimed_name(after, names).into());
        ", claimed_name = $10"
    };
    let sql = format!(
        "UPDATE tenant_group SET display_name = $3, display_name_key = $4, external_id_key = $5, body = $6, modified_at = $7, \
         revision = $8, member_count = member_count + $9{claim} WHERE position = $1 AND revision = $2"
    );
    batch.expect(1, sql, values);
    remove_members(&mut batch, after.position, removed);
    add_members(&mut batch, after.position, added);
    db.commit(batch).await?;
    Ok(())
}

/// Adds and removes members and nothing else, at the revision before that of `after`: its cost follows from how many change,
/// not from how many there are.
pub(crate) async fn change_members(
    db: &Db,
    after: &GroupRecord,
    added: &MemberSet,
    removed: &MemberSet,
) -> Result<(), WriteError> {
    let mut batch = Batch::new();
    batch.expect(
        1,
        "UPDATE tenant_group SET modified_at = $3, revision = $2, member_count = member_count + $4 \
         WHERE position = $1 AND revision = $2 - 1",
        [after.position.into(), after.revision.into(), after.modified_at.into(), (added.count() - removed.count()).into()],
    );
    remove_members(&mut batch, after.position, removed);
    add_members(&mut batch, after.position, added);
    db.commit(batch).await?;
    Ok(())
}

/// Removes a group, also from the groups that it is in; its members stay.
pub(crate) async fn remove(db: &Db, group: &GroupRecord, now: i64) -> Result<(), WriteError> {
    let mut batch = Batch::new();
    batch.expect(
        1,
        "DELETE FROM tenant_group WHERE position = $1 AND revision = $2",
        [group.position.into(), group.revision.into()],
    );
    batch.run("DELETE FROM tenant_group_member WHERE group_position = $1", [group.position.into()]);
    leave_groups(&mut batch, ResourceKind::Group, group.position, now);
    blocks::note(&mut batch, ResourceKind::Group, [Change { position: group.position, resources: -1, active: 0 }]);
    db.commit(batch).await?;
    Ok(())
}

/// What a unique index keeps, so that of two nodes that look at the same moment only one takes the name.
fn claimed_name(group: &GroupRecord, names: Names) -> Option<String> {
    match names {
        Names::Free => None,
        Names::Unique => Some(keys::folded(&group.display_name)),
    }
}

/// Refuses the batch when another group has the name, also one that was imported and claims none: an expectation of nothing (see
/// [`WriteError::Duplicate`]).
fn claim_name(batch: &mut Batch, group: &GroupRecord, names: Names) {
    match names {
        Names::Free => {}
        Names::Unique => {
            let key = [keys::folded(&group.display_name).into(), group.position.into()];
            let sql = "UPDATE tenant_group SET revision = revision WHERE display_name_key = $1 AND position <> $2";
            batch.expect(0, sql, key);
        }
    }
}

/// Whoever has gone in the meantime is passed over.
fn add_members(batch: &mut Batch, group_position: i64, members: &MemberSet) {
    for (kind, table, positions) in members.by_kind() {
        for chunk in positions.chunks(CHUNK) {
            let living = match kind {
                ResourceKind::User => " AND deleted_at IS NULL",
                ResourceKind::Group => "",
            };
            let sql = format!(
                "INSERT INTO tenant_group_member (group_position, member_kind, member_position) \
                 SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT), position FROM {table} WHERE position IN {}{living} \
                 ON CONFLICT (group_position, member_kind, member_position) DO NOTHING",
                list(3, chunk.len())
            );
            batch.expect(chunk.len() as u64, sql, key_and(group_position, kind, chunk));
        }
    }
}

fn remove_members(batch: &mut Batch, group_position: i64, members: &MemberSet) {
    for (kind, _, positions) in members.by_kind() {
        for chunk in positions.chunks(CHUNK) {
            let sql = format!(
                "DELETE FROM tenant_group_member WHERE group_position = $1 AND member_kind = $2 AND member_position IN {}",
                list(3, chunk.len())
            );
            batch.expect(chunk.len() as u64, sql, key_and(group_position, kind, chunk));
        }
    }
}

fn key_and(group_position: i64, kind: ResourceKind, positions: &[i64]) -> Vec<Value> {
    [group_position, code(kind)].iter().chain(positions).map(|&number| number.into()).collect()
}

fn body_text(group: &GroupRecord) -> Result<String, CommitError> {
    serde_json::to_string(&group.body).map_err(|error| CommitError::Db(DbError::Engine(error.to_string())))
}
