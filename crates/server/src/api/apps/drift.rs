//! Drift checks, and the app's accounts that are linked to nobody.

use super::connected;
use crate::Server;
use crate::access::Principal;
use crate::api::extract::{At, Body, Params};
use crate::api::json::{Answer, instant, ok, page, page_limit};
use crate::api::{Route, change, read};
use axum::Extension;
use axum::extract::State;
use axum::http::Method;
use provost_core::app::DriftRule;
use provost_store::directory::Page;
use provost_store::remote::{self, FoundDifference, Listing, Unmanaged};
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) fn routes() -> Vec<Route> {
    vec![
        read("/apps/{key}/autoprovisioning/drift", show),
        change(Method::POST, "/apps/{key}/autoprovisioning/drift", check),
        read("/apps/{key}/autoprovisioning/drift/differences", differences),
        change(Method::POST, "/apps/{key}/autoprovisioning/drift/confirm", confirm),
        change(Method::POST, "/apps/{key}/autoprovisioning/drift/cancel", cancel),
        read("/apps/{key}/autoprovisioning/not-managed", not_managed),
    ]
}

fn listing_json(listing: &Listing) -> Value {
    json!({
        "id": listing.id.to_string(),
        "purpose": listing.purpose,
        "state": listing.state,
        "open": listing.state.is_open(),
        "differences": listing.rule,
        "requested_by": listing.requested_by,
        "requested_at": instant(Some(listing.requested_at)),
        "started_at": instant(listing.started_at),
        "finished_at": instant(listing.finished_at),
        "pages": listing.pages,
        "listed": listing.listed,
        "message": listing.message,
        "counts": listing.counts,
    })
}

fn difference_json(found: &FoundDifference) -> Value {
    json!({
        "user_id": found.user_id,
        "email": found.email,
        "remote_id": found.remote_id,
        "kind": found.kind,
        "changes": found.changes,
        "action": found.action,
        "found_at": instant(Some(found.found_at)),
    })
}

fn unmanaged_json(account: &Unmanaged) -> Value {
    json!({
        "remote_id": account.remote_id,
        "name": account.name,
        "external_id": account.external_id,
        "active": account.active,
        "seen_at": instant(Some(account.seen_at)),
    })
}

/// How drift checks are set, the last one, and the listings before it.
async fn show(State(server): State<Server>, At(key): At<String>) -> Answer {
    let store = &server.store;
    let (_, connection) = connected(store, &key).await?;
    let check = remote::last_check(store, connection.id).await?;
    let recent = remote::recent(store, connection.id).await?;
    ok(json!({
        "differences": connection.config.drift.rule,
        "every_seconds": connection.config.drift.every.map(provost_core::time::Span::as_seconds),
        "next_check": instant(remote::next_check(store, &connection).await?),
        "check": check.as_ref().map(listing_json),
        "not_managed": remote::unmanaged_count(store, connection.id).await?,
        "listings": recent.iter().map(listing_json).collect::<Vec<_>>(),
    }))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// `repair`, `report` or `accept`; left out: as the connection says.
    differences: Option<DriftRule>,
}

async fn check(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
    Body(asked): Body<Asked>,
) -> Answer {
    let (_, connection) = connected(&server.store, &key).await?;
    let check = remote::request_check(&server.store, &caller.actor, connection.id, asked.differences).await?;
    ok(listing_json(&check))
}

async fn confirm(State(server): State<Server>, Extension(caller): Extension<Principal>, At(key): At<String>) -> Answer {
    let (_, connection) = connected(&server.store, &key).await?;
    ok(listing_json(&remote::confirm(&server.store, &caller.actor, connection.id).await?))
}

async fn cancel(State(server): State<Server>, Extension(caller): Extension<Principal>, At(key): At<String>) -> Answer {
    let (_, connection) = connected(&server.store, &key).await?;
    ok(listing_json(&remote::cancel(&server.store, &caller.actor, connection.id).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListParams {
    #[serde(default)]
    text: String,
    after: Option<String>,
    limit: Option<usize>,
}

/// The differences that the last check has found.
async fn differences(State(server): State<Server>, At(key): At<String>, Params(params): Params<ListParams>) -> Answer {
    let store = &server.store;
    let (_, connection) = connected(store, &key).await?;
    let found = match remote::last_check(store, connection.id).await? {
        Some(check) => remote::differences(store, &check, params.after.as_deref(), page_limit(params.limit)).await?,
        None => Page { items: Vec::new(), next: None },
    };
    ok(page(found, |difference| difference_json(&difference)))
}

/// Accounts of the app that are linked to nobody.
async fn not_managed(State(server): State<Server>, At(key): At<String>, Params(params): Params<ListParams>) -> Answer {
    let store = &server.store;
    let (_, connection) = connected(store, &key).await?;
    let limit = page_limit(params.limit);
    let found = remote::unmanaged(store, connection.id, &params.text, params.after.as_deref(), limit).await?;
    let mut body = page(found, |account| unmanaged_json(&account));
    body["count"] = json!(remote::unmanaged_count(store, connection.id).await?);
    body["listed_at"] = instant(remote::last_whole(store, connection.id).await?.and_then(|listing| listing.finished_at));
    ok(body)
}
