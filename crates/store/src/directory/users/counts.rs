//! How many users stand in each org unit in each state: numbers that every change of a user keeps in its own batch, so that pages
//! tell them without a walk over everybody.

use crate::tally::Tally;
use crate::{Store, StoreError};
use provost_core::directory::{User, UserState};
use provost_core::ids::OrgUnitId;
use provost_db::{Batch, Query};
use std::collections::BTreeMap;

/// The states, in the order in which they are told.
pub(super) const STATES: [UserState; 4] = [UserState::Active, UserState::Suspended, UserState::Archived, UserState::Deleted];

const USERS: Tally = Tally { table: "directory_user_count", id: "org_unit_id", number: "users" };

/// Where a user is counted.
pub(crate) type Place = (OrgUnitId, UserState);

/// Where this user is counted.
pub(crate) fn place(user: &User) -> Place {
    (user.org_unit, user.status.state())
}

/// Counts users who have come from the first place to the second; without a first one they are new, without a second one forgotten. In
/// the batch that writes them, which fails when one of them has been moved meanwhile.
pub(super) fn count(batch: &mut Batch, moves: impl IntoIterator<Item = (Option<Place>, Option<Place>)>) {
    let cell = |place: Place| (place.0.get(), place.1.word());
    USERS.count(batch, moves.into_iter().map(|(from, to)| (from.map(cell), to.map(cell))));
}

/// How many users are in each state; every state is listed.
pub async fn count_by_state(store: &Store) -> Result<Vec<(UserState, u64)>, StoreError> {
    let sql = "SELECT state, CAST(sum(users) AS BIGINT) FROM directory_user_count GROUP BY state";
    let found = store.db.read(Query::new(sql, [])).await?;
    let counted = found.iter().map(|row| Ok((row.get(0)?, number(row.get(1)?))));
    let counted = counted.collect::<Result<BTreeMap<String, u64>, StoreError>>()?;
    Ok(STATES.map(|state| (state, counted.get(state.word()).copied().unwrap_or(0))).to_vec())
}

/// How many living users stand in each org unit itself, without those below.
pub async fn count_by_unit(store: &Store) -> Result<BTreeMap<OrgUnitId, u64>, StoreError> {
    let sql =
        "SELECT org_unit_id, CAST(sum(users) AS BIGINT) FROM directory_user_count WHERE state <> 'deleted' GROUP BY org_unit_id";
    let found = store.db.read(Query::new(sql, [])).await?;
    found.iter().map(|row| Ok((OrgUnitId::new(row.get(0)?), number(row.get(1)?)))).collect()
}

/// The places of an org unit and of those below it in which somebody stands.
pub(super) const BELOW: &str = "WITH RECURSIVE tree(id) AS (SELECT CAST($1 AS BIGINT) \
     UNION SELECT o.id FROM org_unit o JOIN tree ON o.parent_id = tree.id) \
     SELECT c.org_unit_id, c.state, c.users FROM tree CROSS JOIN directory_user_count c \
     WHERE c.org_unit_id = tree.id AND c.users > 0 ORDER BY c.org_unit_id, c.state";

/// Where users stand in the org unit and below it, and how many in each place.
pub(super) async fn below(store: &Store, unit: OrgUnitId) -> Result<Vec<(Place, u64)>, StoreError> {
    let found = store.db.read(Query::new(BELOW, [unit.get().into()])).await?;
    let place = |row: &provost_db::Row| -> Result<(Place, u64), StoreError> {
        let word: String = row.get(1)?;
        let state = STATES.into_iter().find(|state| state.word() == word);
        let state = state.ok_or_else(|| StoreError::Corrupt(format!("users in the state \"{word}\"")))?;
        Ok(((OrgUnitId::new(row.get(0)?), state), number(row.get(2)?)))
    };
    found.iter().map(place).collect()
}

fn number(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}
