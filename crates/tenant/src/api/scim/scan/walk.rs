//! Lists by cursor (RFC 9865): each page costs the same wherever it stands, and a walk neither repeats nor misses what is there
//! from its beginning to its end, whatever comes and goes in between.

use super::search::{Rank, Search, Source};
use super::{Listed, cut, shown};
use crate::api::answer::Refused;
use crate::find::blocks;
use crate::find::candidates::Candidates;
use crate::find::order::Order;
use crate::find::rows::{self, Place};
use provost_scim::list::{Listing, Place as ListPlace};
use provost_scim::projection::{Projection, project};
use provost_scim::provider::{Cursor, fingerprint};
use provost_scim::{Resource, sort};
use serde_json::Value;

/// Resources that are looked at for one page: with a filter that few of them match, a page comes short rather than late.
const LOOKED_AT_MAX: usize = 10_000;
/// More candidates of an index than this are walked through like a list without an index.
const CANDIDATES_MAX: usize = 20_000;
/// A longer key does not travel in a cursor.
const KEY_BYTES_MAX: usize = 8_192;
/// Resources that are looked at together.
const ROWS: usize = 250;

/// One page of a walk.
struct Page {
    /// In the direction of the walk.
    places: Vec<Place>,
    /// Where the walk goes on; `None` at its end.
    next: Option<Place>,
}

pub(super) async fn page(search: &Search<'_>, cursor: Option<&str>, count: u64, with_members: bool) -> Result<Listed, Refused> {
    let now = search.context.tenant.inner.clock.now_micros();
    let query = fingerprint(search.kind, search.filter, search.sort);
    let cursor = cursor.map(|text| Cursor::decode(text, query, now, Cursor::TIMEOUT_MICROS)).transpose()?;
    let forward = cursor.as_ref().is_none_or(|cursor| cursor.forward);
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let candidates = search.candidates(CANDIDATES_MAX).await?;
    let (total, mut page) = match (candidates, search.order) {
        (candidates, Some(order)) if order == Order::BY_POSITION || candidates.is_none() => {
            let start = cursor.as_ref().map(|cursor| Place { key: cursor.key.clone(), position: cursor.after });
            let total = total(search, candidates.as_ref()).await?;
            let are_exact = candidates.as_ref().is_some_and(|found| found.are_exact);
            let source = source(candidates, order, start, forward);
            let page = if are_exact {
                in_order(&search.trusting(), source, count).await?
            } else {
                in_order(search, source, count).await?
            };
            (total, page)
        }
        (candidates, _) => {
            let all = search.ranked(candidates).await?;
            (Some(all.len() as u64), of_sorted(search, &all, cursor.as_ref(), count).await?)
        }
    };
    if with_members {
        let shown = cut(search, page.places.iter().map(|place| place.position)).await?;
        if shown < page.places.len() {
            page.places.truncate(shown);
            page.next = page.places.last().cloned();
        }
    }
    let (previous, next) = neighbours(&page, cursor.as_ref(), search.order.is_some_and(|order| order.descending));
    let seen = cursor.as_ref().map_or(0, |cursor| cursor.seen);
    let shown = page.places.len() as u64;
    let (before, after) = if forward { (seen, seen + shown) } else { (seen.saturating_sub(shown), seen) };
    let issue = |place: Option<Place>, forward, seen| {
        let Place { key, position } = place?;
        Some(Cursor { forward, after: position, key, issued_at: now, query, seen }.encode())
    };
    let place = ListPlace::Cursor { next: issue(next, true, after), previous: issue(previous, false, before) };
    let mut positions: Vec<i64> = page.places.iter().map(|place| place.position).collect();
    if !forward {
        positions.reverse();
    }
    Ok(Listed { listing: Listing { total, place }, positions })
}

/// How many match, where that is known without looking at them (RFC 9865 section 2.1 lets it be left out).
async fn total(search: &Search<'_>, candidates: Option<&Candidates>) -> Result<Option<u64>, Refused> {
    match (search.filter, candidates) {
        (None, _) => Ok(Some(blocks::totals(&search.context.tenant.inner.db, search.kind).await?.0)),
        (Some(_), Some(found)) if found.are_exact => Ok(Some(found.positions.len() as u64)),
        (Some(_), Some(_) | None) => Ok(None),
    }
}

/// What is walked through, from the start on in the direction of the walk.
fn source(candidates: Option<Candidates>, order: Order, start: Option<Place>, forward: bool) -> Source {
    let Some(Candidates { mut positions, .. }) = candidates else {
        return Source::Walk(if forward { order } else { order.reversed() }, start);
    };
    if let Some(start) = start {
        if forward {
            positions.retain(|&position| position > start.position);
        } else {
            positions.retain(|&position| position < start.position);
        }
    }
    if !forward {
        positions.reverse();
    }
    Source::These(positions.into_iter())
}

