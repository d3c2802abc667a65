//! The end of an access token that is known beforehand: when to warn of it, and in which words.

use crate::time::{Span, Timestamp};

/// The days before the end on which a warning is given, once each; 0 is the end itself.
const WARNED_BEFORE: [i64; 4] = [0, 1, 7, 30];

/// The warning that is due at `now`, as days before the end, where the last one given was `warned`. Of several that have
/// fallen due since, only the most urgent one is given.
pub fn token_warning(expires_at: Timestamp, warned: Option<i64>, now: Timestamp) -> Option<i64> {
    let due = WARNED_BEFORE.into_iter().find(|days| expires_at - now <= Span::days(*days))?;
    (warned.is_none_or(|warned| due < warned)).then_some(due)
}

/// What people read from thirty days before the end on.
pub fn token_expiry_words(expires_at: Timestamp, now: Timestamp) -> Option<String> {
    token_warning(expires_at, None, now)?;
    let left = expires_at - now;
    if left <= Span(0) {
        return Some(format!("The access token expired at {expires_at}: make a new one in the app, and reauthorize."));
    }
    let days = (left.0 + Span::days(1).0 - 1) / Span::days(1).0;
    let when = if days == 1 { "within a day".to_owned() } else { format!("in {days} days") };
    Some(format!("The access token expires {when}, at {expires_at}: make a new one in the app, and reauthorize before that."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_warning_is_given_once_and_the_most_urgent_one_only() {
        let end = Timestamp(0) + Span::days(100);
        let before = |span: Span| end - span;
        let second = Span::seconds(1);
        for (now, warned, expected) in [
            (before(Span::days(30)) - second, None, None),
            (before(Span::days(30)), None, Some(30)),
            (before(Span::days(30)), Some(30), None),
            (before(Span::days(7)), Some(30), Some(7)),
            (before(Span::days(7)), None, Some(7)),
            (before(Span::days(2)), Some(7), None),
            (before(Span::days(1)), Some(7), Some(1)),
            (before(Span::hours(1)), Some(1), None),
            (end, Some(1), Some(0)),
            (end + Span::days(400), Some(30), Some(0)),
            (end + Span::days(400), Some(0), None),
        ] {
            assert_eq!(token_warning(end, warned, now), expected, "{now} {warned:?}");
        }
    }

    #[test]
    fn the_words_say_how_long_is_left() {
        let end = Timestamp(0) + Span::days(100);
        let words = |before: Span| token_expiry_words(end, end - before).unwrap_or_default();
        assert_eq!(words(Span::days(31)), "");
        assert!(words(Span::days(30)).contains("in 30 days, at 1970-04-11T00:00:00Z"));
        assert!(words(Span::hours(25)).contains("in 2 days"));
        assert!(words(Span::hours(24)).contains("within a day"));
        assert!(words(Span(0)).contains("expired at 1970-04-11"));
    }
}
