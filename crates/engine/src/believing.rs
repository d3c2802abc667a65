//! Whether removals may be thought of at all: the clocks that say they are due, and the database that says it, must be
//! believed first.

use provost_core::ids::ConnectionId;
use provost_core::time::Span;
use provost_platform::steady::DISAGREEMENT_MAX_MICROS;
use provost_store::accounts::standstill::{self, StandstillReason};
use provost_store::{Store, StoreError};

/// Measures the machine's clock and the app's (`app_ahead`, from the `Date` of its last answer), keeps what was found, and
/// answers whether anything stands in the way of removals.
pub(crate) async fn removals_may_go(
    store: &Store,
    connection: ConnectionId,
    app_ahead: Option<Span>,
) -> Result<bool, StoreError> {
    let before = standstill::standing(store, connection).await?;
    let machine = Span(store.clock.disagreement_micros());
    let measures = [(StandstillReason::MachineClock, Some(machine)), (StandstillReason::AppClock, app_ahead)];
    for (reason, measured) in measures {
        let known = before.iter().find(|standstill| standstill.reason == reason);
        // Without an answer of the app there is nothing new to say about its clock.
        let Some(measured) = measured else { continue };
        if measured.0.abs() > DISAGREEMENT_MAX_MICROS {
            standstill::note(store, connection, reason, measured, &message(reason, measured)).await?;
        } else if known.is_some() {
            standstill::over(store, connection, reason).await?;
        }
    }
    let stands = standstill::standing(store, connection).await?;
    let machine_is_right = stands.iter().any(|one| one.reason == StandstillReason::MachineClock && !one.holds());
    if machine_is_right && machine.0 != 0 {
        store.clock.accept_machine_clock();
    }
    Ok(!stands.iter().any(standstill::Standstill::holds))
}

fn message(reason: StandstillReason, measured: Span) -> String {
    let (minutes, direction) = (measured.0.abs() / 60_000_000, if measured.0 > 0 { "ahead of" } else { "behind" });
    match reason {
        StandstillReason::MachineClock => format!(
            "This machine's clock is {minutes} minutes {direction} the time that has passed: somebody has set it. Removals wait. \
             Set the clock right; or confirm that it is right now."
        ),
        StandstillReason::AppClock => format!(
            "The app's clock is {minutes} minutes {direction} this machine's. Removals wait, since one of the two is wrong. Correct \
             this machine's clock, or, when the app's is the wrong one, confirm that it may stay so."
        ),
        StandstillReason::Restored => "The database was restored from a backup.".to_owned(),
    }
}
