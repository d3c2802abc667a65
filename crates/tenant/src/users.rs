//! The rows of SCIM users: one row per user, its body as JSON beside the columns that are searched. What a request means is
//! decided elsewhere; here it is written, each write expecting the revision that was read.

use crate::Tenant;
use provost_db::{Batch, CommitError, Db, DbError, Query, Row, Value};
use provost_scim::Resource;

const COLUMNS: &str = "position, id, user_name, external_id, active, body, created_at, modified_at, revision";

/// A user as the tenant keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct UserRecord {
    /// The place in lists: later users come later, and keep their place.
    pub position: i64,
    /// The SCIM id, a UUID.
    pub id: String,
    /// As the client wrote it; unique among the living, ignoring case.
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

/// Which users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserSelection {
    /// All living ones.
    All,
    /// With this name, ignoring case.
    UserName(String),
    /// With exactly this external id.
    ExternalId(String),
    /// With exactly this id.
    Id(String),
    /// Whose names or addresses hold this text, ignoring case; for people.
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
            CommitError::Unique { .. } => Self::Duplicate,
            CommitError::Conflict { .. } => Self::Stale,
            error @ CommitError::Db(_) => Self::Commit(error),
        }
    }
}

/// How many users there are, and how many of them are active.
pub async fn count(tenant: &Tenant) -> Result<(u64, u64), DbError> {
    let query =
        Query::new("SELECT count(*), CAST(COALESCE(sum(active), 0) AS BIGINT) FROM tenant_user WHERE deleted_at IS NULL", []);
    let rows = tenant.inner.db.read(query).await?;
    let Some(row) = rows.first() else { return Ok((0, 0)) };
    Ok((row.get::<i64>(0)?.unsigned_abs(), row.get::<i64>(1)?.unsigned_abs()))
}

/// How many users are selected, and the `limit` of them after the first `offset`, oldest first; one snapshot.
pub async fn page(
    tenant: &Tenant,
    selection: &UserSelection,
    offset: u64,
    limit: usize,
) -> Result<(u64, Vec<UserRecord>), DbError> {
    let Some((condition, parameter)) = condition(selection) else { return Ok((0, Vec::new())) };
    let total = Query::new(format!("SELECT count(*) FROM tenant_user WHERE deleted_at IS NULL{condition}"), parameter.clone());
    let offset = i64::try_from(offset).unwrap_or(i64::MAX);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    // The numbers are ours: a parameter's place would depend on the selection.
    let found = Query::new(
        format!(
            "SELECT {COLUMNS} FROM tenant_user WHERE deleted_at IS NULL{condition} ORDER BY position LIMIT {limit} OFFSET {offset}"
        ),
        parameter,
    );
    let mut answers = tenant.inner.db.read_all(vec![total, found]).await?.into_iter();
    let total: i64 = answers.next().unwrap_or_default().first().map_or(Ok(0), |row| row.get(0))?;
    let users = answers.next().unwrap_or_default().iter().map(user).collect::<Result<_, _>>()?;
    Ok((total.unsigned_abs(), users))
}

/// The `limit` living users after this position, oldest first.
pub(crate) async fn after(tenant: &Tenant, position: i64, limit: usize) -> Result<Vec<UserRecord>, DbError> {
    let sql =
        format!("SELECT {COLUMNS} FROM tenant_user WHERE deleted_at IS NULL AND position > $1 ORDER BY position LIMIT {limit}");
    tenant.inner.db.read(Query::new(sql, [position.into()])).await?.iter().map(user).collect()
}

/// The living user with this id.
pub async fn get(tenant: &Tenant, id: &str) -> Result<Option<UserRecord>, DbError> {
    Ok(page(tenant, &UserSelection::Id(id.to_owned()), 0, 1).await?.1.pop())
}

/// Keeps a new user.
pub(crate) async fn insert(db: &Db, user: &UserRecord) -> Result<(), WriteError> {
    let mut batch = Batch::new();
    batch.expect(
        1,
        "INSERT INTO tenant_user (position, id, user_name, user_name_key, external_id, active, search, body, created_at, \
         modified_at, revision) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        [
            user.position.into(),
            user.id.clone().into(),
            user.user_name.clone().into(),
            user.user_name.to_lowercase().into(),
            user.external_id.clone().into(),
            user.active.into(),
            search_text(user).into(),
            body_text(user)?.into(),
            user.created_at.into(),
            user.modified_at.into(),
            user.revision.into(),
        ],
    );
    db.commit(batch).await?;
    Ok(())
}

/// Puts `after` in the place of the row that has `revision`.
pub(crate) async fn replace(db: &Db, revision: i64, after: &UserRecord) -> Result<(), WriteError> {
    let mut batch = Batch::new();
    batch.expect(
        1,
        "UPDATE tenant_user SET user_name = $3, user_name_key = $4, external_id = $5, active = $6, search = $7, body = $8, \
         modified_at = $9, revision = $10 WHERE position = $1 AND revision = $2 AND deleted_at IS NULL",
        [
            after.position.into(),
            revision.into(),
            after.user_name.clone().into(),
            after.user_name.to_lowercase().into(),
            after.external_id.clone().into(),
            after.active.into(),
            search_text(after).into(),
            body_text(after)?.into(),
            after.modified_at.into(),
            after.revision.into(),
        ],
    );
    db.commit(batch).await?;
    Ok(())
}

/// Removes the user, also from groups. With a tombstone, the row stays for nobody to see and the name is free.
pub(crate) async fn remove(db: &Db, user: &UserRecord, tombstone_at: Option<i64>) -> Result<(), WriteError> {
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
    batch.run("DELETE FROM tenant_group_member WHERE user_position = $1", [user.position.into()]);
    db.commit(batch).await?;
    Ok(())
}

/// The SQL of a selection and its parameter; `None` when no user can be meant.
fn condition(selection: &UserSelection) -> Option<(&'static str, Vec<Value>)> {
    let (condition, text) = match selection {
        UserSelection::All => return Some(("", Vec::new())),
        UserSelection::UserName(name) => (" AND user_name_key = $1", name.to_lowercase()),
        UserSelection::ExternalId(id) => (" AND external_id = $1", id.clone()),
        UserSelection::Id(id) => (" AND id = $1", id.clone()),
        UserSelection::Search(text) => (" AND search LIKE $1 ESCAPE '!'", like_pattern(text)),
    };
    // PostgreSQL has no texts with NUL, so none is kept and none is found.
    (!text.contains('\0')).then(|| (condition, vec![text.into()]))
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

fn body_text(user: &UserRecord) -> Result<String, CommitError> {
    serde_json::to_string(&user.body).map_err(|error| CommitError::Db(DbError::Engine(error.to_string())))
}

/// What people search for: names and addresses, in lower case, without what no text column can hold.
fn search_text(user: &UserRecord) -> String {
    let mut parts = vec![user.user_name.as_str()];
    parts.extend(user.external_id.as_deref());
    parts.extend(user.body.get("displayName").and_then(|name| name.as_str()));
    if let Some(name) = user.body.get("name").and_then(|name| name.as_object()) {
        let whole: Vec<&str> = ["givenName", "familyName"].iter().filter_map(|part| name.get(*part)?.as_str()).collect();
        parts.extend(whole);
    }
    if let Some(emails) = user.body.get("emails").and_then(|emails| emails.as_array()) {
        parts.extend(emails.iter().filter_map(|email| email.get("value")?.as_str()));
    }
    parts.join(" ").replace('\0', "").to_lowercase()
}
