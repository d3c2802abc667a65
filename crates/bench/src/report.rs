//! Tables for people, JSON for programs.

use crate::load::Measured;
use crate::operations::Operation;
use crate::run::{Beside, Series, Who};
use serde_json::{Value, json};

/// One number of users: ours beside the ceiling, and beside the peer.
pub(crate) fn print_size(connections: &[u16], ours: &Series, beside: Option<&Beside>, ceiling: &Series, has_peer: bool) {
    println!("\n{} stored users ({})", grouped(ours.users), about(ours));
    let headers = ["operation", "connections", "ops/s", "p50 ms", "p99 ms", "ceiling ops/s", "ours/ceiling"];
    let bounded = each(connections, |operation, place, connections| {
        let bare = Operation::ALL.iter().position(|other| *other == operation.bare()).unwrap_or(place);
        let (mine, bound) = (ours.measured.get(&(place, connections))?, ceiling.measured.get(&(bare, connections))?);
        let ratio = format!("{:.2}", mine.per_second / bound.per_second);
        Some([&cells(mine)[..], &[whole(bound), ratio]].concat())
    });
    print_table(&headers, &bounded);
    if let Some(Beside { in_memory, peer }) = beside {
        let (users, of_memory, of_peer) = (grouped(ours.users), about(in_memory), about(peer));
        println!("\n{users} stored users beside the peer (in memory: {of_memory}; peer: {of_peer})");
        let compared = each(connections, |_, place, connections| {
            let of = |series: &Series| series.measured.get(&(place, connections)).copied();
            let (mine, volatile, theirs) = (of(ours)?, of(in_memory)?, of(peer)?);
            let ratios = [mine, volatile].map(|own| format!("{:.1}", own.per_second / theirs.per_second));
            Some([&[whole(&mine), whole(&volatile)][..], &cells(&theirs), &ratios].concat())
        });
        print_table(
            &["operation", "connections", "ours", "in memory", "peer", "p50 ms", "p99 ms", "ours/peer", "in memory/peer"],
            &compared,
        );
    } else if has_peer {
        println!("\npeer: not measured (it holds its users in memory and is loaded over HTTP; see --peer-users-max)");
    }
}

/// A row for each operation and number of connections: its cells after these two.
fn each(connections: &[u16], cells: impl Fn(Operation, usize, u16) -> Option<Vec<String>>) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for (place, operation) in Operation::ALL.into_iter().enumerate() {
        for &connections in connections {
            let begin = vec![operation.name().to_owned(), connections.to_string()];
            rows.extend(cells(operation, place, connections).map(|cells| [begin, cells].concat()));
        }
    }
    rows
}

/// What an operation costs with the most users, as a multiple of what it costs with the fewest.
pub(crate) fn print_flatness(connections: &[u16], all: &[Series]) {
    let ours = || all.iter().filter(|series| series.who == Who::Ours);
    let (Some(few), Some(many)) = (ours().min_by_key(|series| series.users), ours().max_by_key(|series| series.users)) else {
        return;
    };
    if few.users == many.users {
        return;
    }
    println!("\nCost with {} users over cost with {} users (ours)", grouped(many.users), grouped(few.users));
    let rows = each(connections, |_, place, connections| {
        let key = (place, connections);
        let (few, many) = (few.measured.get(&key)?, many.measured.get(&key)?);
        Some(vec![whole(few), whole(many), format!("{:.2}", few.per_second / many.per_second)])
    });
    print_table(&["operation", "connections", "ops/s few", "ops/s many", "cost ratio"], &rows);
}

/// Everything, for `--json`.
pub(crate) fn json(machine: &Value, peer: Option<&str>, all: &[Series]) -> Value {
    let series: Vec<Value> = all
        .iter()
        .map(|series| {
            let figures = series.measured.iter().map(|((place, connections), figures)| {
                json!({
                    "operation": Operation::ALL[*place].name(),
                    "connections": connections,
                    "requests": figures.requests,
                    "per_second": figures.per_second,
                    "p50_ms": figures.p50_ms,
                    "p99_ms": figures.p99_ms,
                })
            });
            json!({
                "server": match series.who {
                    Who::Ours => "provost tenant",
                    Who::InMemory => "provost tenant --in-memory",
                    Who::Peer => "scim2-server",
                    Who::Ceiling => "ceiling",
                },
                "users": series.users,
                "loaded_seconds": series.loaded_seconds,
                "memory_mib": series.memory_mib,
                "measured": figures.collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({ "machine": machine, "peer": peer, "series": series })
}

fn about(series: &Series) -> String {
    let memory = series.memory_mib.map_or_else(String::new, |mib| format!(", {mib} MiB in use after the run"));
    format!("loaded in {:.1} s{memory}", series.loaded_seconds)
}

/// Operations a second.
fn whole(figures: &Measured) -> String {
    format!("{:.0}", figures.per_second)
}

fn cells(figures: &Measured) -> [String; 3] {
    [whole(figures), format!("{:.2}", figures.p50_ms), format!("{:.2}", figures.p99_ms)]
}

/// A table that is also one of Markdown; numbers at the right.
pub(crate) fn print_table(headers: &[&str], rows: &[Vec<String>]) {
    let lines = table(headers, rows);
    println!("\n{}", lines.join("\n"));
}

fn table(headers: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([headers[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..headers.len()).map(width).collect();
    let line = |cells: &[String]| {
        let padded = cells.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| match column {
            0 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        format!("| {} |", padded.collect::<Vec<_>>().join(" | "))
    };
    let rule: Vec<String> = widths
        .iter()
        .enumerate()
        .map(|(column, &width)| if column == 0 { "-".repeat(width) } else { format!("{}:", "-".repeat(width - 1)) })
        .collect();
    let headers: Vec<String> = headers.iter().map(|&header| header.to_owned()).collect();
    [line(&headers), line(&rule)].into_iter().chain(rows.iter().map(|row| line(row))).collect()
}

/// 1,000,000
fn grouped(number: u32) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_aligned_and_are_markdown() {
        let rows = vec![vec!["get".to_owned(), "1".to_owned()], vec!["list page".to_owned(), "1234".to_owned()]];
        assert_eq!(
            table(&["what", "n"], &rows),
            ["| what      |    n |", "| --------- | ---: |", "| get       |    1 |", "| list page | 1234 |"]
        );
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([grouped(200), grouped(1_000), grouped(1_000_000)], ["200", "1,000", "1,000,000"]);
    }
}
