//! What may differ between two clients.

use ipnet::IpNet;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// The addresses behind a name.
type LookUp = dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync;

/// How names become addresses; what comes out is guarded either way.
#[derive(Clone, Default)]
pub enum Names {
    /// The system's resolver.
    #[default]
    System,
    /// This table.
    Given(Arc<LookUp>),
}

impl fmt::Debug for Names {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::System => "System",
            Self::Given(_) => "Given",
        })
    }
}

/// What a client may reach, and whom it trusts. The default reaches public addresses and trusts the system's authorities.
#[derive(Clone, Debug, Default)]
pub struct HttpOptions {
    /// Private networks that may be spoken to.
    pub allowed_private: Vec<IpNet>,
    /// No request takes longer, whatever it asks for.
    pub timeout_max: Option<Duration>,
    /// DER certificates of the only authorities to trust; `None` trusts those of the system. There is no way to trust nobody
    /// and connect all the same.
    pub authorities: Option<Vec<Vec<u8>>>,
    /// How names become addresses.
    pub names: Names,
}
