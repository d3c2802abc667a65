//! From a file to what there is to do: every name looked up, everything checked, nothing changed yet.

use super::parts::{Parts, resolve_access};
use super::{AppEntry, AutoprovisioningEntry, ConfigError, ConfigFile};
use crate::Server;
use provost_core::app::{Access, App, Connection, ConnectionConfig, ConnectionStatus, catalogue, profile};
use provost_platform::Secret;
use provost_store::StoreError;
use provost_store::apps::{self, connections};
use std::collections::BTreeMap;

/// Tokens by the name of their app.
pub type Tokens = BTreeMap<String, Secret>;

/// One thing to do for an app; in the order in which they are done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Turn autoprovisioning off; before anything else changes.
    TurnOff,
    /// Add the app.
    AddApp,
    /// Set the SSO details.
    SetSso,
    /// Set for whom the app is ON.
    SetAccess,
    /// Configure autoprovisioning.
    Configure,
    /// Edit these parts of the configuration.
    Edit(Vec<&'static str>),
    /// Store another token.
    Reauthorize,
    /// Turn autoprovisioning on.
    TurnOn,
}

impl Step {
    /// Whether the step can change what is sent.
    pub const fn touches_accounts(&self) -> bool {
        match self {
            Self::SetAccess | Self::Configure | Self::Edit(_) | Self::TurnOn => true,
            Self::TurnOff | Self::AddApp | Self::SetSso | Self::Reauthorize => false,
        }
    }
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TurnOff => f.write_str("turn autoprovisioning off"),
            Self::AddApp => f.write_str("add the app"),
            Self::SetSso => f.write_str("set the SSO details"),
            Self::SetAccess => f.write_str("set the user access"),
            Self::Configure => f.write_str("configure autoprovisioning"),
            Self::Edit(parts) => write!(f, "edit the {}", parts.join(", ")),
            Self::Reauthorize => f.write_str("store the new access token"),
            Self::TurnOn => f.write_str("turn autoprovisioning on"),
        }
    }
}

/// One app as it is to be, and what to do for it.
#[derive(Debug, Clone)]
pub struct PreparedApp {
    /// As it is to be; with an id of its own when it is new.
    pub app: App,
    /// As it is; `None` when it is new.
    pub stored: Option<App>,
    /// The connection as it is to be.
    pub connection: Option<Connection>,
    /// The connection as it is.
    pub stored_connection: Option<Connection>,
    /// The token to store.
    pub token: Option<Secret>,
    /// What to do; empty when everything is so already.
    pub steps: Vec<Step>,
}

/// A whole file, prepared.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The apps in the file's order.
    pub apps: Vec<PreparedApp>,
}

/// Looks everything up and checks it. An error names its app, and nothing has been changed then.
pub async fn prepare(server: &Server, file: &ConfigFile, tokens: &Tokens) -> Result<Prepared, ConfigError> {
    for name in tokens.keys() {
        if !file.apps.iter().any(|app| same_name(&app.name, name)) {
            return Err(ConfigError::Invalid(format!("there is a token for the app \"{name}\", which is not in the file")));
        }
    }
    let mut apps = Vec::with_capacity(file.apps.len());
    for entry in &file.apps {
        let token = tokens.iter().find(|(name, _)| same_name(&entry.name, name)).map(|(_, token)| token);
        apps.push(prepare_app(server, entry, token).await.map_err(|error| error.in_app(&entry.name))?);
    }
    Ok(Prepared { apps })
}

fn same_name(a: &str, b: &str) -> bool {
    a.trim().to_lowercase() == b.trim().to_lowercase()
}

async fn prepare_app(server: &Server, entry: &AppEntry, token: Option<&Secret>) -> Result<PreparedApp, ConfigError> {
    let store = &server.store;
    let stored = apps::list(store).await?.into_iter().find(|app| same_name(&app.name, &entry.name));
    let mut app = match &stored {
        Some(app) => app.clone(),
        None => new_app(server, entry)?,
    };
    if let Some(catalogue) = entry.catalogue.as_ref().filter(|catalogue| **catalogue != app.catalogue) {
        return Err(ConfigError::Invalid(format!(
            "it is an app of the catalogue's \"{}\", which cannot become \"{catalogue}\": give the new one another name",
            app.catalogue
        )));
    }
    let mut steps = Vec::new();
    if stored.is_none() {
        steps.push(Step::AddApp);
    }
    if entry.sso.is_some() && entry.sso != app.sso {
        app.sso.clone_from(&entry.sso);
        steps.push(Step::SetSso);
    }
    if let Some(access) = &entry.access {
        let access = resolve_access(store, access).await?;
        if access != app.access {
            app.access = access;
            steps.push(Step::SetAccess);
        }
    }
    let stored_connection = match &stored {
        Some(app) => connections::of_app(store, app.id).await?,
        None => None,
    };
    let mut prepared = PreparedApp { app, stored, connection: stored_connection.clone(), stored_connection, token: None, steps };
    if let Some(autoprovisioning) = &entry.autoprovisioning {
        prepare_connection(server, &mut prepared, autoprovisioning, token).await?;
    }
    Ok(prepared)
}

