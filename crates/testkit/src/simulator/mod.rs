//! The simulator: core, engine and store as they are, over SQLite in memory, before apps whose network is made of seeded
//! faults, in a time that costs nothing while nobody works.
//!
//! Flow: a seed gives a plan (`plan`) and dice. A history (`history`) commits changes of the directory (`change`) and of one
//! app (`setting`), sets the machine's clock (`machine`), lets time pass and kills the process; every request goes through
//! the network (`wire`) to its app's scene (`scene`), and is judged when it is sent (`judge`, `limits`); at rest each app is
//! compared with what its oracle says must have happened (`rest`), and in the end the log with what was carried out (`ledger`).
//!
//! Guarantees: one seed is one history, line by line. Everything runs on one thread, in the time of a paused runtime. The
//! oracle shares no code with what it judges, and it is two-sided: not too early, and not forgotten.
//!
//! Caveats: a commit is whole or was never begun; torn files and failing disks are for the tests that kill real processes.

mod change;
mod dice;
mod fault;
mod history;
mod judge;
mod ledger;
mod limits;
mod machine;
mod model;
mod plan;
mod rest;
mod scene;
mod setting;
mod trace;
mod wire;
mod world;

pub use history::{Options, Report, play};
pub use plan::{Mode, Size};
