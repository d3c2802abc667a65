//! Settling: every operation with every outcome, as one golden table, and what the table cannot say.

use crate::kit::{START, checked, connection, day, golden, linked, object, user, view};
use provost_core::app::{Connection, Trigger};
use provost_core::ids::UserId;
use provost_core::provisioning::{
    Account, AccountState, Causes, FailureKind, Intent, Jitter, Operation, OperationKind, Outcome, ProvisioningEvent, Remote,
    Removal, RemovalKind, Settlement, body_of, diff, retry_delay, settle,
};
use provost_core::time::Span;
use serde_json::{Map, Value, json};
use std::fmt::Write;

fn connection_() -> Connection {
    connection("netskope-suspend")
}

fn body() -> Map<String, Value> {
    body_of(&view(&user(1, "ada@example.com")), &connection_()).expect("a user").expect("it maps")
}

/// One request of each kind, with the account as its intent was committed.
fn started(kind: OperationKind) -> (Operation, Account) {
    let (connection, user) = (connection_(), user(1, "ada@example.com"));
    let there = linked(&user, &connection);
    let patch = diff(&Map::new(), &body(), connection.profile).expect("a body is more than nothing");
    let removal = |kind| Removal { kind, trigger: Trigger::AppOff, since: START, due: day(1) };
    let remote_id = "r1".to_owned();
    let absent = Account::new(user.id, &user.primary_email, START);
    let (operation, mut account) = match kind {
        OperationKind::LookUp => (Operation::LookUp { remote_id: None, matching: "ada@example.com".to_owned() }, absent),
        OperationKind::Create => (Operation::Create { body: body(), matching: "ada@example.com".to_owned() }, absent),
        OperationKind::Update => (Operation::Update { remote_id, patch, body: body() }, there),
        OperationKind::Suspend => (Operation::Remove(checked(&there, removal(RemovalKind::Suspend))), there),
        OperationKind::Restore => {
            (Operation::Restore { remote_id, patch, body: body() }, Account { state: AccountState::Suspended, ..there })
        }
        OperationKind::HardDelete => (Operation::Remove(checked(&there, removal(RemovalKind::HardDelete))), there),
    };
    let intended = if kind == OperationKind::LookUp { OperationKind::Create } else { kind };
    account.intent = Some(Intent { kind: intended, matching: Some("ada@example.com".to_owned()) });
    (operation, account)
}

fn remote(id: &str) -> Remote {
    Remote { id: id.to_owned(), resource: Some(body()) }
}

fn outcomes() -> Vec<(&'static str, Outcome)> {
    let message = || "no".to_owned();
    let held = Outcome::FoundHeld { by: UserId::new(2), email: "b@example.com".to_owned(), until: Some(day(30)) };
    vec![
        ("applied", Outcome::Applied { remote: Some(remote("r1")) }),
        ("applied, no body", Outcome::Applied { remote: None }),
        ("found", Outcome::Found { remote: remote("r1") }),
        ("found held", held),
        ("not found", Outcome::NotFound),
        ("ambiguous", Outcome::Ambiguous { count: 2 }),
        ("already gone", Outcome::AlreadyGone),
        ("conflict", Outcome::Conflict { message: message() }),
        ("rejected", Outcome::Rejected { kind: FailureKind::Rejected, status: Some(400), message: message() }),
        ("stale", Outcome::Stale),
        ("throttled", Outcome::Throttled { status: 429, until: Some(day(2) + Span::seconds(90)), message: message() }),
        ("throttled, 503", Outcome::Throttled { status: 503, until: None, message: message() }),
        ("refused", Outcome::Unavailable { status: None, message: message() }),
        ("500", Outcome::Unavailable { status: Some(500), message: message() }),
        ("unknown", Outcome::Unknown { message: message() }),
        ("not started", Outcome::NotStarted),
        ("unauthorized", Outcome::Unauthorized { message: message() }),
    ]
}

fn settled(operation: &Operation, outcome: &Outcome, account: Account) -> Settlement {
    settle(operation, outcome, account, &connection_(), day(2), Jitter(0.5))
}

