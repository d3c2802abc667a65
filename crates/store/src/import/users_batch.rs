//! Changed users in bulk: one transaction of rows, log events and marks.

use super::directory::Surroundings;
use crate::directory::users::counts::Place;
use crate::directory::users::rows::{Saved, save};
use crate::directory::{address, users::Told};
use crate::log::{LogEvent, append_all};
use crate::schedule::{MARK_USERS_MAX, SweepTarget, mark_sweep, mark_users};
use crate::{Actor, Store, StoreError};
use provost_core::directory::User;
use provost_core::ids::UserId;
use provost_core::time::Timestamp;
use provost_db::{Batch, Value, list};
use std::collections::BTreeSet;

/// A user as they are to be, with what the log tells of it.
pub(super) struct Changed {
    pub(super) user: User,
    /// Where they were counted before; `None` when they are new.
    pub(super) stood: Option<Place>,
    pub(super) told: Vec<Told>,
    /// Whether the change can touch who is entitled.
    pub(super) entitlement: bool,
    /// Whether the user gets an address they did not have.
    pub(super) claims: bool,
}

/// Commits a chunk's users; without any there is nothing to do.
pub(super) async fn commit_batch(
    store: &Store,
    by: &Actor,
    surroundings: &Surroundings,
    changed: &[Changed],
    now: Timestamp,
) -> Result<(), StoreError> {
    if changed.is_empty() {
        return Ok(());
    }
    let mut batch = Batch::bulk();
    surroundings.write(&mut batch, store, by);
    expect_units(&mut batch, changed);
    save(&mut batch, &changed.iter().map(|one| (one.stood, &one.user)).collect::<Vec<Saved<'_>>>());
    let claimed: Vec<&str> = changed.iter().filter(|one| one.claims).map(|one| one.user.primary_email.as_str()).collect();
    if !claimed.is_empty() {
        address::expect_no_group(&mut batch, &claimed);
        address::join_users(&mut batch, &claimed);
    }
    let events = changed.iter().flat_map(|one| {
        let user = &one.user;
        one.told.iter().map(|(name, detail)| LogEvent::of_user(name, user.id, &user.primary_email, detail.clone()))
    });
    append_all(&mut batch, store, by, now, events);
    for entitlement in [true, false] {
        let marked = changed.iter().filter(|one| one.entitlement == entitlement);
        let marked: Vec<(UserId, &str)> = marked.map(|one| (one.user.id, one.user.primary_email.as_str())).collect();
        for some in marked.chunks(MARK_USERS_MAX) {
            mark_users(&mut batch, some, now, entitlement);
        }
    }
    if !surroundings.new_domains.is_empty() {
        mark_sweep(&mut batch, store.id::<()>().get(), None, SweepTarget::Everyone, now);
    }
    store.db.commit(batch).await?;
    store.wake();
    Ok(())
}

/// Lets the batch fail when an org unit of these users is gone by then.
fn expect_units(batch: &mut Batch, changed: &[Changed]) {
    let units: BTreeSet<i64> = changed.iter().map(|one| one.user.org_unit.get()).collect();
    let sql = format!("UPDATE org_unit SET name = name WHERE id IN {}", list(1, units.len()));
    batch.expect(units.len() as u64, sql, units.into_iter().map(Value::from));
}
