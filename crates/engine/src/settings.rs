//! What may differ between an engine in the world and one in a simulation.

use std::time::Duration;

/// How an engine runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// The truth is looked at this often, whatever the hints say.
    pub look_every: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { look_every: Duration::from_secs(1) }
    }
}
