//! What the tenant holds of the ids and names of a chunk of lines.

use super::resource::{Incoming, Kind};
use crate::find::keys;
use crate::groups::{self, MemberRecord};
use provost_db::{Db, DbError, Query, Row, Value, list};
use provost_scim::Resource;
use provost_scim::provider::ResourceKind;
use std::collections::{HashMap, HashSet};

/// Values in one list of a query.
const CHUNK: usize = 400;

/// A resource that the tenant holds.
#[derive(Debug)]
pub(super) struct Held {
    name: String,
    body: Resource,
    created_at: i64,
    modified_at: i64,
    /// Deleted with a tombstone: its id stays taken.
    is_tombstone: bool,
    /// For groups.
    position: i64,
}

impl Held {
    pub(super) fn is_tombstone(&self) -> bool {
        self.is_tombstone
    }

    /// Whether a line says what is here already; times that a line leaves out are as they are.
    pub(super) async fn is_same(&self, db: &Db, incoming: &Incoming) -> Result<bool, DbError> {
        let time = |given: Option<i64>, held: i64| given.is_none_or(|given| given == held);
        let same = self.name == incoming.name
            && self.body == incoming.body
            && time(incoming.created_at, self.created_at)
            && time(incoming.modified_at, self.modified_at);
        match &incoming.kind {
            Kind::User { .. } => Ok(same),
            Kind::Group { .. } if !same => Ok(false),
            Kind::Group { users, groups } => {
                let held = groups::members_of(db, &[self.position]).await?.remove(&self.position).unwrap_or_default();
                let is_wanted = |member: &MemberRecord| match member.kind {
                    ResourceKind::User => users.contains(&member.id),
                    ResourceKind::Group => groups.contains(&member.id),
                };
                Ok(held.len() == users.len() + groups.len() && held.iter().all(is_wanted))
            }
        }
    }
}

/// What is held of a chunk.
#[derive(Debug, Default)]
pub(super) struct Existing {
    pub(super) users: HashMap<String, Held>,
    pub(super) groups: HashMap<String, Held>,
    /// The id of the user who has a name, by the key of the name. Groups may share one.
    pub(super) user_names: HashMap<String, String>,
}

/// Reads what the tenant holds of these resources' ids and user names.
pub(super) async fn load(db: &Db, incoming: &[(u64, Incoming)]) -> Result<Existing, DbError> {
    let mut existing = Existing::default();
    let (mut user_ids, mut user_keys, mut group_ids) = (Vec::new(), Vec::new(), Vec::new());
    for (_, incoming) in incoming {
        match incoming.kind {
            Kind::User { .. } => {
                user_ids.push(incoming.id.clone());
                user_keys.push(keys::user_name(&incoming.name));
            }
            Kind::Group { .. } => group_ids.push(incoming.id.clone()),
        }
    }
    let columns = "id, user_name, body, created_at, modified_at, position, CASE WHEN deleted_at IS NULL THEN 0 ELSE 1 END";
    for row in found(db, columns, "tenant_user WHERE id", &user_ids).await? {
        existing.users.insert(row.get(0)?, held(&row)?);
    }
    let columns = "id, display_name, body, created_at, modified_at, position, 0";
    for row in found(db, columns, "tenant_group WHERE id", &group_ids).await? {
        existing.groups.insert(row.get(0)?, held(&row)?);
    }
    for row in found(db, "user_name_key, id", "tenant_user WHERE deleted_at IS NULL AND user_name_key", &user_keys).await? {
        existing.user_names.insert(row.get(0)?, row.get(1)?);
    }
    Ok(existing)
}

/// Those of the ids that are users, or groups, of this tenant.
pub(super) async fn here(db: &Db, kind: ResourceKind, ids: &[String]) -> Result<HashSet<String>, DbError> {
    Ok(groups::with_ids(db, kind, ids).await?.into_iter().map(|member| member.id).collect())
}

async fn found(db: &Db, columns: &str, from: &str, values: &[String]) -> Result<Vec<Row>, DbError> {
    let queries: Vec<Query> = values
        .chunks(CHUNK)
        .map(|chunk| {
            let sql = format!("SELECT {columns} FROM {from} IN {}", list(1, chunk.len()));
            Query::new(sql, chunk.iter().map(|value| Value::from(value.as_str())))
        })
        .collect();
    Ok(db.read_all(queries).await?.into_iter().flatten().collect())
}

fn held(row: &Row) -> Result<Held, DbError> {
    let body: String = row.get(2)?;
    Ok(Held {
        name: row.get(1)?,
        body: serde_json::from_str(&body).map_err(|error| DbError::Engine(format!("a body is not readable: {error}")))?,
        created_at: row.get(3)?,
        modified_at: row.get(4)?,
        position: row.get(5)?,
        is_tombstone: row.get(6)?,
    })
}
