//! Trying an endpoint and a token: the row is written here, the engine sends the requests.

use crate::Server;
use provost_core::ids::AppId;
use provost_platform::Secret;
use provost_store::apps::tests::{request_test, test_result};
use provost_store::{Actor, StoreError};
use std::time::{Duration, Instant};

/// How long the answer is waited for.
const WAIT_MAX: Duration = Duration::from_secs(35);

/// How often it is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What is wrong with an endpoint and a token, in words; `None` when they will do.
pub(super) async fn problem(
    server: &Server,
    by: &Actor,
    app: AppId,
    endpoint: &str,
    token: &Secret,
) -> Result<Option<String>, StoreError> {
    let id = request_test(&server.store, by, app, endpoint, token).await?;
    let asked_at = Instant::now();
    loop {
        if let Some(result) = test_result(&server.store, id).await? {
            let will_do = result.ok && result.can_write != Some(false);
            return Ok((!will_do).then(|| crate::console::frame::sentence(&result.message)));
        }
        if asked_at.elapsed() >= WAIT_MAX {
            let seconds = WAIT_MAX.as_secs();
            return Ok(Some(format!(
                "The endpoint could not be tried: no answer came within {seconds} seconds. See that the server's engine runs and try again."
            )));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// The token as it was pasted, or what is wrong with it.
pub(super) fn pasted(text: &str) -> Result<Secret, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("Enter the access token.".to_owned());
    }
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err("The access token has spaces or line breaks in it: paste the token alone.".to_owned());
    }
    Ok(Secret::new(text))
}
