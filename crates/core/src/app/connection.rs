//! A connection: the provisioning configuration of an app, and whether it is being worked.

use super::{
    AttributeMapping, DeprovisioningPolicy, Expression, InvalidPolicy, MappingFailure, Profile, Scope, SecondaryDomains,
};
use crate::ids::{AppId, ConnectionId};
use crate::time::{Span, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an archived user is to this connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ArchivedRule {
    /// Nothing is sent for them, and their grace clocks stop.
    LeaveAlone,
    /// They are treated as suspended since they were archived.
    AsSuspended,
}

/// How many removals may go within a sliding 24 hours before all of that kind are held:
/// `max(floor, min(cap, cap_percent %), percent %)` of the connection's accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Never fewer than this many.
    pub floor: u64,
    /// Up to this many where it is at most `cap_percent` of the accounts.
    pub cap: u64,
    /// See `cap`; whole percent.
    pub cap_percent: u64,
    /// Always this share; whole percent.
    pub percent: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { floor: 3, cap: 20, cap_percent: 20, percent: 5 }
    }
}

impl Limits {
    /// The number of removals that pass without being asked about.
    pub fn allowed(&self, accounts: u64) -> u64 {
        let share = |percent: u64| accounts.saturating_mul(percent) / 100;
        self.floor.max(self.cap.min(share(self.cap_percent))).max(share(self.percent))
    }
}

/// What is done about an account that somebody has changed in the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DriftRule {
    /// It is brought back to what the directory says.
    #[default]
    Repair,
    /// It is listed, and nothing is sent.
    Report,
    /// Theirs stands until the directory changes that attribute.
    Accept,
}

impl DriftRule {
    /// Every rule.
    pub const ALL: [Self; 3] = [Self::Repair, Self::Report, Self::Accept];

    /// As the store, files and commands spell it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Repair => "repair",
            Self::Report => "report",
            Self::Accept => "accept",
        }
    }

    /// Reads [`Self::word`].
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.word() == word)
    }
}

/// When and how the app's accounts are compared with what was last confirmed of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriftSettings {
    /// What is done about a difference.
    pub rule: DriftRule,
    /// How often a check begins by itself; `None`: only on demand.
    pub every: Option<Span>,
}

impl Default for DriftSettings {
    fn default() -> Self {
        Self { rule: DriftRule::Repair, every: Some(Span::days(7)) }
    }
}

/// Everything an administrator sets for a connection, but for the credential, which is sealed elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionConfig {
    /// The SCIM base URL, without a trailing slash.
    pub endpoint: String,
    /// From directory attributes to the app's attributes.
    pub mapping: Vec<AttributeMapping>,
    /// Who is provisioned among those with access.
    pub scope: Scope,
    /// What becomes of users in secondary domains.
    pub secondary_domains: SecondaryDomains,
    /// What becomes of archived users.
    pub archived: ArchivedRule,
    /// When accounts go.
    pub deprovisioning: DeprovisioningPolicy,
    /// The length of "within 24 hours" for a hard delete.
    pub within_24_hours_delete: Span,
    /// The guard's limits.
    pub limits: Limits,
    /// Removals wait until nothing new has been marked for this long (at most ten times as long): a storm of changes
    /// is judged as a whole.
    pub removal_quiet: Span,
    /// Drift checks.
    #[serde(default)]
    pub drift: DriftSettings,
}

/// Whether the connection sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ConnectionStatus {
    /// Turned on.
    Active,
    /// Turned off: deciding and clocks go on, nothing is sent.
    Inactive,
}

/// Why a connection that is turned on sends nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HaltReason {
    /// The app answered 401: the token is revoked, expired or wrong.
    NeedsReauthorization,
    /// The app answered 403 and the write probe failed too: the token cannot write.
    TokenCannotWrite,
}

/// A halt and since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Halt {
    /// Why.
    pub reason: HaltReason,
    /// The app's words.
    pub message: String,
    /// When the engine read the answer.
    pub since: Timestamp,
}

