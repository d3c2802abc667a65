//! Org units: a tree whose paths are unique ignoring case. Settings are keyed by the immutable id, never by the path.

use super::{ATTEMPTS_MAX, clean_name};
use crate::log::{LogEvent, names};
use crate::schedule::{SweepTarget, mark_sweep};
use crate::{Actor, Store, StoreError};
use provost_core::directory::OrgUnit;
use provost_core::ids::OrgUnitId;
use provost_db::{Batch, CommitError, Query, Row};
use serde_json::json;

/// The deepest tree.
const DEPTH_MAX: usize = 35;

/// Under which key a path is unique.
pub(crate) fn path_key(path: &str) -> String {
    path.to_lowercase()
}

/// A path as it is kept: `/` for the root, otherwise `/A/B` without a slash at the end. A missing first slash is added.
pub(crate) fn clean_path(path: &str) -> Result<String, StoreError> {
    let parts: Vec<&str> = path.trim().trim_matches('/').split('/').map(str::trim).collect();
    if parts == [""] {
        return Ok("/".to_owned());
    }
    if parts.len() > DEPTH_MAX {
        return Err(StoreError::Invalid(format!("the org unit path has more than {DEPTH_MAX} levels: shorten it")));
    }
    let mut clean = String::new();
    for part in parts {
        clean.push('/');
        clean.push_str(&clean_name("name of an org unit in the path", part)?);
    }
    Ok(clean)
}

fn child_path(parent: &str, name: &str) -> String {
    if parent == "/" { format!("/{name}") } else { format!("{parent}/{name}") }
}

fn clean_part(name: &str) -> Result<String, StoreError> {
    let name = clean_name("org unit's name", name)?;
    if name.contains('/') {
        return Err(StoreError::Invalid(format!("the org unit's name \"{name}\" contains a slash: remove it")));
    }
    Ok(name)
}

pub(crate) fn query() -> Query {
    Query::new("SELECT id, parent_id, name, path FROM org_unit ORDER BY path_key", [])
}

pub(crate) fn from_row(row: &Row) -> Result<OrgUnit, StoreError> {
    Ok(OrgUnit {
        id: OrgUnitId::new(row.get(0)?),
        parent: row.get::<Option<i64>>(1)?.map(OrgUnitId::new),
        name: row.get(2)?,
        path: row.get(3)?,
    })
}

/// Makes the root when it is missing.
pub async fn ensure_root(store: &Store) -> Result<(), StoreError> {
    let sql = "INSERT INTO org_unit (id, parent_id, name, path, path_key) VALUES ($1, NULL, '', '/', '/') \
               ON CONFLICT (path_key) DO NOTHING";
    let found = store.db.read(Query::new("SELECT id FROM org_unit WHERE path_key = '/'", [])).await?;
    if found.is_empty() {
        let mut batch = Batch::new();
        batch.run(sql, [store.id::<()>().get().into()]);
        store.db.commit(batch).await?;
    }
    Ok(())
}

/// The org unit of this id.
pub async fn get(store: &Store, id: OrgUnitId) -> Result<OrgUnit, StoreError> {
    let sql = "SELECT id, parent_id, name, path FROM org_unit WHERE id = $1";
    let rows = store.db.read(Query::new(sql, [id.get().into()])).await?;
    let not_found = || Err(StoreError::NotFound { what: "org unit", key: id.to_string() });
    rows.first().map_or_else(not_found, from_row)
}

/// The org unit at `path`, ignoring case.
pub async fn find_by_path(store: &Store, path: &str) -> Result<OrgUnit, StoreError> {
    let path = clean_path(path)?;
    let sql = "SELECT id, parent_id, name, path FROM org_unit WHERE path_key = $1";
    let rows = store.db.read(Query::new(sql, [path_key(&path).into()])).await?;
    rows.first().map_or(Err(StoreError::NotFound { what: "org unit", key: path }), from_row)
}

/// All org units, the root first, children behind their parents.
pub async fn list_all(store: &Store) -> Result<Vec<OrgUnit>, StoreError> {
    store.db.read(query()).await?.iter().map(from_row).collect()
}

