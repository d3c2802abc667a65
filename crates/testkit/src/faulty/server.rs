//! The faulty target as a server on loopback: one request a connection, on raw sockets, since most faults are not HTTP.

use super::state::{Armed, Seen, State, Watched, Wire};
use super::table::TargetFault;
use super::tls::{AUTHORITY, Certificate, Stream};
use super::wire;
use crate::accounts::Request;
use provost_core::time::Timestamp;
use provost_platform::{Clock, HttpClient, HttpOptions, Names};
use provost_scim::Resource;
use serde_json::Value;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// The largest request that is read.
const REQUEST_BYTES_MAX: usize = 1024 * 1024;

/// A running faulty target; it ends with its runtime. Cheap to clone.
#[derive(Clone)]
pub struct Target {
    /// The SCIM endpoint: `http://localhost:PORT/scim/v2`, or https.
    pub endpoint: String,
    state: Arc<Mutex<State>>,
    clock: Clock,
}

impl Target {
    /// Starts a target in the time of `clock`; with `tls`, one that speaks nothing else.
    pub async fn start(clock: &Clock, tls: bool) -> Self {
        provost_platform::install_tls_provider();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let endpoint = format!("{}://localhost:{port}/scim/v2", if tls { "https" } else { "http" });
        let target = Self { endpoint, state: Arc::new(Mutex::new(State::new())), clock: clock.clone() };
        target.watch_elsewhere().await;
        let serving = target.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let target = serving.clone();
                // A connection that breaks is what this server is for.
                tokio::spawn(async move { drop(target.serve(socket, tls).await) });
            }
        });
        target
    }

    /// A client to which this target is `localhost`: names are resolved as the armed fault says.
    pub fn client(&self, timeout: Duration) -> HttpClient {
        let state = self.state.clone();
        let names = move |_: &str| {
            let mut state = lock(&state);
            match state.fault() {
                Some(TargetFault::DnsFailure) => {
                    state.times_met += 1;
                    Err(std::io::Error::other("failed to lookup address information: Name or service not known"))
                }
                // Nobody listens there.
                Some(TargetFault::ConnectRefused) => {
                    state.times_met += 1;
                    Ok(vec![IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2))])
                }
                Some(_) | None => Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]),
            }
        };
        HttpClient::with(HttpOptions {
            allowed_private: vec!["127.0.0.0/8".parse().expect("a network")],
            timeout_max: Some(timeout),
            authorities: Some(vec![AUTHORITY.to_vec()]),
            names: Names::Given(Arc::new(names)),
        })
    }

    /// Adds an account as the app's own admin would; its id. A stranger's is never to be touched.
    pub fn add(&self, resource: Resource, stranger: bool) -> String {
        let mut state = self.lock();
        let id = state.accounts.add(resource);
        if stranger {
            state.strangers.push(id.clone());
        }
        id
    }

    /// Whether a second account under one userName is refused, and how many resources a page has at the most.
    pub fn set_rules(&self, unique: bool, page_max: usize) {
        let mut state = self.lock();
        state.accounts.unique = unique;
        state.accounts.page_max = page_max;
    }

    /// From now on every answer comes this long after its request, whose effect comes at once.
    pub fn answer_after(&self, delay: Duration) {
        self.lock().answers_after = delay;
    }

    /// Watches over a user; whose accounts may never be removed, too.
    pub fn watch(&self, watched: Watched, entitled: &[&str]) {
        let mut state = self.lock();
        state.watched = Some(watched);
        state.entitled = entitled.iter().map(|&name| name.to_owned()).collect();
    }

    /// Puts a fault in force.
    pub fn arm(&self, armed: Armed) {
        self.lock().arm(armed);
    }

    /// The same for requests alone whose path and query have this part: a page of a list, an account.
    pub fn arm_at(&self, part: &'static str, armed: Armed) {
        let mut state = self.lock();
        state.arm(armed);
        state.armed_at = part;
    }

    /// Ends it; how many requests or connections have met it.
    pub fn lift(&self) -> usize {
        let mut state = self.lock();
        state.armed = None;
        state.not_before = None;
        state.unauthorized_at = None;
        state.times_met
    }

    /// Everything that came, oldest first.
    pub fn seen(&self) -> Vec<Seen> {
        self.lock().seen.clone()
    }

    /// Forgets what came.
    pub fn clear(&self) {
        self.lock().seen.clear();
    }

    /// Every rule that was broken, as it happened.
    pub fn violations(&self) -> Vec<String> {
        self.lock().violations.clone()
    }

    /// The accounts under a userName.
    pub fn named(&self, user_name: &str) -> Vec<Resource> {
        self.lock().accounts.named(user_name).into_iter().cloned().collect()
    }

    /// How many accounts there are.
    pub fn count(&self) -> usize {
        self.lock().accounts.rows.len()
    }

    fn now(&self) -> Timestamp {
        Timestamp(self.clock.now_micros())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// A second server, to which redirects lead: whoever comes has followed one.
    async fn watch_elsewhere(&self) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port is free");
        self.lock().elsewhere = format!("http://{}", listener.local_addr().expect("it is bound"));
        let state = self.state.clone();
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                lock(&state).violations.push("a redirect was followed".to_owned());
            }
        });
    }

    async fn serve(&self, socket: TcpStream, tls: bool) -> std::io::Result<()> {
        let fault = self.lock().fault();
        let mut stream = match fault {
            _ if !tls => Stream::plain(socket),
            Some(TargetFault::TlsFailure) => {
                self.lock().times_met += 1;
                Stream::tls(socket, Certificate::Stranger, b"http/1.1")?
            }
            Some(TargetFault::GoAway) => {
                self.lock().times_met += 1;
                let mut stream = Stream::tls(socket, Certificate::Known, b"h2")?;
                stream.write(&wire::H2_SETTINGS).await?;
                // Only a request that is under way is told why it ends.
                let mut read = Vec::new();
                while !wire::holds_h2_request(&read) {
                    let more = stream.read().await?;
                    if more.is_empty() {
                        return Ok(());
                    }
                    read.extend(more);
                }
                stream.write(&wire::GO_AWAY).await?;
                return stream.close().await;
            }
            Some(_) | None => Stream::tls(socket, Certificate::Known, b"http/1.1")?,
        };
        let Some(request) = read_request(&mut stream).await? else { return Ok(()) };
        let (wire, delay) = {
            let mut state = self.lock();
            (state.answer(&request, self.now()), state.answers_after)
        };
        tokio::time::sleep(delay).await;
        match wire {
            Wire::Nothing => {}
            Wire::Bytes(bytes) => stream.write(&bytes).await?,
            Wire::Slow(bytes) => {
                for byte in bytes.chunks(1) {
                    stream.write(byte).await?;
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
            Wire::Endless => {
                stream.write(&wire::endless_head()).await?;
                let chunk = [b"10000\r\n".as_slice(), &vec![b' '; 0x10000], b"\r\n"].concat();
                // Ends when the other side has had enough.
                loop {
                    stream.write(&chunk).await?;
                }
            }
        }
        stream.close().await
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().expect("no test panics while it holds the target")
}

async fn read_request(stream: &mut Stream) -> std::io::Result<Option<Request>> {
    let mut read = Vec::new();
    loop {
        if let Some(request) = whole_request(&read) {
            return Ok(Some(request));
        }
        let more = stream.read().await?;
        if more.is_empty() || read.len() > REQUEST_BYTES_MAX {
            return Ok(None);
        }
        read.extend(more);
    }
}

/// The request, once its head and the body that the head announces are there.
fn whole_request(read: &[u8]) -> Option<Request> {
    let end = read.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&read[..end]).into_owned();
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:").map(str::to_owned));
    let length: usize = length.and_then(|length| length.trim().parse().ok()).unwrap_or(0);
    let body = String::from_utf8_lossy(read.get(end..end + length)?).into_owned();
    let mut words = head.split(' ');
    let method = words.next().unwrap_or_default().to_owned();
    Some(Request { method, path: words.next().unwrap_or_default().to_owned(), body })
}

/// An account of the target as somebody else made it.
pub fn foreign_account(user_name: &str) -> Resource {
    let account = serde_json::json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": user_name, "active": true,
        "name": { "givenName": "Made", "familyName": "Elsewhere" },
    });
    match account {
        Value::Object(account) => account,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Resource::new(),
    }
}
