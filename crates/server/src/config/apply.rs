//! Carrying out what was prepared, step by step, each in its own transaction. Every step can be repeated: a file that was
//! applied in part is applied again as a whole.

use super::{ConfigError, Prepared, PreparedApp, Step};
use crate::Server;
use provost_core::app::{App, Connection};
use provost_platform::Secret;
use provost_store::apps::{self, connections};
use provost_store::{Actor, StoreError};
use schemars::JsonSchema;
use serde::Serialize;

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Applied {
    /// Whether anything was changed.
    pub changed: bool,
    /// The apps of the file, in its order.
    pub apps: Vec<AppliedApp>,
}

/// What was done for one app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AppliedApp {
    /// The app's name.
    pub app: String,
    /// What was changed, in words; empty when everything was so already.
    pub done: Vec<String>,
}

/// Applies. Whether the plan was confirmed is asked before, not here. What was changed by somebody else since it was
/// prepared is refused, with the steps before it done.
pub async fn apply(server: &Server, by: &Actor, prepared: Prepared) -> Result<Applied, ConfigError> {
    let mut applied = Applied { changed: false, apps: Vec::new() };
    for prepared in prepared.apps {
        let name = prepared.app.name.clone();
        let done: Vec<String> = prepared.steps.iter().map(ToString::to_string).collect();
        applied.changed |= !done.is_empty();
        apply_app(server, by, prepared).await.map_err(|error| ConfigError::from(error).in_app(&name))?;
        applied.apps.push(AppliedApp { app: name, done });
    }
    Ok(applied)
}

async fn apply_app(server: &Server, by: &Actor, prepared: PreparedApp) -> Result<(), StoreError> {
    let store = &server.store;
    let mut app = prepared.stored;
    let mut connection = prepared.stored_connection;
    let wanted = prepared.app;
    let config = prepared.connection.map(|connection| connection.config);
    for step in prepared.steps {
        match step {
            Step::AddApp => app = Some(apps::create(store, by, &wanted.name, &wanted.catalogue).await?),
            Step::SetSso => {
                let App { id, revision, .. } = known(app.as_ref())?;
                app = Some(apps::set_sso(store, by, *id, Some(*revision), wanted.sso.clone()).await?);
            }
            Step::SetAccess => {
                let App { id, revision, .. } = known(app.as_ref())?;
                app = Some(apps::set_access(store, by, *id, Some(*revision), wanted.access.clone()).await?);
            }
            Step::Configure => {
                let config = known(config.as_ref())?.clone();
                connection = Some(
                    connections::configure(store, by, known(app.as_ref())?.id, config, token(prepared.token.as_ref())?).await?,
                );
            }
            Step::Edit(_) => {
                let Connection { id, revision, .. } = known(connection.as_ref())?;
                let config = known(config.as_ref())?.clone();
                connection = Some(connections::edit(store, by, *id, Some(*revision), config, false).await?);
            }
            Step::Reauthorize => {
                let id = known(connection.as_ref())?.id;
                connection = Some(connections::reauthorize(store, by, id, token(prepared.token.as_ref())?, None).await?);
            }
            Step::TurnOn => {
                let Connection { id, revision, .. } = known(connection.as_ref())?;
                connection = Some(connections::turn_on(store, by, *id, Some(*revision)).await?);
            }
            Step::TurnOff => connection = Some(connections::turn_off(store, by, known(connection.as_ref())?.id).await?),
        }
    }
    Ok(())
}

/// The steps are made so that what one needs is there; this says so instead of panicking.
fn known<T>(thing: Option<&T>) -> Result<&T, StoreError> {
    thing.ok_or_else(|| StoreError::Corrupt("a configuration step without what it works on".to_owned()))
}

fn token(token: Option<&Secret>) -> Result<&Secret, StoreError> {
    known(token)
}
