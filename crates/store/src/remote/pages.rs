//! One page of a listing: joined to the account rows, and kept.

use super::differences::{self, FoundDifference};
use super::listing::{Listing, ListingState};
use super::listings;
use crate::accounts::{COLUMNS, from_row};
use crate::apps::connections::normalized_endpoint;
use crate::{Store, StoreError};
use provost_core::app::Connection;
use provost_core::ids::UserId;
use provost_core::provisioning::{Account, Remote, managed_part, matching_value};
use provost_db::{Batch, Query, Value, list as placeholders, rows};
use serde_json::{Map, Value as Json};
use std::collections::{BTreeMap, BTreeSet};

/// The most accounts one statement names.
const NAMED_MAX: usize = 500;

/// An account as a page shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// The app's id.
    pub remote_id: String,
    /// The `externalId` it bears.
    pub external_id: Option<String>,
    /// What the app calls it: the matching attribute's value, or else the id.
    pub name: String,
    /// The matching attribute's value in lower case.
    pub matching: Option<String>,
    /// The part that the mapping and the engine manage.
    pub managed: Map<String, Json>,
}

impl Shown {
    /// Reads a resource for this connection.
    pub fn of(remote: &Remote, connection: &Connection) -> Self {
        let empty = Map::new();
        let resource = remote.resource.as_ref().unwrap_or(&empty);
        let matching = matching_value(resource, connection.profile);
        Self {
            remote_id: remote.id.clone(),
            external_id: remote.external_id().map(str::to_owned),
            name: matching.clone().unwrap_or_else(|| remote.id.clone()),
            matching: matching.map(|value| value.to_lowercase()),
            managed: managed_part(resource, connection),
        }
    }
}

/// A page, joined.
#[derive(Debug, Clone, Default)]
pub struct JoinedPage {
    /// Accounts of ours, each with its row.
    pub linked: Vec<(Account, Shown)>,
    /// Accounts that are linked to nobody.
    pub strangers: Vec<Shown>,
    /// How many of them no earlier page of this listing had shown.
    pub fresh: u64,
    /// Differences of these accounts that an earlier check has accepted.
    pub accepted: BTreeMap<UserId, FoundDifference>,
}

/// Joins a page to the accounts of the connection, and finds out what earlier pages of the listing have shown already.
pub async fn join_page(
    store: &Store,
    connection: &Connection,
    listing: &Listing,
    shown: Vec<Shown>,
) -> Result<JoinedPage, StoreError> {
    let mut page = JoinedPage::default();
    let mut distinct: BTreeMap<String, Shown> = BTreeMap::new();
    for one in shown {
        distinct.insert(one.remote_id.clone(), one);
    }
    let ids: Vec<String> = distinct.keys().cloned().collect();
    for chunk in ids.chunks(NAMED_MAX) {
        join_some(store, connection, listing, chunk, &mut distinct, &mut page).await?;
    }
    Ok(page)
}

async fn join_some(
    store: &Store,
    connection: &Connection,
    listing: &Listing,
    ids: &[String],
    shown: &mut BTreeMap<String, Shown>,
    page: &mut JoinedPage,
) -> Result<(), StoreError> {
    let named = placeholders(2, ids.len());
    let params = |first: Value| std::iter::once(first).chain(ids.iter().map(|id| Value::from(id.as_str()))).collect::<Vec<_>>();
    let key = normalized_endpoint(&connection.config.endpoint);
    let ours = format!(
        "SELECT {COLUMNS}, a.seen_listing_id, a.connection_id FROM account a WHERE a.endpoint_key = $1 AND a.remote_id IN {named}"
    );
    let seen = format!("SELECT remote_id, listing_id FROM remote_account WHERE connection_id = $1 AND remote_id IN {named}");
    let queries = vec![Query::new(ours, params(key.into())), Query::new(seen, params(connection.id.get().into()))];
    let answers = store.db.read_all(queries).await?;
    let mut seen_before: BTreeSet<String> = BTreeSet::new();
    for row in answers.get(1).into_iter().flatten() {
        if row.get::<i64>(1)? == listing.id {
            seen_before.insert(row.get(0)?);
        }
    }
    for row in answers.first().into_iter().flatten() {
        let account = from_row(row)?;
        let Some(one) = account.remote_id.as_ref().and_then(|id| shown.remove(id)) else { continue };
        page.fresh += u64::from(row.get::<Option<i64>>(crate::accounts::ACCOUNT_COLUMNS)? != Some(listing.id));
        page.linked.push((account, one));
    }
    for id in ids {
        let Some(one) = shown.remove(id) else { continue };
        page.fresh += u64::from(!seen_before.contains(id));
        page.strangers.push(one);
    }
    let users: Vec<UserId> = page.linked.iter().map(|(account, _)| account.user_id).collect();
    page.accepted.extend(differences::accepted(store, connection.id, &users).await?);
    Ok(())
}

