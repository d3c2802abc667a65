//! Connections that end at a bad moment, and answers that grow: what the client must not do is send a request twice.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use provost_platform::{HttpClient, HttpError, HttpRequest, Method};
use std::io::Write;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

fn client() -> HttpClient {
    HttpClient::new(vec!["127.0.0.0/8".parse().unwrap()])
}

fn request(method: Method, address: SocketAddr) -> HttpRequest {
    let body = (method == Method::Post).then(|| b"{}".to_vec());
    let url = format!("http://{address}/Users");
    HttpRequest { method, url, headers: Vec::new(), body, timeout: Duration::from_secs(20) }
}

/// Reads a request without a body, or with one of two bytes; `None` when the client has closed.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut read = Vec::new();
    let mut chunk = [0; 4_096];
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if text.ends_with("\r\n\r\n{}") || (text.starts_with("GET") && text.ends_with("\r\n\r\n")) {
            return Some(text);
        }
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => read.extend_from_slice(&chunk[..count]),
        }
    }
}

/// An app that answers the first request of each connection and closes it when the second has come; or, with `at_once`,
/// right after the answer, without a word. Counts the POSTs that have reached it.
async fn closing(at_once: bool) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let posts = Arc::new(AtomicUsize::new(0));
    let counted = posts.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let counted = counted.clone();
            tokio::spawn(async move {
                let count = |request: &str| counted.fetch_add(usize::from(request.starts_with("POST")), Ordering::SeqCst);
                let Some(first) = read_request(&mut stream).await else { return };
                count(&first);
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await.unwrap();
                if !at_once && let Some(second) = read_request(&mut stream).await {
                    count(&second);
                }
            });
        }
    });
    (address, posts)
}

#[tokio::test]
async fn a_post_on_a_connection_that_dies_under_it_is_not_sent_again() {
    let (address, posts) = closing(false).await;
    let client = client();
    for turn in 1..=20 {
        assert_eq!(client.send(request(Method::Get, address)).await.unwrap().status, 200);
        let lost = client.send(request(Method::Post, address)).await;
        assert!(matches!(lost, Err(HttpError::NoAnswer { .. })), "{lost:?}");
        assert_eq!(posts.load(Ordering::SeqCst), turn, "it has reached the app once, and whether it was done nobody knows");
    }
}

#[tokio::test]
async fn a_connection_closed_between_requests_costs_no_post_and_doubles_none() {
    let (address, posts) = closing(true).await;
    let client = client();
    let mut answered = 0;
    for turn in 0_usize..60 {
        assert_eq!(client.send(request(Method::Get, address)).await.unwrap().status, 200);
        // From at once to long after the other side has closed.
        tokio::time::sleep(Duration::from_micros(50) * u32::try_from(turn % 12).unwrap()).await;
        let before = posts.load(Ordering::SeqCst);
        let answer = client.send(request(Method::Post, address)).await;
        let reached = posts.load(Ordering::SeqCst) - before;
        match answer {
            Ok(answer) => {
                assert_eq!((answer.status, reached), (200, 1));
                answered += 1;
            }
            Err(error) => {
                assert!(!error.nothing_sent(), "it may have been read: {error:?}");
                assert_eq!(reached, 0, "what is not answered is not sent by another connection");
            }
        }
    }
    assert!(answered > 0, "a closed connection is seen, and another one is made");
}

#[tokio::test]
async fn an_answer_that_grows_when_it_is_unpacked_is_cut_off_at_the_limit() {
    let mut gzip = Command::new("gzip").args(["-c", "-9"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = gzip.stdin.take().unwrap();
    let writing = std::thread::spawn(move || {
        for _ in 0..200 {
            input.write_all(&vec![b' '; 1 << 20]).unwrap();
        }
    });
    let bomb = gzip.wait_with_output().unwrap().stdout;
    writing.join().unwrap();
    assert!(bomb.len() < 1 << 20, "200 MiB in {} bytes", bomb.len());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await;
        let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", bomb.len());
        // A client that has read enough closes early.
        drop(stream.write_all(head.as_bytes()).await);
        drop(stream.write_all(&bomb).await);
    });
    let before = resident_kib();
    let answer = client().send(request(Method::Get, address)).await;
    assert!(matches!(answer, Err(HttpError::TooLarge { status: 200, .. })), "{answer:?}");
    assert!(resident_kib().saturating_sub(before) < 64 * 1_024, "it was unpacked no further");
}

/// The most memory that this process has held so far.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches("kB").trim().parse().unwrap()
}
