//! Values and rows, alike on both engines.

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
    /// The value of column `column`, counted from 0.
    pub fn get<T: FromValue>(&self, column: usize) -> Result<T, WrongType> {
        let value = self.0.get(column).unwrap_or(&Value::Null);
        T::from_value(value).ok_or(WrongType { column, wanted: T::NAME, found: value.type_name() })
    }
}

/// `($1, $2, $3)` for a list of `count` values that starts at placeholder `first`; an empty list is `(NULL)`.
pub fn list(first: usize, count: usize) -> String {
    if count == 0 {
        return "(NULL)".to_owned();
    }
    let placeholders: Vec<String> = (first..first + count).map(|number| format!("${number}")).collect();
    format!("({})", placeholders.join(", "))
}

/// `($1, $2), ($3, $4)` for `count` rows of `width` values, for `INSERT … VALUES`.
pub fn rows(count: usize, width: usize) -> String {
    (0..count).map(|row| list(1 + row * width, width)).collect::<Vec<_>>().join(", ")
}
