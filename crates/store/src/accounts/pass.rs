//! Everybody in the order of their ids: users beside their accounts, from one stream, for passes and plans.
//!
//! A pass goes through the directory in parts. Of each part the memberships that matter are read first, closed over nested
//! groups; then users and accounts come from one stream, and are decided while the next ones are read. No part is larger in
//! memory than its memberships and a few thousand rows. What is read here only tells who is to be marked: what is sent is
//! decided again on data read after the marks.

use super::rows::{COLUMNS, from_row};
use super::subjects::Subject;
use super::{Rules, removals, waiting};
use crate::directory::users;
use crate::{Store, StoreError};
use provost_core::directory::User;
use provost_core::ids::{ConnectionId, GroupId, UserId};
use provost_core::provisioning::{Account, Approval, body_for, is_text_of, swap_of};
use provost_core::time::Timestamp;
use provost_db::{Query, Row, RowStream, Value, list as placeholders};
use serde_json::{Map, Value as Json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The most users of one part.
pub(crate) const PART_USERS: usize = 10_000;

/// Up to this many groups are named in the query for memberships; of more, all memberships are read.
const GROUPS_NAMED_MAX: usize = 500;

/// How many columns of [`everybody`] are the account's; those of the user follow.
pub const ACCOUNT_COLUMNS: usize = 19;

/// Which of them is the body that the app last confirmed.
pub const APPLIED_COLUMN: usize = 4;

/// Every user of the directory whose id is above `after` and not above `upto`, by id, with the account's columns first (all
/// NULL where there is none).
pub fn everybody(connection: ConnectionId, after: i64, upto: i64) -> Query {
    let sql = format!(
        "SELECT {COLUMNS}, {} FROM directory_user u LEFT JOIN account a ON a.connection_id = $1 AND a.user_id = u.id \
         WHERE u.id > $2 AND u.id <= $3 ORDER BY u.id",
        users::COLUMNS
    );
    Query::new(sql, [connection.get().into(), after.into(), upto.into()])
}

/// The ids above `after` and up to `upto`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    after: i64,
    upto: i64,
}

impl Part {
    /// The part of the next `users` users behind `after`, or of all that are left.
    pub(crate) async fn behind(store: &Store, after: i64, users: usize) -> Result<Self, StoreError> {
        let sql = "SELECT max(id), count(*) FROM (SELECT id FROM directory_user WHERE id > $1 ORDER BY id LIMIT $2) AS part";
        let limit = i64::try_from(users).unwrap_or(i64::MAX);
        let rows = store.db.read(Query::new(sql, [after.into(), limit.into()])).await?;
        let (last, count) = match rows.first() {
            Some(row) => (row.get::<Option<i64>>(0)?, row.get::<i64>(1)?),
            None => (None, 0),
        };
        Ok(Self { after, upto: last.filter(|_| count >= limit).unwrap_or(i64::MAX) })
    }

    /// Where the next part begins; `None` after the last one.
    pub(crate) fn next(&self) -> Option<i64> {
        (self.upto < i64::MAX).then_some(self.upto)
    }
}

/// Hands everybody of a part to `each`, by id: the users of the directory, and those whom only an account remembers.
pub(crate) async fn walk(
    store: &Store,
    rules: &Rules,
    part: Part,
    mut each: impl FnMut(Subject) -> Result<(), StoreError> + Send,
) -> Result<(), StoreError> {
    let now = store.now();
    let mut members = effective_members(store, rules, part).await?;
    let mut waits = None;
    let mut verdicts: BTreeMap<UserId, Vec<Approval>> = BTreeMap::new();
    for verdict in removals::verdicts_between(store, rules.connection.id, part.after, part.upto).await? {
        verdicts.entry(verdict.user_id).or_default().push(verdict);
    }
    let mut forgotten = Forgotten::of(store, rules.connection.id, part);
    let mut rows = store.db.stream(everybody(rules.connection.id, part.after, part.upto));
    // Those who are forgotten are seldom any, and known only when all were looked at: that is done beside the first rows.
    let (mut chunk, read) = tokio::join!(rows.next(), forgotten.read());
    read?;
    while let Some(read) = chunk {
        for row in read? {
            let mut subject = subject(row, rules, &mut members, now)?;
            if waiting::holder_of(&subject.account).is_some() {
                let waits = match &waits {
                    Some(waits) => waits,
                    None => waits.insert(waiting::everybody(store, rules.connection.id).await?),
                };
                subject.swap = swap_of(subject.account.user_id, waits);
            }
            subject.verdicts = verdicts.remove(&subject.account.user_id).unwrap_or_default();
            while let Some(account) = forgotten.before(subject.account.user_id).await? {
                each(alone(account, &mut verdicts))?;
            }
            each(subject)?;
        }
        chunk = rows.next().await;
    }
    while let Some(account) = forgotten.before(UserId::new(i64::MAX)).await? {
        each(alone(account, &mut verdicts))?;
    }
    Ok(())
}

