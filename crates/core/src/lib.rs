//! Provost's domain: the directory, the apps, and the functions that decide.
//!
//! Everything here is a value or a pure function. There is no clock, no randomness, no SQL and no HTTP: time, ids and
//! jitter are arguments, so that one function serves a changed user, a full pass, a preview, `explain`, and a million
//! test histories.

pub mod app;
pub mod directory;
pub mod ids;
pub mod provisioning;
pub mod time;
