//! What must have happened by now: looked at when nothing moves, and at the end of every history.

use super::model::Person;
use super::wire::lock;
use super::world::World;
use crate::accounts::user_name;
use provost_core::app::ConnectionStatus;
use provost_core::provisioning::{Account, FailureKind, RemovalCandidate, RemovalKind};
use provost_core::time::Timestamp;
use provost_scim::Resource;
use provost_store::accounts::standstill::{self, Standstill};
use provost_store::{StoreError, accounts, apps, remote};
use serde_json::{Value, json};

/// Whether a look is one of many or the last one, when all faults have ended long ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// Whoever fails, waits or is uncertain is excused.
    Passing,
    /// Only a reason that is true excuses.
    Last,
}

/// Compares the app with what the oracle says must have happened.
pub(super) async fn check(world: &World, look: Look) -> Result<(), StoreError> {
    let now = world.store.now();
    if let Some(why) = why_not_at_rest(world).await? {
        let mut scene = lock(&world.scene);
        if look == Look::Last {
            scene.break_rule(now, &format!("no rest in the end: {why}"));
        } else {
            scene.trace.note(now, || format!("not at rest: {why}"));
        }
        return Ok(());
    }
    let rules = accounts::load_rules(&world.store, world.connection).await?;
    let held = accounts::removals::held(&world.store, &rules, now).await?;
    let (people, stuck) = {
        let scene = lock(&world.scene);
        (scene.model.people.clone(), scene.plan.stuck)
    };
    for (index, person) in people.iter().enumerate() {
        let record = accounts::account(&world.store, world.connection, person.id).await?;
        let wrong = wrong_with(world, person, record.as_ref(), &held, look, stuck == Some(index), now);
        let mut scene = lock(&world.scene);
        if let Some(wrong) = wrong {
            let stands = record.map(|record| (record.state, record.causes, record.removal, record.due_at));
            scene.break_rule(now, &format!("{} ({}): {wrong}; its row: {stands:?}", person.id, person.email));
        }
    }
    let mut scene = lock(&world.scene);
    scene.trace.note(now, || format!("at rest: {} people, {} held", people.len(), held.len()));
    Ok(())
}

/// Why nothing can be said now.
pub(super) async fn why_not_at_rest(world: &World) -> Result<Option<String>, StoreError> {
    let (store, id, now) = (&world.store, world.connection, world.store.now());
    let connection = apps::connections::get(store, id).await?;
    if connection.status == ConnectionStatus::Inactive {
        return Ok(Some("it is turned off".to_owned()));
    }
    if let Some(halt) = connection.halt {
        return Ok(Some(format!("it is halted: {}", halt.message)));
    }
    let health = apps::health::get(store, id).await?;
    if health.quarantine.is_some() || health.paused_until.is_some_and(|until| until > now) {
        return Ok(Some("the app is in quarantine, or has asked to wait".to_owned()));
    }
    if standstill::standing(store, id).await?.iter().any(Standstill::holds) {
        return Ok(Some("removals stand still".to_owned()));
    }
    if let Some(listing) = remote::open(store, id).await? {
        return Ok(Some(format!("a listing is under way: {:?}", listing.state)));
    }
    if !accounts::is_idle(store, id).await? {
        return Ok(Some("something is due".to_owned()));
    }
    Ok(None)
}

/// What is wrong with one user's account at the app, if anything.
fn wrong_with(
    world: &World,
    person: &Person,
    record: Option<&Account>,
    held: &[RemovalCandidate],
    look: Look,
    stuck: bool,
    now: Timestamp,
) -> Option<String> {
    let scene = lock(&world.scene);
    let (id, oracle) = (person.id.get(), &scene.model.oracle);
    let own = scene.accounts_of(id);
    if own.len() > 1 {
        return Some(format!("has {} accounts", own.len()));
    }
    let account = own.first();
    // What was changed behind our back is found by the last check alone, and where every request fails by none.
    let adrift = (look == Look::Passing || stuck) && scene.adrift.contains(&id);
    if oracle.left_alone(id) || scene.model.no_living_group() || adrift {
        return None;
    }
    if let Some(record) = record.filter(|record| record.failure.is_some() || record.intent.is_some()) {
        if record.failure.as_ref().is_some_and(|failure| is_retried(&failure.kind) && failure.retry_at.is_none()) {
            return Some(format!("is never tried again: {:?}", record.failure));
        }
        let taken = scene.accounts.named(&person.email).iter().any(|other| Some(*other) != account);
        let excused = look == Look::Passing || taken || stuck || !oracle.wanted(id) && record.failure.is_none();
        return (!excused).then(|| format!("fails without a reason that is true: {:?} {:?}", record.failure, record.intent));
    }
    // A hold of either kind: where a loss of access was undone at once, either of two clocks may run.
    let is_held = held.iter().any(|held| held.user_id == person.id);
    let due = |kind| oracle.must_go(id, kind).filter(|due| *due <= now);
    if let Some(due) = due(RemovalKind::HardDelete) {
        let gone = account.is_none() || is_held;
        (!gone).then(|| format!("still there, the hard delete was due at {due}"))
    } else if let Some(due) = due(RemovalKind::Suspend) {
        let active = account.is_some_and(|account| account.get("active") == Some(&json!(true)));
        (active && !is_held).then(|| format!("still active, the suspend was due at {due}"))
    } else if oracle.wanted(id) {
        let (is, should) = (account.or_else(|| scene.found_late(id)).map(shape), expected(person));
        (is.as_ref() != Some(&should)).then(|| format!("not as the directory says: {is:?} instead of {should}"))
    } else {
        None
    }
}

/// Whether a failure is tried again by itself, for ever.
const fn is_retried(kind: &FailureKind) -> bool {
    match kind {
        FailureKind::Unavailable | FailureKind::Throttled | FailureKind::Conflict | FailureKind::AddressHeld { .. } => true,
        FailureKind::Rejected
        | FailureKind::Forbidden
        | FailureKind::Ambiguous
        | FailureKind::DuplicateMatch { .. }
        | FailureKind::Mapping => false,
    }
}

/// The part of an account that the mapping writes.
fn shape(account: &Resource) -> Value {
    let part = |name: &str| account.get(name).cloned().unwrap_or(Value::Null);
    json!({
        "userName": user_name(account),
        "email": part("emails")[0]["value"],
        "name": part("name"),
        "displayName": part("displayName"),
        "externalId": part("externalId"),
        "active": part("active"),
    })
}

/// What it must be, written out apart from the mapping's code.
fn expected(person: &Person) -> Value {
    json!({
        "userName": person.email,
        "email": person.email,
        "name": { "givenName": person.given_name, "familyName": person.family_name },
        "displayName": format!("{} {}", person.given_name, person.family_name),
        "externalId": person.id.to_string(),
        "active": true,
    })
}
