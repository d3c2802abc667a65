//! Attribute paths (RFC 7644 figures 1 and 7): `name.givenName`, `emails[type eq "work"].value`, with or without a schema's URN.
//!
//! A path is a text's structure only; what it names is found by [`crate::Schemas::find`].

use crate::filter::{Filter, SyntaxError};
use std::fmt;

/// Paths and filters longer than this many bytes are refused unread.
pub const LENGTH_BYTES_MAX: usize = 2048;

/// An attribute, perhaps of a named schema, perhaps one of its sub-attributes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttributePath {
    /// The schema's URN, when written.
    pub schema: Option<String>,
    /// The attribute's name as written. When `schema` and this together are the URN of a schema, the path names that whole schema.
    pub attribute: String,
    /// The sub-attribute's name as written.
    pub sub_attribute: Option<String>,
}

impl AttributePath {
    /// A path of one name.
    pub fn of(attribute: &str) -> Self {
        Self { schema: None, attribute: attribute.to_owned(), sub_attribute: None }
    }

    /// Reads `[URN ":"] name ["." name]`.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        if text.len() > LENGTH_BYTES_MAX {
            return Err(SyntaxError::TooLong { length: text.len() });
        }
        // RFC 7644 figure 1: attrPath = [URI ":"] ATTRNAME *1subAttr. A URN has dots of its own ("2.0"), so the last colon divides.
        let (schema, name) = match text.rsplit_once(':') {
            Some((urn, name)) => (Some(urn), name),
            None => (None, text),
        };
        let (attribute, sub_attribute) = match name.split_once('.') {
            Some((attribute, sub_attribute)) => (attribute, Some(sub_attribute)),
            None => (name, None),
        };
        let schema_is_urn =
            schema.is_none_or(|urn| urn.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:")) && urn.len() > 4);
        if !schema_is_urn || !is_name(attribute) || !sub_attribute.is_none_or(is_name) {
            return Err(SyntaxError::NotAPath { text: shortened(text) });
        }
        Ok(Self {
            schema: schema.map(str::to_owned),
            attribute: attribute.to_owned(),
            sub_attribute: sub_attribute.map(str::to_owned),
        })
    }

    /// The URN that schema and attribute make together, when both are there and no sub-attribute is.
    pub fn as_schema_urn(&self) -> Option<String> {
        match (&self.schema, &self.sub_attribute) {
            (Some(schema), None) => Some(format!("{schema}:{}", self.attribute)),
            (Some(_) | None, Some(_)) | (None, None) => None,
        }
    }
}

impl fmt::Display for AttributePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{schema}:")?;
        }
        f.write_str(&self.attribute)?;
        match &self.sub_attribute {
            Some(sub_attribute) => write!(f, ".{sub_attribute}"),
            None => Ok(()),
        }
    }
}

/// The path of a PATCH operation: an attribute path, with a filter over the values of a multi-valued attribute.
#[derive(Debug, Clone, PartialEq)]
pub struct PatchPath {
    /// The attribute; its sub-attribute is the one that stands after the filter when there is a filter.
    pub attribute: AttributePath,
    /// Which values are meant; all of them without one.
    pub filter: Option<Filter>,
}

impl PatchPath {
    /// RFC 7644 figure 7: `PATH = attrPath / valuePath [subAttr]`.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        if text.len() > LENGTH_BYTES_MAX {
            return Err(SyntaxError::TooLong { length: text.len() });
        }
        if text.contains('[') {
            crate::filter::parse_value_path(text)
        } else {
            Ok(Self { attribute: AttributePath::parse(text)?, filter: None })
        }
    }
}

impl fmt::Display for PatchPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(filter) = &self.filter else {
            return write!(f, "{}", self.attribute);
        };
        let attribute = AttributePath { sub_attribute: None, ..self.attribute.clone() };
        write!(f, "{attribute}[{filter}]")?;
        match &self.attribute.sub_attribute {
            Some(sub_attribute) => write!(f, ".{sub_attribute}"),
            None => Ok(()),
        }
    }
}

/// RFC 7643 section 2.1: ATTRNAME = ALPHA *(nameChar). `$ref` (section 2.4) is the one name that starts otherwise.
pub(crate) fn is_name(text: &str) -> bool {
    let rest = text.strip_prefix('$').unwrap_or(text);
    rest.starts_with(|first: char| first.is_ascii_alphabetic())
        && rest.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

/// At most 120 characters of a text that came from outside, for messages.
pub(crate) fn shortened(text: &str) -> String {
    match text.char_indices().nth(120) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
