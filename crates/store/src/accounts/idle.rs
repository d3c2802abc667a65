//! Whether anything is left to do for a connection now.

use super::standstill::{self, Standstill};
use super::{load_rules, removals};
use crate::{Store, StoreError};
use provost_core::app::ConnectionStatus;
use provost_core::ids::{ConnectionId, UserId};
use provost_core::provisioning::RemovalCandidate;
use provost_core::time::Timestamp;
use provost_db::Query;
use std::collections::HashSet;

/// Whether nothing is left to do now: no sweep waits, no account is due or under way, and no removal is due but those that
/// the guard, an administrator or a standstill holds back. A connection that is halted, whatever is due, has nothing to do until it is
/// reauthorized; users whose next attempt lies ahead are not waited for.
pub async fn is_idle(store: &Store, connection: ConnectionId) -> Result<bool, StoreError> {
    let now = store.now();
    let open = open(store, connection, now).await?;
    if open.sweeping {
        return Ok(false);
    }
    let rules = load_rules(store, connection).await?;
    if rules.connection.halt.is_some() {
        return Ok(true);
    }
    if open.due {
        return Ok(false);
    }
    if rules.connection.status == ConnectionStatus::Inactive || !open.leaving {
        return Ok(true);
    }
    let due = removals::due_candidates(store, &rules, now).await?;
    let held: HashSet<UserId> = removals::held(store, &rules, now).await?.into_iter().map(|held| held.user_id).collect();
    let verdicts = removals::approvals(store, connection).await?;
    let rejected: HashSet<(UserId, Timestamp)> =
        verdicts.into_iter().filter(|verdict| !verdict.approved).map(|verdict| (verdict.user_id, verdict.since)).collect();
    let still = standstill::standing(store, connection).await?.iter().any(Standstill::holds);
    let waits =
        |due: &RemovalCandidate| still || held.contains(&due.user_id) || rejected.contains(&(due.user_id, due.removal.since));
    // A removal that was begun since the first look is no candidate any more, but it is due, from the moment in which it was
    // begun until it is settled.
    Ok(due.iter().all(waits) && !self::open(store, connection, store.now()).await?.due)
}

/// What there is any of.
struct Open {
    sweeping: bool,
    due: bool,
    leaving: bool,
}

async fn open(store: &Store, connection: ConnectionId, now: Timestamp) -> Result<Open, StoreError> {
    let id = || connection.get().into();
    let queries = vec![
        Query::new("SELECT 1 FROM sweep WHERE connection_id IS NULL OR connection_id = $1 LIMIT 1", [id()]),
        Query::new("SELECT 1 FROM account WHERE connection_id = $1 AND due_at <= $2 LIMIT 1", [id(), now.0.into()]),
        Query::new("SELECT 1 FROM account WHERE connection_id = $1 AND removal_at IS NOT NULL LIMIT 1", [id()]),
    ];
    let answers = store.db.read_all(queries).await?;
    let any = |index: usize| answers.get(index).is_some_and(|rows| !rows.is_empty());
    Ok(Open { sweeping: any(0), due: any(1), leaving: any(2) })
}