fn line(settlement: &Settlement) -> String {
    let account = &settlement.account;
    let mut parts = vec![account.state.word().to_owned()];
    parts.extend(account.remote_id.clone());
    parts.extend(account.intent.as_ref().map(|intent| format!("open: {}", intent.kind.word())));
    if let Some(failure) = &account.failure {
        let kind = serde_json::to_value(&failure.kind).expect("a failure can be stored");
        let retry = failure.retry_at.map_or("waits".to_owned(), |at| format!("again in {} s", (at - day(2)).as_seconds()));
        parts.push(format!("failing: {}, {retry}", kind["kind"].as_str().expect("it is tagged")));
    }
    parts.push(account.due_at.map_or("at rest".to_owned(), |at| format!("due in {} s", (at - day(2)).as_seconds())));
    parts.extend(settlement.event.map(|event| format!("logs {event:?}")));
    parts.extend(settlement.halt.as_ref().map(|_| "halts".to_owned()));
    parts.join("; ")
}

#[test]
fn every_operation_with_every_outcome() {
    let mut text = String::new();
    for kind in OperationKind::ALL {
        writeln!(text, "# {}", kind.word()).expect("a text takes every line");
        for (name, outcome) in outcomes() {
            let (operation, account) = started(kind);
            let line = line(&settled(&operation, &outcome, account));
            writeln!(text, "{name:<17} {line}").expect("a text takes every line");
        }
        text.push('\n');
    }
    golden("settle.txt", &text);
}

#[test]
fn the_waits_between_attempts() {
    let middle: Vec<i64> = (0..=9).map(|attempts| retry_delay(attempts, Jitter(0.5)).as_seconds()).collect();
    assert_eq!(middle, [5, 5, 30, 120, 600, 3_600, 21_600, 86_400, 86_400, 86_400]);
    assert_eq!(retry_delay(u32::MAX, Jitter(0.0)), Span::seconds(69_120), "never dropped, however often");
    assert_eq!(retry_delay(2, Jitter(0.0)), Span::seconds(24));
    assert_eq!(retry_delay(2, Jitter(1.0)), Span::seconds(36));
    assert_eq!(retry_delay(2, Jitter(9.0)), Span::seconds(36), "a jitter out of range is cut");
}

#[test]
fn a_run_of_failures_climbs_the_ladder_through_the_look_ups_between() {
    let (create, mut account) = started(OperationKind::Create);
    let begun = account.clone();
    let look = Operation::LookUp { remote_id: None, matching: "ada@example.com".to_owned() };
    let down = Outcome::Unavailable { status: Some(503), message: "down".to_owned() };
    let mut waits = Vec::new();
    for _ in 0..4 {
        account = settled(&create, &down, Account { intent: begun.intent.clone(), ..account }).account;
        assert_eq!(account.intent, begun.intent, "it may have been done");
        waits.push(
            (account.failure.as_ref().and_then(|failure| failure.retry_at).expect("it is tried again") - day(2)).as_seconds(),
        );
        account = settled(&look, &Outcome::NotFound, account).account;
        assert_eq!(account.due_at, Some(day(2)), "looked up: may be sent again");
    }
    assert_eq!(waits, [5, 30, 120, 600]);
    let account = settled(&create, &Outcome::Applied { remote: Some(remote("r9")) }, account).account;
    assert_eq!((account.failure, account.intent), (None, None));
}

#[test]
fn retry_after_is_honoured_up_to_a_day() {
    let (operation, account) = started(OperationKind::Update);
    let throttled = |until| Outcome::Throttled { status: 429, until: Some(until), message: String::new() };
    let wait = |until| settled(&operation, &throttled(until), account.clone()).account.due_at;
    assert_eq!(wait(day(2) + Span::seconds(90)), Some(day(2) + Span::seconds(90)));
    assert_eq!(wait(day(400)), Some(day(3)));
    assert_eq!(wait(day(1)), Some(day(2) + Span::seconds(5)), "a time that is past says nothing: the ladder decides");
}

