//! Users and groups in one list (RFC 7644 section 3.4.2.1): users first, then groups, each in their own order. A token sees the
//! kinds that it may read.
//!
//! Walking by index counts both kinds for every page. A cursor is the kind's name before the kind's own cursor, so that its cost
//! is the same on every page; a page ends where a kind ends.

use super::{Context, scan};
use crate::api::answer::Refused;
use crate::api::gate;
use axum::http::Method;
use provost_scim::list::{Listing, Page, Paging, Place};
use provost_scim::provider::{self, ListQuery, ResourceKind, Response};
use provost_scim::{ScimError, ScimType};

pub(super) async fn list(context: &Context<'_>, query: ListQuery) -> Result<Response, Refused> {
    let readable = |kind: &ResourceKind| gate::permit(context.grants, &Method::GET, &gate::path_of(*kind)).is_ok();
    let kinds: Vec<ResourceKind> = ResourceKind::ALL.into_iter().filter(readable).collect();
    match query.paging.clone() {
        Paging::Index(page) if query.sort.is_some() => {
            let (listing, parts) = scan::sorted_page(context, &kinds, &query, page).await?;
            Ok(provider::listed_together(context.provider, listing, parts, &query.projection))
        }
        // RFC 9865 leaves open what a cursor goes through; here it goes through one kind after the other.
        Paging::Cursor { .. } if query.sort.is_some() => Err(ScimError::invalid_value(
            "sortBy: users and groups together are sorted by index; with a cursor, list /Users or /Groups.",
        )
        .into()),
        Paging::Index(page) => by_index(context, &kinds, query, page).await,
        Paging::Cursor { cursor, count } => by_cursor(context, &kinds, query, cursor.as_deref(), count).await,
    }
}

async fn by_index(context: &Context<'_>, kinds: &[ResourceKind], mut query: ListQuery, page: Page) -> Result<Response, Refused> {
    let (mut total, mut wanted, mut parts) = (0, page.count, Vec::new());
    for &kind in kinds {
        let start_index = page.start_index.saturating_sub(total).max(1);
        query.paging = Paging::Index(Page { start_index, count: wanted });
        let (listing, found) = scan::page(context, kind, &query).await?;
        total += listing.total.unwrap_or(0);
        wanted = wanted.saturating_sub(found.len() as u64);
        parts.push((kind, found));
    }
    let listing = Listing { total: Some(total), place: Place::Index(page.start_index) };
    Ok(provider::listed_together(context.provider, listing, parts, &query.projection))
}

async fn by_cursor(
    context: &Context<'_>,
    kinds: &[ResourceKind],
    mut query: ListQuery,
    cursor: Option<&str>,
    count: u64,
) -> Result<Response, Refused> {
    let (kind, cursor) = match cursor {
        None => (kinds.first().copied().unwrap_or(ResourceKind::User), ""),
        Some(text) => taken_apart(kinds, text).ok_or_else(|| {
            ScimError::bad_request(ScimType::InvalidCursor, "cursor is not one of this list; begin again with an empty cursor.")
        })?,
    };
    query.paging = Paging::Cursor { cursor: Some(cursor.to_owned()).filter(|text| !text.is_empty()), count };
    let (listing, found) = scan::page(context, kind, &query).await?;
    let (next, previous) = match listing.place {
        Place::Cursor { next, previous } => (next, previous),
        Place::Index(_) => (None, None),
    };
    let named = |kind: ResourceKind, cursor: &str| format!("{}.{cursor}", kind.word());
    let after = kinds.iter().skip_while(|other| **other != kind).nth(1);
    let next = next.map(|cursor| named(kind, &cursor)).or_else(|| after.map(|kind| named(*kind, "")));
    let previous = previous.map(|cursor| named(kind, &cursor));
    let listing = Listing { total: None, place: Place::Cursor { next, previous } };
    Ok(provider::listed_together(context.provider, listing, vec![(kind, found)], &query.projection))
}

fn taken_apart<'t>(kinds: &[ResourceKind], text: &'t str) -> Option<(ResourceKind, &'t str)> {
    let (word, cursor) = text.split_once('.')?;
    Some((*kinds.iter().find(|kind| kind.word() == word)?, cursor))
}
