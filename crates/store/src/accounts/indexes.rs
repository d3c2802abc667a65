//! How both databases go about lists of accounts and what pages tell of them: by an index, and not through all accounts.

use super::coming::next_query;
use super::listing::{AccountQuery, count_queries, list_query};
use crate::explain::{explained, filled, scans, sorts};
use provost_core::ids::ConnectionId;
use provost_core::provisioning::AccountState;
use provost_core::time::Timestamp;
use provost_db::Query;
use provost_db::testing::locations;

/// Accounts enough for a database to prefer an index: one in 100 suspended, one failing, one due, and one with a removal ahead.
const FILLED: [&str; 2] = [
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) \
     INSERT INTO account (connection_id, user_id, email, state, remote_id, failing, due_at, removal_at, marked, marked_at, \
     entitlement_marked_at, revision) SELECT 1, i, 'u' || i, CASE WHEN i % 100 = 0 THEN 'suspended' ELSE 'linked' END, 'r' || i, \
     CASE WHEN i % 100 = 1 THEN 1 ELSE 0 END, CASE WHEN i % 100 = 2 THEN i END, CASE WHEN i % 100 = 3 THEN i END, 1, 1, 1, 1 FROM n",
    "INSERT INTO account_count (connection_id, state, accounts) SELECT connection_id, state, count(*) FROM account \
     GROUP BY connection_id, state",
];

fn listed(query: AccountQuery) -> Query {
    list_query(ConnectionId::new(1), &AccountQuery { limit: 50, ..query }).unwrap()
}

fn cases() -> Vec<(&'static str, Query, &'static [&'static str])> {
    // With one app, all accounts are its own.
    let all: &[&str] = &["sqlite_autoindex_account_1", "account_pkey", "account_user"];
    let after = || Some("7.7".to_owned());
    let suspended = |after| AccountQuery { state: Some(AccountState::Suspended), after, ..AccountQuery::default() };
    let failing = |after| AccountQuery { failing: true, after, ..AccountQuery::default() };
    let leaving = |after| AccountQuery { leaving: true, after, ..AccountQuery::default() };
    let mut cases = vec![
        ("all", listed(AccountQuery::default()), all),
        ("all, next", listed(AccountQuery { after: after(), ..AccountQuery::default() }), all),
        ("suspended", listed(suspended(None)), &["account_suspended"]),
        ("suspended, next", listed(suspended(after())), &["account_suspended"]),
        ("failing", listed(failing(None)), &["account_failing"]),
        ("failing, next", listed(failing(after())), &["account_failing"]),
        ("leaving", listed(leaving(None)), &["account_removal"]),
        ("leaving, next", listed(leaving(after())), &["account_removal"]),
        ("next removal", next_query(ConnectionId::new(1)), &["account_removal"]),
    ];
    let counted = count_queries(ConnectionId::new(1), Timestamp(7));
    let counts: [(&str, &[&str]); 7] = [
        ("failing, counted", &["account_failing"]),
        ("due, counted", &["account_due"]),
        ("leaving, counted", &["account_removal"]),
        ("held, counted", &["account_removal", "removal_hold_kind"]),
        ("sweeps", &["sweep"]),
        ("rejected, counted", &["account_removal", "sqlite_autoindex_account_1", "account_pkey", "account_user"]),
        ("kept", &["SEARCH account_count USING PRIMARY KEY", "account_count_pkey"]),
    ];
    cases.extend(counts.into_iter().zip(counted).map(|((what, indexes), query)| (what, query, indexes)));
    cases
}

#[tokio::test]
async fn accounts_are_listed_and_counted_by_an_index() {
    for (engine, location, _guard) in locations() {
        let db = filled(&location, engine, &FILLED, "account, account_count").await;
        for (what, query, indexes) in cases() {
            let plan = explained(&db, engine, &query).await;
            let named = plan.iter().any(|line| indexes.iter().any(|index| line.contains(index)));
            let slow =
                plan.iter().any(|line| what != "sweeps" && (scans(engine, line, &["account", "a"]) || sorts(engine, line)));
            assert!(named && !slow, "{engine}, {what}: {}\n{}", query.sql, plan.join("\n"));
        }
    }
}
