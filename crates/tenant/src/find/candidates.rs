//! Carrying out a [`Plan`]: the positions of all that can match.

use super::order::Column;
use super::plan::{LookUp, Plan, What};
use super::rows::table;
use crate::groups;
use provost_db::{Db, DbError, Query, Value, list};
use provost_scim::provider::ResourceKind;
use std::collections::BTreeSet;

/// Values in one list of a query.
const CHUNK: usize = 400;
/// Fewer candidates than this are looked at rather than narrowed down by a wide look-up.
const FEW: usize = 1_000;

/// The positions of all that can match, in order, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidates {
    pub(crate) positions: Vec<i64>,
    /// Whether all of them match.
    pub(crate) are_exact: bool,
}

/// `None` when there are more than `limit`.
pub(crate) async fn find(db: &Db, kind: ResourceKind, plan: &Plan, limit: usize) -> Result<Option<Candidates>, DbError> {
    match plan {
        Plan::Look(look_up) => one(db, kind, look_up, limit).await,
        Plan::Any(plans) => {
            let (mut positions, mut are_exact) = (BTreeSet::new(), true);
            for plan in plans {
                let Some(found) = Box::pin(find(db, kind, plan, limit)).await? else { return Ok(None) };
                positions.extend(found.positions);
                are_exact &= found.are_exact;
                if positions.len() > limit {
                    return Ok(None);
                }
            }
            Ok(Some(Candidates { positions: positions.into_iter().collect(), are_exact }))
        }
        Plan::All { plans, is_complete } => {
            let mut left: Option<Candidates> = None;
            let mut are_exact = *is_complete;
            let (wide, narrow): (Vec<&Plan>, Vec<&Plan>) = plans.iter().partition(|plan| plan.is_wide());
            for plan in narrow.into_iter().chain(wide) {
                if plan.is_wide() && left.as_ref().is_some_and(|left| left.positions.len() <= FEW) {
                    are_exact = false;
                    continue;
                }
                let Some(found) = Box::pin(find(db, kind, plan, limit)).await? else {
                    are_exact = false;
                    continue;
                };
                are_exact &= found.are_exact;
                left = Some(match left {
                    None => found,
                    Some(left) => both(&left, &found),
                });
            }
            Ok(left.map(|left| Candidates { are_exact, ..left }))
        }
    }
}

fn both(a: &Candidates, b: &Candidates) -> Candidates {
    let positions = a.positions.iter().copied().filter(|position| b.positions.binary_search(position).is_ok()).collect();
    Candidates { positions, are_exact: true }
}

async fn one(db: &Db, kind: ResourceKind, look_up: &LookUp, limit: usize) -> Result<Option<Candidates>, DbError> {
    let found = match &look_up.what {
        What::Key(column, key) => {
            let key = vec![key.as_str().into()];
            by_column(db, kind, &format!("{} = $1", column.sql()), key, limit).await?
        }
        What::Prefix(column, prefix) => prefixed(db, kind, *column, prefix, limit).await?,
        What::Between(column, low, high) => {
            let bounds = [(">=", low), ("<", high)].into_iter().filter_map(|(sign, bound)| Some((sign, (*bound)?)));
            let (mut conditions, mut values) = (Vec::new(), Vec::new());
            for (sign, bound) in bounds {
                values.push(bound.into());
                conditions.push(format!("{} {sign} ${}", column.sql(), values.len()));
            }
            by_column(db, kind, &conditions.join(" AND "), values, limit).await?
        }
        What::Address(address) => {
            let sql = format!("SELECT user_position FROM tenant_user_email WHERE address = $1 LIMIT {}", limit + 1);
            positions(db, Query::new(sql, [address.as_str().into()])).await?
        }
        What::InGroup(id) => match users_in(db, id, limit).await? {
            Some(found) => found,
            None => return Ok(None),
        },
        What::HasMember(id) => groups_with(db, id, limit).await?,
    };
    if found.len() > limit {
        return Ok(None);
    }
    let once: BTreeSet<i64> = found.into_iter().collect();
    Ok(Some(Candidates { positions: once.into_iter().collect(), are_exact: look_up.is_exact }))
}

async fn by_column(db: &Db, kind: ResourceKind, condition: &str, values: Vec<Value>, limit: usize) -> Result<Vec<i64>, DbError> {
    let (table, living) = table(kind);
    let sql = format!("SELECT position FROM {table} WHERE {living} AND {condition} LIMIT {}", limit + 1);
    positions(db, Query::new(sql, values)).await
}

/// Texts are ordered by their bytes: all that begin with a text lie between it and the next text that does not.
async fn prefixed(db: &Db, kind: ResourceKind, column: Column, prefix: &str, limit: usize) -> Result<Vec<i64>, DbError> {
    let column = column.sql();
    match after_prefix(prefix) {
        Some(end) => {
            let condition = format!("{column} >= $1 AND {column} < $2");
            by_column(db, kind, &condition, vec![prefix.into(), end.into()], limit).await
        }
        None => by_column(db, kind, &format!("{column} >= $1"), vec![prefix.into()], limit).await,
    }
}

/// The least text that is greater than all texts with this prefix.
fn after_prefix(prefix: &str) -> Option<String> {
    let mut characters: Vec<char> = prefix.chars().collect();
    while let Some(last) = characters.pop() {
        let next = match last {
            '\u{D7FF}' => Some('\u{E000}'),
            last => char::from_u32(u32::from(last) + 1),
        };
        if let Some(next) = next {
            characters.push(next);
            return Some(characters.into_iter().collect());
        }
    }
    None
}

async fn users_in(db: &Db, group_id: &str, limit: usize) -> Result<Option<Vec<i64>>, DbError> {
    let groups = groups::with_ids(db, ResourceKind::Group, &[group_id.to_owned()]).await?;
    let Some(group) = groups.first() else { return Ok(Some(Vec::new())) };
    let Some(nested) = groups::with_nested(db, group.position).await? else { return Ok(None) };
    let mut found = Vec::new();
    for chunk in nested.chunks(CHUNK) {
        let sql = format!(
            "SELECT member_position FROM tenant_group_member WHERE group_position IN {} AND member_kind = 0 LIMIT {}",
            list(1, chunk.len()),
            limit + 1
        );
        found.extend(positions(db, Query::new(sql, chunk.iter().map(|&group| group.into()))).await?);
    }
    Ok(Some(found))
}

async fn groups_with(db: &Db, member_id: &str, limit: usize) -> Result<Vec<i64>, DbError> {
    let mut found = Vec::new();
    for kind in ResourceKind::ALL {
        for member in groups::with_ids(db, kind, &[member_id.to_owned()]).await? {
            let sql = format!(
                "SELECT group_position FROM tenant_group_member WHERE member_kind = $1 AND member_position = $2 LIMIT {}",
                limit + 1
            );
            found.extend(positions(db, Query::new(sql, [super::code(kind).into(), member.position.into()])).await?);
        }
    }
    Ok(found)
}

async fn positions(db: &Db, query: Query) -> Result<Vec<i64>, DbError> {
    db.read(query).await?.iter().map(|row| Ok(row.get(0)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::after_prefix;

    #[test]
    fn the_end_of_a_prefix_is_the_next_text() {
        assert_eq!(after_prefix("ab").as_deref(), Some("ac"));
        assert_eq!(after_prefix("a\u{10FFFF}").as_deref(), Some("b"));
        assert_eq!(after_prefix("\u{D7FF}").as_deref(), Some("\u{E000}"));
        assert_eq!(after_prefix("\u{10FFFF}"), None);
    }
}
