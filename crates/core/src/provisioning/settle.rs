//! Settling: what an outcome makes of the account.

use super::diff::{managed_part, matching_value};
use super::{Account, AccountState, Causes, Failure, FailureKind, Intent, Operation, OperationKind, Outcome, Remote, is_parked};
use crate::app::{Connection, Halt, HaltReason};
use crate::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A drawn number from 0 up to 1 that spreads retries.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Jitter(pub f64);

/// What the admin log and the 30-day counts say of a settlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProvisioningEvent {
    /// An account was made.
    Created,
    /// An account that the app had already was linked.
    Adopted,
    /// An account was brought up to date.
    Updated,
    /// An account was suspended.
    Suspended,
    /// An account was restored.
    Restored,
    /// An account was hard deleted.
    HardDeleted,
    /// A request failed.
    Failed,
}

/// The account after an outcome, what the log says of it, and whether the connection must stop.
#[derive(Debug, Clone, PartialEq)]
pub struct Settlement {
    /// To be stored; its `due_at` applies only if nothing was marked meanwhile.
    pub account: Account,
    /// For the log.
    pub event: Option<ProvisioningEvent>,
    /// Set after a 401.
    pub halt: Option<Halt>,
}

/// The waits between attempts; the last one repeats for ever, and nothing is dropped.
const RETRY_LADDER: [Span; 7] =
    [Span::seconds(5), Span::seconds(30), Span::seconds(120), Span::seconds(600), Span::hours(1), Span::hours(6), Span::days(1)];

/// The longest wait an app can ask for.
const RETRY_AFTER_MAX: Span = Span::days(1);

/// The wait after the `attempts`-th failed attempt (counted from 1): the ladder, spread by a fifth to either side.
pub fn retry_delay(attempts: u32, jitter: Jitter) -> Span {
    let step = (attempts.max(1) as usize - 1).min(RETRY_LADDER.len() - 1);
    let base = RETRY_LADDER[step].0;
    // At most a day in microseconds: far below 2^52, so the conversion to and fro is exact enough.
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "see the comment above")]
    let spread = (base as f64 * (0.8 + 0.4 * jitter.0.clamp(0.0, 1.0))) as i64;
    Span(spread)
}

/// What `outcome` of `operation` makes of `account`.
pub fn settle(
    operation: &Operation,
    outcome: &Outcome,
    account: Account,
    connection: &Connection,
    now: Timestamp,
    jitter: Jitter,
) -> Settlement {
    let seen = outcome.version_seen(account.version.as_ref());
    let settlement = settle_but_version(operation, outcome, account, connection, now, jitter);
    let version = seen.filter(|_| settlement.account.remote_id.is_some());
    Settlement { account: Account { version, ..settlement.account }, ..settlement }
}

fn settle_but_version(
    operation: &Operation,
    outcome: &Outcome,
    account: Account,
    connection: &Connection,
    now: Timestamp,
    jitter: Jitter,
) -> Settlement {
    let failed = |account: Account, kind: FailureKind, status: Option<u16>, message: &str, until: Option<Timestamp>| {
        fail(operation.kind(), account, &Cause { kind, status, message, until }, now, jitter)
    };
    match outcome {
        Outcome::Applied { remote } => applied(operation, remote.as_ref(), account, connection, now),
        Outcome::Found { remote } => found(operation, remote, account, connection, now),
        Outcome::NotFound => not_there(account, now),
        Outcome::AlreadyGone => already_gone(operation, account, connection, now, jitter),
        Outcome::FoundHeld { by, email, until } => {
            let until_date = until.map_or(String::new(), |until| format!(" until {until}"));
            let message = format!("the address is held by the account of {email}{until_date}");
            let kind = FailureKind::AddressHeld { by: *by, email: email.clone(), until: *until };
            // The one account that bears our address is another user's: ours was not made.
            failed(without_intent(account), kind, None, &message, *until)
        }
        Outcome::Ambiguous { count } => {
            let message = format!("{count} accounts of the app match: delete or rename all but one");
            failed(keep_uncertainty(operation, account), FailureKind::Ambiguous, None, &message, None)
        }
        Outcome::Conflict { message } => {
            failed(keep_uncertainty(operation, account), FailureKind::Conflict, Some(409), message, None)
        }
        Outcome::Rejected { kind, status, message } => {
            failed(keep_uncertainty(operation, account), kind.clone(), *status, message, None)
        }
        Outcome::Stale => {
            // What is there now is read before anything is written; a look-up has an open question of its own.
            let reread = Some(Intent { kind: OperationKind::LookUp, matching: None });
            let intent = if operation.kind() == OperationKind::LookUp { account.intent.clone() } else { reread };
            let message = "The account was changed in the app at the same time (412). It is read again before anything is sent.";
            failed(Account { intent, ..account }, FailureKind::Unavailable, Some(412), message, None)
        }
        Outcome::Throttled { status, until, message } => {
            failed(after_error(operation, account, Some(*status)), FailureKind::Throttled, Some(*status), message, *until)
        }
        Outcome::Unavailable { status, message } => {
            failed(after_error(operation, account, *status), FailureKind::Unavailable, *status, message, None)
        }
        Outcome::Unknown { message } => failed(uncertain(operation, account), FailureKind::Unavailable, None, message, None),
        Outcome::NotStarted => {
            let account = Account { due_at: Some(now), ..keep_uncertainty(operation, account) };
            Settlement { account, event: None, halt: None }
        }
        Outcome::Unauthorized { message } => {
            let mut account = keep_uncertainty(operation, account);
            account.due_at = Some(now);
            let halt = Halt { reason: HaltReason::NeedsReauthorization, message: message.clone(), since: now };
            Settlement { account, event: None, halt: Some(halt) }
        }
    }
}

