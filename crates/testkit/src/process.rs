//! Servers as processes of their own, to be killed and started again.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
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
    child: Option<Child>,
}

impl Server {
    /// Starts `binary` with `arguments`, and waits until it listens on `address` (`127.0.0.1:PORT`).
    pub fn start(binary: &Path, arguments: &[&str], address: &str) -> Self {
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let mut server = Self { binary: binary.to_owned(), arguments, address: address.to_owned(), child: None };
        server.start_again();
        server
    }

    /// Starts it again after [`Self::kill`].
    pub fn start_again(&mut self) {
        assert!(self.child.is_none(), "it runs already");
        let child = Command::new(&self.binary)
            .args(&self.arguments)
            .env("RUST_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the program can be started");
        self.child = Some(child);
        let begun = Instant::now();
        while std::net::TcpStream::connect(&self.address).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(30), "{:?} did not listen on {} in time", self.arguments, self.address);
            let ended = self.child.as_mut().and_then(|child| child.try_wait().ok().flatten());
            assert!(ended.is_none(), "{:?} ended at once: {ended:?}", self.arguments);
            std::thread::sleep(Duration::from_millis(10));
        }
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

    /// Whether it has ended by itself; it can be started again then.
    pub fn has_ended(&mut self) -> bool {
        let ended = self.child.as_mut().is_none_or(|child| child.try_wait().expect("it is our child").is_some());
        if ended {
            self.child = None;
        }
        ended
    }

    /// Kills it as `kill -9` does.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("it is ours to kill");
            child.wait().expect("it has been killed");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
