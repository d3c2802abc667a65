//! Adoption from a listing: users whose account the listing has shown are linked without a request, many at a time.

use crate::sending::Ready;
use crate::settling::{Finished, of_outcome};
use provost_core::app::Connection;
use provost_core::ids::UserId;
use provost_core::provisioning::{Operation, Outcome, found};
use provost_store::accounts::Settled;
use provost_store::remote::{Known, known_all};
use provost_store::{Store, StoreError};
use std::collections::VecDeque;

/// The settlements of those among `ready` whose one account is known; they are taken from the queue. What differs of them is
/// brought up to date in a second step.
pub(crate) async fn adopted(
    store: &Store,
    connection: &Connection,
    ready: &mut VecDeque<Ready>,
) -> Result<Vec<Settled>, StoreError> {
    let sought: Vec<(UserId, &str)> = ready.iter().filter_map(create_of).collect();
    if sought.is_empty() {
        return Ok(Vec::new());
    }
    let known = known_all(store, connection, &sought).await?;
    if known.is_empty() {
        return Ok(Vec::new());
    }
    let mut known = known.into_iter();
    let (mut settled, mut left) = (Vec::new(), VecDeque::with_capacity(ready.len()));
    let now = store.now();
    for one in ready.drain(..) {
        let shown = if create_of(&one).is_some() { known.next() } else { None };
        let outcome = match shown {
            Some(Known::Shown(remotes)) => found(remotes, one.subject.account.user_id, &connection.config),
            Some(Known::Nobody | Known::Unknown) | None => Outcome::NotFound,
        };
        if !matches!(outcome, Outcome::Found { .. }) {
            left.push_back(one);
            continue;
        }
        let finished = Finished {
            account: one.subject.account,
            operation: one.operation,
            outcome,
            exchanges: Vec::new(),
            token_at_fault: false,
        };
        settled.push(of_outcome(connection, finished, now));
    }
    *ready = left;
    Ok(settled)
}

/// What a listing says of the account that each of these is to make; nothing of those that make none.
pub(crate) async fn known_of_creates(store: &Store, connection: &Connection, ready: &[Ready]) -> Result<Vec<Known>, StoreError> {
    let sought: Vec<(UserId, &str)> = ready.iter().filter_map(create_of).collect();
    let mut known = if sought.is_empty() { Vec::new() } else { known_all(store, connection, &sought).await? }.into_iter();
    let of = |ready: &Ready| create_of(ready).and_then(|_| known.next()).unwrap_or(Known::Unknown);
    Ok(ready.iter().map(of).collect())
}

fn create_of(ready: &Ready) -> Option<(UserId, &str)> {
    match &ready.operation {
        Operation::Create { matching, .. } => Some((ready.subject.account.user_id, matching)),
        Operation::LookUp { .. } | Operation::Update { .. } | Operation::Restore { .. } | Operation::Remove(_) => None,
    }
}
