//! The guard: what passes, what is held, and what an approval is bound to.

use crate::kit::{START, day};
use proptest::prelude::*;
use proptest::sample::select;
use provost_core::app::{GracePeriod, Limits, Trigger};
use provost_core::directory::{User, UserStatus};
use provost_core::ids::UserId;
use provost_core::provisioning::{
    Approval, Guarded, Removal, RemovalCandidate, RemovalKind, SentRemoval, UserView, decide, guard, window_moves_at,
};
use provost_core::time::Span;

use RemovalKind::{HardDelete, Suspend};

fn due(users: std::ops::Range<i64>, kind: RemovalKind) -> Vec<RemovalCandidate> {
    let removal = Removal { kind, trigger: Trigger::AppOff, since: START, due: day(1) };
    users
        .map(|id| RemovalCandidate {
            user_id: UserId::new(id + 1),
            email: format!("user{id}@example.com"),
            remote_id: format!("r{id}"),
            removal,
            marked: 1,
            revision: 1,
        })
        .collect()
}

fn sent(count: usize, kind: RemovalKind, at: i64) -> Vec<SentRemoval> {
    vec![SentRemoval { kind, at: day(10) - Span::hours(at) }; count]
}

/// Judged on day 10, in a connection of 10 accounts: three may go.
fn judge(due: &[RemovalCandidate], sent: &[SentRemoval], approvals: &[Approval]) -> Guarded {
    guard(due, sent, 10, &Limits::default(), approvals, day(10))
}

fn counts(guarded: &Guarded) -> (usize, usize, usize) {
    (guarded.passed.len(), guarded.holds.iter().map(|hold| hold.candidates.len()).sum(), guarded.rejected.len())
}

fn approval(candidate: &RemovalCandidate, approved: bool) -> Approval {
    let Removal { kind, trigger, since, .. } = candidate.removal;
    Approval { user_id: candidate.user_id, kind, trigger, since, approved, decided_at: day(10) - Span::hours(1) }
}

#[test]
fn up_to_the_limit_all_pass_and_above_it_all_are_held() {
    assert_eq!(counts(&judge(&due(0..3, HardDelete), &[], &[])), (3, 0, 0));
    let guarded = judge(&due(0..4, HardDelete), &[], &[]);
    assert_eq!(counts(&guarded), (0, 4, 0));
    assert_eq!((guarded.holds[0].kind, guarded.holds[0].limit, guarded.holds[0].sent), (HardDelete, 3, 0));
}

#[test]
fn suspends_and_hard_deletes_are_counted_apart() {
    let both = [due(0..3, HardDelete), due(3..6, Suspend)].concat();
    assert_eq!(counts(&judge(&both, &[], &[])), (6, 0, 0));
    let both = [due(0..4, HardDelete), due(4..7, Suspend)].concat();
    let guarded = judge(&both, &[], &[]);
    assert_eq!(counts(&guarded), (3, 4, 0));
    assert!(guarded.passed.iter().all(|removal| removal.candidate().removal.kind == Suspend), "everything else goes on");
    assert_eq!(counts(&judge(&due(0..3, HardDelete), &sent(3, Suspend, 1), &[])), (3, 0, 0));
}

#[test]
fn those_sent_within_a_sliding_day_count() {
    let one = due(0..1, Suspend);
    assert_eq!(counts(&judge(&one, &sent(3, Suspend, 23), &[])), (0, 1, 0));
    assert_eq!(counts(&judge(&one, &sent(2, Suspend, 23), &[])), (1, 0, 0));
    assert_eq!(counts(&judge(&one, &sent(9, Suspend, 24), &[])), (1, 0, 0), "a day ago is out of the window");
    // 18 accounts are left of 20: the share is taken of what the connection was.
    let two = sent(2, HardDelete, 1);
    assert_eq!(counts(&guard(&due(0..2, HardDelete), &two, 18, &Limits::default(), &[], day(10))), (2, 0, 0));
}

#[test]
fn an_approval_binds_account_action_and_cause() {
    let due = due(0..4, HardDelete);
    let all: Vec<Approval> = due.iter().map(|candidate| approval(candidate, true)).collect();
    let guarded = judge(&due, &[], &all);
    assert_eq!(counts(&guarded), (4, 0, 0));
    assert!(guarded.passed.iter().all(provost_core::provisioning::CheckedRemoval::approved));
    let spoilt: [fn(&mut Approval); 4] = [
        |approval| approval.user_id = UserId::new(99),
        |approval| approval.kind = Suspend,
        |approval| approval.trigger = Trigger::Suspended,
        |approval| approval.since = day(1),
    ];
    for spoil in spoilt {
        let mut others = all.clone();
        others.iter_mut().for_each(spoil);
        assert_eq!(counts(&judge(&due, &[], &others)), (0, 4, 0), "{:?}", others[0]);
    }
}

