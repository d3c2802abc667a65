//! The drift check's judgement of a page: what differs, what is done about it, and the settlements that do it.
//!
//! A repair sends nothing by itself. It settles the account as an ordinary look-up would, with what stands in the app as what
//! is confirmed, and makes it due: `decide` then sends the smallest PATCH, and a removal goes through its cause and the guard.

use provost_core::app::{Connection, DriftRule};
use provost_core::ids::UserId;
use provost_core::provisioning::{
    Account, Difference, DriftKind, Jitter, Operation, Outcome, Remote, compare, matching_value, settle, shown_attributes,
};
use provost_core::time::Timestamp;
use provost_store::accounts::{self, SettleResult, Settled};
use provost_store::remote::{DriftAction, FoundDifference, JoinedPage};
use provost_store::{Store, StoreError};
use std::collections::HashSet;

/// One difference, and what becomes of the account if it is repaired.
struct Judged {
    found: FoundDifference,
    repair: Option<Settled>,
}

/// Everything on the page that differs; repairs are stored. Users in `busy` are left out: something was sent for them since
/// the page was asked for, and it may be older than that.
pub(super) async fn differences(
    store: &Store,
    connection: &Connection,
    rule: DriftRule,
    page: &JoinedPage,
    busy: &HashSet<UserId>,
) -> Result<Vec<FoundDifference>, StoreError> {
    let can_be_judged = |account: &Account| account.intent.is_none() && !busy.contains(&account.user_id);
    let differing = page.linked.iter().filter(|(account, shown)| account.applied.as_ref() != Some(&shown.managed));
    let differing: Vec<_> = differing.filter(|(account, _)| can_be_judged(account)).collect();
    if differing.is_empty() {
        // Nearly always: what the app shows at all need not be gathered.
        return Ok(Vec::new());
    }
    let parts = page.linked.iter().map(|(_, shown)| &shown.managed).chain(page.strangers.iter().map(|shown| &shown.managed));
    let shows = shown_attributes(parts);
    let now = store.now();
    let judged = differing.into_iter().filter_map(|(account, shown)| {
        let difference = compare(account, &shown.managed, &shows)?;
        let accepted = page.accepted.get(&account.user_id);
        Some(judge(connection, rule, account, difference, accepted, now))
    });
    let judged: Vec<Judged> = judged.collect();
    stored(store, connection, judged).await
}

/// An account that the app does not know any more.
pub(super) async fn missing(
    store: &Store,
    connection: &Connection,
    rule: DriftRule,
    account: &Account,
    accepted: Option<&FoundDifference>,
) -> Result<Vec<FoundDifference>, StoreError> {
    let difference = Difference { kind: DriftKind::Missing, changes: Vec::new(), theirs: serde_json::Map::new() };
    let judged = judge(connection, rule, account, difference, accepted, store.now());
    stored(store, connection, vec![judged]).await
}

fn judge(
    connection: &Connection,
    rule: DriftRule,
    account: &Account,
    difference: Difference,
    accepted: Option<&FoundDifference>,
    now: Timestamp,
) -> Judged {
    let before = accepted.filter(|before| before.kind == difference.kind && before.changes == difference.changes);
    let action = match rule {
        DriftRule::Repair => DriftAction::Repaired,
        DriftRule::Accept => DriftAction::Accepted,
        DriftRule::Report if before.is_some() => DriftAction::Accepted,
        DriftRule::Report => DriftAction::Reported,
    };
    let remote_id = account.remote_id.clone().unwrap_or_default();
    let found = FoundDifference {
        user_id: account.user_id,
        email: account.email.clone(),
        remote_id: remote_id.clone(),
        kind: difference.kind,
        changes: difference.changes,
        action,
        found_at: before.map_or(now, |before| before.found_at),
    };
    let repair = (action == DriftAction::Repaired).then(|| {
        let matching = account.applied.as_ref().and_then(|body| matching_value(body, connection.profile)).unwrap_or_default();
        let operation = Operation::LookUp { remote_id: Some(remote_id.clone()), matching };
        let outcome = match difference.kind {
            DriftKind::Missing => Outcome::AlreadyGone,
            DriftKind::Changed | DriftKind::Suspended | DriftKind::Reactivated => {
                Outcome::Found { remote: Remote { id: remote_id, resource: Some(difference.theirs) } }
            }
        };
        let settlement = settle(&operation, &outcome, account.clone(), connection, now, Jitter(0.0));
        Settled { before: account.clone(), after: settlement.account, events: Vec::new(), decided: false }
    });
    Judged { found, repair }
}

/// Stores the repairs. An account that has moved since it was read is left to the next check.
async fn stored(store: &Store, connection: &Connection, judged: Vec<Judged>) -> Result<Vec<FoundDifference>, StoreError> {
    let (mut found, mut repairs, mut repaired) = (Vec::new(), Vec::new(), Vec::new());
    for one in judged {
        match one.repair {
            None => found.push(one.found),
            Some(repair) => {
                repaired.push(one.found);
                repairs.push(repair);
            }
        }
    }
    if !repairs.is_empty() {
        let results = accounts::settle(store, connection, repairs).await?;
        let kept = repaired.into_iter().zip(results).filter(|(_, result)| *result == SettleResult::Stored);
        found.extend(kept.map(|(one, _)| one));
        store.wake();
    }
    Ok(found)
}
