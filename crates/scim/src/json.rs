//! Reading JSON from strangers: no duplicate names, no NUL, bounded depth and size. What comes out is an ordinary value.

use crate::Resource;
use crate::error::ScimError;
use crate::path::shortened;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::cell::Cell;
use std::fmt;

/// Objects and arrays nested deeper than this are refused.
pub const DEPTH_MAX: usize = 32;
/// Bodies with more values than this, at all levels together, are refused.
pub const VALUES_MAX: usize = 1_000_000;

/// Reads a body that must be one JSON object; everything else is a 400 `invalidSyntax`.
pub fn parse_object(body: &[u8]) -> Result<Resource, ScimError> {
    let values = Cell::new(0);
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = Seed { depth: 0, values: &values }.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    match value {
        Ok(Value::Object(members)) => Ok(members),
        Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            Err(ScimError::invalid_syntax("The body is not a JSON object."))
        }
        Err(error) if body.is_empty() && error.is_eof() => {
            Err(ScimError::invalid_syntax("The body is empty; a JSON object is needed."))
        }
        Err(error) => Err(ScimError::invalid_syntax(format!("The body cannot be read: {error}."))),
    }
}

#[derive(Clone, Copy)]
struct Seed<'a> {
    depth: usize,
    values: &'a Cell<usize>,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.values.set(self.values.get() + 1);
        if self.values.get() > VALUES_MAX {
            return Err(D::Error::custom(format!("it has more than {VALUES_MAX} values")));
        }
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
        text(value).map(Value::String)
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
            let name = text(&name)?;
            let value = members.next_value_seed(seed)?;
            if values.contains_key(&name) {
                return Err(A::Error::custom(format!("\"{}\" occurs twice in one object", shortened(&name))));
            }
            values.insert(name, value);
        }
        Ok(Value::Object(values))
    }
}

/// No SCIM value needs U+0000, and databases refuse it.
fn text<E: Error>(value: &str) -> Result<String, E> {
    if value.contains('\0') { Err(E::custom("a text holds the character U+0000")) } else { Ok(value.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::{DEPTH_MAX, parse_object};
    use serde_json::json;

    #[test]
    fn ordinary_json_is_read_as_it_is() {
        let body = r#"{"a":1,"b":-2,"c":1.5,"d":"é\n","e":[true,null,{}],"f":{"g":18446744073709551615}}"#;
        let expected = json!({"a":1,"b":-2,"c":1.5,"d":"é\n","e":[true,null,{}],"f":{"g":18_446_744_073_709_551_615_u64}});
        assert_eq!(parse_object(body.as_bytes()).map(serde_json::Value::Object), Ok(expected));
    }

    #[test]
    fn hostile_json_is_refused_with_the_reason() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(DEPTH_MAX + 1), "]".repeat(DEPTH_MAX + 1));
        let brackets = "[".repeat(1_000_000);
        let cases: [(&[u8], &str); 11] = [
            (b"", "empty"),
            (b"[]", "not a JSON object"),
            (b"{", "EOF"),
            (b"{} x", "trailing"),
            (br#"{"a":1,"a":2}"#, "\"a\" occurs twice"),
            (br#"{"a":{"b":1,"b":2}}"#, "\"b\" occurs twice"),
            (br#"{"a":"x\u0000"}"#, "U+0000"),
            (b"{\"a\":\"\xff\"}", "unicode"),
            (br#"{"a":1e400}"#, "out of range"),
            (deep.as_bytes(), "deeper than 32"),
            (brackets.as_bytes(), "deeper than 32"),
        ];
        for (body, reason) in cases {
            let error = parse_object(body).unwrap_err();
            assert_eq!((error.status, error.scim_type), (400, Some(crate::ScimType::InvalidSyntax)));
            assert!(error.detail.contains(reason), "{}: {reason}", error.detail);
        }
    }
}
