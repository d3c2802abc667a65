//! Lists of users.

use super::rows::{COLUMNS, COLUMNS_COUNT, from_row};
use super::words;
use crate::directory::{Page, one_more};
use crate::{Store, StoreError};
use provost_core::directory::{User, UserState};
use provost_core::ids::{GroupId, OrgUnitId, UserId};
use provost_db::{Query, Value};

/// Which users to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserQuery {
    /// Words with which an address, a name or a part of them must begin, each of them; empty for all.
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

/// One page of users: by address, or, of a search, by the word that begins as it was asked for.
pub async fn list(store: &Store, query: &UserQuery) -> Result<Page<User>, StoreError> {
    let words = words::rarest_first(store, words::asked(&query.text)).await?;
    match words.split_first() {
        None => by_address(store, query).await,
        Some((word, others)) => by_word(store, query, word, others).await,
    }
}

async fn by_address(store: &Store, query: &UserQuery) -> Result<Page<User>, StoreError> {
    let mut asked = Asked::of(query);
    if let Some((email, id)) = query.after.as_deref().and_then(read_cursor) {
        asked.behind("u.primary_email", "u.id", email, id);
    }
    let (limit, rows_max) = one_more(query.limit);
    let rows_max = asked.bind(rows_max.into());
    let sql = format!(
        "SELECT {COLUMNS} FROM directory_user u WHERE {} ORDER BY u.primary_email, u.id LIMIT ${rows_max}",
        asked.conditions.join(" AND ")
    );
    let users: Vec<User> = store.db.read(Query::new(sql, asked.params)).await?.iter().map(from_row).collect::<Result<_, _>>()?;
    Ok(Page::cut(users, limit, |user| format!("{}/{}", user.primary_email, user.id)))
}

/// The words' index is walked from the first one that begins so, and each user is shown at the first of theirs.
async fn by_word(store: &Store, query: &UserQuery, word: &str, others: &[String]) -> Result<Page<User>, StoreError> {
    let mut asked = Asked::of(query);
    let begins = |asked: &mut Asked, word: &str| {
        let (from, behind) = (asked.bind(word.into()), asked.bind(words::behind(word).into()));
        move |table: &str| format!("{table}.word >= ${from} AND {table}.word < ${behind}")
    };
    let one = begins(&mut asked, word);
    asked.conditions.push(one("w"));
    asked.conditions.push(format!(
        "NOT EXISTS (SELECT 1 FROM directory_user_word e WHERE e.user_id = w.user_id AND {} AND e.word < w.word)",
        one("e")
    ));
    for other in others {
        let other = begins(&mut asked, other);
        asked
            .conditions
            .push(format!("EXISTS (SELECT 1 FROM directory_user_word o WHERE o.user_id = w.user_id AND {})", other("o")));
    }
    if let Some((word, id)) = query.after.as_deref().and_then(read_cursor) {
        asked.behind("w.word", "w.user_id", word, id);
    }
    let (limit, rows_max) = one_more(query.limit);
    let rows_max = asked.bind(rows_max.into());
    // CROSS JOIN: the words come first, whatever a planner thinks of the other conditions.
    let sql = format!(
        "SELECT {COLUMNS}, w.word FROM directory_user_word w CROSS JOIN directory_user u WHERE u.id = w.user_id AND {} \
         ORDER BY w.word, w.user_id LIMIT ${rows_max}",
        asked.conditions.join(" AND ")
    );
    let rows = store.db.read(Query::new(sql, asked.params)).await?;
    let found = rows.iter().map(|row| Ok((from_row(row)?, row.get::<String>(COLUMNS_COUNT)?)));
    let found = Page::cut(found.collect::<Result<Vec<_>, StoreError>>()?, limit, |(user, word)| format!("{word}/{}", user.id));
    Ok(Page { items: found.items.into_iter().map(|(user, _)| user).collect(), next: found.next })
}

/// The conditions of a list, and what they are about.
struct Asked {
    conditions: Vec<String>,
    params: Vec<Value>,
}

impl Asked {
    fn of(query: &UserQuery) -> Self {
        let mut asked = Self { conditions: vec![state_condition(query.state).to_owned()], params: Vec::new() };
        if let Some(unit) = query.org_unit {
            let unit = asked.bind(unit.get().into());
            asked.conditions.push(format!(
                "u.org_unit_id IN (WITH RECURSIVE tree(id) AS (SELECT o.id FROM org_unit o WHERE o.id = ${unit} \
                 UNION SELECT o.id FROM org_unit o JOIN tree ON o.parent_id = tree.id) SELECT id FROM tree)"
            ));
        }
        if let Some(group) = query.group {
            let group = asked.bind(group.get().into());
            asked.conditions.push(format!("u.id IN (SELECT m.user_id FROM group_member m WHERE m.group_id = ${group})"));
        }
        asked
    }

    fn bind(&mut self, value: Value) -> usize {
        self.params.push(value);
        self.params.len()
    }

    /// Only what comes behind the last one of the page before.
    fn behind(&mut self, text: &str, number: &str, after: &str, id: UserId) {
        let (after, id) = (self.bind(after.into()), self.bind(id.get().into()));
        self.conditions.push(format!("({text} > ${after} OR ({text} = ${after} AND {number} > ${id}))"));
    }
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

/// How many users are in each state; every state is listed. Only those that few are in are counted one by one.
pub async fn count_by_state(store: &Store) -> Result<Vec<(UserState, u64)>, StoreError> {
    let few = [UserState::Suspended, UserState::Archived, UserState::Deleted];
    let conditions = few.map(|state| format!(" u WHERE {}", state_condition(Some(state))));
    let queries = conditions.iter().map(String::as_str).chain([""]);
    let queries = queries.map(|condition| Query::new(format!("SELECT count(*) FROM directory_user{condition}"), []));
    let answers = store.db.read_all(queries.collect()).await?;
    let counts = answers.iter().map(|rows| {
        let count = rows.first().map_or(Ok(0), |row| row.get::<i64>(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    });
    let counts: Vec<u64> = counts.collect::<Result<_, StoreError>>()?;
    let &[suspended, archived, deleted, all] = counts.as_slice() else {
        return Err(StoreError::Corrupt("a read of four counts did not answer four".to_owned()));
    };
    Ok(vec![
        (UserState::Active, all.saturating_sub(suspended + archived + deleted)),
        (UserState::Suspended, suspended),
        (UserState::Archived, archived),
        (UserState::Deleted, deleted),
    ])
}
