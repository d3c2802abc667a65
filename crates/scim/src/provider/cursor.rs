//! Cursors (RFC 9865): where a walk through a list stands, as an opaque text that the client hands back.
//!
//! The provider keeps nothing of a walk. A cursor therefore says itself which query it belongs to and when it was issued, and a
//! checksum tells a damaged one. It is no secret and grants nothing: whoever shows it passes the same gates as without it.

use super::{ResourceKind, Sort};
use crate::error::{ScimError, ScimType};
use crate::filter::{Filter, FilterNode};
use crate::path::AttributePath;
use std::convert::Infallible;

/// The layout of the bytes; a cursor of another layout is invalid.
const LAYOUT: u8 = 1;
/// Longer texts are not cursors of ours.
const TEXT_BYTES_MAX: usize = 16_384;
/// Layout and flags, four numbers of eight bytes, the checksum.
const FIXED_BYTES: usize = 2 + 4 * 8 + 8;

const FORWARD: u8 = 1;
const WITH_KEY: u8 = 2;

/// A place between two resources of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Whether the page after the place is meant, or the one before it.
    pub forward: bool,
    /// The position of the resource at the place; positions are the provider's and never change.
    pub after: i64,
    /// What that resource is sorted by, in a sorted list.
    pub key: Option<String>,
    /// When the cursor was issued: microseconds since 1970.
    pub issued_at: i64,
    /// The [`fingerprint`] of the query that it belongs to.
    pub query: u64,
    /// How many resources the walk has shown so far.
    pub seen: u64,
}

impl Cursor {
    /// How long a cursor can be handed back: `cursorTimeout` of the configuration (RFC 9865 section 4).
    pub const TIMEOUT_MICROS: i64 = 3_600_000_000;

    /// As `nextCursor` or `previousCursor`: letters, digits, `-` and `_`.
    pub fn encode(&self) -> String {
        let key = self.key.as_deref();
        let flags = if self.forward { FORWARD } else { 0 } | if key.is_some() { WITH_KEY } else { 0 };
        let mut bytes = vec![LAYOUT, flags];
        bytes.extend(self.after.to_be_bytes());
        bytes.extend(self.issued_at.to_be_bytes());
        bytes.extend(self.query.to_be_bytes());
        bytes.extend(self.seen.to_be_bytes());
        bytes.extend(key.unwrap_or_default().bytes());
        bytes.extend(hashed(&bytes).to_be_bytes());
        to_text(&bytes)
    }

    /// Reads a cursor that a client handed back with a query of this fingerprint.
    ///
    /// RFC 9865 section 2.1: 400 `invalidCursor` for what is none of ours or belongs to another query, 400 `expiredCursor` for
    /// one that was issued more than `timeout_micros` ago.
    pub fn decode(text: &str, fingerprint: u64, now: i64, timeout_micros: i64) -> Result<Self, ScimError> {
        let invalid = |detail: &str| ScimError::bad_request(ScimType::InvalidCursor, detail);
        let cursor =
            read(text).ok_or_else(|| invalid("cursor is not one that this server issued; begin again with an empty cursor."))?;
        if cursor.query != fingerprint {
            return Err(invalid("cursor belongs to a query with another filter or order; repeat the query it came from."));
        }
        if now.saturating_sub(cursor.issued_at) > timeout_micros {
            let seconds = timeout_micros / 1_000_000;
            return Err(ScimError::bad_request(
                ScimType::ExpiredCursor,
                format!("cursor was issued more than {seconds} s ago; begin again with an empty cursor."),
            ));
        }
        Ok(cursor)
    }
}

/// What tells one query from another: kind, filter and order. The count and the attributes may change between pages, and names of
/// attributes may be written in another case (RFC 7643 section 2.1), as in the example of RFC 9865 section 2.
pub fn fingerprint(kind: ResourceKind, filter: Option<&Filter>, sort: Option<&Sort>) -> u64 {
    let filter = filter.map(plain).unwrap_or_default();
    let sort = sort.map(|sort| format!("{}{}", if sort.descending { '-' } else { '+' }, name(&sort.by))).unwrap_or_default();
    // No part holds U+0000, so it divides them.
    hashed(format!("{}\0{filter}\0{sort}", kind.word()).as_bytes())
}

/// A filter as text, the same for all spellings of its names.
fn plain(filter: &Filter) -> String {
    let Ok(text) = filter.fold(&mut |node| {
        Ok::<_, Infallible>(match node {
            FilterNode::And(parts) => format!("({})", parts.join(" and ")),
            FilterNode::Or(parts) => format!("({})", parts.join(" or ")),
            FilterNode::Not(inner) => format!("not ({inner})"),
            FilterNode::Compare { path, operator, value, .. } => format!("{} {} {value}", name(path), operator.word()),
            FilterNode::Present { path, .. } => format!("{} pr", name(path)),
            FilterNode::Values { path, filter } => format!("{}[{filter}]", name(path)),
        })
    });
    text
}

fn name(path: &AttributePath) -> String {
    path.to_string().to_ascii_lowercase()
}