/// Adds an org unit below `parent_path`.
pub async fn add(store: &Store, by: &Actor, parent_path: &str, name: &str) -> Result<OrgUnit, StoreError> {
    let parent = find_by_path(store, parent_path).await?;
    let name = clean_part(name)?;
    let path = clean_path(&child_path(&parent.path, &name))?;
    let unit = OrgUnit { id: store.id(), parent: Some(parent.id), name, path };
    let mut batch = Batch::new();
    expect_exists(&mut batch, parent.id);
    insert(&mut batch, store, by, &unit);
    commit(store, batch, &unit.path).await?;
    Ok(unit)
}

/// Lets the batch fail when the org unit is gone by then.
pub(crate) fn expect_exists(batch: &mut Batch, id: OrgUnitId) {
    batch.expect(1, "UPDATE org_unit SET name = name WHERE id = $1", [id.get().into()]);
}

/// Adds the row and its log event.
pub(crate) fn insert(batch: &mut Batch, store: &Store, by: &Actor, unit: &OrgUnit) {
    batch.run(
        "INSERT INTO org_unit (id, parent_id, name, path, path_key) VALUES ($1, $2, $3, $4, $5)",
        [
            unit.id.get().into(),
            unit.parent.map(|id| id.get()).into(),
            unit.name.as_str().into(),
            unit.path.as_str().into(),
            path_key(&unit.path).into(),
        ],
    );
    let detail = json!({ "org_unit": unit.path });
    crate::log::append(batch, store, by, store.now(), LogEvent { detail, ..LogEvent::of(names::CREATE_ORG_UNIT) });
}

/// Gives the org unit another name.
pub async fn rename(store: &Store, by: &Actor, id: OrgUnitId, name: &str) -> Result<OrgUnit, StoreError> {
    let unit = get(store, id).await?;
    let parent = unit.parent.ok_or_else(root_stays)?;
    let parent = get(store, parent).await?;
    relocate(store, by, unit, &parent, &clean_part(name)?).await
}

/// Moves the org unit, with everything below it, under another parent, and gives it a name there.
pub async fn move_(store: &Store, by: &Actor, id: OrgUnitId, parent_path: &str, name: &str) -> Result<OrgUnit, StoreError> {
    let unit = get(store, id).await?;
    if unit.parent.is_none() {
        return Err(root_stays());
    }
    let parent = find_by_path(store, parent_path).await?;
    relocate(store, by, unit, &parent, &clean_part(name)?).await
}

fn root_stays() -> StoreError {
    StoreError::Invalid("the root org unit cannot be renamed, moved or deleted: choose one below it".to_owned())
}

async fn relocate(store: &Store, by: &Actor, unit: OrgUnit, parent: &OrgUnit, name: &str) -> Result<OrgUnit, StoreError> {
    let all = list_all(store).await?;
    let inside = |candidate: &OrgUnit| within(&all, candidate, unit.id);
    if inside(parent) {
        return Err(StoreError::Invalid(format!(
            "{} cannot be moved into itself or an org unit below it: choose a parent outside {}",
            unit.path, unit.path
        )));
    }
    let path = clean_path(&child_path(&parent.path, name))?;
    let moved = unit.parent != Some(parent.id);
    if !moved && name == unit.name {
        return Ok(unit);
    }
    let now = store.now();
    let mut batch = Batch::new();
    expect_exists(&mut batch, parent.id);
    for descendant in all.iter().filter(|candidate| inside(candidate)) {
        let rest = descendant.path.strip_prefix(&unit.path).unwrap_or_default();
        let new_path = format!("{path}{rest}");
        let params = [path_key(&new_path).into(), new_path.into(), descendant.id.get().into(), descendant.path.as_str().into()];
        batch.expect(1, "UPDATE org_unit SET path_key = $1, path = $2 WHERE id = $3 AND path = $4", params);
    }
    let params = [parent.id.get().into(), name.into(), unit.id.get().into()];
    batch.expect(1, "UPDATE org_unit SET parent_id = $1, name = $2 WHERE id = $3", params);
    let event = if moved { names::MOVE_ORG_UNIT } else { names::EDIT_ORG_UNIT_NAME };
    let detail = json!({ "from": unit.path, "to": path });
    crate::log::append(&mut batch, store, by, now, LogEvent { detail, ..LogEvent::of(event) });
    if moved {
        mark_sweep(&mut batch, store.id::<()>().get(), None, SweepTarget::OrgUnit(unit.id), now);
    }
    commit(store, batch, &path).await?;
    Ok(OrgUnit { parent: Some(parent.id), name: name.to_owned(), path, ..unit })
}

