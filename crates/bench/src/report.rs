//! Tables for people, JSON for programs.

use crate::load::Measured;
use crate::operations::Operation;
use crate::run::{Beside, Series, Who};
use serde_json::{Value, json};

/// One number of users: ours, what stands beside it, the ceiling, and the ratios of requests per second.
pub(crate) fn print_size(connections: &[u16], ours: &Series, beside: Option<&Beside>, ceiling: &Series, has_peer: bool) {
    println!("\n{} stored users ({})", grouped(ours.users), about(ours));
    let mut headers = vec!["operation", "connections", "ops/s", "p50 ms", "p99 ms"];
    if let Some(Beside { in_memory, peer }) = beside {
        println!("in memory: {}", about(in_memory));
        println!("peer: {}", about(peer));
        headers.extend(["in memory ops/s", "p50 ms", "p99 ms", "peer ops/s", "p50 ms", "p99 ms", "ours/peer", "in memory/peer"]);
    } else if has_peer {
        println!("peer: not measured (it holds its users in memory and is loaded over HTTP; see --peer-users-max)");
    }
    headers.extend(["ceiling ops/s", "ours/ceiling"]);
    let mut rows = Vec::new();
    for (place, operation) in Operation::ALL.into_iter().enumerate() {
        let bare = Operation::ALL.iter().position(|other| *other == operation.bare()).unwrap_or(place);
        for &connections in connections {
            let Some(mine) = ours.measured.get(&(place, connections)) else { continue };
            let mut row = vec![operation.name().to_owned(), connections.to_string()];
            row.extend(cells(mine));
            if let Some(beside) = beside {
                let key = (place, connections);
                let (Some(volatile), Some(theirs)) = (beside.in_memory.measured.get(&key), beside.peer.measured.get(&key)) else {
                    continue;
                };
                row.extend(cells(volatile));
                row.extend(cells(theirs));
                row.extend([mine, volatile].map(|own| format!("{:.1}", own.per_second / theirs.per_second)));
            }
            if let Some(bound) = ceiling.measured.get(&(bare, connections)) {
                row.push(format!("{:.0}", bound.per_second));
                row.push(format!("{:.2}", mine.per_second / bound.per_second));
            }
            rows.push(row);
        }
    }
    print_table(&headers, &rows);
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
    let mut rows = Vec::new();
    for (place, operation) in Operation::ALL.into_iter().enumerate() {
        for &connections in connections {
            let key = (place, connections);
            let (Some(few), Some(many)) = (few.measured.get(&key), many.measured.get(&key)) else { continue };
            rows.push(vec![
                operation.name().to_owned(),
                connections.to_string(),
                format!("{:.0}", few.per_second),
                format!("{:.0}", many.per_second),
                format!("{:.2}", few.per_second / many.per_second),
            ]);
        }
    }
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

fn cells(figures: &Measured) -> [String; 3] {
    [format!("{:.0}", figures.per_second), format!("{:.2}", figures.p50_ms), format!("{:.2}", figures.p99_ms)]
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
