//! The SCIM client: one request at a time, to one endpoint, with one token.
//!
//! It knows how requests are written and how answers are read. It neither retries nor decides.

mod answer;
mod request;

pub(crate) use answer::Answer;

use crate::gate::Gate;
use crate::pacer::{Pacer, Patience};
use provost_core::app::{Halt, HaltReason, Profile, RequestKind};
use provost_core::provisioning::OperationKind;
use provost_core::time::{Span, Timestamp};
use provost_platform::{Clock, HttpClient, HttpError, HttpResponse, Method, Secret};
use serde_json::{Map, Value};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

/// How long one request may take, from connecting to the last byte.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a request may wait for its turn. Longer than this, what was decided is decided anew instead.
const PATIENCE: Patience = Patience { pace: Duration::from_secs(30), places: None };

/// How long an operation that was begun ahead may wait for a place: less than what is ahead takes, unless the app has become slow.
const PATIENCE_WITH_PLACES: Duration = Duration::from_secs(1);

/// One request and its answer, for the log: never a header, never a token.
#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    /// GET, POST, …
    pub(crate) method: &'static str,
    /// Behind the endpoint, query included.
    pub(crate) path: String,
    /// The body that was sent.
    pub(crate) body: Option<Value>,
    /// `None` when there was no answer.
    pub(crate) status: Option<u16>,
    /// From sending to the last byte.
    pub(crate) milliseconds: u64,
}

impl Exchange {
    /// As the log shows it.
    pub(crate) fn into_json(self) -> Value {
        let mut shown = Map::new();
        shown.insert("method".to_owned(), self.method.into());
        shown.insert("path".to_owned(), self.path.into());
        shown.extend(self.body.map(|body| ("body".to_owned(), body)));
        shown.insert("status".to_owned(), self.status.into());
        shown.insert("milliseconds".to_owned(), self.milliseconds.into());
        Value::Object(shown)
    }
}

/// Why a request was not answered.
#[derive(Debug, Clone)]
pub(crate) enum NoAnswer {
    /// The gate was closed, or its turn did not come: nothing was sent.
    Closed,
    /// Nothing was sent.
    NotSent(String),
    /// It may have been sent.
    Lost(String),
}

impl NoAnswer {
    /// For people.
    pub(crate) fn words(self) -> String {
        match self {
            Self::Closed => "stopped before the request".to_owned(),
            Self::NotSent(message) | Self::Lost(message) => message,
        }
    }
}

/// An endpoint and what is needed to speak to it. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) http: HttpClient,
    pub(crate) endpoint: String,
    pub(crate) token: Secret,
    pub(crate) profile: &'static Profile,
    pub(crate) gate: Gate,
    pub(crate) clock: Clock,
    pacer: Pacer,
    patience: Patience,
    /// The account's version that a change was decided on (RFC 7644 section 3.14).
    version: Option<String>,
    exchanges: Arc<Mutex<Vec<Exchange>>>,
    /// By how much the app's clock is ahead of the machine's, as its last answer said; of all operations together.
    app_ahead: Arc<Mutex<Option<Span>>>,
}

impl Client {
    /// A client for `endpoint`, a SCIM base URL without a trailing slash.
    pub(crate) fn new(
        http: HttpClient,
        endpoint: &str,
        token: Secret,
        profile: &'static Profile,
        gate: Gate,
        pacer: Pacer,
        clock: Clock,
    ) -> Self {
        let endpoint = endpoint.trim_end_matches('/').to_owned();
        Self {
            http,
            endpoint,
            token,
            profile,
            gate,
            clock,
            pacer,
            patience: PATIENCE,
            version: None,
            exchanges: Arc::default(),
            app_ahead: Arc::default(),
        }
    }

    /// The same client with an empty list of exchanges, for one operation. A removal goes at once or is decided anew, so
    /// that none is sent for somebody who came back while it waited for its turn.
    pub(crate) fn for_operation(&self, operation: OperationKind) -> Self {
        let patience = match operation {
            OperationKind::Suspend | OperationKind::HardDelete => Patience { pace: Duration::ZERO, places: Some(Duration::ZERO) },
            OperationKind::LookUp | OperationKind::Create | OperationKind::Update | OperationKind::Restore => {
                Patience { places: Some(PATIENCE_WITH_PLACES), ..PATIENCE }
            }
        };
        Self { patience, ..self.aside() }
    }

    /// The same client with an empty list of exchanges, for what is asked beside the operations and takes none of their places.
    pub(crate) fn aside(&self) -> Self {
        Self { exchanges: Arc::default(), patience: PATIENCE, version: None, ..self.clone() }
    }

    /// The same client for an app that was learned to be so.
    pub(crate) fn with_profile(self, profile: &'static Profile) -> Self {
        Self { profile, ..self }
    }

    /// The same client for a change that was decided on this version of the account, where the app has versions.
    pub(crate) fn on_version(self, version: Option<&String>) -> Self {
        let version = version.filter(|_| self.profile.etags).cloned();
        Self { version, ..self }
    }

