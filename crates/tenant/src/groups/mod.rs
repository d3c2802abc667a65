//! The rows of SCIM groups. Members are rows of their own, so that a group of a hundred thousand is not one text and one of
//! them can come or go without the others being looked at.

mod members;
mod write;

pub(crate) use members::{
    GroupOfUser, member_counts, member_counts_at, members_of, of_users, present, users_with_ids, with_ids, with_nested,
};
pub(crate) use write::{Names, change_members, insert_group_with_members, insert_named, remove, replace};

use crate::Tenant;
use crate::find::blocks;
use provost_db::{DbError, Query, Row};
use provost_scim::provider::ResourceKind;
use provost_scim::{Resource, text_key};

const COLUMNS: &str = "position, id, display_name, body, created_at, modified_at, revision";

/// A group as the tenant keeps it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct GroupRecord {
    pub(crate) position: i64,
    pub(crate) id: String,
    /// Unique, ignoring case, where the profile says so.
    pub(crate) display_name: String,
    /// The resource without `id`, `meta` and `members`.
    pub(crate) body: Resource,
    pub(crate) created_at: i64,
    pub(crate) modified_at: i64,
    pub(crate) revision: i64,
}

/// A member, as groups show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MemberRecord {
    pub(crate) kind: ResourceKind,
    /// Among its kind.
    pub(crate) position: i64,
    pub(crate) id: String,
    /// A group's `displayName`.
    pub(crate) user_name: String,
}

/// Members by their positions, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct MemberSet {
    pub(crate) users: Vec<i64>,
    pub(crate) groups: Vec<i64>,
}

impl MemberSet {
    pub(crate) fn of<'a>(members: impl IntoIterator<Item = &'a MemberRecord>) -> Self {
        let mut set = Self::default();
        for member in members {
            set.push(member.kind, member.position);
        }
        set
    }

    pub(crate) fn push(&mut self, kind: ResourceKind, position: i64) {
        match kind {
            ResourceKind::User => self.users.push(position),
            ResourceKind::Group => self.groups.push(position),
        }
    }

    pub(crate) fn count(&self) -> i64 {
        i64::try_from(self.users.len() + self.groups.len()).unwrap_or(i64::MAX)
    }

    /// Each kind with its table.
    fn by_kind(&self) -> [(ResourceKind, &'static str, &[i64]); 2] {
        [(ResourceKind::User, "tenant_user", &self.users), (ResourceKind::Group, "tenant_group", &self.groups)]
    }
}

/// Which groups, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum GroupSelection {
    All,
    /// Whose names hold this text, ignoring case.
    Search(String),
}

/// How many groups there are.
pub(crate) async fn count(tenant: &Tenant) -> Result<u64, DbError> {
    Ok(blocks::totals(&tenant.inner.db, ResourceKind::Group).await?.0)
}

/// How many groups are selected, and the `limit` of them after the first `offset`, oldest first.
pub(crate) async fn page(
    tenant: &Tenant,
    selection: &GroupSelection,
    offset: u64,
    limit: usize,
) -> Result<(u64, Vec<GroupRecord>), DbError> {
    let db = &tenant.inner.db;
    match selection {
        GroupSelection::All => {
            let (total, place) = blocks::place(db, ResourceKind::Group, offset).await?;
            let Some(place) = place else { return Ok((total, Vec::new())) };
            let sql = format!(
                "SELECT {COLUMNS} FROM tenant_group WHERE position >= $1 ORDER BY position LIMIT {limit} OFFSET {}",
                place.skip
            );
            let rows = db.read(Query::new(sql, [place.position.into()])).await?;
            Ok((total, rows.iter().map(group).collect::<Result<_, _>>()?))
        }
        GroupSelection::Search(text) if text.contains('\0') => Ok((0, Vec::new())),
        GroupSelection::Search(text) => {
            let condition = "WHERE display_name_key LIKE $1 ESCAPE '!'";
            let pattern = crate::users::like_pattern(&text_key(text));
            let total = Query::new(format!("SELECT count(*) FROM tenant_group {condition}"), [pattern.as_str().into()]);
            let sql = format!("SELECT {COLUMNS} FROM tenant_group {condition} ORDER BY position LIMIT {limit} OFFSET {offset}");
            let mut answers = db.read_all(vec![total, Query::new(sql, [pattern.into()])]).await?.into_iter();
            let total: i64 = answers.next().unwrap_or_default().first().map_or(Ok(0), |row| row.get(0))?;
            let groups = answers.next().unwrap_or_default().iter().map(group).collect::<Result<_, _>>()?;
            Ok((total.unsigned_abs(), groups))
        }
    }
}

/// The group with this id.
pub(crate) async fn get(tenant: &Tenant, id: &str) -> Result<Option<GroupRecord>, DbError> {
    if id.contains('\0') {
        return Ok(None);
    }
    let sql = format!("SELECT {COLUMNS} FROM tenant_group WHERE id = $1");
    tenant.inner.db.read(Query::new(sql, [id.into()])).await?.first().map(group).transpose()
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
