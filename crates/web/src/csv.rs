//! Lists as CSV files (RFC 4180) that are safe to open in a spreadsheet.

use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

/// A CSV file to download, in UTF-8 with a byte order mark, so that spreadsheets show it right.
/// `file_name` is ours: letters, digits, `-`, `_` and `.`; anything else becomes `_`.
pub fn csv_response(file_name: &str, headers: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Response {
    let mut text = String::from('\u{feff}');
    text.push_str(&csv_line(headers));
    for row in rows {
        text.push_str(&csv_line(&row));
    }
    let safe = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.');
    let file_name: String = file_name.chars().map(|character| if safe(character) { character } else { '_' }).collect();
    let disposition = format!("attachment; filename=\"{file_name}\"");
    ([(CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (CONTENT_DISPOSITION, disposition)], text).into_response()
}

/// One line with its line end, quoted where needed. A cell that a spreadsheet would take for a formula (it begins with
/// `=`, `+`, `-`, `@`, a tab or a carriage return) gets a `'` before it.
pub fn csv_line<T: AsRef<str>>(cells: &[T]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| csv_cell(cell.as_ref())).collect();
    cells.join(",") + "\r\n"
}

fn csv_cell(text: &str) -> String {
    let defused = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() };
    if defused.contains(['"', ',', '\r', '\n']) { format!("\"{}\"", defused.replace('"', "\"\"")) } else { defused }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_what_needs_it_and_defuses_formulas() {
        let cells = ["plain", "a,b", "say \"hi\"", "two\nlines", "=1+1", "+49", "-1", "@x", "\tx", "=\"a\",b", ""];
        let line = csv_line(&cells);
        assert_eq!(line, "plain,\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",'=1+1,'+49,'-1,'@x,'\tx,\"'=\"\"a\"\",b\",\r\n");
    }

    #[test]
    fn the_file_has_a_name_that_cannot_break_the_header() {
        let response = csv_response("failures \"x\"\r\n.csv", &["User"], [vec!["a@b".to_owned()]]);
        assert_eq!(response.headers()[CONTENT_DISPOSITION], "attachment; filename=\"failures__x___.csv\"");
        assert_eq!(response.headers()[CONTENT_TYPE], "text/csv; charset=utf-8");
    }
}
