//! Imports of the CSV files of the Google Admin console. The body streams to a temporary file; the answer is one JSON
//! object a line: `{"progress": …}` while it works, at the end `{"report": …}` or `{"problem": …}`.
//!
//! `POST /import/users` takes a users file, and behind its first `users_bytes` bytes a members file, so that both headers
//! are checked before anything is written and a dry run of both knows the users of the first. `POST /import/members` takes
//! a members file alone. An import goes on when its caller goes away.

use super::ProblemKind::Invalid;
use super::extract::Params;
use super::json::Answer;
use super::problem::ProblemBody;
use super::reference::{Argument, Content, Reply, Said, Schemas, Shape};
use super::{Noun, Problem, ProblemKind, change};
use crate::Server;
use crate::access::Principal;
use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request, State};
use axum::http::Method;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use provost_connectors::google_csv::{self, Absent, ImportError, ImportReport, Options, Progress};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::json;
use std::convert::Infallible;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;

/// The largest file.
const FILE_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Messages that wait for a slow reader; progress beyond them is left out.
const MESSAGES_WAITING_MAX: usize = 16;

/// A users file without users, for an import of members alone.
const NO_USERS: &str = "First Name [Required],Last Name [Required],Email Address [Required],Org Unit Path [Required]\n";

pub(super) fn routes() -> Noun {
    let told = "The answer is one JSON object a line: `progress` while it works, at the end `report` or `problem`. \
                An import goes on when its caller goes away.";
    Noun {
        name: "Imports",
        about: "The CSV files of a Google Admin console, up to 1 GiB each, read as they come.",
        routes: vec![
            change(Method::POST, "/import/users", "Import users, and members behind them", import_users)
                .told(told)
                .sending("@users.csv")
                .refuses(&[Invalid]),
            change(Method::POST, "/import/members", "Import members", import_members)
                .told(told)
                .sending("@members.csv")
                .refuses(&[Invalid]),
        ],
    }
}

/// What is done about users who are not in the file.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "AbsentRule")]
enum AbsentWord {
    /// Nothing.
    #[default]
    Keep,
    /// They are suspended.
    Suspend,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct UserParams {
    /// Says what would be done, and writes nothing.
    #[serde(default)]
    dry_run: bool,
    /// What is done about users who are not in the file: `keep` or `suspend`.
    #[serde(default)]
    #[schemars(with = "Option<AbsentWord>")]
    absent: AbsentWord,
    /// Suspends up to this many absent users; left out: up to 20 % of those who were active before.
    absent_max: Option<u64>,
    /// How long the users file is, in bytes, when a members file follows behind it; left out: the whole body is users.
    users_bytes: Option<u64>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MemberParams {
    /// Says what would be done, and writes nothing.
    #[serde(default)]
    dry_run: bool,
}

/// A file of the Google Admin console, as it comes.
#[derive(Debug)]
pub(super) struct CsvFile(Body);

impl<S: Send + Sync> FromRequest<S> for CsvFile {
    type Rejection = Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Infallible> {
        Ok(Self(request.into_body()))
    }
}

impl Argument for CsvFile {
    fn describe(shape: &mut Shape, _: &mut Schemas) {
        shape.problems.extend([ProblemKind::BadRequest, ProblemKind::TooLarge]);
        shape.body = Some((Content { media_type: "text/csv", schema: json!({ "type": "string" }) }, true));
    }
}

/// How far an import is.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ImportProgress {
    /// The file that is being read.
    file: google_csv::File,
    /// Rows of it that were read.
    rows: u64,
    /// Bytes of it that were read.
    bytes: u64,
    /// Bytes of the whole body.
    bytes_total: u64,
}

/// One line of the answer: what a running import says.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "ImportLine")]
pub(super) enum Message {
    /// How far it is.
    Progress(ImportProgress),
    /// The last line: what was done.
    Report(Box<ImportReport>),
    /// The last line: why it could not go on.
    #[serde(rename = "problem")]
    Failed(
        #[serde(serialize_with = "body_of")]
        #[schemars(with = "ProblemBody")]
        Problem,
    ),
}

fn body_of<S: Serializer>(problem: &Problem, serializer: S) -> Result<S::Ok, S::Error> {
    problem.body().serialize(serializer)
}

/// The lines, as they come.
#[derive(Debug)]
pub(super) struct Lines(Body);

impl Reply for Lines {
    fn describe(shape: &mut Shape, schemas: &mut Schemas) {
        let contents = vec![Content { media_type: "application/x-ndjson", schema: schemas.told::<Message>() }];
        shape.said.push(Said { status: 200, description: "Such an object on every line.", tagged: false, contents });
    }
}

impl IntoResponse for Lines {
    fn into_response(self) -> Response {
        ([(CONTENT_TYPE, "application/x-ndjson")], self.0).into_response()
    }
}

async fn import_users(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    Params(params): Params<UserParams>,
    CsvFile(body): CsvFile,
) -> Answer<Lines> {
    let absent = match params.absent {
        AbsentWord::Keep => Absent::Keep,
        AbsentWord::Suspend => Absent::Suspend,
    };
    let options = Options { dry_run: params.dry_run, absent, absent_max: params.absent_max };
    let (file, length) = received(body).await?;
    let users_bytes = params.users_bytes.unwrap_or(length);
    if users_bytes > length {
        let detail = format!("users_bytes is {users_bytes}, and the body has only {length} bytes");
        return Err(Problem::of(ProblemKind::BadRequest, detail));
    }
    let members = if users_bytes < length { Some(part(&file, users_bytes)?) } else { None };
    let users = part(&file, 0)?.take(users_bytes);
    run(server, caller, users, members, options, length).await
}

async fn import_members(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    Params(params): Params<MemberParams>,
    CsvFile(body): CsvFile,
) -> Answer<Lines> {
    let (file, length) = received(body).await?;
    let options = Options { dry_run: params.dry_run, ..Options::default() };
    run(server, caller, NO_USERS.as_bytes(), Some(part(&file, 0)?), options, length).await
}

/// Streams the body to a temporary file without a name, which is gone with its last handle.
async fn received(body: Body) -> Result<(File, u64), Problem> {
    let unwritable = |error: std::io::Error| {
        tracing::error!(%error, "a temporary file for an import cannot be written");
        Problem::of(ProblemKind::Internal, "the file could not be kept for the import: there may be no space left")
    };
    let file = tempfile::tempfile().map_err(unwritable)?;
    let mut writer = tokio::fs::File::from_std(file.try_clone().map_err(unwritable)?);
    let mut chunks = body.into_data_stream();
    let mut length: u64 = 0;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Problem::of(ProblemKind::BadRequest, "the file ended before it was whole"))?;
        length += chunk.len() as u64;
        if length > FILE_BYTES_MAX {
            return Err(Problem::of(ProblemKind::TooLarge, "the file is larger than 1 GiB: split it"));
        }
        writer.write_all(&chunk).await.map_err(unwritable)?;
    }
    writer.flush().await.map_err(unwritable)?;
    Ok((file, length))
}

