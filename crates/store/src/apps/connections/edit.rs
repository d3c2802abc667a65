//! Editing a configuration: what changed, what the log says of it, and what the change does beside.

use super::configure::{checked_scope, trimmed};
use super::{commit, details, endpoint};
use crate::accounts::held;
use crate::apps::events::event;
use crate::log::{LogEvent, names};
use crate::schedule::{SweepTarget, mark_sweep};
use crate::{Actor, Store, StoreError, remote};
use provost_core::app::{Action, App, Connection, ConnectionConfig, GracePeriod, Halt, HaltReason, ScopeMode, Trigger};
use provost_core::ids::{ConnectionId, GroupId};
use provost_core::time::Timestamp;
use provost_db::Batch;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Replaces the configuration. Grace periods that changed give 24 hours' notice to clocks that run already, unless
/// `confirmed_earlier_removals`. An endpoint on another host erases the token, because it would be sent there; the
/// connection then needs reauthorization. Everybody is looked at again.
pub async fn edit(
    store: &Store,
    by: &Actor,
    id: ConnectionId,
    expected_revision: Option<i64>,
    config: ConnectionConfig,
    confirmed_earlier_removals: bool,
) -> Result<Connection, StoreError> {
    let found = details(store, id).await?;
    let old = found.connection;
    crate::apps::check_revision("the connection", old.revision, expected_revision)?;
    let now = store.now();
    let (config, emails) = prepared(store, config, &old, confirmed_earlier_removals, now).await?;
    if config == old.config {
        return Ok(old);
    }
    let app = crate::apps::get(store, old.app_id).await?;
    let key = endpoint::normalized_endpoint(&config.endpoint);
    let moved = endpoint::origin(&config.endpoint) != endpoint::origin(&old.config.endpoint);
    let halt = if moved {
        let message =
            "the endpoint was moved to another host: enter an access token for it, and every account is looked for there";
        Some(Halt { reason: HaltReason::NeedsReauthorization, message: message.to_owned(), since: now })
    } else {
        old.halt.clone()
    };
    let mut batch = Batch::new();
    batch.expect(
        1,
        "UPDATE connection SET config = $3, endpoint_key = $4, halt = $5, revision = revision + 1 WHERE id = $1 AND revision = $2",
        [
            id.get().into(),
            old.revision.into(),
            serde_json::to_string(&config)?.into(),
            key.as_str().into(),
            halt.as_ref().map(serde_json::to_string).transpose()?.into(),
        ],
    );
    let mut events = changes(&app, &old, &config, &emails);
    if moved && found.has_credential {
        batch.run("UPDATE connection SET credential = NULL, credential_set_at = NULL WHERE id = $1", [id.get().into()]);
        let detail = json!({ "APPLICATION_NAME": app.name, "erased": true });
        events.push(event(names::UPDATE_AUTO_PROV_CONFIG_CREDENTIALS, app.id, Some(id), detail));
    }
    if key != endpoint::normalized_endpoint(&old.config.endpoint) {
        // It is another app, as far as pace and health go, and perhaps has none of the accounts.
        batch.run("DELETE FROM connection_health WHERE connection_id = $1", [id.get().into()]);
        let sql = "UPDATE account SET endpoint_key = $2 WHERE connection_id = $1 AND remote_id IS NOT NULL";
        batch.run(sql, [id.get().into(), key.into()]);
        if held::any(store, id).await? {
            remote::begin_anew(&mut batch, store, &old, &app, by);
        }
    }
    mark_sweep(&mut batch, store.id::<()>().get(), Some(id), SweepTarget::Everyone, now);
    crate::log::append_all(&mut batch, store, by, now, events);
    commit(store, batch, &config.endpoint).await?;
    Ok(Connection { config, halt, revision: old.revision + 1, ..old })
}

/// What an edit would store, checked, for the plan that is shown before it is made.
pub async fn previewed(
    store: &Store,
    old: &Connection,
    config: ConnectionConfig,
    confirmed: bool,
) -> Result<Connection, StoreError> {
    let (config, _) = prepared(store, config, old, confirmed, store.now()).await?;
    Ok(Connection { config, ..old.clone() })
}

async fn prepared(
    store: &Store,
    config: ConnectionConfig,
    old: &Connection,
    confirmed: bool,
    now: Timestamp,
) -> Result<(ConnectionConfig, BTreeMap<GroupId, String>), StoreError> {
    let mut config = trimmed(config);
    config.deprovisioning = config.deprovisioning.as_edit_of(&old.config.deprovisioning, confirmed, now);
    if config.within_24_hours_delete != old.config.within_24_hours_delete && !confirmed {
        // A changed length of "within 24 hours" is a changed grace period for every action that has it.
        for trigger in Trigger::ALL {
            let rule = config.deprovisioning.rule_mut(trigger);
            if let Some(action) = rule.hard_delete.as_mut().filter(|action| action.after == GracePeriod::Within24Hours) {
                action.edited_at = Some(now);
            }
        }
    }
    config.check(old.profile)?;
    let (scope, emails) = checked_scope(store, config.scope.clone(), Some(&old.config.scope)).await?;
    Ok((ConnectionConfig { scope, ..config }, emails))
}

