//! Carrying out a [`Plan`]: the positions of all that can match.

use super::look_ups::{self, Origin};
use super::plan::{LookUp, Plan, What};
use crate::groups;
use provost_db::{Db, DbError, Query};
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
        What::Key(..) | What::Prefix(..) | What::Between(..) => {
            positions(db, look_ups::all(kind, &Origin::Rows(look_up.what.clone()), limit + 1)).await?
        }
        What::Address(address) => positions(db, look_ups::all(kind, &Origin::Address(address.clone()), limit + 1)).await?,
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

async fn users_in(db: &Db, group_id: &str, limit: usize) -> Result<Option<Vec<i64>>, DbError> {
    let groups = groups::with_ids(db, ResourceKind::Group, &[group_id.to_owned()]).await?;
    let Some(group) = groups.first() else { return Ok(Some(Vec::new())) };
    let Some(nested) = groups::with_nested(db, group.position).await? else { return Ok(None) };
    let mut found = Vec::new();
    for chunk in nested.chunks(CHUNK) {
        found.extend(positions(db, look_ups::users_in(chunk, limit + 1)).await?);
    }
    Ok(Some(found))
}

async fn groups_with(db: &Db, member_id: &str, limit: usize) -> Result<Vec<i64>, DbError> {
    let mut found = Vec::new();
    for kind in ResourceKind::ALL {
        for member in groups::with_ids(db, kind, &[member_id.to_owned()]).await? {
            found.extend(positions(db, look_ups::groups_with(kind, member.position, limit + 1)).await?);
        }
    }
    Ok(found)
}

async fn positions(db: &Db, query: Query) -> Result<Vec<i64>, DbError> {
    db.read(query).await?.iter().map(|row| Ok(row.get(0)?)).collect()
}
