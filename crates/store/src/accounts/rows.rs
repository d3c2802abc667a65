//! Account rows as values.

use crate::StoreError;
use provost_core::app::Trigger;
use provost_core::ids::UserId;
use provost_core::provisioning::{Account, AccountState, Causes, Removal, RemovalKind};
use provost_core::time::Timestamp;
use provost_db::Row;

/// The columns that [`from_row`] reads, of a table named `a`.
pub(crate) const COLUMNS: &str = "a.user_id, a.email, a.state, a.remote_id, a.applied, a.app_off_since, a.suspended_since, \
     a.deleted_since, a.removal_kind, a.removal_trigger, a.removal_since, a.removal_at, a.intent, a.failure, a.due_at, a.marked, \
     a.entitlement_marked_at, a.revision, a.version";

pub(crate) fn from_row(row: &Row) -> Result<Account, StoreError> {
    let state = row.text(2)?.unwrap_or_default();
    let instant = |column: usize| row.get::<Option<i64>>(column).map(|at| at.map(Timestamp));
    Ok(Account {
        user_id: UserId::new(row.get(0)?),
        email: row.get(1)?,
        state: AccountState::parse(state).ok_or_else(|| StoreError::Corrupt(format!("an account of state \"{state}\"")))?,
        remote_id: row.get(3)?,
        applied: json(row, 4)?,
        causes: Causes { app_off_since: instant(5)?, suspended_since: instant(6)?, deleted_since: instant(7)? },
        removal: removal(row)?,
        intent: json(row, 12)?,
        failure: json(row, 13)?,
        due_at: instant(14)?,
        marked: row.get(15)?,
        entitlement_marked_at: Timestamp(row.get(16)?),
        revision: row.get(17)?,
        version: row.get(18)?,
    })
}

fn json<T: serde::de::DeserializeOwned>(row: &Row, column: usize) -> Result<Option<T>, StoreError> {
    Ok(row.text(column)?.map(serde_json::from_str).transpose()?)
}

fn removal(row: &Row) -> Result<Option<Removal>, StoreError> {
    let Some(kind) = row.text(8)? else { return Ok(None) };
    let trigger = row.text(9)?.unwrap_or_default();
    Ok(Some(Removal {
        kind: RemovalKind::parse(kind).ok_or_else(|| StoreError::Corrupt(format!("a removal of kind \"{kind}\"")))?,
        trigger: trigger_from_word(trigger)?,
        since: Timestamp(row.get(10)?),
        due: Timestamp(row.get(11)?),
    }))
}

pub(super) fn trigger_from_word(word: &str) -> Result<Trigger, StoreError> {
    let found = Trigger::ALL.into_iter().find(|trigger| trigger.word() == word);
    found.ok_or_else(|| StoreError::Corrupt(format!("a removal by \"{word}\"")))
}
