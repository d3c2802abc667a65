//! A listing as a value, and as it stands in its row.

use crate::StoreError;
use provost_core::app::DriftRule;
use provost_core::ids::ConnectionId;
use provost_core::time::Timestamp;
use provost_db::Row;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The columns that [`from_row`] reads.
pub(super) const COLUMNS: &str = "id, connection_id, purpose, drift_rule, state, requested_by, requested_at, started_at, finished_at, place, \
     pages, listed, steady, message, counts";

/// Why an app's accounts are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ListingPurpose")]
pub enum Purpose {
    /// The connection meets the app: one listing instead of a look-up a user.
    FirstContact,
    /// What the app holds is compared with what was last confirmed.
    DriftCheck,
}

/// How a listing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ListingState {
    /// Asked for.
    Waiting,
    /// Reading pages.
    Listing,
    /// Everything is listed; accounts that were not among it are looked up one by one.
    Verifying,
    /// The listing lacks too many accounts to be believed: an administrator must confirm it.
    Held,
    /// Over, and whole.
    Done,
    /// Over without the whole list; the message says why.
    Failed,
    /// Ended by an administrator.
    Cancelled,
    /// A first contact without a listing: look-ups take fewer requests, or the listing failed.
    Skipped,
}

const PURPOSES: [(Purpose, &str); 2] = [(Purpose::FirstContact, "first_contact"), (Purpose::DriftCheck, "drift_check")];

const STATES: [(ListingState, &str); 8] = [
    (ListingState::Waiting, "waiting"),
    (ListingState::Listing, "listing"),
    (ListingState::Verifying, "verifying"),
    (ListingState::Held, "held"),
    (ListingState::Done, "done"),
    (ListingState::Failed, "failed"),
    (ListingState::Cancelled, "cancelled"),
    (ListingState::Skipped, "skipped"),
];

impl Purpose {
    /// As the store spells it.
    pub fn word(self) -> &'static str {
        PURPOSES.iter().find(|(purpose, _)| *purpose == self).map_or("", |(_, word)| word)
    }
}

impl ListingState {
    /// As the store and commands spell it.
    pub fn word(self) -> &'static str {
        STATES.iter().find(|(state, _)| *state == self).map_or("", |(_, word)| word)
    }

    /// Whether the engine has still to do with it.
    pub const fn is_open(self) -> bool {
        match self {
            Self::Waiting | Self::Listing | Self::Verifying => true,
            Self::Held | Self::Done | Self::Failed | Self::Cancelled | Self::Skipped => false,
        }
    }
}

/// What a listing found, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct ListingCounts {
    /// Accounts of ours at the end of the listing.
    pub held: u64,
    /// Mapped attributes differ.
    pub changed: u64,
    /// Suspended by somebody else.
    pub suspended: u64,
    /// Reactivated by somebody else.
    pub reactivated: u64,
    /// Not in the app any more.
    pub missing: u64,
    /// Differences that were made due for repair.
    pub repaired: u64,
    /// Differences that stand as the app has them.
    pub accepted: u64,
    /// Accounts in the app that are linked to nobody.
    pub unmanaged: u64,
    /// Those of them that no earlier listing had shown.
    pub unmanaged_new: u64,
}

impl ListingCounts {
    /// All differences of linked accounts.
    pub const fn differences(&self) -> u64 {
        self.changed + self.suspended + self.reactivated + self.missing
    }
}

/// One listing.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing {
    /// Its id: later listings have higher ones.
    pub id: i64,
    /// Whose app is listed.
    pub connection: ConnectionId,
    /// Why.
    pub purpose: Purpose,
    /// What is done about differences.
    pub rule: DriftRule,
    /// How it stands.
    pub state: ListingState,
    /// Who asked for it.
    pub requested_by: String,
    /// When.
    pub requested_at: Timestamp,
    /// When its first page was kept.
    pub started_at: Option<Timestamp>,
    /// When it was over.
    pub finished_at: Option<Timestamp>,
    /// Where it goes on: the engine's own JSON.
    pub place: Option<String>,
    /// Pages kept.
    pub pages: u64,
    /// Different accounts on them.
    pub listed: u64,
    /// Whether the list stood still while it was read.
    pub steady: bool,
    /// Why it was held, skipped or failed.
    pub message: Option<String>,
    /// What was found; of a listing that is not over, so far nothing.
    pub counts: ListingCounts,
}

pub(super) fn from_row(row: &Row) -> Result<Listing, StoreError> {
    let (purpose, rule, state): (String, String, String) = (row.get(2)?, row.get(3)?, row.get(4)?);
    let corrupt = |word: &str| StoreError::Corrupt(format!("a listing that is \"{word}\""));
    let number = |column: usize| row.get::<i64>(column).map(|number| u64::try_from(number).unwrap_or(0));
    let instant = |column: usize| row.get::<Option<i64>>(column).map(|at| at.map(Timestamp));
    let counts: Option<String> = row.get(14)?;
    Ok(Listing {
        id: row.get(0)?,
        connection: ConnectionId::new(row.get(1)?),
        purpose: PURPOSES.iter().find(|(_, word)| *word == purpose).map(|(one, _)| *one).ok_or_else(|| corrupt(&purpose))?,
        rule: DriftRule::parse(&rule).ok_or_else(|| corrupt(&rule))?,
        state: STATES.iter().find(|(_, word)| *word == state).map(|(one, _)| *one).ok_or_else(|| corrupt(&state))?,
        requested_by: row.get(5)?,
        requested_at: Timestamp(row.get(6)?),
        started_at: instant(7)?,
        finished_at: instant(8)?,
        place: row.get(9)?,
        pages: number(10)?,
        listed: number(11)?,
        steady: row.get(12)?,
        message: row.get(13)?,
        counts: counts.map(|json| serde_json::from_str(&json)).transpose()?.unwrap_or_default(),
    })
}
