//! The tenant through its router: gates, SCIM, hostile input, console, both databases.

mod console;
mod engines;
mod gates;
mod groups;
mod hostile;
mod support;
mod token_api;
mod users;
