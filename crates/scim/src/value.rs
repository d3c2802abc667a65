//! Single values against the rule of their attribute (RFC 7643 sections 2.3 and 2.4), brought into the form that is stored.

use crate::error::ScimError;
use crate::leniency::{Leniency, deviations};
use crate::schema::{Attribute, AttributeType, CanonicalRule, Mutability};
use crate::{Resource, datetime, names, path};
use serde_json::Value;
use std::fmt;

/// A list of resources, such as the members of a group, with more values than this is refused, and a request names at most as many.
pub const VALUES_MAX: usize = 100_000;
/// Any other attribute with more values than this is refused: filters and paths look at each of them.
pub const PLAIN_VALUES_MAX: usize = 1_000;
/// Strings and references of more bytes than this are refused.
pub const STRING_BYTES_MAX: usize = 64 * 1024;
/// Binary values of more bytes than this, in base64, are refused.
pub const BINARY_BYTES_MAX: usize = 1024 * 1024;

/// How messages call what is read. It is written out for a message only: there are many values, and most of them are right.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Name<'a> {
    around: Option<(&'a Name<'a>, char)>,
    own: &'a str,
}

impl<'a> Name<'a> {
    /// An attribute, or an extension.
    pub(crate) const fn of(own: &'a str) -> Self {
        Self { around: None, own }
    }

    /// An attribute of the extension of this name.
    pub(crate) const fn attribute(&'a self, own: &'a str) -> Self {
        Self { around: Some((self, ':')), own }
    }

    /// A part of the attribute of this name.
    pub(crate) const fn part(&'a self, own: &'a str) -> Self {
        Self { around: Some((self, '.')), own }
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((around, divider)) = self.around {
            write!(f, "{around}{divider}")?;
        }
        f.write_str(self.own)
    }
}

/// Reads `"true"` and `"False"`.
pub(crate) fn boolean_text(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        return Some(true);
    }
    text.eq_ignore_ascii_case("false").then_some(false)
}

/// Brings values into form. Read-only parts of complex values are passed over (RFC 7643 section 7: "SHALL be ignored").
pub(crate) struct Reader<'a> {
    pub(crate) leniency: &'a Leniency,
}

impl Reader<'_> {
    /// A whole attribute. `None` when it is unassigned.
    pub(crate) fn read(&self, name: Name<'_>, attribute: &Attribute, value: &Value) -> Result<Option<Value>, ScimError> {
        if !attribute.multi_valued {
            return self.read_one(name, attribute, value);
        }
        let items = match value {
            Value::Null => return Ok(None),
            Value::Array(items) if items.len() > values_max(attribute) => {
                return Err(too_many(name, items, values_max(attribute)));
            }
            Value::Array(items) => items,
            single => deviations::any_shape_of_members(self.leniency, single)
                .ok_or_else(|| ScimError::invalid_value(format!("{name} has several values, so it is an array.")))?,
        };
        let values = items.iter().filter_map(|item| self.read_one(name, attribute, item).transpose());
        let values = values.collect::<Result<Vec<_>, _>>()?;
        // RFC 7643 section 2.4: "The primary attribute value "true" MUST appear no more than once."
        if values.iter().filter(|value| is_primary(value)).count() > 1 {
            return Err(ScimError::invalid_value(format!("{name}: only one value can be primary.")));
        }
        Ok((!values.is_empty()).then_some(Value::Array(values)))
    }

    /// One value of an attribute, whether it has one or several.
    pub(crate) fn read_one(&self, name: Name<'_>, attribute: &Attribute, value: &Value) -> Result<Option<Value>, ScimError> {
        if value.is_null() {
            return Ok(None);
        }
        match attribute.kind {
            AttributeType::Any => {
                refuse_large(name, value)?;
                Ok((!names::is_unassigned(value)).then(|| value.clone()))
            }
            AttributeType::Complex => self.complex(name, attribute, value),
            AttributeType::String
            | AttributeType::Boolean
            | AttributeType::Decimal
            | AttributeType::Integer
            | AttributeType::DateTime
            | AttributeType::Binary
            | AttributeType::Reference => {
                let value = deviations::scalar_in_value_object(self.leniency, value).unwrap_or(value);
                let meant = deviations::string_booleans(self.leniency, attribute, value)
                    .or_else(|| deviations::numbers_as_strings(self.leniency, attribute, value));
                scalar(name, attribute, meant.as_ref().unwrap_or(value)).map(Some)
            }
        }
    }

    fn complex(&self, name: Name<'_>, attribute: &Attribute, value: &Value) -> Result<Option<Value>, ScimError> {
        let meant = deviations::any_shape_of_member(self.leniency, attribute, value)
            .or_else(|| deviations::scalar_for_complex_value(self.leniency, attribute, value));
        let members = meant
            .as_ref()
            .or_else(|| value.as_object())
            .ok_or_else(|| ScimError::invalid_value(format!("{name} is an object, not {}.", what(value))))?;
        refuse_duplicates(Some(name), members)?;
        let mut kept = Resource::with_capacity(members.len());
        for (key, value) in members {
            let Some(part) = attribute.sub_attribute(key) else {
                deviations::unknown_passed_over(self.leniency, || {
                    ScimError::invalid_value(format!("{name} has no sub-attribute \"{}\".", path::shortened(key)))
                })?;
                continue;
            };
            if part.mutability == Mutability::ReadOnly {
                continue;
            }
            if let Some(value) = self.read(name.part(&part.name), part, value)? {
                kept.insert(part.name.clone(), value);
            }
        }
        Ok((!kept.is_empty()).then_some(Value::Object(kept)))
    }
}