fn without_intent(account: Account) -> Account {
    Account { intent: None, ..account }
}

/// A look-up that did not come about leaves the question open that it was to answer.
fn keep_uncertainty(operation: &Operation, account: Account) -> Account {
    match operation.kind() {
        OperationKind::LookUp => account,
        OperationKind::Create
        | OperationKind::Update
        | OperationKind::Suspend
        | OperationKind::Restore
        | OperationKind::HardDelete => without_intent(account),
    }
}

/// A server error may come after the effect: what was asked for is looked up before anything is sent again.
fn after_error(operation: &Operation, account: Account, status: Option<u16>) -> Account {
    if status.is_some_and(|status| status >= 500) { uncertain(operation, account) } else { keep_uncertainty(operation, account) }
}

/// It may have been done. The intent that was committed before sending stays; it is made up for a caller that keeps none.
fn uncertain(operation: &Operation, account: Account) -> Account {
    let matching = match operation {
        Operation::LookUp { .. } => return account,
        Operation::Create { matching, .. } => Some(matching.clone()),
        Operation::Update { .. } | Operation::Restore { .. } | Operation::Remove(_) => None,
    };
    let intent = account.intent.clone().unwrap_or(Intent { kind: operation.kind(), matching });
    Account { intent: Some(intent), ..account }
}

fn done(account: Account, event: Option<ProvisioningEvent>, due_at: Option<Timestamp>) -> Settlement {
    Settlement { account: Account { intent: None, failure: None, due_at, ..account }, event, halt: None }
}

fn applied(
    operation: &Operation,
    remote: Option<&Remote>,
    account: Account,
    connection: &Connection,
    now: Timestamp,
) -> Settlement {
    match operation {
        Operation::LookUp { .. } => answered(account, None, now),
        Operation::Create { body, .. } => {
            let Some(remote) = remote else {
                // 201 without an id: the account exists, and the search will tell its id.
                let account = uncertain(operation, account);
                let message = "The app made the account and did not tell its id: it is looked up.";
                let cause = Cause { kind: FailureKind::Unavailable, status: None, message, until: None };
                return fail(OperationKind::Create, account, &cause, now, Jitter(0.0));
            };
            let confirmed = confirmed(body, remote, connection);
            // What the app made otherwise than it was asked is brought up to date in a second step.
            let due_at = (confirmed != *body).then_some(now);
            let account =
                Account { remote_id: Some(remote.id.clone()), applied: Some(confirmed), state: AccountState::Linked, ..account };
            done(account, Some(ProvisioningEvent::Created), due_at)
        }
        Operation::Update { body, .. } => {
            // An account that has made room is to go on to its own name.
            let parked = matching_value(body, connection.profile).is_some_and(|name| is_parked(account.user_id, &name));
            done(Account { applied: Some(body.clone()), ..account }, Some(ProvisioningEvent::Updated), parked.then_some(now))
        }
        Operation::Restore { body, .. } => {
            let account = Account { applied: Some(body.clone()), state: AccountState::Linked, ..account };
            done(account, Some(ProvisioningEvent::Restored), None)
        }
        Operation::Remove(removal) => match removal.operation_kind() {
            OperationKind::Suspend => {
                let mut body = account.applied.clone().unwrap_or_default();
                body.insert("active".to_owned(), Value::Bool(false));
                let account = Account { state: AccountState::Suspended, applied: Some(body), ..account };
                done(account, Some(ProvisioningEvent::Suspended), Some(now))
            }
            OperationKind::HardDelete
            | OperationKind::LookUp
            | OperationKind::Create
            | OperationKind::Update
            | OperationKind::Restore => gone(account, Some(ProvisioningEvent::HardDeleted), now),
        },
    }
}

