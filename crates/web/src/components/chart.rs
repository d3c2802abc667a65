//! Numbers: tiles, thirty-day bars, progress. Drawn as SVG and native elements, without script.

use maud::{Markup, html};
use std::fmt::Write;

/// A big number with its name, a line below ("in the last 30 days"), and a chart or a link.
pub fn tile(label: &str, number: u64, sub: &str, chart: Option<Markup>) -> Markup {
    html! {
        div.tile {
            p.tile-label { (label) }
            p.tile-number { (grouped(number)) }
            p.muted { (sub) }
            @if let Some(chart) = chart { (chart) }
        }
    }
}

/// One bar a value, oldest first, the highest filling the height. Values of zero leave a hairline.
pub fn bars(values: &[u64]) -> Markup {
    let highest = values.iter().copied().max().unwrap_or(0);
    let total: u64 = values.iter().sum();
    let label = format!("Bar chart of {} days: {} in all, at most {} a day", values.len(), grouped(total), grouped(highest));
    let width = values.len() * 8;
    html! {
        svg.bars viewBox=(format!("0 0 {} 40", width.max(8))) preserveAspectRatio="none" role="img" aria-label=(label) {
            @for (index, value) in values.iter().enumerate() {
                @let height = bar_height(*value, highest);
                rect class=[(*value == 0).then_some("bar-zero")] x=(index * 8 + 1) y=(tenths(400 - height)) width="6" height=(tenths(height)) rx="1" {}
            }
        }
    }
}

/// A progress bar with its text: "1,200 of 5,000 users". With `total` zero the end is not known.
pub fn progress(label: &str, done: u64, total: u64) -> Markup {
    html! {
        div.progress {
            p.progress-label { span { (label) } span.muted { (grouped(done)) @if total > 0 { " of " (grouped(total)) } } }
            @if total > 0 { progress value=(done.min(total)) max=(total) aria-label=(label) {} }
            @else { progress aria-label=(label) {} }
        }
    }
}

/// In tenths of a unit, of 400; at least 20 for anything but zero, so that one among thousands is seen.
fn bar_height(value: u64, highest: u64) -> u64 {
    if value == 0 || highest == 0 {
        return 10;
    }
    let height = u128::from(value) * 400 / u128::from(highest);
    u64::try_from(height).unwrap_or(400).max(20)
}

fn tenths(tenths: u64) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// 1,234,567.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    digits.char_indices().fold(String::new(), |mut text, (index, digit)| {
        let comma = if index > 0 && (digits.len() - index).is_multiple_of(3) { "," } else { "" };
        write!(text, "{comma}{digit}").expect("writing to a String cannot fail");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_threes() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345, "12,345"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn bars_scale_to_the_highest_and_small_ones_stay_visible() {
        assert_eq!([bar_height(0, 10), bar_height(5, 10), bar_height(10, 10), bar_height(1, 100_000)], [10, 200, 400, 20]);
        assert_eq!(bar_height(u64::MAX, u64::MAX), 400);
        assert_eq!(tenths(205), "20.5");
    }
}
