//! Deciding: the cases in which one wrong line does the most harm, each by itself.

use crate::kit::{START, after, connection, day, linked, object, off, row, user, view};
use provost_core::app::{Action, ArchivedRule, Connection, DeprovisioningPolicy, GracePeriod, Rule, Trigger};
use provost_core::directory::User;
use provost_core::ids::UserId;
use provost_core::provisioning::{
    Account, AccountState, Blocked, Causes, Decision, Failure, FailureKind, Intent, Operation, OperationKind, Removal,
    RemovalKind, ScopeVerdict, Twin, UserView, decide, failure_after_look, wanted_name,
};
use provost_core::time::{Span, Timestamp};
use serde_json::json;

use RemovalKind::{HardDelete, Suspend};

/// Suspend within 24 hours, hard delete after 7 days, for every trigger.
fn strict() -> Connection {
    let mut connection = connection("netskope-suspend");
    let rule = Rule { suspend: Some(after(GracePeriod::Within24Hours)), hard_delete: Some(after(GracePeriod::Days7)) };
    connection.config.deprovisioning = DeprovisioningPolicy { app_off: rule, suspended: rule, deleted: rule };
    connection
}

fn somebody() -> User {
    user(1, "ada@example.com")
}

fn suspended_at(since: Timestamp) -> User {
    let status = somebody().status.suspend("", since).expect("an active user");
    User { status, ..somebody() }
}

fn removal(decision: &Decision) -> Option<(RemovalKind, Trigger, Timestamp)> {
    decision.removal.map(|removal| (removal.kind, removal.trigger, removal.due))
}

#[test]
fn nothing_a_microsecond_early_and_at_the_moment_it_is_due() {
    let (connection, user) = (strict(), somebody());
    let account = Account { state: AccountState::Suspended, ..linked(&user, &connection) };
    let early = decide(&off(&user), &account, &connection, day(7) - Span(1));
    assert_eq!((removal(&early), early.removal_due), (Some((HardDelete, Trigger::AppOff, day(7))), None));
    assert_eq!(early.wake_at, Some(day(7)));
    let due = decide(&off(&user), &account, &connection, day(7));
    assert_eq!(due.removal_due, Some(Removal { kind: HardDelete, trigger: Trigger::AppOff, since: START, due: day(7) }));
}

#[test]
fn a_hard_delete_that_is_due_goes_before_a_suspend_that_is_due() {
    let (connection, user) = (strict(), somebody());
    let account = linked(&user, &connection);
    assert_eq!(removal(&decide(&off(&user), &account, &connection, day(6))), Some((Suspend, Trigger::AppOff, START)));
    assert_eq!(removal(&decide(&off(&user), &account, &connection, day(7))), Some((HardDelete, Trigger::AppOff, day(7))));
}

#[test]
fn the_earliest_cause_wins_and_each_keeps_its_beginning() {
    let (mut connection, user) = (strict(), suspended_at(day(3)));
    connection.config.deprovisioning.app_off.hard_delete = Some(after(GracePeriod::Days21));
    let causes = Causes { app_off_since: Some(START), ..Causes::default() };
    let account = Account { causes, state: AccountState::Suspended, entitlement_marked_at: day(3), ..linked(&user, &connection) };
    let decision = decide(&off(&user), &account, &connection, day(4));
    let both = Causes { app_off_since: Some(START), suspended_since: Some(day(3)), deleted_since: None };
    assert_eq!(decision.causes, both);
    assert_eq!(removal(&decision), Some((HardDelete, Trigger::Suspended, day(10))));
}

#[test]
fn an_edit_gives_notice_to_those_whose_clock_was_running() {
    let (mut connection, user) = (strict(), somebody());
    let edited_at = Some(day(5));
    connection.config.deprovisioning.app_off =
        Rule { suspend: None, hard_delete: Some(Action { after: GracePeriod::Within24Hours, edited_at }) };
    let due = |marked_at: Timestamp| {
        let account = Account { entitlement_marked_at: marked_at, ..linked(&user, &connection) };
        decide(&off(&user), &account, &connection, day(5)).removal.map(|removal| removal.due)
    };
    assert_eq!(due(START), Some(day(6)), "due long ago by the new period: a day from the edit");
    assert_eq!(due(day(5)), Some(day(6)), "looked at with the edit's own mark: the clock may have begun before");
    let account = Account { entitlement_marked_at: day(5) + Span::hours(2), ..linked(&user, &connection) };
    let later = decide(&off(&user), &account, &connection, day(6)).removal.map(|removal| removal.due);
    assert_eq!(later, Some(day(5) + Span::hours(3)), "begun after the edit: the new period");
}

