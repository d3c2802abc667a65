//! What the assistant keeps between its steps.

use super::Step;
use crate::console::session::SignedIn;
use provost_core::app::{App, AttributeMapping, ConnectionConfig, DeprovisioningPolicy, Profile, Scope};
use provost_platform::Secret;
use provost_store::{Actor, Store, StoreError, drafts};
use serde::{Deserialize, Serialize};

/// The answers so far. Sealed as a whole when it is stored; not `Debug`, because the token is in it.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Draft {
    pub(super) token: Option<String>,
    pub(super) endpoint: Option<String>,
    /// Whether this token was tried at this endpoint and will do.
    #[serde(default)]
    pub(super) tested: bool,
    pub(super) mapping: Option<Vec<AttributeMapping>>,
    pub(super) scope: Option<Scope>,
    pub(super) deprovisioning: Option<DeprovisioningPolicy>,
}

impl Draft {
    /// The first step that has to be done before those behind it.
    pub(super) fn missing(&self) -> Option<Step> {
        if self.token.is_none() {
            return Some(Step::Authorization);
        }
        if self.endpoint.is_none() || !self.tested {
            return Some(Step::Endpoint);
        }
        if self.mapping.is_none() {
            return Some(Step::Mapping);
        }
        if self.scope.is_none() {
            return Some(Step::Scope);
        }
        None
    }

    /// The configuration that the answers make, with the profile's defaults for what is not answered yet.
    pub(super) fn config(&self, profile: &Profile) -> ConnectionConfig {
        let mut config = ConnectionConfig::new(self.endpoint.as_deref().unwrap_or_default(), profile);
        if let Some(mapping) = &self.mapping {
            config.mapping.clone_from(mapping);
        }
        if let Some(scope) = &self.scope {
            config.scope.clone_from(scope);
        }
        if let Some(policy) = self.deprovisioning {
            config.deprovisioning = policy;
        }
        config
    }
}

/// The administrator's draft for the app, or an empty one.
pub(super) async fn read(store: &Store, app: &App, who: &SignedIn) -> Result<Draft, StoreError> {
    let kept = drafts::get(store, &name(app, who)).await?;
    // A draft of another version is begun again.
    Ok(kept.and_then(|kept| serde_json::from_str(kept.expose()).ok()).unwrap_or_default())
}

/// Keeps it.
pub(super) async fn keep(store: &Store, app: &App, who: &SignedIn, draft: &Draft) -> Result<(), StoreError> {
    drafts::keep(store, &name(app, who), &Secret::new(serde_json::to_string(draft)?)).await
}

/// Forgets it.
pub(super) async fn forget(store: &Store, app: &App, who: &SignedIn) -> Result<(), StoreError> {
    drafts::remove(store, &name(app, who)).await
}

/// One draft for each app and administrator: two of them do not write into one.
fn name(app: &App, who: &SignedIn) -> String {
    let admin = match &who.principal.actor {
        Actor::Admin { id, .. } => id.to_string(),
        other @ (Actor::ApiKey { .. } | Actor::CommandLine | Actor::Engine) => other.label(),
    };
    format!("autoprovisioning:{}:{admin}", app.id)
}
