//! The words of which an attribute's rules are made (RFC 7643 sections 2.3 and 7). What they lead to is decided elsewhere.

/// RFC 7643 section 2.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttributeType {
    /// Unicode text.
    String,
    /// `true` or `false`.
    Boolean,
    /// A number with a fraction.
    Decimal,
    /// A whole number.
    Integer,
    /// An instant, `xsd:dateTime`.
    DateTime,
    /// Base64.
    Binary,
    /// A URI.
    Reference,
    /// An object of sub-attributes.
    Complex,
    /// Any JSON: the attributes of an open schema, whose types nobody declared. Not a type of the RFC and never announced.
    Any,
}

impl AttributeType {
    /// As schemas spell it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Boolean => "boolean",
            Self::Decimal => "decimal",
            Self::Integer => "integer",
            Self::DateTime => "dateTime",
            Self::Binary => "binary",
            Self::Reference => "reference",
            Self::Complex => "complex",
            Self::Any => "any",
        }
    }

    /// Reads [`Self::word`], in any case; [`Self::Any`] has no word that schemas use.
    pub fn parse(text: &str) -> Option<Self> {
        let all = [
            Self::String,
            Self::Boolean,
            Self::Decimal,
            Self::Integer,
            Self::DateTime,
            Self::Binary,
            Self::Reference,
            Self::Complex,
        ];
        all.into_iter().find(|one| one.word().eq_ignore_ascii_case(text))
    }
}

/// RFC 7643 section 7: who may set it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutability {
    /// Only the service provider.
    ReadOnly,
    /// Anybody, any time.
    ReadWrite,
    /// Once.
    Immutable,
    /// Anybody, and nobody sees it.
    WriteOnly,
}

impl Mutability {
    /// As schemas spell it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::ReadOnly => "readOnly",
            Self::ReadWrite => "readWrite",
            Self::Immutable => "immutable",
            Self::WriteOnly => "writeOnly",
        }
    }

    /// Reads [`Self::word`], in any case.
    pub fn parse(text: &str) -> Option<Self> {
        let all = [Self::ReadOnly, Self::ReadWrite, Self::Immutable, Self::WriteOnly];
        all.into_iter().find(|one| one.word().eq_ignore_ascii_case(text))
    }
}

/// RFC 7643 section 7: when it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returned {
    /// In every answer.
    Always,
    /// In none.
    Never,
    /// Unless the client excludes it.
    Default,
    /// When the client asks for it.
    Request,
}

impl Returned {
    /// As schemas spell it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Never => "never",
            Self::Default => "default",
            Self::Request => "request",
        }
    }

    /// Reads [`Self::word`], in any case.
    pub fn parse(text: &str) -> Option<Self> {
        let all = [Self::Always, Self::Never, Self::Default, Self::Request];
        all.into_iter().find(|one| one.word().eq_ignore_ascii_case(text))
    }
}

/// RFC 7643 section 7: among whom its values are unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uniqueness {
    /// Nobody.
    None,
    /// The resources of this service provider.
    Server,
    /// Everybody.
    Global,
}

impl Uniqueness {
    /// As schemas spell it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Server => "server",
            Self::Global => "global",
        }
    }

    /// Reads [`Self::word`], in any case.
    pub fn parse(text: &str) -> Option<Self> {
        let all = [Self::None, Self::Server, Self::Global];
        all.into_iter().find(|one| one.word().eq_ignore_ascii_case(text))
    }
}

/// What canonical values are to other values (RFC 7643 section 7: a provider MAY refuse these).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CanonicalRule {
    /// Other values are accepted.
    Suggested,
    /// Other values are refused.
    Only,
}

/// By which rule texts are compared. Not announced: schemas of RFC 7643 have `caseExact` only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// As `caseExact` says; upper and lower case are Unicode's.
    Plain,
    /// As user names: [`crate::user_name_key`].
    UserName,
}
