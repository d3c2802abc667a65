//! What commands print and read at the terminal.

use anyhow::Context;
use provost_platform::Secret;
use serde_json::Value;
use std::io::BufRead;

/// Prints a value as indented JSON.
pub(crate) fn print_json(value: &Value) {
    println!("{value:#}");
}

/// Prints rows as a table with aligned columns.
pub(crate) fn print_table(headers: &[&str], rows: &[Vec<String>]) {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([headers[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..headers.len()).map(width).collect();
    let line = |cells: Vec<&str>| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    println!("{}", line(headers.to_vec()));
    for row in rows {
        println!("{}", line(row.iter().map(String::as_str).collect()));
    }
}

/// Prints the items of a list: as JSON, or some fields of each as a table. A column is a field and its header.
pub(crate) fn print_items(json: bool, found: &[Value], columns: &[(&str, &str)]) {
    if json {
        print_json(&serde_json::json!({ "items": found }));
        return;
    }
    let headers: Vec<&str> = columns.iter().map(|(_, header)| *header).collect();
    let row = |item: &Value| columns.iter().map(|(field, _)| text(item, field)).collect();
    print_table(&headers, &found.iter().map(row).collect::<Vec<_>>());
}

/// The text of a field, whatever it is; empty when absent or null.
pub(crate) fn text(value: &Value, field: &str) -> String {
    match value.get(field) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// The items of a list answer.
pub(crate) fn items(answer: &Value) -> &[Value] {
    answer.get("items").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The first line of standard input.
pub(crate) fn password_from_stdin() -> anyhow::Result<Secret> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("cannot read the password from standard input")?;
    Ok(Secret::new(line.trim_end_matches(['\r', '\n'])))
}