/// What a create made: the app may have changed the case of a name or filled in a value, and says so in its answer.
/// Attributes that it does not show are taken as accepted.
fn confirmed(body: &Map<String, Value>, remote: &Remote, connection: &Connection) -> Map<String, Value> {
    let Some(resource) = &remote.resource else { return body.clone() };
    let shown = managed_part(resource, connection);
    body.iter()
        .map(|(name, sent)| (name.clone(), if agrees(sent, shown.get(name)) { sent.clone() } else { shown[name].clone() }))
        .collect()
}

/// Whether the app's answer says what was sent: equal, equal but for the case of a text, or silent.
fn agrees(sent: &Value, shown: Option<&Value>) -> bool {
    match (sent, shown) {
        (_, None) => true,
        (Value::String(sent), Some(Value::String(shown))) => sent.eq_ignore_ascii_case(shown),
        (Value::Object(sent), Some(Value::Object(shown))) => sent.iter().all(|(name, value)| agrees(value, shown.get(name))),
        (Value::Array(sent), Some(Value::Array(shown))) => {
            sent.len() == shown.len() && sent.iter().zip(shown).all(|(sent, shown)| agrees(sent, Some(shown)))
        }
        (sent, Some(shown)) => sent == shown,
    }
}

fn found(operation: &Operation, remote: &Remote, account: Account, connection: &Connection, now: Timestamp) -> Settlement {
    let shown = remote.resource.as_ref().map(|resource| managed_part(resource, connection)).unwrap_or_default();
    let active = shown.get("active") != Some(&Value::Bool(false));
    let intended = account.intent.as_ref().map_or(operation.kind(), |intent| intent.kind);
    let removing = matches!(intended, OperationKind::Suspend | OperationKind::HardDelete);
    if removing && account.remote_id.as_ref().is_some_and(|known| *known != remote.id) {
        // The account that was to go is gone; the one that bears the address now is not ours.
        return not_there(account, now);
    }
    let suspended_by_us = intended == OperationKind::Suspend || account.state == AccountState::Suspended;
    let state = if !active && suspended_by_us { AccountState::Suspended } else { AccountState::Linked };
    let named = remote.external_id();
    let ours = named == Some(account.user_id.to_string().as_str());
    let sought = account.remote_id.is_none() && operation.kind() == OperationKind::LookUp;
    if sought && !ours && named.is_some() && connection.config.names_accounts() {
        // Neither what our create has made nor a successor of what the app has lost: this account bears another's mark. A
        // user who is still to have one adopts it in answer to the next create; for anybody else it is not ours to touch.
        return not_there(account, now);
    }
    let event = match (account.remote_id.is_some(), intended) {
        (false, OperationKind::Create) if ours && sought => Some(ProvisioningEvent::Created),
        (false, _) => Some(ProvisioningEvent::Adopted),
        (true, OperationKind::Update) => (account.applied.as_ref() != Some(&shown)).then_some(ProvisioningEvent::Updated),
        (true, OperationKind::Suspend) => (!active).then_some(ProvisioningEvent::Suspended),
        (true, OperationKind::Restore) => active.then_some(ProvisioningEvent::Restored),
        (true, OperationKind::LookUp | OperationKind::Create | OperationKind::HardDelete) => None,
    };
    let run = account.failure.clone().filter(|_| sought && is_lost(&account));
    let settlement = answered(Account { remote_id: Some(remote.id.clone()), applied: Some(shown), state, ..account }, event, now);
    let failure = run.map(|failure| Failure { retry_at: Some(now), ..failure }).or(settlement.account.failure);
    Settlement { account: Account { failure, ..settlement.account }, ..settlement }
}

/// A look-up has told how things stand. Where it tells that what was tried has come about, the run of failures is over;
/// else the next attempt may go at once and counts on in the run, so that the waits keep growing.
fn answered(account: Account, event: Option<ProvisioningEvent>, now: Timestamp) -> Settlement {
    let failure = if event.is_some() { None } else { account.failure.clone() };
    let failure = failure.map(|failure| Failure { retry_at: Some(now), ..failure });
    let settlement = done(account, event, Some(now));
    Settlement { account: Account { failure, ..settlement.account }, ..settlement }
}

/// A search found nothing.
fn not_there(account: Account, now: Timestamp) -> Settlement {
    let failure = account.failure.clone();
    let intended = account.intent.as_ref().map(|intent| intent.kind);
    // The search that follows a lost answer to our own DELETE is the DELETE's answer.
    let event = (intended == Some(OperationKind::HardDelete)).then_some(ProvisioningEvent::HardDeleted);
    let settlement = gone(account, event, now);
    answered(Account { failure, ..settlement.account }, event, now)
}

