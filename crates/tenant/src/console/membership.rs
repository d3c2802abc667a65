//! Who is in which group, as far as a page shows it: the first hundred and how many there are.

use crate::find::code;
use crate::groups;
use provost_db::{Db, DbError, Query};
use provost_scim::provider::ResourceKind;

/// Members of a group, or groups of a user, that a page shows.
pub(super) const SHOWN_MAX: usize = 100;

/// The first groups of a user, direct ones first, and how many there are.
pub(super) async fn groups_of(db: &Db, user_position: i64) -> Result<(Vec<groups::GroupOfUser>, u64), DbError> {
    let mut all = groups::of_users(db, &[user_position]).await?.remove(&user_position).unwrap_or_default();
    let count = all.len() as u64;
    all.truncate(SHOWN_MAX);
    Ok((all, count))
}

/// The first members of a group, users before groups, and how many there are.
pub(super) async fn members_of(db: &Db, group_position: i64) -> Result<(Vec<groups::MemberRecord>, u64), DbError> {
    let mut members = Vec::new();
    for kind in ResourceKind::ALL {
        let (table, name, condition) = match kind {
            ResourceKind::User => ("tenant_user", "user_name", " AND r.deleted_at IS NULL"),
            ResourceKind::Group => ("tenant_group", "display_name", ""),
        };
        let sql = format!(
            "SELECT r.id, r.{name}, r.position FROM tenant_group_member m JOIN {table} r ON r.position = m.member_position \
             WHERE m.group_position = $1 AND m.member_kind = $2{condition} ORDER BY m.member_position LIMIT {}",
            SHOWN_MAX - members.len()
        );
        for row in db.read(Query::new(sql, [group_position.into(), code(kind).into()])).await? {
            members.push(groups::MemberRecord { kind, position: row.get(2)?, id: row.get(0)?, user_name: row.get(1)? });
        }
    }
    let count = groups::member_counts_at(db, &[group_position]).await?.first().copied().unwrap_or(0);
    Ok((members, count))
}
