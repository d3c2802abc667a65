//! The verbs: each parses what was typed, calls the management API, and prints.

pub(crate) mod access;
pub(crate) mod accounts;
pub(crate) mod app;
pub(crate) mod apps;
pub(crate) mod config;
pub(crate) mod drift;
pub(crate) mod groups;
pub(crate) mod import;
pub(crate) mod log;
pub(crate) mod organization;
pub(crate) mod sync;
pub(crate) mod users;
