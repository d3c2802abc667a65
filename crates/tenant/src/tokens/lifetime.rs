//! How long a token lives: an amount of hours, days, weeks or months.

use std::str::FromStr;

const MICROS_PER_HOUR: i64 = 3_600_000_000;
const HOURS_MAX: i64 = 10 * 366 * 24;

/// The units of *Expire in*.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LifetimeUnit {
    /// 60 minutes.
    Hours,
    /// 24 hours.
    Days,
    /// 7 days.
    Weeks,
    /// 30 days.
    Months,
}

impl LifetimeUnit {
    /// In the order of the console.
    pub const ALL: [Self; 4] = [Self::Hours, Self::Days, Self::Weeks, Self::Months];

    /// For forms and the console.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Hours => "hours",
            Self::Days => "days",
            Self::Weeks => "weeks",
            Self::Months => "months",
        }
    }

    const fn hours(self) -> i64 {
        match self {
            Self::Hours => 1,
            Self::Days => 24,
            Self::Weeks => 7 * 24,
            Self::Months => 30 * 24,
        }
    }

    /// The unit with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.word() == word)
    }
}

/// A length of time that a token lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    hours: i64,
}

/// A lifetime that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a lifetime: write for instance 12h, 30d, 4w or 6mo, at most 10 years")]
pub struct InvalidLifetime(pub String);

impl Default for Lifetime {
    /// 365 days: the vendor's steps name none.
    fn default() -> Self {
        Self { hours: 365 * 24 }
    }
}

impl Lifetime {
    /// `amount` of `unit`; between an hour and ten years.
    pub fn new(amount: i64, unit: LifetimeUnit) -> Result<Self, InvalidLifetime> {
        match amount.checked_mul(unit.hours()) {
            Some(hours) if (1..=HOURS_MAX).contains(&hours) => Ok(Self { hours }),
            Some(_) | None => Err(InvalidLifetime(format!("{amount} {}", unit.word()))),
        }
    }

    /// The instant at which a token made now ends.
    pub fn after(self, now_micros: i64) -> i64 {
        now_micros.saturating_add(self.hours * MICROS_PER_HOUR)
    }
}

/// The furthest instant at which a token made now may end.
pub(super) fn furthest(now_micros: i64) -> i64 {
    Lifetime { hours: HOURS_MAX }.after(now_micros)
}

impl FromStr for Lifetime {
    type Err = InvalidLifetime;

    /// Reads `12h`, `30d`, `4w`, `6mo`.
    fn from_str(text: &str) -> Result<Self, InvalidLifetime> {
        let invalid = || InvalidLifetime(text.chars().take(40).collect());
        let digits = text.trim().chars().take_while(char::is_ascii_digit).count();
        let (amount, unit) = text.trim().split_at(digits);
        let unit = match unit.trim() {
            "h" | "hours" => LifetimeUnit::Hours,
            "d" | "days" => LifetimeUnit::Days,
            "w" | "weeks" => LifetimeUnit::Weeks,
            "mo" | "months" => LifetimeUnit::Months,
            _ => return Err(invalid()),
        };
        Self::new(amount.parse().map_err(|_| invalid())?, unit).map_err(|_| invalid())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_read_as_people_write_them() {
        for (text, hours) in [("12h", 12), ("365d", 8_760), ("4w", 672), ("6mo", 4_320), ("1 days", 24)] {
            assert_eq!(text.parse::<Lifetime>().map(|lifetime| lifetime.hours), Ok(hours), "{text}");
        }
        for text in ["", "d", "0d", "-1d", "1y", "99999999999999999999d", "20000mo", "1.5d"] {
            assert!(text.parse::<Lifetime>().is_err(), "{text}");
        }
    }
}
