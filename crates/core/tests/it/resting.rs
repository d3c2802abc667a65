//! At rest: what a look stores is what a pass leaves alone afterwards, and each single difference is seen.

use crate::kit::{START, after, connection, day, linked, off, user, view};
use provost_core::app::{Connection, DeprovisioningPolicy, GracePeriod, Rule};
use provost_core::provisioning::{
    Account, Blocked, Decision, Failure, FailureKind, Intent, OperationKind, UserView, decide, is_at_rest,
};
use provost_core::time::{Span, Timestamp};

const EMAIL: &str = "ada@example.com";

fn strict() -> Connection {
    let mut connection = connection("netskope-suspend");
    let rule = Rule { suspend: None, hard_delete: Some(after(GracePeriod::Days7)) };
    connection.config.deprovisioning = DeprovisioningPolicy { app_off: rule, suspended: rule, deleted: rule };
    connection
}

/// As a look that sends nothing leaves the account.
fn looked_at(account: &Account, decision: &Decision) -> Account {
    Account { causes: decision.causes, removal: decision.removal, due_at: decision.wake_at, ..account.clone() }
}

/// Decided as a mark would leave it.
fn again(view: &UserView<'_>, account: &Account, connection: &Connection, now: Timestamp) -> Decision {
    let marked = Account { marked: account.marked + 1, entitlement_marked_at: now, ..account.clone() };
    decide(view, &marked, connection, now)
}

#[test]
fn what_was_looked_at_is_at_rest_until_something_changes() {
    let (connection, user) = (strict(), user(1, EMAIL));
    let (on, off) = (view(&user), off(&user));
    let up_to_date = linked(&user, &connection);
    assert!(is_at_rest(&up_to_date, EMAIL, &again(&on, &up_to_date, &connection, day(1))));
    let decision = decide(&off, &up_to_date, &connection, START);
    assert!(!is_at_rest(&up_to_date, EMAIL, &decision), "a cause has begun");
    let leaving = looked_at(&up_to_date, &decision);
    for now in [day(1), day(7), day(30)] {
        let decision = again(&off, &leaving, &connection, now);
        // When the grace period is over the row is due by itself, or the guard holds it: a pass has no part in that.
        let stored = looked_at(&leaving, &decision);
        assert!(is_at_rest(&stored, EMAIL, &decision), "{now}");
    }
    assert!(!is_at_rest(&leaving, EMAIL, &again(&on, &leaving, &connection, day(1))), "the cause has ended");
    assert!(!is_at_rest(&up_to_date, "ada.new@example.com", &again(&on, &up_to_date, &connection, day(1))));
}

#[test]
fn nobody_is_at_rest_who_is_due_worked_on_or_to_be_tried_again() {
    let (connection, user) = (strict(), user(1, EMAIL));
    let account = linked(&user, &connection);
    let at_rest = |account: &Account| is_at_rest(account, EMAIL, &again(&view(&user), account, &connection, day(1)));
    assert!(at_rest(&account));
    assert!(!at_rest(&Account { due_at: Some(day(1)), ..account.clone() }));
    assert!(!at_rest(&Account { due_at: Some(day(9)), ..account.clone() }));
    let intent = Intent { kind: OperationKind::Update, matching: None };
    assert!(!at_rest(&Account { intent: Some(intent), ..account.clone() }));
    let failure = Failure {
        kind: FailureKind::Rejected,
        operation: OperationKind::Update,
        status: None,
        message: "no".to_owned(),
        since: START,
        at: START,
        attempts: 1,
        retry_at: None,
        marked: 1,
    };
    assert!(!at_rest(&Account { failure: Some(failure), ..account.clone() }), "the failure is over and still recorded");
    let mut applied = account.applied.clone().expect("it is linked");
    applied.insert("title".to_owned(), "Other".into());
    assert!(!at_rest(&Account { applied: Some(applied), ..account }));
}

#[test]
fn a_throttled_user_rests_until_the_app_allows_and_a_mapping_failure_is_told_once() {
    let (connection, user) = (strict(), user(1, EMAIL));
    let mut failure = Failure {
        kind: FailureKind::Throttled,
        operation: OperationKind::Update,
        status: Some(429),
        message: "slow down".to_owned(),
        since: START,
        at: START,
        attempts: 1,
        retry_at: Some(day(2)),
        marked: 1,
    };
    let stale = Account { applied: None, failure: Some(failure.clone()), due_at: Some(day(2)), ..linked(&user, &connection) };
    assert!(is_at_rest(&stale, EMAIL, &again(&view(&user), &stale, &connection, day(2) - Span(1))));
    assert!(!is_at_rest(&stale, EMAIL, &again(&view(&user), &stale, &connection, day(2))));

    let mut nameless = connection;
    nameless.config.mapping.retain(|row| row.target != "userName");
    nameless.config.mapping.push(crate::kit::row("userName", "user.recovery_email"));
    let account = linked(&user, &strict());
    let decision = again(&view(&user), &account, &nameless, day(1));
    let Some(Blocked::Mapping(mapping)) = &decision.blocked else { panic!("{decision:?}") };
    assert!(!is_at_rest(&account, EMAIL, &decision));
    failure = Failure { kind: FailureKind::Mapping, message: mapping.to_string(), retry_at: None, ..failure };
    let told = Account { failure: Some(failure.clone()), ..account.clone() };
    assert!(is_at_rest(&told, EMAIL, &again(&view(&user), &told, &nameless, day(1))));
    let other = Account { failure: Some(Failure { message: "another attribute".to_owned(), ..failure }), ..account };
    assert!(!is_at_rest(&other, EMAIL, &again(&view(&user), &other, &nameless, day(1))));
}
