//! How two values of an attribute compare, by its type and its case rule (RFC 7643 section 2.2, `caseExact`).

use crate::schema::{Attribute, AttributeType, Comparison};
use crate::{datetime, names, precis};
use serde_json::{Number, Value};
use std::borrow::Cow;
use std::cmp::Ordering;

impl Attribute {
    /// The text that stands for `text` wherever this attribute's values are compared: two texts are the same value exactly
    /// when their keys are equal. An index that holds keys answers look-ups as [`crate::matches`] would.
    ///
    /// Instants are the exception: they compare as instants, whatever their offset.
    pub fn comparison_key<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match (self.comparison, self.case_exact) {
            (Comparison::UserName, _) => Cow::Owned(precis::user_name_key(text)),
            (Comparison::Plain, true) => Cow::Borrowed(text),
            (Comparison::Plain, false) => Cow::Owned(names::text_key(text)),
        }
    }

    /// The same for a value of any type, for indexes over all of them: two values of this attribute are the same exactly when their
    /// keys are equal, instants and numbers included. `None` for null, lists and objects, which are not compared.
    pub fn value_key(&self, value: &Value) -> Option<String> {
        match value {
            Value::String(text) => match datetime::parse(text).filter(|_| self.kind == AttributeType::DateTime) {
                Some(instant) => Some(instant.to_string()),
                None => Some(self.comparison_key(text).into_owned()),
            },
            Value::Number(number) if number.is_f64() || self.kind == AttributeType::Decimal => {
                // Adding zero turns the negative zero into the other one; 7.0 is written as 7.
                number.as_f64().map(|number| (number + 0.0).to_string())
            }
            Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }
}

/// Whether two values of an attribute are the same.
pub(crate) fn equal(a: &Value, b: &Value, attribute: &Attribute) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) => of_texts(a, b, attribute).is_eq(),
        (Value::Number(a), Value::Number(b)) => of_numbers(a, b) == Some(Ordering::Equal),
        _ => a == b,
    }
}

pub(crate) fn of_texts(a: &str, b: &str, attribute: &Attribute) -> Ordering {
    if attribute.kind == AttributeType::DateTime
        && let (Some(a), Some(b)) = (datetime::parse(a), datetime::parse(b))
    {
        return a.cmp(&b);
    }
    if attribute.case_exact && attribute.comparison == Comparison::Plain {
        return a.cmp(b);
    }
    // Most texts are ASCII, where both rules say the same, and a scan compares many.
    if a.is_ascii() && b.is_ascii() {
        return a.bytes().map(|byte| byte.to_ascii_lowercase()).cmp(b.bytes().map(|byte| byte.to_ascii_lowercase()));
    }
    // The same as comparing the keys, up to the first difference.
    if attribute.comparison == Comparison::Plain {
        return names::folded(a).cmp(names::folded(b));
    }
    attribute.comparison_key(a).cmp(&attribute.comparison_key(b))
}

pub(crate) fn of_numbers(a: &Number, b: &Number) -> Option<Ordering> {
    match (a.as_i64(), b.as_i64()) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        (Some(_) | None, _) => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}
