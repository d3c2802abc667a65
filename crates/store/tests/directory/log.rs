//! The log and the 30-day counts.

use crate::world::{BY, advance, on_each_engine, user};
use provost_core::ids::ConnectionId;
use provost_core::time::{Span, Timestamp};
use provost_db::Batch;
use provost_store::log::{self, LogEvent, LogQuery, names};
use provost_store::{Actor, Store};

#[test]
fn the_log_is_paged_newest_first_and_filtered() {
    on_each_engine(|store: Store| async move {
        let store = &store;
        let ada = user(store, "ada@acme.example").await;
        let start = store.now();
        let connection = ConnectionId::new(77);
        for number in 0..25 {
            advance(store, Span::seconds(1));
            let event = LogEvent {
                connection: Some(connection),
                detail: serde_json::json!({ "number": number }),
                ..LogEvent::of_user(names::AUTO_PROV_FAILURE, ada.id, "ada@acme.example", serde_json::Value::Null)
            };
            let mut batch = Batch::new();
            log::append(&mut batch, store, &Actor::Engine, store.now(), event);
            store.db.commit(batch).await.unwrap();
        }
        let mut query = LogQuery { connection: Some(connection), limit: 10, ..LogQuery::default() };
        let mut numbers = Vec::new();
        loop {
            let page = log::list(store, &query).await.unwrap();
            numbers.extend(page.items.iter().map(|entry| entry.detail["number"].as_i64().unwrap()));
            query.after = page.next;
            if query.after.is_none() {
                break;
            }
        }
        assert_eq!(numbers, (0..25).rev().collect::<Vec<_>>());
        let count = async |query: LogQuery| log::list(store, &LogQuery { limit: 100, ..query }).await.unwrap().items.len();
        assert_eq!(count(LogQuery { user: Some(ada.id), ..LogQuery::default() }).await, 26);
        assert_eq!(count(LogQuery { name: Some("CREATE_USER".into()), ..LogQuery::default() }).await, 1);
        let (from, to) = (Some(start + Span::seconds(5)), Some(start + Span::seconds(10)));
        let within = count(LogQuery { from, to, connection: Some(connection), ..LogQuery::default() }).await;
        assert_eq!(within, 5);
        let entry = log::list(store, &LogQuery { limit: 1, ..LogQuery::default() }).await.unwrap().items.remove(0);
        assert_eq!((entry.actor.as_str(), entry.user_email.as_deref()), ("autoprovisioning", Some("ada@acme.example")));
    });
}

#[test]
fn usage_counts_thirty_days_of_one_connection() {
    on_each_engine(|store: Store| async move {
        let store = &store;
        let now = store.now();
        let (ours, other) = (ConnectionId::new(1), ConnectionId::new(2));
        let mut batch = Batch::new();
        let mut tell = |name: &'static str, connection: ConnectionId, at: Timestamp| {
            let event = LogEvent { connection: Some(connection), ..LogEvent::of(name) };
            log::append(&mut batch, store, &BY, at, event);
        };
        tell(names::CREATE_USER_WITH_AUTO_PROV, ours, now);
        tell(names::CREATE_USER_WITH_AUTO_PROV, ours, now - Span::hours(1));
        tell(names::CREATE_USER_WITH_AUTO_PROV, ours, now - Span::hours(25));
        tell(names::CREATE_USER_WITH_AUTO_PROV, ours, now - Span::days(30) + Span::seconds(1));
        tell(names::CREATE_USER_WITH_AUTO_PROV, ours, now - Span::days(30));
        tell(names::CREATE_USER_WITH_AUTO_PROV, other, now);
        tell(names::AUTO_PROV_FAILURE, ours, now);
        tell(names::HARD_DELETED_AUTO_PROVISIONED_USER, ours, now);
        tell(names::UPDATE_AUTO_PROV_STATUS, ours, now);
        store.db.commit(batch).await.unwrap();
        let usage = log::usage_30_days(store, ours, now).await.unwrap();
        assert_eq!(usage.created.total, 4, "30 days, not a moment more");
        assert_eq!((usage.created.days[29], usage.created.days[28], usage.created.days[0]), (2, 1, 1));
        assert_eq!((usage.failures.total, usage.deleted.total, usage.updated.total), (1, 1, 0));
    });
}

#[test]
fn every_name_has_a_label() {
    for (name, label) in names::LABELS {
        assert_eq!(names::label(name), *label);
        assert_ne!(name, label);
    }
    assert_eq!(names::label("SOMETHING_ELSE"), "SOMETHING_ELSE");
}
