//! What becomes of one user in one connection: decide, and settle what came of it.
//!
//! [`decide`] is per user and total. What spans users is computed before it (service status, scope: [`UserView`]) or
//! after it (the [`guard`]). Grace periods are arithmetic over stored causes, so reactivation has nothing to cancel.

mod account;
mod claim;
mod contact;
mod decide;
mod diff;
mod drift;
mod duplicate;
mod explain;
mod guard;
mod operation;
mod quarantine;
mod rest;
mod settle;
mod swap;
mod view;

pub use account::{Account, AccountState, Causes, Failure, FailureKind, Intent, Removal, RemovalKind};
pub use claim::{found, holder};
pub use contact::{Approach, Contact};
pub use decide::{Blocked, Decision, Reason, decide};
pub use diff::{body_for, body_of, diff, is_text_of, managed_part, matching_value, on_the_wire};
pub use drift::{Difference, DriftChange, DriftKind, compare, shown_attributes, too_small};
pub use duplicate::{Duplicate, Twin, failure_after_look, name_by_mapping, name_stood_for, refused_name, wanted_name};
pub use explain::explain;
pub use guard::{Approval, CheckedRemoval, Guarded, Hold, REMOVAL_WINDOW, RemovalCandidate, SentRemoval, guard, window_moves_at};
pub use operation::{Operation, OperationKind, Outcome, Remote};
pub use quarantine::{Health, Outcomes, Quarantine};
pub use rest::is_at_rest;
pub use settle::{Jitter, ProvisioningEvent, Settlement, retry_delay, settle};
pub use swap::{Swap, is_parked, parked_body, swap_of};
pub use view::{ScopeVerdict, ServiceVerdict, UserView};
