//! One batch at a time: expectations, unique keys, all or nothing.

use crate::support::{add, count, counts, places, rows};
use provost_db::{Batch, CommitError, DbError, Row, Value};

#[tokio::test]
async fn answers_give_counts_and_returned_rows() {
    for place in places().await {
        let mut batch = Batch::new();
        batch.run("INSERT INTO item (id, label, amount) VALUES ($1, 'a', $2), ($3, 'b', $2)", [1.into(), 5.into(), 2.into()]);
        batch.expect(2, "UPDATE item SET amount = amount + $1 WHERE amount = 5 RETURNING id, amount", [1.into()]);
        batch.expect(0, "UPDATE item SET amount = 9 WHERE id = 77", []);
        batch.expect(0, "INSERT INTO item (id, label) VALUES ($1, 'c') ON CONFLICT (id) DO NOTHING", [1.into()]);
        batch.expect(1, "INSERT INTO item (id, label) VALUES (1, 'c') ON CONFLICT (id) DO UPDATE SET label = excluded.label", []);
        batch.run("SELECT id FROM item ORDER BY id", []);
        batch.expect(1, "DELETE FROM item WHERE id = 2", []);
        let answers = place.db.commit(batch).await.unwrap();
        assert_eq!(counts(&answers), [2, 2, 0, 0, 1, 2, 1], "{}", place.name);
        let mut returned = answers[1].rows.clone();
        returned.sort_by_key(|row| row.get::<i64>(0).unwrap());
        assert_eq!(returned, [Row(vec![1.into(), 6.into()]), Row(vec![2.into(), 6.into()])]);
        assert!(answers[0].rows.is_empty());
        assert_eq!(rows(&place.db, "SELECT id, label FROM item", []).await, [Row(vec![1.into(), "c".into()])]);
    }
}

#[tokio::test]
async fn a_missed_expectation_undoes_the_whole_batch() {
    for place in places().await {
        let mut batch = add(1, "a");
        batch.expect(1, "UPDATE item SET amount = 1 WHERE id = $1 AND amount = $2", [1.into(), 77.into()]);
        batch.run("DELETE FROM item", []);
        let error = place.db.commit(batch).await.unwrap_err();
        assert!(matches!(error, CommitError::Conflict { statement: 1, expected: 1, found: 0 }), "{}: {error}", place.name);
        assert_eq!(count(&place.db).await, 0, "{}", place.name);

        let mut batch = add(1, "a");
        batch.run("INSERT INTO item (id) VALUES (2)", []);
        batch.expect(1, "DELETE FROM item RETURNING id", []);
        let error = place.db.commit(batch).await.unwrap_err();
        assert!(matches!(error, CommitError::Conflict { statement: 2, expected: 1, found: 2 }), "{}: {error}", place.name);
        assert_eq!(count(&place.db).await, 0, "{}", place.name);
    }
}

#[tokio::test]
async fn a_broken_unique_key_has_one_name_on_every_engine() {
    for place in places().await {
        let mut setup = add(1, "a");
        setup.run("INSERT INTO pair (a, b, kind) VALUES (1, 1, 'x')", []);
        place.db.commit(setup).await.unwrap();
        let cases = [
            ("INSERT INTO item (id, label) VALUES (2, 'a')", "item_label"),
            ("INSERT INTO item (id, label) VALUES (1, 'b')", "item_pkey"),
            ("INSERT INTO pair (a, b, kind) VALUES (1, 1, 'y')", "pair_pkey"),
            ("INSERT INTO pair (a, b, kind) VALUES (2, 1, 'x')", "pair_b_kind"),
            ("UPDATE pair SET b = 1, kind = 'x'", "pair_b_kind"),
        ];
        for (sql, name) in cases {
            let mut batch = Batch::new();
            batch.run("INSERT INTO pair (a, b, kind) VALUES (5, 5, 'z')", []);
            batch.run(sql, []);
            match place.db.commit(batch).await {
                Err(CommitError::Unique { statement: 1, constraint }) => assert_eq!(constraint, name, "{}: {sql}", place.name),
                other => panic!("{}: {sql}: {other:?}", place.name),
            }
        }
        assert_eq!(rows(&place.db, "SELECT a, b FROM pair", []).await.len(), 1, "{}: nothing of them was kept", place.name);
    }
}

#[tokio::test]
async fn null_is_distinct_in_a_unique_key() {
    for place in places().await {
        let mut batch = Batch::new();
        batch.expect(2, "INSERT INTO item (id, label) VALUES (1, $1), (2, $1)", [Value::Null]);
        place.db.commit(batch).await.unwrap();
    }
}

#[tokio::test]
async fn other_errors_undo_the_batch_and_say_where() {
    for place in places().await {
        for sql in [
            "INSERT INTO part (id, item_id) VALUES (1, 99)",
            "UPDATE nowhere SET x = 1",
            "NOT SQL",
            "INSERT INTO pair (a) VALUES (1)",
        ] {
            let mut batch = add(1, "a");
            batch.run(sql, []);
            let error = place.db.commit(batch).await.unwrap_err();
            let CommitError::Db(DbError::Engine(message)) = &error else { panic!("{}: {sql}: {error}", place.name) };
            assert!(message.contains(sql), "{}: {message}", place.name);
            assert_eq!(count(&place.db).await, 0, "{}: {sql}", place.name);
        }
        place.db.commit(add(1, "a")).await.unwrap();
    }
}

#[tokio::test]
async fn parameters_must_be_as_many_as_placeholders() {
    for place in places().await {
        let mut batch = Batch::new();
        batch.run("INSERT INTO item (id, label) VALUES ($1, $2)", [1.into()]);
        assert!(matches!(place.db.commit(batch).await, Err(CommitError::Db(DbError::Engine(_)))), "{}", place.name);
        let mut batch = Batch::new();
        batch.run("INSERT INTO item (id) VALUES ($1)", [1.into(), 2.into()]);
        assert!(matches!(place.db.commit(batch).await, Err(CommitError::Db(DbError::Engine(_)))), "{}", place.name);
    }
}

#[tokio::test]
async fn an_empty_batch_is_committed() {
    for place in places().await {
        assert!(place.db.commit(Batch::new()).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_thousand_rows_in_one_statement() {
    for place in places().await {
        let sql = format!("INSERT INTO item (id, label, amount, bytes) VALUES {}", provost_db::rows(1_000, 4));
        let params = (0..1_000).flat_map(|id| [id.into(), format!("label {id}").into(), (id * 2).into(), Value::Null]);
        let mut batch = Batch::bulk();
        batch.expect(1_000, sql, params);
        place.db.commit(batch).await.unwrap();
        let last = rows(&place.db, "SELECT label, amount FROM item WHERE id = $1", [999.into()]).await;
        assert_eq!(last, [Row(vec!["label 999".into(), 1998.into()])], "{}", place.name);
    }
}
