//! Who is in which group. Members are users and groups; whatever is read here is read for many at once.

use super::{GroupRecord, MemberRecord, MemberSet};
use crate::find::code;
use provost_db::{Db, DbError, Query, Row, Value, list};
use provost_scim::provider::ResourceKind;
use std::collections::{BTreeMap, BTreeSet};

/// Look-ups in one query.
const CHUNK: usize = 400;
/// Groups are followed upwards or downwards until this many have been met; beyond that, nesting is not looked at further.
const NESTED_MAX: usize = 10_000;

/// A group that a user is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GroupOfUser {
    pub(crate) id: String,
    pub(crate) display_name: String,
    /// As a member; otherwise through a group that is a member.
    pub(crate) is_direct: bool,
}

/// The members of these groups: users first, then groups, oldest first.
pub(crate) async fn members_of(db: &Db, groups: &[i64]) -> Result<BTreeMap<i64, Vec<MemberRecord>>, DbError> {
    let mut found: BTreeMap<i64, Vec<MemberRecord>> = BTreeMap::new();
    for chunk in groups.chunks(CHUNK) {
        let answers = db.read_all(vec![user_members(chunk), group_members(chunk)]).await?;
        for (rows, kind) in answers.iter().zip(ResourceKind::ALL) {
            for row in rows {
                found.entry(row.get(3)?).or_default().push(member(row, kind)?);
            }
        }
    }
    Ok(found)
}

fn user_members(groups: &[i64]) -> Query {
    let sql = format!(
        "SELECT u.position, u.id, u.user_name, m.group_position FROM tenant_group_member m \
         JOIN tenant_user u ON u.position = m.member_position \
         WHERE m.group_position IN {} AND m.member_kind = 0 AND u.deleted_at IS NULL ORDER BY m.group_position, m.member_position",
        list(1, groups.len())
    );
    Query::new(sql, numbers(groups))
}

fn group_members(groups: &[i64]) -> Query {
    let sql = format!(
        "SELECT g.position, g.id, g.display_name, m.group_position FROM tenant_group_member m \
         JOIN tenant_group g ON g.position = m.member_position \
         WHERE m.group_position IN {} AND m.member_kind = 1 ORDER BY m.group_position, m.member_position",
        list(1, groups.len())
    );
    Query::new(sql, numbers(groups))
}

/// How many members each of these groups has, in their order.
pub(crate) async fn member_counts(db: &Db, groups: &[GroupRecord]) -> Result<Vec<u64>, DbError> {
    member_counts_at(db, &groups.iter().map(|group| group.position).collect::<Vec<_>>()).await
}

/// The same for groups at these positions.
pub(crate) async fn member_counts_at(db: &Db, positions: &[i64]) -> Result<Vec<u64>, DbError> {
    let mut counts = BTreeMap::new();
    for chunk in positions.chunks(CHUNK) {
        let sql = format!("SELECT position, member_count FROM tenant_group WHERE position IN {}", list(1, chunk.len()));
        for row in db.read(Query::new(sql, numbers(chunk))).await? {
            counts.insert(row.get::<i64>(0)?, row.get::<i64>(1)?.unsigned_abs());
        }
    }
    Ok(positions.iter().map(|position| counts.get(position).copied().unwrap_or(0)).collect())
}

/// Which of the candidates are members, and how many members there are.
pub(crate) async fn present(db: &Db, group_position: i64, candidates: &MemberSet) -> Result<(i64, MemberSet), DbError> {
    let mut queries = vec![Query::new("SELECT member_count FROM tenant_group WHERE position = $1", [group_position.into()])];
    let mut kinds = Vec::new();
    for (kind, _, positions) in candidates.by_kind() {
        for chunk in positions.chunks(CHUNK) {
            let sql = format!(
                "SELECT member_position FROM tenant_group_member WHERE group_position = $1 AND member_kind = $2 AND member_position IN {}",
                list(3, chunk.len())
            );
            queries.push(Query::new(sql, numbers(&[&[group_position, code(kind)], chunk].concat())));
            kinds.push(kind);
        }
    }
    let mut answers = db.read_all(queries).await?.into_iter();
    let count = answers.next().unwrap_or_default().first().map_or(Ok(0), |row| row.get(0))?;
    let mut found = MemberSet::default();
    for (rows, kind) in answers.zip(kinds) {
        for row in rows {
            found.push(kind, row.get(0)?);
        }
    }
    Ok((count, found))
}

/// The living users with these ids; those that are not there are missing from the answer.
pub(crate) async fn users_with_ids(db: &Db, ids: &[String]) -> Result<Vec<MemberRecord>, DbError> {
    with_ids(db, ResourceKind::User, ids).await
}

