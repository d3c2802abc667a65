//! The failure list of a connection as a CSV file, the same from the console and from the API.

use axum::response::Response;
use provost_core::app::App;
use provost_core::ids::ConnectionId;
use provost_core::provisioning::{Account, Failure};
use provost_store::directory::PAGE_LIMIT_MAX;
use provost_store::{Store, StoreError, accounts};
use provost_web::csv_response;

/// Failures of a file at most.
const ROWS_MAX: usize = 100_000;

const HEAD: [&str; 9] =
    ["User", "User ID", "Operation", "Status", "Message", "Since", "Last attempt", "Attempts", "Next attempt"];

/// Everybody who fails now.
pub(crate) async fn failures_file(store: &Store, app: &App, connection: ConnectionId) -> Result<Response, StoreError> {
    let mut rows = Vec::new();
    let mut after = None;
    loop {
        let found = accounts::failures(store, connection, after, PAGE_LIMIT_MAX).await?;
        rows.extend(found.items.iter().filter_map(|account| Some(row(account, account.failure.as_ref()?))));
        after = found.next;
        if after.is_none() || rows.len() >= ROWS_MAX {
            return Ok(csv_response(&format!("{}-failures.csv", app.name), &HEAD, rows));
        }
    }
}

fn row(account: &Account, failure: &Failure) -> Vec<String> {
    vec![
        account.email.clone(),
        account.user_id.to_string(),
        failure.operation.word().to_owned(),
        failure.status.map_or_else(String::new, |status| status.to_string()),
        failure.message.clone(),
        failure.since.to_string(),
        failure.at.to_string(),
        failure.attempts.to_string(),
        failure.retry_at.map_or_else(String::new, |at| at.to_string()),
    ]
}
