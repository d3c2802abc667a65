//! Users, groups, org units, domains, administrators, the log and the database side of imports, on both engines with
//! the same tests.
#![expect(clippy::unwrap_used, reason = "a test's helper fails the test by panicking")]

mod admins;
mod finding;
mod groups;
mod import;
mod log;
mod tree;
mod users;
mod world;
