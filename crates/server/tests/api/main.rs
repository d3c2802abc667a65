//! The management API through the router, over a new SQLite file. No network, no engine.

#![expect(clippy::unwrap_used, reason = "a test fails where something is missing")]

mod access;
mod admins;
mod apps;
mod config;
mod contract;
mod directory;
mod failures;
mod import;
mod reference;
mod support;
