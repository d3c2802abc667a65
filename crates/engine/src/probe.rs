//! What a token may do: the write probe, and the test of an endpoint that a page asked for.
//!
//! The probe changes an account that cannot exist (a random id). 404 means that the token may write, 403 that it may
//! not: so a read-only token is found out in the wizard, and not by the first user.

use crate::announcement::{self, Told};
use crate::client::{Answer, Client};
use crate::gate::Gate;
use crate::pacer::Pacer;
use provost_core::app::{Announced, Profile, UpdateVerb};
use provost_platform::{HttpClient, random};
use provost_scim::{PatchOp, PatchOperation, PatchRequest};
use provost_store::apps::tests::{PendingTest, TestResult};
use provost_store::{Store, StoreError, apps};
use serde_json::Value;

/// What the write probe found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Probe {
    /// The token may write.
    MayWrite,
    /// The token may not write; the app's words.
    CannotWrite(String),
    /// The app does not take the token; its words.
    Unauthorized(String),
    /// The answer says neither; what happened.
    Unclear(String),
}

/// Sends the write probe.
pub(crate) async fn write_probe(client: &Client) -> Probe {
    let client = &client.clone().on_version(None);
    let nobody = random::uuid_v4();
    let change = PatchOperation { op: PatchOp::Replace, path: Some("active".to_owned()), value: Some(Value::Bool(true)) };
    let answer = match client.profile.update {
        UpdateVerb::Patch => client.patch(&nobody, &PatchRequest { operations: vec![change] }).await,
        UpdateVerb::Put => {
            let body = serde_json::Map::from_iter([("userName".to_owned(), Value::String(nobody.clone()))]);
            client.replace(&nobody, &body).await
        }
    };
    match answer {
        Ok(answer) => match answer.status {
            404 | 410 => Probe::MayWrite,
            403 => Probe::CannotWrite(answer.message),
            401 => Probe::Unauthorized(answer.message),
            _ => Probe::Unclear(answer.message),
        },
        Err(lost) => Probe::Unclear(lost.words()),
    }
}

/// Answers every test that a page has asked for.
pub(crate) async fn answer_tests(store: &Store, http: &HttpClient) -> Result<(), StoreError> {
    for test in apps::tests::pending_tests(store).await? {
        let result = run_test(store, http, &test).await?;
        apps::tests::answer_test(store, test.id, &result).await?;
    }
    Ok(())
}

async fn run_test(store: &Store, http: &HttpClient, test: &PendingTest) -> Result<TestResult, StoreError> {
    let pacer = Pacer::new(test.profile, None, &store.clock);
    let (token, gate) = (test.token.clone(), Gate::open());
    let client = Client::new(http.clone(), &test.endpoint, token, test.profile, gate, pacer, store.clock.clone());
    let failed = |message: String, can_write| TestResult { ok: false, message, can_write, announced: None };
    match client.list(1, 1).await {
        Ok(answer) if answer.succeeded() => {}
        Ok(answer) => return Ok(failed(reading_refused(&answer), None)),
        Err(lost) => {
            return Ok(failed(format!("The endpoint did not answer: {}. Check the endpoint URL.", lost.words()), None));
        }
    }
    let announced = announced(store, test, &client).await?;
    let profile = Profile::learned(&test.profile.key, announced.as_ref()).unwrap_or(test.profile);
    let written = written(write_probe(&client.with_profile(profile)).await);
    Ok(TestResult { announced, ..written })
}

/// What the app announces; kept where the test is one of a connection's own endpoint.
async fn announced(store: &Store, test: &PendingTest, client: &Client) -> Result<Option<Announced>, StoreError> {
    let Told::Read(read) = announcement::read(client, store).await else { return Ok(None) };
    let connection = apps::connections::of_app(store, test.app_id).await?;
    let endpoint = apps::connections::normalized_endpoint;
    if let Some(connection) = connection.filter(|known| endpoint(&known.config.endpoint) == endpoint(&test.endpoint)) {
        apps::announcement::keep(store, &connection, &read).await?;
    }
    Ok(read.announced)
}

fn written(probe: Probe) -> TestResult {
    let failed = |message: String, can_write| TestResult { ok: false, message, can_write, announced: None };
    match probe {
        Probe::MayWrite => {
            let message = "The app took the token, and the token may write.".to_owned();
            TestResult { ok: true, message, can_write: Some(true), announced: None }
        }
        Probe::CannotWrite(message) => failed(
            format!(
                "The token can read but not write ({message}): give it the privilege Read + Write for /api/v2/scim/Users, \
                 or the app's equal, and try again."
            ),
            Some(false),
        ),
        Probe::Unauthorized(message) => failed(format!("The app refused the token when writing ({message})."), Some(false)),
        Probe::Unclear(message) => {
            failed(format!("Reading works; whether the token may write could not be found out ({message})."), None)
        }
    }
}

fn reading_refused(answer: &Answer) -> String {
    match answer.status {
        401 => format!("The app refused the token ({}): copy the token again, or make a new one.", answer.message),
        403 => format!(
            "The token may not read users ({}): add the endpoint api/v2/scim/Users to the token, or the app's equal.",
            answer.message
        ),
        404 => "There is no SCIM service at this endpoint URL (404): check its path.".to_owned(),
        300..=399 => "The endpoint redirects elsewhere; tokens are not sent to other places: enter the final URL.".to_owned(),
        _ => format!("The endpoint answered {}: {}.", answer.status, answer.message),
    }
}
