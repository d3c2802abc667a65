//! Tables. On small screens every row becomes a block with its headings inside.

use super::feedback::empty_state;
use maud::{Markup, html};

/// A table with everything.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    /// What the rows are, for screen readers: "Users".
    pub caption: &'a str,
    /// One a column; an empty one for columns of controls.
    pub headers: &'a [&'a str],
    /// Columns (from 0) with numbers, which stand at the right.
    pub numbers: &'a [usize],
    /// Cells in the order of the headers.
    pub rows: &'a [Vec<Markup>],
    /// In place of an empty table.
    pub empty: &'a str,
}

/// A table, or "Nothing here yet." when it has no rows.
pub fn table(headers: &[&str], rows: &[Vec<Markup>]) -> Markup {
    data_table(Table { caption: "", headers, numbers: &[], rows, empty: "Nothing here yet." })
}

/// A table with caption, number columns and its own text for an empty list.
pub fn data_table(table: Table<'_>) -> Markup {
    if table.rows.is_empty() {
        return empty_state(table.empty);
    }
    let class = |column: usize| table.numbers.contains(&column).then_some("number");
    html! {
        div.table-frame {
            table {
                @if !table.caption.is_empty() { caption.visually-hidden { (table.caption) } }
                thead {
                    tr {
                        @for (column, header) in table.headers.iter().enumerate() {
                            @if header.is_empty() { td {} } @else { th scope="col" class=[class(column)] { (header) } }
                        }
                    }
                }
                tbody {
                    @for row in table.rows {
                        tr {
                            @for (column, cell) in row.iter().enumerate() {
                                td class=[class(column)] data-label=[table.headers.get(column).filter(|header| !header.is_empty())] { (cell) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// For the first header's place above a column of [`check_row`]s: ticks all boxes with this `name`. Only with the script; put it
/// beside the buttons that act on the ticked rows.
pub fn check_all(label: &str, name: &str) -> Markup {
    html! { label.choice hidden data-check-all=(name) { input type="checkbox"; span.choice-text { span { (label) } } } }
}

/// The box at the start of a row; `label` names the row for screen readers. `form` is the id of the form it belongs to, when
/// the table stands outside of it.
pub fn check_row(label: &str, name: &str, value: &str, form: Option<&str>) -> Markup {
    html! { input type="checkbox" name=(name) value=(value) form=[form] aria-label=(label); }
}
