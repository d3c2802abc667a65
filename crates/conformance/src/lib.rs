//! Holds any SCIM 2.0 server against RFC 7643, RFC 7644 and RFC 9865, requirement by requirement.
//!
//! [`run`] reads what the server announces (`ServiceProviderConfig`, `ResourceTypes`, `Schemas`), tries every
//! [`Requirement`] of [`requirements`] that applies, and answers with a [`Report`]: each requirement passed, failed or was
//! skipped, with the request that shows it. What the server does not announce is skipped, and the report says so.
//!
//! **Guarantees**: it makes its own users and groups, named `conformance-RUN-…`, touches nothing else, and removes them after
//! each requirement, passed or not; what could not be removed stands in [`Report::left_behind`]. At most one request is under
//! way at a time, and each has a time limit.
//!
//! **Caveats**: it judges answers, not intentions; where the RFCs leave a choice, every choice is taken. It does not measure
//! speed, does not try what several clients do at once, and does not change passwords.
//!
//! | module | what is there |
//! |---|---|
//! | `requirement` | what a requirement is, and all of them as one table |
//! | `checks` | the checks, one module for each part of the protocol |
//! | `session` | sending requests, remembering what was made, removing it |
//! | `announced` | what the server says about itself |
//! | `cast` | the people whom lists and filters are tried on |
//! | `report` | results and totals |

mod announced;
mod answer;
mod cast;
mod checks;
mod report;
mod requirement;
mod run;
mod session;
mod values;

pub use report::{Outcome, Report, Verdict};
pub use requirement::{Need, Requirement, requirements};
pub use run::{Options, RunError, run};
