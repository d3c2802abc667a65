//! Lengths of time in configuration: `60s`, `10m`, `1h`, or a number of seconds.

use provost_core::time::Span;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;

/// A whole number of seconds, not negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duration(pub Span);

const UNITS: [(char, i64); 3] = [('h', 3_600), ('m', 60), ('s', 1)];

impl Duration {
    /// Reads `90s`, `10m`, `1h` or `90`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let unit = UNITS.iter().find_map(|(unit, seconds)| Some((text.strip_suffix(*unit)?, *seconds)));
        let (number, seconds) = unit.unwrap_or((text, 1));
        let number: u32 = number.trim().parse().ok()?;
        Some(Self(Span::seconds(i64::from(number) * seconds)))
    }
}

impl std::fmt::Display for Duration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.0.as_seconds();
        let (unit, length) = UNITS.into_iter().find(|(_, length)| seconds > 0 && seconds % length == 0).unwrap_or(('s', 1));
        write!(f, "{}{unit}", seconds / length)
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Duration;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a length of time such as 90s, 10m or 1h")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Duration, E> {
                Duration::parse(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
            fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Duration, E> {
                self.visit_str(&seconds.to_string())
            }
            fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Duration, E> {
                self.visit_str(&seconds.to_string())
            }
        }
        deserializer.deserialize_any(Text)
    }
}

impl JsonSchema for Duration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let text = json_schema!({
            "description": "A length of time: `90s`, `10m`, `1h`.",
            "type": "string",
            "pattern": r"^\s*[0-9]+\s*[smh]?\s*$",
        });
        if generator.contract().is_serialize() {
            return text;
        }
        json_schema!({
            "description": "A length of time: `90s`, `10m`, `1h`, or a number of seconds.",
            "anyOf": [{ "type": "string", "pattern": r"^\s*[0-9]+\s*[smh]?\s*$" }, { "type": "integer", "minimum": 0 }],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_and_written_in_the_largest_unit_that_fits() {
        for (text, seconds, written) in
            [("90s", 90, "90s"), ("90", 90, "90s"), ("120s", 120, "2m"), ("10m", 600, "10m"), ("1h", 3_600, "1h"), ("0", 0, "0s")]
        {
            let read = Duration::parse(text).unwrap();
            assert_eq!(read.0, Span::seconds(seconds), "{text}");
            assert_eq!(read.to_string(), written);
            assert_eq!(Duration::parse(&read.to_string()), Some(read));
        }
        for text in ["", "h", "-1s", "1d", "1.5h", "99999999999s"] {
            assert_eq!(Duration::parse(text), None, "{text}");
        }
    }
}
