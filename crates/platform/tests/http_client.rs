//! The HTTP client against servers of a few lines that misbehave in one way each.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use provost_platform::http::ANSWER_BYTES_MAX;
use provost_platform::{HttpClient, HttpError, HttpRequest, HttpResponse, Method};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Reads one request up to the end of its head and `body_bytes` more.
async fn read_request(stream: &mut TcpStream, body_bytes: usize) -> String {
    let mut read = Vec::new();
    loop {
        let head = read.windows(4).position(|window| window == b"\r\n\r\n");
        if head.is_some_and(|head| read.len() >= head + 4 + body_bytes) {
            return String::from_utf8(read).unwrap();
        }
        let mut chunk = [0; 4_096];
        match stream.read(&mut chunk).await.unwrap() {
            0 => panic!("the client went away"),
            count => read.extend_from_slice(&chunk[..count]),
        }
    }
}

/// Serves one connection: reads a request, writes `answer`, closes. The task ends with the request.
async fn serve(body_bytes: usize, answer: Vec<u8>) -> (SocketAddr, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = read_request(&mut stream, body_bytes).await;
        // A client that has read enough may close early.
        let _ = stream.write_all(&answer).await;
        let _ = stream.shutdown().await;
        request
    });
    (address, task)
}

fn client() -> HttpClient {
    HttpClient::new(vec!["127.0.0.0/8".parse().unwrap()])
}

fn get(url: impl Into<String>) -> HttpRequest {
    HttpRequest { method: Method::Get, url: url.into(), headers: Vec::new(), body: None, timeout: Duration::from_secs(20) }
}

async fn answer_to(answer: impl Into<Vec<u8>>) -> Result<HttpResponse, HttpError> {
    let (address, _server) = serve(0, answer.into()).await;
    client().send(get(format!("http://{address}/"))).await
}

#[tokio::test]
async fn sends_what_it_is_given_and_hands_back_the_answer() {
    let answer = "HTTP/1.1 201 Created\r\nX-Request-ID: 7\r\nETag: W/\"1\"\r\ncontent-length: 2\r\n\r\n{}";
    let (address, server) = serve(5, answer.into()).await;
    let request = HttpRequest {
        method: Method::Patch,
        url: format!("http://{address}/scim/Users/1?attributes=id"),
        headers: vec![
            ("Authorization".to_owned(), "Bearer hidden".to_owned()),
            ("content-type".to_owned(), "application/scim+json".to_owned()),
        ],
        body: Some(b"hello".to_vec()),
        timeout: Duration::from_secs(20),
    };
    let printed = format!("{request:?}");
    assert!(!printed.contains("hidden") && !printed.contains("hello") && printed.contains("Authorization"), "{printed}");
    let answer = client().send(request).await.unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (201, b"{}".as_slice()));
    assert_eq!(
        (answer.header("x-request-id"), answer.header("ETag"), answer.header("missing")),
        (Some("7"), Some("W/\"1\""), None)
    );
    assert!(answer.headers.iter().all(|(name, _)| *name == name.to_lowercase()));
    let request = server.await.unwrap();
    assert!(
        request.starts_with("PATCH /scim/Users/1?attributes=id HTTP/1.1\r\n") && request.ends_with("\r\n\r\nhello"),
        "{request}"
    );
    for header in ["authorization: Bearer hidden", "user-agent: Provost/", "content-type: application/scim+json"] {
        assert!(request.contains(header), "{header} in {request}");
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let answer = answer_to("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n").await.unwrap();
    assert_eq!((answer.status, answer.header("location")), (302, Some("http://127.0.0.1:1/")));
}

#[tokio::test]
async fn a_refused_connection_means_that_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = client().send(get(format!("http://{address}/"))).await.unwrap_err();
    assert!(matches!(error, HttpError::Refused { .. }) && error.nothing_sent(), "{error:?}");
    assert!(error.to_string().contains("the connection was refused: nothing listens") && !error.to_string().contains("os error"));
}

