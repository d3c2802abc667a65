//! A run: discovery, then each requirement, cleaning up after each.

use crate::announced::Announced;
use crate::answer::Stop;
use crate::cast::{Cast, filter_finds};
use crate::report::{Outcome, Report, Verdict};
use crate::requirement::{Requirement, Trial, requirements};
use crate::session::{Request, STOPPED, Session, encoded};
use provost_platform::{HttpClient, HttpError, Method, Secret};
use provost_scim::ScimType;
use serde_json::Value;
use std::pin::pin;
use std::time::Duration;

/// How a run is made.
#[derive(Debug, Clone)]
pub struct Options {
    /// Stands in the name of every test resource, so that runs do not meet: a few letters and digits, drawn by the caller.
    pub run_name: String,
    /// For each request, from the first connection attempt to the last byte of the answer.
    pub timeout: Duration,
}

/// Why there is no report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// The server cannot be reached, so that nothing could be tried.
    #[error("{base_url} cannot be reached")]
    Unreachable {
        /// As it was given.
        base_url: String,
        /// What came in between.
        #[source]
        source: HttpError,
    },
    /// Something answers, but not as a SCIM server does: nothing was made there.
    #[error("{base_url} is not the base of a SCIM server: {what}")]
    NotScim {
        /// As it was given.
        base_url: String,
        /// What it answered.
        what: String,
    },
    /// The token is not taken, so that nothing could be tried.
    #[error("{base_url} does not take the token: {what}")]
    TokenRefused {
        /// As it was given.
        base_url: String,
        /// What it answered.
        what: String,
    },
}

/// Holds the server at `base_url` (the URL that `/Users` is appended to) against every requirement.
///
/// Makes and removes test resources there, so it wants a server, or a tenant of one, where that does no harm. When `stop` is done,
/// no further request is sent but those that remove what was made; what was not tried by then is skipped.
pub async fn run(
    client: &HttpClient,
    base_url: &str,
    token: &Secret,
    options: &Options,
    stop: impl Future<Output = ()>,
) -> Result<Report, RunError> {
    let mut stop = pin!(stop);
    let mut session = Session::new(client, base_url, token, &options.run_name, options.timeout);
    session.announced = discover(&session, base_url).await?;
    let mut results = Vec::new();
    let mut left_behind = Vec::new();
    let mut kept: Vec<String> = Vec::new();
    for requirement in requirements() {
        let had_cast = session.cast.initialized();
        let mut trial = pin!(try_one(&session, requirement));
        let (verdict, evidence) = tokio::select! {
            biased;
            // The request that is under way is answered: it may have made something.
            () = &mut stop, if !session.is_stopped() => {
                session.stop();
                trial.await
            }
            tried = &mut trial => tried,
        };
        results.push(Outcome { requirement, verdict, evidence });
        let made = session.take_made();
        // The cast stays until the end; it is made within the first requirement that wants it.
        let (stays, goes): (Vec<String>, Vec<String>) = match session.cast.get() {
            Some(cast) if !had_cast => made.into_iter().partition(|path| cast.holds(path)),
            Some(_) | None => (Vec::new(), made),
        };
        kept.extend(stays);
        left_behind.extend(session.clean(goes).await);
    }
    left_behind.extend(session.clean(kept).await);
    Ok(Report { server: base_url.to_owned(), results, left_behind, was_stopped: session.is_stopped() })
}

/// Reads the three discovery endpoints. Only a server that speaks SCIM at all gets further requests.
async fn discover(session: &Session, base_url: &str) -> Result<Announced, RunError> {
    let unreachable = |source| RunError::Unreachable { base_url: base_url.to_owned(), source };
    let get = |path: &'static str| session.try_send(Request::new(Method::Get, path));
    let config = get("/ServiceProviderConfig").await.map_err(unreachable)?;
    let types = get("/ResourceTypes").await.map_err(unreachable)?;
    let schemas = get("/Schemas").await.map_err(unreachable)?;
    let page = get("/Users?count=1").await.map_err(unreachable)?;
    if matches!(page.status, 401 | 403) {
        return Err(RunError::TokenRefused { base_url: base_url.to_owned(), what: page.said });
    }
    let speaks = [&config, &types, &schemas, &page].iter().any(|answer| answer.get("schemas").is_some());
    if !speaks {
        return Err(RunError::NotScim { base_url: base_url.to_owned(), what: format!("{}, {}", config.said, page.said) });
    }
    let read = |status: u16, body: Value| if status == 200 { body } else { Value::Null };
    Ok(Announced::read(&read(config.status, config.body), &read(types.status, types.body), &read(schemas.status, schemas.body)))
}

async fn try_one(session: &Session, requirement: &'static Requirement) -> (Verdict, String) {
    if session.is_stopped() {
        return (Verdict::Skipped, STOPPED.to_owned());
    }
    if session.is_gone() {
        return (Verdict::Skipped, "the server takes no more connections".to_owned());
    }
    if let Some(missing) = requirement.needs.iter().find(|need| !session.announced.has(**need)) {
        return (Verdict::Skipped, format!("not announced: {}", missing.words()));
    }
    let result = match &requirement.trial {
        Trial::Check(check) => check(session).await,
        Trial::Filter { filter, finds } => finds_exactly(session, filter, finds).await,
        Trial::BadFilter(filter) => is_bad(session, filter).await,
    };
    match result {
        Ok(()) => (Verdict::Passed, session.last()),
        Err(Stop::Failed(how)) => (Verdict::Failed, how),
        Err(Stop::Skipped(why)) => (Verdict::Skipped, why),
    }
}

async fn finds_exactly(session: &Session, filter: &str, finds: &[&str]) -> Result<(), Stop> {
    let cast = Cast::of(session).await?;
    filter_finds(session, cast, filter, finds).await
}

async fn is_bad(session: &Session, filter: &str) -> Result<(), Stop> {
    let path = format!("{}?filter={}", session.users(), encoded(filter));
    session.get(&path).await?.error(400, &[ScimType::InvalidFilter]).map(drop)
}
