//! Imports of the CSV files of the Google Admin console. The body streams to a temporary file; the answer is one JSON
//! object a line: `{"progress": …}` while it works, at the end `{"report": …}` or `{"problem": …}`.
//!
//! `POST /import/users` takes a users file, and behind its first `users_bytes` bytes a members file, so that both headers
//! are checked before anything is written and a dry run of both knows the users of the first. `POST /import/members` takes
//! a members file alone. An import goes on when its caller goes away.

use super::extract::Params;
use super::json::Answer;
use super::{Problem, ProblemKind, Route, change};
use crate::Server;
use crate::access::Principal;
use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::Method;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use futures_util::{StreamExt, stream};
use provost_connectors::google_csv::{self, Absent, ImportError, Options, Progress};
use serde::Deserialize;
use serde_json::{Value, json};
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

pub(super) fn routes() -> Vec<Route> {
    vec![change(Method::POST, "/import/users", import_users), change(Method::POST, "/import/members", import_members)]
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum AbsentWord {
    #[default]
    Keep,
    Suspend,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UserParams {
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    absent: AbsentWord,
    absent_max: Option<u64>,
    users_bytes: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MemberParams {
    #[serde(default)]
    dry_run: bool,
}

/// What a running import says.
enum Message {
    Progress(Value),
    Report(Value),
    Failed(Problem),
}

async fn import_users(
    State(server): State<Server>,
    Extension(caller): Extension<Principal>,
    Params(params): Params<UserParams>,
    body: Body,
) -> Answer {
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
    body: Body,
) -> Answer {
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
) -> Answer {
    let (sender, mut receiver) = mpsc::channel(MESSAGES_WAITING_MAX);
    tokio::spawn(async move {
        let told = sender.clone();
        let mut progress = move |progress: Progress| {
            let Progress { file, rows, bytes } = progress;
            let told_of = json!({ "file": file, "rows": rows, "bytes": bytes, "bytes_total": length });
            drop(told.try_send(Message::Progress(json!({ "progress": told_of }))));
        };
        let imported = google_csv::import(&server.store, &caller.actor, users, members, options, &mut progress).await;
        let message = match imported {
            Ok(report) => Message::Report(json!({ "report": report })),
            Err(error) => Message::Failed(problem(error)),
        };
        drop(sender.send(message).await);
    });
    let first = receiver.recv().await;
    if let Some(Message::Failed(problem)) = first {
        return Err(problem);
    }
    let rest = stream::unfold(receiver, |mut receiver| async move { receiver.recv().await.map(|message| (message, receiver)) });
    let lines = stream::iter(first).chain(rest).then(line);
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response())
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

async fn line(message: Message) -> Result<Bytes, Infallible> {
    let object = match message {
        Message::Progress(object) | Message::Report(object) => object,
        Message::Failed(problem) => json!({ "problem": problem.body() }),
    };
    Ok(Bytes::from(format!("{object}\n")))
}
