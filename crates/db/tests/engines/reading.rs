//! Values, snapshots, streams.

use crate::support::{add, count, places, rows};
use provost_db::{Batch, CommitError, DbError, Query, Row, Value, list};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[tokio::test]
async fn values_come_back_as_they_went_in() {
    for place in places().await {
        let texts = ["", "plain", "naïve 日本語 🦀 \u{10FFFF}", "'; DROP TABLE item; --", "$1 ?1 %s \\ \r\n\t\u{1}"];
        for (id, text) in (1..).zip(texts) {
            let mut batch = Batch::new();
            let bytes = vec![0, 255, 128, u8::try_from(id).unwrap()];
            let params = [id.into(), text.into(), (i64::MAX - id).into(), bytes.into()];
            batch.expect(1, "INSERT INTO item (id, label, amount, bytes) VALUES ($1, $2, $3, $4)", params);
            place.db.commit(batch).await.unwrap();
            let row =
                &rows(&place.db, "SELECT label, amount, bytes FROM item WHERE label = $1 AND id = $2", [text.into(), id.into()])
                    .await[0];
            assert_eq!(row.get::<String>(0).unwrap(), text, "{}", place.name);
            assert_eq!(row.get::<i64>(1).unwrap(), i64::MAX - id);
            assert_eq!(row.get::<Vec<u8>>(2).unwrap(), [0, 255, 128, u8::try_from(id).unwrap()]);
        }
        let mut batch = Batch::new();
        let params = [90.into(), Value::Null, i64::MIN.into(), Value::Blob(Vec::new())];
        batch.run("INSERT INTO item (id, label, amount, bytes) VALUES ($1, $2, $3, $4)", params);
        place.db.commit(batch).await.unwrap();
        let found = rows(&place.db, "SELECT label, amount, bytes FROM item WHERE id = 90", []).await;
        assert_eq!(found, [Row(vec![Value::Null, i64::MIN.into(), Value::Blob(Vec::new())])], "{}", place.name);
        let error = found[0].get::<i64>(0).unwrap_err();
        assert_eq!(error.to_string(), "column 0 holds NULL, where a number was expected");
    }
}

#[tokio::test]
async fn nul_in_text_is_refused_everywhere() {
    for place in places().await {
        let error = place.db.commit(add(1, "a\0b")).await.unwrap_err();
        assert!(
            matches!(&error, CommitError::Db(DbError::Engine(message)) if message.contains("$2 holds the character NUL")),
            "{error}"
        );
        assert!(place.db.read(Query::new("SELECT id FROM item WHERE label = $1", ["\0".into()])).await.is_err());
        assert!(
            place.db.stream(Query::new("SELECT id FROM item WHERE label = $1", ["\0".into()])).next().await.unwrap().is_err()
        );
        place.db.commit(add(1, "ab")).await.unwrap();
    }
}

#[tokio::test]
async fn placeholders_stand_anywhere_and_in_any_order() {
    for place in places().await {
        for id in 1..=4 {
            place.db.commit(add(id, &format!("label {id}"))).await.unwrap();
        }
        let sql =
            "SELECT id, '$1', \"label\" FROM item WHERE id >= $2 AND (label = $1 OR id = $3 OR id = $2) ORDER BY id LIMIT $4";
        let found = rows(&place.db, sql, ["label 4".into(), 2.into(), 3.into(), 2.into()]).await;
        let expected = [Row(vec![2.into(), "$1".into(), "label 2".into()]), Row(vec![3.into(), "$1".into(), "label 3".into()])];
        assert_eq!(found, expected, "{}", place.name);
        let sql = format!("SELECT id FROM item WHERE id IN {} AND amount = $1 ORDER BY id", list(2, 2));
        let found = place.db.read(Query::new(sql, [0.into(), 4.into(), 1.into()])).await.unwrap();
        assert_eq!(found, [Row(vec![1.into()]), Row(vec![4.into()])], "{}", place.name);
    }
}

#[tokio::test]
async fn typical_texts_mean_the_same_everywhere() {
    for place in places().await {
        for id in 1..=3 {
            place.db.commit(add(id, &format!("label {id}"))).await.unwrap();
        }
        let mut batch = Batch::new();
        // A multi-row update, a marked row made or changed, a row copied from others.
        let sql = "UPDATE item SET amount = v.column2 FROM (VALUES (CAST($1 AS BIGINT), CAST($2 AS BIGINT)), ($3, $4)) AS v WHERE item.id = v.column1";
        batch.expect(2, sql, [1.into(), 10.into(), 2.into(), 20.into()]);
        let sql = "INSERT INTO pair (a, b, kind) SELECT id, $1, $2 FROM item WHERE true ON CONFLICT (a, b) DO UPDATE SET kind = excluded.kind";
        batch.run(sql, [7.into(), Value::Null]);
        batch.expect(
            1,
            "UPDATE item SET label = COALESCE($2, label), amount = $3 WHERE id = $1",
            [3.into(), Value::Null, Value::Null],
        );
        place.db.commit(batch).await.unwrap();
        let found = rows(&place.db, "SELECT sum(amount), count(*), max(label), sum(amount) > $1 FROM item", [29.into()]).await;
        let expected = match found[0].0[3] {
            Value::Integer(flag) => Row(vec![30.into(), 3.into(), "label 3".into(), flag.into()]),
            ref other => panic!("{}: a comparison is a number, not {other:?}", place.name),
        };
        assert_eq!(found, [expected], "{}", place.name);
        assert_eq!(found[0].get::<bool>(3), Ok(true), "{}", place.name);
        let hash = rows(&place.db, "SELECT sha256($1)", [b"abc".to_vec().into()]).await[0].get::<Vec<u8>>(0).unwrap();
        assert_eq!(hash[..4], [0xba, 0x78, 0x16, 0xbf], "{}", place.name);
    }
}

