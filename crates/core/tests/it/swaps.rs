//! Users who wait for each other's addresses.

use crate::kit::{connection, day, linked, user, view};
use provost_core::ids::UserId;
use provost_core::provisioning::{
    Account, Failure, FailureKind, Jitter, Operation, OperationKind, Outcome, Reason, Swap, UserView, decide, explain, is_parked,
    settle, swap_of,
};
use provost_core::time::Timestamp;
use std::collections::BTreeMap;

#[test]
fn of_each_cycle_the_lowest_id_parks_and_a_chain_needs_nobody() {
    type Case = (&'static [(i64, i64)], &'static [(i64, Option<Swap>)]);
    let table: [Case; 6] = [
        (&[], &[(1, None)]),
        (&[(1, 2)], &[(1, None), (2, None)]),
        (&[(1, 2), (2, 3)], &[(1, None), (2, None)]),
        (&[(1, 2), (2, 1)], &[(1, Some(Swap::Parks)), (2, Some(Swap::Waits))]),
        (&[(5, 3), (3, 4), (4, 5)], &[(3, Some(Swap::Parks)), (4, Some(Swap::Waits)), (5, Some(Swap::Waits))]),
        // One who waits for somebody in a cycle is in none.
        (&[(1, 2), (2, 3), (3, 2)], &[(1, None), (2, Some(Swap::Parks)), (3, Some(Swap::Waits))]),
    ];
    for (waits, parts) in table {
        let waits: BTreeMap<UserId, UserId> = waits.iter().map(|(who, whom)| (UserId::new(*who), UserId::new(*whom))).collect();
        for (who, part) in parts {
            assert_eq!(swap_of(UserId::new(*who), &waits), *part, "{who} of {waits:?}");
        }
    }
}

/// Ada, who now bears Bob's address, waits for his account, which waits for hers.
fn waiting(at: Timestamp, key: &str) -> (provost_core::directory::User, Account) {
    let before = user(1, "ada@example.com");
    let account = linked(&before, &connection(key));
    let kind = FailureKind::AddressHeld { by: UserId::new(2), email: "bob@example.com".to_owned(), until: None };
    let failure = Failure {
        kind,
        operation: OperationKind::Update,
        status: None,
        message: "held".to_owned(),
        since: at,
        at,
        attempts: 1,
        retry_at: Some(day(9)),
        marked: account.marked,
    };
    (user(1, "bob@example.com"), Account { failure: Some(failure), ..account })
}

#[test]
fn the_one_that_parks_makes_room_at_once_and_then_goes_on_to_its_own_name() {
    let connection = connection("generic");
    let (ada, account) = waiting(day(1), "generic");
    let parking = UserView { swap: Some(Swap::Parks), ..view(&ada) };
    let decision = decide(&parking, &account, &connection, day(1));
    assert!(decision.reasons.contains(&Reason::Parked));
    let Some(operation @ Operation::Update { .. }) = decision.operation else { panic!("{decision:?}") };
    let settled = settle(&operation, &Outcome::Applied { remote: None }, account, &connection, day(1), Jitter(0.0)).account;
    let name = settled.applied.as_ref().and_then(|body| body["userName"].as_str()).expect("it has a name");
    assert!(is_parked(ada.id, name), "{name}");
    assert!(name.ends_with("@example.com"), "{name}");
    assert_eq!((settled.due_at, &settled.failure), (Some(day(1)), &None));
    // The cycle is over, or seen once more: the next request is for the name that is wanted.
    for swap in [None, Some(Swap::Parks)] {
        let decision = decide(&UserView { swap, ..view(&ada) }, &settled, &connection, day(1));
        let Some(Operation::Update { body, .. }) = decision.operation else { panic!("{decision:?}") };
        assert_eq!(body["userName"], "bob@example.com");
    }
}

#[test]
fn who_waits_in_a_cycle_sends_nothing_before_its_time() {
    let connection = connection("generic");
    let (ada, account) = waiting(day(1), "generic");
    let waits = UserView { swap: Some(Swap::Waits), ..view(&ada) };
    assert_eq!(decide(&waits, &account, &connection, day(1)).operation, None);
    // No longer waiting for anybody: the cycle of a moment ago says nothing.
    let free = Account { failure: None, ..account };
    let decision = decide(&UserView { swap: Some(Swap::Parks), ..view(&ada) }, &free, &connection, day(1));
    assert!(!decision.reasons.contains(&Reason::Parked), "{decision:?}");
}

#[test]
fn an_app_that_cannot_rename_leaves_both_failing_with_that_reason() {
    let mut connection = connection("generic");
    let fixed = Box::leak(Box::new(connection.profile.clone()));
    fixed.renamable = false;
    connection.profile = fixed;
    let (ada, account) = waiting(day(1), "generic");
    let parking = UserView { swap: Some(Swap::Parks), ..view(&ada) };
    let decision = decide(&parking, &account, &connection, day(1));
    assert_eq!(decision.operation, None);
    let words = explain(&parking, &account, &connection, &decision, day(1)).join("\n");
    assert!(words.contains("the app cannot rename"), "{words}");
}
