//! What is kept beside a body to find it by: texts as they are compared, cut to what an index takes.
//!
//! Two values that are the same have the same key. Two that are not may have the same one too, when they are very long: whoever
//! finds something by a key looks at it again.

use provost_scim::Resource;
use provost_scim::user_name_key;
use serde_json::Value;
use std::collections::BTreeSet;

/// Longer texts are told apart by their beginning only.
const CHARACTERS_MAX: usize = 512;

/// Of a `userName`.
pub(crate) fn user_name(name: &str) -> String {
    user_name_key(name)
}

/// Of a text whose case does not count. U+0000 is left out: no text column can hold it.
pub(crate) fn folded(text: &str) -> String {
    cut(&text.to_lowercase())
}

/// Of a text whose case counts and that may be absent. Absent ones come last.
pub(crate) fn exact_or_absent(text: Option<&str>) -> String {
    text.map_or_else(|| ABSENT.to_owned(), |text| format!("{PRESENT}{}", cut(text)))
}

/// Of a text whose case does not count and that may be absent. Absent ones come last.
pub(crate) fn folded_or_absent(text: Option<&str>) -> String {
    text.map_or_else(|| ABSENT.to_owned(), |text| format!("{PRESENT}{}", folded(text)))
}

/// Before the key of a text that may be absent.
pub(crate) const PRESENT: &str = "=";
/// The key of an absent one; greater than all others.
const ABSENT: &str = "~";

/// Whether the key of this text is nobody else's, as far as its length goes.
pub(crate) fn is_whole(text: &str) -> bool {
    text.chars().count() <= CHARACTERS_MAX
}

fn cut(text: &str) -> String {
    text.chars().filter(|&c| c != '\0').take(CHARACTERS_MAX).collect()
}

/// The text of an attribute of a body.
pub(crate) fn text<'a>(body: &'a Resource, name: &str) -> Option<&'a str> {
    body.get(name).and_then(Value::as_str)
}

/// The keys of a user's addresses, each once.
pub(crate) fn emails(body: &Resource) -> BTreeSet<String> {
    let emails = body.get("emails").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    emails.iter().filter_map(|email| email.get("value")?.as_str()).map(folded).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_texts_come_last_and_long_ones_are_cut() {
        assert!(exact_or_absent(Some("\u{10FFFF}")) < exact_or_absent(None));
        assert!(exact_or_absent(Some("")) < exact_or_absent(Some("a")));
        assert_eq!(folded(&"Ä".repeat(1_000)).chars().count(), CHARACTERS_MAX);
        assert_eq!(folded("a\0B"), "ab");
    }
}
