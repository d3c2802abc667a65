//! Accounts: one row for each user of each connection, at once the record, the work queue and the retry state.
//!
//! Directory and configuration changes write `marked` and its times (see [`crate::schedule`]); the engine writes
//! everything else, by [`begin`] and [`settle`]. What is to be done with an account is decided in `provost-core`.

pub mod coming;
pub(crate) mod held;
mod idle;
#[cfg(test)]
mod indexes;
mod listing;
pub(crate) mod pass;
pub mod removals;
mod rows;
mod rules;
mod settling;
pub mod standstill;
mod subjects;
pub(crate) mod twins;
mod unseen;
mod waiting;

pub use idle::is_idle;
pub use listing::{AccountCounts, AccountQuery, account, accounts_of_user, claimants, counts, failures, list, retry};
pub use pass::{ACCOUNT_COLUMNS, APPLIED_COLUMN, everybody};
pub(crate) use rows::{COLUMNS, from_row};
pub use rules::{Rules, ScopeReach, load_rules, load_rules_for};
pub use settling::{SettleResult, Settled, begin, settle};
pub use subjects::{Subject, due, due_versions, outside_members, page, subjects};
pub use unseen::{Seen, see, unseen_versions};
