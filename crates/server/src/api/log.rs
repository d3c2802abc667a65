//! The admin log.

use super::ProblemKind::{Invalid, NotFound};
use super::extract::{AsCsv, Params};
use super::json::{Answer, PageOrFile, page, page_limit, parse_instant};
use super::{Noun, read};
use crate::Server;
use crate::log_file::log_file;
use axum::extract::State;
use provost_core::ids::{AppId, ConnectionId, UserId};
use provost_core::time::Rfc3339;
use provost_store::apps::{self, connections};
use provost_store::directory::users;
use provost_store::log::{self, LogEntry, LogQuery, names};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(super) fn routes() -> Noun {
    Noun {
        name: "Log",
        about: "The admin log: everything that somebody has changed, and everything that was sent to an app.",
        routes: vec![
            read("/log", "List log events", list)
                .told("The newest first. With `Accept: text/csv` all that match, at most 50,000, as a file.")
                .refuses(&[NotFound, Invalid]),
        ],
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListParams {
    /// Only events of this name: `CREATE_USER`.
    name: Option<String>,
    /// Only events of this app, by its name or id.
    app: Option<String>,
    /// Only events of this user, by address or id; ids also of users whom the directory has forgotten.
    user: Option<String>,
    /// Only events from this instant on: RFC 3339, or a date.
    from: Option<String>,
    /// Only events before this instant.
    to: Option<String>,
    /// What the page before has said as `next`.
    after: Option<String>,
    /// Items on a page: 100 when left out, at most 1,000.
    limit: Option<usize>,
}

/// One event.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "LogEvent")]
struct EntryBody {
    /// Rises with time.
    id: String,
    /// When it was committed.
    at: Rfc3339,
    /// Who did it.
    actor: String,
    name: String,
    /// The name in words.
    label: String,
    /// The user it happened to; the id stays when the user is forgotten.
    user_id: Option<UserId>,
    /// Their address at that moment.
    user_email: Option<String>,
    app_id: Option<AppId>,
    connection_id: Option<ConnectionId>,
    /// Everything else, as the event has it.
    detail: Value,
}

fn entry_body(entry: LogEntry) -> EntryBody {
    EntryBody {
        id: entry.id.to_string(),
        at: Rfc3339(entry.at),
        label: names::label(&entry.name).to_owned(),
        actor: entry.actor,
        name: entry.name,
        user_id: entry.user_id,
        user_email: entry.user_email,
        app_id: entry.app_id,
        connection_id: entry.connection_id,
        detail: entry.detail,
    }
}

async fn list(
    State(server): State<Server>,
    Params(params): Params<ListParams>,
    AsCsv(as_csv): AsCsv,
) -> Answer<PageOrFile<EntryBody>> {
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
    if as_csv {
        return Ok(PageOrFile::File(log_file(store, Some(query)).await?));
    }
    Ok(PageOrFile::Page(page(log::list(store, &query).await?, entry_body)))
}
