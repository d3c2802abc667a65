//! Tests: an HTTP/2 app says GOAWAY in the middle of the work. The requests that it names as unseen could be sent again by
//! the client itself; it must not, since only the engine knows what may be sent twice. And what it says is told in plain words.

use super::client::h2_client;
use super::{HttpError, HttpRequest, Method};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const SETTINGS: u8 = 4;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const GOAWAY: u8 = 7;

/// RFC 9113 section 7.
const NO_ERROR: u32 = 0;

/// RFC 9113 section 4.1.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short frame").to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

async fn read_frame(stream: &mut TcpStream) -> Option<(u8, u8)> {
    let mut head = [0; 9];
    stream.read_exact(&mut head).await.ok()?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    let mut payload = vec![0; usize::try_from(length).ok()?];
    stream.read_exact(&mut payload).await.ok()?;
    Some((head[3], head[4]))
}

/// Counts the requests of a connection and answers each with this frame; with `waits` the connection then stays open.
async fn ends_with(mut stream: TcpStream, answer: Vec<u8>, waits: bool, requests: Arc<AtomicUsize>) -> Option<()> {
    let mut preface = [0; 24];
    stream.read_exact(&mut preface).await.ok()?;
    stream.write_all(&frame(SETTINGS, 0, 0, &[])).await.ok()?;
    loop {
        match read_frame(&mut stream).await? {
            (SETTINGS, 0) => stream.write_all(&frame(SETTINGS, 1, 0, &[])).await.ok()?,
            (HEADERS, _) => {
                requests.fetch_add(1, Ordering::SeqCst);
                stream.write_all(&answer).await.ok()?;
                if !waits {
                    // Seen, and never answered.
                    return Some(());
                }
            }
            _ => {}
        }
    }
}

/// A GOAWAY that names `last` as the last stream that was seen.
fn go_away(last: u32, code: u32, words: &[u8]) -> Vec<u8> {
    frame(GOAWAY, 0, 0, &[&last.to_be_bytes(), &code.to_be_bytes(), words].concat())
}

/// What becomes of a POST that is answered by this frame; and how many times it came.
async fn sent(answer: Vec<u8>, waits: bool) -> (HttpError, usize) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port is free");
    let address = listener.local_addr().expect("it is bound");
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = requests.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(ends_with(stream, answer.clone(), waits, counted.clone()));
        }
    });
    let request = HttpRequest {
        method: Method::Post,
        url: format!("http://{address}/Users"),
        headers: Vec::new(),
        body: Some(b"{}".to_vec()),
        timeout: Duration::from_secs(5),
    };
    let answer = h2_client(vec!["127.0.0.0/8".parse().expect("a network")]).send(request).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    (answer.expect_err("nobody answers"), requests.load(Ordering::SeqCst))
}

#[tokio::test]
async fn a_request_that_meets_a_goaway_is_not_sent_again_by_itself() {
    for last in [0, 1] {
        let (error, requests) = sent(go_away(last, NO_ERROR, b""), last == 0).await;
        assert!(matches!(error, HttpError::NoAnswer { .. }), "{error:?}");
        assert_eq!(requests, 1, "last stream {last}: {error:?}");
    }
}

#[tokio::test]
async fn every_code_of_a_goaway_is_told_in_plain_words() {
    let not_as_it_should = "HTTP/2 is not spoken as it should be";
    for (code, words) in [
        (NO_ERROR, "shuts down or starts anew"),
        (1, not_as_it_should),
        (2, "internal error"),
        (3, not_as_it_should),
        (4, "waited in vain"),
        (5, not_as_it_should),
        (6, not_as_it_should),
        (7, "refused the request before"),
        (8, "broke off the request"),
        (9, not_as_it_should),
        (11, "too many requests come at once"),
        (12, "not safe enough"),
        (13, "wants HTTP/1.1"),
    ] {
        let told = sent(go_away(0, code, b""), false).await.0.to_string();
        assert!(told.contains("ended the HTTP/2 connection (GOAWAY): ") && told.contains(words), "{code}: {told}");
    }
    let told = sent(go_away(0, 11, b"too_many_pings"), false).await.0.to_string();
    assert!(told.ends_with("too many requests come at once (\"too_many_pings\")"), "{told}");
    let told = sent(frame(RST_STREAM, 0, 1, &8_u32.to_be_bytes()), true).await.0.to_string();
    assert!(told.contains("broke off this one request (RST_STREAM of HTTP/2): it broke off the request"), "{told}");
}