#[test]
fn archived_then_deleted_only_the_deletion_counts() {
    let connection = strict();
    let status = suspended_at(START).status.archive(day(1)).and_then(|status| status.delete(day(30))).expect("one after another");
    let user = User { status, ..somebody() };
    let causes = Causes { app_off_since: Some(START), suspended_since: Some(START), deleted_since: None };
    let account = Account { causes, entitlement_marked_at: day(30), ..linked(&user, &connection) };
    let decision = decide(&off(&user), &account, &connection, day(30));
    assert_eq!(decision.causes, Causes { deleted_since: Some(day(30)), ..Causes::default() });
    assert_eq!(removal(&decision), Some((Suspend, Trigger::Deleted, day(30))));
}

#[test]
fn archived_and_back_between_two_decisions_restarts_every_clock() {
    let connection = strict();
    let status = suspended_at(START).status.archive(day(5)).and_then(|status| status.unarchive(day(6))).expect("and back");
    let user = User { status, ..somebody() };
    let causes = Causes { app_off_since: Some(START), suspended_since: Some(START), deleted_since: None };
    let account = Account { causes, entitlement_marked_at: day(6), ..linked(&user, &connection) };
    let decision = decide(&off(&user), &account, &connection, day(8));
    assert_eq!(decision.causes, Causes { app_off_since: Some(day(6)), suspended_since: Some(day(6)), deleted_since: None });
}

#[test]
fn an_archived_user_is_left_alone_or_treated_as_suspended() {
    let mut connection = strict();
    let user = User { status: somebody().status.archive(day(1)).expect("an active user"), ..somebody() };
    let intent = Some(Intent { kind: OperationKind::Update, matching: None });
    let account = Account { intent, ..linked(&user, &connection) };
    let decision = decide(&view(&user), &account, &connection, day(50));
    assert_eq!((decision.operation, decision.removal, decision.wake_at), (None, None, None), "not even a look-up");
    assert_eq!(decision.blocked, Some(Blocked::Archived));
    connection.config.archived = ArchivedRule::AsSuspended;
    let decision = decide(&view(&user), &Account { intent: None, ..account }, &connection, day(2));
    assert_eq!(removal(&decision), Some((Suspend, Trigger::Suspended, day(1))));
}

#[test]
fn a_loss_from_before_the_deletion_counts_once_and_later_ones_never() {
    let connection = strict();
    let user = User { status: somebody().status.delete(day(3)).expect("a living user"), ..somebody() };
    let fresh = Account { entitlement_marked_at: day(2), ..linked(&user, &connection) };
    assert_eq!(decide(&off(&user), &fresh, &connection, day(4)).causes.app_off_since, Some(day(2)), "lost, then deleted");
    let seen = Causes { deleted_since: Some(day(3)), ..Causes::default() };
    let seen = Account { causes: seen, ..fresh };
    assert_eq!(decide(&off(&user), &seen, &connection, day(5)).causes.app_off_since, None, "lost after the deletion was seen");
    let later = Account { entitlement_marked_at: day(4), causes: Causes::default(), ..seen };
    assert_eq!(decide(&off(&user), &later, &connection, day(5)).causes.app_off_since, None, "lost after the deletion");
}

#[test]
fn a_user_whom_the_directory_has_forgotten_keeps_the_clocks() {
    let (connection, user) = (strict(), somebody());
    let causes = Causes { app_off_since: Some(day(1)), suspended_since: Some(day(2)), deleted_since: Some(day(3)) };
    let account = Account { causes, entitlement_marked_at: day(23), ..linked(&user, &connection) };
    let gone = UserView { user: None, ..off(&user) };
    assert_eq!(decide(&gone, &account, &connection, day(23)).causes, causes);
}

