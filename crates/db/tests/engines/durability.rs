//! What was acknowledged is kept.

use crate::support::{add, count, lasting_places, open, rows};
use provost_db::Location;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

#[tokio::test]
async fn a_database_opened_again_has_its_data() {
    for place in lasting_places().await {
        place.db.commit(add(1, "a")).await.unwrap();
        let again = open(&place.location).await;
        assert_eq!(count(&again).await, 1, "{}: while the first is open", place.name);
        again.commit(add(2, "b")).await.unwrap();
        assert_eq!(count(&place.db).await, 2, "{}: and the first sees what the second wrote", place.name);
        drop(again);
        drop(place.db);
        assert_eq!(count(&open(&place.location).await).await, 2, "{}: after both were closed", place.name);
    }
}

const CHILD: &str = "PROVOST_DB_TEST_CHILD";
const NAME: &str = "durability::a_killed_process_has_kept_every_acknowledged_commit";

/// Runs itself as a child that commits and prints each acknowledged number, kills it with SIGKILL, and looks.
#[tokio::test]
async fn a_killed_process_has_kept_every_acknowledged_commit() {
    if let Ok(location) = std::env::var(CHILD) {
        return commit_forever(&location).await;
    }
    for place in lasting_places().await {
        let location = match &place.location {
            Location::File(path) => path.display().to_string(),
            Location::Postgres(url) => url.clone(),
            Location::Memory => unreachable!("memory is not lasting"),
        };
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", NAME, "--nocapture"])
            .env(CHILD, location)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut acknowledged = Vec::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            if let Some(number) = line.unwrap().strip_prefix("acknowledged ") {
                acknowledged.push(number.parse::<i64>().unwrap());
            }
            // The pipe still holds what was printed before the kill took effect; the loop reads it to its end.
            if acknowledged.len() == 300 {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(acknowledged.len() >= 300, "{}: the child ended early", place.name);
        let again = open(&place.location).await;
        let kept: std::collections::HashSet<i64> =
            rows(&again, "SELECT id FROM item", []).await.iter().map(|row| row.get(0).unwrap()).collect();
        for number in acknowledged {
            assert!(kept.contains(&number), "{}: commit {number} was acknowledged and is lost", place.name);
        }
    }
}

async fn commit_forever(location: &str) {
    let location =
        if location.starts_with("postgres") { Location::Postgres(location.to_owned()) } else { Location::File(location.into()) };
    let db = open(&location).await;
    let callers = (0..8_i64).map(|caller| {
        let db = db.clone();
        tokio::spawn(async move {
            for number in 0_i64.. {
                let id = number * 8 + caller;
                db.commit(add(id, &id.to_string())).await.unwrap();
                println!("acknowledged {id}");
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
}