#[tokio::test]
async fn a_connection_that_closes_without_an_answer_may_have_been_read() {
    for (answer, words) in [
        ("", "closed the connection without an answer"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf", "broke off before its end: fewer bytes came than were announced"),
        ("nonsense\r\n\r\n", "what the app sent is not HTTP"),
    ] {
        let error = answer_to(answer).await.unwrap_err();
        assert!(matches!(error, HttpError::NoAnswer { .. }) && !error.nothing_sent(), "{answer:?}: {error:?}");
        assert!(error.to_string().contains(words), "{answer:?}: {error}");
    }
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up_after_the_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let request =
        HttpRequest { timeout: Duration::from_millis(100), ..get(format!("http://{}/", listener.local_addr().unwrap())) };
    let error = client().send(request).await.unwrap_err();
    assert!(matches!(error, HttpError::NoAnswer { .. }) && !error.nothing_sent(), "{error:?}");
}

#[tokio::test]
async fn an_answer_over_the_limit_is_not_read_whether_announced_or_not() {
    let announced = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", ANSWER_BYTES_MAX + 1);
    let mut endless = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec();
    endless.resize(endless.len() + ANSWER_BYTES_MAX + 1, b'x');
    for answer in [announced.into_bytes(), endless] {
        let error = answer_to(answer).await.unwrap_err();
        assert_eq!(error, HttpError::TooLarge { status: 200, limit_bytes: ANSWER_BYTES_MAX, packed: false });
        assert!(!error.nothing_sent());
    }
    let mut largest = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec();
    largest.resize(largest.len() + ANSWER_BYTES_MAX, b'x');
    assert_eq!(answer_to(largest).await.unwrap().body.len(), ANSWER_BYTES_MAX);
}

#[tokio::test]
async fn private_addresses_are_refused_before_anything_is_sent() {
    for url in [
        "http://127.0.0.1:1/",
        "https://10.0.0.1/",
        "https://[::ffff:169.254.169.254]/",
        "https://2130706433/",
        "http://localhost:1/",
    ] {
        let error = HttpClient::new(Vec::new()).send(get(url)).await.unwrap_err();
        assert!(matches!(error, HttpError::AddressNotAllowed { .. }) && error.nothing_sent(), "{url}: {error:?}");
        assert!(error.to_string().contains("--allow-private"), "{error}");
    }
}

#[tokio::test]
async fn what_cannot_be_sent_says_why_without_showing_values() {
    for url in ["", "nowhere", "http://example.com/", "http://10.0.0.1/", "ftp://127.0.0.1/"] {
        let allowed = vec!["10.0.0.0/8".parse().unwrap(), "127.0.0.0/8".parse().unwrap()];
        let error = HttpClient::new(allowed).send(get(url)).await.unwrap_err();
        assert!(matches!(error, HttpError::InvalidUrl { .. }) && error.nothing_sent(), "{url}: {error:?}");
    }
    let request =
        HttpRequest { headers: vec![("authorization".to_owned(), "Bearer a\nb".to_owned())], ..get("http://127.0.0.1:1/") };
    let error = client().send(request).await.unwrap_err();
    assert!(matches!(error, HttpError::InvalidUrl { .. }), "{error:?}");
    assert!(error.to_string().contains("authorization") && !error.to_string().contains("Bearer"), "{error}");
}

#[tokio::test]
async fn an_unknown_name_and_a_plain_server_under_https_send_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let plain = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        let mut seen = Vec::new();
        let _ = stream.read_to_end(&mut seen).await;
        seen
    });
    let request = HttpRequest {
        headers: vec![("authorization".to_owned(), "Bearer hidden".to_owned())],
        ..get(format!("https://127.0.0.1:{port}/"))
    };
    let error = client().send(request).await.unwrap_err();
    assert!(matches!(error, HttpError::Refused { .. }) && error.nothing_sent(), "{error:?}");
    assert!(error.to_string().contains("does not speak TLS: check the port"), "{error}");
    let seen = plain.await.unwrap();
    assert!(!seen.windows(6).any(|window| window == b"hidden"));

    let error = client().send(get("https://no-such-host.invalid/")).await.unwrap_err();
    assert!(matches!(error, HttpError::Refused { .. }) && error.nothing_sent(), "{error:?}");
    // Which of the resolver's texts follows depends on the network.
    assert!(error.to_string().contains("the host's name could not be resolved: "), "{error}");
}
