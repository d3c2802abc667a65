//! The ways to a page of users. Each goes by an index that has them in the page's order, or looks through few; a test holds the
//! databases to it.
//!
//! A page of several places is merged from the first of each. Of more places than can be merged, and of a group with many members,
//! users are gone through by address, and those who do not belong left out: that is quick where many do.

use super::counts::Place;
use super::list::{Looked, Members, Whom};
use super::rows::COLUMNS;
use super::words;
use provost_core::directory::UserState;
use provost_core::ids::UserId;
use provost_db::{Query, Value};

/// The text by which the last user of the page before is ordered, and who that was.
pub(super) type Cursor<'a> = (&'a str, UserId);

/// A statement in the making.
#[derive(Default)]
struct Statement {
    tables: Vec<&'static str>,
    conditions: Vec<String>,
    params: Vec<Value>,
}

impl Statement {
    fn bind(&mut self, value: impl Into<Value>) -> String {
        self.params.push(value.into());
        format!("${}", self.params.len())
    }

    /// Only those whom the list is about. Few members of a group come before everything else.
    fn only(&mut self, looked: &Looked) {
        match looked.members {
            Some(Members::Few(group)) => {
                self.tables.insert(0, "group_member m");
                let group = self.bind(group.get());
                self.conditions.push(format!("m.group_id = {group} AND u.id = m.user_id"));
            }
            Some(Members::Many(_)) => self.only_members(looked),
            None => {}
        }
        match &looked.whom {
            Whom::Living => self.conditions.push(in_state(None)),
            Whom::State(state) => self.conditions.push(in_state(Some(*state))),
            Whom::Places(places) => {
                let places: Vec<String> = places
                    .iter()
                    .map(|(unit, state)| format!("(CAST({} AS BIGINT), '{}')", self.bind(unit.get()), state.word()))
                    .collect();
                self.conditions.push(format!("(u.org_unit_id, u.state) IN (VALUES {})", places.join(", ")));
            }
            Whom::Below(unit, state) => {
                let unit = self.bind(unit.get());
                self.conditions.push(in_state(*state));
                // The plus keeps the databases from reading everybody of these units, and sorting them.
                self.conditions.push(format!(
                    "+u.org_unit_id IN (WITH RECURSIVE tree(id) AS (SELECT CAST({unit} AS BIGINT) \
                     UNION SELECT o.id FROM org_unit o JOIN tree ON o.parent_id = tree.id) SELECT id FROM tree)"
                ));
            }
        }
    }

    fn only_members(&mut self, looked: &Looked) {
        if let Some(Members::Many(group)) = looked.members {
            let group = self.bind(group.get());
            self.conditions
                .push(format!("EXISTS (SELECT 1 FROM group_member m WHERE m.user_id = u.id AND m.group_id = {group})"));
        }
    }

    /// Only what comes behind the page before.
    fn behind(&mut self, text: &str, number: &str, after: Option<Cursor<'_>>) {
        if let Some((last, id)) = after {
            let (last, id) = (self.bind(last), self.bind(id.get()));
            self.conditions.push(format!("({text}, {number}) > ({last}, {id})"));
        }
    }

    /// The tables in their order: with CROSS JOIN SQLite keeps to it, whatever it thinks of the conditions.
    fn into_query(mut self, columns: &str, order: &str, rows_max: i64) -> Query {
        let limit = self.bind(rows_max);
        let sql = format!(
            "SELECT {columns} FROM {} WHERE {} ORDER BY {order} LIMIT {limit}",
            self.tables.join(" CROSS JOIN "),
            self.conditions.join(" AND ")
        );
        Query::new(sql, self.params)
    }
}

/// `None`: all but deleted users.
fn in_state(state: Option<UserState>) -> String {
    state.map_or_else(|| "u.deleted_since IS NULL".to_owned(), |state| format!("u.state = '{}'", state.word()))
}

/// A page by address.
pub(super) fn by_address(looked: &Looked, after: Option<Cursor<'_>>, rows_max: i64) -> Query {
    let few_members = matches!(looked.members, Some(Members::Few(_)));
    if let (Whom::Places(places), false) = (&looked.whom, few_members) {
        return merged(looked, places, after, rows_max);
    }
    let mut statement = Statement { tables: vec!["directory_user u"], ..Statement::default() };
    statement.only(looked);
    statement.behind("u.primary_email", "u.id", after);
    statement.into_query(COLUMNS, "u.primary_email, u.id", rows_max)
}

/// The first of each place, merged.
fn merged(looked: &Looked, places: &[Place], after: Option<Cursor<'_>>, rows_max: i64) -> Query {
    let mut statement = Statement::default();
    let limit = statement.bind(rows_max);
    statement.behind("u.primary_email", "u.id", after);
    statement.only_members(looked);
    let common = std::mem::take(&mut statement.conditions);
    let firsts: Vec<String> = places
        .iter()
        .map(|(unit, state)| {
            let unit = statement.bind(unit.get());
            let place = format!("u.org_unit_id = {unit} AND {}", in_state(Some(*state)));
            let conditions = [&[place][..], &common].concat().join(" AND ");
            format!(
                "SELECT * FROM (SELECT u.id, u.primary_email FROM directory_user u WHERE {conditions} \
                 ORDER BY u.primary_email, u.id LIMIT {limit}) AS first"
            )
        })
        .collect();
    let sql = format!(
        "SELECT {COLUMNS} FROM (SELECT id FROM ({}) AS firsts ORDER BY primary_email, id LIMIT {limit}) AS page \
         CROSS JOIN directory_user u WHERE u.id = page.id ORDER BY u.primary_email, u.id",
        firsts.join(" UNION ALL ")
    );
    Query::new(sql, statement.params)
}

/// A page of a search. The words' index is walked from the first one that begins so, and each user is shown at the first of theirs;
/// where the list is about few, their words are looked through.
pub(super) fn by_word(looked: &Looked, word: &str, others: &[String], after: Option<Cursor<'_>>, rows_max: i64) -> Query {
    let tables = if looked.few {
        vec!["directory_user u", "directory_user_word w"]
    } else {
        vec!["directory_user_word w", "directory_user u"]
    };
    let mut statement = Statement { tables, ..Statement::default() };
    statement.conditions.push("w.user_id = u.id".to_owned());
    let begins = |statement: &mut Statement, word: &str| {
        let (from, behind) = (statement.bind(word), statement.bind(words::behind(word)));
        move |table: &str| format!("{table}.word >= {from} AND {table}.word < {behind}")
    };
    let one = begins(&mut statement, word);
    statement.conditions.push(one("w"));
    statement.conditions.push(format!(
        "NOT EXISTS (SELECT 1 FROM directory_user_word e WHERE e.user_id = w.user_id AND {} AND e.word < w.word)",
        one("e")
    ));
    for other in others {
        let other = begins(&mut statement, other);
        let has = format!("EXISTS (SELECT 1 FROM directory_user_word o WHERE o.user_id = w.user_id AND {})", other("o"));
        statement.conditions.push(has);
    }
    statement.only(looked);
    statement.behind("w.word", "w.user_id", after);
    statement.into_query(&format!("{COLUMNS}, w.word"), "w.word, w.user_id", rows_max)
}
