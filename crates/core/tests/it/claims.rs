//! Whose account a look-up has found.

use crate::kit::{START, connection, object};
use provost_core::ids::UserId;
use provost_core::provisioning::{Account, Failure, FailureKind, Intent, OperationKind, Outcome, Remote, found, holder};
use serde_json::json;

fn record(user: i64) -> Account {
    Account::new(UserId::new(user), "ada@example.com", START)
}

fn asking(user: i64) -> Account {
    let intent = Intent { kind: OperationKind::Create, matching: Some("ada@example.com".to_owned()) };
    Account { intent: Some(intent), ..record(user) }
}

/// Whoever cannot find their account at the moment.
fn seeking(user: i64) -> Account {
    Account { intent: Some(Intent { kind: OperationKind::LookUp, matching: None }), ..record(user) }
}

fn failing(user: i64) -> Account {
    let failure = Failure {
        kind: FailureKind::Unavailable,
        operation: OperationKind::LookUp,
        status: Some(500),
        message: String::new(),
        since: START,
        at: START,
        attempts: 1,
        retry_at: None,
        marked: 0,
    };
    Account { failure: Some(failure), ..record(user) }
}

#[test]
fn a_link_is_certain_then_the_mark_counts_and_then_the_lowest_id() {
    let linked = Account { remote_id: Some("r1".to_owned()), ..record(9) };
    let elsewhere = Account { remote_id: Some("r2".to_owned()), ..record(8) };
    let (named, mut unnamed) = (connection("generic").config, connection("generic").config);
    unnamed.mapping.retain(|row| row.target != "externalId");
    // Seeker, the account's mark, the claimants, the configuration, whose it is.
    let table = [
        (2, Some("2"), vec![linked.clone()], &named, Some(9)),
        (9, Some("2"), vec![linked], &named, None),
        (2, Some("2"), vec![asking(2), asking(3)], &named, None),
        (3, Some("2"), vec![asking(2), asking(3)], &named, Some(2)),
        (3, Some("2"), vec![asking(3), elsewhere], &named, None),
        (3, Some("2"), vec![asking(3), seeking(2)], &named, Some(2)),
        (3, Some("2"), vec![failing(2)], &named, Some(2)),
        // Who has given their account up has no claim, whatever it bears; and who seeks has none on one without their mark.
        (3, Some("2"), vec![record(2)], &named, None),
        (3, None, vec![seeking(2)], &named, None),
        (3, Some("made-by-hand"), vec![asking(2), asking(3)], &named, None),
        (3, None, vec![asking(2), asking(3), asking(1)], &named, Some(1)),
        (2, None, vec![asking(2), asking(3)], &named, None),
        (3, Some("2"), vec![asking(2), asking(3)], &unnamed, Some(2)),
        (2, Some("3"), vec![asking(2), asking(3)], &unnamed, None),
        (2, Some("3"), vec![], &named, None),
    ];
    for (index, (seeker, mark, claimants, config, whose)) in table.into_iter().enumerate() {
        let resource = object(json!({ "id": "r1", "userName": "ada@example.com", "externalId": mark }));
        let remote = Remote { id: "r1".to_owned(), resource: Some(resource) };
        let holder = holder(&remote, UserId::new(seeker), &claimants, config);
        assert_eq!(holder.map(|holder| holder.user_id.get()), whose, "row {index}");
    }
}

#[test]
fn among_several_the_one_with_our_mark_is_meant() {
    let (named, mut unnamed) = (connection("generic").config, connection("generic").config);
    unnamed.mapping.retain(|row| row.target != "externalId");
    let remote = |mark: &str| {
        let resource = object(json!({ "id": format!("r{mark}"), "userName": "ada@example.com", "externalId": mark }));
        Remote { id: format!("r{mark}"), resource: Some(resource) }
    };
    let table = [
        (vec![], &named, Outcome::NotFound),
        (vec!["9"], &named, Outcome::Found { remote: remote("9") }),
        (vec!["9", "2"], &named, Outcome::Found { remote: remote("2") }),
        (vec!["9", "8"], &named, Outcome::Ambiguous { count: 2 }),
        (vec!["2", "2"], &named, Outcome::Ambiguous { count: 2 }),
        (vec!["9", "2"], &unnamed, Outcome::Ambiguous { count: 2 }),
    ];
    for (marks, config, outcome) in table {
        let shown = marks.iter().map(|mark| remote(mark)).collect();
        assert_eq!(found(shown, UserId::new(2), config), outcome, "{marks:?}");
    }
}
