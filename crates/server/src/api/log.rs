//! The admin log.

use super::extract::Params;
use super::json::{Answer, instant, ok, page, page_limit, parse_instant};
use super::{Route, read};
use crate::Server;
use axum::extract::State;
use provost_store::apps::{self, connections};
use provost_store::directory::users;
use provost_store::log::{self, LogEntry, LogQuery, names};
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) fn routes() -> Vec<Route> {
    vec![read("/log", list)]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListParams {
    name: Option<String>,
    app: Option<String>,
    user: Option<String>,
    from: Option<String>,
    to: Option<String>,
    after: Option<String>,
    limit: Option<usize>,
}

fn entry_json(entry: &LogEntry) -> Value {
    json!({
        "id": entry.id.to_string(),
        "at": instant(Some(entry.at)),
        "actor": entry.actor,
        "name": entry.name,
        "label": names::label(&entry.name),
        "user_id": entry.user_id,
        "user_email": entry.user_email,
        "app_id": entry.app_id,
        "connection_id": entry.connection_id,
        "detail": entry.detail,
    })
}

async fn list(State(server): State<Server>, Params(params): Params<ListParams>) -> Answer {
    let store = &server.store;
    let connection = match &params.app {
        Some(key) => Some(connections::required_of_app(store, apps::find(store, key).await?.id).await?.id),
        None => None,
    };
    let user = match &params.user {
        Some(key) => Some(match key.parse() {
            // The log also knows users whom the directory has forgotten.
            Ok(id) => id,
            Err(_) => users::find(store, key).await?.id,
        }),
        None => None,
    };
    let query = LogQuery {
        name: params.name,
        connection,
        user,
        from: params.from.as_deref().map(parse_instant).transpose()?,
        to: params.to.as_deref().map(parse_instant).transpose()?,
        after: params.after,
        limit: page_limit(params.limit),
    };
    ok(page(log::list(store, &query).await?, |entry| entry_json(&entry)))
}
