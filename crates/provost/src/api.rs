//! The management API as the verbs call it: over HTTP, or in this process on a data directory. One path for both.

use crate::Ended;
use crate::cli::Target;
use crate::data_dir::{self, DataDir};
use crate::output::{print_json, text};
use crate::serve::start_engine;
use anyhow::{Context, bail};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use futures_util::{Stream, StreamExt};
use provost_platform::{Clock, Secret};
use provost_server::Server;
use provost_server::access::Principal;
use provost_store::Store;
use serde_json::Value;
use std::path::Path;
use std::pin::Pin;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// The largest answer that is read as a whole.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The API, open for calls.
pub(crate) struct Api {
    way: Way,
}

enum Way {
    Http {
        client: reqwest::Client,
        base: String,
        key: Secret,
    },
    InProcess {
        router: Router,
        store: Store,
        target: Box<Target>,
        engine: Option<(CancellationToken, JoinHandle<()>)>,
        _data: Option<DataDir>,
    },
}

type Chunks = Pin<Box<dyn Stream<Item = anyhow::Result<Vec<u8>>> + Send>>;

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    chunks: Chunks,
}

/// A problem the API answered with (RFC 9457).
#[derive(Debug)]
pub(crate) struct Problem {
    /// The whole body.
    pub body: Value,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let detail = text(&self.body, "detail");
        let title = text(&self.body, "title");
        f.write_str(if detail.is_empty() { &title } else { &detail })
    }
}

impl std::error::Error for Problem {}

/// A command line that cannot be meant; ends with exit code 2, as the parser's own errors do.
#[derive(Debug)]
pub(crate) struct Usage(String);

impl Usage {
    /// With what, why and what to do.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

impl Api {
    /// Opens the server or the data directory that the command line names.
    pub(crate) async fn open(target: &Target) -> anyhow::Result<Self> {
        if let Some(server) = &target.server {
            return Self::open_server(target, server);
        }
        let data = DataDir::hold_existing(data_of(target)?)?;
        let store = data.open(None, Clock::system()).await?;
        Ok(Self::in_process(target, store, Some(data)))
    }

    /// The same without the lock of the data directory, for verbs that concern nothing an engine works on: who may come in.
    pub(crate) async fn open_beside(target: &Target) -> anyhow::Result<Self> {
        match &target.server {
            Some(server) => Self::open_server(target, server),
            None => Ok(Self::in_process(target, data_dir::open_beside(data_of(target)?).await?, None)),
        }
    }

    /// [`Self::open_beside`], which begins a new installation where there is none, and says so.
    pub(crate) async fn open_beside_or_make(target: &Target) -> anyhow::Result<Self> {
        match &target.server {
            Some(server) => Self::open_server(target, server),
            None => Ok(Self::in_process(target, data_dir::open_beside_or_make(data_of(target)?).await?, None)),
        }
    }

    fn open_server(target: &Target, server: &str) -> anyhow::Result<Self> {
        if !["http://", "https://"].iter().any(|scheme| server.to_ascii_lowercase().starts_with(scheme)) {
            return Err(Usage::new(format!("--server {server} is no URL: http:// or https:// is missing before it")).into());
        }
        let file = target.api_key_file.as_ref().context("--api-key-file is missing")?;
        let key = std::fs::read_to_string(file).with_context(|| format!("cannot read the API key from {}", file.display()))?;
        Self::over_http(server.trim_end_matches('/'), Secret::new(key.trim()))
    }

    fn in_process(target: &Target, store: Store, data: Option<DataDir>) -> Self {
        let server = Server::new(store.clone(), target.allow_private.clone());
        let router = provost_server::api_router(server, Some(Principal::command_line()));
        Self { way: Way::InProcess { router, store, target: Box::new(target.clone()), engine: None, _data: data } }
    }

    /// An API over HTTP, for a caller that has the key in hand.
    pub(crate) fn over_http(base: &str, key: Secret) -> anyhow::Result<Self> {
        Ok(Self { way: Way::Http { client: http_client()?, base: base.to_owned(), key } })
    }

    /// On a data directory: runs the engine in this process until [`Self::close`]. A server has its own.
    pub(crate) fn start_engine(&mut self) {
        if let Way::InProcess { store, target, engine, .. } = &mut self.way {
            let stop = CancellationToken::new();
            let running = start_engine(store, target.allow_private.clone(), &stop);
            *engine = Some((stop, running));
        }
    }

