//! Drift checks, and the app's accounts that are linked to nobody.

use super::connected;
use crate::Server;
use crate::access::Principal;
use crate::api::ProblemKind::{Conflict, Invalid};
use crate::api::extract::{At, Body, Params};
use crate::api::json::{Answer, Listed, Shown, instant, ok, page, page_limit};
use crate::api::{Noun, change, read};
use axum::Extension;
use axum::extract::State;
use axum::http::Method;
use provost_core::app::DriftRule;
use provost_core::ids::UserId;
use provost_core::provisioning::{DriftChange, DriftKind};
use provost_core::time::{Rfc3339, Span};
use provost_store::directory::Page;
use provost_store::remote::{self, DriftAction, FoundDifference, Listing, ListingCounts, ListingState, Purpose, Unmanaged};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(super) fn routes() -> Noun {
    Noun {
        name: "Drift checks",
        about: "Comparing what the app holds with what was last confirmed of it.",
        routes: vec![
            read("/apps/{key}/autoprovisioning/drift", "Show drift checks", show).refuses(&[Invalid]),
            change(Method::POST, "/apps/{key}/autoprovisioning/drift", "Check for drift", check)
                .told("A check that waits or runs already is answered instead of a second one.")
                .sending(r#"{"differences":"report"}"#)
                .refuses(&[Conflict, Invalid]),
            read("/apps/{key}/autoprovisioning/drift/differences", "List differences", differences)
                .told("Those that the last check has found.")
                .refuses(&[Invalid]),
            change(Method::POST, "/apps/{key}/autoprovisioning/drift/confirm", "Believe a held listing", confirm)
                .told("Accounts that are not in it are looked up, and then treated as missing.")
                .refuses(&[Conflict, Invalid]),
            change(Method::POST, "/apps/{key}/autoprovisioning/drift/cancel", "End a check", cancel)
                .told("One that waits, runs or is held. What it has found so far stays listed.")
                .refuses(&[Conflict, Invalid]),
            read("/apps/{key}/autoprovisioning/not-managed", "List accounts that are not managed", not_managed)
                .told("Accounts of the app that are linked to nobody. They are never touched.")
                .refuses(&[Invalid]),
        ],
    }
}

/// One reading of all accounts of the app.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Listing")]
struct ListingBody {
    id: String,
    purpose: Purpose,
    state: ListingState,
    /// Whether the engine has still to do with it.
    open: bool,
    /// What is done about differences.
    differences: DriftRule,
    requested_by: String,
    requested_at: Rfc3339,
    started_at: Option<Rfc3339>,
    finished_at: Option<Rfc3339>,
    /// Pages that were read.
    pages: u64,
    /// Different accounts on them.
    listed: u64,
    /// Why it was held, skipped or failed.
    message: Option<String>,
    counts: ListingCounts,
}

fn listing_body(listing: &Listing) -> ListingBody {
    ListingBody {
        id: listing.id.to_string(),
        purpose: listing.purpose,
        state: listing.state,
        open: listing.state.is_open(),
        differences: listing.rule,
        requested_by: listing.requested_by.clone(),
        requested_at: Rfc3339(listing.requested_at),
        started_at: instant(listing.started_at),
        finished_at: instant(listing.finished_at),
        pages: listing.pages,
        listed: listing.listed,
        message: listing.message.clone(),
        counts: listing.counts,
    }
}

/// An account that differs.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Difference")]
struct DifferenceBody {
    user_id: UserId,
    email: String,
    /// The app's id of the account.
    remote_id: String,
    kind: DriftKind,
    /// Attribute by attribute.
    changes: Vec<DriftChange>,
    /// What was done about it.
    action: DriftAction,
    found_at: Rfc3339,
}

fn difference_body(found: FoundDifference) -> DifferenceBody {
    let FoundDifference { user_id, email, remote_id, kind, changes, action, found_at } = found;
    DifferenceBody { user_id, email, remote_id, kind, changes, action, found_at: Rfc3339(found_at) }
}

/// An account of the app that is linked to nobody.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "UnmanagedAccount")]
struct UnmanagedBody {
    /// The app's id.
    remote_id: String,
    /// What the app calls it.
    name: String,
    /// The `externalId` it bears.
    external_id: Option<String>,
    active: bool,
    /// When a listing last showed it.
    seen_at: Rfc3339,
}

fn unmanaged_body(account: Unmanaged) -> UnmanagedBody {
    let Unmanaged { remote_id, name, external_id, active, seen_at } = account;
    UnmanagedBody { remote_id, name, external_id, active, seen_at: Rfc3339(seen_at) }
}

/// How drift checks are set, the last one, and the listings before it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "DriftChecks")]
struct DriftBody {
    /// What is done about differences.
    differences: DriftRule,
    /// How often a check begins by itself; null: only on demand.
    every_seconds: Option<i64>,
    next_check: Option<Rfc3339>,
    /// The newest check.
    check: Option<ListingBody>,
    /// How many accounts of the app are linked to nobody.
    not_managed: u64,
    /// The newest listings.
    listings: Vec<ListingBody>,
}

/// How drift checks are set, the last one, and the listings before it.
async fn show(State(server): State<Server>, At(key): At<String>) -> Answer<Shown<DriftBody>> {
    let store = &server.store;
    let (_, connection) = connected(store, &key).await?;
    let check = remote::last_check(store, connection.id).await?;
    let recent = remote::recent(store, connection.id).await?;
    ok(DriftBody {
        differences: connection.config.drift.rule,
        every_seconds: connection.config.drift.every.map(Span::as_seconds),
        next_check: instant(remote::next_check(store, &connection).await?),
        check: check.as_ref().map(listing_body),
        not_managed: remote::unmanaged_count(store, connection.id).await?,
        listings: recent.iter().map(listing_body).collect(),
    })
}

/// What is to be done about differences in this one check.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DriftRequest")]
struct Asked {
    /// `repair`, `report` or `accept`; left out: as the connection says.
    differences: Option<DriftRule>,
}

async fn check(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
    Body(asked): Body<Asked>,
) -> Answer<Shown<ListingBody>> {
    let (_, connection) = connected(&server.store, &key).await?;
    let check = remote::request_check(&server.store, &caller.actor, connection.id, asked.differences).await?;
    ok(listing_body(&check))
}

async fn confirm(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
) -> Answer<Shown<ListingBody>> {
    let (_, connection) = connected(&server.store, &key).await?;
    ok(listing_body(&remote::confirm(&server.store, &caller.actor, connection.id).await?))
}

async fn cancel(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    At(key): At<String>,
) -> Answer<Shown<ListingBody>> {
    let (_, connection) = connected(&server.store, &key).await?;
    ok(listing_body(&remote::cancel(&server.store, &caller.actor, connection.id).await?))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListParams {
    /// Part of the name; looked at where accounts that are not managed are listed.
    #[serde(default)]
    text: String,
    /// What the page before has said as `next`.
    after: Option<String>,
    /// Items on a page: 100 when left out, at most 1,000.
    limit: Option<usize>,
}

/// The differences that the last check has found.
async fn differences(
    State(server): State<Server>,
    At(key): At<String>,
    Params(params): Params<ListParams>,
) -> Answer<Shown<Listed<DifferenceBody>>> {
    let store = &server.store;
    let (_, connection) = connected(store, &key).await?;
    let found = match remote::last_check(store, connection.id).await? {
        Some(check) => remote::differences(store, &check, params.after.as_deref(), page_limit(params.limit)).await?,
        None => Page { items: Vec::new(), next: None },
    };
    ok(page(found, difference_body))
}

/// A page of accounts that are linked to nobody.
#[derive(Debug, Serialize, JsonSchema)]
struct NotManaged {
    #[serde(flatten)]
    page: Listed<UnmanagedBody>,
    /// How many there are in all.
    count: u64,
    /// When the last whole listing was over.
    listed_at: Option<Rfc3339>,
}

/// Accounts of the app that are linked to nobody.
async fn not_managed(
    State(server): State<Server>,
    At(key): At<String>,
    Params(params): Params<ListParams>,
) -> Answer<Shown<NotManaged>> {
    let store = &server.store;
    let (_, connection) = connected(store, &key).await?;
    let limit = page_limit(params.limit);
    let found = remote::unmanaged(store, connection.id, &params.text, params.after.as_deref(), limit).await?;
    let listed = remote::last_whole(store, connection.id).await?;
    ok(NotManaged {
        page: page(found, unmanaged_body),
        count: remote::unmanaged_count(store, connection.id).await?,
        listed_at: instant(listed.and_then(|listing| listing.finished_at)),
    })
}
