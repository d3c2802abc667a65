//! Plans and explanations: what would be sent, when and why. Nothing here writes or sends.
//!
//! Both ask `decide`, the function that the engine asks, so that a plan and what comes of it cannot differ.

mod entries;
mod explanation;
mod plan;

pub use entries::{Change, PlanAction, PlanEntry};
pub use explanation::{Explanation, explain};
pub use plan::{HeldKind, Plan, PlanCounts, plan, plan_watched};
