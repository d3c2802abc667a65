//! The counts of the last 30 days: a query over the log, never a counter of its own.

use super::names;
use crate::{Store, StoreError};
use provost_core::ids::ConnectionId;
use provost_core::time::{Span, Timestamp};
use provost_db::{Query, Value, list};

/// How many days the counts cover.
const DAYS: usize = 30;

/// One count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsageCount {
    /// Per day of 24 hours, the oldest first; the last one ends now.
    pub days: [u64; DAYS],
    /// Their sum.
    pub total: u64,
}

impl Default for UsageCount {
    fn default() -> Self {
        Self { days: [0; DAYS], total: 0 }
    }
}

/// What autoprovisioning did for one connection in the last 30 days.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Accounts created or adopted.
    pub created: UsageCount,
    /// Accounts updated.
    pub updated: UsageCount,
    /// Accounts suspended.
    pub suspended: UsageCount,
    /// Accounts restored.
    pub restored: UsageCount,
    /// Accounts hard-deleted.
    pub deleted: UsageCount,
    /// Requests that failed.
    pub failures: UsageCount,
}

/// The counts of the 30 days that end at `now`.
pub async fn usage_30_days(store: &Store, connection: ConnectionId, now: Timestamp) -> Result<Usage, StoreError> {
    let counted = [
        names::CREATE_USER_WITH_AUTO_PROV,
        names::UPDATE_AUTO_PROVISIONED_USER,
        names::SUSPEND_AUTO_PROVISIONED_USER,
        names::UNSUSPEND_AUTO_PROVISIONED_USER,
        names::HARD_DELETED_AUTO_PROVISIONED_USER,
        names::AUTO_PROV_FAILURE,
    ];
    let from = now - Span::days(30);
    let sql = format!(
        "SELECT name, (at - $2) / {} AS day, count(*) FROM log_event \
         WHERE connection_id = $1 AND at > $2 AND at <= $3 AND name IN {} GROUP BY 1, 2",
        Span::days(1).0,
        list(4, counted.len())
    );
    let fixed: [Value; 3] = [connection.get().into(), from.0.into(), now.0.into()];
    let params = fixed.into_iter().chain(counted.into_iter().map(Value::from));
    let mut usage = Usage::default();
    for row in store.db.read(Query::new(sql, params)).await? {
        let name: String = row.get(0)?;
        let day = usize::try_from(row.get::<i64>(1)?).unwrap_or(0).min(DAYS - 1);
        let count = u64::try_from(row.get::<i64>(2)?).unwrap_or(0);
        let field = match name.as_str() {
            names::CREATE_USER_WITH_AUTO_PROV => &mut usage.created,
            names::UPDATE_AUTO_PROVISIONED_USER => &mut usage.updated,
            names::SUSPEND_AUTO_PROVISIONED_USER => &mut usage.suspended,
            names::UNSUSPEND_AUTO_PROVISIONED_USER => &mut usage.restored,
            names::HARD_DELETED_AUTO_PROVISIONED_USER => &mut usage.deleted,
            _ => &mut usage.failures,
        };
        field.days[day] += count;
        field.total += count;
    }
    Ok(usage)
}
