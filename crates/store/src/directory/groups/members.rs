//! Members of groups: users, groups, and addresses from outside. A group never contains itself, however deep.

use super::{COLUMNS, from_row, get};
use crate::directory::address::{self, Bearer};
use crate::directory::domains::Domains;
use crate::directory::users;
use crate::directory::{Page, one_more};
use crate::log::{LogEvent, append, names};
use crate::schedule::{SweepTarget, mark_sweep, mark_users};
use crate::{Actor, Store, StoreError};
use provost_core::directory::{Group, Member, MemberRole, UserState, UserStatus};
use provost_core::ids::{GroupId, UserId};
use provost_core::time::Timestamp;
use provost_db::{Batch, CommitError, Query, Row};
use serde_json::{Value, json};

/// One member of a group as a page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberEntry {
    /// Who.
    pub member: Member,
    /// Their address.
    pub email: String,
    /// A user's full name, a group's name, or empty.
    pub name: String,
    /// What they may do in the group.
    pub role: MemberRole,
    /// A user's state; `None` for groups and outside addresses.
    pub state: Option<UserState>,
}

/// Under which key a membership is unique in its group.
pub(crate) fn member_key(member: &Member) -> String {
    match member {
        Member::User(id) => format!("u:{id}"),
        Member::Group(id) => format!("g:{id}"),
        Member::Outside(email) => format!("o:{email}"),
    }
}

/// The columns of a membership row behind `group_id`: key, user, nested group, outside address.
pub(crate) fn member_columns(member: &Member) -> [provost_db::Value; 4] {
    let (user, nested, outside) = match member {
        Member::User(id) => (Some(id.get()), None, None),
        Member::Group(id) => (None, Some(id.get()), None),
        Member::Outside(email) => (None, None, Some(email.as_str())),
    };
    [member_key(member).into(), user.into(), nested.into(), outside.into()]
}

