//! The rows of SCIM users: one row per user, its body as JSON beside the columns that are searched. What a request means is
//! decided elsewhere; here it is written, each write expecting the revision that was read.

mod write;

pub(crate) use write::{insert, insert_many, leave_groups, remove, replace};

use crate::Tenant;
use crate::find::{blocks, code};
use provost_db::{CommitError, DbError, Query, Row};
use provost_scim::Resource;
use provost_scim::provider::ResourceKind;

const COLUMNS: &str = "position, id, user_name, external_id, active, body, created_at, modified_at, revision";

/// A user as the tenant keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct UserRecord {
    /// The place in lists: later users come later, and keep their place.
    pub position: i64,
    /// The SCIM id, a UUID.
    pub id: String,
    /// As the client wrote it; unique among the living, compared as user names are.
    pub user_name: String,
    /// Not unique.
    pub external_id: Option<String>,
    /// Whether the user may work.
    pub active: bool,
    /// The resource without `id` and `meta`.
    pub body: Resource,
    /// Microseconds since 1970.
    pub created_at: i64,
    /// Microseconds since 1970.
    pub modified_at: i64,
    /// Counts the changes, from 1.
    pub revision: i64,
}

/// Which users, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserSelection {
    /// All living ones.
    All,
    /// Whose names or addresses hold this text, ignoring case.
    Search(String),
}

/// A write that was not kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    /// The name is another's.
    #[error("the name is in use")]
    Duplicate,
    /// The row has changed since it was read.
    #[error("the row has changed since it was read")]
    Stale,
    /// Anything else.
    #[error(transparent)]
    Commit(CommitError),
}

impl From<CommitError> for WriteError {
    fn from(error: CommitError) -> Self {
        match error {
            // Nothing was expected where a name may not be another's.
            CommitError::Unique { .. } | CommitError::Conflict { expected: 0, .. } => Self::Duplicate,
            CommitError::Conflict { .. } => Self::Stale,
            error @ CommitError::Db(_) => Self::Commit(error),
        }
    }
}

/// How many users there are, and how many of them are active.
pub async fn count(tenant: &Tenant) -> Result<(u64, u64), DbError> {
    blocks::totals(&tenant.inner.db, ResourceKind::User).await
}

/// How many users are selected, and the `limit` of them after the first `offset`, oldest first.
pub async fn page(
    tenant: &Tenant,
    selection: &UserSelection,
    offset: u64,
    limit: usize,
) -> Result<(u64, Vec<UserRecord>), DbError> {
    let db = &tenant.inner.db;
    match selection {
        UserSelection::All => {
            let (total, place) = blocks::place(db, ResourceKind::User, offset).await?;
            let Some(place) = place else { return Ok((total, Vec::new())) };
            let sql = format!(
                "SELECT {COLUMNS} FROM tenant_user WHERE deleted_at IS NULL AND position >= $1 ORDER BY position \
                 LIMIT {limit} OFFSET {}",
                place.skip
            );
            let rows = db.read(Query::new(sql, [place.position.into()])).await?;
            Ok((total, rows.iter().map(user).collect::<Result<_, _>>()?))
        }
        // PostgreSQL has no texts with NUL, so none is kept and none is found.
        UserSelection::Search(text) if text.contains('\0') => Ok((0, Vec::new())),
        UserSelection::Search(text) => {
            let condition = "WHERE deleted_at IS NULL AND search LIKE $1 ESCAPE '!'";
            let pattern = like_pattern(text);
            let total = Query::new(format!("SELECT count(*) FROM tenant_user {condition}"), [pattern.as_str().into()]);
            let sql = format!("SELECT {COLUMNS} FROM tenant_user {condition} ORDER BY position LIMIT {limit} OFFSET {offset}");
            let mut answers = db.read_all(vec![total, Query::new(sql, [pattern.into()])]).await?.into_iter();
            let total: i64 = answers.next().unwrap_or_default().first().map_or(Ok(0), |row| row.get(0))?;
            let users = answers.next().unwrap_or_default().iter().map(user).collect::<Result<_, _>>()?;
            Ok((total.unsigned_abs(), users))
        }
    }
}

/// The `limit` living users after this position, oldest first.
pub(crate) async fn after(tenant: &Tenant, position: i64, limit: usize) -> Result<Vec<UserRecord>, DbError> {
    let sql =
        format!("SELECT {COLUMNS} FROM tenant_user WHERE deleted_at IS NULL AND position > $1 ORDER BY position LIMIT {limit}");
    tenant.inner.db.read(Query::new(sql, [position.into()])).await?.iter().map(user).collect()
}

/// The living user with this id.
pub async fn get(tenant: &Tenant, id: &str) -> Result<Option<UserRecord>, DbError> {
    with_id(tenant, id, COLUMNS).await?.as_ref().map(user).transpose()
}

/// The same, and whether the user is in any group.
pub(crate) async fn get_with_groups(tenant: &Tenant, id: &str) -> Result<Option<(UserRecord, bool)>, DbError> {
    let columns = format!(
        "{COLUMNS}, EXISTS (SELECT 1 FROM tenant_group_member m WHERE m.member_kind = {} AND m.member_position = position)",
        code(ResourceKind::User)
    );
    with_id(tenant, id, &columns).await?.map(|row| Ok((user(&row)?, row.get(9)?))).transpose()
}

async fn with_id(tenant: &Tenant, id: &str, columns: &str) -> Result<Option<Row>, DbError> {
    if id.contains('\0') {
        return Ok(None);
    }
    let sql = format!("SELECT {columns} FROM tenant_user WHERE id = $1 AND deleted_at IS NULL");
    Ok(tenant.inner.db.read(Query::new(sql, [id.into()])).await?.into_iter().next())
}

/// A LIKE pattern for "holds this text".
pub(crate) fn like_pattern(text: &str) -> String {
    let escaped = text.trim().to_lowercase().replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{escaped}%")
}

fn user(row: &Row) -> Result<UserRecord, DbError> {
    let body: String = row.get(5)?;
    Ok(UserRecord {
        position: row.get(0)?,
        id: row.get(1)?,
        user_name: row.get(2)?,
        external_id: row.get(3)?,
        active: row.get(4)?,
        body: serde_json::from_str(&body).map_err(|error| DbError::Engine(format!("a user's body is not readable: {error}")))?,
        created_at: row.get(6)?,
        modified_at: row.get(7)?,
        revision: row.get(8)?,
    })
}
