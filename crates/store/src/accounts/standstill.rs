//! What holds every removal of a connection, whoever is due: a clock that cannot be believed, a database that was restored
//! from a backup. The guard counts removals; this is asked before it.
//!
//! A reason stands until it is over or an administrator has confirmed what was measured.

use crate::apps::events::event;
use crate::log::names;
use crate::{Actor, Store, StoreError, apps};
use provost_core::ids::ConnectionId;
use provost_core::time::{Span, Timestamp};
use provost_db::{Batch, Query};
use serde_json::json;

/// A measure this near to the one that was confirmed needs no second confirmation.
const SAME_MEASURE: Span = Span::seconds(5 * 60);

const fn near(one: Span, other: Span) -> bool {
    (one.0 - other.0).abs() <= SAME_MEASURE.0
}

/// Why every removal waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StandstillReason {
    /// The machine's clock departs from the time that has passed.
    MachineClock,
    /// The app's clock and ours differ.
    AppClock,
    /// The database is older than what was written before: a backup was restored.
    Restored,
}

impl StandstillReason {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::MachineClock, Self::AppClock, Self::Restored];

    /// As the store, the API and the command line spell it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::MachineClock => "machine_clock",
            Self::AppClock => "app_clock",
            Self::Restored => "restored",
        }
    }

    /// Reads [`Self::word`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.word() == text)
    }
}

/// A reason as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standstill {
    /// Which.
    pub reason: StandstillReason,
    /// What was found, and what to do.
    pub message: String,
    /// Since when.
    pub since: Timestamp,
    /// What was measured: a difference of clocks, or 0.
    pub measured: Span,
    /// The measure that an administrator has confirmed.
    pub confirmed: Option<Span>,
}

impl Standstill {
    /// Whether removals wait for it.
    pub fn holds(&self) -> bool {
        !self.confirms(self.measured)
    }

    /// Whether an administrator has confirmed such a measure.
    pub fn confirms(&self, measured: Span) -> bool {
        self.confirmed.is_some_and(|confirmed| near(confirmed, measured))
    }
}

/// Everything that is known of a connection, confirmed or not.
pub async fn standing(store: &Store, connection: ConnectionId) -> Result<Vec<Standstill>, StoreError> {
    let sql = "SELECT reason, message, since, measured, confirmed FROM standstill WHERE connection_id = $1 ORDER BY reason";
    let rows = store.db.read(Query::new(sql, [connection.get().into()])).await?;
    rows.iter()
        .map(|row| {
            let reason: String = row.get(0)?;
            Ok(Standstill {
                reason: StandstillReason::parse(&reason)
                    .ok_or_else(|| StoreError::Corrupt(format!("a standstill for \"{reason}\"")))?,
                message: row.get(1)?,
                since: Timestamp(row.get(2)?),
                measured: Span(row.get(3)?),
                confirmed: row.get::<Option<i64>>(4)?.map(Span),
            })
        })
        .collect()
}

/// Notes what was measured; a reason that is new is logged.
pub async fn note(
    store: &Store,
    connection: ConnectionId,
    reason: StandstillReason,
    measured: Span,
    message: &str,
) -> Result<(), StoreError> {
    let known = standing(store, connection).await?.into_iter().find(|standstill| standstill.reason == reason);
    if known.as_ref().is_some_and(|known| near(known.measured, measured)) {
        return Ok(());
    }
    let now = store.now();
    let mut batch = Batch::new();
    batch.run(
        "INSERT INTO standstill (connection_id, reason, message, since, measured) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (connection_id, reason) DO UPDATE SET message = excluded.message, measured = excluded.measured",
        [connection.get().into(), reason.word().into(), message.into(), now.0.into(), measured.0.into()],
    );
    if known.is_none() {
        let app = apps::get(store, apps::connections::get(store, connection).await?.app_id).await?;
        let said = json!({ "APPLICATION_NAME": app.name, "reason": reason.word(), "message": message });
        let held = event(names::AUTO_PROV_REMOVALS_HELD, app.id, Some(connection), said);
        crate::log::append(&mut batch, store, &Actor::Engine, now, held);
    }
    store.db.commit(batch).await?;
    Ok(())
}

/// The reason is over.
pub async fn over(store: &Store, connection: ConnectionId, reason: StandstillReason) -> Result<(), StoreError> {
    let mut batch = Batch::new();
    let sql = "DELETE FROM standstill WHERE connection_id = $1 AND reason = $2";
    batch.run(sql, [connection.get().into(), reason.word().into()]);
    store.db.commit(batch).await?;
    Ok(())
}

/// An administrator has looked, and says that removals may go on.
pub async fn confirm(store: &Store, by: &Actor, connection: ConnectionId, reason: StandstillReason) -> Result<(), StoreError> {
    let app = apps::get(store, apps::connections::get(store, connection).await?.app_id).await?;
    let stands = standing(store, connection).await?.into_iter().find(|standstill| standstill.reason == reason);
    let Some(stands) = stands.filter(Standstill::holds) else {
        return Err(StoreError::Invalid(format!(
            "removals of {} are not held for \"{}\": nothing to confirm",
            app.name,
            reason.word()
        )));
    };
    let mut batch = Batch::new();
    batch.expect(
        1,
        "UPDATE standstill SET confirmed = measured WHERE connection_id = $1 AND reason = $2 AND measured = $3",
        [connection.get().into(), reason.word().into(), stands.measured.0.into()],
    );
    let said = json!({ "APPLICATION_NAME": app.name, "reason": reason.word(), "message": stands.message });
    let event = event(names::AUTO_PROV_REMOVALS_APPROVED, app.id, Some(connection), said);
    crate::log::append(&mut batch, store, by, store.now(), event);
    store.db.commit(batch).await?;
    store.wake();
    Ok(())
}
