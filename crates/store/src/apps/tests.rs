//! Tests of an endpoint and its token: the pages write a row, the engine sends the requests and answers it.
//!
//! The token stands sealed in the row until the test is answered, and is then erased.

use super::events::event;
use crate::log::names;
use crate::{Actor, Store, StoreError};
use provost_core::app::{Announced, Profile, profile};
use provost_core::ids::AppId;
use provost_core::time::{Span, Timestamp};
use provost_db::{Batch, Query, Row};
use provost_platform::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Tests older than this are forgotten when the next one is asked for.
const KEPT: Span = Span::days(1);

/// What came of a test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TestResult {
    /// Whether the endpoint answered and took the token, with everything that is needed.
    pub ok: bool,
    /// What the administrator reads: what was found, and what to do when it is not enough.
    pub message: String,
    /// What the write probe found; `None` when it was not reached or could not tell.
    pub can_write: Option<bool>,
    /// What the app announces of itself, where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announced: Option<Announced>,
}

/// A test that waits for the engine.
#[derive(Debug, Clone)]
pub struct PendingTest {
    /// The row.
    pub id: i64,
    /// The app it is for.
    pub app_id: AppId,
    /// What is known of the app.
    pub profile: &'static Profile,
    /// The SCIM base URL.
    pub endpoint: String,
    /// The token to try.
    pub token: Secret,
}

/// Asks the engine to try an endpoint and a token; returns the test's id.
pub async fn request_test(store: &Store, by: &Actor, app: AppId, endpoint: &str, token: &Secret) -> Result<i64, StoreError> {
    let app = super::get(store, app).await?;
    let id = store.id::<()>().get();
    let now = store.now();
    let mut batch = Batch::new();
    batch.run("DELETE FROM connection_test WHERE requested_at < $1", [(now - KEPT).0.into()]);
    batch.run(
        "INSERT INTO connection_test (id, app_id, catalogue, endpoint, credential, requested_at) VALUES ($1, $2, $3, $4, $5, $6)",
        [
            id.into(),
            app.id.get().into(),
            app.catalogue.as_str().into(),
            endpoint.trim().trim_end_matches('/').into(),
            store.sealer.seal(&bound_to(id), token).into(),
            now.0.into(),
        ],
    );
    let detail = json!({ "APPLICATION_NAME": app.name, "endpoint": endpoint.trim() });
    crate::log::append(&mut batch, store, by, now, event(names::AUTO_PROV_TEST_CONNECTION, app.id, None, detail));
    store.db.commit(batch).await?;
    store.wake();
    Ok(id)
}

/// Tests that wait for the engine, oldest first. One whose token cannot be opened any more is answered here.
pub async fn pending_tests(store: &Store) -> Result<Vec<PendingTest>, StoreError> {
    let sql =
        "SELECT id, app_id, catalogue, endpoint, credential FROM connection_test WHERE answered_at IS NULL ORDER BY id LIMIT 100";
    let mut pending = Vec::new();
    for row in store.db.read(Query::new(sql, [])).await? {
        let id: i64 = row.get(0)?;
        let sealed: Option<String> = row.get(4)?;
        if let Some(token) = sealed.and_then(|sealed| store.sealer.open(&bound_to(id), &sealed).ok()) {
            pending.push(pending_test(&row, id, token)?);
        } else {
            let message = "the token could not be opened with the present key: enter it again".to_owned();
            answer_test(store, id, &TestResult { ok: false, message, can_write: None, announced: None }).await?;
        }
    }
    Ok(pending)
}

/// Records what came of a test, and erases its token. A test that was answered already keeps its first answer.
pub async fn answer_test(store: &Store, id: i64, result: &TestResult) -> Result<(), StoreError> {
    let mut batch = Batch::new();
    batch.run(
        "UPDATE connection_test SET result = $2, answered_at = $3, credential = NULL WHERE id = $1 AND answered_at IS NULL",
        [id.into(), serde_json::to_string(result)?.into(), store.now().0.into()],
    );
    store.db.commit(batch).await?;
    Ok(())
}

/// What came of a test; `None` while the engine has not answered.
pub async fn test_result(store: &Store, id: i64) -> Result<Option<TestResult>, StoreError> {
    let rows = store.db.read(Query::new("SELECT result FROM connection_test WHERE id = $1", [id.into()])).await?;
    let row = rows.first().ok_or_else(|| StoreError::NotFound { what: "connection test", key: id.to_string() })?;
    Ok(row.get::<Option<String>>(0)?.map(|json| serde_json::from_str(&json)).transpose()?)
}

/// When the oldest waiting test was asked for, so that a page can say that no engine is running.
pub async fn waiting_since(store: &Store) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT min(requested_at) FROM connection_test WHERE answered_at IS NULL";
    let rows = store.db.read(Query::new(sql, [])).await?;
    let since: Option<i64> = rows.first().map(|row| row.get(0)).transpose()?.flatten();
    Ok(since.map(Timestamp))
}

fn pending_test(row: &Row, id: i64, token: Secret) -> Result<PendingTest, StoreError> {
    let catalogue: String = row.get(2)?;
    Ok(PendingTest {
        id,
        app_id: AppId::new(row.get(1)?),
        profile: profile(&catalogue).ok_or_else(|| StoreError::Corrupt(format!("the catalogue has no app \"{catalogue}\"")))?,
        endpoint: row.get(3)?,
        token,
    })
}

fn bound_to(id: i64) -> String {
    format!("connection_test:{id}:credential")
}
