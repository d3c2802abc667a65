//! Pages by cursor of lists that no index keeps in order. All that match are looked at for every page, and only those on the page are
//! kept: what the cursor's resource was sorted by says where the page begins.

use super::search::{Rank, Search};
use super::shown;
use super::walk::Page;
use crate::api::answer::Refused;
use crate::find::candidates::Candidates;
use crate::find::rows::{self, Place};
use provost_scim::projection::{Projection, project};
use provost_scim::provider::Cursor;
use provost_scim::{Resource, sort};
use serde_json::Value;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A longer key does not travel in a cursor.
const KEY_BYTES_MAX: usize = 8_192;

/// A resource in the direction that a list is gone through.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    rank: Rank,
    position: i64,
    is_reversed: bool,
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        let order = (&self.rank, self.position).cmp(&(&other.rank, other.position));
        if self.is_reversed { order.reverse() } else { order }
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The first entries of many, at most so many of them.
struct First {
    entries: BinaryHeap<Entry>,
    keep: usize,
}

impl First {
    fn offer(&mut self, entry: Entry) {
        if self.entries.len() < self.keep {
            self.entries.push(entry);
        } else if let Some(mut last) = self.entries.peek_mut()
            && entry < *last
        {
            *last = entry;
        }
    }
}

/// How many match, and those on the page. When nobody knows any more what the cursor's resource was sorted by, the number of those that
/// were shown says where the page begins.
pub(super) async fn page(
    search: &Search<'_>,
    candidates: Option<Candidates>,
    cursor: Option<&Cursor>,
    count: usize,
) -> Result<(Option<u64>, Page), Refused> {
    let forward = cursor.is_none_or(|cursor| cursor.forward);
    let start = cursor.and_then(|cursor| Some((rank(search, cursor)?, cursor.after)));
    let seen = cursor.filter(|_| start.is_none()).map_or(0, |cursor| usize::try_from(cursor.seen).unwrap_or(usize::MAX));
    let counts_back = start.is_none() && !forward;
    // Whoever counts back does so from the beginning of the list.
    let is_reversed = search.is_descending() != (!forward && !counts_back);
    let start = start.map(|(rank, position)| Entry { rank, position, is_reversed });
    let keep = if counts_back { seen } else { seen.saturating_add(count).saturating_add(1) };
    let mut first = First { entries: BinaryHeap::new(), keep };
    let mut total = 0;
    let offer = |rank, position| {
        total += 1;
        let entry = Entry { rank, position, is_reversed };
        if start.as_ref().is_none_or(|start| entry > *start) {
            first.offer(entry);
        }
    };
    search.each_ranked(candidates, offer).await?;
    let mut entries = first.entries.into_sorted_vec();
    if counts_back {
        entries.reverse();
    } else {
        entries.drain(..seen.min(entries.len()));
    }
    let is_last = entries.len() <= count;
    entries.truncate(count);
    let mut places: Vec<Place> = entries.iter().map(|entry| Place { key: None, position: entry.position }).collect();
    // Only the places at the ends become cursors.
    for end in [0, entries.len().saturating_sub(1)] {
        if let (Some(entry), Some(place)) = (entries.get(end), places.get_mut(end)) {
            place.key = key(search, &entry.rank, entry.position).await?;
        }
    }
    let next = if is_last { None } else { places.last().cloned() };
    Ok((Some(total), Page { places, next }))
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
    let part = project(shown(search.context, search.kind, row, &only).await?, search.schemas, &only);
    Ok(Some(Value::Object(part).to_string()).filter(|text| text.len() <= KEY_BYTES_MAX))
}
