//! What happened, in the order in which it did: a number that two runs of one seed must share, and lines for people.

use provost_core::time::Timestamp;

/// The most lines that are kept.
const LINES_MAX: usize = 200_000;

/// A trace. Lines are kept only where somebody is to read them.
#[derive(Debug, Default)]
pub(super) struct Trace {
    pub(super) hash: u64,
    keeps: bool,
    pub(super) lines: Vec<String>,
}

impl Trace {
    pub(super) const fn new(keeps: bool) -> Self {
        Self { hash: 0xcbf2_9ce4_8422_2325, keeps, lines: Vec::new() }
    }

    pub(super) fn note(&mut self, now: Timestamp, line: impl FnOnce() -> String) {
        let line = line();
        // FNV-1a.
        for byte in now.0.to_le_bytes().into_iter().chain(line.bytes()) {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        if self.keeps && self.lines.len() < LINES_MAX {
            self.lines.push(format!("{now} {:06} {line}", now.0.rem_euclid(1_000_000)));
        }
    }
}