/// One event for each part that changed.
fn changes(app: &App, connection: &Connection, new: &ConnectionConfig, emails: &BTreeMap<GroupId, String>) -> Vec<LogEvent> {
    let old = &connection.config;
    let mut events = Vec::new();
    let mut add = |name: &'static str, mut detail: Value| {
        detail["APPLICATION_NAME"] = json!(app.name);
        events.push(event(name, app.id, Some(connection.id), detail));
    };
    if new.endpoint != old.endpoint {
        add(names::UPDATE_AUTO_PROV_CONFIG_CONNECTION_URL, json!({ "old_value": old.endpoint, "new_value": new.endpoint }));
    }
    if new.mapping != old.mapping {
        add(names::AUTO_PROV_CONFIG_ATTRIBUTE_MAPPING_UPDATED, json!({ "changes": mapping_changes(old, new) }));
    }
    let email = |id: GroupId| emails.get(&id).cloned().unwrap_or_else(|| id.to_string());
    for entry in &new.scope.groups {
        let before = old.scope.groups.iter().find(|before| before.group == entry.group);
        if before.is_none_or(|before| before.members != entry.members) {
            add(names::AUTO_PROV_CONFIG_GROUP_NAME_ADDED, json!({ "GROUP_EMAIL": email(entry.group), "members": entry.members }));
        }
    }
    for entry in old.scope.groups.iter().filter(|entry| !new.scope.groups.iter().any(|kept| kept.group == entry.group)) {
        add(names::AUTO_PROV_CONFIG_GROUP_NAME_REMOVED, json!({ "GROUP_EMAIL": email(entry.group) }));
    }
    for trigger in Trigger::ALL {
        let (before, after) = (old.deprovisioning.rule(trigger), new.deprovisioning.rule(trigger));
        for (action, before, after) in
            [("suspend", before.suspend, after.suspend), ("hard_delete", before.hard_delete, after.hard_delete)]
        {
            if let Some((name, detail)) = action_change(trigger, action, before, after) {
                add(name, detail);
            }
        }
    }
    let mut settings = serde_json::Map::new();
    let mut setting = |name: &str, before: Value, after: Value| {
        if before != after {
            settings.insert(name.to_owned(), json!({ "old_value": before, "new_value": after }));
        }
    };
    setting("scope", mode_word(old.scope.mode), mode_word(new.scope.mode));
    setting("secondary_domains", json!(old.secondary_domains), json!(new.secondary_domains));
    setting("archived", json!(old.archived), json!(new.archived));
    setting(
        "within_24_hours_delete_seconds",
        json!(old.within_24_hours_delete.as_seconds()),
        json!(new.within_24_hours_delete.as_seconds()),
    );
    setting("limits", json!(old.limits), json!(new.limits));
    setting("drift", json!(old.drift), json!(new.drift));
    setting("removal_quiet_seconds", json!(old.removal_quiet.as_seconds()), json!(new.removal_quiet.as_seconds()));
    if !settings.is_empty() {
        add(names::UPDATE_AUTO_PROV_CONFIG_SETTINGS, json!({ "settings": settings }));
    }
    events
}

fn action_change(trigger: Trigger, action: &str, before: Option<Action>, after: Option<Action>) -> Option<(&'static str, Value)> {
    let detail = |period: GracePeriod| json!({ "trigger": trigger.word(), "action": action, "grace_period": period.word() });
    match (before, after) {
        (before, Some(after)) if before != Some(after) => Some((names::AUTO_PROV_DEPROV_ACTION_ADDED, detail(after.after))),
        (Some(before), None) => Some((names::AUTO_PROV_DEPROV_ACTION_REMOVED, detail(before.after))),
        (None | Some(_), None | Some(_)) => None,
    }
}

fn mapping_changes(old: &ConnectionConfig, new: &ConnectionConfig) -> Value {
    let source = |config: &ConnectionConfig, target: &str| {
        config.mapping.iter().find(|row| row.target.eq_ignore_ascii_case(target)).map(|row| row.source.to_string())
    };
    let mut changed = serde_json::Map::new();
    for row in new.mapping.iter().chain(&old.mapping) {
        let (before, after) = (source(old, &row.target), source(new, &row.target));
        if before != after {
            changed.insert(row.target.clone(), json!({ "old_value": before, "new_value": after }));
        }
    }
    Value::Object(changed)
}

fn mode_word(mode: ScopeMode) -> Value {
    json!(match mode {
        ScopeMode::Everyone => "everyone",
        ScopeMode::Groups => "groups",
    })
}
