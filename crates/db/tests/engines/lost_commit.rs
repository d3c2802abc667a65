//! A COMMIT whose answer is lost: nobody knows whether it was done, so the process must end and not answer.

use crate::support::{add, count, open};
use provost_db::Location;
use provost_db::testing::postgres_database;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const CHILD: &str = "PROVOST_DB_TEST_LOST_COMMIT";
const NAME: &str = "lost_commit::a_commit_without_an_answer_ends_the_process";
const SIGABRT: i32 = 6;

/// Whether the server gets to see the COMMIT.
#[derive(Clone, Copy)]
enum Cut {
    Before,
    After,
}

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
        let Location::Postgres(url) = &location else { unreachable!("the location is a server") };
        let (server, _) = url.split_once('@').unwrap().1.split_once('/').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxied = url.replace(server, &listener.local_addr().unwrap().to_string());
        let proxy = tokio::spawn(forward(listener, server.to_owned(), cut));
        let child = tokio::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", NAME, "--nocapture"])
            .env(CHILD, proxied)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .output()
            .await
            .unwrap();
        proxy.abort();
        let printed = String::from_utf8_lossy(&child.stdout);
        assert_eq!(child.status.signal(), Some(SIGABRT), "{printed}{}", String::from_utf8_lossy(&child.stderr));
        assert!(!printed.contains("answered"), "{printed}");
        assert_eq!(count(&db).await, kept, "the cut was where it should be");
    }
}

async fn forward(listener: TcpListener, server: String, cut: Cut) {
    loop {
        let (client, _) = listener.accept().await.unwrap();
        let upstream = TcpStream::connect(&server).await.unwrap();
        tokio::spawn(forward_one(client, upstream, cut));
    }
}

async fn forward_one(mut client: TcpStream, mut upstream: TcpStream, cut: Cut) {
    let (mut to_server, mut to_client) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            read = client.read(&mut to_server) => {
                let Ok(length @ 1..) = read else { return };
                let sent = &to_server[..length];
                if sent.windows(7).any(|window| window == b"COMMIT\0") {
                    if let Cut::After = cut {
                        upstream.write_all(sent).await.unwrap();
                        // Its answer is awaited, and kept.
                        let _ = upstream.read(&mut to_client).await;
                    }
                    return;
                }
                upstream.write_all(sent).await.unwrap();
            }
            read = upstream.read(&mut to_client) => {
                let Ok(length @ 1..) = read else { return };
                client.write_all(&to_client[..length]).await.unwrap();
            }
        }
    }
}
