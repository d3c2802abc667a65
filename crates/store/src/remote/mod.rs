//! What the app holds, as its listings have shown it: the listings themselves, the accounts that are linked to nobody, and
//! where linked accounts differ from what was last confirmed.
//!
//! The engine lists and judges. A page of a listing is joined to the account rows ([`join_page`]) and kept with the listing's
//! place in one batch ([`keep_page`]), so that a listing goes on where it stood after a restart, and no more than a page of
//! it is ever in memory. An account that is linked is no row of its own here: its account row says in which listing it was
//! last seen.

mod differences;
mod known;
mod listing;
mod listings;
mod missing;
mod pages;
mod unmanaged;

pub use differences::{DriftAction, FoundDifference, accepted, differences};
pub use known::{Known, TRUSTED_FOR, known_all};
pub use listing::{Listing, ListingCounts, ListingState, Purpose};
pub use listings::{
    cancel, confirm, finish, hold, last_check, last_whole, meet, met, next_check, open, proceed, recent, request_check, restart,
};
pub use missing::{LinkedCounts, linked_counts, not_seen};
pub use pages::{JoinedPage, Kept, Shown, join_page, keep_page};
pub use unmanaged::{Unmanaged, unmanaged, unmanaged_count};

pub(crate) use listings::begin_anew;
pub(crate) use unmanaged::linked;

/// Everything of a connection in these tables, for its deletion.
pub(crate) const OF_A_CONNECTION: [&str; 3] = [
    "DELETE FROM remote_account WHERE connection_id = $1",
    "DELETE FROM drift_difference WHERE connection_id = $1",
    "DELETE FROM app_listing WHERE connection_id = $1",
];