/// Whether `candidate` is `top` or stands below it.
fn within(all: &[OrgUnit], candidate: &OrgUnit, top: OrgUnitId) -> bool {
    let mut at = Some(candidate.id);
    for _ in 0..=DEPTH_MAX {
        match at {
            Some(id) if id == top => return true,
            Some(id) => at = all.iter().find(|unit| unit.id == id).and_then(|unit| unit.parent),
            None => return false,
        }
    }
    false
}

/// Deletes an org unit. Refused while it has users or children.
pub async fn delete(store: &Store, by: &Actor, id: OrgUnitId) -> Result<(), StoreError> {
    let unit = get(store, id).await?;
    if unit.parent.is_none() {
        return Err(root_stays());
    }
    for _ in 0..ATTEMPTS_MAX {
        refuse_occupied(store, &unit).await?;
        let mut batch = Batch::new();
        let occupied = "UPDATE directory_user SET revision = revision WHERE org_unit_id = $1 AND state <> 'deleted'";
        batch.expect(0, occupied, [id.get().into()]);
        batch.expect(0, "UPDATE org_unit SET name = name WHERE parent_id = $1", [id.get().into()]);
        batch.expect(1, "DELETE FROM org_unit WHERE id = $1", [id.get().into()]);
        batch.run("DELETE FROM directory_user_count WHERE org_unit_id = $1 AND users = 0", [id.get().into()]);
        let detail = json!({ "org_unit": unit.path });
        let event = LogEvent { detail, ..LogEvent::of(names::REMOVE_ORG_UNIT) };
        crate::log::append(&mut batch, store, by, store.now(), event);
        match store.db.commit(batch).await {
            Err(CommitError::Conflict { .. }) => {}
            answer => return answer.map(|_| ()).map_err(StoreError::from),
        }
    }
    Err(StoreError::Stale { what: "the org unit", by: String::new() })
}

async fn refuse_occupied(store: &Store, unit: &OrgUnit) -> Result<(), StoreError> {
    let users =
        "SELECT CAST(COALESCE(sum(users), 0) AS BIGINT) FROM directory_user_count WHERE org_unit_id = $1 AND state <> 'deleted'";
    let children = "SELECT count(*) FROM org_unit WHERE parent_id = $1";
    let queries = [users, children].into_iter().map(|sql| Query::new(sql, [unit.id.get().into()])).collect();
    let answers = store.db.read_all(queries).await?;
    let count = |index: usize| -> Result<i64, StoreError> {
        Ok(answers.get(index).and_then(|rows| rows.first()).map(|row| row.get(0)).transpose()?.unwrap_or(0))
    };
    match (count(0)?, count(1)?) {
        (0, 0) => Ok(()),
        (users, children) => Err(StoreError::Invalid(format!(
            "{} has {users} users and {children} org units below it: move them elsewhere before deleting it",
            unit.path
        ))),
    }
}

async fn commit(store: &Store, batch: Batch, path: &str) -> Result<(), StoreError> {
    match store.db.commit(batch).await {
        Err(CommitError::Unique { .. }) => Err(StoreError::Taken { what: "the org unit", key: path.to_owned() }),
        Err(CommitError::Conflict { .. }) => Err(StoreError::Stale { what: "the org unit", by: String::new() }),
        answer => {
            answer?;
            store.wake();
            Ok(())
        }
    }
}
