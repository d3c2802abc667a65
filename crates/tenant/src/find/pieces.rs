//! Look-ups that are read piece by piece, from a place on, and never as a whole: a page costs the same wherever it stands.

use super::look_ups::{self, Origin};
use super::order::{Column, Order};
use super::plan::{LookUp, What};
use super::rows::{Place, key_text};
use crate::groups;
use provost_db::{Db, DbError, Row};
use provost_scim::provider::ResourceKind;

/// What a look-up finds is counted up to here for a page by cursor. The positions of a range with so many are sorted for each page;
/// with more, those near the place are looked at first, because they most likely hold a page.
const COUNTED_MAX: usize = 20_000;

/// A look-up on its way to a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pieces {
    origin: Origin,
    order: Order,
    /// How many there are, when they are not too many to be counted.
    pub(crate) total: Option<u64>,
    /// Whether all that is found matches.
    pub(crate) is_exact: bool,
}

impl Pieces {
    /// `None` when the look-up has to be read as a whole to be in this order.
    pub(crate) async fn of(db: &Db, kind: ResourceKind, look_up: &LookUp, order: Order) -> Result<Option<Self>, DbError> {
        let Some(origin) = origin(db, look_up, order).await? else { return Ok(None) };
        let total = if look_up.is_exact || !origin.is_sorted() {
            let rows = db.read(look_ups::count(kind, &origin, Some(COUNTED_MAX + 1))).await?;
            Some(counted(&rows)?).filter(|&total| total <= COUNTED_MAX as u64)
        } else {
            None
        };
        Ok(Some(Self { origin, order, total, is_exact: look_up.is_exact }))
    }

    /// The same, walked through the other way.
    pub(crate) fn reversed(self) -> Self {
        Self { order: self.order.reversed(), ..self }
    }

    /// The next `limit` after a place, or the first ones; fewer at the end only.
    pub(crate) async fn next(
        &self,
        db: &Db,
        kind: ResourceKind,
        place: Option<&Place>,
        limit: usize,
    ) -> Result<Vec<Place>, DbError> {
        if let (Origin::Rows(what), Column::Position, None) = (&self.origin, self.order.column, self.total)
            && !self.origin.is_sorted()
            && let Some(near) = self.near(db, kind, what, place, limit).await?
        {
            return Ok(near);
        }
        let rows = db.read(look_ups::next(kind, &self.origin, self.order, place, limit)).await?;
        rows.iter().map(|row| self.place(row)).collect()
    }

    /// Those that stand close to the place; `None` when there may be more of them further away.
    async fn near(
        &self,
        db: &Db,
        kind: ResourceKind,
        what: &What,
        place: Option<&Place>,
        limit: usize,
    ) -> Result<Option<Vec<Place>>, DbError> {
        let queries = look_ups::next_near(kind, what, self.order, place, limit);
        let mut answers = db.read_all(queries.into()).await?.into_iter();
        let found = answers.next().unwrap_or_default();
        let last: Option<i64> = answers.next().unwrap_or_default().first().map_or(Ok(None), |row| row.get(0))?;
        let from = place.map_or(0, |place| place.position);
        let is_end = last.is_none_or(|last| from.abs_diff(last) <= look_ups::WINDOW.unsigned_abs());
        if found.len() < limit && !is_end {
            return Ok(None);
        }
        found.iter().map(|row| self.place(row)).collect::<Result<_, _>>().map(Some)
    }

    fn place(&self, row: &Row) -> Result<Place, DbError> {
        // Rows say their key only where the order is by one.
        let key = if row.0.len() > 1 { key_text(row, 1, self.order.column)? } else { None };
        Ok(Place { key, position: row.get(0)? })
    }
}

/// How many resources a look-up finds, and the positions of those on one page; `None` when it has to be read as a whole.
pub(crate) async fn page(
    db: &Db,
    kind: ResourceKind,
    look_up: &LookUp,
    order: Order,
    (skip, limit): (u64, u64),
) -> Result<Option<(u64, Vec<i64>)>, DbError> {
    let is_narrow = match &look_up.what {
        What::Prefix(..) | What::Between(..) | What::InGroup(_) => false,
        // They are few: all of them are read at once.
        What::Key(..) | What::Address(_) | What::HasMember(_) => true,
    };
    if is_narrow || !look_up.is_exact {
        return Ok(None);
    }
    let Some(origin) = origin(db, look_up, order).await? else { return Ok(None) };
    let mut queries = vec![look_ups::count(kind, &origin, None)];
    if limit > 0 {
        queries.push(look_ups::page(kind, &origin, order, skip, limit));
    }
    let mut answers = db.read_all(queries).await?.into_iter();
    let total = counted(&answers.next().unwrap_or_default())?;
    let positions = answers.next().unwrap_or_default().iter().map(|row| row.get(0)).collect::<Result<_, _>>()?;
    Ok(Some((total, positions)))
}

/// Where a look-up finds its positions in an order, when it can be read from any place on.
async fn origin(db: &Db, look_up: &LookUp, order: Order) -> Result<Option<Origin>, DbError> {
    let by_position = order.column == Column::Position;
    Ok(match &look_up.what {
        What::Key(..) if by_position => Some(Origin::Rows(look_up.what.clone())),
        What::Prefix(column, _) | What::Between(column, ..) if by_position || order.column == *column => {
            Some(Origin::Rows(look_up.what.clone()))
        }
        What::Address(address) if by_position => Some(Origin::Address(address.clone())),
        What::InGroup(id) if by_position => {
            let groups = groups::with_ids(db, ResourceKind::Group, std::slice::from_ref(id)).await?;
            let Some(group) = groups.first() else { return Ok(None) };
            // Who is in several groups would be found several times.
            let has_groups = groups::with_nested(db, group.position).await?.is_none_or(|nested| nested.len() > 1);
            (!has_groups).then_some(Origin::Members(group.position))
        }
        What::Key(..) | What::Prefix(..) | What::Between(..) | What::Address(_) | What::InGroup(_) | What::HasMember(_) => None,
    })
}

fn counted(rows: &[Row]) -> Result<u64, DbError> {
    Ok(rows.first().map_or(Ok(0), |row| row.get::<i64>(0))?.unsigned_abs())
}
