//! Carrying out one operation: the requests it takes, and what came of them as one outcome.
//!
//! A create may take three requests: a search before it where the app does not keep the matching attribute unique
//! itself, the create, and a search after a conflict. No request is repeated here.

use crate::client::{Answer, Client, NoAnswer};
use crate::pages::Pages;
use crate::versions::on_version_seen;
use crate::words;
use provost_core::app::{Connection, ConnectionConfig, UpdateVerb};
use provost_core::ids::UserId;
use provost_core::provisioning::{
    Account, FailureKind, Operation, OperationKind, Outcome, Remote, found, holder, matching_value,
};
use provost_scim::{PatchOp, PatchOperation, PatchRequest};
use provost_store::remote::Known;
use provost_store::{Store, StoreError, accounts};
use serde_json::{Map, Value};

/// On whose behalf the app is searched.
#[derive(Clone, Copy)]
struct Seeker<'a> {
    client: &'a Client,
    user: UserId,
    config: &'a ConnectionConfig,
}

/// Sends what `operation` takes, which was decided on this `account`. `known` is what a listing says of the account that a
/// create is to make, asked after its intent was committed.
pub(crate) async fn apply(
    client: &Client,
    store: &Store,
    connection: &Connection,
    account: &Account,
    operation: &Operation,
    known: Known,
) -> Result<Outcome, StoreError> {
    let client = &match on_version_seen(client, connection, account, operation).await {
        Ok(client) => client,
        Err(outcome) => return Ok(outcome),
    };
    let user = account.user_id;
    let seeker = Seeker { client, user, config: &connection.config };
    let outcome = match operation {
        Operation::LookUp { remote_id: Some(remote_id), matching } => match client.get(remote_id).await {
            Ok(answer) if answer.status == 404 || answer.status == 410 => {
                search_again(seeker, account, remote_id, matching).await
            }
            answer => shown(answer),
        },
        Operation::LookUp { remote_id: None, matching } => search(seeker, matching).await,
        Operation::Create { body, matching } => create(seeker, body, matching, known).await,
        Operation::Update { remote_id, patch, body } | Operation::Restore { remote_id, patch, body } => {
            let answer = match client.profile.update {
                UpdateVerb::Patch => client.patch(remote_id, patch).await,
                UpdateVerb::Put => client.replace(remote_id, body).await,
            };
            let conflict_on = matching_value(body, client.profile);
            match (changed(answer), conflict_on) {
                // Somebody holds the address: if that is an account of ours, the failure can say whose.
                (Outcome::Conflict { message }, Some(matching)) => match search(seeker, &matching).await {
                    Outcome::Found { remote } => held_or(store, connection, user, &remote, Outcome::Conflict { message }).await?,
                    Outcome::Unauthorized { message } => Outcome::Unauthorized { message },
                    _ => Outcome::Conflict { message },
                },
                (outcome, _) => outcome,
            }
        }
        Operation::Remove(removal) => {
            let remote_id = &removal.candidate().remote_id;
            match removal.operation_kind() {
                OperationKind::Suspend => changed(suspend(client, account, remote_id).await),
                OperationKind::HardDelete
                | OperationKind::LookUp
                | OperationKind::Create
                | OperationKind::Update
                | OperationKind::Restore => deleted(client.delete(remote_id).await),
            }
        }
    };
    match outcome {
        Outcome::Found { remote } => held_or(store, connection, user, &remote, Outcome::Found { remote: remote.clone() }).await,
        outcome => Ok(outcome),
    }
}

/// `active: false`, by a PUT of the whole account where the app knows no PATCH.
async fn suspend(client: &Client, account: &Account, remote_id: &str) -> Result<Answer, NoAnswer> {
    match (client.profile.update, &account.applied) {
        (UpdateVerb::Put, Some(applied)) => {
            let mut body = applied.clone();
            body.insert("active".to_owned(), Value::Bool(false));
            client.replace(remote_id, &body).await
        }
        (UpdateVerb::Patch, _) | (UpdateVerb::Put, None) => {
            client.patch(remote_id, &set_inactive(client.profile.boolean_strings)).await
        }
    }
}

fn set_inactive(boolean_strings: bool) -> PatchRequest {
    let value = if boolean_strings { Value::String("false".to_owned()) } else { Value::Bool(false) };
    PatchRequest {
        operations: vec![PatchOperation { op: PatchOp::Replace, path: Some("active".to_owned()), value: Some(value) }],
    }
}

