//! A failure has one message, wherever it is read.

use crate::apps::{BASE, app, configured};
use crate::support::{World, world};
use provost_core::provisioning::{Account, Failure, FailureKind, OperationKind};
use provost_core::time::Span;
use provost_store::accounts::{self, SettleResult, Settled};
use provost_store::apps::connections;
use provost_store::directory::users;
use provost_store::schedule;
use serde_json::{Value, json};

/// What the engine says of each fault of an app: its golden file.
const FAULTS: &str = include_str!("../../../engine/tests/golden/faults.txt");

/// The messages in it: the first line of each part, but for those where nothing fails.
fn messages() -> Vec<&'static str> {
    let first = |part: &'static str| part.lines().nth(1).filter(|line| !line.starts_with('('));
    FAULTS.split("\n# ").skip(1).filter_map(first).collect()
}

/// Each fails with their message, as the engine would settle it.
async fn fail(world: &World, failing: &[(String, &str)]) {
    while schedule::expand_sweeps(&world.store, 1_000).await.unwrap() > 0 {}
    let connection = connections::list(&world.store).await.unwrap().remove(0);
    let now = world.store.now();
    let mut settled = Vec::new();
    for (email, message) in failing {
        let user = users::find(&world.store, email).await.unwrap();
        let before = accounts::account(&world.store, connection.id, user.id).await.unwrap().unwrap();
        let failure = Failure {
            kind: FailureKind::Unavailable,
            operation: OperationKind::Create,
            status: None,
            message: (*message).to_owned(),
            since: now,
            at: now,
            attempts: 1,
            retry_at: Some(now + Span::hours(1)),
            marked: before.marked,
        };
        let after = Account { failure: Some(failure), due_at: Some(now + Span::hours(1)), ..before.clone() };
        settled.push(Settled { before, after, events: Vec::new(), decided: true });
    }
    let results = accounts::settle(&world.store, &connection, settled).await.unwrap();
    assert!(results.iter().all(|result| *result == SettleResult::Stored), "{results:?}");
}

#[tokio::test]
async fn the_api_its_file_and_explain_carry_the_same_message_of_every_fault() {
    let world = world().await;
    app(&world).await;
    configured(&world, json!({})).await.expect(201);
    let messages = messages();
    assert!(messages.len() >= 30 && messages.iter().any(|message| message.contains('"')), "{messages:?}");
    let mut failing = Vec::new();
    for (number, message) in messages.into_iter().enumerate() {
        world.user(&format!("user{number}")).await;
        failing.push((format!("user{number}@example.com"), message));
    }
    world.call("POST", &format!("{BASE}/turn-on"), json!({ "yes": true })).await.expect(200);
    fail(&world, &failing).await;

    let listed = world.get(&format!("{BASE}/failures?limit=1000")).await.expect(200).json();
    let file = world.with_header("GET", &format!("{BASE}/failures"), ("accept", "text/csv"), json!({})).await.expect(200).text;
    let mut file = csv::Reader::from_reader(file.trim_start_matches('\u{feff}').as_bytes());
    let head = file.headers().unwrap().clone();
    let column = |name: &str| head.iter().position(|found| found == name).unwrap();
    let (user, message) = (column("User"), column("Message"));
    let rows: Vec<csv::StringRecord> = file.records().map(Result::unwrap).collect();
    assert_eq!((listed["items"].as_array().unwrap().len(), rows.len()), (failing.len(), failing.len()));
    for (email, words) in &failing {
        let item = listed["items"].as_array().unwrap().iter().find(|item| item["user"] == email.as_str()).unwrap();
        assert_eq!(item["message"], *words, "the API's list");
        let row = rows.iter().find(|row| row[user] == **email).unwrap();
        assert_eq!(&row[message], *words, "the file");
        let explained = world.get(&format!("{BASE}/explain/{email}")).await.expect(200).json();
        assert_eq!(explained["failure"], *words, "explain");
        let bare = words.trim_end_matches('.');
        let says = |line: &Value| {
            line.as_str().is_some_and(|line| line.starts_with("The last attempt (create) failed at ") && line.contains(bare))
        };
        assert!(explained["lines"].as_array().unwrap().iter().any(says), "{words}: {explained:#}");
    }
}
