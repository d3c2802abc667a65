//! What each token's requests came to, as far back as the request log reaches.

use super::parts::grouped;
use super::requests;
use super::view::View;
use crate::request_log::{REQUESTS_KEPT, Usage};
use crate::tokens::Token;
use provost_web::{ButtonKind, Markup, Table, Tone, card_with, chip, data_table, date, hint, html, link_button, relative_time};
use std::collections::BTreeMap;

/// The card below the tokens; nothing while there is neither a token nor a request.
pub(super) fn usage_card(view: &View, tokens: &[Token]) -> Markup {
    let usage = view.tenant.inner.requests.usage();
    if tokens.is_empty() && usage.is_empty() {
        return html! {};
    }
    let now = view.now();
    let rows: Vec<Vec<Markup>> = lines(tokens, &usage).iter().map(|line| row(line, now)).collect();
    let table = data_table(Table {
        caption: "Token usage",
        headers: &["Token", "Last used", "Requests", "2xx Succeeded", "3xx Not modified", "4xx Refused", "5xx Failed"],
        numbers: &[2, 3, 4, 5, 6],
        rows: &rows,
        empty: "",
    });
    card_with(
        "Token usage",
        link_button("Show requests", requests::PATH, ButtonKind::Text),
        html! {
            (table)
            (hint(&format!(
                "Counted over the last {} requests at the SCIM API since the server was started.",
                grouped(REQUESTS_KEPT as u64)
            )))
        },
    )
}

/// One line of the table.
#[derive(Debug, PartialEq, Eq)]
struct Line<'a> {
    /// `None`: the requests that bore no known token.
    name: Option<&'a str>,
    last_used_at: Option<i64>,
    usage: Usage,
    /// The log names a token that has been renamed or deleted.
    is_gone: bool,
}

/// Tokens in their order, then names that no token has now, then requests without a known token.
fn lines<'a>(tokens: &'a [Token], usage: &'a BTreeMap<Option<String>, Usage>) -> Vec<Line<'a>> {
    let of = |name: &str| usage.get(&Some(name.to_owned())).copied();
    let mut lines: Vec<Line<'a>> = tokens
        .iter()
        .map(|token| {
            let usage = of(&token.name).unwrap_or_default();
            // The row is written once a minute; the log knows better while it reaches back.
            let last_used_at = token.last_used_at.max((usage.requests > 0).then_some(usage.last_at_micros));
            Line { name: Some(&token.name), last_used_at, usage, is_gone: false }
        })
        .collect();
    for (name, usage) in usage {
        let known = name.as_ref().is_some_and(|name| tokens.iter().any(|token| token.name == *name));
        if !known {
            lines.push(Line {
                name: name.as_deref(),
                last_used_at: Some(usage.last_at_micros),
                usage: *usage,
                is_gone: name.is_some(),
            });
        }
    }
    // `None` sorts first in the map and belongs last on the page.
    lines.sort_by_key(|line| (line.name.is_none(), line.is_gone));
    lines
}

fn row(line: &Line<'_>, now: i64) -> Vec<Markup> {
    let Line { name, last_used_at, usage, is_gone } = line;
    let [succeeded, not_modified, refused, failed] = usage.by_class;
    let name_cell = html! {
        @if usage.requests > 0 { a href=(requests::of_token(*name)) { (name.unwrap_or("No known token")) } }
        @else { (name.unwrap_or("No known token")) }
        @if *is_gone { div.muted { "renamed or deleted" } }
    };
    let last_used = html! {
        @if let Some(at) = last_used_at { div { (date(*at)) div.muted { (relative_time(*at, now)) } } }
        @else { span.muted { "Never" } }
    };
    vec![
        name_cell,
        last_used,
        count(usage.requests, None),
        count(succeeded, None),
        count(not_modified, None),
        count(refused, Some(Tone::Warn)),
        count(failed, Some(Tone::Bad)),
    ]
}

/// A number; zero is quiet, and one that needs a look has a colour.
fn count(number: u64, tone: Option<Tone>) -> Markup {
    match (number, tone) {
        (0, _) => html! { span.muted { "0" } },
        (number, None) => html! { (grouped(number)) },
        (number, Some(tone)) => chip(&grouped(number), tone),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(name: &str, last_used_at: Option<i64>) -> Token {
        Token {
            id: 1,
            name: name.to_owned(),
            grants: Vec::new(),
            created_at: 0,
            created_by: None,
            expires_at: 0,
            revoked_at: None,
            last_used_at,
            revision: 1,
        }
    }

    #[test]
    fn every_token_has_a_line_and_strangers_come_last() {
        let tokens = [token("used", Some(60)), token("unused", None), token("older", Some(9))];
        let one = |at| Usage { requests: 1, by_class: [1, 0, 0, 0], last_at_micros: at };
        let usage = BTreeMap::from([(None, one(5)), (Some("gone".to_owned()), one(6)), (Some("used".to_owned()), one(99))]);
        let lines = lines(&tokens, &usage);
        let shown: Vec<(Option<&str>, Option<i64>, u64, bool)> =
            lines.iter().map(|line| (line.name, line.last_used_at, line.usage.requests, line.is_gone)).collect();
        assert_eq!(
            shown,
            [
                (Some("used"), Some(99), 1, false),
                (Some("unused"), None, 0, false),
                (Some("older"), Some(9), 0, false),
                (Some("gone"), Some(6), 1, true),
                (None, Some(5), 1, false),
            ]
        );
    }
}
