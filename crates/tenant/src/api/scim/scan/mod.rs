//! Lists of users and groups: by index and by cursor, filtered and sorted. What costs more than the limits allow is refused
//! with a word on what would not.

mod resources;
mod search;
mod sorted;
mod together;
mod walk;

pub(super) use resources::{Others, others};
pub(super) use resources::{members_value, shown, shows_others, whole, with_others};
pub(super) use together::sorted_page;

use super::Context;
use crate::api::answer::Refused;
use crate::find::order::Order;
use crate::find::plan::Plan;
use crate::find::{blocks, pieces, rows};
use crate::groups;
use provost_scim::Resource;
use provost_scim::list::{Listing, Page, Paging, Place};
use provost_scim::projection::Projection;
use provost_scim::provider::{self, ListQuery, ResourceKind, Response};
use search::{SCAN_MAX, Search};

/// A page of groups is cut short rather than showing more members than this in all; one group is always shown.
const MEMBERS_SHOWN_MAX: u64 = 200_000;

/// The page that is asked for.
struct Listed {
    listing: Listing,
    positions: Vec<i64>,
}

/// Answers a list.
pub(super) async fn list(context: &Context<'_>, kind: ResourceKind, query: &ListQuery) -> Result<Response, Refused> {
    let (listing, resources) = page(context, kind, query).await?;
    Ok(provider::listed(context.provider, kind, listing, resources, &query.projection))
}

/// Where a page stands and what is on it.
pub(super) async fn page(
    context: &Context<'_>,
    kind: ResourceKind,
    query: &ListQuery,
) -> Result<(Listing, Vec<Resource>), Refused> {
    let search = Search::new(context, kind, query);
    let with_members = kind == ResourceKind::Group && shows_others(context, kind, &query.projection);
    let Listed { listing, positions } = match &query.paging {
        Paging::Index(page) => by_index(&search, *page, with_members).await?,
        Paging::Cursor { cursor, count } => walk::page(&search, cursor.as_deref(), *count, with_members).await?,
    };
    let resources = resources_at(context, kind, &positions, &query.projection).await?;
    Ok((listing, resources.into_iter().map(|(_, resource)| resource).collect()))
}

/// The resources at these positions, in their order; those that have gone are missing.
async fn resources_at(
    context: &Context<'_>,
    kind: ResourceKind,
    positions: &[i64],
    projection: &Projection,
) -> Result<Vec<(i64, Resource)>, Refused> {
    let found = rows::at(&context.tenant.inner.db, kind, positions).await?;
    let mut others = if shows_others(context, kind, projection) {
        others(context, kind, positions, projection).await?
    } else {
        Others::default()
    };
    Ok(found.into_iter().map(|row| (row.position, with_others(context, kind, row, &mut others))).collect())
}

/// RFC 7644 section 3.4.2.4.
async fn by_index(search: &Search<'_>, page: Page, with_members: bool) -> Result<Listed, Refused> {
    let plan = search.plan();
    let (total, mut positions) = match looked_up(search, plan.as_ref(), page).await? {
        Some(found) => found,
        None => counted(search, plan.as_ref(), page).await?,
    };
    if with_members {
        positions.truncate(fits_with_members(search.context, &positions).await?);
    }
    Ok(Listed { listing: Listing { total: Some(total), place: Place::Index(page.start_index) }, positions })
}

/// How many match and those on the page, when one look-up says both.
async fn looked_up(search: &Search<'_>, plan: Option<&Plan>, page: Page) -> Result<Option<(u64, Vec<i64>)>, Refused> {
    let Some((look_up, order)) = search.look_up(plan) else { return Ok(None) };
    let db = &search.context.tenant.inner.db;
    Ok(pieces::page(db, search.kind, look_up, order, (page.offset(), page.count)).await?)
}

/// How many match and those on the page, where that has to be counted.
async fn counted(search: &Search<'_>, plan: Option<&Plan>, page: Page) -> Result<(u64, Vec<i64>), Refused> {
    let db = &search.context.tenant.inner.db;
    Ok(match (search.filter, search.order) {
        (None, Some(order)) if order == Order::BY_POSITION => {
            let (total, place) = blocks::place(db, search.kind, page.offset()).await?;
            let positions = match place.filter(|_| page.count > 0) {
                Some(place) => rows::positions(db, search.kind, order, (place.position, place.skip), page.count).await?,
                None => Vec::new(),
            };
            (total, positions)
        }
        (None, Some(order)) => {
            let (total, _) = blocks::totals(db, search.kind).await?;
            let positions = if page.count > 0 && page.offset() < total {
                rows::positions(db, search.kind, order, (0, page.offset().cast_signed()), page.count).await?
            } else {
                Vec::new()
            };
            (total, positions)
        }
        (Some(_), _) | (None, None) => {
            let all = search.all(search.candidates(plan, SCAN_MAX).await?).await?;
            let skip = usize::try_from(page.offset()).unwrap_or(usize::MAX);
            let take = usize::try_from(page.count).unwrap_or(usize::MAX);
            (all.len() as u64, all.into_iter().skip(skip).take(take).collect())
        }
    })
}

/// How many of these groups can be shown with their members.
async fn fits_with_members(context: &Context<'_>, positions: &[i64]) -> Result<usize, Refused> {
    let counts = groups::member_counts_at(&context.tenant.inner.db, positions).await?;
    let mut members = 0;
    let fits = counts.iter().take_while(|&&count| {
        members += count;
        members <= MEMBERS_SHOWN_MAX
    });
    Ok(fits.count().max(1))
}
