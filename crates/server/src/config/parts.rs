//! The parts of a connection's configuration as they are sent and written, and making a configuration of them: names are
//! looked up, what is left out stays.

use super::{AccessEntry, AutoprovisioningEntry, ConfigError, DeprovisioningEntry, DriftEntry, Duration, GuardEntry, ScopeEntry};
use crate::Server;
use provost_core::app::{
    Access, Action, ArchivedRule, AttributeMapping, ConnectionConfig, DeprovisioningPolicy, DriftSettings, Expression,
    GracePeriod, Limits, Profile, Rule, Scope, ScopeGroup, ScopeMode, SecondaryDomains, ServiceStatus, default_mapping,
};
use provost_core::time::Span;
use provost_platform::check_endpoint;
use provost_store::Store;
use provost_store::directory::{groups, org_units};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The longest quiet time before removals.
const REMOVAL_QUIET_MAX: Span = Span::hours(1);

/// What to set of a connection's configuration. A part that is left out stays as it is, or as a new connection has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ConfigurationEdit")]
pub struct Parts {
    /// The SCIM base URL.
    pub endpoint: Option<String>,
    /// Merged over the catalogue's default; null removes an optional one.
    pub mapping: Option<BTreeMap<String, Option<String>>>,
    /// `"everyone"` or `{"groups": […]}`.
    pub scope: Option<ScopeEntry>,
    /// `skip_in_groups`, `include` or `skip`.
    pub secondary_domains: Option<SecondaryDomains>,
    /// `leave_alone` or `as_suspended`.
    pub archived: Option<ArchivedRule>,
    /// The whole policy: a trigger that is left out has nothing ticked.
    pub deprovisioning: Option<DeprovisioningEntry>,
    /// The length of "within 24 hours" for a hard delete.
    pub within_24_hours_delete: Option<Duration>,
    /// The guard's limits.
    pub guard: Option<GuardEntry>,
    /// The quiet time before removals.
    pub removal_quiet: Option<Duration>,
    /// Drift checks.
    pub drift: Option<DriftEntry>,
}

impl Parts {
    /// The parts of a file's entry.
    pub fn of_entry(entry: &AutoprovisioningEntry) -> Self {
        Self {
            endpoint: entry.endpoint.clone(),
            mapping: entry.mapping.clone(),
            scope: entry.scope.clone(),
            secondary_domains: entry.secondary_domains,
            archived: entry.archived,
            deprovisioning: entry.deprovisioning,
            within_24_hours_delete: entry.within_24_hours_delete,
            guard: entry.guard,
            removal_quiet: entry.removal_quiet,
            drift: entry.drift,
        }
    }

    /// Whether nothing is to be set.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The configuration that these parts make of `old`, or of a new connection's, checked but for what only the store
    /// can check.
    pub async fn over(
        self,
        server: &Server,
        profile: &Profile,
        old: Option<&ConnectionConfig>,
    ) -> Result<ConnectionConfig, ConfigError> {
        let mut config = match (old, &self.endpoint) {
            (Some(old), _) => old.clone(),
            (None, Some(endpoint)) => ConnectionConfig::new(endpoint, profile),
            (None, None) => {
                let message = format!("the endpoint is missing: set it, in the form {}", profile.endpoint_template);
                return Err(ConfigError::Invalid(message));
            }
        };
        if let Some(endpoint) = &self.endpoint {
            check_endpoint(endpoint, &server.allowed_private)?;
            endpoint.trim().trim_end_matches('/').clone_into(&mut config.endpoint);
        }
        if let Some(mapping) = &self.mapping {
            config.mapping = merged_mapping(mapping, profile, &config.mapping)?;
        }
        if let Some(scope) = self.scope {
            config.scope = resolve_scope(&server.store, scope, old.map(|old| &old.scope)).await?;
        }
        config.secondary_domains = self.secondary_domains.unwrap_or(config.secondary_domains);
        config.archived = self.archived.unwrap_or(config.archived);
        if let Some(entry) = self.deprovisioning {
            config.deprovisioning = policy(entry, &config.deprovisioning);
        }
        config.within_24_hours_delete = self.within_24_hours_delete.map_or(config.within_24_hours_delete, |length| length.0);
        if let Some(guard) = self.guard {
            config.limits = limits(guard, config.limits)?;
        }
        if let Some(Duration(quiet)) = self.removal_quiet {
            if quiet > REMOVAL_QUIET_MAX {
                return Err(ConfigError::Invalid("removal_quiet is longer than 1h: shorten it".to_owned()));
            }
            config.removal_quiet = quiet;
        }
        if let Some(drift) = self.drift {
            config.drift = drift_settings(drift, config.drift)?;
        }
        config.check(profile).map_err(provost_store::StoreError::from)?;
        Ok(config)
    }
}

fn drift_settings(entry: DriftEntry, old: DriftSettings) -> Result<DriftSettings, ConfigError> {
    let every = match entry.every {
        None => old.every,
        Some(Duration(Span(0))) => None,
        Some(Duration(every)) if (Span::hours(1)..=Span::days(365)).contains(&every) => Some(every),
        Some(_) => {
            let message = "drift checks less than 1h or more than 8760h apart: set `every` between, or 0 for none".to_owned();
            return Err(ConfigError::Invalid(message));
        }
    };
    Ok(DriftSettings { rule: entry.differences.unwrap_or(old.rule), every })
}

