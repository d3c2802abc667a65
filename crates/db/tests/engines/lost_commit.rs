//! A COMMIT whose answer is lost: nobody knows whether it was done, so the process must end and not answer.

use crate::proxy::{Cut, behind_proxy};
use crate::support::{add, count, open};
use provost_db::Location;
use provost_db::testing::postgres_database;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;

const CHILD: &str = "PROVOST_DB_TEST_LOST_COMMIT";
const NAME: &str = "lost_commit::a_commit_without_an_answer_ends_the_process";
const SIGABRT: i32 = 6;

/// Runs itself as a child behind a proxy that cuts the connection at the first COMMIT of a batch.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_without_an_answer_ends_the_process() {
    if let Ok(url) = std::env::var(CHILD) {
        let outcome = open(&Location::Postgres(url)).await.commit(add(1, "a")).await;
        println!("answered {outcome:?}");
        return;
    }
    for (cut, kept) in [(Cut::Before, 0), (Cut::After, 1)] {
        let (location, _guard) = postgres_database();
        // Here the schema is made, so that the child's first COMMIT is its batch's.
        let db = open(&location).await;
        let proxied = behind_proxy(&location, "COMMIT\0", 1, cut).await;
        let child = tokio::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", NAME, "--nocapture"])
            .env(CHILD, proxied)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .output()
            .await
            .unwrap();
        let printed = String::from_utf8_lossy(&child.stdout);
        assert_eq!(child.status.signal(), Some(SIGABRT), "{printed}{}", String::from_utf8_lossy(&child.stderr));
        assert!(!printed.contains("answered"), "{printed}");
        assert_eq!(count(&db).await, kept, "the cut was where it should be");
    }
}
