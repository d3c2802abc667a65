//! The end of an access token that is known beforehand: what a token tells of it, when to warn of it, and in which words.

use crate::time::{Span, Timestamp};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use serde_json::Value;

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

/// The end that a token tells of itself: the `exp` of a JSON Web Token (RFC 7519 section 4.1.4). Nothing is believed of it but
/// this, and its signature is for the app to check. `None` for all other tokens.
pub fn token_end_told(token: &str) -> Option<Timestamp> {
    let mut parts = token.trim().split('.');
    let (Some(header), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return None;
    };
    let object =
        |part: &str| serde_json::from_slice::<Value>(&BASE64_URL_SAFE_NO_PAD.decode(part).ok()?).ok().filter(Value::is_object);
    object(header)?.get("alg")?;
    let claims = object(claims)?;
    let end = claims.get("exp")?;
    // Seconds, which may have a fraction.
    let seconds = end.as_i64().or_else(|| end.as_f64().filter(|end| (0.0..1e12).contains(end)).map(whole))?;
    (1..=SECONDS_MAX).contains(&seconds).then(|| Timestamp(0) + Span::seconds(seconds))
}

/// The end of the year 9999, behind which no date can be shown.
const SECONDS_MAX: i64 = 253_402_300_799;

#[expect(clippy::cast_possible_truncation, reason = "the caller has looked at the range, and the fraction is to go")]
fn whole(seconds: f64) -> i64 {
    seconds as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_json_web_token_tells_its_end_and_no_other_token_does() {
        // Header {"alg":"HS256","typ":"JWT"}.
        let of = |claims: &str| format!("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.{claims}.c2lnbmF0dXJl");
        for (token, end) in [
            // {"sub":"scim","exp":1767225600}
            (of("eyJzdWIiOiJzY2ltIiwiZXhwIjoxNzY3MjI1NjAwfQ"), Some(1_767_225_600)),
            // {"exp":1767225600.75}
            (of("eyJleHAiOjE3NjcyMjU2MDAuNzV9"), Some(1_767_225_600)),
            // {"sub":"ü?>"}, which has both characters that base64 spells otherwise; and no end.
            (of("eyJzdWIiOiLDvD8-In0"), None),
            // {"exp":"soon"}, {"exp":-5}, {"exp":1e300}, and something that is no object.
            (of("eyJleHAiOiJzb29uIn0"), None),
            (of("eyJleHAiOi01fQ"), None),
            (of("eyJleHAiOjFlMzAwfQ"), None),
            (of("WzFd"), None),
            (of("not base64!"), None),
            ("nsk_4tBzq0yKXcYw".to_owned(), None),
            ("a.b.c".to_owned(), None),
            ("..".to_owned(), None),
            (String::new(), None),
            // Four parts.
            (of("eyJzdWIiOiJzY2ltIiwiZXhwIjoxNzY3MjI1NjAwfQ") + ".x", None),
            // A header without alg: {}
            ("e30.eyJzdWIiOiJzY2ltIiwiZXhwIjoxNzY3MjI1NjAwfQ.c2ln".to_owned(), None),
        ] {
            assert_eq!(token_end_told(&token), end.map(|seconds| Timestamp(0) + Span::seconds(seconds)), "{token}");
        }
    }

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