#[test]
fn without_a_living_group_no_clock_starts_or_ends_and_nothing_is_made_or_removed() {
    let (connection, user) = (strict(), somebody());
    let lost = UserView { scope: ScopeVerdict::NoLivingGroup, ..view(&user) };
    let account = linked(&user, &connection);
    let decision = decide(&lost, &account, &connection, day(90));
    assert_eq!((decision.causes, decision.removal), (Causes::default(), None));
    let causes = Causes { app_off_since: Some(START), ..Causes::default() };
    let running = decide(&lost, &Account { causes, ..account }, &connection, day(90));
    assert_eq!((running.causes, running.removal_due, running.blocked), (causes, None, Some(Blocked::NoLivingGroup)));
    let decision = decide(&lost, &Account::new(user.id, "", START), &connection, day(90));
    assert_eq!((decision.operation, decision.blocked), (None, Some(Blocked::NoLivingGroup)));
}

#[test]
fn an_open_question_comes_before_everything() {
    let (connection, user) = (strict(), suspended_at(START));
    let intent = Some(Intent { kind: OperationKind::Create, matching: Some("old@example.com".to_owned()) });
    let account = Account { intent, ..Account::new(user.id, "ada@example.com", START) };
    let decision = decide(&off(&user), &account, &connection, day(90));
    let look = Operation::LookUp { remote_id: None, matching: "old@example.com".to_owned() };
    assert_eq!(decision.operation, Some(look), "by the name that was sent");
    // But no successor is sought for somebody who is to have no account.
    let intent = Some(Intent { kind: OperationKind::LookUp, matching: Some("ada@example.com".to_owned()) });
    let decision = decide(&off(&user), &Account { intent, ..account }, &connection, day(90));
    assert_eq!(decision.operation, None);
}

#[test]
fn updates_pause_while_a_cause_holds_and_one_request_catches_up() {
    let (connection, mut user) = (strict(), somebody());
    let account = Account { state: AccountState::Suspended, ..linked(&user, &connection) };
    user.given_name = "Grace".to_owned();
    assert_eq!(decide(&off(&user), &account, &connection, day(1)).operation, None);
    let back = decide(&view(&user), &account, &connection, day(1)).operation.map(|operation| operation.kind());
    assert_eq!(back, Some(OperationKind::Restore));
    let linked = Account { state: AccountState::Linked, ..account };
    let back = decide(&view(&user), &linked, &connection, day(1)).operation.map(|operation| operation.kind());
    assert_eq!(back, Some(OperationKind::Update));
}

fn failing(kind: FailureKind, operation: OperationKind, retry_at: Option<Timestamp>) -> Failure {
    let (since, at) = (day(1), day(1));
    Failure { kind, operation, status: None, message: "no".to_owned(), since, at, attempts: 1, retry_at, marked: 5 }
}

#[test]
fn a_failed_attempt_waits_for_its_time_or_for_a_change() {
    let (connection, user) = (strict(), somebody());
    let sends = |kind: FailureKind, retry_at: Option<Timestamp>, marked: i64, now: Timestamp| {
        let failure = Some(failing(kind, OperationKind::Create, retry_at));
        let account = Account { failure, marked, ..Account::new(user.id, "", START) };
        decide(&view(&user), &account, &connection, now).operation.is_some()
    };
    assert!(!sends(FailureKind::Unavailable, Some(day(3)), 5, day(2)));
    assert!(sends(FailureKind::Unavailable, Some(day(3)), 5, day(3)));
    assert!(sends(FailureKind::Unavailable, Some(day(3)), 6, day(2)), "something has changed");
    assert!(!sends(FailureKind::Throttled, Some(day(3)), 6, day(2)), "the app has named the time");
    assert!(!sends(FailureKind::Rejected, None, 5, day(900)));
    assert!(sends(FailureKind::Rejected, None, 6, day(2)));
}

#[test]
fn a_refused_suspend_does_not_stop_the_hard_delete_after_it() {
    let (connection, user) = (strict(), somebody());
    let failure = Some(failing(FailureKind::Rejected, OperationKind::Suspend, None));
    let account = Account { failure, marked: 5, ..linked(&user, &connection) };
    assert_eq!(decide(&off(&user), &account, &connection, day(6)).removal_due, None);
    let due = decide(&off(&user), &account, &connection, day(7)).removal_due;
    assert_eq!(due.map(|removal| removal.kind), Some(HardDelete));
}

