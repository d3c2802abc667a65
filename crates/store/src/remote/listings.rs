//! The life of a listing: asked for, moved on, held, confirmed, ended.

use super::listing::{COLUMNS, Listing, ListingCounts, ListingState, Purpose, from_row};
use crate::apps::connections;
use crate::apps::events::event;
use crate::log::names;
use crate::{Actor, Store, StoreError};
use provost_core::app::{App, Connection, DriftRule};
use provost_core::ids::ConnectionId;
use provost_core::time::Timestamp;
use provost_db::{Batch, CommitError, Query, Value};
use serde_json::json;

/// Rows that are over are deleted this many at a time.
const PURGED_ROWS: i64 = 1_000;

/// This many listings of a connection are remembered.
const KEPT_LISTINGS: i64 = 20;

/// The listing that the engine works on now: a first contact before a drift check.
pub async fn open(store: &Store, connection: ConnectionId) -> Result<Option<Listing>, StoreError> {
    one(store, "state IN ('waiting', 'listing', 'verifying')", "id", connection).await
}

/// The newest drift check.
pub async fn last_check(store: &Store, connection: ConnectionId) -> Result<Option<Listing>, StoreError> {
    one(store, "purpose = 'drift_check'", "id DESC", connection).await
}

/// The newest listing that showed everybody.
pub async fn last_whole(store: &Store, connection: ConnectionId) -> Result<Option<Listing>, StoreError> {
    one(store, "state = 'done'", "id DESC", connection).await
}

/// The newest listings, whatever they were for.
pub async fn recent(store: &Store, connection: ConnectionId) -> Result<Vec<Listing>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM app_listing WHERE connection_id = $1 ORDER BY id DESC LIMIT {KEPT_LISTINGS}");
    store.db.read(Query::new(sql, [connection.get().into()])).await?.iter().map(from_row).collect()
}

/// Whether it is settled how this connection finds the accounts that the app had before it.
pub async fn met(store: &Store, connection: ConnectionId) -> Result<bool, StoreError> {
    let sql = "SELECT id FROM app_listing WHERE connection_id = $1 AND purpose = 'first_contact' LIMIT 1";
    Ok(!store.db.read(Query::new(sql, [connection.get().into()])).await?.is_empty())
}

/// Settles it: by a listing that begins now, or, with the reason, without one.
pub async fn meet(store: &Store, connection: &Connection, skipped: Option<&str>) -> Result<(), StoreError> {
    let mut batch = Batch::new();
    let state = if skipped.is_some() { ListingState::Skipped } else { ListingState::Waiting };
    insert(&mut batch, store, connection, Purpose::FirstContact, DriftRule::Report, state, &Actor::Engine, skipped);
    store.db.commit(batch).await?;
    Ok(())
}

/// "Check for drift": asks for a check, by the connection's own rule unless another is named. A check that waits or runs
/// already is answered instead of a second one.
pub async fn request_check(
    store: &Store,
    by: &Actor,
    connection: ConnectionId,
    rule: Option<DriftRule>,
) -> Result<Listing, StoreError> {
    let found = connections::get(store, connection).await?;
    if let Some(running) = last_check(store, connection).await?.filter(|check| check.state.is_open()) {
        return Ok(running);
    }
    let app = crate::apps::get(store, found.app_id).await?;
    let rule = rule.unwrap_or(found.config.drift.rule);
    let mut batch = Batch::new();
    let id = insert(&mut batch, store, &found, Purpose::DriftCheck, rule, ListingState::Waiting, by, None);
    let detail = json!({ "APPLICATION_NAME": app.name, "differences": rule.word() });
    crate::log::append(
        &mut batch,
        store,
        by,
        store.now(),
        event(names::AUTO_PROV_DRIFT_CHECK_STARTED, app.id, Some(connection), detail),
    );
    store.db.commit(batch).await?;
    store.wake();
    by_id(store, id).await
}

/// The connection's endpoint is another one: what was listed of the old app says nothing of the new one, and a check there finds out
/// who of ours has an account in it. Whoever has none gets one, whatever is done about drift otherwise.
pub(crate) fn begin_anew(batch: &mut Batch, store: &Store, connection: &Connection, app: &App, by: &Actor) {
    for sql in super::OF_A_CONNECTION {
        batch.run(sql, [connection.id.get().into()]);
    }
    insert(batch, store, connection, Purpose::DriftCheck, DriftRule::Repair, ListingState::Waiting, by, None);
    let detail = json!({ "APPLICATION_NAME": app.name, "differences": DriftRule::Repair.word() });
    let started = event(names::AUTO_PROV_DRIFT_CHECK_STARTED, app.id, Some(connection.id), detail);
    crate::log::append(batch, store, by, store.now(), started);
}

