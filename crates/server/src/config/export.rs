//! What is stored, in the shape of the configuration file. Tokens are never exported.

use super::{
    AccessEntry, AppEntry, AutoprovisioningEntry, ConfigFile, DeprovisioningEntry, DriftEntry, Duration, GuardEntry, RuleEntry,
    ScopeEntry, ScopeGroupEntry, Wait,
};
use provost_core::app::{Access, Connection, Rule, Scope, ScopeMode, ServiceStatus, default_mapping};
use provost_core::ids::{GroupId, OrgUnitId};
use provost_core::time::Span;
use provost_store::apps::{self, connections};
use provost_store::directory::{groups, org_units};
use provost_store::{Store, StoreError};
use std::collections::BTreeMap;

/// Every app.
pub async fn export(store: &Store) -> Result<ConfigFile, StoreError> {
    let mut file = ConfigFile::default();
    for app in apps::list(store).await? {
        let access = access_entry(store, &app.access).await?;
        let autoprovisioning = match connections::of_app(store, app.id).await? {
            Some(connection) => Some(autoprovisioning_entry(store, &connection).await?),
            None => None,
        };
        let (name, catalogue, sso) = (app.name, app.catalogue, app.sso);
        file.apps.push(AppEntry { name, catalogue: Some(catalogue), sso, access: Some(access), autoprovisioning });
    }
    Ok(file)
}

/// [`export`] as YAML.
pub async fn export_text(store: &Store) -> Result<String, StoreError> {
    let file = export(store).await?;
    serde_saphyr::to_string(&file).map_err(|error| StoreError::Corrupt(format!("a configuration that YAML cannot hold: {error}")))
}

/// A service status with paths and addresses.
pub async fn access_entry(store: &Store, access: &Access) -> Result<AccessEntry, StoreError> {
    let mut units: BTreeMap<OrgUnitId, String> = BTreeMap::new();
    if !access.org_units.is_empty() {
        units.extend(org_units::list_all(store).await?.into_iter().map(|unit| (unit.id, unit.path)));
    }
    let settings = access.org_units.iter().filter_map(|(id, status)| Some((units.get(id)?.clone(), *status)));
    let mut entry = AccessEntry { default: access.default, org_units: settings.collect(), groups: BTreeMap::new() };
    for id in &access.groups {
        if let Some(email) = living_group(store, *id).await? {
            entry.groups.insert(email, ServiceStatus::On);
        }
    }
    Ok(entry)
}

/// A connection's configuration with addresses.
pub async fn autoprovisioning_entry(store: &Store, connection: &Connection) -> Result<AutoprovisioningEntry, StoreError> {
    let config = &connection.config;
    let mut mapping: BTreeMap<String, Option<String>> =
        default_mapping(connection.profile).into_iter().map(|row| (row.target, None)).collect();
    for row in &config.mapping {
        mapping.retain(|target, _| !target.eq_ignore_ascii_case(&row.target));
        mapping.insert(row.target.clone(), Some(row.source.to_string()));
    }
    let policy = &config.deprovisioning;
    let limit = |number: u64| u32::try_from(number).ok();
    let limits = config.limits;
    Ok(AutoprovisioningEntry {
        endpoint: Some(config.endpoint.clone()),
        token_file: None,
        token_env: None,
        mapping: Some(mapping),
        scope: Some(scope_entry(store, &config.scope).await?),
        secondary_domains: Some(config.secondary_domains),
        archived: Some(config.archived),
        deprovisioning: Some(DeprovisioningEntry {
            app_off: rule_entry(&policy.app_off),
            suspended: rule_entry(&policy.suspended),
            deleted: rule_entry(&policy.deleted),
        }),
        within_24_hours_delete: Some(Duration(config.within_24_hours_delete)),
        guard: Some(GuardEntry {
            floor: limit(limits.floor),
            cap: limit(limits.cap),
            cap_percent: limit(limits.cap_percent),
            percent: limit(limits.percent),
        }),
        removal_quiet: Some(Duration(config.removal_quiet)),
        drift: Some(DriftEntry {
            differences: Some(config.drift.rule),
            every: Some(Duration(config.drift.every.unwrap_or(Span(0)))),
        }),
        status: Some(connection.status),
    })
}

async fn scope_entry(store: &Store, scope: &Scope) -> Result<ScopeEntry, StoreError> {
    match scope.mode {
        ScopeMode::Everyone => return Ok(ScopeEntry::Everyone),
        ScopeMode::Groups => {}
    }
    let mut entries = Vec::new();
    for entry in scope.groups.iter().filter(|entry| entry.deleted_since.is_none()) {
        if let Some(group) = living_group(store, entry.group).await? {
            entries.push(ScopeGroupEntry { group, members: entry.members });
        }
    }
    Ok(ScopeEntry::Groups(entries))
}

async fn living_group(store: &Store, id: GroupId) -> Result<Option<String>, StoreError> {
    match groups::get(store, id).await {
        Ok(group) => Ok(Some(group.email)),
        Err(StoreError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn rule_entry(rule: &Rule) -> RuleEntry {
    RuleEntry {
        suspend_after: Wait::of(rule.suspend.map(|action| action.after)),
        delete_after: Wait::of(rule.hard_delete.map(|action| action.after)),
    }
}
