//! Two programs on one database, and a server that goes away in between.

use crate::proxy::{Cut, behind_proxy};
use crate::support::{MIGRATIONS, add, count, lasting_places, open, rows};
use provost_db::testing::postgres_database;
use provost_db::{Batch, CommitError, Db, DbError, Location, Migration, Query, Row};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_writers_take_turns() {
    for place in lasting_places().await {
        let other = open(&place.location).await;
        let mut callers = Vec::new();
        for id in 0..200_i64 {
            let db = if id % 2 == 0 { place.db.clone() } else { other.clone() };
            callers.push(tokio::spawn(async move { db.commit(add(id, &id.to_string())).await }));
        }
        for caller in callers {
            caller.await.unwrap().unwrap_or_else(|error| panic!("{}: {error}", place.name));
        }
        assert_eq!(count(&place.db).await, 200, "{}", place.name);
    }
}

/// Each locks what the other wants next; the server ends one of them, which must then be run again.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn batches_that_lock_each_other_are_all_committed() {
    for place in lasting_places().await {
        place.db.commit(add(1, "a")).await.unwrap();
        place.db.commit(add(2, "b")).await.unwrap();
        let other = open(&place.location).await;
        let mut callers = Vec::new();
        for number in 0..60 {
            let (db, order) = if number % 2 == 0 { (place.db.clone(), [1_i64, 2]) } else { (other.clone(), [2, 1]) };
            callers.push(tokio::spawn(async move {
                let mut batch = Batch::new();
                for id in order {
                    batch.expect(1, "UPDATE item SET amount = amount + 1 WHERE id = $1", [id.into()]);
                }
                db.commit(batch).await
            }));
        }
        for caller in callers {
            caller.await.unwrap().unwrap_or_else(|error| panic!("{}: {error}", place.name));
        }
        let amounts = rows(&place.db, "SELECT amount FROM item ORDER BY id", []).await;
        assert_eq!(amounts, [Row(vec![60.into()]), Row(vec![60.into()])], "{}", place.name);
    }
}

/// A newer program adds a column while this one has its statements prepared.
#[tokio::test]
async fn a_changed_table_does_not_break_prepared_statements() {
    for place in lasting_places().await {
        let touch = || {
            let mut batch = Batch::new();
            batch.expect(1, "UPDATE item SET amount = amount + 1 WHERE id = 1 RETURNING *", []);
            batch
        };
        place.db.commit(add(1, "a")).await.unwrap();
        place.db.commit(touch()).await.unwrap();
        assert_eq!(rows(&place.db, "SELECT * FROM item", []).await[0].0.len(), 4);
        let step = Migration { version: 3, name: "note", sql: "ALTER TABLE item ADD COLUMN note TEXT;" };
        Db::open(&place.location, &[MIGRATIONS, &[step]].concat()).await.unwrap();
        assert_eq!(rows(&place.db, "SELECT * FROM item", []).await[0].0.len(), 5, "{}", place.name);
        assert_eq!(place.db.commit(touch()).await.unwrap()[0].rows[0].0.len(), 5, "{}", place.name);
    }
}

/// Another program that writes keeps this one waiting, not failing.
#[tokio::test]
async fn a_short_lock_is_waited_for() {
    for place in lasting_places().await {
        let Location::File(path) = &place.location else { continue };
        let other = rusqlite::Connection::open(path).unwrap();
        other.execute_batch("BEGIN IMMEDIATE; INSERT INTO item (id) VALUES (1)").unwrap();
        let db = place.db.clone();
        let waiting = tokio::spawn(async move { db.commit(add(2, "b")).await });
        assert_eq!(count(&place.db).await, 0, "reads go on meanwhile");
        other.execute_batch("COMMIT").unwrap();
        waiting.await.unwrap().unwrap();
        assert_eq!(count(&place.db).await, 2);
    }
}

async fn end_connections(server: &Db) {
    let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    server.read(Query::new(sql, [])).await.unwrap();
}

