//! How many resources stand in each block of positions, and in each group of blocks. With that, a list's total costs a look at one
//! row for every 65,536 resources, and the place of its n-th resource at a few dozen rows more, however far down the list it stands.
//!
//! Every batch that adds or removes resources keeps the counts; nothing else may.

use super::code;
use provost_db::{Batch, Db, DbError, Query, rows};
use provost_scim::provider::ResourceKind;
use std::collections::BTreeMap;

/// Positions in a block.
const BLOCK: i64 = 1_024;
/// Blocks in a group of blocks; the migration that made the groups says it too.
const GROUP: i64 = 64;
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

/// What is counted together: the table of the counts, its column, and how many positions each row is about.
const LEVELS: [(&str, &str, i64); 2] = [("tenant_block", "block", BLOCK), ("tenant_block_group", "block_group", BLOCK * GROUP)];

/// Keeps the counts in the batch that makes the changes.
pub(crate) fn note(batch: &mut Batch, kind: ResourceKind, changes: impl IntoIterator<Item = Change>) {
    let changes: Vec<Change> = changes.into_iter().collect();
    for (table, column, size) in LEVELS {
        let mut by_number: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
        for change in &changes {
            let counts = by_number.entry(change.position.div_euclid(size)).or_default();
            *counts = (counts.0 + change.resources, counts.1 + change.active);
        }
        let changed: Vec<(i64, (i64, i64))> = by_number.into_iter().filter(|(_, counts)| *counts != (0, 0)).collect();
        for chunk in changed.chunks(CHUNK) {
            let sql = format!(
                "INSERT INTO {table} (kind, {column}, resources, active) VALUES {} ON CONFLICT (kind, {column}) DO UPDATE SET \
                 resources = {table}.resources + excluded.resources, active = {table}.active + excluded.active",
                rows(chunk.len(), 4)
            );
            let values = chunk.iter().flat_map(|&(number, (resources, active))| [code(kind), number, resources, active]);
            batch.run(sql, values.map(Into::into));
        }
        for (number, _) in changed.iter().filter(|(_, (resources, _))| *resources < 0) {
            let sql = format!("DELETE FROM {table} WHERE kind = $1 AND {column} = $2 AND resources = 0");
            batch.run(sql, [code(kind).into(), (*number).into()]);
        }
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
        "SELECT CAST(COALESCE(sum(resources), 0) AS BIGINT), CAST(COALESCE(sum(active), 0) AS BIGINT) \
         FROM tenant_block_group WHERE kind = $1",
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
    let sql = "SELECT block_group, resources FROM tenant_block_group WHERE kind = $1 ORDER BY block_group";
    let groups = counts(db, Query::new(sql, [code(kind).into()])).await?;
    let total = groups.iter().map(|(_, resources)| resources).sum();
    let Some((group, offset)) = holder(&groups, offset) else { return Ok((total, None)) };
    let sql = "SELECT block, resources FROM tenant_block WHERE kind = $1 AND block >= $2 AND block < $3 ORDER BY block";
    let range = [code(kind).into(), (group * GROUP).into(), ((group + 1) * GROUP).into()];
    let place = match holder(&counts(db, Query::new(sql, range)).await?, offset) {
        Some((block, skip)) => Place { position: block * BLOCK, skip: skip.cast_signed() },
        // Some of them have gone between the two looks.
        None => Place { position: (group + 1) * GROUP * BLOCK, skip: 0 },
    };
    Ok((total, Some(place)))
}

async fn counts(db: &Db, query: Query) -> Result<Vec<(i64, u64)>, DbError> {
    db.read(query).await?.iter().map(|row| Ok((row.get(0)?, row.get::<i64>(1)?.unsigned_abs()))).collect()
}

/// Which of these holds the resource after the first `offset`, and how many stand before it there.
fn holder(counts: &[(i64, u64)], mut offset: u64) -> Option<(i64, u64)> {
    for &(number, resources) in counts {
        if offset < resources {
            return Some((number, offset));
        }
        offset -= resources;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use provost_db::testing::locations;

    const USER: ResourceKind = ResourceKind::User;

    fn change(position: i64, resources: i64) -> Change {
        Change { position, resources, active: resources }
    }

    /// Counts that were there before there were groups of blocks are counted in them, and kept from then on.
    #[tokio::test]
    async fn places_are_found_across_groups_of_blocks_also_those_of_an_older_database() {
        for (engine, location, _guard) in locations() {
            let before = Db::open(&location, &crate::MIGRATIONS[..3]).await.unwrap();
            let mut batch = Batch::new();
            batch.run("INSERT INTO tenant_block VALUES (0, 0, 1000, 10), (0, 63, 20, 10), (0, 64, 5, 5), (1, 0, 7, 0)", []);
            before.commit(batch).await.unwrap();
            drop(before);
            let db = Db::open(&location, crate::MIGRATIONS).await.unwrap();
            let mut batch = Batch::new();
            // 130 is the third group; the last of block 64 goes.
            note(&mut batch, USER, (0..5).map(|number| change(130 * BLOCK + number, 1)));
            note(&mut batch, USER, (0..5).map(|number| change(64 * BLOCK + number, -1)));
            db.commit(batch).await.unwrap();
            assert_eq!(totals(&db, USER).await.unwrap(), (1_025, 25), "{engine}");
            assert_eq!(totals(&db, ResourceKind::Group).await.unwrap(), (7, 0), "{engine}");
            for (offset, expected) in [
                (1, Some((0, 1))),
                (999, Some((0, 999))),
                (1_000, Some((63, 0))),
                (1_019, Some((63, 19))),
                (1_020, Some((130, 0))),
                (1_024, Some((130, 4))),
                (1_025, None),
            ] {
                let expected = expected.map(|(block, skip)| Place { position: block * BLOCK, skip });
                assert_eq!(place(&db, USER, offset).await.unwrap(), (1_025, expected), "{engine}: {offset}");
            }
            let left = db.read(Query::new("SELECT kind, block_group FROM tenant_block_group ORDER BY 1, 2", [])).await.unwrap();
            let left: Vec<(i64, i64)> = left.iter().map(|row| (row.get(0).unwrap(), row.get(1).unwrap())).collect();
            assert_eq!(left, [(0, 0), (0, 2), (1, 0)], "{engine}: what is empty is gone");
        }
    }
}