/// Whom a key names: a user's or group's id or address, or an outside address. Answers the address too.
async fn resolve(store: &Store, key: &str) -> Result<(Member, String), StoreError> {
    let key = key.trim();
    if let Ok(id) = key.parse::<UserId>() {
        return match users::get(store, id).await {
            Ok(user) if user.status.deleted_since.is_none() => Ok((Member::User(user.id), user.primary_email)),
            Ok(_) => Err(provost_core::directory::InvalidTransition::Deleted.into()),
            Err(StoreError::NotFound { .. }) => match get(store, GroupId::new(id.get())).await {
                Ok(group) => Ok((Member::Group(group.id), group.email)),
                Err(StoreError::NotFound { .. }) => Err(StoreError::NotFound { what: "user or group", key: key.to_owned() }),
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        };
    }
    let email = Domains::load(store).await?.canonical(&address::normalized(key)?);
    let member = match address::bearer(store, &email).await? {
        Some(Bearer::User(id)) => Member::User(id),
        Some(Bearer::Group(id)) => Member::Group(id),
        None => Member::Outside(email.clone()),
    };
    Ok((member, email))
}

/// Adds a member, by id or address; of one who is there already it changes the role. An address that nobody in the
/// directory bears becomes an outside member. A group that would come to contain itself is refused.
pub async fn add_member(
    store: &Store,
    by: &Actor,
    group: GroupId,
    member_key: &str,
    role: MemberRole,
) -> Result<Member, StoreError> {
    let group = get(store, group).await?;
    let (member, email) = resolve(store, member_key).await?;
    let present = role_of(store, group.id, &member).await?;
    if present == Some(role) {
        return Err(StoreError::Invalid(format!("{email} is a member of {} already: nothing was changed", group.email)));
    }
    let now = store.now();
    let mut batch = Batch::new();
    batch.expect(1, "UPDATE directory_group SET name = name WHERE id = $1 AND deleted_since IS NULL", [group.id.get().into()]);
    if let Member::Group(nested) = member {
        refuse_cycle(store, &group, nested, &email).await?;
        batch.expect(0, CYCLE_GUARD, [nested.get().into(), group.id.get().into()]);
        batch.expect(1, "UPDATE directory_group SET name = name WHERE id = $1 AND deleted_since IS NULL", [nested.get().into()]);
    }
    let [key, user, nested, outside] = member_columns(&member);
    batch.run(
        "INSERT INTO group_member (group_id, member_key, user_id, nested_id, outside_email, role) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (group_id, member_key) DO UPDATE SET role = excluded.role",
        [group.id.get().into(), key, user, nested, outside, role.word().into()],
    );
    let name = if present.is_some() { names::UPDATE_GROUP_MEMBER } else { names::ADD_GROUP_MEMBER };
    append(&mut batch, store, by, now, event(name, &group, &member, &email, Some(role)));
    if present.is_none() {
        mark(&mut batch, store, &member, &email, now);
    }
    commit(store, batch).await?;
    Ok(member)
}

/// Removes a member, by id or address.
pub async fn remove_member(store: &Store, by: &Actor, group: GroupId, member_key: &str) -> Result<(), StoreError> {
    let group = get(store, group).await?;
    let (member, email) = resolve(store, member_key).await?;
    let absent = || StoreError::Invalid(format!("{email} is not a direct member of {}", group.email));
    if role_of(store, group.id, &member).await?.is_none() {
        return Err(absent());
    }
    let now = store.now();
    let mut batch = Batch::new();
    let [key, ..] = member_columns(&member);
    batch.expect(1, "DELETE FROM group_member WHERE group_id = $1 AND member_key = $2", [group.id.get().into(), key]);
    append(&mut batch, store, by, now, event(names::REMOVE_GROUP_MEMBER, &group, &member, &email, None));
    mark(&mut batch, store, &member, &email, now);
    commit(store, batch).await
}

/// The log event of a membership.
pub(crate) fn event(name: &'static str, group: &Group, member: &Member, email: &str, role: Option<MemberRole>) -> LogEvent {
    let user = match member {
        Member::User(id) => Some((*id, email.to_owned())),
        Member::Group(_) | Member::Outside(_) => None,
    };
    let mut detail = json!({ "group": group.email, "group_id": group.id, "member": email });
    if let (Some(role), Some(fields)) = (role, detail.as_object_mut()) {
        fields.insert("role".to_owned(), Value::from(role.word()));
    }
    LogEvent { user, detail, ..LogEvent::of(name) }
}

fn mark(batch: &mut Batch, store: &Store, member: &Member, email: &str, now: Timestamp) {
    match member {
        Member::User(id) => mark_users(batch, &[(*id, email)], now, true),
        Member::Group(id) => mark_sweep(batch, store.id::<()>().get(), None, SweepTarget::Group(*id), now),
        Member::Outside(_) => {}
    }
}

async fn commit(store: &Store, batch: Batch) -> Result<(), StoreError> {
    match store.db.commit(batch).await {
        Err(CommitError::Conflict { .. }) => Err(StoreError::Stale { what: "the group", by: String::new() }),
        answer => {
            answer?;
            store.wake();
            Ok(())
        }
    }
}

async fn role_of(store: &Store, group: GroupId, member: &Member) -> Result<Option<MemberRole>, StoreError> {
    let sql = "SELECT role FROM group_member WHERE group_id = $1 AND member_key = $2";
    let rows = store.db.read(Query::new(sql, [group.get().into(), member_key(member).into()])).await?;
    rows.first().map(|row| read_role(row, 0)).transpose()
}

fn read_role(row: &Row, column: usize) -> Result<MemberRole, StoreError> {
    let word: String = row.get(column)?;
    MemberRole::parse(&word).ok_or_else(|| StoreError::Corrupt(format!("a member of role \"{word}\"")))
}

/// Touches group $2 when it is $1 or is nested in $1, however deep.
pub(crate) const CYCLE_GUARD: &str = "UPDATE directory_group SET name = name WHERE id = $2 AND id IN (WITH RECURSIVE inside(id) AS \
     (SELECT CAST($1 AS BIGINT) UNION SELECT m.nested_id FROM group_member m JOIN inside ON m.group_id = inside.id \
     WHERE m.nested_id IS NOT NULL) SELECT id FROM inside)";

async fn refuse_cycle(store: &Store, group: &Group, nested: GroupId, nested_email: &str) -> Result<(), StoreError> {
    let sql = "WITH RECURSIVE inside(id) AS (SELECT CAST($1 AS BIGINT) UNION SELECT m.nested_id FROM group_member m \
               JOIN inside ON m.group_id = inside.id WHERE m.nested_id IS NOT NULL) SELECT id FROM inside WHERE id = $2";
    let found = store.db.read(Query::new(sql, [nested.get().into(), group.id.get().into()])).await?;
    if found.is_empty() { Ok(()) } else { Err(cycle(&group.email, nested_email)) }
}

/// Why a group cannot become a member.
pub(crate) fn cycle(group: &str, nested: &str) -> StoreError {
    if group == nested {
        return StoreError::Invalid(format!("{group} cannot be a member of itself: choose another group"));
    }
    StoreError::Invalid(format!("{group} is already inside {nested}, so it would contain itself: remove it there first"))
}

/// One page of a group's direct members, in the order of their addresses. Deleted users are hidden.
pub async fn members(store: &Store, group: GroupId, after: Option<&str>, limit: usize) -> Result<Page<MemberEntry>, StoreError> {
    let (limit, rows_max) = one_more(limit);
    let email = "COALESCE(u.primary_email, n.email, m.outside_email)";
    let sql = format!(
        "SELECT m.user_id, m.nested_id, {email}, m.role, u.given_name, u.family_name, n.name, u.suspended_since, \
         u.archived_since FROM group_member m LEFT JOIN directory_user u ON u.id = m.user_id \
         LEFT JOIN directory_group n ON n.id = m.nested_id \
         WHERE m.group_id = $1 AND u.deleted_since IS NULL AND n.deleted_since IS NULL AND {email} > $2 \
         ORDER BY {email} LIMIT $3"
    );
    let params = [group.get().into(), after.unwrap_or("").into(), rows_max.into()];
    let rows = store.db.read(Query::new(sql, params)).await?;
    let entries: Vec<MemberEntry> = rows.iter().map(entry).collect::<Result<_, _>>()?;
    Ok(Page::cut(entries, limit, |entry| entry.email.clone()))
}

fn entry(row: &Row) -> Result<MemberEntry, StoreError> {
    let email: String = row.get(2)?;
    let text = |column| -> Result<String, StoreError> { Ok(row.get::<Option<String>>(column)?.unwrap_or_default()) };
    let user: Option<i64> = row.get(0)?;
    let nested: Option<i64> = row.get(1)?;
    let (member, name, state) = match (user, nested) {
        (Some(id), _) => {
            let name = format!("{} {}", text(4)?, text(5)?).trim().to_owned();
            let archived_since = row.get::<Option<i64>>(8)?.map(Timestamp);
            let state = match row.get::<Option<i64>>(7)? {
                Some(_) if archived_since.is_none() => UserState::Suspended,
                _ => UserStatus { archived_since, ..UserStatus::default() }.state(),
            };
            (Member::User(UserId::new(id)), name, Some(state))
        }
        (None, Some(id)) => (Member::Group(GroupId::new(id)), text(6)?, None),
        (None, None) => (Member::Outside(email.clone()), String::new(), None),
    };
    Ok(MemberEntry { member, email, name, role: read_role(row, 3)?, state })
}

/// How many direct members a group has, without deleted users.
pub async fn member_count(store: &Store, group: GroupId) -> Result<u64, StoreError> {
    let sql = "SELECT count(*) FROM group_member m LEFT JOIN directory_user u ON u.id = m.user_id \
               WHERE m.group_id = $1 AND u.deleted_since IS NULL";
    let rows = store.db.read(Query::new(sql, [group.get().into()])).await?;
    let count: i64 = rows.first().map(|row| row.get(0)).transpose()?.unwrap_or(0);
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Every group the user is in, and whether directly rather than through a nested group; in the order of addresses.
pub async fn groups_of_user(store: &Store, user: UserId) -> Result<Vec<(Group, bool)>, StoreError> {
    let sql = format!(
        "WITH RECURSIVE above(id) AS (SELECT m.group_id FROM group_member m WHERE m.user_id = $1 \
         UNION SELECT m.group_id FROM group_member m JOIN above ON m.nested_id = above.id) \
         SELECT {COLUMNS}, (SELECT count(*) FROM group_member d WHERE d.group_id = g.id AND d.user_id = $1) \
         FROM directory_group g JOIN above ON above.id = g.id WHERE g.deleted_since IS NULL ORDER BY g.email"
    );
    let rows = store.db.read(Query::new(sql, [user.get().into()])).await?;
    rows.iter().map(|row| Ok((from_row(row)?, row.get::<bool>(5)?))).collect()
}