async fn create(seeker: Seeker<'_>, body: &Map<String, Value>, matching: &str, known: Known) -> Outcome {
    let client = seeker.client;
    match known {
        Known::Shown(remotes) => return found(remotes, seeker.user, seeker.config),
        Known::Unknown if !client.profile.matching_unique => match search(seeker, matching).await {
            Outcome::NotFound => {}
            outcome => return outcome,
        },
        Known::Unknown | Known::Nobody => {}
    }
    let answer = match client.create(body).await {
        Ok(answer) => answer,
        Err(lost) => return no_answer(&lost),
    };
    if answer.succeeded() {
        return done(answer);
    }
    match refused(&answer, OperationKind::Create) {
        Outcome::Conflict { message } => match search(seeker, matching).await {
            Outcome::NotFound => Outcome::Conflict { message: words::taken_by_nobody(&message) },
            outcome => outcome,
        },
        outcome => outcome,
    }
}

/// Searches for an account that the app does not know by its id any more, under the name that was sent last and under the one that
/// was confirmed: a rename that was not carried out has left it there, and then its id tells. Whoever else bears one of the
/// names is sought as its successor, if the user is still to have an account: that is decided first.
async fn search_again(seeker: Seeker<'_>, account: &Account, remote_id: &str, matching: &str) -> Outcome {
    let confirmed = account.applied.as_ref().and_then(|body| matching_value(body, seeker.client.profile));
    let confirmed = confirmed.filter(|name| !name.eq_ignore_ascii_case(matching));
    let mut is_nobodys = true;
    for name in [Some(matching), confirmed.as_deref()].into_iter().flatten() {
        match search(seeker, name).await {
            Outcome::Found { remote } if remote.id == remote_id => return Outcome::Found { remote },
            Outcome::Found { .. } | Outcome::Ambiguous { .. } => is_nobodys = false,
            Outcome::NotFound => {}
            unanswered => return unanswered,
        }
    }
    if is_nobodys { Outcome::NotFound } else { Outcome::AlreadyGone }
}

/// Searches by the matching value. Apps that answer no filter are listed page by page.
async fn search(seeker: Seeker<'_>, matching: &str) -> Outcome {
    let client = seeker.client;
    if !client.profile.matching_filterable {
        return list_and_match(seeker, matching).await;
    }
    match client.search(matching).await {
        Ok(mut answer) if answer.succeeded() => match answer.accounts() {
            Ok((accounts, _)) => found(matches(client, accounts, matching), seeker.user, seeker.config),
            Err(why) => not_a_list(&answer, &why),
        },
        Ok(answer) => refused(&answer, OperationKind::LookUp),
        Err(lost) => no_answer(&lost),
    }
}

/// Reads the whole list. It is whole when a page is empty and everybody was shown whom the app says it has: a total that is
/// too small does not end it.
async fn list_and_match(seeker: Seeker<'_>, matching: &str) -> Outcome {
    let client = seeker.client;
    let mut shown = Vec::new();
    let mut pages = Pages::default();
    let mut cursor = client.profile.cursors.then(String::new);
    loop {
        let asked = match &cursor {
            Some(cursor) => client.list_from(cursor, client.profile.page_size).await,
            None => client.list(pages.read + 1, client.profile.page_size).await,
        };
        let mut answer = match asked {
            Ok(answer) if answer.succeeded() => answer,
            // Some apps refuse an index behind the last account.
            Ok(answer) if pages.all_shown() && matches!(answer.status, 400 | 404) => break,
            Ok(answer) => return refused(&answer, OperationKind::LookUp),
            Err(lost) => return no_answer(&lost),
        };
        let page = match answer.list() {
            Ok(page) => page,
            Err(why) => return not_a_list(&answer, &why),
        };
        // RFC 9865 section 2: the last page has no nextCursor. A full first page without one may come from an app that knows none.
        let is_full = page.remotes.len() as u64 >= u64::from(client.profile.page_size);
        let last_by_cursor = page.next_cursor.is_none() && cursor.as_deref().is_some_and(|cursor| !cursor.is_empty() || !is_full);
        match pages.after(&page.remotes, page.total) {
            Ok(true) => break,
            Ok(false) => shown.extend(matches(client, page.remotes, matching)),
            Err(why) => return not_a_list(&answer, &why),
        }
        if last_by_cursor {
            match pages.end() {
                Ok(()) => break,
                Err(why) => return not_a_list(&answer, &why),
            }
        }
        cursor = page.next_cursor;
    }
    shown.sort_by(|one, other| one.id.cmp(&other.id));
    shown.dedup_by(|one, other| one.id == other.id);
    found(shown, seeker.user, seeker.config)
}

