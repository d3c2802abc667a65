//! Groups. Their members are rows of their own, see [`add_member`].

mod change;
mod members;

pub(crate) use change::name_from_address;
pub use change::{GroupEdit, add, delete, edit};
pub(crate) use members::{CYCLE_GUARD, cycle, event as member_event, member_columns, member_key};
pub use members::{MemberEntry, add_member, groups_of_user, member_count, members, remove_member};

use super::domains::Domains;
use super::{Page, anywhere, one_more};
use crate::{Store, StoreError};
use provost_core::directory::Group;
use provost_core::ids::GroupId;
use provost_db::{Query, Row};

/// The columns that [`from_row`] reads, of a `directory_group g`.
pub const COLUMNS: &str = "g.id, g.email, g.name, g.description, g.revision";

/// The group of a row that starts with [`COLUMNS`].
pub fn from_row(row: &Row) -> Result<Group, StoreError> {
    Ok(Group {
        id: GroupId::new(row.get(0)?),
        email: row.get(1)?,
        name: row.get(2)?,
        description: row.get(3)?,
        revision: row.get(4)?,
    })
}

fn not_found(key: &str) -> StoreError {
    StoreError::NotFound { what: "group", key: key.to_owned() }
}

/// The living group of this id.
pub async fn get(store: &Store, id: GroupId) -> Result<Group, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM directory_group g WHERE g.id = $1 AND g.deleted_since IS NULL");
    let rows = store.db.read(Query::new(sql, [id.get().into()])).await?;
    rows.first().map_or_else(|| Err(not_found(&id.to_string())), from_row)
}

/// The living group with this id or address.
pub async fn find(store: &Store, key: &str) -> Result<Group, StoreError> {
    if let Ok(id) = key.trim().parse() {
        return get(store, id).await;
    }
    let email = Domains::load(store).await?.canonical(&key.trim().to_lowercase());
    let sql = format!("SELECT {COLUMNS} FROM directory_group g WHERE g.email = $1 AND g.deleted_since IS NULL");
    let rows = store.db.read(Query::new(sql, [email.into()])).await?;
    rows.first().map_or_else(|| Err(not_found(key)), from_row)
}

/// One page of the living groups whose address or name contains `text`, in the order of their addresses.
pub async fn list(store: &Store, text: &str, after: Option<&str>, limit: usize) -> Result<Page<Group>, StoreError> {
    let (limit, rows_max) = one_more(limit);
    let sql = format!(
        "SELECT {COLUMNS} FROM directory_group g WHERE g.deleted_since IS NULL AND g.email > $1 \
         AND (g.email LIKE $2 ESCAPE '\\' OR lower(g.name) LIKE $2 ESCAPE '\\' OR g.name LIKE $3 ESCAPE '\\') \
         ORDER BY g.email LIMIT $4"
    );
    let text = text.trim();
    let params = [after.unwrap_or("").into(), anywhere(&text.to_lowercase()).into(), anywhere(text).into(), rows_max.into()];
    let groups: Vec<Group> = store.db.read(Query::new(sql, params)).await?.iter().map(from_row).collect::<Result<_, _>>()?;
    Ok(Page::cut(groups, limit, |group| group.email.clone()))
}
