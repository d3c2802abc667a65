//! How many resources stand in each block of positions. With that, a list's total and the place of its n-th resource cost
//! a look at one row for every thousand resources, however far down the list it stands.
//!
//! Every batch that adds or removes resources keeps the counts; nothing else may.

use super::code;
use provost_db::{Batch, Db, DbError, Query, rows};
use provost_scim::provider::ResourceKind;
use std::collections::BTreeMap;

/// Positions in a block.
const BLOCK: i64 = 1_024;
/// Blocks in one statement.
const CHUNK: usize = 200;

/// A change of the counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) position: i64,
    /// 1 for a new resource, -1 for one that goes.
    pub(crate) resources: i64,
    /// The same for active users; groups have none.
    pub(crate) active: i64,
}

/// Keeps the counts in the batch that makes the changes.
pub(crate) fn note(batch: &mut Batch, kind: ResourceKind, changes: impl IntoIterator<Item = Change>) {
    let mut by_block: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    for change in changes {
        let block = by_block.entry(change.position.div_euclid(BLOCK)).or_default();
        *block = (block.0 + change.resources, block.1 + change.active);
    }
    let blocks: Vec<(i64, (i64, i64))> = by_block.into_iter().filter(|(_, counts)| *counts != (0, 0)).collect();
    for chunk in blocks.chunks(CHUNK) {
        let sql = format!(
            "INSERT INTO tenant_block (kind, block, resources, active) VALUES {} ON CONFLICT (kind, block) DO UPDATE SET \
             resources = tenant_block.resources + excluded.resources, active = tenant_block.active + excluded.active",
            rows(chunk.len(), 4)
        );
        let values = chunk.iter().flat_map(|&(block, (resources, active))| [code(kind), block, resources, active]);
        batch.run(sql, values.map(Into::into));
    }
    for (block, _) in blocks.iter().filter(|(_, (resources, _))| *resources < 0) {
        let key = [code(kind).into(), (*block).into()];
        batch.run("DELETE FROM tenant_block WHERE kind = $1 AND block = $2 AND resources = 0", key);
    }
}

/// How many resources there are, and how many of them are active users.
pub(crate) async fn totals(db: &Db, kind: ResourceKind) -> Result<(u64, u64), DbError> {
    let rows = db.read(totals_query(kind)).await?;
    let Some(row) = rows.first() else { return Ok((0, 0)) };
    Ok((row.get::<i64>(0)?.unsigned_abs(), row.get::<i64>(1)?.unsigned_abs()))
}

fn totals_query(kind: ResourceKind) -> Query {
    Query::new(
        "SELECT CAST(COALESCE(sum(resources), 0) AS BIGINT), CAST(COALESCE(sum(active), 0) AS BIGINT) FROM tenant_block WHERE kind = $1",
        [code(kind).into()],
    )
}

/// Where the resource stands that has `offset` others before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// The first position of its block.
    pub(crate) position: i64,
    /// How many stand before it in its block.
    pub(crate) skip: i64,
}

/// How many there are, and the place of the one after the first `offset`; `None` beyond the end.
pub(crate) async fn place(db: &Db, kind: ResourceKind, offset: u64) -> Result<(u64, Option<Place>), DbError> {
    if offset == 0 {
        let (total, _) = totals(db, kind).await?;
        return Ok((total, (total > 0).then_some(Place { position: i64::MIN, skip: 0 })));
    }
    let sql = "SELECT block, resources FROM tenant_block WHERE kind = $1 ORDER BY block";
    let rows = db.read(Query::new(sql, [code(kind).into()])).await?;
    let mut total = 0;
    let mut place = None;
    for row in &rows {
        let (block, resources) = (row.get::<i64>(0)?, row.get::<i64>(1)?.unsigned_abs());
        if place.is_none() && total + resources > offset {
            place = Some(Place { position: block * BLOCK, skip: (offset - total).cast_signed() });
        }
        total += resources;
    }
    Ok((total, place))
}