/// A connection as the engine and the pages see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Connection {
    /// Immutable.
    pub id: ConnectionId,
    /// The app it belongs to.
    pub app_id: AppId,
    /// What is known of the app.
    pub profile: &'static Profile,
    /// What the administrator set.
    pub config: ConnectionConfig,
    /// Turned on or off.
    pub status: ConnectionStatus,
    /// Set while the engine cannot send.
    pub halt: Option<Halt>,
    /// Raised by every change of configuration or status; an intent expects it.
    pub revision: i64,
}

/// A configuration that cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidConfig {
    /// See the policy's own error.
    #[error(transparent)]
    Policy(#[from] InvalidPolicy),
    /// A mandatory attribute has no mapping.
    #[error("{0} is mandatory for this app and is not mapped: choose a directory attribute for it")]
    MandatoryUnmapped(String),
    /// The engine's own attribute is mapped.
    #[error("active belongs to the engine, which sets it when an account is suspended or restored: remove it from the mapping")]
    ActiveMapped,
    /// Two rows have one target.
    #[error("{0} is mapped twice: remove one of the rows")]
    MappedTwice(String),
    /// The length of "within 24 hours" is not within 24 hours.
    #[error("the time before a hard delete \"within 24 hours\" must be more than 0 and under 24 hours")]
    Within24Hours,
    /// See the mapping's own error.
    #[error("the mapping cannot work: {0}")]
    Mapping(#[from] MappingFailure),
}

impl ConnectionConfig {
    /// A new connection's configuration: the catalogue's mapping, everyone in scope, nothing removed.
    pub fn new(endpoint: &str, profile: &Profile) -> Self {
        Self {
            endpoint: endpoint.to_owned(),
            mapping: super::default_mapping(profile),
            scope: Scope::everyone(),
            secondary_domains: SecondaryDomains::SkipInGroups,
            archived: ArchivedRule::LeaveAlone,
            deprovisioning: DeprovisioningPolicy::default(),
            within_24_hours_delete: Span::hours(1),
            limits: Limits::default(),
            removal_quiet: Span::seconds(60),
            drift: DriftSettings::default(),
        }
    }

    /// Whether every account bears the user's immutable id as its `externalId`.
    pub fn names_accounts(&self) -> bool {
        let id = |source: &Expression| matches!(source, Expression::Attribute(attribute) if attribute.key == "user.id");
        self.mapping.iter().any(|row| row.target.eq_ignore_ascii_case("externalId") && id(&row.source))
    }

    /// Whether the mapping can give two users the same value of the matching attribute: no user's address is another's.
    pub fn may_repeat_names(&self, profile: &Profile) -> bool {
        let row = self.mapping.iter().find(|row| row.target.eq_ignore_ascii_case(&profile.matching));
        row.is_some_and(|row| match &row.source {
            Expression::Attribute(attribute) => !matches!(attribute.key, "user.primary_email" | "user.id"),
            Expression::Text(_) | Expression::Boolean(_) => true,
        })
    }

    /// Checks everything that can be checked without the directory. The endpoint's form is checked by the shell that
    /// knows which addresses are allowed.
    pub fn check(&self, profile: &Profile) -> Result<(), InvalidConfig> {
        self.deprovisioning.check(profile.suspend, self.within_24_hours_delete)?;
        if self.within_24_hours_delete <= Span(0) || self.within_24_hours_delete >= Span::hours(24) {
            return Err(InvalidConfig::Within24Hours);
        }
        let target = |row: &AttributeMapping| row.target.to_ascii_lowercase();
        for (index, row) in self.mapping.iter().enumerate() {
            if target(row) == "active" {
                return Err(InvalidConfig::ActiveMapped);
            }
            if self.mapping[..index].iter().any(|earlier| target(earlier) == target(row)) {
                return Err(InvalidConfig::MappedTwice(row.target.clone()));
            }
        }
        for mandatory in &profile.mandatory {
            if !self.mapping.iter().any(|row| row.target.eq_ignore_ascii_case(mandatory)) {
                return Err(InvalidConfig::MandatoryUnmapped(mandatory.clone()));
            }
        }
        Ok(())
    }
}