fn new_app(server: &Server, entry: &AppEntry) -> Result<App, ConfigError> {
    let known = || catalogue().iter().map(|profile| profile.key.as_str()).collect::<Vec<_>>().join(", ");
    let Some(key) = &entry.catalogue else {
        return Err(ConfigError::Invalid(format!("it is a new app, and its catalogue is missing: choose one of {}", known())));
    };
    if profile(key).is_none() {
        return Err(ConfigError::Invalid(format!("the catalogue has no \"{key}\": choose one of {}", known())));
    }
    Ok(App {
        id: server.store.id(),
        name: entry.name.trim().to_owned(),
        catalogue: key.clone(),
        sso: None,
        access: Access::default(),
        revision: 1,
    })
}

async fn prepare_connection(
    server: &Server,
    prepared: &mut PreparedApp,
    entry: &AutoprovisioningEntry,
    token: Option<&Secret>,
) -> Result<(), ConfigError> {
    let parts = Parts::of_entry(entry);
    let connection = match prepared.stored_connection.clone() {
        Some(old) => edited(server, prepared, &old, parts, token).await?,
        None => configured(server, prepared, parts, token).await?,
    };
    refuse_shared_endpoint(server, &connection).await?;
    let status = entry.status.unwrap_or(connection.status);
    match (connection.status, status) {
        (ConnectionStatus::Inactive, ConnectionStatus::Active) => prepared.steps.push(Step::TurnOn),
        (ConnectionStatus::Active, ConnectionStatus::Inactive) => prepared.steps.insert(0, Step::TurnOff),
        (ConnectionStatus::Active, ConnectionStatus::Active) | (ConnectionStatus::Inactive, ConnectionStatus::Inactive) => {}
    }
    prepared.connection = Some(Connection { status, ..connection });
    Ok(())
}

async fn configured(
    server: &Server,
    prepared: &mut PreparedApp,
    parts: Parts,
    token: Option<&Secret>,
) -> Result<Connection, ConfigError> {
    let app = &prepared.app;
    let profile =
        profile(&app.catalogue).ok_or_else(|| StoreError::Corrupt(format!("the catalogue has no app \"{}\"", app.catalogue)))?;
    if app.sso.is_none() {
        return Err(ConfigError::Invalid("single sign-on is not set up: put its acs_url and entity_id under sso".to_owned()));
    }
    let config = parts.over(server, profile, None).await?;
    let Some(token) = token else {
        return Err(ConfigError::Invalid(
            "there is no access token: put token_file or token_env under autoprovisioning".to_owned(),
        ));
    };
    prepared.token = Some(token.clone());
    let (id, app_id) = (server.store.id(), app.id);
    prepared.steps.push(Step::Configure);
    Ok(Connection { id, app_id, profile, config, status: ConnectionStatus::Inactive, halt: None, revision: 1 })
}

async fn edited(
    server: &Server,
    prepared: &mut PreparedApp,
    old: &Connection,
    parts: Parts,
    token: Option<&Secret>,
) -> Result<Connection, ConfigError> {
    let config = parts.over(server, old.profile, Some(&old.config)).await?;
    let proposed = connections::previewed(&server.store, old, config, false).await?;
    let changed = changed_parts(&old.config, &proposed.config);
    if !changed.is_empty() {
        prepared.steps.push(Step::Edit(changed));
    }
    let moved = connections::origin(&proposed.config.endpoint) != connections::origin(&old.config.endpoint);
    match token {
        None if moved => {
            return Err(ConfigError::Invalid(
                "the endpoint moves to another host, and the stored token is not sent there: put the new host's token under \
                 token_file or token_env"
                    .to_owned(),
            ));
        }
        None => {}
        Some(token) => {
            // A stored token that cannot be opened any more is as good as another one.
            let stored = connections::credential(&server.store, old.id).await.ok().flatten();
            if moved || stored.is_none_or(|stored| stored.expose() != token.expose().trim()) {
                prepared.token = Some(token.clone());
                prepared.steps.push(Step::Reauthorize);
            }
        }
    }
    Ok(proposed)
}

/// The names of the parts that differ.
pub(super) fn changed_parts(old: &ConnectionConfig, new: &ConnectionConfig) -> Vec<&'static str> {
    let parts = [
        ("endpoint", old.endpoint != new.endpoint),
        ("mapping", old.mapping != new.mapping),
        ("scope", old.scope != new.scope),
        ("secondary_domains", old.secondary_domains != new.secondary_domains),
        ("archived", old.archived != new.archived),
        ("deprovisioning", old.deprovisioning != new.deprovisioning),
        ("within_24_hours_delete", old.within_24_hours_delete != new.within_24_hours_delete),
        ("guard", old.limits != new.limits),
        ("removal_quiet", old.removal_quiet != new.removal_quiet),
        ("drift", old.drift != new.drift),
    ];
    parts.into_iter().filter(|(_, changed)| *changed).map(|(name, _)| name).collect()
}

async fn refuse_shared_endpoint(server: &Server, connection: &Connection) -> Result<(), ConfigError> {
    let key = |connection: &Connection| connections::normalized_endpoint(&connection.config.endpoint);
    let others = connections::list(&server.store).await?;
    if others.iter().any(|other| other.id != connection.id && key(other) == key(connection)) {
        return Err(ConfigError::Invalid(format!(
            "another app is connected to {} already, and two connections would fight over its accounts",
            connection.config.endpoint
        )));
    }
    Ok(())
}