#[expect(clippy::too_many_arguments, reason = "the columns of a new row")]
fn insert(
    batch: &mut Batch,
    store: &Store,
    connection: &Connection,
    purpose: Purpose,
    rule: DriftRule,
    state: ListingState,
    by: &Actor,
    message: Option<&str>,
) -> i64 {
    let id = store.id::<()>().get();
    batch.run(
        "INSERT INTO app_listing (id, connection_id, purpose, drift_rule, state, requested_by, requested_at, finished_at, pages, \
         listed, steady, message) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, 1, $9)",
        [
            id.into(),
            connection.id.get().into(),
            purpose.word().into(),
            rule.word().into(),
            state.word().into(),
            by.label().into(),
            store.now().0.into(),
            (!state.is_open()).then_some(store.now().0).into(),
            message.map(str::to_owned).into(),
        ],
    );
    id
}

/// When the next check begins by itself: the connection's interval after the last listing that was whole, or after the last
/// check whatever came of it; for a connection without either, after its configuration. `None`: only on demand, or one is
/// under way.
pub async fn next_check(store: &Store, connection: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let Some(every) = connection.config.drift.every else { return Ok(None) };
    let check = last_check(store, connection.id).await?;
    if check.as_ref().is_some_and(|check| check.state.is_open()) {
        return Ok(None);
    }
    let whole = last_whole(store, connection.id).await?.and_then(|listing| listing.finished_at);
    let tried = check.map(|check| check.finished_at.unwrap_or(check.requested_at));
    let since = match whole.max(tried) {
        Some(since) => since,
        None => connections::details(store, connection.id).await?.created_at,
    };
    Ok(Some(since + every))
}

/// Begins to look up those who were not listed.
pub async fn proceed(store: &Store, listing: &Listing, place: &str) -> Result<(), StoreError> {
    let mut batch = Batch::new();
    step(&mut batch, listing, "state = 'verifying', place = $3, message = NULL", [place.into()]);
    commit(store, batch).await
}

/// Starts over from the first page, as a list that has not shown anything: answers the listing under its new id.
pub async fn restart(store: &Store, listing: &Listing) -> Result<Listing, StoreError> {
    let id = store.id::<()>().get();
    let mut batch = Batch::new();
    step(&mut batch, listing, "id = $3, state = 'waiting', place = NULL, pages = 0, listed = 0, steady = 1", [id.into()]);
    commit(store, batch).await?;
    by_id(store, id).await
}

/// Holds a listing that lacks too many of our accounts.
pub async fn hold(store: &Store, listing: &Listing, message: &str, counts: ListingCounts) -> Result<(), StoreError> {
    end(store, listing, ListingState::Held, Some(message), counts).await
}

/// Ends a listing. What earlier ones have left is forgotten if this one was whole.
pub async fn finish(
    store: &Store,
    listing: &Listing,
    state: ListingState,
    message: Option<&str>,
    mut counts: ListingCounts,
) -> Result<(), StoreError> {
    if state == ListingState::Done {
        purge(store, listing).await?;
    }
    let (unmanaged, new) = super::unmanaged::counted(store, listing).await?;
    (counts.unmanaged, counts.unmanaged_new) = (unmanaged, new);
    end(store, listing, state, message, counts).await
}

async fn end(
    store: &Store,
    listing: &Listing,
    state: ListingState,
    message: Option<&str>,
    mut counts: ListingCounts,
) -> Result<(), StoreError> {
    super::differences::count(store, listing, &mut counts).await?;
    let found = connections::get(store, listing.connection).await?;
    let app = crate::apps::get(store, found.app_id).await?;
    let now = store.now();
    let mut batch = Batch::new();
    let values: [Value; 4] =
        [state.word().into(), now.0.into(), message.map(str::to_owned).into(), serde_json::to_string(&counts)?.into()];
    step(&mut batch, listing, "state = $3, finished_at = $4, message = $5, counts = $6", values);
    if listing.purpose == Purpose::DriftCheck || state == ListingState::Done {
        let detail = json!({
            "APPLICATION_NAME": app.name, "purpose": listing.purpose, "state": state, "message": message,
            "pages": listing.pages, "listed": listing.listed, "counts": counts,
        });
        let name = match listing.purpose {
            Purpose::FirstContact => names::AUTO_PROV_ACCOUNTS_LISTED,
            Purpose::DriftCheck => names::AUTO_PROV_DRIFT_CHECK_FINISHED,
        };
        crate::log::append(&mut batch, store, &Actor::Engine, now, event(name, app.id, Some(found.id), detail));
    }
    batch.run(
        format!(
            "DELETE FROM app_listing WHERE connection_id = $1 AND purpose = 'drift_check' AND id <= (SELECT COALESCE(min(id), 0) FROM \
             (SELECT id FROM app_listing WHERE connection_id = $1 ORDER BY id DESC LIMIT {KEPT_LISTINGS}) AS kept) - 1"
        ),
        [listing.connection.get().into()],
    );
    commit(store, batch).await?;
    store.wake();
    Ok(())
}

