//! Whether removals may be thought of at all: the clocks that say they are due, and the database that says it, must be
//! believed first.

use provost_core::ids::ConnectionId;
use provost_core::time::Span;
use provost_platform::steady::DISAGREEMENT_MAX_MICROS;
use provost_store::accounts::standstill::{self, Standstill, StandstillReason};
use provost_store::{Store, StoreError};

/// Measures the machine's clock and the app's (`app_ahead`, from the `Date` of its last answer), keeps what was found, and
/// answers whether nothing stands in the way of removals.
pub(crate) async fn removals_may_go(
    store: &Store,
    connection: ConnectionId,
    app_ahead: Option<Span>,
) -> Result<bool, StoreError> {
    let machine = Span(store.clock.disagreement_micros());
    let known = standstill::standing(store, connection).await?;
    let stands = |reason| known.iter().find(|standstill| standstill.reason == reason);
    if machine.0 != 0 && stands(StandstillReason::MachineClock).is_some_and(|known| known.confirms(machine)) {
        store.clock.accept_machine_clock();
    }
    let measures = [
        (StandstillReason::MachineClock, Some(machine), machine_words as fn(Span) -> String),
        // Without an answer of the app there is nothing new to say about its clock.
        (StandstillReason::AppClock, app_ahead, app_words),
    ];
    for (reason, measured, words) in measures {
        match measured {
            Some(measured) if measured.0.abs() > DISAGREEMENT_MAX_MICROS => {
                standstill::note(store, connection, reason, measured, &words(measured)).await?;
            }
            Some(_) if stands(reason).is_some() => standstill::over(store, connection, reason).await?,
            Some(_) | None => {}
        }
    }
    Ok(!standstill::standing(store, connection).await?.iter().any(Standstill::holds))
}

/// Ends what stands and is over, while nothing is due: nobody is told of a hold whose reason is gone.
pub(crate) async fn end_what_is_over(store: &Store, connection: ConnectionId, app_ahead: Option<Span>) -> Result<(), StoreError> {
    for known in standstill::standing(store, connection).await? {
        let measured = match known.reason {
            StandstillReason::MachineClock => Some(Span(store.clock.disagreement_micros())),
            StandstillReason::AppClock => app_ahead,
            StandstillReason::Restored => None,
        };
        if measured.is_some_and(|measured| measured.0.abs() <= DISAGREEMENT_MAX_MICROS) {
            standstill::over(store, connection, known.reason).await?;
        }
    }
    Ok(())
}

fn machine_words(ahead: Span) -> String {
    format!(
        "This machine's clock is {} the time that has passed: somebody has set it. Removals wait. Set the clock right; or confirm \
         that it is right now.",
        distance(ahead)
    )
}

fn app_words(ahead: Span) -> String {
    format!(
        "The app's clock is {} this machine's. Removals wait, since one of the two is wrong. Correct this machine's clock, or, when \
         the app's is the wrong one, confirm that it may stay so.",
        distance(ahead)
    )
}

fn distance(ahead: Span) -> String {
    format!("{} minutes {}", ahead.0.abs() / 60_000_000, if ahead.0 > 0 { "ahead of" } else { "behind" })
}
