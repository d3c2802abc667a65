//! Users who wait for each other's addresses: one of them is parked under a temporary name, so that the others can move.
//!
//! Who waits for whom spans users, so it is asked before a decision ([`swap_of`]) and handed to it in the view. A chain
//! that ends with somebody who does not wait needs nothing: it moves from its end.

use super::diff::{matching_value, with_matching};
use crate::app::Profile;
use crate::ids::UserId;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The part of a user in a cycle of users, each of whom waits for the address of the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Swap {
    /// This user's account makes room.
    Parks,
    /// Another one does.
    Waits,
}

/// The part of `user` in a cycle of `waits` (who waits for whose account); `None` for somebody in no cycle. Of each cycle
/// the lowest id parks, whoever asks.
pub fn swap_of(user: UserId, waits: &BTreeMap<UserId, UserId>) -> Option<Swap> {
    let mut lowest = user;
    let mut at = *waits.get(&user)?;
    for _ in 0..waits.len() {
        if at == user {
            return Some(if lowest == user { Swap::Parks } else { Swap::Waits });
        }
        lowest = lowest.min(at);
        at = *waits.get(&at)?;
    }
    None
}

/// The body under which an account is parked: as confirmed, under a name of its own. `None` when it is parked already, or
/// bears no name.
pub fn parked_body(user: UserId, applied: &Map<String, Value>, profile: &Profile) -> Option<Map<String, Value>> {
    let name = matching_value(applied, profile).filter(|name| !is_parked(user, name))?;
    let mark = mark(user);
    let parked = match name.rsplit_once('@') {
        Some((local, domain)) => format!("{local}{mark}@{domain}"),
        None => format!("{name}{mark}"),
    };
    with_matching(applied, profile, &parked)
}

/// Whether `name` is one that this user's account is parked under.
pub fn is_parked(user: UserId, name: &str) -> bool {
    name.split('@').next().is_some_and(|local| local.ends_with(&mark(user)))
}

fn mark(user: UserId) -> String {
    format!(".parked-{user}")
}