/// An administrator takes a held listing for the truth: those who are not in it are looked up, and then treated as missing.
pub async fn confirm(store: &Store, by: &Actor, connection: ConnectionId) -> Result<Listing, StoreError> {
    let held = last_check(store, connection).await?.filter(|check| check.state == ListingState::Held);
    let Some(held) = held else {
        return Err(StoreError::Invalid("no drift check of this app is held: there is nothing to confirm".to_owned()));
    };
    let app = crate::apps::get(store, connections::get(store, connection).await?.app_id).await?;
    let mut batch = Batch::new();
    step(&mut batch, &held, "state = $3, finished_at = NULL, message = NULL", [ListingState::Verifying.word().into()]);
    let detail = json!({ "APPLICATION_NAME": app.name, "listed": held.listed, "counts": held.counts });
    let said = event(names::AUTO_PROV_DRIFT_CHECK_CONFIRMED, app.id, Some(connection), detail);
    crate::log::append(&mut batch, store, by, store.now(), said);
    commit(store, batch).await?;
    store.wake();
    by_id(store, held.id).await
}

/// Ends a check that waits, runs or is held. What it has found so far stays listed.
pub async fn cancel(store: &Store, by: &Actor, connection: ConnectionId) -> Result<Listing, StoreError> {
    let check = last_check(store, connection).await?;
    let Some(check) = check.filter(|check| check.state.is_open() || check.state == ListingState::Held) else {
        return Err(StoreError::Invalid("no drift check of this app is running: there is nothing to cancel".to_owned()));
    };
    end(store, &check, ListingState::Cancelled, Some(&format!("cancelled by {}", by.label())), check.counts).await?;
    by_id(store, check.id).await
}

/// Adds an update of the listing that expects it to stand as it was read. `$1` and `$2` are taken.
pub(super) fn step(batch: &mut Batch, listing: &Listing, sets: &str, values: impl IntoIterator<Item = Value>) {
    let mut params: Vec<Value> = vec![listing.id.into(), listing.state.word().into()];
    params.extend(values);
    batch.expect(1, format!("UPDATE app_listing SET {sets} WHERE id = $1 AND state = $2"), params);
}

/// A listing that has moved meanwhile is stale, which its worker takes as "look again".
pub(super) async fn commit(store: &Store, batch: Batch) -> Result<(), StoreError> {
    match store.db.commit(batch).await {
        Ok(_) => Ok(()),
        Err(CommitError::Conflict { .. }) => Err(StoreError::Stale { what: "the listing", by: String::new() }),
        Err(error) => Err(error.into()),
    }
}

/// Forgets the accounts and differences that this listing has not shown, a thousand at a time.
async fn purge(store: &Store, listing: &Listing) -> Result<(), StoreError> {
    let remote = "DELETE FROM remote_account WHERE connection_id = $1 AND remote_id IN (SELECT remote_id FROM remote_account \
                  WHERE connection_id = $1 AND listing_id < $2 ORDER BY listing_id LIMIT $3)";
    let differences = "DELETE FROM drift_difference WHERE connection_id = $1 AND user_id IN (SELECT user_id FROM drift_difference \
                       WHERE connection_id = $1 AND listing_id < $2 ORDER BY user_id LIMIT $3)";
    let tables = if listing.purpose == Purpose::DriftCheck { vec![remote, differences] } else { vec![remote] };
    for sql in tables {
        loop {
            let mut batch = Batch::bulk();
            batch.run(sql, [listing.connection.get().into(), listing.id.into(), PURGED_ROWS.into()]);
            let answers = store.db.commit(batch).await?;
            if answers.first().is_none_or(|answer| answer.count == 0) {
                break;
            }
        }
    }
    Ok(())
}

async fn by_id(store: &Store, id: i64) -> Result<Listing, StoreError> {
    let rows = store.db.read(Query::new(format!("SELECT {COLUMNS} FROM app_listing WHERE id = $1"), [id.into()])).await?;
    rows.first().map(from_row).transpose()?.ok_or_else(|| StoreError::NotFound { what: "listing", key: id.to_string() })
}

async fn one(store: &Store, condition: &str, order: &str, connection: ConnectionId) -> Result<Option<Listing>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM app_listing WHERE connection_id = $1 AND {condition} ORDER BY {order} LIMIT 1");
    store.db.read(Query::new(sql, [connection.get().into()])).await?.first().map(from_row).transpose()
}
