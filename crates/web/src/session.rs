//! Sessions of signed-in administrators: a random cookie, of which the database keeps only a hash.
//!
//! Sessions live in real time, whatever the clock of provisioning says. Who the subject is and what they may do is the
//! caller's matter: look the subject up at every request, so that a disabled administrator is out at once.

use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponseParts, ResponseParts};
use axum_extra::extract::cookie::CookieJar;
use provost_db::{Batch, CommitError, Db, DbError, Query, Row, Value};
use provost_platform::{Clock, random, token_hash};
use std::convert::Infallible;

/// The table of sessions; the database's owner puts it among the migrations.
pub const SESSION_MIGRATION_SQL: &str = "CREATE TABLE web_session (token_hash {blob} PRIMARY KEY, subject TEXT NOT NULL, \
     csrf TEXT NOT NULL, created_at BIGINT NOT NULL, seen_at BIGINT NOT NULL);
CREATE INDEX web_session_subject ON web_session (subject);";

const MINUTE_MICROS: i64 = 60_000_000;
const IDLE_MICROS_MAX: i64 = 30 * MINUTE_MICROS;
const LIFE_MICROS_MAX: i64 = 12 * 60 * MINUTE_MICROS;
/// `seen_at` is written at most this often: a page with live parts asks every two seconds.
const SEEN_MICROS: i64 = MINUTE_MICROS;
const COOKIE_CHARACTERS: usize = 43;

/// The sessions of one listener.
#[derive(Clone, Debug)]
pub struct Sessions {
    db: Db,
    cookie_name: &'static str,
    secure: bool,
}

/// A session that is alive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Who: what was given to [`Sessions::start`].
    pub subject: String,
    /// A random text that only this session's pages know.
    pub csrf: String,
    /// When it began, in microseconds.
    pub created_at: i64,
}

/// A `Set-Cookie` header: put it into the answer's tuple, `(cookie, see_other("/"))`.
#[derive(Clone, Debug)]
pub struct SetCookie(HeaderValue);

impl SetCookie {
    /// The header's value.
    pub fn value(&self) -> &HeaderValue {
        &self.0
    }
}

impl IntoResponseParts for SetCookie {
    type Error = Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        parts.headers_mut().append(SET_COOKIE, self.0);
        Ok(parts)
    }
}

impl Sessions {
    /// Sessions over plain http. `cookie_name` must differ between listeners: cookies do not know ports.
    pub fn new(db: Db, cookie_name: &'static str) -> Self {
        Self { db, cookie_name, secure: false }
    }

    /// For a listener that is reached over https only: the cookie is `Secure` and its name begins with `__Host-`.
    #[must_use]
    pub fn over_https(self, secure: bool) -> Self {
        Self { secure, ..self }
    }

    /// Begins a session after a successful sign-in. Sessions that have run out, anybody's, are forgotten on the way.
    pub async fn start(&self, subject: &str) -> Result<SetCookie, DbError> {
        self.start_at(subject, Clock::system().now_micros()).await
    }

    /// The session that the request's cookie names, if it is alive: used within 30 minutes, begun within 12 hours.
    pub async fn current(&self, headers: &HeaderMap) -> Result<Option<Session>, DbError> {
        self.current_at(headers, Clock::system().now_micros()).await
    }

    /// Ends the session that the request's cookie names; the answer removes the cookie.
    pub async fn end(&self, headers: &HeaderMap) -> Result<SetCookie, DbError> {
        if let Some(hash) = self.cookie_hash(headers) {
            self.run("DELETE FROM web_session WHERE token_hash = $1", vec![hash.into()]).await?;
        }
        Ok(self.cookie("", 0))
    }

    /// Ends every session of the subject, after a changed password or a disabled account.
    pub async fn end_all_of(&self, subject: &str) -> Result<(), DbError> {
        self.run("DELETE FROM web_session WHERE subject = $1", vec![subject.into()]).await
    }

    /// Ends every session of the subject but the one of this request.
    pub async fn end_others_of(&self, subject: &str, headers: &HeaderMap) -> Result<(), DbError> {
        let kept = self.cookie_hash(headers).unwrap_or_default();
        self.run("DELETE FROM web_session WHERE subject = $1 AND token_hash <> $2", vec![subject.into(), kept.into()]).await
    }

    async fn start_at(&self, subject: &str, now: i64) -> Result<SetCookie, DbError> {
        let token = random::base62(COOKIE_CHARACTERS);
        let mut batch = Batch::new();
        batch.run(
            "DELETE FROM web_session WHERE created_at < $1 OR seen_at < $2",
            [Value::from(now - LIFE_MICROS_MAX), Value::from(now - IDLE_MICROS_MAX)],
        );
        batch.run(
            "INSERT INTO web_session (token_hash, subject, csrf, created_at, seen_at) VALUES ($1, $2, $3, $4, $4)",
            [token_hash(&token).into(), subject.into(), random::base62(COOKIE_CHARACTERS).into(), now.into()],
        );
        self.db.commit(batch).await.map_err(as_db_error)?;
        Ok(self.cookie(&token, LIFE_MICROS_MAX / 1_000_000))
    }

    async fn current_at(&self, headers: &HeaderMap, now: i64) -> Result<Option<Session>, DbError> {
        let Some(hash) = self.cookie_hash(headers) else { return Ok(None) };
        let query = Query::new(
            "SELECT subject, csrf, created_at, seen_at FROM web_session WHERE token_hash = $1 AND created_at >= $2 AND seen_at >= $3",
            [hash.clone().into(), Value::from(now - LIFE_MICROS_MAX), Value::from(now - IDLE_MICROS_MAX)],
        );
        let Some(row) = self.db.read(query).await?.into_iter().next() else { return Ok(None) };
        let session = from_row(&row)?;
        if now - row.get::<i64>(3)? >= SEEN_MICROS {
            self.run("UPDATE web_session SET seen_at = $1 WHERE token_hash = $2", vec![now.into(), hash.into()]).await?;
        }
        Ok(Some(session))
    }

    async fn run(&self, sql: &'static str, params: Vec<Value>) -> Result<(), DbError> {
        let mut batch = Batch::new();
        batch.run(sql, params);
        self.db.commit(batch).await.map(drop).map_err(as_db_error)
    }

    fn cookie_hash(&self, headers: &HeaderMap) -> Option<Vec<u8>> {
        let jar = CookieJar::from_headers(headers);
        jar.get(&self.full_name()).map(|cookie| token_hash(cookie.value()))
    }

    fn full_name(&self) -> String {
        // The prefix makes browsers refuse the cookie from any other host and over plain http (RFC 6265bis, 4.1.3.2).
        if self.secure { format!("__Host-{}", self.cookie_name) } else { self.cookie_name.to_owned() }
    }

    fn cookie(&self, token: &str, life_seconds: i64) -> SetCookie {
        let secure = if self.secure { "; Secure" } else { "" };
        let text = format!("{}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={life_seconds}{secure}", self.full_name());
        SetCookie(HeaderValue::from_str(&text).expect("name and token are letters, digits, - and _"))
    }
}

fn from_row(row: &Row) -> Result<Session, DbError> {
    Ok(Session { subject: row.get(0)?, csrf: row.get(1)?, created_at: row.get(2)? })
}

/// No statement here carries an expectation, and the key is random: what is left is the database itself.
fn as_db_error(error: CommitError) -> DbError {
    match error {
        CommitError::Db(error) => error,
        conflict @ (CommitError::Conflict { .. } | CommitError::Unique { .. }) => DbError::Engine(conflict.to_string()),
    }
}
