//! Users as rows.

use super::counts::{Place, count, place};
use super::words;
use crate::StoreError;
use provost_core::directory::{Suspension, User, UserStatus};
use provost_core::ids::{OrgUnitId, UserId};
use provost_core::time::Timestamp;
use provost_db::{Batch, Row, Value, rows};

/// The columns that [`from_row`] reads, of a `directory_user u`.
pub const COLUMNS: &str = "u.id, u.primary_email, u.given_name, u.family_name, u.org_unit_id, u.suspended_since, \
     u.suspension_reason, u.archived_since, u.unarchived_at, u.deleted_since, u.attributes, u.created_at, u.revision";

/// How many columns [`COLUMNS`] are.
pub(super) const COLUMNS_COUNT: usize = 13;

/// The user of a row that starts with [`COLUMNS`].
pub fn from_row(row: &Row) -> Result<User, StoreError> {
    let instant = |column| -> Result<Option<Timestamp>, StoreError> { Ok(row.get::<Option<i64>>(column)?.map(Timestamp)) };
    let reason = row.get::<Option<String>>(6)?.unwrap_or_default();
    Ok(User {
        id: UserId::new(row.get(0)?),
        primary_email: row.get(1)?,
        given_name: row.get(2)?,
        family_name: row.get(3)?,
        org_unit: OrgUnitId::new(row.get(4)?),
        status: UserStatus {
            suspended: instant(5)?.map(|since| Suspension { since, reason }),
            archived_since: instant(7)?,
            unarchived_at: instant(8)?,
            deleted_since: instant(9)?,
        },
        attributes: serde_json::from_str(row.text(10)?.unwrap_or_default())?,
        created_at: Timestamp(row.get(11)?),
        revision: row.get(12)?,
    })
}

fn values(user: &User) -> [Value; COLUMNS_COUNT] {
    let instant = |at: Option<Timestamp>| Value::from(at.map(|at| at.0));
    let suspended = user.status.suspended.as_ref();
    [
        user.id.get().into(),
        user.primary_email.as_str().into(),
        user.given_name.as_str().into(),
        user.family_name.as_str().into(),
        user.org_unit.get().into(),
        instant(suspended.map(|suspension| suspension.since)),
        suspended.map(|suspension| suspension.reason.as_str()).into(),
        instant(user.status.archived_since),
        instant(user.status.unarchived_at),
        instant(user.status.deleted_since),
        Value::Text(attributes_text(user)),
        user.created_at.0.into(),
        user.revision.into(),
    ]
}

/// The attributes as the store keeps them.
pub(crate) fn attributes_text(user: &User) -> String {
    serde_json::to_string(&user.attributes).expect("a map of JSON values always has a text")
}

/// A user to be written, and where they were counted before; `None` when they are new.
pub(crate) type Saved<'a> = (Option<Place>, &'a User);

/// Writes, with their words and their counts, new users, and changed ones whose revision has been raised by one since they were read:
/// all, or the batch fails. At most 1,000 at once; in this order, so that an address can pass from one to the next.
pub(crate) fn save(batch: &mut Batch, saved: &[Saved<'_>]) {
    if saved.is_empty() {
        return;
    }
    let users: Vec<&User> = saved.iter().map(|(_, user)| *user).collect();
    let sql = format!(
        "INSERT INTO directory_user (id, primary_email, given_name, family_name, org_unit_id, suspended_since, \
         suspension_reason, archived_since, unarchived_at, deleted_since, attributes, created_at, revision) VALUES {} \
         ON CONFLICT (id) DO UPDATE SET primary_email = excluded.primary_email, given_name = excluded.given_name, \
         family_name = excluded.family_name, org_unit_id = excluded.org_unit_id, \
         suspended_since = excluded.suspended_since, suspension_reason = excluded.suspension_reason, \
         archived_since = excluded.archived_since, unarchived_at = excluded.unarchived_at, \
         deleted_since = excluded.deleted_since, attributes = excluded.attributes, revision = excluded.revision \
         WHERE directory_user.revision = excluded.revision - 1",
        rows(users.len(), COLUMNS_COUNT)
    );
    batch.expect(users.len() as u64, sql, users.iter().flat_map(|user| values(user)));
    words::write(batch, &users);
    count(batch, saved.iter().map(|(before, user)| (*before, Some(place(user)))));
}
