//! Values and rows, alike on both engines.

use std::fmt::Write;

/// A value of a column or a parameter. Truth values are 0 and 1; instants are microseconds; JSON is text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// BIGINT.
    Integer(i64),
    /// TEXT.
    Text(String),
    /// BLOB on SQLite, BYTEA on PostgreSQL.
    Blob(Vec<u8>),
}

/// One row, its values in the order of the select list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row(pub Vec<Value>);

/// A column that does not hold what the caller reads: a bug, or a file that is not ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {column} holds {found}, where {wanted} was expected")]
pub struct WrongType {
    /// Counted from 0.
    pub column: usize,
    /// What the caller reads.
    pub wanted: &'static str,
    /// What stands there.
    pub found: &'static str,
}

impl Value {
    /// The name of the value's type, for errors.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "NULL",
            Self::Integer(_) => "a number",
            Self::Text(_) => "text",
            Self::Blob(_) => "bytes",
        }
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}
impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Integer(i64::from(flag))
    }
}
impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}
impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}
impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Blob(bytes)
    }
}
impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// What a column can be read as: `i64`, `bool`, `String`, `Vec<u8>`, and `Option` of these.
pub trait FromValue: Sized {
    /// For errors.
    const NAME: &'static str;
    /// `None` when the value is of another type.
    fn from_value(value: &Value) -> Option<Self>;
}

impl FromValue for i64 {
    const NAME: &'static str = "a number";
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Integer(number) = value { Some(*number) } else { None }
    }
}
impl FromValue for bool {
    const NAME: &'static str = "a truth value";
    fn from_value(value: &Value) -> Option<Self> {
        i64::from_value(value).map(|number| number != 0)
    }
}
impl FromValue for String {
    const NAME: &'static str = "text";
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Text(text) = value { Some(text.clone()) } else { None }
    }
}
impl FromValue for Vec<u8> {
    const NAME: &'static str = "bytes";
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Blob(bytes) = value { Some(bytes.clone()) } else { None }
    }
}
impl<T: FromValue> FromValue for Option<T> {
    const NAME: &'static str = T::NAME;
    fn from_value(value: &Value) -> Option<Self> {
        if *value == Value::Null { Some(None) } else { T::from_value(value).map(Some) }
    }
}

impl Row {
    /// The text of column `column` where it stands, for what is only parsed; `None` for NULL.
    pub fn text(&self, column: usize) -> Result<Option<&str>, WrongType> {
        match self.0.get(column).unwrap_or(&Value::Null) {
            Value::Null => Ok(None),
            Value::Text(text) => Ok(Some(text)),
            other @ (Value::Integer(_) | Value::Blob(_)) => {
                Err(WrongType { column, wanted: String::NAME, found: other.type_name() })
            }
        }
    }

    /// The value of column `column`, counted from 0.
    pub fn get<T: FromValue>(&self, column: usize) -> Result<T, WrongType> {
        let value = self.0.get(column).unwrap_or(&Value::Null);
        T::from_value(value).ok_or(WrongType { column, wanted: T::NAME, found: value.type_name() })
    }
}

/// `($1, $2, $3)` for a list of `count` values that starts at placeholder `first`; an empty list is `(NULL)`.
pub fn list(first: usize, count: usize) -> String {
    let mut text = String::new();
    push_list(&mut text, first, count);
    text
}

/// The list for these values, which become the last of `params`. The last one is repeated up to a power of two, so that lists
/// of any length make few different texts, and a text that was prepared is found again.
pub fn list_of(params: &mut Vec<Value>, values: impl IntoIterator<Item = Value>) -> String {
    let before = params.len();
    params.extend(values);
    let count = params.len() - before;
    if let Some(last) = params.last().filter(|_| count > 0).cloned() {
        params.resize(before + count.next_power_of_two(), last);
    }
    list(before + 1, params.len() - before)
}

/// `($1, $2), ($3, $4)` for `count` rows of `width` values, for `INSERT … VALUES`.
pub fn rows(count: usize, width: usize) -> String {
    let mut text = String::new();
    for row in 0..count {
        if row > 0 {
            text.push_str(", ");
        }
        push_list(&mut text, 1 + row * width, width);
    }
    text
}

fn push_list(text: &mut String, first: usize, count: usize) {
    if count == 0 {
        text.push_str("(NULL)");
        return;
    }
    for number in first..first + count {
        text.push_str(if number == first { "($" } else { ", $" });
        // Writing to a String cannot fail.
        let _ = write!(text, "{number}");
    }
    text.push(')');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_where_it_stands() {
        let row = Row(vec!["a".into(), Value::Null, 7.into()]);
        assert_eq!((row.text(0), row.text(1), row.text(3)), (Ok(Some("a")), Ok(None), Ok(None)));
        assert_eq!(row.text(2), row.get::<String>(2).map(|_| None));
    }

    #[test]
    fn lists_and_rows_number_their_placeholders() {
        assert_eq!((list(3, 2).as_str(), list(1, 0).as_str()), ("($3, $4)", "(NULL)"));
        assert_eq!(rows(2, 2), "($1, $2), ($3, $4)");
    }

    #[test]
    fn a_list_of_values_repeats_its_last_up_to_a_power_of_two() {
        let mut params = vec![Value::Integer(9)];
        assert_eq!(list_of(&mut params, [1, 2, 3].map(Value::Integer)), "($2, $3, $4, $5)");
        assert_eq!(params, [9, 1, 2, 3, 3].map(Value::Integer));
        assert_eq!(list_of(&mut params, []), "(NULL)");
        assert_eq!(params.len(), 5);
    }
}
