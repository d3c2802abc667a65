//! A proxy between the engine and an app: it records every request with its time, and breaks those it is told to break.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What to do with a request instead of passing it on and its answer back.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Pass it on, and drop the connection instead of the answer: done, and nobody knows.
    LoseAnswer,
    /// Drop the connection: not done, and nobody knows.
    LoseRequest,
    /// Answer this, without passing it on: status, further header lines, body.
    Answer(u16, Vec<(String, String)>, String),
    /// Pass it on after this long.
    Delay(std::time::Duration),
    /// Pass it on, and keep the answer for this long.
    DelayAnswer(std::time::Duration),
}

/// A request that came through.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// When its first line was read.
    pub at: Instant,
    /// GET, POST, …
    pub method: String,
    /// With its query.
    pub path: String,
    /// As it was sent.
    pub body: String,
    /// `If-Match`, where it was sent.
    pub if_match: Option<String>,
}

type Matcher = Box<dyn Fn(&Recorded) -> bool + Send>;

#[derive(Default)]
struct Shared {
    recorded: Vec<Recorded>,
    faults: VecDeque<(Matcher, Fault)>,
    always: Vec<(Matcher, Fault)>,
    /// What the app announces of itself; `None`: nothing (404).
    announces: Option<(u16, String)>,
    announcements_read: usize,
}

/// A running proxy; it ends with its runtime.
#[derive(Clone)]
pub struct Proxy {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    shared: Arc<Mutex<Shared>>,
}

impl Proxy {
    /// Starts a proxy to `target` (`http://127.0.0.1:PORT`).
    pub async fn start(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port is free");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let shared = Arc::new(Mutex::new(Shared::default()));
        let (target, serving) = (target.trim_start_matches("http://").to_owned(), shared.clone());
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (target, shared) = (target.clone(), serving.clone());
                // A broken connection is what this proxy is for.
                tokio::spawn(async move { drop(serve(socket, &target, &shared).await) });
            }
        });
        Self { url, shared }
    }

    /// The next request that `matches` meets `fault`, once.
    pub fn once(&self, matches: impl Fn(&Recorded) -> bool + Send + 'static, fault: Fault) {
        self.lock().faults.push_back((Box::new(matches), fault));
    }

    /// Every request that `matches` meets `fault` until [`Self::clear`], unless one of [`Self::once`] comes first.
    pub fn every(&self, matches: impl Fn(&Recorded) -> bool + Send + 'static, fault: Fault) {
        self.lock().always.push((Box::new(matches), fault));
    }

    /// Everything that came, oldest first.
    pub fn recorded(&self) -> Vec<Recorded> {
        self.lock().recorded.clone()
    }

    /// Forgets what came, and the faults that were not met.
    pub fn clear(&self) {
        let mut shared = self.lock();
        let announces = shared.announces.take();
        *shared = Shared { announces, ..Shared::default() };
    }

    /// From now on the app answers this when it is asked what it announces of itself (`ServiceProviderConfig`). Without it the
    /// app announces nothing. These requests are not recorded and meet no faults, so that tests count the others.
    pub fn announce(&self, status: u16, body: impl Into<String>) {
        self.lock().announces = Some((status, body.into()));
    }

    /// How often it was asked for that since [`Self::clear`].
    pub fn announcements_read(&self) -> usize {
        self.lock().announcements_read
    }

    /// Faults that no request has met yet.
    pub fn faults_left(&self) -> usize {
        self.lock().faults.len()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Shared> {
        self.shared.lock().expect("no test panics while it holds the proxy")
    }
}

struct Message {
    head: Vec<String>,
    body: Vec<u8>,
}

/// Reads one HTTP/1.1 message with a `Content-Length` or chunked body; `None` at the end of the connection.
async fn read_message(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<Message>> {
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        head.push(line);
    }
    let value = |name: &str| {
        let line = head.iter().find(|line| line.to_ascii_lowercase().starts_with(name));
        line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned())
    };
    let mut body = Vec::new();
    if let Some(length) = value("content-length:").and_then(|value| value.parse::<usize>().ok()) {
        body.resize(length, 0);
        stream.read_exact(&mut body).await?;
    } else if value("transfer-encoding:").is_some() {
        loop {
            let mut size = String::new();
            stream.read_line(&mut size).await?;
            let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
            let mut chunk = vec![0; size + 2];
            stream.read_exact(&mut chunk).await?;
            if size == 0 {
                break;
            }
            body.extend_from_slice(&chunk[..size]);
        }
    }
    Ok(Some(Message { head, body }))
}