/// The catalogue's default with `changes` merged over it. Rows keep the order that they have in `old`, so that a mapping
/// that says the same is the same.
fn merged_mapping(
    changes: &BTreeMap<String, Option<String>>,
    profile: &Profile,
    old: &[AttributeMapping],
) -> Result<Vec<AttributeMapping>, ConfigError> {
    let mut rows = default_mapping(profile);
    for (target, source) in changes {
        let target = target.trim();
        let known = rows.iter().position(|row| row.target.eq_ignore_ascii_case(target));
        let Some(source) = source else {
            if profile.is_mandatory(target) {
                return Err(ConfigError::Invalid(format!(
                    "{target} is mandatory for this app and cannot be removed from the mapping"
                )));
            }
            known.map(|at| rows.remove(at));
            continue;
        };
        let offered = profile.mandatory.iter().chain(&profile.optional);
        let Some(spelled) = offered.clone().find(|offered| offered.eq_ignore_ascii_case(target)) else {
            let offered: Vec<&str> = offered.map(String::as_str).collect();
            return Err(ConfigError::Invalid(format!(
                "mapping: {target} is not an attribute of this app: choose one of {}",
                offered.join(", ")
            )));
        };
        let source = Expression::parse(source).map_err(|error| ConfigError::Invalid(format!("mapping of {target}: {error}")))?;
        match known {
            Some(at) => rows[at].source = source,
            None => rows.push(AttributeMapping { target: spelled.clone(), source }),
        }
    }
    let place = |row: &AttributeMapping| {
        old.iter().position(|before| before.target.eq_ignore_ascii_case(&row.target)).unwrap_or(usize::MAX)
    };
    rows.sort_by_key(place);
    Ok(rows)
}

/// Looks up the groups. Tombstones of `old` stay: a file cannot name a deleted group, and losing one must not mean
/// everyone.
async fn resolve_scope(store: &Store, entry: ScopeEntry, old: Option<&Scope>) -> Result<Scope, ConfigError> {
    let entries = match entry {
        ScopeEntry::Everyone => {
            return Ok(old.filter(|old| old.mode == ScopeMode::Everyone).cloned().unwrap_or(Scope::everyone()));
        }
        ScopeEntry::Groups(entries) => entries,
    };
    let mut groups_in_scope = Vec::new();
    for entry in entries {
        let group = groups::find(store, &entry.group).await?;
        groups_in_scope.push(ScopeGroup { group: group.id, members: entry.members, deleted_since: None });
    }
    let before = old.map(|old| old.groups.as_slice()).unwrap_or_default();
    groups_in_scope.extend(before.iter().filter(|entry| entry.deleted_since.is_some()).cloned());
    let place = |entry: &ScopeGroup| before.iter().position(|known| known.group == entry.group).unwrap_or(usize::MAX);
    groups_in_scope.sort_by_key(place);
    if groups_in_scope.is_empty() {
        let message = "the scope is limited to groups and lists none: name at least one group, or set the scope to everyone";
        return Err(ConfigError::Invalid(message.to_owned()));
    }
    Ok(Scope { mode: ScopeMode::Groups, groups: groups_in_scope })
}

/// The policy of an entry; periods that stay keep the time of their last edit, so that the same policy is the same.
fn policy(entry: DeprovisioningEntry, old: &DeprovisioningPolicy) -> DeprovisioningPolicy {
    let action = |period: Option<GracePeriod>, before: Option<Action>| {
        period.map(|after| before.filter(|before| before.after == after).unwrap_or(Action { after, edited_at: None }))
    };
    let rule = |entry: super::RuleEntry, before: Rule| Rule {
        suspend: action(entry.suspend_after.period(), before.suspend),
        hard_delete: action(entry.delete_after.period(), before.hard_delete),
    };
    DeprovisioningPolicy {
        app_off: rule(entry.app_off, old.app_off),
        suspended: rule(entry.suspended, old.suspended),
        deleted: rule(entry.deleted, old.deleted),
    }
}

fn limits(entry: GuardEntry, old: Limits) -> Result<Limits, ConfigError> {
    let chosen = |new: Option<u32>, old: u64| new.map_or(old, u64::from);
    let limits = Limits {
        floor: chosen(entry.floor, old.floor),
        cap: chosen(entry.cap, old.cap),
        cap_percent: chosen(entry.cap_percent, old.cap_percent),
        percent: chosen(entry.percent, old.percent),
    };
    if limits.cap_percent > 100 || limits.percent > 100 {
        return Err(ConfigError::Invalid("guard: cap_percent and percent are at most 100".to_owned()));
    }
    Ok(limits)
}

/// Looks up the org units and groups of a service status.
pub async fn resolve_access(store: &Store, entry: &AccessEntry) -> Result<Access, ConfigError> {
    let mut access = Access { default: entry.default, ..Access::default() };
    for (path, status) in &entry.org_units {
        let unit = org_units::find_by_path(store, path).await?;
        if access.org_units.insert(unit.id, *status).is_some() {
            return Err(ConfigError::Invalid(format!("access: the org unit {path} is named twice: remove one of the lines")));
        }
    }
    for (email, status) in &entry.groups {
        match status {
            ServiceStatus::On => access.groups.insert(groups::find(store, email).await?.id),
            ServiceStatus::Off => {
                let message = format!("access: a group can only turn an app on: remove the line of {email}");
                return Err(ConfigError::Invalid(message));
            }
        };
    }
    Ok(access)
}

/// What is legal and may surprise, in words.
pub fn warnings(config: &ConnectionConfig) -> Vec<String> {
    let mut warnings = Vec::new();
    let early = config.deprovisioning.deleted.hard_delete.filter(|action| action.after < GracePeriod::Days21);
    if let Some(action) = early {
        warnings.push(format!(
            "When a user is deleted, the account is hard deleted {}, and a deleted user can be restored for 20 days: one who is \
             restored later gets a new account.",
            action.after.label()
        ));
    }
    if config.scope.has_lost_every_group() {
        warnings.push(
            "Every group of the provisioning scope was deleted: creates and removals are held until the scope is edited."
                .to_owned(),
        );
    }
    warnings
}
