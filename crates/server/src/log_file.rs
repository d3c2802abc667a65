//! The admin log as a CSV file, the same from the console and from the API.

use axum::response::Response;
use provost_store::directory::PAGE_LIMIT_MAX;
use provost_store::log::{self, LogEntry, LogQuery, names};
use provost_store::{Store, StoreError};
use provost_web::csv_response;

/// A longer list is cut there: choose a shorter time.
const EVENTS_MAX: usize = 50_000;

const HEAD: [&str; 7] = ["Time", "Event", "Name", "User", "User ID", "By", "Detail"];

/// Every event that the query picks, from its `after` on, the newest first; without a query none.
pub(crate) async fn log_file(store: &Store, query: Option<LogQuery>) -> Result<Response, StoreError> {
    let mut rows = Vec::new();
    let mut following = query;
    while let Some(query) = following.take().filter(|_| rows.len() < EVENTS_MAX) {
        let page = log::list(store, &LogQuery { limit: PAGE_LIMIT_MAX, ..query.clone() }).await?;
        rows.extend(page.items.iter().map(row));
        following = page.next.map(|next| LogQuery { after: Some(next), ..query });
    }
    Ok(csv_response("admin-log-events.csv", &HEAD, rows))
}

fn row(entry: &LogEntry) -> Vec<String> {
    vec![
        entry.at.to_string(),
        names::label(&entry.name).to_owned(),
        entry.name.clone(),
        entry.user_email.clone().unwrap_or_default(),
        entry.user_id.map(|id| id.to_string()).unwrap_or_default(),
        entry.actor.clone(),
        entry.detail.to_string(),
    ]
}