#[test]
fn a_mandatory_value_that_is_missing_is_that_users_failure() {
    let (mut connection, user) = (strict(), somebody());
    connection.config.mapping.iter_mut().filter(|row| row.target == "emails.value").for_each(|row| {
        row.source = provost_core::app::Expression::parse("user.emails.home").expect("an attribute");
    });
    let decision = decide(&view(&user), &Account::new(user.id, "", START), &connection, START);
    assert!(matches!(decision.blocked, Some(Blocked::Mapping(_))), "{decision:?}");
    assert_eq!((decision.is_quiet(), decision.operation), (false, None));
}

#[test]
fn an_account_that_is_up_to_date_costs_no_request() {
    let (connection, user) = (strict(), somebody());
    let decision = decide(&view(&user), &linked(&user, &connection), &connection, day(1));
    assert!(decision.is_quiet() && decision.wake_at.is_none(), "{decision:?}");
    assert_eq!(linked(&user, &connection).applied.map(|body| body["active"].clone()), Some(json!(true)));
}

#[test]
fn a_twin_stops_everything_but_removals_and_look_ups() {
    let (connection, user) = (strict(), somebody());
    let twin = Twin { user: UserId::new(2), email: "bob@second.example".to_owned() };
    let beside = UserView { twin: Some(&twin), ..view(&user) };
    let new = Account::new(user.id, &user.primary_email, START);
    let up_to_date = linked(&user, &connection);
    let renamed = Account { applied: Some(object(json!({ "userName": "other" }))), ..up_to_date.clone() };
    for account in [&new, &up_to_date, &renamed, &Account { state: AccountState::Suspended, ..renamed.clone() }] {
        let decision = decide(&beside, account, &connection, day(1));
        let Some(Blocked::Duplicate(duplicate)) = &decision.blocked else { panic!("{decision:?}") };
        assert_eq!((decision.operation.as_ref(), decision.is_quiet()), (None, false));
        assert_eq!((&duplicate.twin, duplicate.value.as_str()), (&twin, user.primary_email.as_str()));
        // Told once, by a failure that needs no request.
        let failure = failure_after_look(account, &decision, day(1)).expect("it fails");
        assert!(failure.message.contains("bob@second.example is to have the same userName"), "{}", failure.message);
        let told = Account { failure: Some(failure), ..account.clone() };
        let again = decide(&beside, &told, &connection, day(9));
        assert_eq!(failure_after_look(&told, &again, day(9)), told.failure);
        // Without the twin nothing waits, whatever is marked.
        let alone = decide(&view(&user), &told, &connection, day(9));
        assert_eq!((alone.operation, alone.blocked), (decide(&view(&user), account, &connection, day(9)).operation, None));
    }
    let leaving = decide(&UserView { twin: Some(&twin), ..off(&user) }, &up_to_date, &connection, day(8));
    assert!(leaving.removal_due.is_some() && leaving.blocked.is_none(), "{leaving:?}");
    let intent = Intent { kind: OperationKind::Create, matching: Some("sent".to_owned()) };
    let asking = decide(&beside, &Account { intent: Some(intent), ..new }, &connection, day(1));
    assert!(matches!(asking.operation, Some(Operation::LookUp { .. })), "{asking:?}");
}

#[test]
fn only_who_is_to_have_an_account_now_has_a_name() {
    let (connection, user) = (strict(), User { primary_email: "Ada@example.com".to_owned(), ..somebody() });
    assert_eq!(wanted_name(&view(&user), &connection).as_deref(), Some("ada@example.com"));
    assert_eq!(wanted_name(&off(&user), &connection), None);
    let active = || user.status.clone();
    for status in [active().suspend("", START), active().archive(START), active().delete(START)] {
        let user = User { status: status.expect("an active user"), ..user.clone() };
        assert_eq!(wanted_name(&view(&user), &connection), None, "{:?}", user.status);
    }
}

#[test]
fn only_a_mapping_that_can_repeat_itself_is_asked_for_twins() {
    let repeats = |source: &str| {
        let mut connection = strict();
        connection.config.mapping.retain(|row| row.target != "userName");
        connection.config.mapping.push(row("USERNAME", source));
        connection.config.may_repeat_names(connection.profile)
    };
    for (source, may) in [
        ("user.primary_email", false),
        ("user.id", false),
        ("user.username", true),
        ("user.external_ids.organization", true),
        ("'everybody'", true),
    ] {
        assert_eq!(repeats(source), may, "{source}");
    }
}