/// The app does not know the id that we have.
fn already_gone(operation: &Operation, account: Account, connection: &Connection, now: Timestamp, jitter: Jitter) -> Settlement {
    let intended = account.intent.as_ref().map(|intent| intent.kind);
    let tried = match operation.kind() {
        OperationKind::LookUp => intended.unwrap_or(OperationKind::LookUp),
        kind @ (OperationKind::Create
        | OperationKind::Update
        | OperationKind::Suspend
        | OperationKind::Restore
        | OperationKind::HardDelete) => kind,
    };
    match tried {
        // 404 on a delete is success.
        OperationKind::HardDelete => gone(account, Some(ProvisioningEvent::HardDeleted), now),
        // The user was to lose the account: no other one is sought.
        OperationKind::Suspend => gone(account, None, now),
        OperationKind::LookUp | OperationKind::Create | OperationKind::Update | OperationKind::Restore => {
            lost(tried, account, connection, now, jitter)
        }
    }
}

fn gone(account: Account, event: Option<ProvisioningEvent>, now: Timestamp) -> Settlement {
    let account = Account {
        state: AccountState::Absent,
        remote_id: None,
        applied: None,
        causes: Causes::default(),
        removal: None,
        ..account
    };
    done(account, event, Some(now))
}

/// The status of an id that the app does not know.
const NOT_FOUND: u16 = 404;

/// The app does not know the id any more: the account may live on under another one, so it is searched for before it
/// is made again. The run of failures goes on until something is done, so that an app whose search shows what it does not
/// know by its id is not asked without end.
fn lost(tried: OperationKind, account: Account, connection: &Connection, now: Timestamp, jitter: Jitter) -> Settlement {
    let matching = account.applied.as_ref().and_then(|body| matching_value(body, connection.profile));
    let again = is_lost(&account);
    let message = if again {
        "The app answered 404 and does not know the account under its id, and yet its search shows it: the app contradicts itself."
    } else {
        "The app answered 404 and does not know the account any more: it is searched for, and made again where it is gone."
    };
    let cause = Cause { kind: FailureKind::Unavailable, status: Some(NOT_FOUND), message, until: None };
    let failed = fail(tried, account.clone(), &cause, now, jitter);
    let intent = Some(Intent { kind: OperationKind::LookUp, matching });
    let failure = failed.account.failure.map(|failure| if again { failure } else { Failure { retry_at: Some(now), ..failure } });
    let due_at = failure.as_ref().and_then(|failure| failure.retry_at);
    let settlement = gone(account, failed.event.filter(|_| again), now);
    Settlement { account: Account { intent, failure, due_at, ..settlement.account }, ..settlement }
}

/// The run of failures began with an id that the app did not know.
fn is_lost(account: &Account) -> bool {
    account.failure.as_ref().is_some_and(|failure| failure.status == Some(NOT_FOUND))
}

struct Cause<'a> {
    kind: FailureKind,
    status: Option<u16>,
    message: &'a str,
    until: Option<Timestamp>,
}

fn fail(operation: OperationKind, account: Account, cause: &Cause<'_>, now: Timestamp, jitter: Jitter) -> Settlement {
    let run = account.failure.as_ref().map(|failure| (failure.since, failure.attempts));
    let (since, attempts) = run.map_or((now, 1), |(since, attempts)| (since, attempts.saturating_add(1)));
    let ladder = now + retry_delay(attempts, jitter);
    let named = cause.until.map(|until| until.min(now + RETRY_AFTER_MAX));
    let retry_at = match cause.kind {
        FailureKind::Unavailable | FailureKind::Conflict => Some(named.map_or(ladder, |until| until.max(ladder))),
        // An instant that is over already says nothing.
        FailureKind::Throttled => Some(named.filter(|until| *until > now).unwrap_or(ladder)),
        // The holder's removal may come early, late or never: looked at again on the ladder, and woken when it settles.
        FailureKind::AddressHeld { .. } => Some(ladder),
        FailureKind::Rejected
        | FailureKind::Forbidden
        | FailureKind::Ambiguous
        | FailureKind::DuplicateMatch { .. }
        | FailureKind::Mapping => None,
    };
    let failure = Failure {
        kind: cause.kind.clone(),
        operation,
        status: cause.status,
        message: cause.message.chars().take(2_048).collect(),
        since,
        at: now,
        attempts,
        retry_at,
        marked: account.marked,
    };
    let account = Account { failure: Some(failure), due_at: retry_at, ..account };
    Settlement { account, event: Some(ProvisioningEvent::Failed), halt: None }
}
