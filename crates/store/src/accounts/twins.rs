//! Users to whom the mapping gives the same name: who they are, and whom a settlement tells that there are more or fewer.

use super::{Rules, Subject};
use crate::directory::users;
use crate::{Store, StoreError};
use provost_core::app::Connection;
use provost_core::ids::UserId;
use provost_core::provisioning::{Account, Twin, name_by_mapping, name_stood_for, refused_name, wanted_name};
use provost_core::time::Timestamp;
use provost_db::{Batch, Query, Value, list_of};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// So many accounts are looked at for twins at once. Only a mapping that gives hundreds the same name has more.
const BEARERS_MAX: usize = 10_000;

/// Gives each of `subjects` its twin: among them, or another whose account stands for the name that it is to bear. Nothing is
/// asked where the mapping gives everybody a name of their own, as the catalogue's does.
pub(super) async fn find(store: &Store, rules: &Rules, subjects: &mut [Subject]) -> Result<(), StoreError> {
    let connection = &rules.connection;
    if !connection.config.may_repeat_names(connection.profile) {
        return Ok(());
    }
    let mut bearers: BTreeMap<String, BTreeMap<UserId, String>> = BTreeMap::new();
    let mut names = Vec::with_capacity(subjects.len());
    for subject in subjects.iter() {
        let name = wanted_name(&rules.view(subject), connection);
        if let (Some(name), Some(user)) = (&name, &subject.user) {
            bearers.entry(name.clone()).or_default().insert(user.id, user.primary_email.clone());
        }
        names.push(name);
    }
    // One twin is enough: whoever has one among these needs no other.
    let alone: Vec<&String> = bearers.iter().filter(|(_, users)| users.len() == 1).map(|(name, _)| name).collect();
    if alone.is_empty() {
        pair(subjects, names, &bearers);
        return Ok(());
    }
    // What is known of a subject itself is newer than its row.
    let known: BTreeSet<UserId> = subjects.iter().map(|subject| subject.account.user_id).collect();
    for (name, twin) in recorded(store, connection, &alone).await? {
        if let Some(bearers) = bearers.get_mut(&name).filter(|_| !known.contains(&twin.user)) {
            bearers.insert(twin.user, twin.email);
        }
    }
    pair(subjects, names, &bearers);
    Ok(())
}

fn pair(subjects: &mut [Subject], names: Vec<Option<String>>, bearers: &BTreeMap<String, BTreeMap<UserId, String>>) {
    for (subject, name) in subjects.iter_mut().zip(names) {
        let id = subject.account.user_id;
        let other = name.and_then(|name| bearers.get(&name)?.iter().find(|(other, _)| **other != id));
        subject.twin = other.map(|(user, email)| Twin { user: *user, email: email.clone() });
    }
}

/// Those whose account stands for one of `names`, and to whom the mapping still gives it.
async fn recorded(store: &Store, connection: &Connection, names: &[&String]) -> Result<Vec<(String, Twin)>, StoreError> {
    let mut params: Vec<Value> = vec![connection.id.get().into()];
    let listed = list_of(&mut params, names.iter().map(|name| Value::from(name.as_str())));
    let sql = format!(
        "SELECT {} FROM account a JOIN directory_user u ON u.id = a.user_id WHERE a.connection_id = $1 AND a.matching IN {listed} \
         AND a.app_off_since IS NULL AND a.suspended_since IS NULL AND a.deleted_since IS NULL LIMIT {BEARERS_MAX}",
        users::COLUMNS
    );
    let mut twins = Vec::new();
    for row in store.db.read(Query::new(sql, params)).await? {
        let user = users::from_row(&row)?;
        if let Some(name) = name_by_mapping(&user, connection) {
            twins.push((name, Twin { user: user.id, email: user.primary_email }));
        }
    }
    Ok(twins)
}

/// Names that several users are to bear, for whoever goes by everybody twice, one at a time and in the same order. Of a name that
/// nobody shares a number is kept.
#[derive(Debug, Default)]
pub(crate) struct SharedNames {
    seen: HashSet<u64>,
    /// The first two of each: the second is known from the first time on, the first from the second.
    shared: BTreeMap<u64, (Option<Twin>, Twin)>,
}

impl SharedNames {
    /// The first time.
    pub(crate) fn note(&mut self, rules: &Rules, subject: &Subject) {
        let Some((name, bearer)) = bearer(rules, subject) else { return };
        if !self.seen.insert(name) {
            self.shared.entry(name).or_insert((None, bearer));
        }
    }

    /// The second time: gives the subject its twin.
    pub(crate) fn pair(&mut self, rules: &Rules, subject: &mut Subject) {
        if self.shared.is_empty() {
            return;
        }
        let Some((name, bearer)) = bearer(rules, subject) else { return };
        let Some((first, second)) = self.shared.get_mut(&name) else { return };
        subject.twin = if bearer.user == second.user { first.clone() } else { Some(second.clone()) };
        // What was confirmed is not all that counts: the name is another's, too.
        subject.as_confirmed &= subject.twin.is_none();
        first.get_or_insert(bearer);
    }
}

/// The name that the user is to bear, as a number, and the user.
fn bearer(rules: &Rules, subject: &Subject) -> Option<(u64, Twin)> {
    let name = wanted_name(&rules.view(subject), &rules.connection)?;
    let user = subject.user.as_ref()?;
    let number = Sha256::digest(name).iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte));
    Some((number, Twin { user: user.id, email: user.primary_email.clone() }))
}

/// Where the account stands for another name than before, those whom that concerns are looked at again: who failed because of
/// it, and who has it as a twin from now on. Never everybody of a name: a mapping may give the whole directory one.
pub(super) fn wake(batch: &mut Batch, connection: &Connection, before: &Account, after: &Account, now: Timestamp) {
    if !connection.config.may_repeat_names(connection.profile) {
        return;
    }
    let name = |account| name_stood_for(account, connection.profile);
    let (user, refused) = (before.user_id, refused_name(after).map(|(twin, _)| twin));
    let (before, after) = (name(before), name(after));
    if before == after {
        return;
    }
    let again = "UPDATE account SET marked = marked + 1, due_at = $2 WHERE connection_id = $1";
    let params = |more: [Value; 2]| [connection.id.get().into(), now.0.into()].into_iter().chain(more);
    if before.is_some() {
        let because_of_it = format!("%\"duplicate_match\",\"other\":\"{user}\"%");
        let sql = format!("{again} AND failing = 1 AND user_id <> $3 AND failure LIKE $4");
        batch.run(sql, params([user.get().into(), because_of_it.into()]));
    }
    let not_told = "AND COALESCE(failure, '') NOT LIKE '%\"duplicate_match\"%'";
    match (after, refused) {
        (None, _) => {}
        // Others of this name have had a twin before.
        (Some(name), Some(twin)) => {
            let sql = format!("{again} AND user_id = $3 AND matching = $4 {not_told}");
            batch.run(sql, params([twin.get().into(), name.into()]));
        }
        (Some(name), None) => {
            batch
                .run(format!("{again} AND user_id <> $3 AND matching = $4 {not_told}"), params([user.get().into(), name.into()]));
        }
    }
}
