//! What a list asks for, and which resources match: by an index where there is one, otherwise by looking at them one after the
//! other, within limits.

use super::resources::{self, Others};
use crate::api::answer::Refused;
use crate::api::scim::Context;
use crate::find::blocks;
use crate::find::candidates::{self, Candidates};
use crate::find::order::{Column, Order};
use crate::find::pieces::Pieces;
use crate::find::plan::{LookUp, Plan};
use crate::find::rows::{self, Place, Stored};
use provost_db::DbError;
use provost_scim::projection::Projection;
use provost_scim::provider::{ListQuery, ResourceKind, Sort};
use provost_scim::sort::{self, SortKey};
use provost_scim::{AttributePath, Filter, Schemas, ScimError, ScimType, matches};
use std::collections::BTreeMap;

/// A list by index says how many match in all, so every resource that can match is looked at. A request that would have to
/// look at more than this many is refused; by cursor it is not.
pub(in crate::api::scim) const SCAN_MAX: usize = 200_000;
/// Matches that are sorted in memory, where no index keeps the order.
pub(in crate::api::scim) const SORTED_MAX: usize = 50_000;
/// Rows that are read at once.
const ROWS: usize = 500;
/// Groups that are read at once when their members have to be looked at.
const ROWS_WITH_MEMBERS: usize = 20;

/// A list that is asked for.
pub(super) struct Search<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) kind: ResourceKind,
    pub(super) schemas: &'a Schemas,
    pub(super) filter: Option<&'a Filter>,
    pub(super) sort: Option<&'a Sort>,
    /// The order, when an index keeps it.
    pub(super) order: Option<Order>,
    /// Whether filter or order look at what lies in other rows.
    needs_others: bool,
    /// Whether users and groups are listed in one order, in which no index helps.
    is_together: bool,
}

/// Where resources come from.
#[derive(Debug)]
pub(super) enum Source {
    /// All of them, in an order, after a place.
    Walk(Order, Option<Place>),
    /// These, in this order.
    These(std::vec::IntoIter<i64>),
    /// What a look-up finds, after a place.
    Pieces(Pieces, Option<Place>),
}

/// A resource that was looked at.
#[derive(Debug)]
pub(super) struct Looked {
    pub(super) place: Place,
    pub(super) matches: bool,
    /// When no index keeps the order that is asked for.
    key: Option<SortKey>,
}

/// What decides the place of a resource in a list that is sorted in memory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    Number(i64),
    Text(String),
    Value(Option<SortKey>),
}

impl Rank {
    /// By what a column holds.
    pub(super) fn of(column: Column, key: Option<String>) -> Self {
        let key = key.unwrap_or_default();
        if column.is_number() { Self::Number(key.parse().unwrap_or(i64::MIN)) } else { Self::Text(key) }
    }
}

impl<'a> Search<'a> {
    pub(super) fn new(context: &'a Context<'a>, kind: ResourceKind, query: &'a ListQuery) -> Self {
        let schemas = context.provider.schemas(kind);
        let (filter, sort) = (query.filter.as_ref(), query.sort.as_ref());
        let attribute = resources::attribute(kind);
        let needs_others = filter.is_some_and(|filter| mentions(filter, attribute) || mentions_version(filter))
            || sort.is_some_and(|sort| sorts_by(sort, attribute));
        Self { context, kind, schemas, filter, sort, order: Order::of(sort, kind, schemas), needs_others, is_together: false }
    }

    /// The same, by what is in the resources, also where an index keeps the order of this kind.
    pub(super) fn by_value(self) -> Self {
        Self { order: None, is_together: true, ..self }
    }

    /// The same for candidates that all match: nobody looks at the filter again.
    pub(super) fn trusting(&self) -> Self {
        let needs_others = self.sort.is_some_and(|sort| sorts_by(sort, resources::attribute(self.kind)));
        Self { filter: None, needs_others, ..*self }
    }

    /// What an index says about the filter; `None` without a filter or without an index.
    pub(super) fn plan(&self) -> Option<Plan> {
        self.filter.and_then(|filter| Plan::of(filter, self.kind, self.schemas))
    }

    /// What it finds; `None` when that is more than `limit`.
    pub(super) async fn candidates(&self, plan: Option<&Plan>, limit: usize) -> Result<Option<Candidates>, DbError> {
        let Some(plan) = plan else { return Ok(None) };
        candidates::find(&self.context.tenant.inner.db, self.kind, plan, limit).await
    }

