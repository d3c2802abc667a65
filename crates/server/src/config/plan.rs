//! What applying a file would do, before it is done.

use super::{ConfigError, Prepared, PreparedApp, warnings};
use crate::Server;
use provost_core::app::ConnectionStatus;
use provost_platform::hex;
use provost_store::accounts::load_rules_for;
use provost_store::planning::{self, Plan};
use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// What would be done for one app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AppPlan {
    /// The app's name.
    pub app: String,
    /// What would be changed, in words; empty when everything is so already.
    pub steps: Vec<String>,
    /// What is legal and may surprise.
    pub warnings: Vec<String>,
    /// What would then be sent; `None` when nothing changes for the accounts, or autoprovisioning is off.
    pub plan: Option<Plan>,
}

/// What applying a file would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ConfigPlan {
    /// The apps of the file, in its order.
    pub apps: Vec<AppPlan>,
    /// Whether anything would be changed.
    pub changes: bool,
    /// Whether the plan must be confirmed: that of some app must be.
    pub needs_confirmation: bool,
    /// What a confirmation names: over the steps and the plans' hashes.
    pub hash: String,
}

impl ConfigPlan {
    /// The plan in one sentence.
    pub fn summary(&self) -> String {
        let of_app = |app: &AppPlan| app.plan.as_ref().map(|plan| format!("{}: {}", app.app, plan.summary()));
        let parts: Vec<String> = self.apps.iter().filter_map(of_app).collect();
        if parts.is_empty() { "nothing to send".to_owned() } else { parts.join("; ") }
    }
}

/// Plans a prepared file, with up to `entries_limit` users in words for each app.
pub async fn plan(server: &Server, prepared: &Prepared, entries_limit: usize) -> Result<ConfigPlan, ConfigError> {
    let mut apps = Vec::with_capacity(prepared.apps.len());
    for app in &prepared.apps {
        apps.push(plan_app(server, app, entries_limit).await.map_err(|error| error.in_app(&app.app.name))?);
    }
    let mut hasher = Sha256::new();
    for app in &apps {
        let sent = app.plan.as_ref().map_or("", |plan| plan.hash.as_str());
        hasher.update(format!("{}\n{}\n{sent}\n", app.app, app.steps.join("\n")));
    }
    let hash = hex::encode(&hasher.finalize());
    let changes = apps.iter().any(|app| !app.steps.is_empty());
    let needs_confirmation = apps.iter().any(|app| app.plan.as_ref().is_some_and(|plan| plan.needs_confirmation));
    Ok(ConfigPlan { apps, changes, needs_confirmation, hash })
}

async fn plan_app(server: &Server, prepared: &PreparedApp, entries_limit: usize) -> Result<AppPlan, ConfigError> {
    let connection = prepared.connection.as_ref();
    let active = connection.is_some_and(|connection| connection.status == ConnectionStatus::Active);
    let touches = prepared.steps.iter().any(super::Step::touches_accounts);
    let plan = match connection {
        Some(connection) if active && touches => {
            let rules = load_rules_for(&server.store, prepared.app.clone(), connection.clone()).await?;
            Some(planning::plan(&server.store, &rules, entries_limit).await?)
        }
        Some(_) | None => None,
    };
    Ok(AppPlan {
        app: prepared.app.name.clone(),
        steps: prepared.steps.iter().map(ToString::to_string).collect(),
        warnings: connection.map(|connection| warnings(&connection.config)).unwrap_or_default(),
        plan,
    })
}
