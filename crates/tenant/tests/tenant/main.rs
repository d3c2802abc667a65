//! The tenant through its router: gates, SCIM, hostile input, console, both databases.

#![expect(clippy::unwrap_used, reason = "in tests a panic with its line is the report")]

mod bulk;
mod concurrent;
mod console;
mod engines;
mod find;
mod gates;
mod groups;
mod hostile;
mod large_group;
mod paging;
mod passwords;
mod preconditions;
mod ranges;
mod refusals;
mod rfc;
mod scale;
mod support;
mod token_api;
mod transfer;
mod users;