fn if_match(head: &[String]) -> Option<String> {
    let line = head.iter().find(|line| line.to_ascii_lowercase().starts_with("if-match:"))?;
    line.split_once(':').map(|(_, value)| value.trim().to_owned())
}

fn without_body_headers(head: &[String]) -> impl Iterator<Item = &String> {
    head.iter().filter(|line| {
        let line = line.to_ascii_lowercase();
        !line.starts_with("content-length:") && !line.starts_with("transfer-encoding:") && !line.starts_with("connection:")
    })
}

async fn write_message(stream: &mut TcpStream, message: &Message, bodiless: bool) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    for line in without_body_headers(&message.head) {
        bytes.extend_from_slice(line.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    if !bodiless {
        bytes.extend_from_slice(format!("Content-Length: {}\r\n", message.body.len()).as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(&message.body);
    stream.write_all(&bytes).await?;
    stream.flush().await
}

async fn serve(socket: TcpStream, target: &str, shared: &Mutex<Shared>) -> std::io::Result<()> {
    let mut socket = BufReader::new(socket);
    while let Some(request) = read_message(&mut socket).await? {
        let mut words = request.head.first().map_or("", String::as_str).split(' ');
        let (method, path) = (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned());
        if path.ends_with("/ServiceProviderConfig") {
            let (status, body) = {
                let mut shared = shared.lock().expect("no test panics while it holds the proxy");
                shared.announcements_read += 1;
                shared.announces.clone().unwrap_or((404, "{}".to_owned()))
            };
            let head = vec![format!("HTTP/1.1 {status} Announcement"), "Content-Type: application/scim+json".to_owned()];
            write_message(socket.get_mut(), &Message { head, body: body.into_bytes() }, false).await?;
            continue;
        }
        let recorded = Recorded {
            at: Instant::now(),
            method,
            path,
            body: String::from_utf8_lossy(&request.body).into_owned(),
            if_match: if_match(&request.head),
        };
        let fault = {
            let mut shared = shared.lock().expect("no test panics while it holds the proxy");
            shared.recorded.push(recorded.clone());
            let met = shared.faults.iter().position(|(matches, _)| matches(&recorded));
            let once = met.and_then(|index| shared.faults.remove(index)).map(|(_, fault)| fault);
            once.or_else(|| shared.always.iter().find(|(matches, _)| matches(&recorded)).map(|(_, fault)| fault.clone()))
        };
        match &fault {
            Some(Fault::LoseRequest) => return Ok(()),
            Some(Fault::Answer(status, headers, body)) => {
                let mut head = vec![format!("HTTP/1.1 {status} Fault"), "Content-Type: application/json".to_owned()];
                head.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
                write_message(socket.get_mut(), &Message { head, body: body.clone().into_bytes() }, false).await?;
                continue;
            }
            Some(Fault::Delay(time)) => tokio::time::sleep(*time).await,
            Some(Fault::LoseAnswer | Fault::DelayAnswer(_)) | None => {}
        }
        let mut upstream = BufReader::new(TcpStream::connect(target).await?);
        write_message(upstream.get_mut(), &request, request.body.is_empty() && recorded.method == "GET").await?;
        let Some(answer) = read_message(&mut upstream).await? else { return Ok(()) };
        if matches!(fault, Some(Fault::LoseAnswer)) {
            return Ok(());
        }
        if let Some(Fault::DelayAnswer(time)) = fault {
            tokio::time::sleep(time).await;
        }
        let bodiless = answer.head.first().is_some_and(|line| line.contains(" 204 "));
        write_message(socket.get_mut(), &answer, bodiless).await?;
    }
    Ok(())
}
