//! Filters (RFC 7644 section 3.4.2.2): text → tree → text, and whether a resource matches.
//!
//! The tree is public, so that a provider can turn the parts it has an index for into queries of its own; see
//! [`Filter::fold`] and [`Filter::equality`]. This module does not know about storage.

mod check;
mod fold;
mod matching;
mod parse;

pub use check::check;
pub(crate) use check::check_inner;
pub use fold::FilterNode;
pub use matching::matches;
pub(crate) use matching::matches_value;
pub(crate) use parse::parse_value_path;

use crate::error::ScimError;
use crate::path::{AttributePath, LENGTH_BYTES_MAX};
use serde_json::Number;
use std::fmt;

/// Parentheses, `not` and brackets nested deeper than this are refused.
pub const DEPTH_MAX: usize = 16;
/// Filters with more comparisons than this are refused.
pub const TERMS_MAX: usize = 50;

/// A filter's tree. `And` and `Or` have at least two parts; parentheses that change nothing are not kept.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// All of these.
    And(Vec<Filter>),
    /// Any of these.
    Or(Vec<Filter>),
    /// Not this.
    Not(Box<Filter>),
    /// `attribute operator value`.
    Compare {
        /// The attribute.
        path: AttributePath,
        /// How it is compared.
        operator: CompareOperator,
        /// With what.
        value: Literal,
    },
    /// `attribute pr`: it has a value.
    Present(AttributePath),
    /// `attribute[filter]`: one and the same value of the attribute matches the whole inner filter.
    Values {
        /// The multi-valued (or complex) attribute.
        path: AttributePath,
        /// Over its sub-attributes; holds no further `Values`.
        filter: Box<Filter>,
    },
}

impl Filter {
    /// Reads a filter, within the limits [`LENGTH_BYTES_MAX`], [`DEPTH_MAX`] and [`TERMS_MAX`].
    ///
    /// Beyond the grammar it takes `emails[type eq "work"].value eq "x"`, as several clients write, and reads it as
    /// `emails[type eq "work" and value eq "x"]`.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        parse::parse(text)
    }

    /// The attribute and the text when this is a single `attribute eq "text"`: what an index can answer.
    pub fn equality(&self) -> Option<(&AttributePath, &str)> {
        match self {
            Self::Compare { path, operator: CompareOperator::Equal, value: Literal::String(text) } => Some((path, text)),
            Self::And(_) | Self::Or(_) | Self::Not(_) | Self::Compare { .. } | Self::Present(_) | Self::Values { .. } => None,
        }
    }

    /// An equality that every match must fulfil, found also inside an `and`: an index can narrow with it before [`matches()`] decides.
    pub fn required_equality(&self) -> Option<(&AttributePath, &str)> {
        match self {
            Self::And(parts) => parts.iter().find_map(Self::required_equality),
            Self::Or(_) | Self::Not(_) | Self::Compare { .. } | Self::Present(_) | Self::Values { .. } => self.equality(),
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(parts) => join(f, parts, " and "),
            Self::Or(parts) => join(f, parts, " or "),
            Self::Not(inner) => write!(f, "not ({inner})"),
            Self::Compare { path, operator, value } => write!(f, "{path} {} {value}", operator.word()),
            Self::Present(path) => write!(f, "{path} pr"),
            Self::Values { path, filter } => write!(f, "{path}[{filter}]"),
        }
    }
}

/// Parts that are themselves lists stand in parentheses, so that reading back gives the same tree.
fn join(f: &mut fmt::Formatter<'_>, parts: &[Filter], word: &str) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            f.write_str(word)?;
        }
        match part {
            Filter::And(_) | Filter::Or(_) => write!(f, "({part})")?,
            Filter::Not(_) | Filter::Compare { .. } | Filter::Present(_) | Filter::Values { .. } => write!(f, "{part}")?,
        }
    }
    Ok(())
}

/// RFC 7644 table 3, without `pr`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompareOperator {
    /// `eq`
    Equal,
    /// `ne`
    NotEqual,
    /// `co`
    Contains,
    /// `sw`
    StartsWith,
    /// `ew`
    EndsWith,
    /// `gt`
    Greater,
    /// `ge`
    GreaterOrEqual,
    /// `lt`
    Less,
    /// `le`
    LessOrEqual,
}

impl CompareOperator {
    /// Every operator.
    pub const ALL: [Self; 9] = [
        Self::Equal,
        Self::NotEqual,
        Self::Contains,
        Self::StartsWith,
        Self::EndsWith,
        Self::Greater,
        Self::GreaterOrEqual,
        Self::Less,
        Self::LessOrEqual,
    ];

    /// As filters spell it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Equal => "eq",
            Self::NotEqual => "ne",
            Self::Contains => "co",
            Self::StartsWith => "sw",
            Self::EndsWith => "ew",
            Self::Greater => "gt",
            Self::GreaterOrEqual => "ge",
            Self::Less => "lt",
            Self::LessOrEqual => "le",
        }
    }

    /// Reads [`Self::word`] in any case (RFC 7644 section 3.4.2.2: operators are case insensitive).
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operator| operator.word().eq_ignore_ascii_case(text))
    }

    /// Whether it asks for an order rather than for sameness or for a part.
    pub const fn is_ordering(self) -> bool {
        match self {
            Self::Greater | Self::GreaterOrEqual | Self::Less | Self::LessOrEqual => true,
            Self::Equal | Self::NotEqual | Self::Contains | Self::StartsWith | Self::EndsWith => false,
        }
    }
}

/// What an attribute is compared with (`compValue` of RFC 7644 figure 1).
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// A JSON string.
    String(String),
    /// A JSON number.
    Number(Number),
    /// `true` or `false`.
    Boolean(bool),
    /// `null`: unassigned.
    Null,
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String(text) => write!(f, "{}", serde_json::Value::from(text.as_str())),
            Self::Number(number) => write!(f, "{number}"),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Null => f.write_str("null"),
        }
    }
}

/// Why a filter or a path cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SyntaxError {
    /// Longer than [`LENGTH_BYTES_MAX`].
    #[error("it has {length} bytes; at most {LENGTH_BYTES_MAX} are read")]
    TooLong {
        /// Bytes.
        length: usize,
    },
    /// Deeper than [`DEPTH_MAX`].
    #[error("at character {position}: nested deeper than {DEPTH_MAX} levels")]
    TooDeep {
        /// Counted from 1.
        position: usize,
    },
    /// More than [`TERMS_MAX`].
    #[error("it has more than {TERMS_MAX} comparisons")]
    TooManyTerms,
    /// Not what the grammar allows here.
    #[error("at character {position}: expected {expected}, found {found}")]
    Unexpected {
        /// Counted from 1.
        position: usize,
        /// What the grammar allows.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// Not an attribute path.
    #[error("\"{text}\" is not an attribute path")]
    NotAPath {
        /// The beginning of it.
        text: String,
    },
}

impl SyntaxError {
    /// As the answer to a request with such a filter.
    pub fn in_filter(&self) -> ScimError {
        ScimError::invalid_filter(format!("The filter cannot be read: {self}."))
    }

    /// As the answer to a request with such a path.
    pub fn in_path(&self, path: &str) -> ScimError {
        ScimError::invalid_path(format!("The path \"{}\" cannot be read: {self}.", crate::path::shortened(path)))
    }
}
