//! Requests share connections: one for all where the app speaks HTTP/2, and over HTTP/1.1 one for those that follow each other.
//! Counted by an app that speaks TLS and says which of the two it prefers.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::Version;
use axum::serve::{IncomingStream, Listener};
use provost_platform::{HttpClient, HttpOptions, HttpRequest, HttpResponse, Method};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection};
use std::collections::BTreeSet;
use std::io::{Error, Read, Result, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

/// So many requests, one after the other or at once.
const REQUESTS: usize = 50;

const H1: &[u8] = b"http/1.1";
const H2: &[u8] = b"h2";

/// The certificate for `localhost` of the tests' own authority.
const AUTHORITY: &[u8] = include_bytes!("../../testkit/src/faulty/tls/authority.der");
const CERTIFICATE: &[u8] = include_bytes!("../../testkit/src/faulty/tls/known.der");
const KEY: &[u8] = include_bytes!("../../testkit/src/faulty/tls/known.key.der");

/// Which connection a request came by, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Connection(usize);

/// An app on a loopback port.
struct App {
    url: String,
    client: HttpClient,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    /// Each request, in the order in which they came.
    requests: Mutex<Vec<(Connection, Version)>>,
    opened: Mutex<usize>,
    /// The answers wait until so many requests have come.
    together: Mutex<Option<Arc<Barrier>>>,
}

impl App {
    /// An app that speaks these protocols, the first of them rather than the others.
    async fn start(protocols: &[&[u8]]) -> Self {
        provost_platform::install_tls_provider();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(KEY.to_vec()));
        let chain = vec![CertificateDer::from(CERTIFICATE.to_vec())];
        let mut config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}/Users", socket.local_addr().unwrap().port());
        let seen = Arc::new(Seen::default());
        let listener = TlsListener { socket, config: Arc::new(config), seen: seen.clone() };
        let router = Router::new().fallback(answer).with_state(seen.clone());
        let service = router.into_make_service_with_connect_info::<Connection>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        let allowed_private = vec!["127.0.0.0/8".parse().unwrap()];
        let authorities = Some(vec![AUTHORITY.to_vec()]);
        let client = HttpClient::with(HttpOptions { allowed_private, authorities, ..HttpOptions::default() });
        Self { url, client, seen }
    }

    fn request(&self, number: usize) -> impl Future<Output = HttpResponse> + use<> {
        let (client, url) = (self.client.clone(), format!("{}/{number}", self.url));
        // What is sent to an app: some write, some read.
        let (method, body) = if number.is_multiple_of(2) { (Method::Post, Some(b"{}".to_vec())) } else { (Method::Get, None) };
        let request = HttpRequest { method, url, headers: Vec::new(), body, timeout: Duration::from_mins(1) };
        async move { client.send(request).await.unwrap() }
    }

    async fn one_after_the_other(&self) {
        for number in 0..REQUESTS {
            let answer = self.request(number).await;
            assert_eq!((answer.status, answer.body), (200, format!("/Users/{number}").into_bytes()));
        }
    }

    /// All at once: none is answered before the last one has come.
    async fn at_once(&self) {
        *self.seen.together.lock().unwrap() = Some(Arc::new(Barrier::new(REQUESTS)));
        let mut sent = JoinSet::new();
        for number in 0..REQUESTS {
            sent.spawn(self.request(number));
        }
        let mut bodies: Vec<Vec<u8>> = sent.join_all().await.into_iter().map(|answer| answer.body).collect();
        bodies.sort();
        let mut expected: Vec<Vec<u8>> = (0..REQUESTS).map(|number| format!("/Users/{number}").into_bytes()).collect();
        expected.sort();
        assert_eq!(bodies, expected, "each has its own answer");
        *self.seen.together.lock().unwrap() = None;
    }

    /// How many requests came since this was asked last, by which connections, and in which versions of HTTP.
    fn came(&self) -> (usize, BTreeSet<Connection>, Vec<Version>) {
        let requests = std::mem::take(&mut *self.seen.requests.lock().unwrap());
        let mut versions: Vec<Version> = requests.iter().map(|(_, version)| *version).collect();
        versions.dedup();
        (requests.len(), requests.into_iter().map(|(connection, _)| connection).collect(), versions)
    }

    fn opened(&self) -> usize {
        *self.seen.opened.lock().unwrap()
    }
}

async fn answer(ConnectInfo(connection): ConnectInfo<Connection>, State(seen): State<Arc<Seen>>, request: Request) -> String {
    seen.requests.lock().unwrap().push((connection, request.version()));
    let together = seen.together.lock().unwrap().clone();
    if let Some(together) = together {
        together.wait().await;
    }
    request.uri().path().to_owned()
}

