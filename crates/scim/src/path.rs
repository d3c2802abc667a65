//! Attribute paths (RFC 7644 figures 1 and 7): `name.givenName`, `emails[type eq "work"].value`, with or without a schema's URI.
//!
//! A path is a text's structure only; what it names is found by [`crate::Schemas::find`].

use crate::filter::{Filter, SyntaxError};
use std::fmt;

/// Paths and filters longer than this many bytes are refused unread.
pub const LENGTH_BYTES_MAX: usize = 2048;

/// An attribute, perhaps of a named schema, perhaps one of its sub-attributes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttributePath {
    /// The schema's URI, when written.
    pub schema: Option<String>,
    /// The attribute's name as written. When all parts together are the URI of a schema, the path names that whole schema.
    pub attribute: String,
    /// The sub-attribute's name as written.
    pub sub_attribute: Option<String>,
}

impl AttributePath {
    /// A path of one name.
    pub fn of(attribute: &str) -> Self {
        Self { schema: None, attribute: attribute.to_owned(), sub_attribute: None }
    }

    /// Reads `[URI ":"] name ["." name]`, or the URI of a whole schema.
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
        if schema.is_none_or(is_uri) && is_name(attribute) && sub_attribute.is_none_or(is_name) {
            return Ok(Self {
                schema: schema.map(str::to_owned),
                attribute: attribute.to_owned(),
                sub_attribute: sub_attribute.map(str::to_owned),
            });
        }
        // RFC 7643 section 7: a schema is named by any URI, so what stands after the last colon may be a version, or an address.
        match schema {
            Some(schema) if is_uri(text) && !name.is_empty() && (is_uri(schema) || name.starts_with("//")) => {
                Ok(Self { schema: Some(schema.to_owned()), attribute: name.to_owned(), sub_attribute: None })
            }
            Some(_) | None => Err(SyntaxError::NotAPath { text: shortened(text) }),
        }
    }

    /// The URI that its parts make together when a schema is among them: it may be that of a whole schema.
    pub fn as_schema_urn(&self) -> Option<String> {
        self.schema.as_ref().map(|_| self.to_string())
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

/// RFC 3986 section 3: a scheme, a colon, and more. Without what ends an attribute's path in a filter, or divides it from the next one.
pub(crate) fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
        && !rest.is_empty()
        && rest.chars().all(|c| c.is_ascii_alphanumeric() || "-._~:/?#@!$&'*+;=%".contains(c))
}

/// At most 120 characters of a text that came from outside, for messages.
pub(crate) fn shortened(text: &str) -> String {
    match text.char_indices().nth(120) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
