//! `$1` becomes SQLite's `?1`. SQLite would read `$1` as a *name* and number it by first appearance, which is another
//! parameter whenever a text does not use them in order.

use std::borrow::Cow;

/// The text with every placeholder rewritten; quoted text, quoted names and comments are left alone.
pub(super) fn numbered(sql: &str) -> Cow<'_, str> {
    if !sql.contains('$') {
        return Cow::Borrowed(sql);
    }
    let bytes = sql.as_bytes();
    let mut text = String::with_capacity(sql.len());
    let mut copied = 0;
    let mut at = 0;
    // Every statement is read at every use, and nearly all its bytes begin nothing.
    while let Some(next) = bytes[at..].iter().position(|byte| matches!(byte, b'\'' | b'"' | b'-' | b'/' | b'$')) {
        at += next;
        match bytes[at] {
            quote @ (b'\'' | b'"') => at = after(bytes, at + 1, &[quote]),
            b'-' if bytes[at..].starts_with(b"--") => at = after(bytes, at + 2, b"\n"),
            b'/' if bytes[at..].starts_with(b"/*") => at = after(bytes, at + 2, b"*/"),
            b'$' if bytes.get(at + 1).is_some_and(u8::is_ascii_digit) && !ends_name(&bytes[..at]) => {
                text.push_str(&sql[copied..at]);
                text.push('?');
                copied = at + 1;
                at += 1;
            }
            _ => at += 1,
        }
    }
    text.push_str(&sql[copied..]);
    Cow::Owned(text)
}

/// The place after the next `end`. A doubled quote ends one quoted text and begins the next, which comes to the same.
fn after(bytes: &[u8], from: usize, end: &[u8]) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    rest.windows(end.len()).position(|window| window == end).map_or(bytes.len(), |found| from + found + end.len())
}

/// `a$1` is a name.
fn ends_name(before: &[u8]) -> bool {
    before.last().is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_' || !byte.is_ascii())
}

#[cfg(test)]
mod tests {
    use super::numbered;

    #[test]
    fn placeholders_become_numbered_ones() {
        assert_eq!(numbered("SELECT $2, $10+$1"), "SELECT ?2, ?10+?1");
        assert_eq!(numbered("SELECT 1"), "SELECT 1");
        assert_eq!(numbered("$1"), "?1");
    }

    #[test]
    fn quoted_text_names_and_comments_stay() {
        assert_eq!(numbered("SELECT '$1', 'it''s $2', $3"), "SELECT '$1', 'it''s $2', ?3");
        assert_eq!(numbered("SELECT \"a$1\", a$1, é$1, $1"), "SELECT \"a$1\", a$1, é$1, ?1");
        assert_eq!(numbered("-- $1 isn't\n$2 /* '$3 */ $4"), "-- $1 isn't\n?2 /* '$3 */ ?4");
        assert_eq!(numbered("SELECT 'open $1"), "SELECT 'open $1");
        assert_eq!(numbered("SELECT 'é' || $1 || '$' || 5 - $2"), "SELECT 'é' || ?1 || '$' || 5 - ?2");
    }
}
