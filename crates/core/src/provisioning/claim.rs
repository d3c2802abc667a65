//! Whose account is it that a look-up has found?

use super::{Account, Outcome, Remote};
use crate::app::ConnectionConfig;
use crate::ids::UserId;

/// What a search for `seeker`'s account says that has shown these. Where the app keeps no name unique and several match, the
/// one that bears the seeker's mark is meant.
pub fn found(mut shown: Vec<Remote>, seeker: UserId, config: &ConnectionConfig) -> Outcome {
    let count = shown.len();
    if count > 1 && config.names_accounts() {
        let mark = seeker.to_string();
        shown.retain(|remote| remote.external_id() == Some(&mark));
    }
    match (shown.len(), shown.pop()) {
        (1, Some(remote)) => Outcome::Found { remote },
        (_, None) if count == 0 => Outcome::NotFound,
        _ => Outcome::Ambiguous { count },
    }
}

/// The user other than `seeker` to whom the found account belongs; `None` where the seeker may take it.
///
/// `claimants` are linked to it, have an open create under its matching value, or are named by its mark. A link is certain. Next the
/// mark counts: it tells whose create came about, where several are open under one value and the app shows one account, and to
/// whom an account belongs that its user cannot find at the moment. An account that
/// bears no mark is the lowest user id's: each of them is answered the same way, so that one takes it and the others give
/// way, whichever looks first. One that bears a stranger's mark was made by none of them.
pub fn holder<'a>(remote: &Remote, seeker: UserId, claimants: &'a [Account], config: &ConnectionConfig) -> Option<&'a Account> {
    let others = || claimants.iter().filter(|account| account.user_id != seeker);
    if let Some(linked) = others().find(|account| account.remote_id.as_ref() == Some(&remote.id)) {
        return Some(linked);
    }
    let mut unlinked = others().filter(|account| account.remote_id.is_none());
    // Whoever cannot find their account, or does not know yet what became of it, has not given it up.
    let unsettled = |account: &Account| account.intent.is_some() || account.failure.is_some();
    match remote.external_id().filter(|_| config.names_accounts()) {
        Some(named) if named == seeker.to_string() => None,
        Some(named) => unlinked.find(|account| account.user_id.to_string() == named && unsettled(account)),
        None => unlinked
            .filter(|account| account.open_create().is_some() && account.user_id < seeker)
            .min_by_key(|account| account.user_id),
    }
}
