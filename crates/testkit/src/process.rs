//! Servers as processes of their own, to be killed and started again.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Where [`free_port`] looks: below what the kernel gives to outgoing connections, so that nobody takes the port of a
/// server that is down between two starts.
const PORTS: std::ops::Range<u32> = 10_000..30_000;

/// A port of the loopback address that nobody listens on, another one with each call of a process.
pub fn free_port() -> u16 {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    let count = PORTS.end - PORTS.start;
    loop {
        let call = CALLS.fetch_add(1, Ordering::Relaxed);
        assert!(call < count, "no loopback port is free");
        let offset = std::process::id().wrapping_mul(193).wrapping_add(call) % count;
        let port = u16::try_from(PORTS.start + offset).expect("the range ends below 65536");
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// A fresh directory that is removed with the returned guard.
pub fn unique_dir() -> tempfile::TempDir {
    tempfile::tempdir().expect("the temporary directory can be written")
}

/// A server process of ours. Killed when dropped.
pub struct Server {
    binary: PathBuf,
    arguments: Vec<String>,
    address: String,
    log: &'static str,
    child: Option<Child>,
    said: Arc<Mutex<Vec<u8>>>,
    listeners: Vec<JoinHandle<()>>,
}

impl Server {
    /// Starts `binary` with `arguments`, and waits until it listens on `address` (`127.0.0.1:PORT`).
    pub fn start(binary: &Path, arguments: &[&str], address: &str) -> Self {
        Self::start_logging(binary, arguments, address, "warn")
    }

    /// The same, with the level from which on it logs.
    pub fn start_logging(binary: &Path, arguments: &[&str], address: &str, log: &'static str) -> Self {
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let (binary, address) = (binary.to_owned(), address.to_owned());
        let mut server = Self { binary, arguments, address, log, child: None, said: Arc::default(), listeners: Vec::new() };
        server.start_again();
        server
    }

    /// Starts it again after [`Self::kill`].
    pub fn start_again(&mut self) {
        self.start_again_with(&[]);
    }

    /// The same with further arguments, for this once.
    pub fn start_again_with(&mut self, further: &[&str]) {
        if let Err(ended) = self.try_start_with(further) {
            panic!("{:?} ended at once ({ended}): {}", self.arguments, self.said());
        }
    }

    /// [`Self::start_again`]; how it ended, when it ends before it listens. What it says is forgotten first.
    pub fn try_start(&mut self) -> Result<(), ExitStatus> {
        self.try_start_with(&[])
    }

    fn try_start_with(&mut self, further: &[&str]) -> Result<(), ExitStatus> {
        assert!(self.child.is_none(), "it runs already");
        self.said.lock().expect("no listener panics").clear();
        let mut child = Command::new(&self.binary)
            .args(&self.arguments)
            .args(further)
            .env("RUST_LOG", self.log)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program can be started");
        // A failed test shows what the servers complained of; a talkative log is only kept.
        let shown = self.log == "warn";
        self.listen(child.stdout.take().expect("it is piped"), false);
        self.listen(child.stderr.take().expect("it is piped"), shown);
        self.child = Some(child);
        let begun = Instant::now();
        while std::net::TcpStream::connect(&self.address).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(30), "{:?} did not listen on {} in time", self.arguments, self.address);
            if let Some(ended) = self.ended() {
                return Err(ended);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Keeps what comes out of a pipe until its end.
    fn listen(&mut self, mut pipe: impl Read + Send + 'static, shown: bool) {
        let said = Arc::clone(&self.said);
        self.listeners.push(std::thread::spawn(move || {
            let mut part = vec![0; 64 << 10];
            // A pipe that breaks has no more to say.
            while let Ok(count @ 1..) = pipe.read(&mut part) {
                if shown {
                    eprint!("{}", String::from_utf8_lossy(&part[..count]));
                }
                said.lock().expect("no listener panics").extend_from_slice(&part[..count]);
            }
        }));
    }

    /// What it has written to standard output and standard error since its start; all of it once it has ended.
    pub fn said(&self) -> String {
        String::from_utf8_lossy(&self.said.lock().expect("no listener panics")).into_owned()
    }

    /// The id of the process.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// Sends it a signal by its name: `STOP`, `CONT`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.pid().to_string()).status();
        assert!(sent.expect("kill can be started").success(), "the signal {name} could not be sent");
    }

    /// How it ended, if it has; once. It can be started again then.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        let ended = self.child.as_mut().and_then(|child| child.try_wait().expect("it is our child"))?;
        self.forget();
        Some(ended)
    }

    /// Whether it has ended by itself; it can be started again then.
    pub fn has_ended(&mut self) -> bool {
        self.ended().is_some() || self.child.is_none()
    }

    /// Asks it to end, as `kill` does, and waits; how it ended.
    pub fn stop(&mut self, at_most: Duration) -> ExitStatus {
        self.signal("TERM");
        let begun = Instant::now();
        loop {
            if let Some(ended) = self.ended() {
                return ended;
            }
            assert!(begun.elapsed() < at_most, "{:?} did not end within {at_most:?}: {}", self.arguments, self.said());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Kills it as `kill -9` does.
    pub fn kill(&mut self) {
        if let Some(child) = &mut self.child {
            child.kill().expect("it is ours to kill");
            child.wait().expect("it has been killed");
            self.forget();
        }
    }

    /// The process is gone, and its pipes with it.
    fn forget(&mut self) {
        self.child = None;
        for listener in self.listeners.drain(..) {
            listener.join().expect("no listener panics");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
