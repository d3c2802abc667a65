//! Apps, connections, accounts, schedule and plans, on both engines with the same tests.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod accounts;
mod connections;
mod passes;
mod planning;
mod remote;
mod removals;
mod rules;
mod schedule;
mod twins;
mod unseen;
mod upgrade;
mod world;