    /// Stops the engine, if it runs here; requests under way are finished and settled.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        if let Way::InProcess { engine: Some((stop, running)), .. } = self.way {
            stop.cancel();
            running.await.context("the engine ended badly")?;
        }
        Ok(())
    }

    /// GET, answered with JSON.
    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.call("GET", path, None).await
    }

    /// A call with a JSON body, answered with JSON (null for an empty answer). A problem is an error of type [`Problem`].
    pub(crate) async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let bytes = whole(self.send(method, path, "application/json", "application/json", body).await?).await?;
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&bytes).context("the server's answer is not JSON")
    }

    /// GET, answered with text of the media type `accept`.
    pub(crate) async fn get_text(&self, path: &str, accept: &str) -> anyhow::Result<String> {
        let bytes = whole(self.send("GET", path, "application/json", accept, Body::empty()).await?).await?;
        String::from_utf8(bytes).context("the server's answer is not text")
    }

    /// Sends files, one behind the other, and hands over each line of JSON of the answer as it comes.
    pub(crate) async fn upload(&self, path: &str, files: &[&Path], mut on_line: impl FnMut(Value)) -> anyhow::Result<()> {
        let mut streams = Vec::new();
        for file in files {
            let opened = tokio::fs::File::open(file).await.with_context(|| format!("cannot read {}", file.display()))?;
            streams.push(tokio_util::io::ReaderStream::new(opened));
        }
        let body = Body::from_stream(futures_util::stream::iter(streams).flatten());
        let mut answer = checked(self.send("POST", path, "text/csv", "application/x-ndjson", body).await?).await?;
        let mut pending = Vec::new();
        while let Some(chunk) = answer.chunks.next().await {
            pending.extend_from_slice(&chunk?);
            while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = pending.drain(..=end).collect();
                on_line(serde_json::from_slice(&line).context("a line of the server's answer is not JSON")?);
            }
        }
        if !pending.is_empty() {
            on_line(serde_json::from_slice(&pending).context("the last line of the server's answer is not JSON")?);
        }
        Ok(())
    }

    async fn send(&self, method: &str, path: &str, content_type: &str, accept: &str, body: Body) -> anyhow::Result<Answer> {
        match &self.way {
            Way::Http { client, base, key } => {
                let method: reqwest::Method = method.parse().context("a method of the API")?;
                let answer = client
                    .request(method, format!("{base}/api/v1{path}"))
                    .bearer_auth(key.expose())
                    .header(header::CONTENT_TYPE, content_type)
                    .header(header::ACCEPT, accept)
                    .body(reqwest::Body::wrap_stream(body.into_data_stream()))
                    .send()
                    .await
                    .with_context(|| format!("the server at {base} did not answer: check --server, and that it runs"))?;
                let (status, headers) = (answer.status(), answer.headers().clone());
                let chunks = answer.bytes_stream().map(|chunk| Ok(chunk.context("the server's answer broke off")?.to_vec()));
                Ok(Answer { status, headers, chunks: Box::pin(chunks) })
            }
            Way::InProcess { router, .. } => {
                let request = Request::builder()
                    .method(method)
                    .uri(format!("/api/v1{path}"))
                    .header(header::CONTENT_TYPE, content_type)
                    .header(header::ACCEPT, accept)
                    .body(body)
                    .context("a request of the API")?;
                let answer = router.clone().oneshot(request).await.context("the API answers every request")?;
                let (parts, body) = answer.into_parts();
                let chunks = body.into_data_stream().map(|chunk| Ok(chunk.context("the answer broke off")?.to_vec()));
                Ok(Answer { status: parts.status, headers: parts.headers, chunks: Box::pin(chunks) })
            }
        }
    }
}

/// The data directory of a command line that names no server.
fn data_of(target: &Target) -> Result<&Path, Usage> {
    let nowhere = || {
        Usage::new("say where to work: --data DIR for a data directory, or --server URL --api-key-file FILE for a running server")
    };
    target.data.as_deref().ok_or_else(nowhere)
}

fn http_client() -> anyhow::Result<reqwest::Client> {
    provost_platform::install_tls_provider();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .context("the HTTP client could not be made")
}

async fn whole(answer: Answer) -> anyhow::Result<Vec<u8>> {
    collect(checked(answer).await?.chunks).await
}

async fn collect(mut chunks: Chunks) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.next().await {
        bytes.extend_from_slice(&chunk?);
        if bytes.len() > ANSWER_BYTES_MAX {
            bail!("the server's answer is larger than {ANSWER_BYTES_MAX} bytes");
        }
    }
    Ok(bytes)
}

async fn checked(answer: Answer) -> anyhow::Result<Answer> {
    if answer.status.is_success() {
        return Ok(answer);
    }
    let status = answer.status.as_u16();
    let is_json =
        answer.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|kind| kind.contains("json"));
    let bytes = collect(answer.chunks).await?;
    if !is_json {
        bail!("the server answered {status}: is this a Provost server?");
    }
    let body = serde_json::from_slice(&bytes).context("the server's answer is not JSON")?;
    Err(Problem { body }.into())
}

/// A segment of a path: an address or a name may hold anything.
pub(crate) fn segment(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// A refused plan is not a failure: it is printed, and the exit code says that it waits for a confirmation.
pub(crate) fn unconfirmed(error: &anyhow::Error, json: bool) -> Option<Ended> {
    let problem = error.downcast_ref::<Problem>()?;
    let plan = problem.body.get("plan")?;
    if json {
        print_json(&problem.body);
    }
    eprintln!("{problem}");
    if let Some(hash) = plan.get("hash").and_then(Value::as_str) {
        eprintln!("To carry it out: --confirm {hash}");
    }
    Some(Ended::Unconfirmed)
}
