//! What must have happened by now: looked at when nothing moves, and at the end of every history.

use super::ledger;
use super::model::{Person, UNDER_WAY};
use super::scene::Scene;
use super::wire::lock;
use super::world::{Site, World};
use crate::accounts::user_name;
use provost_core::app::ConnectionStatus;
use provost_core::provisioning::{Account, FailureKind, RemovalCandidate, RemovalKind};
use provost_core::time::{Span, Timestamp};
use provost_scim::Resource;
use provost_store::accounts::standstill::{self, Standstill};
use provost_store::{StoreError, accounts, apps, remote, schedule};
use serde_json::{Value, json};

/// The longest wait for a probe of an app in quarantine.
const PROBE_AT_LEAST_EVERY: Span = Span::hours(1);

/// Within this time whatever is due is begun and answered by an app without faults: once a request's time-out, for what else
/// the process does.
pub(super) const PROMPT: Span = Span::seconds(31);

/// And whose way is no longer than this.
const PROMPT_LATENCY_MILLIS: u64 = 2_000;

/// Whether a look is one of many or the last one, when all faults have ended long ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// Whoever fails, waits or is uncertain is excused.
    Passing,
    /// Only a reason that is true excuses.
    Last,
}

/// Compares each app with what its oracle says must have happened.
pub(super) async fn check(world: &World, look: Look) -> Result<(), StoreError> {
    check_quarantines(world).await?;
    for site in &world.sites {
        if lock(&site.scene).death(world.store.now()).is_none() {
            check_site(world, site, look).await?;
        } else if look == Look::Last {
            known_to_be_dead(world, site).await?;
        }
        if look == Look::Last {
            ledger::recount(world, site).await?;
        }
    }
    Ok(())
}

async fn check_site(world: &World, site: &Site, look: Look) -> Result<(), StoreError> {
    let now = world.store.now();
    if let Some(why) = why_not_at_rest(world, site).await? {
        let scene = lock(&site.scene);
        if look == Look::Last {
            scene.break_rule(now, &format!("no rest in the end: {why}"));
        } else {
            scene.trace.note(now, || format!("not at rest: {why}"));
        }
        return Ok(());
    }
    let rules = accounts::load_rules(&world.store, site.connection).await?;
    let held = accounts::removals::held(&world.store, &rules, now).await?;
    let (people, stuck) = {
        let scene = lock(&site.scene);
        (scene.model.people.clone(), scene.plan.stuck)
    };
    for (index, person) in people.iter().enumerate() {
        let record = accounts::account(&world.store, site.connection, person.id).await?;
        let scene = lock(&site.scene);
        let wrong = wrong_with(&scene, person, record.as_ref(), &held, look, stuck == Some(index), now);
        if let Some(wrong) = wrong {
            let stands = record.map(|record| (record.state, record.causes, record.removal, record.due_at));
            scene.break_rule(now, &format!("{} ({}): {wrong}; its row: {stands:?}", person.id, person.email));
        }
    }
    lock(&site.scene).trace.note(now, || format!("at rest: {} people, {} held", people.len(), held.len()));
    Ok(())
}

/// While an app is in quarantine nothing is removed from it, but for what was begun before.
pub(super) async fn check_quarantines(world: &World) -> Result<(), StoreError> {
    for site in &world.sites {
        let quarantine = apps::health::get(&world.store, site.connection).await?.quarantine;
        let scene = lock(&site.scene);
        if let Some(at) = quarantine.and_then(|rest| scene.removal_sent_at.filter(|at| *at - rest.since > UNDER_WAY)) {
            scene.break_rule(world.store.now(), &format!("a removal was sent at {at}, while the app was in quarantine"));
        }
    }
    Ok(())
}

/// What is due for an app that has no faults and answers soon is not left for longer than a request may take, whatever becomes of
/// the other apps.
pub(super) async fn check_promptness(world: &World) -> Result<(), StoreError> {
    let now = world.store.now();
    for site in &world.sites {
        let prompt = {
            let scene = lock(&site.scene);
            let plan = &scene.plan;
            let sound = plan.fault_permille == 0 && plan.stuck.is_none() && scene.dead.is_none() && !scene.revoked;
            let has_time = now - scene.busy_until > PROMPT;
            sound && has_time && scene.model.active && plan.latency_millis_max <= PROMPT_LATENCY_MILLIS
        };
        let due = schedule::next_due(&world.store, site.connection).await?;
        if let Some(due) = due.filter(|due| prompt && now - *due > PROMPT) {
            lock(&site.scene).break_rule(now, &format!("somebody has been due since {due}, and the app has no faults"));
        }
    }
    Ok(())
}

/// An app that is dead is in quarantine, or each user who waits for it stands in the failure list, with a reason.
async fn known_to_be_dead(world: &World, site: &Site) -> Result<(), StoreError> {
    let (store, now) = (&world.store, world.store.now());
    if let Some(quarantine) = apps::health::get(store, site.connection).await?.quarantine {
        let told = !quarantine.message.is_empty();
        if !told || quarantine.next_probe_at - now > PROBE_AT_LEAST_EVERY {
            lock(&site.scene).break_rule(now, &format!("a quarantine without a reason, or without an end: {quarantine:?}"));
        }
        return Ok(());
    }
    for person in world.people() {
        let record = accounts::account(store, site.connection, person.id).await?;
        let failure = record.as_ref().and_then(|record| record.failure.as_ref());
        let scene = lock(&site.scene);
        let is_right = scene.accounts_of(person.id.get()).first().map(shape) == Some(expected(&person));
        let waits = scene.model.oracle.wanted(person.id.get()) && !is_right && !scene.adrift.contains(&person.id.get());
        let fails = failure.is_some_and(|failure| !failure.message.is_empty() && failure.retry_at.is_some());
        if waits && !fails {
            scene.break_rule(now, &format!("{}: waits for a dead app and does not fail: {failure:?}", person.id));
        }
    }
    Ok(())
}

/// Why nothing can be said now.
pub(super) async fn why_not_at_rest(world: &World, site: &Site) -> Result<Option<String>, StoreError> {
    let (store, id, now) = (&world.store, site.connection, world.store.now());
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
    scene: &Scene,
    person: &Person,
    record: Option<&Account>,
    held: &[RemovalCandidate],
    look: Look,
    stuck: bool,
    now: Timestamp,
) -> Option<String> {
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
