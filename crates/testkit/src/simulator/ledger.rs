//! What an app has carried out for us, to be counted again: the log must tell each of it once, and so must the counts of 30 days.

use super::wire::lock;
use super::world::{Site, World};
use provost_core::time::{Span, Timestamp};
use provost_db::Query;
use provost_store::StoreError;
use provost_store::log::{names, usage_30_days};
use serde_json::Value;
use std::ops::AddAssign;

/// An answer that was read so short a time before the process was killed may not have been stored.
const STORED_WITHIN: Span = Span::seconds(1);

/// What a write does to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Created,
    /// Brought up to date, or restored.
    Changed,
    Suspended,
    Deleted,
}

/// One write that was carried out.
#[derive(Debug, Clone, Copy)]
struct Entry {
    request: u64,
    effect: Effect,
    /// When its answer was read as it was given; not while nobody can be sure of that.
    read_at: Option<Timestamp>,
}

/// Everything that was carried out.
#[derive(Debug, Default)]
pub(super) struct Ledger(Vec<Entry>);

/// How many there are at least and at most: what was carried out and not answered is found out later, or never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Count {
    least: u64,
    most: u64,
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        (self.least, self.most) = (self.least + other.least, self.most + other.most);
    }
}

impl Count {
    const fn holds(self, counted: u64) -> bool {
        self.least <= counted && counted <= self.most
    }
}

impl Ledger {
    /// A write is carried out.
    pub(super) fn note(&mut self, request: u64, effect: Effect) {
        self.0.push(Entry { request, effect, read_at: None });
    }

    /// The account is as if we had done this: whoever looks at it next may take it for our own doing.
    pub(super) fn resembles(&mut self, effect: Effect) {
        self.note(0, effect);
    }

    /// Its answer is read, whole and as it was given.
    pub(super) fn read(&mut self, request: u64, now: Timestamp) {
        if let Some(entry) = self.0.iter_mut().rev().find(|entry| entry.request == request) {
            entry.read_at = Some(now);
        }
    }

    /// The process is killed.
    pub(super) fn kill(&mut self, now: Timestamp) {
        for entry in &mut self.0 {
            entry.read_at = entry.read_at.filter(|at| now - *at > STORED_WITHIN);
        }
    }

    /// Those of a kind since then. Where the beginning of the time falls between two neighbouring moments, either may count.
    fn count(&self, effect: Effect, since: Timestamp) -> Count {
        let mut count = Count::default();
        for entry in self.0.iter().filter(|entry| entry.effect == effect) {
            count += match entry.read_at {
                None => Count { least: 0, most: 1 },
                Some(at) if at > since + STORED_WITHIN => Count { least: 1, most: 1 },
                Some(at) if at + STORED_WITHIN > since => Count { least: 0, most: 1 },
                Some(_) => Count::default(),
            };
        }
        count
    }
}

/// What the log tells of one connection.
#[derive(Debug, Default)]
struct Told {
    created: u64,
    /// Linked and not made, in the time that the counts cover.
    adopted: u64,
    changed: u64,
    suspended: u64,
    deleted: u64,
    /// Writes that the app carried out, as events list their requests.
    written: u64,
}

/// Each write that was carried out has one event, and the counts of 30 days are those of what was carried out.
pub(super) async fn recount(world: &World, site: &Site) -> Result<(), StoreError> {
    let now = world.store.now();
    let since = now - Span::days(30);
    let told = told(world, site, since).await?;
    let usage = usage_30_days(&world.store, site.connection, now).await?;
    let scene = lock(&site.scene);
    let ever = Timestamp(0);
    let effects = [
        (Effect::Created, told.created, usage.created.total.saturating_sub(told.adopted)),
        (Effect::Changed, told.changed, usage.updated.total + usage.restored.total),
        (Effect::Suspended, told.suspended, usage.suspended.total),
        (Effect::Deleted, told.deleted, usage.deleted.total),
    ];
    let mut written = Count::default();
    for (effect, logged, counted) in effects {
        let (all, lately) = (scene.ledger.count(effect, ever), scene.ledger.count(effect, since));
        written += Count { least: all.least, most: all.most };
        if !all.holds(logged) {
            scene.break_rule(now, &format!("{effect:?}: {logged} events, and the app has carried out {all:?}"));
        }
        if !lately.holds(counted) {
            scene.break_rule(now, &format!("{effect:?}: {counted} in 30 days, and the app has carried out {lately:?}"));
        }
    }
    if !written.holds(told.written) {
        let listed = told.written;
        scene.break_rule(now, &format!("events list {listed} writes, and the app has carried out {written:?}"));
    }
    Ok(())
}

async fn told(world: &World, site: &Site, since: Timestamp) -> Result<Told, StoreError> {
    let sql = "SELECT name, at, detail FROM log_event WHERE connection_id = $1";
    let mut told = Told::default();
    for row in world.store.db.read(Query::new(sql, [site.connection.get().into()])).await? {
        let (name, at) = (row.get::<String>(0)?, Timestamp(row.get(1)?));
        let detail: Value = serde_json::from_str(&row.get::<String>(2)?)?;
        match name.as_str() {
            names::CREATE_USER_WITH_AUTO_PROV if detail["adopted"] == true => {
                told.adopted += u64::from(at > since);
            }
            names::CREATE_USER_WITH_AUTO_PROV => told.created += 1,
            names::UPDATE_AUTO_PROVISIONED_USER | names::UNSUSPEND_AUTO_PROVISIONED_USER => told.changed += 1,
            names::SUSPEND_AUTO_PROVISIONED_USER => told.suspended += 1,
            names::HARD_DELETED_AUTO_PROVISIONED_USER => told.deleted += 1,
            _ => {}
        }
        let requests = detail["requests"].as_array().into_iter().flatten();
        let carried_out = |request: &&Value| request["method"] != "GET" && request["status"].as_u64().is_some_and(is_success);
        told.written += requests.filter(carried_out).count() as u64;
    }
    Ok(told)
}

fn is_success(status: u64) -> bool {
    (200..300).contains(&status)
}
