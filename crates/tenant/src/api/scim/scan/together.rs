//! Pages of users and groups in one order: all that match are looked at and sorted in memory, since no index holds both.

use super::search::{Rank, SCAN_MAX, Search};
use super::{fits_with_members, resources_at, shows_others};
use crate::api::answer::Refused;
use crate::api::scim::Context;
use provost_scim::Resource;
use provost_scim::list::{Listing, Page, Place};
use provost_scim::provider::{ListQuery, ResourceKind};
use std::collections::BTreeMap;

/// A resource that matches, with its kind's place among the kinds.
type Entry = (Rank, usize, i64);

/// Where a page stands and what is on it, each resource with its kind.
pub(in crate::api::scim) async fn sorted_page(
    context: &Context<'_>,
    kinds: &[ResourceKind],
    query: &ListQuery,
    page: Page,
) -> Result<(Listing, Vec<(ResourceKind, Vec<Resource>)>), Refused> {
    let mut entries: Vec<Entry> = Vec::new();
    for (number, &kind) in kinds.iter().enumerate() {
        let search = Search::new(context, kind, query).by_value();
        let candidates = search.candidates(search.plan().as_ref(), SCAN_MAX).await?;
        search.each_ranked(candidates, |rank, position| entries.push((rank, number, position))).await?;
    }
    entries.sort_unstable();
    if query.sort.as_ref().is_some_and(|sort| sort.descending) {
        entries.reverse();
    }
    let listing = Listing { total: Some(entries.len() as u64), place: Place::Index(page.start_index) };
    let skip = usize::try_from(page.offset()).unwrap_or(usize::MAX);
    let take = usize::try_from(page.count).unwrap_or(usize::MAX);
    let mut on_page: Vec<(usize, i64)> =
        entries.into_iter().skip(skip).take(take).map(|(_, number, position)| (number, position)).collect();
    let mut found = BTreeMap::new();
    for (number, &kind) in kinds.iter().enumerate() {
        let mut positions = of_kind(&on_page, number);
        if kind == ResourceKind::Group && shows_others(context, kind, &query.projection) {
            let fits = fits_with_members(context, &positions).await?;
            if let Some(&too_much) = positions.get(fits) {
                on_page.truncate(on_page.iter().position(|one| *one == (number, too_much)).unwrap_or(on_page.len()));
                positions = of_kind(&on_page, number);
            }
        }
        let resources = resources_at(context, kind, &positions, &query.projection).await?;
        found.extend(resources.into_iter().map(|(position, resource)| ((number, position), resource)));
    }
    let shown = on_page.into_iter().filter_map(|one| Some((*kinds.get(one.0)?, vec![found.remove(&one)?])));
    Ok((listing, shown.collect()))
}

fn of_kind(entries: &[(usize, i64)], number: usize) -> Vec<i64> {
    entries.iter().filter(|entry| entry.0 == number).map(|entry| entry.1).collect()
}
