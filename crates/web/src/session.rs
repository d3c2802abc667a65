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

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::header::COOKIE;
    use provost_db::{Location, Migration};

    const NOW: i64 = 1_795_449_720_000_000;

    async fn db() -> Db {
        Db::open(&Location::Memory, &[Migration { version: 1, name: "sessions", sql: SESSION_MIGRATION_SQL }]).await.unwrap()
    }

    /// What a browser sends after it was given these cookies.
    fn sent_back(cookies: &[&SetCookie]) -> HeaderMap {
        let pairs: Vec<&str> = cookies.iter().map(|cookie| cookie.value().to_str().unwrap().split(';').next().unwrap()).collect();
        HeaderMap::from_iter([(COOKIE, pairs.join("; ").parse().unwrap())])
    }

    async fn subject(sessions: &Sessions, headers: &HeaderMap, now: i64) -> Option<String> {
        sessions.current_at(headers, now).await.unwrap().map(|session| session.subject)
    }

    #[tokio::test]
    async fn a_session_is_known_by_its_cookie_only() {
        let sessions = Sessions::new(db().await, "console");
        let cookie = sessions.start_at("7", NOW).await.unwrap();
        assert_eq!(subject(&sessions, &sent_back(&[&cookie]), NOW).await.as_deref(), Some("7"));
        for text in ["console=", "console=x", "other=x", ""] {
            let headers = HeaderMap::from_iter([(COOKIE, text.parse().unwrap())]);
            assert_eq!(subject(&sessions, &headers, NOW).await, None, "{text}");
        }
        assert_eq!(subject(&sessions, &HeaderMap::new(), NOW).await, None);
    }

    #[tokio::test]
    async fn the_database_holds_no_cookie() {
        let sessions = Sessions::new(db().await, "console");
        let cookie = sessions.start_at("7", NOW).await.unwrap();
        let text = cookie.value().to_str().unwrap();
        let token = text.split(['=', ';']).nth(1).unwrap();
        assert_eq!(token.len(), COOKIE_CHARACTERS);
        let row = sessions.db.read(Query::new("SELECT token_hash, subject, csrf FROM web_session", [])).await.unwrap().remove(0);
        assert_eq!(row.get::<Vec<u8>>(0).unwrap(), token_hash(token));
        assert!(row.get::<String>(1).unwrap() != token && row.get::<String>(2).unwrap() != token);
    }

    #[tokio::test]
    async fn it_ends_after_30_minutes_of_silence_and_not_before() {
        let sessions = Sessions::new(db().await, "console");
        let cookie = sent_back(&[&sessions.start_at("7", NOW).await.unwrap()]);
        let mut now = NOW;
        for _ in 0..4 {
            now += IDLE_MICROS_MAX;
            assert!(subject(&sessions, &cookie, now).await.is_some());
        }
        assert_eq!(subject(&sessions, &cookie, now + IDLE_MICROS_MAX + 1).await, None);
    }

    #[tokio::test]
    async fn it_ends_after_12_hours_however_busy_and_not_before() {
        let sessions = Sessions::new(db().await, "console");
        let cookie = sent_back(&[&sessions.start_at("7", NOW).await.unwrap()]);
        for quarter in 1..=48 {
            assert!(subject(&sessions, &cookie, NOW + quarter * 15 * MINUTE_MICROS).await.is_some(), "{quarter}");
        }
        assert_eq!(subject(&sessions, &cookie, NOW + LIFE_MICROS_MAX + 1).await, None);
    }

    #[tokio::test]
    async fn ending_ends_what_it_should_and_nothing_else() {
        let sessions = Sessions::new(db().await, "console");
        let mut headers = Vec::new();
        for who in ["7", "7", "7", "8"] {
            headers.push(sent_back(&[&sessions.start_at(who, NOW).await.unwrap()]));
        }
        let alive = async || {
            let mut alive = Vec::new();
            for headers in &headers {
                alive.push(subject(&sessions, headers, NOW).await.is_some());
            }
            alive
        };
        let gone = sessions.end(&headers[0]).await.unwrap();
        assert!(gone.value().to_str().unwrap().starts_with("console=; ") && gone.value().to_str().unwrap().contains("Max-Age=0"));
        assert_eq!(alive().await, [false, true, true, true]);
        sessions.end_others_of("7", &headers[1]).await.unwrap();
        assert_eq!(alive().await, [false, true, false, true]);
        sessions.end_all_of("7").await.unwrap();
        assert_eq!(alive().await, [false, false, false, true]);
    }

    #[tokio::test]
    async fn dead_sessions_are_forgotten_when_somebody_signs_in() {
        let sessions = Sessions::new(db().await, "console");
        sessions.start_at("7", NOW).await.unwrap();
        sessions.start_at("8", NOW + IDLE_MICROS_MAX + 1).await.unwrap();
        let rows = sessions.db.read(Query::new("SELECT subject FROM web_session", [])).await.unwrap();
        assert_eq!(rows, [Row(vec!["8".into()])]);
    }

    #[tokio::test]
    async fn two_listeners_on_one_host_do_not_evict_each_other() {
        let db = db().await;
        let (console, tenant) = (Sessions::new(db.clone(), "console"), Sessions::new(db, "tenant"));
        let (one, two) = (console.start_at("7", NOW).await.unwrap(), tenant.start_at("8", NOW).await.unwrap());
        let headers = sent_back(&[&one, &two]);
        assert_eq!(subject(&console, &headers, NOW).await.as_deref(), Some("7"));
        assert_eq!(subject(&tenant, &headers, NOW).await.as_deref(), Some("8"));
    }

    #[tokio::test]
    async fn cookies_are_closed_to_scripts_and_other_sites_and_secure_over_https_only() {
        let plain = Sessions::new(db().await, "console");
        let secure = plain.clone().over_https(true);
        let plain = plain.start_at("7", NOW).await.unwrap().value().to_str().unwrap().to_owned();
        let cookie = secure.start_at("7", NOW).await.unwrap();
        let text = cookie.value().to_str().unwrap();
        for attribute in ["; Path=/", "; HttpOnly", "; SameSite=Strict", "; Max-Age=43200"] {
            assert!(plain.contains(attribute) && text.contains(attribute), "{attribute}");
        }
        assert!(plain.starts_with("console=") && !plain.contains("Secure"), "{plain}");
        assert!(text.starts_with("__Host-console=") && text.ends_with("; Secure"), "{text}");
        assert!(subject(&secure, &sent_back(&[&cookie]), NOW).await.is_some());
    }
}