fn read(text: &str) -> Option<Cursor> {
    let bytes = Some(text).filter(|text| text.len() <= TEXT_BYTES_MAX).and_then(from_text)?;
    if bytes.len() < FIXED_BYTES {
        return None;
    }
    let (content, checksum) = bytes.split_last_chunk::<8>()?;
    let (&[layout, flags], rest) = content.split_first_chunk::<2>()?;
    if layout != LAYOUT || u64::from_be_bytes(*checksum) != hashed(content) {
        return None;
    }
    let (after, rest) = rest.split_first_chunk::<8>()?;
    let (issued_at, rest) = rest.split_first_chunk::<8>()?;
    let (query, rest) = rest.split_first_chunk::<8>()?;
    let (seen, key) = rest.split_first_chunk::<8>()?;
    let key = std::str::from_utf8(key).ok()?;
    Some(Cursor {
        forward: flags & FORWARD != 0,
        after: i64::from_be_bytes(*after),
        key: (flags & WITH_KEY != 0).then(|| key.to_owned()),
        issued_at: i64::from_be_bytes(*issued_at),
        query: u64::from_be_bytes(*query),
        seen: u64::from_be_bytes(*seen),
    })
}

/// FNV-1a with 64 bits.
pub(super) fn hashed(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The alphabet of base64url (RFC 4648 section 5).
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Base64url without padding.
fn to_text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let number = (0..3).fold(0, |number, place| number << 8 | usize::from(group.get(place).copied().unwrap_or(0)));
        let digits = [18, 12, 6, 0].map(|shift| char::from(ALPHABET[number >> shift & 63]));
        text.extend(&digits[..=group.len()]);
    }
    text
}

/// The bytes of [`to_text`]; `None` for anything that it does not write.
fn from_text(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    for group in text.as_bytes().chunks(4) {
        let mut number = 0_u32;
        for place in 0..4 {
            let digit = match group.get(place) {
                Some(letter) => u32::try_from(ALPHABET.iter().position(|known| known == letter)?).ok()?,
                None => 0,
            };
            number = number << 6 | digit;
        }
        let [_, whole @ ..] = number.to_be_bytes();
        // A group of two digits holds one byte, of three two, of four three; one alone holds none.
        bytes.extend(whole.get(..group.len().checked_sub(1).filter(|&count| count > 0)?)?);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(key: Option<&str>) -> Cursor {
        Cursor { forward: true, after: -7, key: key.map(str::to_owned), issued_at: 1_000_000, query: u64::MAX, seen: 400 }
    }

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        for key in [None, Some(""), Some("a"), Some("ab"), Some("abc"), Some("Ünïcödé \u{1F600}")] {
            for forward in [true, false] {
                let sent = Cursor { forward, ..cursor(key) };
                let text = sent.encode();
                assert!(text.bytes().all(|byte| ALPHABET.contains(&byte)), "{text}");
                assert_eq!(Cursor::decode(&text, u64::MAX, 1_000_000, 0), Ok(sent));
            }
        }
    }

    #[test]
    fn what_is_no_cursor_of_this_query_or_too_old_is_refused() {
        let text = cursor(Some("key")).encode();
        let of = |text: &str, query, now| Cursor::decode(text, query, now, 60_000_000).map_err(|error| error.scim_type);
        assert!(of(&text, u64::MAX, 61_000_000).is_ok());
        assert_eq!(of(&text, u64::MAX, 61_000_001), Err(Some(ScimType::ExpiredCursor)));
        assert_eq!(of(&text, 1, 1_000_000), Err(Some(ScimType::InvalidCursor)), "of another query");
        for index in 0..text.len() {
            let other = if &text[index..=index] == "A" { "B" } else { "A" };
            let changed = format!("{}{other}{}", &text[..index], &text[index + 1..]);
            let read = of(&changed, u64::MAX, 1_000_000);
            // The last digit's spare bits mean nothing.
            assert!(read == Err(Some(ScimType::InvalidCursor)) || index + 1 == text.len(), "{index}: {read:?}");
            assert_eq!(of(&text[..index], u64::MAX, 1_000_000), Err(Some(ScimType::InvalidCursor)), "cut at {index}");
        }
        for text in ["x", "é", "=", "a b", &"A".repeat(100), &"A".repeat(1 << 20)] {
            assert_eq!(of(text, u64::MAX, 1_000_000), Err(Some(ScimType::InvalidCursor)));
        }
    }

    #[test]
    fn queries_differ_by_kind_filter_and_order() {
        let filter = Filter::parse("userName pr").expect("a filter");
        let sort = |descending| Sort { by: AttributePath::of("title"), descending };
        let prints = [
            fingerprint(ResourceKind::User, None, None),
            fingerprint(ResourceKind::Group, None, None),
            fingerprint(ResourceKind::User, Some(&filter), None),
            fingerprint(ResourceKind::User, None, Some(&sort(false))),
            fingerprint(ResourceKind::User, None, Some(&sort(true))),
            fingerprint(ResourceKind::User, Some(&filter), Some(&sort(true))),
        ];
        let different: std::collections::BTreeSet<u64> = prints.into_iter().collect();
        assert_eq!(different.len(), prints.len());
        assert_eq!(fingerprint(ResourceKind::User, Some(&filter), None), prints[2]);

        let of = |filter: &str, by: &str| {
            let sort = Sort { by: AttributePath::of(by), descending: false };
            fingerprint(ResourceKind::User, Some(&Filter::parse(filter).expect("a filter")), Some(&sort))
        };
        let one = of("emails[type eq \"Work\"] and not (title pr)", "userName");
        assert_eq!(of("Emails[TYPE Eq \"Work\"] AND NOT (Title PR)", "username"), one, "names have no case");
        assert_ne!(of("emails[type eq \"work\"] and not (title pr)", "userName"), one, "values have");
    }
}
