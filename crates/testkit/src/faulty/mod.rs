//! A target that misbehaves in 36 ways, and a world around it.
//!
//! It records every request, keeps accounts of its own, and writes down every rule that is broken at the moment in which it
//! is: two accounts for one user, somebody entitled removed, a removal before its time, a stranger's account touched, a
//! request after a 401 or before `Retry-After` has ended, a redirect followed.

mod effects;
mod server;
mod state;
mod table;
mod tls;
mod wire;
mod world;

pub use effects::OPERATIONS;
pub use server::{Target, foreign_account};
pub use state::{Armed, Seen, Watched};
pub use table::{Course, FAULTS, FaultRow, TargetFault, cannot_meet};
pub use world::FaultyWorld;