#[tokio::test]
async fn several_queries_see_one_snapshot() {
    for place in places().await {
        place.db.commit(add(1, "a")).await.unwrap();
        let queries = ["SELECT count(*) FROM item", "SELECT id, label FROM item", "SELECT 1 WHERE 1 = 0"];
        let answers = place.db.read_all(queries.iter().map(|sql| Query::new(*sql, [])).collect()).await.unwrap();
        assert_eq!(answers, [vec![Row(vec![1.into()])], vec![Row(vec![1.into(), "a".into()])], vec![]], "{}", place.name);
        assert!(place.db.read_all(Vec::new()).await.unwrap().is_empty());
        let broken = vec![Query::new("SELECT 1", []), Query::new("SELECT nothing FROM nowhere", [])];
        let error = place.db.read_all(broken).await.unwrap_err();
        assert!(error.to_string().contains("SELECT nothing FROM nowhere"), "{}: {error}", place.name);
        assert_eq!(count(&place.db).await, 1, "{}: reading goes on", place.name);
    }
}

/// A writer moves an amount between two rows; every snapshot of two queries must show the same sum.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_snapshot_never_sees_half_a_move() {
    for place in places().await {
        place.db.commit(add(1, "a")).await.unwrap();
        place.db.commit(add(2, "b")).await.unwrap();
        let (writer, enough) = (place.db.clone(), Arc::new(AtomicBool::new(false)));
        let stop = Arc::clone(&enough);
        let moving = tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let mut batch = Batch::new();
                batch.expect(1, "UPDATE item SET amount = amount - 1 WHERE id = 1", []);
                batch.expect(1, "UPDATE item SET amount = amount + 1 WHERE id = 2", []);
                writer.commit(batch).await.unwrap();
                tokio::task::yield_now().await;
            }
        });
        let mut seen = BTreeSet::new();
        // Until it was read between many different moves.
        while seen.len() < 30 {
            let amount = |id: i64| Query::new("SELECT amount FROM item WHERE id = $1", [id.into()]);
            let answers = place.db.read_all(vec![amount(1), amount(2)]).await.unwrap();
            let amounts = (answers[0][0].get::<i64>(0).unwrap(), answers[1][0].get::<i64>(0).unwrap());
            assert_eq!(amounts.0 + amounts.1, 0, "{}", place.name);
            seen.insert(amounts.1);
            tokio::task::yield_now().await;
        }
        enough.store(true, Ordering::Relaxed);
        moving.await.unwrap();
    }
}

#[tokio::test]
async fn a_read_cannot_write() {
    for place in places().await {
        for sql in ["INSERT INTO item (id) VALUES (1)", "DELETE FROM item", "INSERT INTO item (id) VALUES (1) RETURNING id"] {
            assert!(place.db.read(Query::new(sql, [])).await.is_err(), "{}: {sql}", place.name);
            assert!(
                place.db.read_all(vec![Query::new("SELECT 1", []), Query::new(sql, [])]).await.is_err(),
                "{}: {sql}",
                place.name
            );
        }
        assert_eq!(count(&place.db).await, 0, "{}", place.name);
    }
}

async fn fill(place: &crate::support::Place, rows: i64) {
    for start in (0..rows).step_by(1_000) {
        let sql = format!("INSERT INTO item (id, label) VALUES {}", provost_db::rows(1_000, 2));
        let mut batch = Batch::bulk();
        batch.expect(1_000, sql, (start..start + 1_000).flat_map(|id| [id.into(), format!("label {id}").into()]));
        place.db.commit(batch).await.unwrap();
    }
}

#[tokio::test]
async fn a_stream_shows_one_snapshot_while_others_write() {
    for place in places().await {
        fill(&place, 10_000).await;
        let mut stream = place.db.stream(Query::new("SELECT id, label FROM item WHERE id >= $1 ORDER BY id", [500.into()]));
        let mut expected = 500;
        let mut sizes = Vec::new();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.unwrap();
            sizes.push(chunk.len());
            for row in &chunk {
                assert_eq!(row, &Row(vec![expected.into(), format!("label {expected}").into()]), "{}", place.name);
                expected += 1;
            }
            let mut batch = Batch::new();
            batch.run("DELETE FROM item WHERE id > $1", [expected.into()]);
            batch.run("INSERT INTO item (id) VALUES ($1)", [(20_000 + expected).into()]);
            place.db.commit(batch).await.unwrap();
        }
        assert_eq!(expected, 10_000, "{}", place.name);
        assert_eq!(sizes, [1_000, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000, 500], "{}", place.name);
        assert!(stream.next().await.is_none(), "{}: the end stays the end", place.name);
    }
}

#[tokio::test]
async fn streams_report_errors_and_may_be_dropped_half_way() {
    for place in places().await {
        fill(&place, 3_000).await;
        let mut broken = place.db.stream(Query::new("SELECT nothing FROM nowhere", []));
        assert!(broken.next().await.unwrap().is_err(), "{}", place.name);
        assert!(broken.next().await.is_none(), "{}", place.name);
        let mut none = place.db.stream(Query::new("SELECT id FROM item WHERE id < 0", []));
        assert!(none.next().await.is_none(), "{}", place.name);
        // More than may be open at once, one after the other: each must give its place back.
        for _ in 0..20 {
            let mut stream = place.db.stream(Query::new("SELECT id FROM item ORDER BY id", []));
            assert_eq!(stream.next().await.unwrap().unwrap().len(), 1_000, "{}", place.name);
        }
        assert_eq!(count(&place.db).await, 3_000, "{}", place.name);
    }
}
