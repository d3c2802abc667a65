//! Reads that are long beside reads that are short: the same answers, and nobody waits for another's scan.

use crate::support::{add, count, lasting_places, places};
use provost_db::{Db, Location, Query, Row};
use std::time::Duration;

/// Counts to a number, which takes the engine as long as one likes.
fn counting(to: i64) -> Query {
    let sql =
        "WITH RECURSIVE n (i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < $1) SELECT count(*) FROM n";
    Query::new(sql, [to.into()])
}

async fn counted(db: Db, to: i64) -> i64 {
    db.read(counting(to)).await.unwrap()[0].get(0).unwrap()
}

#[tokio::test]
async fn a_long_read_is_answered_like_a_short_one() {
    for place in places().await {
        // Each length more than once: the first long one changes where the next are run.
        for to in [1, 300_000, 2, 300_000, 3] {
            assert_eq!(counted(place.db.clone(), to).await, to, "{}", place.name);
        }
        place.db.commit(add(1, "a")).await.unwrap();
        let items = || Query::new("SELECT id, label FROM item", []);
        let answers = place.db.read_all(vec![items(), counting(300_000), items()]).await.unwrap();
        let item = vec![Row(vec![1.into(), "a".into()])];
        assert_eq!(answers, [item.clone(), vec![Row(vec![300_000.into()])], item], "{}", place.name);
    }
}

#[tokio::test]
async fn short_reads_and_commits_do_not_wait_for_long_reads() {
    for place in lasting_places().await.into_iter().filter(|place| matches!(place.location, Location::File(_))) {
        // More than there are reading threads.
        let long: Vec<_> = (0..8).map(|_| tokio::spawn(counted(place.db.clone(), 2_000_000))).collect();
        // All have been begun.
        tokio::task::yield_now().await;
        for id in 1..=20 {
            place.db.commit(add(id, &id.to_string())).await.unwrap();
            assert_eq!(count(&place.db).await, id);
        }
        assert!(long.iter().any(|task| !task.is_finished()), "the short ones came after the long ones");
        for task in long {
            assert_eq!(task.await.unwrap(), 2_000_000);
        }
    }
}

#[tokio::test]
async fn long_reads_whose_callers_go_away_leave_the_database_good() {
    for place in lasting_places().await {
        for _ in 0..20 {
            let left = tokio::time::timeout(Duration::from_millis(1), place.db.read(counting(300_000))).await;
            if let Ok(answered) = left {
                assert_eq!(answered.unwrap(), [Row(vec![300_000.into()])], "{}", place.name);
            }
        }
        place.db.commit(add(1, "a")).await.unwrap();
        assert_eq!(count(&place.db).await, 1, "{}", place.name);
        assert_eq!(counted(place.db.clone(), 300_000).await, 300_000, "{}", place.name);
    }
}

/// A task that reads in a loop never waits; others on its thread must get their turns all the same.
#[tokio::test]
async fn a_loop_of_reads_lets_other_tasks_run() {
    for place in lasting_places().await {
        let other = tokio::spawn(async {});
        let mut reads = 0;
        while !other.is_finished() {
            count(&place.db).await;
            reads += 1;
            assert!(reads < 10_000, "{}: another task did not run once", place.name);
        }
    }
}
