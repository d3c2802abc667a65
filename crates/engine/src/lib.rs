//! The outbound shell: claim what is due, load, decide, send, settle.
//!
//! [`run`] works every connection until it is stopped. Deciding is `provost_core`'s; what is kept is `provost_store`'s.
//! Nothing is sent from inside a transaction, and nothing is sent that was not committed as an intent before.

mod announcement;
mod apply;
mod client;
mod gate;
mod health;
mod listing;
mod pace;
mod pacer;
mod pages;
mod probe;
mod removals;
mod sending;
mod settings;
mod settling;
mod standstill;
mod supervisor;
mod versions;
mod words;
mod worker;

pub use settings::Settings;
pub use supervisor::{run, run_with};
