//! The ceiling: what the same HTTP stack reaches on this machine when nothing is decided. Reading answers a text that is there
//! already; writing commits one row to a SQLite file as the tenant does, durably, and answers the same text.
//!
//! Writers come one after the other, a commit each: many connections that share commits can be above it.

use crate::operations::PAGE;
use crate::{rows, serve};
use anyhow::Context;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use rusqlite::Connection;
use serde_json::json;
use std::path::Path;
use std::sync::{Arc, Mutex};

struct Texts {
    user: Bytes,
    page: Bytes,
    kept: Mutex<Connection>,
}

/// Serves it.
pub(crate) async fn serve(data: &Path) -> anyhow::Result<()> {
    let connection = Connection::open(data.join("ceiling.db")).context("cannot make a database")?;
    connection.pragma_update(None, "journal_mode", "WAL").context("cannot make a database")?;
    connection.pragma_update(None, "synchronous", "FULL").context("cannot make a database")?;
    connection.execute_batch("CREATE TABLE kept (id INTEGER PRIMARY KEY, body TEXT)").context("cannot make a table")?;
    let user = rows::user(&rows::user_name(1), 1);
    let page = json!({ "totalResults": PAGE, "Resources": vec![&user; PAGE] });
    let texts = Texts { user: user.to_string().into(), page: page.to_string().into(), kept: Mutex::new(connection) };
    let router = Router::new().fallback(answer).with_state(Arc::new(texts));
    serve::until_parent_ends(router, "", None).await
}

async fn answer(State(texts): State<Arc<Texts>>, request: Request) -> Response {
    let is_page = request.uri().query().is_some_and(|query| query.contains("count="));
    let is_kept = request.method() == Method::GET || keep(&texts, request.into_body()).await.is_ok();
    let mut response = Response::new(Body::from(if is_page { texts.page.clone() } else { texts.user.clone() }));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/scim+json"));
    if !is_kept {
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    }
    response
}

async fn keep(texts: &Texts, body: Body) -> anyhow::Result<()> {
    axum::body::to_bytes(body, 1 << 16).await.context("the request broke off")?;
    let connection = texts.kept.lock().map_err(|_| anyhow::anyhow!("an earlier write ended badly"))?;
    let mut statement = connection.prepare_cached("INSERT INTO kept (body) VALUES (?1)").context("cannot write")?;
    statement.execute([std::str::from_utf8(&texts.user).context("not a text")?]).context("cannot write")?;
    Ok(())
}