/// The users or groups with these ids; those that are not there are missing from the answer.
pub(crate) async fn with_ids(db: &Db, kind: ResourceKind, ids: &[String]) -> Result<Vec<MemberRecord>, DbError> {
    let from = match kind {
        ResourceKind::User => "position, id, user_name FROM tenant_user WHERE deleted_at IS NULL AND",
        ResourceKind::Group => "position, id, display_name FROM tenant_group WHERE",
    };
    let mut found = Vec::with_capacity(ids.len());
    let known: Vec<&String> = ids.iter().filter(|id| !id.contains('\0')).collect();
    for chunk in known.chunks(CHUNK) {
        let sql = format!("SELECT {from} id IN {}", list(1, chunk.len()));
        let rows = db.read(Query::new(sql, chunk.iter().map(|id| Value::from(id.as_str())))).await?;
        for row in &rows {
            found.push(member(row, kind)?);
        }
    }
    Ok(found)
}

/// The groups that these users are in, direct ones first, each kind oldest first.
pub(crate) async fn of_users(db: &Db, users: &[i64]) -> Result<BTreeMap<i64, Vec<GroupOfUser>>, DbError> {
    let direct = holders(db, ResourceKind::User, users).await?;
    let mut known: BTreeSet<i64> = direct.values().flatten().copied().collect();
    let mut above: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    let mut level: Vec<i64> = known.iter().copied().collect();
    while !level.is_empty() && known.len() < NESTED_MAX {
        let next = holders(db, ResourceKind::Group, &level).await?;
        level = next.values().flatten().copied().filter(|&group| known.insert(group)).collect();
        above.extend(next);
    }
    let names = names(db, &known.iter().copied().collect::<Vec<_>>()).await?;
    let named = |group: &i64, is_direct| {
        let (id, display_name) = names.get(group)?;
        Some(GroupOfUser { id: id.clone(), display_name: display_name.clone(), is_direct })
    };
    let of_user = |own: &Vec<i64>| {
        let indirect = closure(own, &above);
        own.iter().filter_map(|group| named(group, true)).chain(indirect.iter().filter_map(|group| named(group, false))).collect()
    };
    Ok(direct.iter().map(|(user, own)| (*user, of_user(own))).collect())
}

/// The groups above these, without them.
fn closure(own: &[i64], above: &BTreeMap<i64, Vec<i64>>) -> BTreeSet<i64> {
    let mut met: BTreeSet<i64> = own.iter().copied().collect();
    let mut open = own.to_vec();
    while let Some(group) = open.pop() {
        open.extend(above.get(&group).into_iter().flatten().copied().filter(|&group| met.insert(group)));
    }
    met.retain(|group| !own.contains(group));
    met
}

/// The groups that have these users or groups as members, by member.
async fn holders(db: &Db, kind: ResourceKind, members: &[i64]) -> Result<BTreeMap<i64, Vec<i64>>, DbError> {
    let mut found: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for chunk in members.chunks(CHUNK) {
        let sql = format!(
            "SELECT member_position, group_position FROM tenant_group_member WHERE member_kind = {} AND member_position IN {} \
             ORDER BY member_position, group_position",
            code(kind),
            list(1, chunk.len())
        );
        for row in db.read(Query::new(sql, numbers(chunk))).await? {
            found.entry(row.get(0)?).or_default().push(row.get(1)?);
        }
    }
    Ok(found)
}

async fn names(db: &Db, groups: &[i64]) -> Result<BTreeMap<i64, (String, String)>, DbError> {
    let mut found = BTreeMap::new();
    for chunk in groups.chunks(CHUNK) {
        let sql = format!("SELECT position, id, display_name FROM tenant_group WHERE position IN {}", list(1, chunk.len()));
        for row in db.read(Query::new(sql, numbers(chunk))).await? {
            found.insert(row.get(0)?, (row.get(1)?, row.get(2)?));
        }
    }
    Ok(found)
}

/// The group and all groups in it, however deep; `None` when there are more than can be followed.
pub(crate) async fn with_nested(db: &Db, group: i64) -> Result<Option<Vec<i64>>, DbError> {
    let mut met = BTreeSet::from([group]);
    let mut level = vec![group];
    while !level.is_empty() {
        let mut next = Vec::new();
        for chunk in level.chunks(CHUNK) {
            let sql = format!(
                "SELECT member_position FROM tenant_group_member WHERE group_position IN {} AND member_kind = 1",
                list(1, chunk.len())
            );
            for row in db.read(Query::new(sql, numbers(chunk))).await? {
                next.push(row.get(0)?);
            }
        }
        level = next.into_iter().filter(|&group| met.insert(group)).collect();
        if met.len() > NESTED_MAX {
            return Ok(None);
        }
    }
    Ok(Some(met.into_iter().collect()))
}

fn numbers(numbers: &[i64]) -> Vec<Value> {
    numbers.iter().map(|&number| number.into()).collect()
}

fn member(row: &Row, kind: ResourceKind) -> Result<MemberRecord, DbError> {
    Ok(MemberRecord { kind, position: row.get(0)?, id: row.get(1)?, user_name: row.get(2)? })
}