    /// The whole filter as one look-up, with the order that is asked for, when an index keeps both.
    pub(super) fn look_up<'p>(&self, plan: Option<&'p Plan>) -> Option<(&'p LookUp, Order)> {
        match plan? {
            Plan::Look(look_up) => Some((look_up, self.order?)),
            Plan::All { .. } | Plan::Any(_) => None,
        }
    }

    /// The positions of all matches in the order that is asked for.
    pub(super) async fn all(&self, candidates: Option<Candidates>) -> Result<Vec<i64>, Refused> {
        match (candidates, self.order) {
            (Some(found), Some(order)) if order == Order::BY_POSITION => {
                if found.are_exact {
                    return Ok(found.positions);
                }
                self.in_order(Source::These(found.positions.into_iter())).await
            }
            (Some(found), Some(order)) if found.positions.len() > SORTED_MAX => {
                drop(found);
                self.refuse_large().await?;
                self.in_order(Source::Walk(order, None)).await
            }
            (None, Some(order)) => {
                self.refuse_large().await?;
                self.in_order(Source::Walk(order, None)).await
            }
            (candidates, _) => Ok(self.ranked(candidates).await?.into_iter().map(|(_, position)| position).collect()),
        }
    }

    /// The same with what decides the order, sorted in memory. Ties are in the order of positions, or the other way round when
    /// descending, as an index has them.
    async fn ranked(&self, candidates: Option<Candidates>) -> Result<Vec<(Rank, i64)>, Refused> {
        let mut ranked = Vec::new();
        self.each_ranked(candidates, |rank, position| ranked.push((rank, position))).await?;
        ranked.sort_unstable();
        if self.is_descending() {
            ranked.reverse();
        }
        Ok(ranked)
    }

    /// Every match with what decides its place, in whatever order they come.
    pub(super) async fn each_ranked(
        &self,
        candidates: Option<Candidates>,
        mut each: impl FnMut(Rank, i64),
    ) -> Result<(), Refused> {
        let search = if candidates.as_ref().is_some_and(|found| found.are_exact) { self.trusting() } else { Self { ..*self } };
        let source = if let Some(Candidates { positions, .. }) = candidates {
            Source::These(positions.into_iter())
        } else {
            self.refuse_large().await?;
            Source::Walk(Order::BY_POSITION, None)
        };
        let Some(order) = self.order else {
            return search.each(source, SORTED_MAX, |looked| each(Rank::Value(looked.key), looked.place.position)).await;
        };
        let positions = match source {
            Source::These(positions) if search.filter.is_none() => positions.collect(),
            source => search.in_order(source).await?,
        };
        for place in rows::places(&self.context.tenant.inner.db, self.kind, order.column, &positions).await? {
            each(Rank::of(order.column, place.key), place.position);
        }
        Ok(())
    }

    pub(super) fn is_descending(&self) -> bool {
        self.sort.is_some_and(|sort| sort.descending)
    }

    /// Before the first of too many resources is looked at.
    async fn refuse_large(&self) -> Result<(), Refused> {
        let (total, _) = blocks::totals(&self.context.tenant.inner.db, self.kind).await?;
        // Without a filter all of them would be sorted.
        let limit = if self.filter.is_none() && self.order.is_none() { SORTED_MAX } else { SCAN_MAX };
        if total > limit as u64 { Err(self.too_many().into()) } else { Ok(()) }
    }

    async fn in_order(&self, source: Source) -> Result<Vec<i64>, Refused> {
        let mut found = Vec::new();
        self.each(source, usize::MAX, |looked| found.push(looked.place.position)).await?;
        Ok(found)
    }

    /// Every match, at most `found_max` of them.
    async fn each(&self, mut source: Source, found_max: usize, mut each: impl FnMut(Looked)) -> Result<(), Refused> {
        let (mut looked_at, mut found) = (0, 0);
        loop {
            let chunk = self.look(&mut source, ROWS).await?;
            if chunk.is_empty() {
                return Ok(());
            }
            looked_at += chunk.len();
            for looked in chunk.into_iter().filter(|looked| looked.matches) {
                found += 1;
                each(looked);
            }
            if looked_at > SCAN_MAX || found > found_max {
                return Err(self.too_many().into());
            }
        }
    }

    /// The next resources of a source, at most `limit` of them; none at its end.
    pub(super) async fn look(&self, source: &mut Source, limit: usize) -> Result<Vec<Looked>, DbError> {
        let limit = limit.min(if self.needs_others { ROWS_WITH_MEMBERS } else { ROWS });
        if let (Source::Pieces(pieces, place), None) = (&mut *source, self.filter) {
            // Whoever is found matches: nothing of them needs to be read.
            let found = self.next(pieces, place, limit).await?;
            return Ok(found.into_iter().map(|place| Looked { place, matches: true, key: None }).collect());
        }
        let rows = self.read(source, limit).await?;
        let mut others = if self.needs_others {
            let positions: Vec<i64> = rows.iter().map(|(place, _)| place.position).collect();
            resources::others(self.context, self.kind, &positions, &Projection::Default).await?
        } else {
            Others::default()
        };
        let sort = self.sort.filter(|_| self.order.is_none());
        let looked = rows.into_iter().map(|(place, row)| {
            let resource = resources::with_others(self.context, self.kind, row, &mut others);
            Looked {
                place,
                matches: self.filter.is_none_or(|filter| matches(filter, &resource, self.schemas)),
                key: sort.map(|sort| sort::key(&resource, &sort.by, self.schemas)),
            }
        });
        Ok(looked.collect())
    }

    async fn read(&self, source: &mut Source, limit: usize) -> Result<Vec<(Place, Stored)>, DbError> {
        let db = &self.context.tenant.inner.db;
        match source {
            Source::Walk(order, place) => {
                let rows = rows::after(db, self.kind, *order, place.as_ref(), limit).await?;
                if let Some((last, _)) = rows.last() {
                    *place = Some(last.clone());
                }
                Ok(rows)
            }
            Source::These(positions) => {
                // Those that have gone are missing, which is not the end.
                loop {
                    let next: Vec<i64> = positions.by_ref().take(limit).collect();
                    let rows = rows::at(db, self.kind, &next).await?;
                    if next.is_empty() || !rows.is_empty() {
                        return Ok(rows.into_iter().map(|row| (Place { key: None, position: row.position }, row)).collect());
                    }
                }
            }
            Source::Pieces(pieces, place) => loop {
                let next = self.next(pieces, place, limit).await?;
                let positions: Vec<i64> = next.iter().map(|place| place.position).collect();
                let rows = rows::at(db, self.kind, &positions).await?;
                if next.is_empty() || !rows.is_empty() {
                    let mut places: BTreeMap<i64, Place> = next.into_iter().map(|place| (place.position, place)).collect();
                    let placed = rows.into_iter().filter_map(|row| Some((places.remove(&row.position)?, row)));
                    return Ok(placed.collect());
                }
            },
        }
    }

    /// The next places that a look-up finds; the place goes on to the last of them.
    async fn next(&self, pieces: &Pieces, place: &mut Option<Place>, limit: usize) -> Result<Vec<Place>, DbError> {
        let found = pieces.next(&self.context.tenant.inner.db, self.kind, place.as_ref(), limit).await?;
        if let Some(last) = found.last() {
            *place = Some(last.clone());
        }
        Ok(found)
    }

    /// RFC 7644 table 9: `tooMany`.
    fn too_many(&self) -> ScimError {
        if self.is_together {
            let detail = format!(
                "Too many resources would have to be looked at to sort users and groups together: at most {SORTED_MAX} of each are. \
                 Narrow the filter, or list /Users or /Groups."
            );
            return ScimError::bad_request(ScimType::TooMany, detail);
        }
        let (indexed, sorted) = match self.kind {
            ResourceKind::User => (
                "id, userName, externalId, displayName (eq, sw), emails.value, groups.value, meta.created and meta.lastModified",
                "id, userName, externalId, displayName, meta.created or meta.lastModified",
            ),
            ResourceKind::Group => (
                "id, externalId, displayName (eq, sw), members.value, meta.created and meta.lastModified",
                "id, externalId, displayName, meta.created or meta.lastModified",
            ),
        };
        let detail = format!(
            "Too many resources would have to be looked at: at most {SCAN_MAX} are, and at most {SORTED_MAX} are sorted. Narrow the \
             filter by an attribute that is indexed ({indexed}), sort by {sorted}, or walk through the list by cursor."
        );
        ScimError::bad_request(ScimType::TooMany, detail)
    }
}

fn sorts_by(sort: &Sort, attribute: &str) -> bool {
    sort.by.attribute.eq_ignore_ascii_case(attribute)
}

/// Whether a filter looks at an attribute.
fn mentions(filter: &Filter, attribute: &str) -> bool {
    names_any(filter, |path| path.attribute.eq_ignore_ascii_case(attribute))
}

/// Whether it looks at `meta.version`, which tells of other rows too.
fn mentions_version(filter: &Filter) -> bool {
    let is_version = |part: &String| part.eq_ignore_ascii_case("version");
    names_any(filter, |path| path.attribute.eq_ignore_ascii_case("meta") && path.sub_attribute.as_ref().is_some_and(is_version))
}

fn names_any(filter: &Filter, is_it: impl Fn(&AttributePath) -> bool) -> bool {
    let mut found = false;
    filter.walk(&mut |node| match node {
        Filter::And(_) | Filter::Or(_) | Filter::Not(_) => {}
        Filter::Compare { path, .. } | Filter::Present(path) | Filter::Values { path, .. } => found |= is_it(path),
    });
    found
}
