//! Service status: for whom an app is ON.

use crate::ids::{GroupId, OrgUnitId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Whether an app is ON or OFF for somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ServiceStatus {
    /// The app is ON.
    On,
    /// The app is OFF.
    Off,
}

/// The explicit settings of an app's service status. An org unit without one inherits its parent's; the default stands
/// for the root. A group can only turn an app ON, and wins over an org unit that is OFF.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// What holds where no org unit says otherwise.
    pub default: ServiceStatus,
    /// Explicit settings, by immutable id.
    pub org_units: BTreeMap<OrgUnitId, ServiceStatus>,
    /// Access groups that are ON; members of nested groups count.
    pub groups: BTreeSet<GroupId>,
}

impl Default for Access {
    /// OFF for everyone, as a new app starts.
    fn default() -> Self {
        Self { default: ServiceStatus::Off, org_units: BTreeMap::new(), groups: BTreeSet::new() }
    }
}
