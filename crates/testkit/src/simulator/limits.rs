//! How fast an app may be asked: by the rates of its profile, and by the pauses that it asks for.

use provost_core::app::{Rate, RequestKind, profile};
use provost_core::time::{Span, Timestamp};
use std::collections::VecDeque;

/// What was heard so short a time before the process was killed could not be kept, and shorter pauses are not kept.
const KEPT_AFTER: Span = Span::seconds(1);

/// One rate, and the beginnings of the requests that still count for it.
#[derive(Debug)]
struct Window {
    rate: Rate,
    begun: VecDeque<Timestamp>,
}

/// A pause that the app has asked for.
#[derive(Debug, Clone, Copy)]
struct Pause {
    until: Timestamp,
    heard_at: Timestamp,
}

/// The limits of one app.
#[derive(Debug)]
pub(super) struct Limits {
    windows: Vec<Window>,
    pauses: Vec<Pause>,
}

impl Limits {
    /// Of an app with this catalogue entry.
    pub(super) fn of(catalogue: &str) -> Self {
        let profile = profile(catalogue).expect("plans name profiles of the catalogue");
        let windows = profile.rates.iter().map(|rate| Window { rate: *rate, begun: VecDeque::new() });
        Self { windows: windows.collect(), pauses: Vec::new() }
    }

    /// A request begins; the limit that it passes, if any. The app does not know of processes: its windows go on when one is
    /// killed.
    pub(super) fn begin(&mut self, method: &str, now: Timestamp) -> Option<String> {
        let kind = if method == "GET" { RequestKind::Read } else { RequestKind::Write };
        for window in self.windows.iter_mut().filter(|window| window.rate.of.counts(kind)) {
            let length = Span(i64::try_from(window.rate.per.length().as_micros()).unwrap_or(i64::MAX));
            while window.begun.front().is_some_and(|begun| now - *begun >= length) {
                window.begun.pop_front();
            }
            window.begun.push_back(now);
            if window.begun.len() > window.rate.requests as usize {
                let (begun, allowed, per) = (window.begun.len(), window.rate.requests, window.rate.per.word());
                return Some(format!("{begun} requests within a {per}, of which the profile allows {allowed}"));
            }
        }
        self.pauses.retain(|pause| now < pause.until);
        self.pauses.first().map(|pause| format!("a request before {}, when the app may be asked again", pause.until))
    }

    /// The app is heard to ask for a pause.
    pub(super) fn pause(&mut self, length: Span, now: Timestamp) {
        self.pauses.push(Pause { until: now + length, heard_at: now });
    }

    /// The process is killed. It has kept what it heard, but for what it heard last.
    pub(super) fn kill(&mut self, now: Timestamp) {
        self.pauses.retain(|pause| now - pause.heard_at > KEPT_AFTER && pause.until - pause.heard_at > KEPT_AFTER);
    }
}
