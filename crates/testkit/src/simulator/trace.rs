//! What happened, in the order in which it did: a number that two runs of one seed must share, lines for people, and the
//! rules that were broken.

use provost_core::time::Timestamp;
use std::sync::{Arc, Mutex, MutexGuard};

/// The most lines that are kept.
const LINES_MAX: usize = 200_000;

/// What a history leaves behind.
#[derive(Debug, Default)]
pub(super) struct Lines {
    pub(super) hash: u64,
    keeps: bool,
    pub(super) kept: Vec<String>,
    pub(super) broken: Vec<String>,
}

/// One writer of a trace: the history, or one of its apps. All of them write into one.
#[derive(Debug, Clone)]
pub(super) struct Trace {
    lines: Arc<Mutex<Lines>>,
    /// The app's number, where there are several.
    app: Option<usize>,
}

impl Trace {
    /// Lines are kept only where somebody is to read them.
    pub(super) fn new(keeps: bool) -> Self {
        let lines = Lines { hash: 0xcbf2_9ce4_8422_2325, keeps, ..Lines::default() };
        Self { lines: Arc::new(Mutex::new(lines)), app: None }
    }

    /// The same trace, written by an app.
    pub(super) fn of(&self, app: Option<usize>) -> Self {
        Self { lines: Arc::clone(&self.lines), app }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().expect("nothing panics while it holds the lines")
    }

    pub(super) fn note(&self, now: Timestamp, line: impl FnOnce() -> String) {
        let line = self.told(&line());
        let mut lines = self.lock();
        // FNV-1a.
        for byte in now.0.to_le_bytes().into_iter().chain(line.bytes()) {
            lines.hash = (lines.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        if lines.keeps && lines.kept.len() < LINES_MAX {
            lines.kept.push(format!("{now} {:06} {line}", now.0.rem_euclid(1_000_000)));
        }
    }

    pub(super) fn break_rule(&self, now: Timestamp, what: &str) {
        self.note(now, || format!("BROKEN: {what}"));
        let broken = format!("{now}: {}", self.told(what));
        self.lock().broken.push(broken);
    }

    fn told(&self, line: &str) -> String {
        self.app.map_or_else(|| line.to_owned(), |app| format!("app{app} {line}"))
    }
}
