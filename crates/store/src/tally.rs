//! Numbers that are kept beside the rows they count, in the batch that changes those: whoever tells them need not walk over
//! everybody. After each test of the store they are compared with what is there.

use provost_db::{Batch, Value, rows};
use std::collections::BTreeMap;

/// Where something is counted: by an id and a word.
pub(crate) type Cell = (i64, &'static str);

/// A table of such numbers.
pub(crate) struct Tally {
    pub(crate) table: &'static str,
    /// The column of the id; the word's is `state`.
    pub(crate) id: &'static str,
    pub(crate) number: &'static str,
}

impl Tally {
    /// Counts what has come from the first cell to the second; without a first one it is new, without a second one it is gone.
    pub(crate) fn count(&self, batch: &mut Batch, moves: impl IntoIterator<Item = (Option<Cell>, Option<Cell>)>) {
        let mut differences: BTreeMap<Cell, i64> = BTreeMap::new();
        for (from, to) in moves {
            for (cell, difference) in [(from, -1), (to, 1)] {
                if let Some(cell) = cell {
                    *differences.entry(cell).or_default() += difference;
                }
            }
        }
        differences.retain(|_, difference| *difference != 0);
        if differences.is_empty() {
            return;
        }
        let Self { table, id, number } = self;
        let sql = format!(
            "INSERT INTO {table} ({id}, state, {number}) VALUES {} ON CONFLICT ({id}, state) \
             DO UPDATE SET {number} = {table}.{number} + excluded.{number}",
            rows(differences.len(), 3)
        );
        let values = differences.into_iter().flat_map(|((id, state), difference)| [id.into(), state.into(), difference.into()]);
        batch.run(sql, values.collect::<Vec<Value>>());
    }
}