/// What is kept of a page.
#[derive(Debug, Clone)]
pub struct Kept<'a> {
    /// The page.
    pub page: &'a JoinedPage,
    /// Where the listing goes on.
    pub place: String,
    /// Whether the list stands still so far.
    pub steady: bool,
    /// Differences found on the page.
    pub differences: &'a [FoundDifference],
    /// Whether it is a page of the list, and not one account that was looked up.
    pub counts_as_page: bool,
}

/// Keeps a page and the listing's new place in one batch. An error says that the listing has moved: cancelled, or deleted
/// with its connection.
pub async fn keep_page(store: &Store, listing: &Listing, kept: Kept<'_>) -> Result<Listing, StoreError> {
    let now = store.now();
    let mut batch = Batch::bulk();
    let state = match listing.state {
        ListingState::Waiting => ListingState::Listing,
        state => state,
    };
    let next = Listing {
        state,
        started_at: listing.started_at.or(Some(now)),
        place: Some(kept.place.clone()),
        pages: listing.pages + u64::from(kept.counts_as_page),
        listed: listing.listed + kept.page.fresh,
        steady: listing.steady && kept.steady,
        ..listing.clone()
    };
    let number = |number: u64| Value::from(i64::try_from(number).unwrap_or(i64::MAX));
    listings::step(
        &mut batch,
        listing,
        "state = $3, started_at = COALESCE(started_at, $4), place = $5, pages = $6, listed = $7, steady = $8",
        [
            state.word().into(),
            now.0.into(),
            kept.place.as_str().into(),
            number(next.pages),
            number(next.listed),
            next.steady.into(),
        ],
    );
    for chunk in kept.page.linked.chunks(NAMED_MAX) {
        let ids = placeholders(3, chunk.len());
        let mut params: Vec<Value> = vec![listing.connection.get().into(), listing.id.into()];
        params.extend(chunk.iter().map(|(account, _)| Value::from(account.user_id.get())));
        let sql = format!("UPDATE account SET seen_listing_id = $2 WHERE connection_id = $1 AND user_id IN {ids}");
        batch.run(sql, params);
    }
    for chunk in kept.page.strangers.chunks(NAMED_MAX) {
        insert_strangers(&mut batch, listing, chunk, now.0)?;
    }
    differences::write(&mut batch, listing, kept.differences)?;
    listings::commit(store, batch).await?;
    Ok(next)
}

fn insert_strangers(batch: &mut Batch, listing: &Listing, strangers: &[Shown], now: i64) -> Result<(), StoreError> {
    let mut params: Vec<Value> = Vec::with_capacity(strangers.len() * 10);
    for one in strangers {
        let active = one.managed.get("active") != Some(&Json::Bool(false));
        params.extend([
            listing.connection.get().into(),
            one.remote_id.as_str().into(),
            one.matching.clone().into(),
            one.name.as_str().into(),
            one.external_id.clone().into(),
            active.into(),
            serde_json::to_string(&one.managed)?.into(),
            listing.id.into(),
            listing.id.into(),
            now.into(),
        ]);
    }
    let sql = format!(
        "INSERT INTO remote_account (connection_id, remote_id, matching, name, external_id, active, managed, first_listing_id, \
         listing_id, seen_at) VALUES {} ON CONFLICT (connection_id, remote_id) DO UPDATE SET matching = excluded.matching, \
         name = excluded.name, external_id = excluded.external_id, active = excluded.active, managed = excluded.managed, \
         listing_id = excluded.listing_id, seen_at = excluded.seen_at",
        rows(strangers.len(), 10)
    );
    batch.run(sql, params);
    Ok(())
}
