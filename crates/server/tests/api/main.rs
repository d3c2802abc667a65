//! The management API through the router, over a new SQLite file. No network, no engine.

mod access;
mod apps;
mod config;
mod directory;
mod import;
mod support;