#[tokio::test]
async fn connections_that_were_ended_are_made_again() {
    let (location, _guard) = postgres_database();
    let db = open(&location).await;
    let administrator = open(&location).await;
    for round in 0..5 {
        db.commit(add(2 * round, &(2 * round).to_string())).await.unwrap();
        assert_eq!(count(&db).await, 2 * round + 1);
        end_connections(&administrator).await;
        // Either may be the first to notice.
        if round % 2 == 0 {
            assert_eq!(count(&db).await, 2 * round + 1);
        }
        db.commit(add(2 * round + 1, &(2 * round + 1).to_string())).await.unwrap();
        assert_eq!(count(&db).await, 2 * round + 2);
    }
}

#[tokio::test]
async fn a_stream_whose_connection_ends_does_not_look_complete() {
    let (location, _guard) = postgres_database();
    let db = open(&location).await;
    let administrator = open(&location).await;
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) SELECT i FROM n";
    let mut stream = db.stream(Query::new(sql, []));
    assert_eq!(stream.next().await.unwrap().unwrap().len(), 1_000);
    end_connections(&administrator).await;
    let mut last = None;
    while let Some(chunk) = stream.next().await {
        last = Some(chunk);
    }
    assert!(matches!(last, Some(Err(DbError::Engine(_)))));
}

#[tokio::test]
async fn a_server_that_is_gone_is_an_error_not_a_hang() {
    let (location, guard) = postgres_database();
    let db = open(&location).await;
    drop(guard);
    let error = db.commit(add(1, "a")).await.unwrap_err();
    assert!(matches!(&error, CommitError::Db(DbError::Engine(message)) if message.contains("does not exist")), "{error}");
    let error = db.read(Query::new("SELECT 1", [])).await.unwrap_err();
    assert!(error.to_string().contains("does not exist"), "{error}");
}

/// The first and third batch are committed with savepoints; the second collides, is run again alone, and just then the
/// connection is lost. What was committed may not be run again.
#[tokio::test]
async fn a_lost_connection_never_repeats_what_was_committed() {
    let sql = "CREATE TABLE done (number BIGINT);\n\
               CREATE FUNCTION collide() RETURNS BIGINT LANGUAGE plpgsql AS \
               $$BEGIN RAISE EXCEPTION 'always' USING ERRCODE = '40001'; END$$;";
    let steps = [Migration { version: 1, name: "done", sql }];
    let (location, _guard) = postgres_database();
    let looking = Db::open(&location, &steps).await.unwrap();
    let proxied = behind_proxy(&location, "BEGIN ISOLATION LEVEL READ COMMITTED\0", 3, Cut::Before).await;
    let db = Db::open(&Location::Postgres(proxied), &steps).await.unwrap();
    let batch = |sql: &'static str| {
        let mut batch = Batch::new();
        batch.run(sql, []);
        db.commit(batch)
    };
    // On one thread, all three are in the queue before the writer looks.
    let (first, second, third) = tokio::join!(
        batch("INSERT INTO done (number) VALUES (1)"),
        batch("SELECT collide()"),
        batch("INSERT INTO done (number) VALUES (3)"),
    );
    assert!(first.is_ok() && third.is_ok(), "{first:?} {third:?}");
    assert!(matches!(&second, Err(CommitError::Db(DbError::Engine(message))) if message.contains("always")), "{second:?}");
    let done = rows(&looking, "SELECT number FROM done ORDER BY number", []).await;
    assert_eq!(done, [Row(vec![1.into()]), Row(vec![3.into()])]);
}

/// What the server says to one of two nodes that stood in each other's way, twice; a sequence is not undone.
#[tokio::test]
async fn a_collision_is_tried_again() {
    for code in ["40001", "40P01"] {
        let (location, _guard) = postgres_database();
        let sql = "CREATE SEQUENCE tries;\nCREATE FUNCTION collide(code TEXT) RETURNS BIGINT LANGUAGE plpgsql AS $$BEGIN \
                   IF nextval('tries') < 3 THEN RAISE EXCEPTION 'collision' USING ERRCODE = code; END IF; RETURN 1; END$$;";
        let db = Db::open(&location, &[Migration { version: 1, name: "collide", sql }]).await.unwrap();
        let mut batch = Batch::new();
        batch.expect(1, "SELECT collide($1)", [code.into()]);
        db.commit(batch).await.unwrap_or_else(|error| panic!("{code}: {error}"));
    }
}