struct TlsListener {
    socket: TcpListener,
    config: Arc<ServerConfig>,
    seen: Arc<Seen>,
}

impl Listener for TlsListener {
    type Io = DuplexStream;
    type Addr = Connection;

    async fn accept(&mut self) -> (DuplexStream, Connection) {
        let (socket, _) = self.socket.accept().await.unwrap();
        let number = {
            let mut opened = self.seen.opened.lock().unwrap();
            *opened += 1;
            *opened
        };
        let (inner, outer) = tokio::io::duplex(256 * 1024);
        let tls = ServerConnection::new(self.config.clone()).unwrap();
        // A client that ends a connection is no failure of the app.
        tokio::spawn(async move { drop(carry(socket, tls, inner).await) });
        (outer, Connection(number))
    }

    fn local_addr(&self) -> Result<Connection> {
        Ok(Connection(0))
    }
}

impl Connected<IncomingStream<'_, TlsListener>> for Connection {
    fn connect_info(stream: IncomingStream<'_, TlsListener>) -> Self {
        *stream.remote_addr()
    }
}

/// Carries what is said from one side to the other until one of them ends.
async fn carry(mut socket: TcpStream, mut tls: ServerConnection, mut plain: DuplexStream) -> Result<()> {
    let (mut received, mut said) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    loop {
        tokio::select! {
            count = socket.read(&mut received) => {
                let mut rest = &received[..count?];
                if rest.is_empty() {
                    return Ok(());
                }
                while !rest.is_empty() {
                    tls.read_tls(&mut rest)?;
                    let waiting = tls.process_new_packets().map_err(Error::other)?.plaintext_bytes_to_read();
                    let mut part = vec![0; waiting];
                    tls.reader().read_exact(&mut part)?;
                    plain.write_all(&part).await?;
                }
            }
            count = plain.read(&mut said) => {
                let count = count?;
                if count == 0 {
                    tls.send_close_notify();
                }
                tls.writer().write_all(&said[..count])?;
                if count == 0 {
                    flush(&mut tls, &mut socket).await?;
                    return socket.shutdown().await;
                }
            }
        }
        flush(&mut tls, &mut socket).await?;
    }
}

async fn flush(tls: &mut ServerConnection, socket: &mut TcpStream) -> Result<()> {
    let mut out = Vec::new();
    while tls.wants_write() {
        tls.write_tls(&mut out)?;
    }
    socket.write_all(&out).await
}

#[tokio::test]
async fn an_app_that_speaks_http_2_is_sent_everything_by_one_connection() {
    for protocols in [&[H2][..], &[H2, H1]] {
        let app = App::start(protocols).await;
        app.one_after_the_other().await;
        assert_eq!(app.came(), (REQUESTS, [Connection(1)].into(), vec![Version::HTTP_2]));
        app.at_once().await;
        assert_eq!(app.came(), (REQUESTS, [Connection(1)].into(), vec![Version::HTTP_2]));
        assert_eq!(app.opened(), 1);
    }
}

#[tokio::test]
async fn requests_that_begin_with_an_http_2_app_at_once_share_one_connection() {
    let app = App::start(&[H2, H1]).await;
    app.at_once().await;
    let (count, connections, versions) = app.came();
    println!("{} connections were opened", app.opened());
    assert_eq!((count, connections.len(), versions), (REQUESTS, 1, vec![Version::HTTP_2]));
    let opened = app.opened();
    app.one_after_the_other().await;
    app.at_once().await;
    assert_eq!((app.came().1, app.opened()), (connections, opened), "and so do those that follow");
}

#[tokio::test]
async fn an_app_that_speaks_http_1_1_keeps_its_connections() {
    let app = App::start(&[H1]).await;
    app.one_after_the_other().await;
    assert_eq!(app.came(), (REQUESTS, [Connection(1)].into(), vec![Version::HTTP_11]));
    app.at_once().await;
    let (count, connections, versions) = app.came();
    assert_eq!((count, connections.len(), versions), (REQUESTS, REQUESTS, vec![Version::HTTP_11]), "one for each at a time");
    let opened = app.opened();
    assert_eq!(opened, REQUESTS, "the one that was there is one of them");
    app.one_after_the_other().await;
    let (_, connections, _) = app.came();
    assert_eq!(app.opened(), opened, "those that are there are used again");
    assert!(connections.iter().all(|connection| connection.0 <= opened));
}
