//! One run against one server: sends requests, remembers what was made, and removes it.
//!
//! Everything that a POST to a resource endpoint or to `/Bulk` makes is remembered here, not by the checks, so that a check
//! that fails half-way leaves nothing behind.

use crate::announced::Announced;
use crate::answer::{Answer, Stop};
use crate::cast::Cast;
use crate::values::{at, items, member, patch, short, user, with};
use provost_platform::{HttpClient, HttpError, HttpRequest, Method, Secret};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::OnceCell;

/// The media type of RFC 7644 section 3.1.
pub(crate) const MEDIA_TYPE: &str = "application/scim+json";

/// Why something was not tried.
pub(crate) const STOPPED: &str = "the run was stopped";

/// One run against one server.
pub(crate) struct Session {
    pub announced: Announced,
    pub cast: OnceCell<Cast>,
    /// `conformance-RUN-`
    pub prefix: String,
    client: HttpClient,
    base: String,
    token: Secret,
    timeout: Duration,
    drawn: AtomicU64,
    gone: AtomicBool,
    stopped: AtomicBool,
    made: Mutex<Vec<String>>,
    last: Mutex<String>,
}

/// A request in the making.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
    token: Token,
}

#[derive(Debug, Clone)]
enum Token {
    Right,
    Missing,
    Other(String),
}

impl Request {
    pub(crate) fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), headers: Vec::new(), body: None, token: Token::Right }
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.raw(MEDIA_TYPE, body.to_string().into_bytes())
    }

    pub(crate) fn raw(mut self, media_type: &str, body: Vec<u8>) -> Self {
        self.body = Some(body);
        self.header("content-type", media_type)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without_token(mut self) -> Self {
        self.token = Token::Missing;
        self
    }

    pub(crate) fn with_token(mut self, token: &str) -> Self {
        self.token = Token::Other(token.to_owned());
        self
    }
}

impl Session {
    pub(crate) fn new(client: &HttpClient, base: &str, token: &Secret, run_name: &str, timeout: Duration) -> Self {
        Self {
            announced: Announced::read(&Value::Null, &Value::Null, &Value::Null),
            cast: OnceCell::new(),
            prefix: format!("conformance-{run_name}-"),
            client: client.clone(),
            base: base.trim_end_matches('/').to_owned(),
            token: token.clone(),
            timeout,
            drawn: AtomicU64::new(0),
            gone: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
            made: Mutex::new(Vec::new()),
            last: Mutex::new(String::new()),
        }
    }