/// Up to `count` matches, and whether there are more, which one more match says.
async fn in_order(search: &Search<'_>, mut source: Source, count: usize) -> Result<Page, Refused> {
    let mut page = Page { places: Vec::new(), next: None };
    let mut looked_at = 0;
    if count == 0 {
        return Ok(page);
    }
    loop {
        let wanted = if search.filter.is_none() { count + 1 - page.places.len() } else { ROWS };
        let chunk = search.look(&mut source, wanted).await?;
        if chunk.is_empty() {
            return Ok(page);
        }
        for looked in chunk {
            looked_at += 1;
            if looked.matches && page.places.len() == count {
                page.next = page.places.last().cloned();
                return Ok(page);
            }
            if looked.matches {
                page.places.push(looked.place);
            } else if looked_at >= LOOKED_AT_MAX {
                page.next = Some(looked.place);
                return Ok(page);
            }
        }
    }
}

/// The page of a list that was sorted in memory. What the cursor's resource was sorted by says where it goes on; when nobody
/// knows that any more, the number of those that were shown.
async fn of_sorted(search: &Search<'_>, all: &[(Rank, i64)], cursor: Option<&Cursor>, count: usize) -> Result<Page, Refused> {
    let descending = search.is_descending();
    let forward = cursor.is_none_or(|cursor| cursor.forward);
    let index = match cursor {
        None => 0,
        Some(cursor) => match rank(search, cursor) {
            // Whatever is before the place: itself too when the way is forward.
            Some(rank) => {
                let at = (rank, cursor.after);
                all.partition_point(|entry| {
                    let order = if descending { at.cmp(entry) } else { entry.cmp(&at) };
                    order.is_lt() || (forward && order.is_eq())
                })
            }
            None => usize::try_from(cursor.seen).unwrap_or(usize::MAX).min(all.len()),
        },
    };
    let (shown, is_last): (Vec<&(Rank, i64)>, bool) = if forward {
        (all[index..].iter().take(count).collect(), all.len() - index <= count)
    } else {
        (all[..index].iter().rev().take(count).collect(), index <= count)
    };
    let mut places: Vec<Place> = shown.iter().map(|(_, position)| Place { key: None, position: *position }).collect();
    // Only the places at the ends become cursors.
    for end in [0, shown.len().saturating_sub(1)] {
        if let (Some((rank, position)), Some(place)) = (shown.get(end), places.get_mut(end)) {
            place.key = key(search, rank, *position).await?;
        }
    }
    let next = if is_last { None } else { places.last().cloned() };
    Ok(Page { places, next })
}

/// What the cursor's resource was sorted by.
fn rank(search: &Search<'_>, cursor: &Cursor) -> Option<Rank> {
    let key = cursor.key.as_deref()?;
    match (search.order, search.sort) {
        (Some(order), _) => Some(Rank::of(order.column, Some(key.to_owned()))),
        (None, Some(sort)) => {
            let part: Resource = serde_json::from_str(key).ok()?;
            Some(Rank::Value(Some(sort::key(&part, &sort.by, search.schemas))))
        }
        (None, None) => None,
    }
}

/// The same as a text: what a column holds, or the part of the resource that it is sorted by.
async fn key(search: &Search<'_>, rank: &Rank, position: i64) -> Result<Option<String>, Refused> {
    let sort = match (rank, search.sort) {
        (Rank::Number(number), _) => return Ok(Some(number.to_string())),
        (Rank::Text(text), _) => return Ok(Some(text.clone())),
        (Rank::Value(_), None) => return Ok(None),
        (Rank::Value(_), Some(sort)) => sort,
    };
    let Some(row) = rows::at(&search.context.tenant.inner.db, search.kind, &[position]).await?.pop() else { return Ok(None) };
    let only = Projection::Only(vec![sort.by.clone()]);
    let part = project(&shown(search.context, search.kind, row, &only).await?, search.schemas, &only);
    Ok(Some(Value::Object(part).to_string()).filter(|text| text.len() <= KEY_BYTES_MAX))
}

/// The places before and after a page. The way back from a page that is empty leads to the resource at the cursor.
fn neighbours(page: &Page, cursor: Option<&Cursor>, descending: bool) -> (Option<Place>, Option<Place>) {
    let back = cursor.map(|cursor| {
        page.places.first().cloned().unwrap_or_else(|| {
            let step = if cursor.forward == descending { -1 } else { 1 };
            Place { key: cursor.key.clone(), position: cursor.after.saturating_add(step) }
        })
    });
    if cursor.is_none_or(|cursor| cursor.forward) { (back, page.next.clone()) } else { (page.next.clone(), back) }
}
