//! How a connection stands, in the same words on every page.

use provost_core::app::{Connection, ConnectionStatus, HaltReason};
use provost_store::accounts::standstill::{self, Standstill};
use provost_store::apps::health;
use provost_store::{Store, StoreError};
use provost_web::{Markup, Tone, chip};

/// What stops most comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Inactive,
    Halted(HaltReason),
    Quarantine,
    RemovalsStopped,
    Syncing,
}

impl Standing {
    pub(super) fn of(connection: &Connection, quarantined: bool, removals_stopped: bool) -> Self {
        match (connection.status, &connection.halt) {
            (ConnectionStatus::Inactive, _) => Self::Inactive,
            (ConnectionStatus::Active, Some(halt)) => Self::Halted(halt.reason),
            (ConnectionStatus::Active, None) if quarantined => Self::Quarantine,
            (ConnectionStatus::Active, None) if removals_stopped => Self::RemovalsStopped,
            (ConnectionStatus::Active, None) => Self::Syncing,
        }
    }

    pub(super) async fn read(store: &Store, connection: &Connection) -> Result<Self, StoreError> {
        let quarantined = health::get(store, connection.id).await?.quarantine.is_some();
        Ok(Self::of(connection, quarantined, removals_stopped(store, connection).await?))
    }

    /// What a chip says of it.
    pub(super) fn chip(self) -> Markup {
        match self {
            Self::Inactive => chip("Syncing inactive", Tone::Neutral),
            Self::Halted(HaltReason::NeedsReauthorization) => chip("needs reauthorization", Tone::Bad),
            Self::Halted(HaltReason::TokenCannotWrite) => chip("the token may not write", Tone::Bad),
            Self::Quarantine => chip("in quarantine", Tone::Bad),
            Self::RemovalsStopped => chip("removals stopped", Tone::Warn),
            Self::Syncing => chip("Syncing active", Tone::Good),
        }
    }

    /// Whether changes are sent as they come.
    pub(super) const fn sends(self) -> bool {
        matches!(self, Self::RemovalsStopped | Self::Syncing)
    }
}

/// Whether no removal is sent, whoever is due: a clock or the database is in doubt.
pub(super) async fn removals_stopped(store: &Store, connection: &Connection) -> Result<bool, StoreError> {
    Ok(standstill::standing(store, connection.id).await?.iter().any(Standstill::holds))
}
