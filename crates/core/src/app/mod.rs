//! Apps, their connections, and the rules an administrator sets for them.

mod access;
mod announced;
mod catalogue;
mod connection;
mod deprovisioning;
mod mapping;
mod rate;
mod scope;
mod token_expiry;

pub use access::{Access, ServiceStatus};
pub use announced::{Announceable, Announced};
pub use catalogue::{Profile, UpdateVerb, catalogue, profile};
pub use connection::{
    ArchivedRule, Connection, ConnectionConfig, ConnectionStatus, DriftRule, DriftSettings, Halt, HaltReason, InvalidConfig,
    Limits,
};
pub use deprovisioning::{Action, DeprovisioningPolicy, GracePeriod, InvalidPolicy, Rule, Trigger};
pub use mapping::{AttributeMapping, Expression, InvalidExpression, MappingFailure, default_mapping, desired_body};
pub(crate) use mapping::{is_list, split_target};
pub use rate::{Rate, RateHeaders, RateOf, RatePer, RequestKind};
pub use scope::{Scope, ScopeGroup, ScopeMembers, ScopeMode, SecondaryDomains};
pub use token_expiry::{token_end_told, token_expiry_words, token_warning};

use crate::ids::AppId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An app that users can be given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct App {
    /// Immutable.
    pub id: AppId,
    /// Unique among apps, shown and used by commands.
    pub name: String,
    /// The key of its profile in the catalogue: `netskope`, `generic`.
    pub catalogue: String,
    /// What single sign-on needs to know; autoprovisioning can be configured once it is there.
    pub sso: Option<SsoDetails>,
    /// For whom the app is ON.
    pub access: Access,
    /// Raised by every change of this row; the app's `ETag`.
    pub revision: i64,
}

/// The service provider's side of SAML single sign-on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SsoDetails {
    /// Where the assertion is posted.
    pub acs_url: String,
    /// The service provider's entity ID.
    pub entity_id: String,
}
