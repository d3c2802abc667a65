//! What tests across crates share: a whole world in one process, and a proxy that records and breaks requests.
//!
//! A development dependency only; nothing here is part of a release.

mod accounts;
pub mod faulty;
mod people;
mod process;
mod proxy;
pub mod simulator;
pub mod steps;
mod world;

pub use people::{Person, google_users_csv, people};
pub use process::{Server, free_port, unique_dir};
pub use proxy::{Fault, Proxy, Recorded};
pub use world::{World, wait_for};