/// An incomplete answer never counts as "nobody is there".
fn not_a_list(answer: &Answer, why: &str) -> Outcome {
    if answer.garbled {
        return Outcome::Unavailable { status: Some(answer.status), message: words::garbled(answer) };
    }
    Outcome::Unavailable { status: Some(answer.status), message: words::not_a_list(why) }
}

/// An app that ignores the filter answers with everybody: what does not match is not ours.
fn matches(client: &Client, remotes: Vec<Remote>, matching: &str) -> Vec<Remote> {
    let same = |remote: &Remote| {
        let value = remote.resource.as_ref().and_then(|resource| matching_value(resource, client.profile));
        value.is_some_and(|value| value.to_lowercase() == matching.to_lowercase())
    };
    remotes.into_iter().filter(same).collect()
}

/// A found account that belongs to another user of ours is not adopted.
async fn held_or(
    store: &Store,
    connection: &Connection,
    user: UserId,
    remote: &Remote,
    otherwise: Outcome,
) -> Result<Outcome, StoreError> {
    let matching = remote.resource.as_ref().and_then(|resource| matching_value(resource, connection.profile)).unwrap_or_default();
    let marked = remote.external_id().and_then(|mark| mark.parse().ok());
    let claimants = accounts::claimants(store, connection, &remote.id, &matching, marked).await?;
    Ok(match holder(remote, user, &claimants, &connection.config) {
        Some(holder) => {
            let (email, until) = (holder.email.clone(), holder.removal.map(|removal| removal.due));
            Outcome::FoundHeld { by: holder.user_id, email, until }
        }
        None => otherwise,
    })
}

fn shown(answer: Result<Answer, NoAnswer>) -> Outcome {
    match answer {
        Ok(answer) if answer.succeeded() => {
            let message = if answer.garbled { words::garbled(&answer) } else { words::not_an_account(&answer) };
            let unreadable = Outcome::Unavailable { status: Some(answer.status), message };
            answer.remote().map_or(unreadable, |remote| Outcome::Found { remote })
        }
        Ok(answer) => refused(&answer, OperationKind::LookUp),
        Err(lost) => no_answer(&lost),
    }
}

/// The outcome of a PATCH or PUT of a known id.
fn changed(answer: Result<Answer, NoAnswer>) -> Outcome {
    match answer {
        Ok(answer) if answer.succeeded() => done(answer),
        Ok(answer) => refused(&answer, OperationKind::Update),
        Err(lost) => no_answer(&lost),
    }
}

/// The outcome of a DELETE of a known id; what comes with a success does not matter.
fn deleted(answer: Result<Answer, NoAnswer>) -> Outcome {
    match answer {
        Ok(answer) if answer.succeeded() => Outcome::Applied { remote: None },
        answer => changed(answer),
    }
}

/// A success: unless half of it is missing, or it is something else, like the page of a proxy.
fn done(answer: Answer) -> Outcome {
    if answer.garbled {
        Outcome::Unknown { message: words::garbled(&answer) }
    } else {
        Outcome::Applied { remote: answer.remote() }
    }
}

pub(crate) fn no_answer(lost: &NoAnswer) -> Outcome {
    let message = words::no_answer(lost);
    match lost {
        NoAnswer::Closed => Outcome::NotStarted,
        NoAnswer::NotSent(_) => Outcome::Unavailable { status: None, message },
        NoAnswer::Lost(_) => Outcome::Unknown { message },
    }
}

/// What an answer other than 2xx means.
pub(crate) fn refused(answer: &Answer, kind: OperationKind) -> Outcome {
    let message = words::refusal(answer);
    let status = Some(answer.inside.unwrap_or(answer.status));
    let unique = answer.scim_type.as_deref() == Some("uniqueness");
    match answer.status {
        401 => Outcome::Unauthorized { message: answer.message.clone() },
        403 => Outcome::Rejected { kind: FailureKind::Forbidden, status, message },
        404 | 410 if kind == OperationKind::Update => Outcome::AlreadyGone,
        // RFC 7644 section 3.12: some apps send the uniqueness error with 400.
        409 => Outcome::Conflict { message },
        400 if unique => Outcome::Conflict { message },
        412 => Outcome::Stale,
        429 => Outcome::Throttled { status: answer.status, until: answer.retry_at, message },
        503 if answer.retry_at.is_some() => Outcome::Throttled { status: answer.status, until: answer.retry_at, message },
        501 => Outcome::Rejected { kind: FailureKind::Rejected, status, message },
        408 | 425 | 500..=599 => Outcome::Unavailable { status: Some(answer.status), message },
        _ => Outcome::Rejected { kind: FailureKind::Rejected, status, message },
    }
}