/// A user as the stream has them. Of nearly everybody the confirmed body is the text of the one that they should have: it is
/// not read then, which saves about a tenth of a pass's processor time.
fn subject(mut row: Row, rules: &Rules, members: &mut Members, now: Timestamp) -> Result<Subject, StoreError> {
    let user = users::from_row(&Row(row.0.split_off(ACCOUNT_COLUMNS)))?;
    let recorded = row.0.first() != Some(&Value::Null);
    let confirmed = as_wanted(&row, &user, rules)?;
    let as_confirmed = confirmed.is_some();
    let account = match confirmed {
        Some(body) => {
            row.0[APPLIED_COLUMN] = Value::Null;
            Account { applied: Some(body), ..from_row(&row)? }
        }
        None if recorded => from_row(&row)?,
        None => Account::new(user.id, &user.primary_email, now),
    };
    let (groups, direct_groups) = members.take(user.id);
    let user = Some(user);
    Ok(Subject { account, recorded, user, groups, direct_groups, swap: None, twin: None, verdicts: Vec::new(), as_confirmed })
}

/// The body that the user should have, where its text is the one that was confirmed.
fn as_wanted(row: &Row, user: &User, rules: &Rules) -> Result<Option<Map<String, Json>>, StoreError> {
    let Some(confirmed) = row.text(APPLIED_COLUMN)? else { return Ok(None) };
    Ok(body_for(user, &rules.connection).ok().filter(|body| is_text_of(confirmed, body)))
}

/// A user whom only the account remembers.
fn alone(account: Account, verdicts: &mut BTreeMap<UserId, Vec<Approval>>) -> Subject {
    let verdicts = verdicts.remove(&account.user_id).unwrap_or_default();
    let (groups, direct_groups) = (Groups::new(), Groups::new());
    Subject { account, recorded: true, user: None, groups, direct_groups, swap: None, twin: None, verdicts, as_confirmed: false }
}

/// Accounts whose user the directory has forgotten, by id.
struct Forgotten {
    rows: RowStream,
    read: VecDeque<Account>,
    ended: bool,
}

impl Forgotten {
    fn of(store: &Store, connection: ConnectionId, part: Part) -> Self {
        let sql = format!(
            "SELECT {COLUMNS} FROM account a WHERE a.connection_id = $1 AND a.user_id > $2 AND a.user_id <= $3 \
             AND NOT EXISTS (SELECT 1 FROM directory_user u WHERE u.id = a.user_id) ORDER BY a.user_id"
        );
        let query = Query::new(sql, [connection.get().into(), part.after.into(), part.upto.into()]);
        Self { rows: store.db.stream(query), read: VecDeque::new(), ended: false }
    }

    /// Reads the next ones, if none is read yet.
    async fn read(&mut self) -> Result<(), StoreError> {
        while self.read.is_empty() && !self.ended {
            match self.rows.next().await {
                Some(chunk) => self.read = chunk?.iter().map(from_row).collect::<Result<_, _>>()?,
                None => self.ended = true,
            }
        }
        Ok(())
    }

    /// The next one whose id is below `id`.
    async fn before(&mut self, id: UserId) -> Result<Option<Account>, StoreError> {
        self.read().await?;
        Ok(if self.read.front().is_some_and(|account| account.user_id < id) { self.read.pop_front() } else { None })
    }
}

type Groups = BTreeSet<GroupId>;

/// The members of the access and scope groups in a part: by user, the group whose row says so.
struct Members {
    /// By user id.
    rows: VecDeque<(UserId, GroupId)>,
    /// For every group, the access and scope groups that it is within.
    roots: BTreeMap<GroupId, Groups>,
}

impl Members {
    /// The groups that reach the user, and those of which the user is a direct member. Users are asked for by rising id.
    fn take(&mut self, user: UserId) -> (Groups, Groups) {
        let (mut reached, mut direct) = (Groups::new(), Groups::new());
        while let Some((member, group)) = self.rows.front().copied().filter(|(member, _)| *member <= user) {
            self.rows.pop_front();
            let Some(roots) = self.roots.get(&group).filter(|_| member == user) else { continue };
            reached.extend(roots);
            if roots.contains(&group) {
                direct.insert(group);
            }
        }
        (reached, direct)
    }
}

async fn effective_members(store: &Store, rules: &Rules, part: Part) -> Result<Members, StoreError> {
    let groups: Vec<GroupId> = rules.relevant_groups().collect();
    let roots = groups.iter().map(|group| (*group, rules.roots_of(*group).collect())).collect();
    let mut members = Members { rows: VecDeque::new(), roots };
    if groups.is_empty() {
        return Ok(members);
    }
    // The plus keeps SQLite from walking a whole group for each part: the range of users is the narrower way in.
    let mut sql = "SELECT m.user_id, m.group_id FROM group_member m WHERE m.user_id > $1 AND m.user_id <= $2".to_owned();
    let mut params: Vec<Value> = vec![part.after.into(), part.upto.into()];
    if groups.len() <= GROUPS_NAMED_MAX {
        sql.push_str(" AND +m.group_id IN ");
        sql.push_str(&placeholders(params.len() + 1, groups.len()));
        params.extend(groups.iter().map(|id| Value::from(id.get())));
    }
    sql.push_str(" ORDER BY m.user_id");
    let mut rows = store.db.stream(Query::new(sql, params));
    while let Some(chunk) = rows.next().await {
        for row in chunk? {
            let group = GroupId::new(row.get(1)?);
            if members.roots.contains_key(&group) {
                members.rows.push_back((UserId::new(row.get(0)?), group));
            }
        }
    }
    Ok(members)
}