    /// The exchanges since [`Self::for_operation`] or [`Self::aside`], oldest first.
    pub(crate) fn take_exchanges(&self) -> Vec<Exchange> {
        std::mem::take(&mut *self.exchanges.lock().expect("nothing panics while it holds the list of exchanges"))
    }

    /// By how much the app's clock is ahead of this machine's, as its last answer said.
    pub(crate) fn app_ahead(&self) -> Option<Span> {
        *self.app_ahead.lock().expect("nothing panics while it holds a difference of clocks")
    }

    /// RFC 9110 section 6.6.1. An adjustable clock is compared without what it was moved by.
    fn note_date(&self, response: &HttpResponse) {
        let Some(date) = response.header("date").and_then(answer::http_date) else { return };
        let here = self.clock.now_micros() - self.clock.offset_micros();
        *self.app_ahead.lock().expect("nothing panics while it holds a difference of clocks") = Some(Span(date.0 - here));
    }

    /// Whether it is for a change that was decided on a known version.
    pub(crate) const fn has_version(&self) -> bool {
        self.version.is_some()
    }

    /// `GET /ServiceProviderConfig`.
    pub(crate) async fn announcement(&self) -> Result<Answer, NoAnswer> {
        self.send(Method::Get, "/ServiceProviderConfig".to_owned(), None).await
    }

    /// `POST /Users`.
    pub(crate) async fn create(&self, body: &Map<String, Value>) -> Result<Answer, NoAnswer> {
        self.send(Method::Post, "/Users".to_owned(), Some(request::user(body, self.profile))).await
    }

    /// `GET /Users/{id}`.
    pub(crate) async fn get(&self, remote_id: &str) -> Result<Answer, NoAnswer> {
        self.send(Method::Get, request::user_path(remote_id), None).await
    }

    /// `GET /Users?filter=…`: all accounts whose matching attribute is `value`.
    pub(crate) async fn search(&self, value: &str) -> Result<Answer, NoAnswer> {
        self.send(Method::Get, request::search_path(&self.profile.matching, value), None).await
    }

    /// `GET /Users?startIndex=…&count=…`.
    pub(crate) async fn list(&self, start_index: u64, count: u32) -> Result<Answer, NoAnswer> {
        self.send(Method::Get, format!("/Users?startIndex={start_index}&count={count}"), None).await
    }

    /// `GET /Users?cursor=…&count=…` (RFC 9865).
    pub(crate) async fn list_from(&self, cursor: &str, count: u32) -> Result<Answer, NoAnswer> {
        self.send(Method::Get, request::cursor_path(cursor, count), None).await
    }

    /// `PATCH /Users/{id}`.
    pub(crate) async fn patch(&self, remote_id: &str, patch: &provost_scim::PatchRequest) -> Result<Answer, NoAnswer> {
        self.send(Method::Patch, request::user_path(remote_id), Some(request::patch(patch))).await
    }

    /// `PUT /Users/{id}` with the whole body.
    pub(crate) async fn replace(&self, remote_id: &str, body: &Map<String, Value>) -> Result<Answer, NoAnswer> {
        self.send(Method::Put, request::user_path(remote_id), Some(request::user(body, self.profile))).await
    }

    /// `DELETE /Users/{id}`.
    pub(crate) async fn delete(&self, remote_id: &str) -> Result<Answer, NoAnswer> {
        self.send(Method::Delete, request::user_path(remote_id), None).await
    }

    async fn send(&self, method: Method, path: String, body: Option<Value>) -> Result<Answer, NoAnswer> {
        let kind = if method == Method::Get { RequestKind::Read } else { RequestKind::Write };
        // The look at the gate comes last, so that nothing lies between it and the request.
        let Some(_turn) = self.pacer.permit(kind, self.patience, &self.gate).await else {
            return Err(NoAnswer::Closed);
        };
        let begun = Instant::now();
        if !self.gate.may_send().await {
            self.pacer.not_sent();
            return Err(NoAnswer::Closed);
        }
        let request = request::http(self, method, &path, body.as_ref(), REQUEST_TIMEOUT);
        let answer = self.http.send(request).await;
        let milliseconds = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let status = answer.as_ref().ok().map(|answer| answer.status);
        let exchange = Exchange { method: method.as_str(), path, body, status, milliseconds };
        self.exchanges.lock().expect("nothing panics while it holds the list of exchanges").push(exchange);
        match answer {
            Ok(response) => {
                self.note_date(&response);
                let now = Timestamp(self.clock.now_micros());
                let answer = Answer::read(&response, now);
                if answer.status == 401 {
                    let reason = HaltReason::NeedsReauthorization;
                    self.gate.refuse(&self.token, Halt { reason, message: answer.message.clone(), since: now });
                }
                self.pacer.answered(&answer::heard(&response, &answer, self.profile, now), begun);
                Ok(answer)
            }
            Err(error) => {
                self.pacer.not_answered(begun);
                Err(match error {
                    HttpError::NoAnswer { .. } | HttpError::TooLarge { .. } => NoAnswer::Lost(error.to_string()),
                    HttpError::Refused { .. } | HttpError::InvalidUrl { .. } | HttpError::AddressNotAllowed { .. } => {
                        NoAnswer::NotSent(error.to_string())
                    }
                })
            }
        }
    }
}
