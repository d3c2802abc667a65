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

/// What is wrong with an endpoint and a token.
pub(super) struct Problem {
    /// In words.
    pub(super) text: String,
    /// Whether it is the token's fault for certain: the endpoint was read with it, and refuses to be written to. Anything else,
    /// a refused token among it, may as well be a wrong address: another tenant does not know the token.
    pub(super) of_token: bool,
}

/// Tries them; `None` when they will do.
pub(super) async fn problem(
    server: &Server,
    by: &Actor,
    app: AppId,
    endpoint: &str,
    token: &Secret,
) -> Result<Option<Problem>, StoreError> {
    let id = request_test(&server.store, by, app, endpoint, token).await?;
    let asked_at = Instant::now();
    loop {
        if let Some(result) = test_result(&server.store, id).await? {
            let will_do = result.ok && result.can_write != Some(false);
            let text = crate::console::frame::sentence(&result.message);
            return Ok((!will_do).then(|| Problem { text, of_token: result.can_write == Some(false) }));
        }
        if asked_at.elapsed() >= WAIT_MAX {
            let seconds = WAIT_MAX.as_secs();
            let text = format!(
                "The endpoint could not be tried: no answer came within {seconds} seconds. See that the server's engine runs and try again."
            );
            return Ok(Some(Problem { text, of_token: false }));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