/// Takes what is write-only out of an object: it is checked, and not kept.
pub(crate) fn forget_write_only(members: &mut Resource, attributes: &[Attribute]) {
    for attribute in attributes {
        let is_left = match names::get_mut(members, &attribute.name) {
            Some(_) if attribute.mutability == Mutability::WriteOnly => false,
            Some(value) => {
                forget_write_only_parts(value, attribute);
                !names::is_unassigned(value)
            }
            None => true,
        };
        if !is_left {
            names::remove(members, &attribute.name);
        }
    }
}

/// The same for the value, or the values, of one attribute.
pub(crate) fn forget_write_only_parts(value: &mut Value, attribute: &Attribute) {
    if !has_write_only_parts(attribute) {
        return;
    }
    match value {
        Value::Array(items) => items.retain_mut(|item| {
            forget_write_only_parts(item, attribute);
            !names::is_unassigned(item)
        }),
        Value::Object(members) => forget_write_only(members, &attribute.sub_attributes),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn has_write_only_parts(attribute: &Attribute) -> bool {
    attribute.sub_attributes.iter().any(|part| part.mutability == Mutability::WriteOnly || has_write_only_parts(part))
}

fn scalar(name: Name<'_>, attribute: &Attribute, value: &Value) -> Result<Value, ScimError> {
    let text = value.as_str();
    let (fits, expected) = match attribute.kind {
        AttributeType::String | AttributeType::Reference => (text.is_some(), "a string"),
        AttributeType::Boolean => (value.is_boolean(), "true or false"),
        AttributeType::Integer => (value.is_i64() || value.is_u64(), "a whole number"),
        AttributeType::Decimal => (value.is_number(), "a number"),
        AttributeType::DateTime => {
            (text.is_some_and(|text| datetime::parse(text).is_some()), "an instant such as \"2011-05-13T04:42:34Z\"")
        }
        AttributeType::Binary => (text.is_some_and(is_base64), "a string in base64"),
        AttributeType::Complex | AttributeType::Any => (true, "anything"),
    };
    if !fits {
        return Err(ScimError::invalid_value(format!("{name} is {expected}, not {}.", what(value))));
    }
    let bytes_max = if attribute.kind == AttributeType::Binary { BINARY_BYTES_MAX } else { STRING_BYTES_MAX };
    if let Some(text) = text.filter(|text| text.len() > bytes_max) {
        return Err(too_long(name, text, bytes_max));
    }
    refuse_other_than_canonical(name, attribute, text)?;
    Ok(value.clone())
}

fn too_long(name: Name<'_>, text: &str, bytes_max: usize) -> ScimError {
    ScimError::invalid_value(format!("{name} has {} bytes; at most {bytes_max} are taken.", text.len()))
}

fn too_many(name: Name<'_>, items: &[Value], most: usize) -> ScimError {
    ScimError::invalid_value(format!("{name} has {} values; at most {most} are taken.", items.len()))
}

/// How many values an attribute may have. What refers to other resources has the id of one as its `value`, which never changes
/// (RFC 7643 section 4.2 of `members`).
pub(crate) fn values_max(attribute: &Attribute) -> usize {
    let refers = attribute.sub_attribute("value").is_some_and(|value| value.mutability == Mutability::Immutable);
    if refers { VALUES_MAX } else { PLAIN_VALUES_MAX }
}

/// Texts and lists at any depth of a value that no schema describes. Its depth was bounded when it was read.
fn refuse_large(name: Name<'_>, value: &Value) -> Result<(), ScimError> {
    match value {
        Value::String(text) if text.len() > STRING_BYTES_MAX => Err(too_long(name, text, STRING_BYTES_MAX)),
        Value::Array(items) if items.len() > PLAIN_VALUES_MAX => Err(too_many(name, items, PLAIN_VALUES_MAX)),
        Value::Array(items) => items.iter().try_for_each(|item| refuse_large(name, item)),
        Value::Object(members) => members.iter().try_for_each(|(key, value)| {
            if key.len() > STRING_BYTES_MAX { Err(too_long(name, key, STRING_BYTES_MAX)) } else { refuse_large(name, value) }
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

/// RFC 7643 section 7, `canonicalValues`: "service providers MAY choose to ignore unsupported values". They are a hint, and other
/// values are taken, unless the schema says that there are no others.
fn refuse_other_than_canonical(name: Name<'_>, attribute: &Attribute, text: Option<&str>) -> Result<(), ScimError> {
    let Some(text) = text.filter(|_| attribute.canonical_rule == CanonicalRule::Only) else { return Ok(()) };
    let key = attribute.comparison_key(text);
    if attribute.canonical_values.iter().any(|canonical| attribute.comparison_key(canonical) == key) {
        return Ok(());
    }
    let allowed = attribute.canonical_values.join(", ");
    Err(ScimError::invalid_value(format!("{name} is one of {allowed}, not \"{}\".", path::shortened(text))))
}

/// Among so few names each is compared with each.
const FEW_NAMES_MAX: usize = 8;

/// RFC 7643 section 2.1: names are case insensitive, so `userName` and `USERNAME` in one object contradict each other.
pub(crate) fn refuse_duplicates(name: Option<Name<'_>>, members: &Resource) -> Result<(), ScimError> {
    let twice = if members.len() <= FEW_NAMES_MAX {
        members.keys().enumerate().find(|(index, key)| members.keys().take(*index).any(|other| names::same(key, other)))
    } else {
        let mut seen = std::collections::BTreeSet::new();
        members.keys().enumerate().find(|(_, key)| !seen.insert(key.to_ascii_lowercase()))
    };
    let Some((_, key)) = twice else { return Ok(()) };
    let place = name.map(|name| format!(" in {name}")).unwrap_or_default();
    Err(ScimError::invalid_syntax(format!("\"{}\" occurs twice{place}.", path::shortened(key))))
}

/// Whether a value of a multi-valued attribute is the primary one.
pub(crate) fn is_primary(value: &Value) -> bool {
    value.as_object().and_then(|members| names::get(members, "primary")) == Some(&Value::Bool(true))
}

/// RFC 7643 section 2.3.6: base64, also in the alphabet for URLs, padded or not. Line breaks are refused: RFC 4648 section 3.1 has
/// none unless another document asks for them, and RFC 7643 does not. The certificate in its section 8.2 is broken for the width of
/// the page only: inside a JSON string a line break would be an escape, and there is none.
fn is_base64(text: &str) -> bool {
    let data = text.trim_end_matches('=');
    text.len() - data.len() <= 2
        && data.len() % 4 != 1
        && data.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_'))
}

fn what(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "this string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