#[test]
fn approving_some_of_a_hold_does_not_let_the_rest_through() {
    let due = due(0..5, HardDelete);
    let some = [approval(&due[0], true), approval(&due[1], true)];
    assert_eq!(counts(&judge(&due, &[], &some)), (2, 3, 0), "in the pass in which they go");
    assert_eq!(counts(&judge(&due[2..], &sent(2, HardDelete, 1), &[])), (0, 3, 0), "and after it");
}

#[test]
fn a_rejected_removal_is_not_sent_and_counts_for_a_day() {
    let due = due(0..4, HardDelete);
    let rejected = approval(&due[0], false);
    let guarded = judge(&due, &[], &[rejected]);
    assert_eq!(counts(&guarded), (0, 3, 1), "rejecting one does not let the others through");
    assert_eq!(guarded.rejected[0].user_id, due[0].user_id);
    let long_ago = Approval { decided_at: day(9), ..rejected };
    assert_eq!(counts(&judge(&due, &[], &[long_ago])), (3, 0, 1), "an old verdict holds up nobody else");
}

#[test]
fn what_is_not_due_does_not_pass() {
    let mut early = due(0..1, HardDelete);
    early[0].removal.due = day(10) + Span(1);
    assert_eq!(counts(&judge(&early, &[], &[])), (0, 0, 0));
    let approved = [approval(&early[0], true)];
    assert_eq!(counts(&judge(&early, &[], &approved)), (0, 0, 0), "an approval makes nothing due");
}

proptest! {
    /// Never more than the limit within a day, and never fewer than all when all fit; counted here by hand.
    #[test]
    fn never_more_than_the_limit_and_nothing_held_without_need(
        waiting in 0_i64..60, before in 0_usize..40, accounts in 0_u64..500, kind in select(vec![Suspend, HardDelete])) {
        let guarded = guard(&due(0..waiting, kind), &sent(before, kind, 2), accounts, &Limits::default(), &[], day(10));
        let base = accounts + if kind == HardDelete { before as u64 } else { 0 };
        let limit = [3, (base / 5).min(20), base / 20].into_iter().max().unwrap_or(3);
        let fits = before as u64 + waiting.unsigned_abs() <= limit;
        let (passed, held, _) = counts(&guarded);
        let all = usize::try_from(waiting).expect("not negative");
        prop_assert_eq!((passed, held), if fits { (all, 0) } else { (0, all) });
    }
}

#[test]
fn a_rejected_removal_does_not_hide_what_a_later_cause_brings() {
    let mut connection = crate::kit::connection("generic");
    connection.config.deprovisioning.app_off.hard_delete = Some(crate::kit::after(GracePeriod::Days1));
    connection.config.deprovisioning.deleted.hard_delete = Some(crate::kit::after(GracePeriod::Days7));
    let user = crate::kit::user(1, "ada@example.com");
    let since = day(1);
    let mut account = crate::kit::linked(&user, &connection);
    account.causes.app_off_since = Some(since);
    let kind = HardDelete;
    let verdict = Approval { user_id: user.id, kind, trigger: Trigger::AppOff, since, approved: false, decided_at: day(3) };
    let verdicts = [verdict];
    let off = || UserView { verdicts: &verdicts, ..crate::kit::off(&user) };
    let alone = decide(&off(), &account, &connection, day(4));
    assert_eq!(alone.removal_due.map(|removal| removal.trigger), Some(Trigger::AppOff), "the guard is to refuse it");
    let deleted = User { status: UserStatus { deleted_since: Some(day(4)), ..user.status.clone() }, ..user.clone() };
    account.causes.deleted_since = Some(day(4));
    let view = UserView { user: Some(&deleted), ..off() };
    let later = decide(&view, &account, &connection, day(5));
    assert_eq!((later.removal_due, later.wake_at), (None, Some(day(11))));
    let due = decide(&view, &account, &connection, day(11)).removal_due;
    assert_eq!(due.map(|removal| removal.trigger), Some(Trigger::Deleted));
}

#[test]
fn what_is_held_is_judged_again_when_the_oldest_that_counts_has_left_the_window() {
    let sent = [sent(2, HardDelete, 20), sent(1, Suspend, 25), sent(1, HardDelete, 3)].concat();
    assert_eq!(window_moves_at(&sent, &[], day(10)), Some(day(10) + Span::hours(4)));
    let candidates = due(0..2, HardDelete);
    let rejected = Approval { decided_at: day(10) - Span::hours(22), ..approval(&candidates[0], false) };
    let approved = Approval { decided_at: day(10) - Span::hours(23), ..approval(&candidates[1], true) };
    assert_eq!(window_moves_at(&sent, &[rejected, approved], day(10)), Some(day(10) + Span::hours(2)));
    assert_eq!(window_moves_at(&sent[2..3], &[], day(10)), None, "nothing that counts is left");
}
