//! The rows of SCIM groups. Members are rows of their own, so that a group of a hundred thousand is not one text; they are
//! users only: nested groups are not supported.

use crate::Tenant;
use crate::users::WriteError;
use provost_db::{Batch, CommitError, Db, DbError, Query, Row, Value, list, rows};
use provost_scim::Resource;

const COLUMNS: &str = "position, id, display_name, body, created_at, modified_at, revision";
/// Rows in one statement, and look-ups in one query.
const CHUNK: usize = 400;

/// A group as the tenant keeps it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct GroupRecord {
    pub(crate) position: i64,
    pub(crate) id: String,
    /// Unique, ignoring case.
    pub(crate) display_name: String,
    /// The resource without `id`, `meta` and `members`.
    pub(crate) body: Resource,
    pub(crate) created_at: i64,
    pub(crate) modified_at: i64,
    pub(crate) revision: i64,
}

/// A member, as groups show it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct MemberRecord {
    pub(crate) position: i64,
    pub(crate) id: String,
    pub(crate) user_name: String,
}

/// Which groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum GroupSelection {
    All,
    DisplayName(String),
    Id(String),
    Search(String),
}

/// How many groups there are.
pub(crate) async fn count(tenant: &Tenant) -> Result<u64, DbError> {
    let rows = tenant.inner.db.read(Query::new("SELECT count(*) FROM tenant_group", [])).await?;
    Ok(rows.first().map_or(Ok(0), |row| row.get::<i64>(0))?.unsigned_abs())
}

/// How many groups are selected, and the `limit` of them after the first `offset`, oldest first; one snapshot.
pub(crate) async fn page(
    tenant: &Tenant,
    selection: &GroupSelection,
    offset: u64,
    limit: usize,
) -> Result<(u64, Vec<GroupRecord>), DbError> {
    let (condition, parameter): (&str, Vec<Value>) = match selection {
        GroupSelection::All => ("", Vec::new()),
        GroupSelection::DisplayName(name) if !name.contains('\0') => {
            (" WHERE display_name_key = $1", vec![name.to_lowercase().into()])
        }
        GroupSelection::Id(id) if !id.contains('\0') => (" WHERE id = $1", vec![id.as_str().into()]),
        GroupSelection::Search(text) if !text.contains('\0') => {
            (" WHERE display_name_key LIKE $1 ESCAPE '!'", vec![crate::users::like_pattern(text).into()])
        }
        GroupSelection::DisplayName(_) | GroupSelection::Id(_) | GroupSelection::Search(_) => return Ok((0, Vec::new())),
    };
    let offset = i64::try_from(offset).unwrap_or(i64::MAX);
    let total = Query::new(format!("SELECT count(*) FROM tenant_group{condition}"), parameter.clone());
    let found = Query::new(
        format!("SELECT {COLUMNS} FROM tenant_group{condition} ORDER BY position LIMIT {limit} OFFSET {offset}"),
        parameter,
    );
    let mut answers = tenant.inner.db.read_all(vec![total, found]).await?.into_iter();
    let total: i64 = answers.next().unwrap_or_default().first().map_or(Ok(0), |row| row.get(0))?;
    let groups = answers.next().unwrap_or_default().iter().map(group).collect::<Result<_, _>>()?;
    Ok((total.unsigned_abs(), groups))
}

/// The group with this id.
pub(crate) async fn get(tenant: &Tenant, id: &str) -> Result<Option<GroupRecord>, DbError> {
    Ok(page(tenant, &GroupSelection::Id(id.to_owned()), 0, 1).await?.1.pop())
}

/// The members of a group, oldest user first.
pub(crate) async fn members(db: &Db, group_position: i64) -> Result<Vec<MemberRecord>, DbError> {
    let query = Query::new(
        "SELECT u.position, u.id, u.user_name FROM tenant_group_member m JOIN tenant_user u ON u.position = m.user_position \
         WHERE m.group_position = $1 AND u.deleted_at IS NULL ORDER BY u.position",
        [group_position.into()],
    );
    db.read(query).await?.iter().map(member).collect()
}

