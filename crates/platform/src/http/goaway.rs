//! A test: an HTTP/2 app says GOAWAY in the middle of the work. The requests that it names as unseen could be sent again by
//! the client itself; it must not, since only the engine knows what may be sent twice.

use super::client::h2_client;
use super::{HttpError, HttpRequest, Method};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const SETTINGS: u8 = 4;
const HEADERS: u8 = 1;
const GOAWAY: u8 = 7;

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

/// Counts the requests of a connection and answers each with a GOAWAY that names `last` as the last stream it has seen.
async fn goes_away(mut stream: TcpStream, last: u32, requests: Arc<AtomicUsize>) -> Option<()> {
    let mut preface = [0; 24];
    stream.read_exact(&mut preface).await.ok()?;
    stream.write_all(&frame(SETTINGS, 0, 0, &[])).await.ok()?;
    loop {
        match read_frame(&mut stream).await? {
            (SETTINGS, 0) => stream.write_all(&frame(SETTINGS, 1, 0, &[])).await.ok()?,
            (HEADERS, _) => {
                requests.fetch_add(1, Ordering::SeqCst);
                let said = [last.to_be_bytes(), 0_u32.to_be_bytes()].concat();
                stream.write_all(&frame(GOAWAY, 0, 0, &said)).await.ok()?;
                if last > 0 {
                    // Seen, and never answered.
                    return Some(());
                }
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_request_that_meets_a_goaway_is_not_sent_again_by_itself() {
    for last in [0, 1] {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port is free");
        let address = listener.local_addr().expect("it is bound");
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = requests.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(goes_away(stream, last, counted.clone()));
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
        assert!(matches!(answer, Err(HttpError::NoAnswer { .. })), "{answer:?}");
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(requests.load(Ordering::SeqCst), 1, "last stream {last}: {answer:?}");
    }
}
