//! Attribute mapping: from a user of the directory to the body of an account.

use super::Profile;
use crate::directory::{DirectoryAttribute, User};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Where a mapped value comes from: a directory attribute, or a fixed text or truth value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Expression {
    /// A row of the table of directory attributes.
    Attribute(&'static DirectoryAttribute),
    /// A fixed text, written in single quotes: `'work'`.
    Text(String),
    /// A fixed truth value: `true` or `false`.
    Boolean(bool),
}

/// An expression that is neither a directory attribute nor a fixed value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is not a directory attribute: use one such as user.organizations.title, a fixed text in single quotes, true or false"
)]
pub struct InvalidExpression(String);

/// How much of a text that is no expression is told.
const TOLD_CHARACTERS_MAX: usize = 100;

impl InvalidExpression {
    fn of(text: &str) -> Self {
        let mut characters = text.chars();
        let mut told: String = characters.by_ref().take(TOLD_CHARACTERS_MAX).collect();
        if characters.next().is_some() {
            told.push('…');
        }
        Self(told)
    }
}

impl Expression {
    /// Reads what configuration files and the console's forms say.
    pub fn parse(text: &str) -> Result<Self, InvalidExpression> {
        let text = text.trim();
        let fixed = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
        match (text, fixed) {
            ("true", _) => Ok(Self::Boolean(true)),
            ("false", _) => Ok(Self::Boolean(false)),
            (_, Some(fixed)) => Ok(Self::Text(fixed.to_owned())),
            (key, None) => DirectoryAttribute::find(key).map(Self::Attribute).ok_or_else(|| InvalidExpression::of(text)),
        }
    }

    fn evaluate(&self, user: &User) -> Option<Value> {
        match self {
            Self::Attribute(attribute) => attribute.read(user).map(Value::String),
            Self::Text(text) => Some(Value::String(text.clone())),
            Self::Boolean(flag) => Some(Value::Bool(*flag)),
        }
    }
}

impl std::fmt::Display for Expression {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Attribute(attribute) => f.write_str(attribute.key),
            Self::Text(text) => write!(f, "'{text}'"),
            Self::Boolean(flag) => flag.fmt(f),
        }
    }
}

impl TryFrom<String> for Expression {
    type Error = InvalidExpression;
    fn try_from(text: String) -> Result<Self, InvalidExpression> {
        Self::parse(&text)
    }
}

impl From<Expression> for String {
    fn from(expression: Expression) -> String {
        expression.to_string()
    }
}

/// One row of a mapping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttributeMapping {
    /// The app's attribute: `userName`, `name.givenName`, `emails.value` (the one element we keep), or
    /// `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department`.
    pub target: String,
    /// Where the value comes from.
    pub source: Expression,
}

/// Why no body can be made for a user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum MappingFailure {
    /// The directory has no value for a mandatory attribute.
    #[error("the mandatory attribute {target} has no value: fill in {source_attribute} in the directory")]
    MandatoryMissing {
        /// The app's attribute.
        target: String,
        /// The directory's attribute.
        source_attribute: String,
    },
    /// One row needs a single value where another needs an object.
    #[error("the attribute {0} is mapped both as a value and as an object: remove one of the rows")]
    Shape(String),
}

/// The rows a new connection to this app starts with.
pub fn default_mapping(profile: &Profile) -> Vec<AttributeMapping> {
    profile.default_rows()
}

/// Attributes that SCIM keeps as lists of objects: a mapped `emails.value` is the `value` of the one element we keep.
const LISTS: [&str; 6] = ["emails", "phoneNumbers", "addresses", "ims", "photos", "roles"];

/// The mapped body of a user, without `active`, `id` and `schemas`. A list element without a value of its own (only
/// constants such as its type) is left out.
pub fn desired_body(user: &User, mapping: &[AttributeMapping], profile: &Profile) -> Result<Map<String, Value>, MappingFailure> {
    let mut body = Map::new();
    let mut filled: Vec<&str> = Vec::new();
    for row in mapping {
        let Some(value) = row.source.evaluate(user) else {
            if profile.is_mandatory(&row.target) {
                return Err(MappingFailure::MandatoryMissing {
                    target: row.target.clone(),
                    source_attribute: row.source.to_string(),
                });
            }
            continue;
        };
        let (parent, leaf) = split_target(&row.target);
        if matches!(row.source, Expression::Attribute(_)) {
            filled.push(parent.unwrap_or(leaf));
        }
        place(&mut body, parent, leaf, value).ok_or_else(|| MappingFailure::Shape(row.target.clone()))?;
    }
    body.retain(|name, value| !value.is_array() || filled.contains(&name.as_str()));
    Ok(body)
}

/// `emails.value` is (`emails`, `value`); `urn:…:User:department` is (`urn:…:User`, `department`); `userName` has no parent.
pub(crate) fn split_target(target: &str) -> (Option<&str>, &str) {
    if target.starts_with("urn:") {
        return target.rsplit_once(':').map_or((None, target), |(urn, leaf)| (Some(urn), leaf));
    }
    target.split_once('.').map_or((None, target), |(parent, leaf)| (Some(parent), leaf))
}

/// Whether the attribute is kept as a list of objects.
pub(crate) fn is_list(attribute: &str) -> bool {
    LISTS.iter().any(|list| list.eq_ignore_ascii_case(attribute))
}

fn place(body: &mut Map<String, Value>, parent: Option<&str>, leaf: &str, value: Value) -> Option<()> {
    let Some(parent) = parent else {
        return body.insert(leaf.to_owned(), value).is_none().then_some(());
    };
    let slot = body.entry(parent.to_owned()).or_insert_with(|| {
        if is_list(parent) { Value::Array(vec![Value::Object(Map::new())]) } else { Value::Object(Map::new()) }
    });
    let object = match slot {
        Value::Array(elements) => elements.first_mut()?.as_object_mut()?,
        Value::Object(object) => object,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return None,
    };
    object.insert(leaf.to_owned(), value);
    Some(())
}
