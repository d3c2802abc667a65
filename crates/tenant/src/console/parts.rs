//! Small pieces that several pages of this console share.

use crate::request_log::RequestEntry;
use crate::tokens::{Permission, TokenState};
use provost_scim::Resource;
use provost_web::{Icon, Markup, Tone, card_with, chip, code_block, copy_button, hint, html, icon, stack};
use serde_json::Value;

/// How many rows a list page has.
pub(super) const ROWS: usize = 50;

/// A status of HTTP as a chip.
pub(super) fn status_chip(status: u16) -> Markup {
    let tone = match status {
        200..=299 => Tone::Good,
        300..=399 => Tone::Neutral,
        404 | 409 | 429 => Tone::Warn,
        _ => Tone::Bad,
    };
    chip(&status.to_string(), tone)
}

/// A token's state as a chip.
pub(super) fn token_chip(state: TokenState) -> Markup {
    match state {
        TokenState::Active => chip("Active", Tone::Good),
        TokenState::Expired => chip("Expired", Tone::Warn),
        TokenState::Revoked => chip("Revoked", Tone::Bad),
    }
}

/// A privilege as a chip.
pub(super) fn permission_chip(permission: Permission) -> Markup {
    match permission {
        Permission::Read => chip(permission.label(), Tone::Neutral),
        Permission::ReadWrite => chip(permission.label(), Tone::Info),
    }
}

/// A drop-down list for a cell of a table: its label is for screen readers only.
pub(super) fn compact_select(label: &str, name: &str, options: &[(&str, &str)], selected: &str) -> Markup {
    html! {
        div.field {
            div.select {
                select name=(name) aria-label=(label) {
                    @for (value, text) in options { option value=(value) selected[*value == selected] { (text) } }
                }
                (icon(Icon::ChevronDown))
            }
        }
    }
}

/// The table of requests, newest first.
pub(super) fn request_table(entries: &[RequestEntry], empty: &str) -> Markup {
    let rows: Vec<Vec<Markup>> = entries
        .iter()
        .map(|entry| {
            vec![
                moment(entry.at_micros),
                chip(&entry.method, Tone::Neutral),
                html! { code { (readable(&whole_path(entry))) } },
                status_chip(entry.status),
                html! { (entry.token.as_deref().unwrap_or("–")) },
                html! { @if entry.duration_ms == 0 { "< 1" } @else { (grouped(entry.duration_ms)) } },
            ]
        })
        .collect();
    provost_web::data_table(provost_web::Table {
        caption: "Provisioning requests",
        headers: &["Time", "Method", "Path", "Status", "Token", "Took (ms)"],
        numbers: &[5],
        rows: &rows,
        empty,
    })
}

/// Path and query as they came.
pub(super) fn whole_path(entry: &RequestEntry) -> String {
    entry.query.as_ref().map_or_else(|| entry.path.clone(), |query| format!("{}?{query}", entry.path))
}

/// "23 Nov, 17:21:05", in UTC: requests come several a minute.
fn moment(micros: i64) -> Markup {
    let at = jiff::Timestamp::from_microsecond(micros).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let exact = at.strftime("%-d %B %Y, %H:%M:%S UTC").to_string();
    html! { time datetime=(at) title=(exact) { (at.strftime("%-d %b, %H:%M:%S").to_string()) } }
}

/// 1234567 as "1,234,567".
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let (head, tail) = digits.split_at(first);
    let groups = tail.as_bytes().chunks(3).map(|group| String::from_utf8_lossy(group).into_owned());
    std::iter::once(head.to_owned()).filter(|head| !head.is_empty()).chain(groups).collect::<Vec<_>>().join(",")
}

/// A path with its percent signs undone, for reading; what is no text stays as it is.
pub(super) fn readable(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        let mut ahead = rest.clone();
        let digits: Vec<u8> = ahead.by_ref().take(2).collect();
        let decoded = std::str::from_utf8(&digits).ok().filter(|_| byte == b'%' && digits.len() == 2);
        match decoded.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(plain) => {
                bytes.push(plain);
                rest = ahead;
            }
            None => bytes.push(if byte == b'+' { b' ' } else { byte }),
        }
    }
    match String::from_utf8(bytes) {
        Ok(text) if !text.contains(char::is_control) => text,
        Ok(_) | Err(_) => path.to_owned(),
    }
}

/// Text for a query string (RFC 3986: everything but unreserved characters is escaped).
pub(super) fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// A resource as the API answers it, with its URI, for the card *Resource*.
pub(super) fn resource_card(resource: &Resource, remark: Option<String>) -> Markup {
    let location = resource.get("meta").and_then(|meta| meta.get("location")).and_then(Value::as_str).unwrap_or_default();
    let text = serde_json::to_string_pretty(resource).unwrap_or_default();
    card_with(
        "Resource",
        copy_button("Copy JSON", &text),
        stack(&[hint(&remark.map_or_else(|| location.to_owned(), |remark| format!("{location} {remark}"))), code_block(&text)]),
    )
}

/// Which rows of how many stand on a page, as text, and the links to the pages before and after.
pub(super) struct Paging {
    pub(super) text: String,
    pub(super) previous: Option<String>,
    pub(super) next: Option<String>,
}

/// The paging of a list that is searched with `q` and paged with `page`, from 1.
pub(super) fn paging(path: &str, search: &str, page: u64, total: u64, noun: &str) -> Paging {
    let rows = ROWS as u64;
    let href = |page: u64| format!("{path}?q={}&page={page}", escaped(search));
    let first = (page - 1).saturating_mul(rows).saturating_add(1);
    let last = page.saturating_mul(rows).min(total);
    let text = match total {
        0 => format!("No {noun}s"),
        1 => format!("1 {noun}"),
        _ if first > total => format!("No {noun}s on this page, {} in all", grouped(total)),
        _ => format!("{}–{} of {} {noun}s", grouped(first), grouped(last), grouped(total)),
    };
    Paging { text, previous: (page > 1).then(|| href(page - 1)), next: (last < total).then(|| href(page + 1)) }
}

/// The query of a searched and paged list.
#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct ListParameters {
    #[serde(default)]
    pub(super) q: String,
    #[serde(default)]
    page: String,
}

impl ListParameters {
    /// From 1.
    pub(super) fn page_number(&self) -> u64 {
        self.page.parse().unwrap_or(1).clamp(1, 1_000_000)
    }

    /// What is searched for, trimmed and cut.
    pub(super) fn search(&self) -> String {
        self.q.trim().chars().take(200).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_shown_readably_and_never_break() {
        assert_eq!(readable("/Users?filter=userName%20eq+%22a%40b%22"), "/Users?filter=userName eq \"a@b\"");
        for odd in ["%", "%4", "%zz", "%ff%fe", "%00"] {
            assert_eq!(readable(odd), odd);
        }
    }

    #[test]
    fn numbers_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn paging_says_where_it_is() {
        let first = paging("/u", "a b", 1, 120, "user");
        assert_eq!(
            (first.text.as_str(), first.previous, first.next.as_deref()),
            ("1–50 of 120 users", None, Some("/u?q=a%20b&page=2"))
        );
        let last = paging("/u", "", 3, 120, "user");
        assert_eq!((last.text.as_str(), last.next), ("101–120 of 120 users", None));
        assert_eq!(paging("/u", "", 20_000, 1_000_000, "user").text, "999,951–1,000,000 of 1,000,000 users");
        assert_eq!(paging("/u", "", 9, 120, "user").text, "No users on this page, 120 in all");
        assert_eq!(paging("/u", "", 1, 1, "user").text, "1 user");
    }
}
