//! Many callers at once: group commit, lanes, callers that go away.

use crate::support::{add, count, places, rows};
use provost_db::{Batch, CommitError, Db, Lane, Row};
use std::future::Future;
use std::sync::Arc;
use std::task::Poll;
use tokio::sync::Barrier;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_batch_that_fails_harms_no_neighbour() {
    for place in places().await {
        place.db.commit(add(0, "taken")).await.unwrap();
        let mut callers = Vec::new();
        for id in 1..=200_i64 {
            let db = place.db.clone();
            callers.push(tokio::spawn(async move {
                let mut batch = Batch::new();
                batch.expect(1, "INSERT INTO item (id, label) VALUES ($1, $2)", [id.into(), format!("label {id}").into()]);
                match id % 5 {
                    0 => batch.expect(1, "UPDATE item SET amount = 1 WHERE id = -1", []),
                    1 => batch.run("INSERT INTO item (id, label) VALUES ($1, 'taken')", [(-id).into()]),
                    2 => batch.run("INSERT INTO part (id, item_id) VALUES ($1, -9)", [id.into()]),
                    _ => batch.expect(1, "UPDATE item SET amount = 1 WHERE id = $1", [id.into()]),
                };
                (id, db.commit(batch).await)
            }));
        }
        for caller in callers {
            let (id, outcome) = caller.await.unwrap();
            let as_expected = match id % 5 {
                0 => matches!(outcome, Err(CommitError::Conflict { statement: 1, expected: 1, found: 0 })),
                1 => matches!(&outcome, Err(CommitError::Unique { statement: 1, constraint }) if constraint == "item_label"),
                2 => matches!(outcome, Err(CommitError::Db(_))),
                _ => outcome.is_ok(),
            };
            assert!(as_expected, "{}: {id}: {outcome:?}", place.name);
        }
        let kept = rows(&place.db, "SELECT id, amount FROM item WHERE id > 0 ORDER BY id", []).await;
        let ids: Vec<i64> = kept.iter().map(|row| row.get(0).unwrap()).collect();
        assert_eq!(ids, (1..=200).filter(|id| id % 5 > 2).collect::<Vec<i64>>(), "{}", place.name);
        assert!(kept.iter().all(|row| row.get(1) == Ok(1_i64)), "{}", place.name);
        assert!(rows(&place.db, "SELECT id FROM part", []).await.is_empty(), "{}", place.name);
    }
}

/// 64 callers count up four rows, each by reading and writing with an expectation: no step may be lost or done twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_callers_lose_no_step() {
    for place in places().await {
        for id in 0..4 {
            place.db.commit(add(id, &id.to_string())).await.unwrap();
        }
        let all_have_read = Arc::new(Barrier::new(64));
        let mut callers = Vec::new();
        for caller in 0..64_i64 {
            callers.push(tokio::spawn(count_up(place.db.clone(), caller % 4, Arc::clone(&all_have_read))));
        }
        let mut conflicts = 0;
        for caller in callers {
            conflicts += caller.await.unwrap();
        }
        let counted = rows(&place.db, "SELECT amount FROM item ORDER BY id", []).await;
        assert_eq!(counted, vec![Row(vec![16.into()]); 4], "{}", place.name);
        // All have read 0 before any wrote: of the 16 of a row, one can have been right.
        assert!(conflicts >= 60, "{}: {conflicts}", place.name);
    }
}

/// Adds 1 to the row, and answers how often the data had changed in between.
async fn count_up(db: Db, id: i64, all_have_read: Arc<Barrier>) -> u32 {
    let mut conflicts = 0;
    loop {
        let read: i64 = rows(&db, "SELECT amount FROM item WHERE id = $1", [id.into()]).await[0].get(0).unwrap();
        if conflicts == 0 {
            all_have_read.wait().await;
        }
        let mut batch = Batch::new();
        let values = [(read + 1).into(), id.into(), read.into()];
        batch.expect(1, "UPDATE item SET amount = $1 WHERE id = $2 AND amount = $3", values);
        match db.commit(batch).await {
            Ok(_) => return conflicts,
            Err(CommitError::Conflict { .. }) => conflicts += 1,
            Err(error) => panic!("{error}"),
        }
    }
}

/// On one thread, all are in the queue before the writer looks: they share a transaction. Bulk work is never committed by its caller.
#[tokio::test]
async fn a_conflict_undoes_its_own_batch_within_the_group() {
    for place in places().await {
        let batch = |id: i64, expected: u64| {
            let mut batch = add(id, &id.to_string());
            batch.expect(expected, "UPDATE item SET amount = 1 WHERE id = $1", [id.into()]);
            batch.lane = Lane::Bulk;
            place.db.commit(batch)
        };
        let outcomes = tokio::join!(batch(1, 1), batch(2, 7), batch(3, 1));
        assert!(outcomes.0.is_ok() && outcomes.2.is_ok(), "{}: {outcomes:?}", place.name);
        assert!(matches!(outcomes.1, Err(CommitError::Conflict { statement: 1, expected: 7, found: 1 })), "{}", place.name);
        let kept = rows(&place.db, "SELECT id FROM item ORDER BY id", []).await;
        assert_eq!(kept, [Row(vec![1.into()]), Row(vec![3.into()])], "{}", place.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_is_seen_by_the_next_read() {
    for place in places().await {
        for id in 1..=50 {
            place.db.commit(add(id, &id.to_string())).await.unwrap();
            assert_eq!(count(&place.db).await, id, "{}", place.name);
        }
    }
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_undo_its_batch() {
    for place in places().await {
        {
            let mut abandoned = Box::pin(place.db.commit(add(1, "a")));
            // Polled once, the batch waits in the queue or is done; then its caller is gone.
            std::future::poll_fn(|context| {
                let _ = abandoned.as_mut().poll(context);
                Poll::Ready(())
            })
            .await;
        }
        place.db.commit(add(2, "b")).await.unwrap();
        assert_eq!(count(&place.db).await, 2, "{}", place.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_who_waits_goes_before_bulk_work() {
    for place in places().await {
        let mut callers = Vec::new();
        for id in 1..=60_i64 {
            let db = place.db.clone();
            let mut batch = if id <= 59 { Batch::bulk() } else { Batch::new() };
            // Heavy enough that few of them share a COMMIT.
            for part in 0..100 {
                let values = [(id * 1_000 + part).into(), format!("{id}/{part}").into()];
                batch.run("INSERT INTO item (id, label) VALUES ($1, $2)", values);
            }
            batch.run("SELECT count(*) FROM item", []);
            callers.push(tokio::spawn(async move { db.commit(batch).await.unwrap()[100].rows[0].get::<i64>(0).unwrap() }));
        }
        let mut committed_before = Vec::new();
        for caller in callers {
            committed_before.push(caller.await.unwrap() / 100);
        }
        let interactive = committed_before.pop().unwrap();
        if place.name != "memory" {
            assert!(interactive < 50, "{}: the interactive batch came as number {interactive} of 60", place.name);
        }
    }
}
