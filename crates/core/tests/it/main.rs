//! Tests of the deciding half: tables for each function, scenario scripts with golden transcripts, and random histories
//! against an oracle that keeps its own history.

mod bodies;
mod claims;
mod deciding;
mod explaining;
mod guarding;
mod histories;
mod hostile;
mod kit;
mod policies;
mod resting;
mod scenarios;
mod settling;
mod statuses;
mod swaps;
mod world;
