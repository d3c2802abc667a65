//! How fast an app may be asked, as its profile says.

use serde::Deserialize;
use std::time::Duration;

/// What a request does to the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestKind {
    /// GET.
    Read,
    /// Everything else.
    Write,
}

/// The window of a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RatePer {
    /// Any second.
    Second,
    /// Any minute.
    Minute,
    /// Any hour.
    Hour,
}

impl RatePer {
    /// Its length.
    pub const fn length(self) -> Duration {
        match self {
            Self::Second => Duration::from_secs(1),
            Self::Minute => Duration::from_mins(1),
            Self::Hour => Duration::from_hours(1),
        }
    }

    /// As people and profiles spell it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
        }
    }
}

/// Which requests a rate counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RateOf {
    /// Every request.
    #[default]
    All,
    /// Reads.
    Reads,
    /// Writes.
    Writes,
}

impl RateOf {
    /// Whether a request of this kind counts.
    pub const fn counts(self, kind: RequestKind) -> bool {
        match (self, kind) {
            (Self::All, RequestKind::Read | RequestKind::Write)
            | (Self::Reads, RequestKind::Read)
            | (Self::Writes, RequestKind::Write) => true,
            (Self::Reads, RequestKind::Write) | (Self::Writes, RequestKind::Read) => false,
        }
    }
}

/// No more than `requests` in any window; several rates may hold at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// How many, at least 1.
    pub requests: u32,
    /// In any window of this length.
    pub per: RatePer,
    /// Of which.
    #[serde(default)]
    pub of: RateOf,
    /// How many may go at once; a quarter of `requests` where the profile names none.
    #[serde(default)]
    burst: Option<u32>,
}

impl Rate {
    /// How many may go at once, at least 1 and at most all.
    pub fn burst(&self) -> u32 {
        self.burst.unwrap_or(self.requests / 4).clamp(1, self.requests.max(1))
    }
}

/// The answer headers, in lower case, in which an app tells how much of its rate is left.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateHeaders {
    /// How many requests are left.
    pub remaining: String,
    /// When the app counts anew: seconds from now, or seconds since 1970 where the number is that large.
    pub reset: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_never_nothing_and_never_more_than_the_rate() {
        let rate = |requests, burst| Rate { requests, per: RatePer::Minute, of: RateOf::All, burst };
        assert_eq!(
            [rate(1, None), rate(600, None), rate(600, Some(180)), rate(5, Some(9))].map(|rate| rate.burst()),
            [1, 150, 180, 5]
        );
    }

    #[test]
    fn a_profile_writes_a_rate_as_a_line() {
        let rate: Rate = toml::from_str("requests = 180\nper = \"minute\"\nof = \"writes\"\nburst = 20").unwrap();
        assert_eq!((rate.requests, rate.per, rate.of, rate.burst()), (180, RatePer::Minute, RateOf::Writes, 20));
        assert!(rate.of.counts(RequestKind::Write) && !rate.of.counts(RequestKind::Read));
        assert!(toml::from_str::<Rate>("requests = 1\nper = \"week\"").is_err());
    }
}
