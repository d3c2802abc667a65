//! The console's sign-in, directory, log and account pages through the router, over a new SQLite file. No network, no
//! engine, no browser.

#![expect(clippy::unwrap_used, reason = "a test fails where something is missing")]

mod access;
mod accounts;
mod groups;
mod sign_in;
mod support;
mod units;
mod users;