/// Id and name of the groups that a user is in, oldest group first.
pub(crate) async fn of_user(db: &Db, user_position: i64) -> Result<Vec<(String, String)>, DbError> {
    let query = Query::new(
        "SELECT g.id, g.display_name FROM tenant_group_member m JOIN tenant_group g ON g.position = m.group_position \
         WHERE m.user_position = $1 ORDER BY g.position",
        [user_position.into()],
    );
    db.read(query).await?.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// How many members each of these groups has, in their order.
pub(crate) async fn member_counts(db: &Db, groups: &[GroupRecord]) -> Result<Vec<u64>, DbError> {
    let queries = groups
        .iter()
        .map(|group| Query::new("SELECT count(*) FROM tenant_group_member WHERE group_position = $1", [group.position.into()]));
    let answers = db.read_all(queries.collect()).await?;
    answers.iter().map(|rows| Ok(rows.first().map_or(Ok(0), |row| row.get::<i64>(0))?.unsigned_abs())).collect()
}

/// The living users with these ids; those that are not there are missing from the answer.
pub(crate) async fn users_with_ids(db: &Db, ids: &[String]) -> Result<Vec<MemberRecord>, DbError> {
    let mut found = Vec::with_capacity(ids.len());
    let known: Vec<&String> = ids.iter().filter(|id| !id.contains('\0')).collect();
    for chunk in known.chunks(CHUNK) {
        let sql = format!(
            "SELECT position, id, user_name FROM tenant_user WHERE deleted_at IS NULL AND id IN {}",
            list(1, chunk.len())
        );
        let rows = db.read(Query::new(sql, chunk.iter().map(|id| Value::from(id.as_str())))).await?;
        for row in &rows {
            found.push(member(row)?);
        }
    }
    Ok(found)
}

/// Keeps a new group with its members.
pub(crate) async fn insert(db: &Db, group: &GroupRecord, members: &[i64]) -> Result<(), WriteError> {
    let mut batch = Batch::new();
    batch.expect(
        1,
        "INSERT INTO tenant_group (position, id, display_name, display_name_key, body, created_at, modified_at, revision) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        [
            group.position.into(),
            group.id.clone().into(),
            group.display_name.clone().into(),
            group.display_name.to_lowercase().into(),
            body_text(group)?.into(),
            group.created_at.into(),
            group.modified_at.into(),
            group.revision.into(),
        ],
    );
    add_members(&mut batch, group.position, members);
    db.commit(batch).await?;
    Ok(())
}

/// Puts `after` in the place of the row that has `revision`, adding and removing members.
pub(crate) async fn replace(
    db: &Db,
    revision: i64,
    after: &GroupRecord,
    added: &[i64],
    removed: &[i64],
) -> Result<(), WriteError> {
    let mut batch = Batch::new();
    batch.expect(
        1,
        "UPDATE tenant_group SET display_name = $3, display_name_key = $4, body = $5, modified_at = $6, revision = $7 \
         WHERE position = $1 AND revision = $2",
        [
            after.position.into(),
            revision.into(),
            after.display_name.clone().into(),
            after.display_name.to_lowercase().into(),
            body_text(after)?.into(),
            after.modified_at.into(),
            after.revision.into(),
        ],
    );
    for chunk in removed.chunks(CHUNK) {
        let sql =
            format!("DELETE FROM tenant_group_member WHERE group_position = $1 AND user_position IN {}", list(2, chunk.len()));
        batch.run(sql, std::iter::once(after.position.into()).chain(chunk.iter().map(|&position| position.into())));
    }
    add_members(&mut batch, after.position, added);
    db.commit(batch).await?;
    Ok(())
}

/// Removes a group; its members stay users.
pub(crate) async fn remove(db: &Db, group: &GroupRecord) -> Result<(), WriteError> {
    let mut batch = Batch::new();
    batch.expect(
        1,
        "DELETE FROM tenant_group WHERE position = $1 AND revision = $2",
        [group.position.into(), group.revision.into()],
    );
    batch.run("DELETE FROM tenant_group_member WHERE group_position = $1", [group.position.into()]);
    db.commit(batch).await?;
    Ok(())
}

fn add_members(batch: &mut Batch, group_position: i64, members: &[i64]) {
    for chunk in members.chunks(CHUNK) {
        let sql = format!(
            "INSERT INTO tenant_group_member (group_position, user_position) VALUES {} ON CONFLICT (group_position, user_position) DO NOTHING",
            rows(chunk.len(), 2)
        );
        batch.run(sql, chunk.iter().flat_map(|&position| [group_position.into(), position.into()]));
    }
}

fn group(row: &Row) -> Result<GroupRecord, DbError> {
    let body: String = row.get(3)?;
    Ok(GroupRecord {
        position: row.get(0)?,
        id: row.get(1)?,
        display_name: row.get(2)?,
        body: serde_json::from_str(&body).map_err(|error| DbError::Engine(format!("a group's body is not readable: {error}")))?,
        created_at: row.get(4)?,
        modified_at: row.get(5)?,
        revision: row.get(6)?,
    })
}

fn member(row: &Row) -> Result<MemberRecord, DbError> {
    Ok(MemberRecord { position: row.get(0)?, id: row.get(1)?, user_name: row.get(2)? })
}

fn body_text(group: &GroupRecord) -> Result<String, CommitError> {
    serde_json::to_string(&group.body).map_err(|error| CommitError::Db(DbError::Engine(error.to_string())))
}
