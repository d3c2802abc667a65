//! Lists of users.

use super::rows::{COLUMNS, from_row};
use crate::directory::{Page, anywhere, one_more};
use crate::{Store, StoreError};
use provost_core::directory::{User, UserState};
use provost_core::ids::{GroupId, OrgUnitId, UserId};
use provost_db::{Query, Value};

/// Which users to list, in the order of their addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserQuery {
    /// Words that must all be found in the address or the name; empty for all.
    pub text: String,
    /// `None`: all but deleted users.
    pub state: Option<UserState>,
    /// In this org unit or below it.
    pub org_unit: Option<OrgUnitId>,
    /// Direct members of this group.
    pub group: Option<GroupId>,
    /// The `next` of the page before.
    pub after: Option<String>,
    /// At most this many, and never more than 1,000.
    pub limit: usize,
}

/// The most words of a search that count.
const WORDS_MAX: usize = 8;

/// One page of users.
pub async fn list(store: &Store, query: &UserQuery) -> Result<Page<User>, StoreError> {
    let mut params: Vec<Value> = Vec::new();
    let mut bind = |value: Value| {
        params.push(value);
        params.len()
    };
    let mut conditions = vec![state_condition(query.state).to_owned()];
    for word in query.text.split_whitespace().take(WORDS_MAX) {
        let lower = bind(anywhere(&word.to_lowercase()).into());
        let exact = bind(anywhere(word).into());
        let name = "u.given_name || ' ' || u.family_name";
        conditions.push(format!(
            "(u.primary_email LIKE ${lower} ESCAPE '\\' OR lower({name}) LIKE ${lower} ESCAPE '\\' OR {name} LIKE ${exact} ESCAPE '\\')"
        ));
    }
    if let Some(unit) = query.org_unit {
        let unit = bind(unit.get().into());
        conditions.push(format!(
            "u.org_unit_id IN (WITH RECURSIVE tree(id) AS (SELECT o.id FROM org_unit o WHERE o.id = ${unit} \
             UNION SELECT o.id FROM org_unit o JOIN tree ON o.parent_id = tree.id) SELECT id FROM tree)"
        ));
    }
    if let Some(group) = query.group {
        let group = bind(group.get().into());
        conditions.push(format!("u.id IN (SELECT m.user_id FROM group_member m WHERE m.group_id = ${group})"));
    }
    if let Some((email, id)) = query.after.as_deref().and_then(read_cursor) {
        let email = bind(email.into());
        let id = bind(id.get().into());
        conditions.push(format!("(u.primary_email > ${email} OR (u.primary_email = ${email} AND u.id > ${id}))"));
    }
    let (limit, rows_max) = one_more(query.limit);
    let rows_max = bind(rows_max.into());
    let sql = format!(
        "SELECT {COLUMNS} FROM directory_user u WHERE {} ORDER BY u.primary_email, u.id LIMIT ${rows_max}",
        conditions.join(" AND ")
    );
    let users: Vec<User> = store.db.read(Query::new(sql, params)).await?.iter().map(from_row).collect::<Result<_, _>>()?;
    Ok(Page::cut(users, limit, |user| format!("{}/{}", user.primary_email, user.id)))
}

fn read_cursor(cursor: &str) -> Option<(&str, UserId)> {
    let (email, id) = cursor.rsplit_once('/')?;
    Some((email, id.parse().ok()?))
}

const fn state_condition(state: Option<UserState>) -> &'static str {
    match state {
        None => "u.deleted_since IS NULL",
        Some(UserState::Active) => "u.deleted_since IS NULL AND u.archived_since IS NULL AND u.suspended_since IS NULL",
        Some(UserState::Suspended) => "u.deleted_since IS NULL AND u.archived_since IS NULL AND u.suspended_since IS NOT NULL",
        Some(UserState::Archived) => "u.deleted_since IS NULL AND u.archived_since IS NOT NULL",
        Some(UserState::Deleted) => "u.deleted_since IS NOT NULL",
    }
}

/// How many users are in each state; every state is listed.
pub async fn count_by_state(store: &Store) -> Result<Vec<(UserState, u64)>, StoreError> {
    let states = [UserState::Active, UserState::Suspended, UserState::Archived, UserState::Deleted];
    let queries = states.iter().map(|state| {
        let sql = format!("SELECT count(*) FROM directory_user u WHERE {}", state_condition(Some(*state)));
        Query::new(sql, [])
    });
    let answers = store.db.read_all(queries.collect()).await?;
    states
        .into_iter()
        .zip(answers)
        .map(|(state, rows)| {
            let count: i64 = rows.first().map(|row| row.get(0)).transpose()?.unwrap_or(0);
            Ok((state, u64::try_from(count).unwrap_or(0)))
        })
        .collect()
}