    /// A name that nobody else has.
    pub(crate) fn name(&self) -> String {
        format!("{}{}", self.prefix, self.drawn.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// The last exchange, as evidence.
    pub(crate) fn last(&self) -> String {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the server has stopped taking connections.
    pub(crate) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }

    /// Sends no more requests but those that remove what was made.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Sends a request. That there is no answer is a failure of what is being tried.
    pub(crate) async fn send(&self, request: Request) -> Result<Answer, Stop> {
        if self.is_stopped() {
            return Err(Stop::Skipped(STOPPED.to_owned()));
        }
        let named = format!("{} {}", request.method, short(&request.path));
        self.try_send(request).await.map_err(|error| {
            if error.nothing_sent() {
                self.gone.store(true, Ordering::Relaxed);
            }
            Stop::Failed(format!("{named}: {}", short(&error.to_string())))
        })
    }

    /// Sends a request; an error is one of the transport.
    pub(crate) async fn try_send(&self, request: Request) -> Result<Answer, HttpError> {
        let named = format!("{} {}", request.method, short(&request.path));
        let mut headers = request.headers;
        headers.push(("accept".to_owned(), format!("{MEDIA_TYPE}, application/json")));
        match &request.token {
            Token::Right => headers.push(("authorization".to_owned(), format!("Bearer {}", self.token.expose()))),
            Token::Missing => {}
            Token::Other(token) => headers.push(("authorization".to_owned(), format!("Bearer {token}"))),
        }
        // A location is a whole URL, a path is relative to the base.
        let url = if request.path.starts_with("http") { request.path.clone() } else { format!("{}{}", self.base, request.path) };
        let sent = HttpRequest { method: request.method, url, headers, body: request.body, timeout: self.timeout };
        let answer = Answer::new(&named, self.client.send(sent).await?);
        self.remember(request.method, &request.path, &answer);
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&answer.said);
        Ok(answer)
    }

    fn remember(&self, method: Method, path: &str, answer: &Answer) {
        let plain = path.split('?').next().unwrap_or_default();
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        match method {
            Method::Post if plain == "/Bulk" => {
                let created = items(answer.get("Operations")).iter().filter(|done| {
                    member(done, "method").and_then(Value::as_str).is_some_and(|method| method.eq_ignore_ascii_case("POST"))
                });
                made.extend(created.filter_map(|done| self.relative(at(done, "location")?.as_str()?)));
            }
            Method::Post if (200..300).contains(&answer.status) && !plain.ends_with("/.search") => {
                made.extend(answer.get("id").and_then(Value::as_str).map(|id| format!("{plain}/{id}")));
            }
            Method::Delete if answer.status == 204 => made.retain(|path| path != plain),
            Method::Get | Method::Post | Method::Put | Method::Patch | Method::Delete => {}
        }
    }

    /// `/Users/1` of a location: its last two parts, so that a server behind another name is cleaned too.
    fn relative(&self, location: &str) -> Option<String> {
        let mut parts = location.trim_end_matches('/').rsplit('/');
        let (id, endpoint) = (parts.next()?, parts.next()?);
        let known = [Some(&self.announced.users), self.announced.groups.as_ref()];
        let path = format!("/{endpoint}");
        known.into_iter().flatten().any(|known| *known == path).then(|| format!("{path}/{id}"))
    }

    /// Keeps what was made so far, until [`Self::clean`] is called with it.
    pub(crate) fn take_made(&self) -> Vec<String> {
        std::mem::take(&mut *self.made.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Removes these, the last first; answers what would not go.
    pub(crate) async fn clean(&self, paths: Vec<String>) -> Vec<String> {
        let mut left = Vec::new();
        let evidence = self.last();
        for path in paths.into_iter().rev() {
            let answer = self.try_send(Request::new(Method::Delete, path.as_str()).header("if-match", "*")).await;
            if !answer.is_ok_and(|answer| matches!(answer.status, 200 | 202 | 204 | 404)) {
                left.push(path);
            }
        }
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = evidence;
        left
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Answer, Stop> {
        self.send(Request::new(Method::Get, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Answer, Stop> {
        self.send(Request::new(Method::Post, path).json(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Result<Answer, Stop> {
        self.send(Request::new(Method::Put, path).json(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, operations: Vec<Value>) -> Result<Answer, Stop> {
        self.send(Request::new(Method::Patch, path).json(&patch(operations))).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Result<Answer, Stop> {
        self.send(Request::new(Method::Delete, path)).await
    }

    /// The path of users.
    pub(crate) fn users(&self) -> &str {
        &self.announced.users
    }

    /// The path of groups. Requirements that use it need [`crate::Need::Groups`].
    pub(crate) fn groups(&self) -> &str {
        self.announced.groups.as_deref().unwrap_or("/Groups")
    }

    /// Creates a user from a body.
    pub(crate) async fn create(&self, body: &Value) -> Result<Answer, Stop> {
        self.post(self.users(), body).await?.is(&[201])
    }

    /// Creates a whole user; its path, and the answer.
    pub(crate) async fn make_user(&self) -> Result<(String, Answer), Stop> {
        self.make_user_with(json!({})).await
    }

    /// Creates a whole user with more attributes, or others.
    pub(crate) async fn make_user_with(&self, members: Value) -> Result<(String, Answer), Stop> {
        let answer = self.create(&with(user(&self.name()), members)).await?;
        let path = format!("{}/{}", self.users(), answer.text("id")?);
        Ok((path, answer))
    }

    /// Carries out a PATCH (200 or 204) and reads the resource afterwards.
    pub(crate) async fn patched(&self, path: &str, operations: Vec<Value>) -> Result<Answer, Stop> {
        let answer = self.patch(path, operations).await?.is(&[200, 204])?;
        let read = self.get(path).await?.is(&[200])?;
        // The PATCH is what is being tried, so it is the evidence.
        let read = read.after(&answer);
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&read.said);
        Ok(read)
    }
}

/// A value for a query.
pub(crate) fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}
