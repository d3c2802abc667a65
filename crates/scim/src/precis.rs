//! User names as they are compared: the profile `UsernameCaseMapped` of PRECIS (RFC 8265 section 3.3).
//!
//! This is the comparison only. Which characters a name may have (the `IdentifierClass`, the rule about directions) is not
//! checked: whether a provider takes a name is another question than whether it has it already.

use crate::names;
use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::decompose_compatible;

/// RFC 8264 section 7: applying a profile's rules again may change the result again; after three times an implementation gives up.
const ROUNDS_MAX: usize = 3;

/// What two user names are compared by: they are the same name exactly when their keys are the same text. Use it for
/// unique indexes too.
///
/// RFC 8265 section 3.3.2, in this order: full-width and half-width characters become the ordinary ones, upper case becomes
/// lower case, and the result is brought into Normalization Form C. Never fails: a name with characters that the profile
/// forbids gets its key by the same steps.
///
/// One thing is wider than the profile: σ and ς count as one letter, as everywhere ([`crate::text_key`]).
///
/// ```
/// use provost_scim::user_name_key;
///
/// assert_eq!(user_name_key("Ada@Example.COM"), "ada@example.com");
/// assert_eq!(user_name_key("ＡＤＡ"), user_name_key("ada"));
/// assert_eq!(user_name_key("Zoe\u{308}"), user_name_key("ZOË"));
/// assert_ne!(user_name_key("strasse"), user_name_key("straße"));
/// ```
pub fn user_name_key(name: &str) -> String {
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    let mut key = rules(name);
    for _ in 1..ROUNDS_MAX {
        let next = rules(&key);
        if next == key {
            break;
        }
        key = next;
    }
    key
}

/// The rules of the profile, once.
fn rules(name: &str) -> String {
    names::folded(&width_mapped(name)).nfc().collect()
}

/// RFC 8265 section 3.3.2, width mapping: "map full-width and half-width code points to their decomposition mappings". All
/// characters that have such a mapping stand in one block of Unicode, but for the ideographic space.
fn width_mapped(name: &str) -> Cow<'_, str> {
    let has_width = |c: char| matches!(c, '\u{3000}' | '\u{FF01}'..='\u{FFEE}');
    if !name.contains(has_width) {
        return Cow::Borrowed(name);
    }
    let mut mapped = String::with_capacity(name.len());
    for c in name.chars() {
        if has_width(c) {
            decompose_compatible(c, |part| mapped.push(part));
        } else {
            mapped.push(c);
        }
    }
    Cow::Owned(mapped)
}

#[cfg(test)]
mod tests {
    use super::user_name_key;

    #[test]
    fn names_that_people_take_for_the_same_are_the_same() {
        let cases = [
            ("ada", "ADA"),
            ("ada@example.com", "Ada@EXAMPLE.com"),
            // Width: full-width Latin, half-width Katakana with its voicing mark apart, the ideographic space.
            ("ａｄａ＠ｅｘａｍｐｌｅ", "ADA@example"),
            ("ｶﾞ", "ガ"),
            ("a\u{3000}b", "A b"),
            // Composed and decomposed, in both cases.
            ("zoë", "ZOE\u{308}"),
            ("\u{212B}ngstrom", "ångstrom"),
            // Case beyond ASCII: Greek with both small sigmas, Cyrillic, the Turkish capital I with its dot.
            ("σίσυφος", "ΣΊΣΥΦΟΣ"),
            ("σίσυφοσ", "ΣΊΣΥΦΟΣ"),
            ("иван", "ИВАН"),
            ("i\u{307}", "İ"),
            ("ﾊﾝｸﾞﾙ", "ハングル"),
        ];
        for (a, b) in cases {
            assert_eq!(user_name_key(a), user_name_key(b), "{a} and {b}");
        }
    }

    #[test]
    fn other_names_stay_apart() {
        // RFC 8265 section 3.5: fußball and fussball are two names; ligatures and Roman numerals are not width variants.
        for (a, b) in [
            ("fussball", "fußball"),
            ("ﬁ", "fi"),
            ("Ⅳ", "iv"),
            ("ı", "i"),
            ("zoë", "zoe"),
            ("a b", "ab"),
            (" a", "a"),
            ("ª", "a"),
        ] {
            assert_ne!(user_name_key(a), user_name_key(b), "{a} and {b}");
        }
    }

    #[test]
    fn what_the_profile_forbids_has_a_key_all_the_same() {
        for name in ["", " ", "\u{0}", "\u{202E}ada", "\u{FFFF}", "\u{10FFFF}", "👩‍💻", "אדהa", "\u{1F88}\u{345}"] {
            let key = user_name_key(name);
            assert_eq!(user_name_key(&key), key, "{name:?}");
        }
    }

    #[test]
    fn every_character_has_a_key_that_is_its_own_key() {
        // The planes above hold ideographs and private characters, which have neither case nor width.
        for c in '\u{0}'..='\u{1FFFF}' {
            let key = user_name_key(&format!("a{c}b"));
            assert_eq!(user_name_key(&key), key, "{c:?}");
        }
    }
}
