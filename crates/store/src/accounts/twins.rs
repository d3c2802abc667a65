//! Users to whom the mapping gives the same name: who they are, and whom a settlement tells that there are more or fewer.

use super::settling::Settled;
use super::{Rules, Subject};
use crate::directory::users;
use crate::{Store, StoreError};
use provost_core::app::Connection;
use provost_core::ids::{ConnectionId, UserId};
use provost_core::provisioning::{Twin, name_by_mapping, name_stood_for, wanted_name};
use provost_core::time::Timestamp;
use provost_db::{Batch, Query, Value, list as placeholders};
use std::collections::{BTreeMap, BTreeSet};

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
    if bearers.is_empty() {
        return Ok(());
    }
    // What is known of a subject itself is newer than its row.
    let known: BTreeSet<UserId> = subjects.iter().map(|subject| subject.account.user_id).collect();
    for (name, twin) in recorded(store, connection, bearers.keys()).await? {
        if let Some(bearers) = bearers.get_mut(&name).filter(|_| !known.contains(&twin.user)) {
            bearers.insert(twin.user, twin.email);
        }
    }
    for (subject, name) in subjects.iter_mut().zip(names) {
        let id = subject.account.user_id;
        let others = name.and_then(|name| bearers.get(&name)?.iter().find(|(other, _)| **other != id));
        subject.twin = others.map(|(user, email)| Twin { user: *user, email: email.clone() });
    }
    Ok(())
}

/// Those whose account stands for one of `names`, and to whom the mapping still gives it.
async fn recorded(
    store: &Store,
    connection: &Connection,
    names: impl ExactSizeIterator<Item = &String>,
) -> Result<Vec<(String, Twin)>, StoreError> {
    let sql = format!(
        "SELECT {} FROM account a JOIN directory_user u ON u.id = a.user_id WHERE a.connection_id = $1 AND a.matching IN {} \
         AND a.app_off_since IS NULL AND a.suspended_since IS NULL AND a.deleted_since IS NULL",
        users::COLUMNS,
        placeholders(2, names.len())
    );
    let mut params: Vec<Value> = vec![connection.id.get().into()];
    params.extend(names.map(|name| Value::from(name.as_str())));
    let mut twins = Vec::new();
    for row in store.db.read(Query::new(sql, params)).await? {
        let user = users::from_row(&row)?;
        if let Some(name) = name_by_mapping(&user, connection) {
            twins.push((name, Twin { user: user.id, email: user.primary_email }));
        }
    }
    Ok(twins)
}

/// Where the account stands for another name than before, those who stand for either name are looked at again: they have a
/// twin less, or one more.
pub(super) fn wake(batch: &mut Batch, connection: &Connection, settled: &Settled, now: Timestamp) {
    if !connection.config.may_repeat_names(connection.profile) {
        return;
    }
    let name = |account| name_stood_for(account, connection.profile);
    let (before, after) = (name(&settled.before), name(&settled.after));
    if before == after {
        return;
    }
    for name in [before, after].into_iter().flatten() {
        wake_bearers(batch, connection.id, settled.before.user_id, &name, now);
    }
}

fn wake_bearers(batch: &mut Batch, connection: ConnectionId, user: UserId, name: &str, now: Timestamp) {
    batch.run(
        "UPDATE account SET marked = marked + 1, due_at = $3 WHERE connection_id = $1 AND matching = $2 AND user_id <> $4",
        [connection.get().into(), name.into(), now.0.into(), user.get().into()],
    );
}
