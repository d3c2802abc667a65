//! Reading JSON from strangers: no duplicate names (RFC 8259 section 4), no NUL, bounded depth and size (section 9 leaves these to
//! the reader). What comes out is an ordinary value.

use crate::Resource;
use crate::error::ScimError;
use crate::path::shortened;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};
use std::cell::{Cell, RefCell};
use std::fmt;

/// Objects and arrays nested deeper than this are refused.
pub const DEPTH_MAX: usize = 32;
/// Bodies with more values than this, at all levels together, are refused as soon as one more is met. What means something has ten
/// bytes for a value and more; a megabyte of nothing but commas would have several hundred thousand.
pub const VALUES_MAX: usize = 100_000;
/// One object with more names than this is refused; no schema has nearly as many.
pub const NAMES_MAX: usize = 10_000;

/// Reads a body that must be one JSON object; everything else is a 400 `invalidSyntax`.
pub fn parse_object(body: &[u8]) -> Result<Resource, ScimError> {
    parse_object_within(body, VALUES_MAX)
}

/// The same for a text that may hold another number of values: a file with large groups comes from somebody who may store them.
pub fn parse_object_within(body: &[u8], values_max: usize) -> Result<Resource, ScimError> {
    let (values_left, place) = (Cell::new(values_max), RefCell::new(Vec::new()));
    let mut reader = serde_json::Deserializer::from_slice(body);
    let seed = Seed { depth: 0, values_left: &values_left, values_max, place: &place };
    let value = seed.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    match value {
        Ok(Value::Object(members)) => Ok(members),
        Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            Err(ScimError::invalid_syntax("The body is not a JSON object."))
        }
        Err(error) if body.is_empty() && error.is_eof() => {
            Err(ScimError::invalid_syntax("The body is empty; a JSON object is needed."))
        }
        Err(error) => {
            let place = place.into_inner();
            let names: Vec<&str> = place.iter().rev().map(String::as_str).take(PLACE_NAMES_MAX).collect();
            let place = if names.is_empty() { String::new() } else { format!("{}: ", names.join(".")) };
            Err(ScimError::invalid_syntax(format!("The body cannot be read: {place}{error}.")))
        }
    }
}

/// An error names the attribute that it is about by at most so many names, the outermost first.
const PLACE_NAMES_MAX: usize = 4;

#[derive(Clone, Copy)]
struct Seed<'a> {
    depth: usize,
    values_left: &'a Cell<usize>,
    values_max: usize,
    /// The names around what was refused, the innermost first; written when there is an error.
    place: &'a RefCell<Vec<String>>,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let Some(left) = self.values_left.get().checked_sub(1) else {
            return Err(D::Error::custom(format!("it has more than {} values", self.values_max)));
        };
        self.values_left.set(left);
        if self.depth > DEPTH_MAX {
            return Err(D::Error::custom(format!("it is nested deeper than {DEPTH_MAX} levels")));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number is out of range"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        refuse_nul(value)?;
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        let seed = Seed { depth: self.depth + 1, ..self };
        while let Some(value) = items.next_element_seed(seed)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut values = Map::new();
        let seed = Seed { depth: self.depth + 1, ..self };
        while let Some(name) = members.next_key::<String>()? {
            refuse_nul(&name)?;
            let value = members.next_value_seed(seed).inspect_err(|_| {
                self.place.borrow_mut().push(shortened(&name));
            })?;
            // RFC 8259 section 4: "The names within an object SHOULD be unique"; what readers make of others is "unpredictable", so
            // that two of them may decide on two values. They are refused.
            let is_full = values.len() == NAMES_MAX;
            match values.entry(name) {
                Entry::Occupied(twice) => {
                    return Err(A::Error::custom(format!("\"{}\" occurs twice in one object", shortened(twice.key()))));
                }
                Entry::Vacant(_) if is_full => {
                    return Err(A::Error::custom(format!("an object has more than {NAMES_MAX} names")));
                }
                Entry::Vacant(place) => drop(place.insert(value)),
            }
        }
        Ok(Value::Object(values))
    }
}

/// No SCIM value needs U+0000, and databases refuse it.
fn refuse_nul<E: Error>(text: &str) -> Result<(), E> {
    if text.contains('\0') { Err(E::custom("a text holds the character U+0000")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::{DEPTH_MAX, NAMES_MAX, VALUES_MAX, parse_object, parse_object_within};
    use serde_json::json;

    #[test]
    fn ordinary_json_is_read_as_it_is() {
        let body = r#"{"a":1,"b":-2,"c":1.5,"d":"é\n","e":[true,null,{}],"f":{"g":18446744073709551615}}"#;
        let expected = json!({"a":1,"b":-2,"c":1.5,"d":"é\n","e":[true,null,{}],"f":{"g":18_446_744_073_709_551_615_u64}});
        assert_eq!(parse_object(body.as_bytes()).map(serde_json::Value::Object), Ok(expected));
    }

    #[test]
    fn there_are_as_many_values_and_names_as_the_limits_say() {
        let values = |count: usize| format!("{{\"x\":[{}0]}}", "0,".repeat(count - 3)).into_bytes();
        assert!(parse_object(&values(VALUES_MAX)).is_ok());
        let error = parse_object(&values(VALUES_MAX + 1)).unwrap_err();
        assert!(error.detail.contains("more than 100000 values"), "{}", error.detail);
        assert!(parse_object_within(&values(VALUES_MAX + 1), VALUES_MAX + 1).is_ok());
        let names = |count: usize| {
            let names: Vec<String> = (0..count).map(|index| format!("\"a{index}\":1")).collect();
            format!("{{{}}}", names.join(",")).into_bytes()
        };
        assert!(parse_object(&names(NAMES_MAX)).is_ok());
        let error = parse_object(&names(NAMES_MAX + 1)).unwrap_err();
        assert!(error.detail.contains("more than 10000 names"), "{}", error.detail);
    }

    #[test]
    fn hostile_json_is_refused_with_the_reason() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(DEPTH_MAX + 1), "]".repeat(DEPTH_MAX + 1));
        let brackets = "[".repeat(1_000_000);
        let cases: [(&[u8], &str); 13] = [
            (b"", "empty"),
            (b"[]", "not a JSON object"),
            (b"{", "EOF"),
            (b"{} x", "trailing"),
            (br#"{"a":1,"a":2}"#, "\"a\" occurs twice"),
            (br#"{"a":{"b":1,"b":2}}"#, "\"b\" occurs twice"),
            (br#"{"a":"x\u0000"}"#, "U+0000"),
            (b"{\"a\":\"\xff\"}", "unicode"),
            (br#"{"a":1e400}"#, "read: a: number out of range"),
            (br#"{"a":{"b":[{"c":"x\u0000"}]}}"#, "read: a.b.c: a text holds"),
            (br#"{"a":{"b\u0000":1}}"#, "read: a: a text holds"),
            (deep.as_bytes(), "read: a: it is nested deeper than 32"),
            (brackets.as_bytes(), "deeper than 32"),
        ];
        for (body, reason) in cases {
            let error = parse_object(body).unwrap_err();
            assert_eq!((error.status, error.scim_type), (400, Some(crate::ScimType::InvalidSyntax)));
            assert!(error.detail.contains(reason), "{}: {reason}", error.detail);
        }
    }
}
