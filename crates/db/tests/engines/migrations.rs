//! Schemas: new, old, newer, interrupted, opened by two at once.

use crate::support::{MIGRATIONS, add, count, lasting_places, open, places, rows};
use provost_db::testing::locations;
use provost_db::{Db, Migration, OpenError, Row};

const THIRD: Migration = Migration { version: 3, name: "note", sql: "ALTER TABLE item ADD COLUMN note TEXT DEFAULT 'none';" };

fn three() -> Vec<Migration> {
    [MIGRATIONS, &[THIRD]].concat()
}

#[tokio::test]
async fn steps_are_recorded_and_run_once() {
    for place in lasting_places().await {
        place.db.commit(add(1, "a")).await.unwrap();
        let again = Db::open(&place.location, &three()).await.unwrap();
        assert_eq!(rows(&again, "SELECT note FROM item", []).await, [Row(vec!["none".into()])], "{}", place.name);
        let versions = rows(&again, "SELECT version, name FROM schema_version ORDER BY version", []).await;
        let names: Vec<String> = versions.iter().map(|row| row.get(1).unwrap()).collect();
        assert_eq!(names, ["items", "parts", "note"], "{}", place.name);
    }
}

#[tokio::test]
async fn data_of_a_newer_version_is_refused_and_left_alone() {
    for place in lasting_places().await {
        Db::open(&place.location, &three()).await.unwrap();
        let error = Db::open(&place.location, MIGRATIONS).await.unwrap_err();
        assert!(matches!(error, OpenError::Newer { found: 3, known: 2 }), "{}: {error}", place.name);
        Db::open(&place.location, &three()).await.unwrap();
    }
}

#[tokio::test]
async fn a_step_that_fails_half_way_leaves_nothing() {
    for place in lasting_places().await {
        let sql = "CREATE TABLE half (id BIGINT);\nINSERT INTO item (id) VALUES (1);\nINSERT INTO nowhere (id) VALUES (1);";
        let broken = [MIGRATIONS, &[Migration { version: 3, name: "broken", sql }]].concat();
        let error = Db::open(&place.location, &broken).await.unwrap_err();
        assert!(
            matches!(&error, OpenError::Migration { version: 3, name: "broken", message } if message.contains("nowhere")),
            "{}: {error}",
            place.name
        );
        let again = open(&place.location).await;
        assert_eq!(count(&again).await, 0, "{}", place.name);
        let sql = "CREATE TABLE half (id BIGINT);";
        let repaired = [MIGRATIONS, &[Migration { version: 3, name: "repaired", sql }]].concat();
        Db::open(&place.location, &repaired).await.unwrap();
    }
}

#[tokio::test]
async fn gaps_in_the_numbers_are_refused() {
    for place in places().await {
        let error = Db::open(&place.location, &[MIGRATIONS[0], THIRD]).await.unwrap_err();
        assert!(matches!(error, OpenError::Migration { version: 3, .. }), "{}: {error}", place.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_at_once_bring_a_new_database_up_to_date() {
    for (name, location, _guard) in locations() {
        let openers: Vec<_> = (0..8)
            .map(|_| {
                let location = location.clone();
                tokio::spawn(async move { Db::open(&location, &three()).await })
            })
            .collect();
        let mut opened = Vec::new();
        for opener in openers {
            opened.push(opener.await.unwrap().unwrap_or_else(|error| panic!("{name}: {error}")));
        }
        assert_eq!(rows(&opened[0], "SELECT count(*) FROM schema_version", []).await, [Row(vec![3.into()])], "{name}");
    }
}

#[tokio::test]
async fn a_place_that_is_not_there_is_named() {
    let file = provost_db::Location::File("/nowhere/at/all/provost.db".into());
    let error = Db::open(&file, MIGRATIONS).await.unwrap_err();
    assert!(error.to_string().starts_with("cannot open /nowhere/at/all/provost.db: "), "{error}");
    let server = provost_db::Location::Postgres("postgres://me:secret@127.0.0.1:1/provost".to_owned());
    let error = Db::open(&server, MIGRATIONS).await.unwrap_err();
    assert!(error.to_string().starts_with("cannot open PostgreSQL database provost at 127.0.0.1:1: "), "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
}
