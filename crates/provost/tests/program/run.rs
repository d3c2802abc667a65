//! Running the program, bounded in time, and judging what it said.

use serde_json::Value;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The program under test.
pub(crate) fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_provost"))
}

/// No command of these tests may take longer.
const COMMAND_MAX: Duration = Duration::from_mins(2);

/// What a command said, and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// It ended well; what it printed.
    pub(crate) fn well(self) -> String {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self.out
    }

    /// What it printed, as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// It ended with exit code 1 and one error of one line, in which all of this stands; nothing on standard output.
    #[track_caller]
    pub(crate) fn refused(&self, says: &[&str]) {
        self.refused_with(1, says);
    }

    /// The same with another exit code.
    #[track_caller]
    pub(crate) fn refused_with(&self, code: i32, says: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:#?}");
        let lines: Vec<&str> = self.err.lines().filter(|line| !line.trim().is_empty()).collect();
        assert_eq!(lines.len(), 1, "one clear error: {self:#?}");
        assert!(lines[0].starts_with("provost: "), "{self:#?}");
        for part in says {
            assert!(lines[0].contains(part), "{part:?} is not said: {self:#?}");
        }
        assert_eq!(self.out.trim(), "", "{self:#?}");
    }
}

/// Runs the program with these arguments.
pub(crate) fn provost(arguments: &[&str]) -> Ran {
    provost_reading("", arguments)
}

/// Makes a new data directory, by making its first administrator.
pub(crate) fn make_data(data: &str) {
    let admin = ["admins", "create", "--data", data, "--email", "first@example.com", "--password-stdin", "--role", "super-admin"];
    let made = provost_reading("correct horse battery staple\n", &admin);
    assert!(made.err.contains("a new, empty installation was made"), "{made:#?}");
    assert_eq!(made.well(), "first@example.com\n");
}

/// Makes a new tenant, by making its first administrator.
pub(crate) fn make_tenant(data: &str) {
    let admin = ["tenant", "admin", "create", "--data", data, "--email", "first@tenant.example", "--password-stdin"];
    let made = provost_reading("correct horse battery staple\n", &admin);
    assert!(made.err.contains("a new, empty one was made"), "{made:#?}");
    assert_eq!(made.well(), "first@tenant.example\n");
}

/// The same with something on standard input.
pub(crate) fn provost_reading(input: &str, arguments: &[&str]) -> Ran {
    let mut command = Command::new(program());
    for name in ["PROVOST_DATA", "PROVOST_SERVER", "PROVOST_API_KEY_FILE", "PROVOST_DATABASE", "RUST_LOG"] {
        command.env_remove(name);
    }
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program can be started");
    let mut stdin = child.stdin.take().expect("it is piped");
    // A command that does not read its input may have ended already.
    drop(stdin.write_all(input.as_bytes()));
    drop(stdin);
    let out = collected(child.stdout.take().expect("it is piped"));
    let err = collected(child.stderr.take().expect("it is piped"));
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("it is our child") {
            break status;
        }
        if begun.elapsed() > COMMAND_MAX {
            child.kill().expect("it is ours to kill");
            panic!("{arguments:?} did not end within {COMMAND_MAX:?}");
        }
        thread::sleep(Duration::from_millis(3));
    };
    let text = |reader: thread::JoinHandle<String>| reader.join().expect("reading a pipe does not panic");
    Ran { code: status.code(), out: text(out), err: text(err) }
}

fn collected(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What came before a broken pipe is what there is.
        drop(pipe.read_to_end(&mut bytes));
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Looks again and again until there is something; panics with `what` when `at_most` is over.
#[track_caller]
pub(crate) fn eventually<T>(what: &str, at_most: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < at_most, "waited {at_most:?} in vain: {what}");
        thread::sleep(Duration::from_millis(4));
    }
}
