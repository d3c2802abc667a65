//! Instants, always in UTC and saying so.

use jiff::Timestamp;
use maud::{Markup, html};

const MINUTES: &str = "%-d %b %Y, %H:%M UTC";

/// "23 Nov 2026, 16:02 UTC", with the exact instant in the element. `micros` since 1970.
pub fn time(micros: i64) -> Markup {
    shown(micros, |instant| formatted(instant, MINUTES))
}

/// The same within a sentence that is no markup.
pub fn time_text(micros: i64) -> String {
    Timestamp::from_microsecond(micros).map_or_else(|_| "out of range".to_owned(), |instant| formatted(instant, MINUTES))
}

/// "23 Nov 2026".
pub fn date(micros: i64) -> Markup {
    shown(micros, |instant| formatted(instant, "%-d %b %Y"))
}

/// "3 minutes ago", "in 6 days", with the instant as its title.
pub fn relative_time(micros: i64, now_micros: i64) -> Markup {
    shown(micros, |_| distance(micros, now_micros))
}

fn shown(micros: i64, text: impl FnOnce(Timestamp) -> String) -> Markup {
    let Ok(instant) = Timestamp::from_microsecond(micros) else { return html! { "out of range" } };
    html! { time datetime=(instant) title=(formatted(instant, "%-d %B %Y, %H:%M:%S UTC")) { (text(instant)) } }
}

fn formatted(instant: Timestamp, format: &str) -> String {
    instant.strftime(format).to_string()
}

fn distance(micros: i64, now_micros: i64) -> String {
    let seconds = micros.abs_diff(now_micros) / 1_000_000;
    let (count, unit) = match seconds {
        0..10 => return if micros <= now_micros { "just now".to_owned() } else { "in a moment".to_owned() },
        10..60 => (seconds, "second"),
        60..3_600 => (seconds / 60, "minute"),
        3_600..86_400 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    if micros <= now_micros { format!("{count} {unit}{plural} ago") } else { format!("in {count} {unit}{plural}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_449_720_000_000;

    #[test]
    fn instants_are_in_utc_and_exact_in_the_attribute() {
        let markup = time(NOW).into_string();
        assert!(markup.contains("datetime=\"2026-11-23T16:02:00Z\"") && markup.contains(">23 Nov 2026, 16:02 UTC<"), "{markup}");
        assert!(date(NOW).into_string().contains(">23 Nov 2026<"));
        assert_eq!([time_text(NOW), time_text(i64::MAX)], ["23 Nov 2026, 16:02 UTC", "out of range"]);
        assert_eq!(time(i64::MAX).into_string(), "out of range");
    }

    #[test]
    fn distances_read_in_one_unit() {
        let second = 1_000_000;
        for (from_now, text) in [
            (0, "just now"),
            (-9, "just now"),
            (5, "in a moment"),
            (-10, "10 seconds ago"),
            (-60, "1 minute ago"),
            (-7_199, "1 hour ago"),
            (86_400, "in 1 day"),
            (7 * 86_400 - 1, "in 6 days"),
        ] {
            assert_eq!(distance(NOW + from_now * second, NOW), text);
        }
    }
}