/// A reader of the file from `start` with a position of its own.
fn part(file: &File, start: u64) -> Result<Part, Problem> {
    let unreadable = |error: std::io::Error| {
        tracing::error!(%error, "a temporary file for an import cannot be read");
        Problem::of(ProblemKind::Internal, "the file could not be read back for the import")
    };
    Ok(Part { file: file.try_clone().map_err(unreadable)?, at: start })
}

/// Handles of one file share their position: this one seeks before it reads.
struct Part {
    file: File,
    at: u64,
}

impl Read for Part {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.file.seek(SeekFrom::Start(self.at))?;
        let count = self.file.read(buffer)?;
        self.at += count as u64;
        Ok(count)
    }
}

/// Starts the import and answers with what it says. One that is refused at once is answered as a problem.
async fn run(
    server: Server,
    caller: Principal,
    users: impl Read + Send + 'static,
    members: Option<Part>,
    options: Options,
    length: u64,
) -> Answer<Lines> {
    let (sender, mut receiver) = mpsc::channel(MESSAGES_WAITING_MAX);
    tokio::spawn(async move {
        let told = sender.clone();
        let mut progress = move |progress: Progress| {
            let Progress { file, rows, bytes } = progress;
            drop(told.try_send(Message::Progress(ImportProgress { file, rows, bytes, bytes_total: length })));
        };
        let imported = google_csv::import(&server.store, &caller.actor, users, members, options, &mut progress).await;
        let message = match imported {
            Ok(report) => Message::Report(Box::new(report)),
            Err(error) => Message::Failed(problem(error)),
        };
        drop(sender.send(message).await);
    });
    let first = receiver.recv().await;
    let first = match first {
        Some(Message::Failed(problem)) => return Err(problem),
        first => first,
    };
    let rest = stream::unfold(receiver, |mut receiver| async move { receiver.recv().await.map(|message| (message, receiver)) });
    let lines = stream::iter(first).chain(rest).then(line);
    Ok(Lines(Body::from_stream(lines)))
}

fn problem(error: ImportError) -> Problem {
    match error {
        ImportError::Header { .. } => Problem::of(ProblemKind::Invalid, error.to_string()),
        ImportError::Read { source, .. } => {
            tracing::error!(error = %source, "an import's file cannot be read");
            Problem::of(ProblemKind::Internal, "the file could not be read to its end: import it again")
        }
        ImportError::Store(error) => error.into(),
    }
}

async fn line(message: Message) -> Result<Bytes, serde_json::Error> {
    let mut line = serde_json::to_vec(&message)?;
    line.push(b'\n');
    Ok(line.into())
}