#[test]
fn a_lost_create_is_found_by_what_was_sent_and_is_ours_by_its_mark() {
    let (operation, account) = started(OperationKind::LookUp);
    let found = |mark: Option<&str>| {
        let mut resource = body();
        resource.shift_remove("externalId");
        mark.map(|mark| resource.insert("externalId".to_owned(), mark.into()));
        let outcome = Outcome::Found { remote: Remote { id: "r7".to_owned(), resource: Some(resource) } };
        let settlement = settled(&operation, &outcome, account.clone());
        (settlement.event, settlement.account.remote_id)
    };
    assert_eq!(found(Some("1")), (Some(ProvisioningEvent::Created), Some("r7".to_owned())));
    assert_eq!(found(None), (Some(ProvisioningEvent::Adopted), Some("r7".to_owned())));
    assert_eq!(found(Some("made-by-hand")), (None, None), "somebody else's: decided anew");
}

#[test]
fn an_account_that_bears_the_address_now_is_not_the_one_that_was_to_go() {
    for (kind, event) in [(OperationKind::HardDelete, Some(ProvisioningEvent::HardDeleted)), (OperationKind::Suspend, None)] {
        let (_, account) = started(kind);
        let look = Operation::LookUp { remote_id: Some("r1".to_owned()), matching: "ada@example.com".to_owned() };
        for outcome in [Outcome::Found { remote: remote("other") }, Outcome::AlreadyGone, Outcome::NotFound] {
            let settlement = settled(&look, &outcome, account.clone());
            assert_eq!((settlement.account.remote_id, settlement.account.state), (None, AccountState::Absent), "{outcome:?}");
            let logged = if outcome == Outcome::NotFound && kind == OperationKind::Suspend { None } else { event };
            assert_eq!(settlement.event, logged, "{outcome:?}");
        }
    }
}

#[test]
fn an_account_that_is_gone_takes_its_causes_with_it() {
    let (operation, account) = started(OperationKind::HardDelete);
    let causes = Causes { app_off_since: Some(START), ..Causes::default() };
    let settlement = settled(&operation, &Outcome::Applied { remote: None }, Account { causes, ..account });
    assert_eq!((settlement.account.causes, settlement.account.removal), (Causes::default(), None));
    assert_eq!(settlement.account.applied, None);
}

#[test]
fn what_the_app_made_otherwise_is_brought_up_to_date_in_a_second_step() {
    let (operation, account) = started(OperationKind::Create);
    let answer = |edit: &[(&str, Value)]| {
        let mut resource = body();
        resource.extend(edit.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        let remote = Some(Remote { id: "r1".to_owned(), resource: Some(resource) });
        let account = settled(&operation, &Outcome::Applied { remote }, account.clone()).account;
        (account.applied.expect("it is linked"), account.due_at)
    };
    assert_eq!(answer(&[]), (body(), None));
    assert_eq!(answer(&[("userName", json!("ADA@example.com"))]), (body(), None), "another case is agreement");
    let (applied, due_at) = answer(&[("title", json!("Guest"))]);
    assert_eq!((&applied["title"], due_at), (&json!("Guest"), Some(day(2))));
}

#[test]
fn a_suspend_is_remembered_in_the_body() {
    let (operation, account) = started(OperationKind::Suspend);
    let account = settled(&operation, &Outcome::Applied { remote: None }, account).account;
    let mut expected = body();
    expected.extend(object(json!({ "active": false })));
    assert_eq!((account.state, account.applied), (AccountState::Suspended, Some(expected)));
}

#[test]
fn work_that_fails_for_a_month_is_still_tried_again() {
    let (update, mut account) = started(OperationKind::Update);
    let refused = Outcome::Unavailable { status: None, message: "refused".to_owned() };
    for attempts in 1..=40 {
        account = settled(&update, &refused, account).account;
        let failure = account.failure.as_ref().expect("it has failed");
        assert!(failure.retry_at.is_some() && account.due_at == failure.retry_at, "dropped after {attempts} attempts");
        assert_eq!((failure.attempts, failure.since), (attempts, day(2)));
    }
}
