//! Lists by cursor (RFC 9865): each page costs the same wherever it stands, and a walk neither repeats nor misses what is there
//! from its beginning to its end, whatever comes and goes in between.

use super::search::{Search, Source};
use super::{Listed, fits_with_members, sorted};
use crate::api::answer::Refused;
use crate::find::blocks;
use crate::find::candidates::Candidates;
use crate::find::order::Order;
use crate::find::pieces::Pieces;
use crate::find::rows::Place;
use provost_scim::list::{Listing, Place as ListPlace};
use provost_scim::provider::{Cursor, fingerprint};

/// Resources that are looked at for one page: with a filter that few of them match, a page comes short rather than late.
const LOOKED_AT_MAX: usize = 10_000;
/// More candidates of an index than this are walked through like a list without an index.
const CANDIDATES_MAX: usize = 20_000;
/// Resources that are looked at together.
const ROWS: usize = 250;

/// One page of a walk.
pub(super) struct Page {
    /// In the direction of the walk.
    pub(super) places: Vec<Place>,
    /// Where the walk goes on; `None` at its end.
    pub(super) next: Option<Place>,
}

pub(super) async fn page(search: &Search<'_>, cursor: Option<&str>, count: u64, with_members: bool) -> Result<Listed, Refused> {
    let now = search.context.tenant.inner.clock.now_micros();
    let query = fingerprint(search.kind, search.filter, search.sort);
    let cursor = cursor.map(|text| Cursor::decode(text, query, now, Cursor::TIMEOUT_MICROS)).transpose()?;
    let forward = cursor.as_ref().is_none_or(|cursor| cursor.forward);
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let (total, mut page) = found(search, cursor.as_ref(), count).await?;
    if with_members {
        let positions: Vec<i64> = page.places.iter().map(|place| place.position).collect();
        let shown = fits_with_members(search.context, &positions).await?;
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

/// How many match, where that is known, and those on the page. A look-up that an index keeps in this order is read from the place on;
/// others are gathered.
async fn found(search: &Search<'_>, cursor: Option<&Cursor>, count: usize) -> Result<(Option<u64>, Page), Refused> {
    let db = &search.context.tenant.inner.db;
    let forward = cursor.is_none_or(|cursor| cursor.forward);
    let start = || cursor.map(|cursor| Place { key: cursor.key.clone(), position: cursor.after });
    let plan = search.plan();
    let pieces = match search.look_up(plan.as_ref()) {
        Some((look_up, order)) => Pieces::of(db, search.kind, look_up, order).await?,
        None => None,
    };
    if let Some(pieces) = pieces {
        let (is_exact, total) = (pieces.is_exact, pieces.total);
        let source = Source::Pieces(if forward { pieces } else { pieces.reversed() }, start());
        return Ok((total.filter(|_| is_exact), looked_through(search, source, count, is_exact).await?));
    }
    match (search.candidates(plan.as_ref(), CANDIDATES_MAX).await?, search.order) {
        (candidates, Some(order)) if order == Order::BY_POSITION || candidates.is_none() => {
            let total = total(search, candidates.as_ref()).await?;
            let are_exact = candidates.as_ref().is_some_and(|found| found.are_exact);
            let source = source(candidates, order, start(), forward);
            Ok((total, looked_through(search, source, count, are_exact).await?))
        }
        (candidates, _) => sorted::page(search, candidates, cursor, count).await,
    }
}

/// Where all that is found matches, the filter is not asked again.
async fn looked_through(search: &Search<'_>, source: Source, count: usize, are_exact: bool) -> Result<Page, Refused> {
    if are_exact { in_order(&search.trusting(), source, count).await } else { in_order(search, source, count).await }
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
